//! What the server says: answers as they should be or nearly, service messages about anything, floods.

use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
use layer_tl_types::{Identifiable, Serializable, functions, types};
use layer_wire::gzip;
use layer_wire::message::{Content, Message, write_container, write_rpc_result};

use super::{CODES, ERRORS, Talk};
use crate::Input;
use crate::handshakes::SALT;
use crate::machine::{Said, keys, rpc_error};
use crate::recorded::rng;
use crate::speech::identifier;

impl Talk {
    /// Answers what the client has said, mostly as a server would.
    pub(super) fn serve(&mut self, input: &mut Input<'_>) {
        let (choice, count) = (input.byte(), 1 + usize::from(input.byte()));
        let count = if count == 256 { usize::MAX } else { count };
        let from = if choice & 1 == 0 { 0 } else { self.unanswered.len().saturating_sub(count) };
        let to = from.saturating_add(count).min(self.unanswered.len());
        let said: Vec<Said> = self.unanswered.drain(from..to).collect();
        // Long answers to a few only.
        let choice = if said.len() > 64 { choice & !8 } else { choice };
        let mut objects = Vec::new();
        for said in said {
            objects.extend(self.answer(&said, choice, input));
        }
        if choice & 2 == 0 {
            objects.iter().for_each(|object| self.send(object, 1));
            return;
        }
        for objects in objects.chunks(1000) {
            let messages: Vec<_> = objects.iter().map(|object| (self.next_id(), object)).collect();
            let messages = messages.iter().map(|(id, object)| message(*id, 1, object));
            let mut container = Vec::new();
            write_container(messages, &mut container).expect("few enough");
            self.send(&container, 0);
        }
    }

