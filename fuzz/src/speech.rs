//! Bodies of sealed messages, as either end might make them up: answers, containers, packed objects, service
//! messages that name messages which were really sent.

use layer_tl_types::{Identifiable, RawObject, Serializable, functions, types};
use layer_wire::gzip;
use layer_wire::message::{MSG_CONTAINER, MSG_COPY, write_rpc_result};

use crate::Input;

/// Bodies in bodies in bodies; more tell nothing new.
const DEEPEST: usize = 4;

const VECTOR: [u8; 4] = 0x1cb5_c415_u32.to_le_bytes();

/// Service messages that list identifiers.
const LISTS: [u32; 5] = [
    types::MsgsAck::CONSTRUCTOR_ID,
    types::MsgsStateReq::CONSTRUCTOR_ID,
    types::MsgResendReq::CONSTRUCTOR_ID,
    types::MsgResendAnsReq::CONSTRUCTOR_ID,
    types::MsgsAllInfo::CONSTRUCTOR_ID,
];

/// Service messages that begin with an identifier.
const NAMING: [u32; 12] = [
    types::NewSessionCreated::CONSTRUCTOR_ID,
    types::BadServerSalt::CONSTRUCTOR_ID,
    types::BadMsgNotification::CONSTRUCTOR_ID,
    types::MsgDetailedInfo::CONSTRUCTOR_ID,
    types::MsgNewDetailedInfo::CONSTRUCTOR_ID,
    types::FutureSalts::CONSTRUCTOR_ID,
    types::Pong::CONSTRUCTOR_ID,
    types::MsgsStateInfo::CONSTRUCTOR_ID,
    functions::RpcDropAnswer::CONSTRUCTOR_ID,
    functions::DestroySession::CONSTRUCTOR_ID,
    functions::Ping::CONSTRUCTOR_ID,
    functions::PingDelayDisconnect::CONSTRUCTOR_ID,
];

/// Everything else that one of the two ends takes.
const OTHERS: [u32; 12] = [
    types::RpcError::CONSTRUCTOR_ID,
    types::HttpWait::CONSTRUCTOR_ID,
    functions::GetFutureSalts::CONSTRUCTOR_ID,
    functions::DestroyAuthKey::CONSTRUCTOR_ID,
    functions::auth::BindTempAuthKey::CONSTRUCTOR_ID,
    functions::help::GetConfig::CONSTRUCTOR_ID,
    functions::help::GetNearestDc::CONSTRUCTOR_ID,
    functions::users::GetUsers::CONSTRUCTOR_ID,
    functions::updates::GetState::CONSTRUCTOR_ID,
    functions::InvokeAfterMsgs::<RawObject>::CONSTRUCTOR_ID,
    functions::InvokeWithMessagesRange::<RawObject>::CONSTRUCTOR_ID,
    functions::InitConnection::<RawObject>::CONSTRUCTOR_ID,
];

/// A body, whole words long. `known` are identifiers that mean something to the other end.
pub(crate) fn body(input: &mut Input<'_>, known: &[i64]) -> Vec<u8> {
    let mut body = said(input, known, 0);
    body.resize(body.len().next_multiple_of(4), 0);
    body
}

fn said(input: &mut Input<'_>, known: &[i64], depth: usize) -> Vec<u8> {
    let choice = if depth < DEEPEST { input.below(12) } else { 0 };
    let mut out = Vec::new();
    match choice {
        0 | 1 => out.extend_from_slice(input.piece()),
        2 => {
            let id = identifier(input, known);
            write_rpc_result(id, &said(input, known, depth + 1), &mut out);
        }
        3 | 4 => {
            MSG_CONTAINER.serialize(&mut out);
            let count = input.below(6) as u32;
            (count + u32::from(input.byte() == 0xff)).serialize(&mut out);
            for _ in 0..count {
                message(input, known, depth, &mut out);
            }
        }
        5 => {
            MSG_COPY.serialize(&mut out);
            message(input, known, depth, &mut out);
        }
        6 => {
            let object = said(input, known, depth + 1);
            // Short objects don't get smaller.
            out = gzip::pack(&object.repeat(1 + input.below(64))).unwrap_or(object);
        }
        7 => {
            LISTS[input.below(LISTS.len())].serialize(&mut out);
            out.extend(VECTOR);
            let count = input.below(16) as u32;
            count.serialize(&mut out);
            (0..count).for_each(|_| identifier(input, known).serialize(&mut out));
        }
        8 => {
            NAMING[input.below(NAMING.len())].serialize(&mut out);
            identifier(input, known).serialize(&mut out);
            out.extend_from_slice(input.piece());
        }
        9 => {
            functions::InvokeWithLayer::<RawObject>::CONSTRUCTOR_ID.serialize(&mut out);
            input.int().serialize(&mut out);
            out.extend(said(input, known, depth + 1));
        }
        10 => {
            functions::InvokeWithoutUpdates::<RawObject>::CONSTRUCTOR_ID.serialize(&mut out);
            out.extend(said(input, known, depth + 1));
        }
        _ => {
            OTHERS[input.below(OTHERS.len())].serialize(&mut out);
            out.extend_from_slice(input.piece());
        }
    }
    out
}

/// A message in a container or copy; its length may lie.
fn message(input: &mut Input<'_>, known: &[i64], depth: usize, out: &mut Vec<u8>) {
    let (id, seq_no) = (identifier(input, known), i32::from(input.byte()));
    let mut body = said(input, known, depth + 1);
    if input.byte() != 0xff {
        body.resize(body.len().next_multiple_of(4), 0);
    }
    id.serialize(out);
    seq_no.serialize(out);
    (body.len() as u32).serialize(out);
    out.extend(body);
}

/// A known identifier, one near to it, or any.
pub(crate) fn identifier(input: &mut Input<'_>, known: &[i64]) -> i64 {
    match input.byte() {
        0xff => input.long(),
        choice => {
            let id = known.get(usize::from(choice) % known.len().max(1)).copied().unwrap_or(0);
            let steps = i64::from(input.byte()) - 128;
            // Zero in the input is no step.
            if steps == -128 { id } else { id.wrapping_add(4 * steps) }
        }
    }
}