    fn answer(&mut self, said: &Said, choice: u8, input: &mut Input<'_>) -> Option<Vec<u8>> {
        let id = u32::from_le_bytes(*said.start.first_chunk()?);
        let now = (self.server_time()) as i32;
        let msg_id = said.msg_id;
        let result = match id {
            functions::PingDelayDisconnect::CONSTRUCTOR_ID => {
                let ping_id = i64::from_le_bytes(*said.start[4..].first_chunk()?);
                return Some(boxed(&types::Pong { msg_id, ping_id }));
            }
            functions::GetFutureSalts::CONSTRUCTOR_ID => {
                let salts = (0..i32::from(choice >> 2 & 7))
                    .map(|at| types::FutureSalt {
                        valid_since: now + 1800 * at - 600,
                        valid_until: now + 1800 * at + 3000,
                        salt: SALT + i64::from(at),
                    })
                    .collect();
                return Some(boxed(&types::FutureSalts { req_msg_id: msg_id, now, salts }));
            }
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                let asked = (said.len - 12) / 8;
                let states = input.piece();
                let state = |at: usize| states.get(at).copied().unwrap_or(4);
                let info = (0..asked).map(state).collect();
                return Some(boxed(&types::MsgsStateInfo { req_msg_id: msg_id, info }));
            }
            types::MsgsAck::CONSTRUCTOR_ID
            | types::MsgsStateInfo::CONSTRUCTOR_ID
            | types::MsgResendReq::CONSTRUCTOR_ID => return None,
            functions::RpcDropAnswer::CONSTRUCTOR_ID => {
                types::RpcAnswerDropped::CONSTRUCTOR_ID.to_le_bytes().to_vec()
            }
            functions::auth::BindTempAuthKey::CONSTRUCTOR_ID if choice & 0xf0 != 0xf0 => {
                true.to_bytes()
            }
            functions::DestroySession::CONSTRUCTOR_ID => {
                let session_id = i64::from_le_bytes(*said.start[4..].first_chunk()?);
                return Some(boxed(&types::DestroySessionOk { session_id }));
            }
            functions::DestroyAuthKey::CONSTRUCTOR_ID => {
                [boxed(&types::DestroyAuthKeyOk {}), boxed(&types::DestroyAuthKeyFail {})]
                    [usize::from(choice >> 4 & 1)]
                .clone()
            }
            _ if choice & 0xe0 == 0xe0 => rpc_error(420, ERRORS[input.below(ERRORS.len())]),
            _ => {
                let number = said.call.unwrap_or(usize::MAX) as u32;
                let len = [0, 0, 64, 4000][usize::from(choice >> 2 & 3)];
                [&0x0bad_f00d_u32.to_le_bytes()[..], &number.to_le_bytes(), &vec![1; len]].concat()
            }
        };
        let packed = (choice & 16 != 0).then(|| gzip::pack(&result)).flatten();
        let mut object = Vec::new();
        write_rpc_result(msg_id, &packed.unwrap_or(result), &mut object);
        Some(object)
    }

    /// A service message about anything, its fields as they should be or nearly.
    pub(super) fn service(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let known = self.known();
        let id = |input: &mut Input<'_>| identifier(input, &known);
        match input.below(16) {
            0 | 1 => boxed(&types::BadMsgNotification {
                bad_msg_id: id(input),
                bad_msg_seqno: 1,
                error_code: CODES[input.below(CODES.len())],
            }),
            2 => boxed(&types::BadServerSalt {
                bad_msg_id: id(input),
                bad_msg_seqno: 1,
                error_code: 48,
                new_server_salt: SALT + i64::from(input.byte()),
            }),
            3 | 4 => boxed(&types::NewSessionCreated {
                first_msg_id: id(input),
                unique_id: i64::from(input.byte() & 3),
                server_salt: SALT + i64::from(input.byte() & 3),
            }),
            5 => {
                let (req_msg_id, info) = (id(input), input.piece().to_vec());
                boxed(&types::MsgsStateInfo { req_msg_id, info })
            }
            6 => {
                let msg_ids = (0..input.below(8)).map(|_| id(input)).collect();
                boxed(&types::MsgsAllInfo { msg_ids, info: input.piece().to_vec() })
            }
            7 => boxed(&types::MsgDetailedInfo {
                msg_id: id(input),
                answer_msg_id: id(input),
                bytes: input.int(),
                status: 0,
            }),
            8 => {
                let (answer_msg_id, bytes) = (id(input), input.int());
                boxed(&types::MsgNewDetailedInfo { answer_msg_id, bytes, status: 0 })
            }
            9 => boxed(&types::DestroySessionNone { session_id: id(input) }),
            10 => [
                boxed(&types::DestroyAuthKeyOk {}),
                boxed(&types::DestroyAuthKeyNone {}),
                boxed(&types::DestroyAuthKeyFail {}),
            ][input.below(3)]
            .clone(),
            11 => boxed(&types::Pong { msg_id: id(input), ping_id: i64::from(input.byte()) }),
            12 | 13 => {
                let req_msg_id = id(input);
                let error = rpc_error(input.int(), ERRORS[input.below(ERRORS.len())]);
                let mut object = Vec::new();
                write_rpc_result(req_msg_id, &error, &mut object);
                object
            }
            14 => {
                let ids: Vec<i64> = (0..input.below(16)).map(|_| id(input)).collect();
                match input.below(3) {
                    0 => boxed(&types::MsgsAck { msg_ids: ids }),
                    1 => boxed(&types::MsgResendReq { msg_ids: ids }),
                    _ => boxed(&types::MsgsStateReq { msg_ids: ids }),
                }
            }
            _ => {
                let salt = types::FutureSalt {
                    valid_since: input.int(),
                    valid_until: input.int(),
                    salt: input.long(),
                };
                let salts = vec![salt; input.below(200)];
                boxed(&types::FutureSalts { req_msg_id: id(input), now: input.int(), salts })
            }
        }
    }

    /// Many messages that want to be acknowledged.
    pub(super) fn flood(&mut self, input: &mut Input<'_>) {
        let object = types::UpdatesTooLong::CONSTRUCTOR_ID.to_le_bytes();
        let containers = if input.byte() == 0xff { 9 } else { 1 };
        for _ in 0..containers {
            // The most in all is more than one acknowledgement lists.
            let count = if containers == 9 { 1020 } else { 1 + usize::from(input.byte()) };
            let ids: Vec<i64> = (0..count).map(|_| self.next_id()).collect();
            let mut container = Vec::new();
            let messages = ids.iter().map(|id| message(*id, 1, &object));
            write_container(messages, &mut container).expect("few enough");
            self.send(&container, 0);
            self.events();
        }
    }

    /// The client gets a message: mostly of its session, in its time, under its key.
    pub(super) fn say(&mut self, object: &[u8], input: &mut Input<'_>) {
        let choice = input.byte();
        let Some((session_id, used)) = self.machine.session else { return };
        let mut header = Header { salt: SALT, session_id, msg_id: self.next_id(), seq_no: 0 };
        header.seq_no = i32::from(choice & 1);
        let mut used = used;
        match choice >> 4 {
            8 => header.msg_id = identifier(input, &self.known()) | 1,
            9 => header.msg_id += (i64::from(input.int()) >> 16) << 32,
            10 => header.msg_id ^= 1,
            11 => {
                let at = input.below(self.sessions.len().clamp(1, 256));
                header.session_id = self.sessions.get(at).copied().unwrap_or(session_id);
            }
            12 => header.session_id = input.long(),
            13 => used = input.below(4),
            14 => header.seq_no = input.int(),
            15 => header.salt = input.long(),
            _ => {}
        }
        let mut packet = self.seal(&header, object, used);
        if choice & 0x0e == 0x0e {
            input.damage(&mut packet);
            packet.resize(packet.len().next_multiple_of(4), 0);
        }
        let repeated = if choice & 0x0e == 2 { 2 } else { 1 };
        (0..repeated).for_each(|_| self.machine.packet(&packet));
    }

    /// The client gets a good message.
    fn send(&mut self, object: &[u8], seq_no: i32) {
        let Some((session_id, used)) = self.machine.session else { return };
        let header = Header { salt: SALT, session_id, msg_id: self.next_id(), seq_no };
        let packet = self.seal(&header, object, used);
        self.machine.packet(&packet);
    }

    fn seal(&mut self, header: &Header, object: &[u8], used: usize) -> Vec<u8> {
        self.note(object);
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, header);
        packet.extend_from_slice(object);
        draft.finish(&mut packet, Padding::Minimal, &mut rng(5)).expect("whole words");
        envelope::seal(&keys()[used], Side::Server, &mut packet).expect("a packet");
        packet
    }

    /// Remembers what is said to be an answer, wherever it is.
    fn note(&mut self, object: &[u8]) {
        let content = Content::read(object);
        self.note_content(content.ok());
    }

    fn note_content(&mut self, content: Option<Content<'_>>) {
        match content {
            Some(Content::RpcResult { req_msg_id, result }) => {
                if let Ok(result) = gzip::unpack_object(result, gzip::MAX_UNPACKED)
                    && let Some(number) = self.machine.sent_in.get(&req_msg_id)
                {
                    self.answers.entry(*number).or_default().push(result.into_owned());
                }
            }
            Some(Content::Container(messages)) => {
                messages.for_each(|inner| self.note_content(Content::read_inner(inner.body).ok()));
            }
            Some(Content::Copy(inner)) => self.note_content(Content::read_inner(inner.body).ok()),
            Some(Content::Packed(data)) => {
                let object = gzip::unpack(data, gzip::MAX_UNPACKED).unwrap_or_default();
                self.note_content(Content::read_inner(&object).ok());
            }
            _ => {}
        }
    }
}

fn message(msg_id: i64, seq_no: i32, body: &[u8]) -> Message<'_> {
    Message { msg_id, seq_no, body }
}

/// An object with its constructor.
fn boxed<T: Identifiable + Serializable>(object: &T) -> Vec<u8> {
    let mut bytes = T::CONSTRUCTOR_ID.to_le_bytes().to_vec();
    object.serialize(&mut bytes);
    bytes
}
