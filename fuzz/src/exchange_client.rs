//! The client's half of key agreement against any server: replies altered, sealed anew, repeated, invented.
//!
//! No reply but the right one gives a key.

use layer_mtproto::exchange::{Exchange, Step, WorkKind};
use layer_tl_types::{Cursor, Deserializable, Serializable, enums};

use crate::recorded::{NOW, Recorded, plain, recorded, rng};
use crate::{Input, Seeds, memory, show, show_error};

/// Says up to eight things to a client that awaits one of the three replies.
pub fn run(input: &[u8]) {
    let recorded = recorded();
    memory::within((1 << 18) + 64 * input.len(), || {
        let mut input = Input::new(input);
        let stage = input.below(3);
        let mut client = recorded.clients[stage].clone();
        for _ in 0..8 {
            let packet = packet(recorded, stage, &mut input);
            let mut now = NOW;
            now.wall =
                now.wall.saturating_add(std::time::Duration::from_secs(u64::from(input.byte())));
            show(&client);
            match client.handle_packet(&packet, now, &mut rng(3)) {
                Ok(step) => match next(recorded, stage, step, &packet) {
                    Some(next) => client = next,
                    None => return,
                },
                Err(error) => return show_error(&error),
            }
        }
    });
}

/// What the client goes on with, if it is still at this stage.
fn next(recorded: &Recorded, stage: usize, step: Step, packet: &[u8]) -> Option<Exchange> {
    show(&step);
    match step {
        Step::Read(client) => return Some(client),
        Step::Work(work) => {
            let expected =
                if stage == 0 { WorkKind::Factorisation } else { WorkKind::KeyComputation };
            assert_eq!(work.kind(), expected);
            if is_cheap(stage, recorded, packet) {
                match work.run(NOW, &mut rng(4)) {
                    Ok(step) => show(&step),
                    Err(error) => show_error(&error),
                }
            }
        }
        Step::Done { agreed, .. } => {
            assert!(stage == 2 && packet[20..].starts_with(&recorded.replies[2]));
            assert_eq!(agreed.auth_key, recorded.agreed.auth_key);
        }
        Step::Send { .. } => {
            assert!(stage == 2 && packet[20..].starts_with(&recorded.fail));
        }
    }
    None
}

/// Whether the work is a short factorisation, or fails before it comes to powers of 2048 bits. What it is
/// made of has passed the checks, so it is checked here in other words.
fn is_cheap(stage: usize, recorded: &Recorded, packet: &[u8]) -> bool {
    let body = &packet[20..];
    let nonces = (recorded.nonce, recorded.server_nonce);
    match stage {
        0 => {
            let enums::ResPq::Pq(reply) = enums::ResPq::from_bytes(body).expect("taken");
            assert_eq!(reply.nonce, recorded.nonce);
            assert_ne!(reply.pq.last().map_or(0, |byte| byte & 1), 0, "pq is odd");
            significant(&reply.pq) <= 5
        }
        1 => {
            let reply = enums::ServerDhParams::from_bytes(body).expect("taken");
            let enums::ServerDhParams::Ok(reply) = reply else { panic!("a failure was taken") };
            assert_eq!((reply.nonce, reply.server_nonce), nonces);
            let opened = recorded.tmp_key().open(&reply.encrypted_answer).expect("taken");
            let mut cursor = Cursor::new(opened.data());
            let inner = enums::ServerDhInnerData::deserialize(&mut cursor).expect("taken");
            assert_eq!(opened.check(cursor.position()), Ok(()));
            let enums::ServerDhInnerData::Data(inner) = inner;
            assert_eq!((inner.nonce, inner.server_nonce), nonces);
            significant(&inner.dh_prime) < 256 || !(2..=7).contains(&inner.g)
        }
        _ => {
            assert!(body.starts_with(&recorded.retry));
            false
        }
    }
}

/// The length of a big-endian number.
fn significant(number: &[u8]) -> usize {
    number.iter().skip_while(|byte| **byte == 0).count()
}

/// A packet of the server's.
fn packet(recorded: &Recorded, stage: usize, input: &mut Input<'_>) -> Vec<u8> {
    let body = match input.below(8) {
        0 => return input.piece().to_vec(),
        1 => input.piece().to_vec(),
        2 => {
            let mut packet = plain(&recorded.replies[stage]);
            input.damage(&mut packet);
            return packet;
        }
        // Sealed as only a server can that has the RSA key.
        3 => {
            let mut inner = recorded.server_inner.clone();
            input.damage(&mut inner);
            recorded.dh_params(&inner)
        }
        4 => recorded.dh_params(input.piece()),
        5 => [&recorded.retry, &recorded.fail][input.below(2)].clone(),
        6 => recorded.replies[input.below(3)].clone(),
        // Right in every field but one.
        _ => altered(recorded, stage, input),
    };
    let mut body = body;
    if input.flag() {
        input.damage(&mut body);
    }
    plain(&body)
}

fn altered(recorded: &Recorded, stage: usize, input: &mut Input<'_>) -> Vec<u8> {
    let reply = &recorded.replies[stage];
    match stage {
        0 => {
            let enums::ResPq::Pq(mut reply) = enums::ResPq::from_bytes(reply).expect("a reply");
            reply.pq = input.take(9).to_vec();
            reply.server_public_key_fingerprints.extend((0..input.below(32)).map(|at| at as i64));
            enums::ResPq::Pq(reply).to_bytes()
        }
        1 => {
            let bytes = &recorded.server_inner;
            let inner = enums::ServerDhInnerData::from_bytes(bytes).expect("an answer");
            let enums::ServerDhInnerData::Data(mut inner) = inner;
            match input.below(4) {
                0 => inner.g = input.int(),
                1 => inner.dh_prime = input.piece().to_vec(),
                2 => inner.g_a = input.piece().to_vec(),
                _ => inner.server_time = input.int(),
            }
            recorded.dh_params(&enums::ServerDhInnerData::Data(inner).to_bytes())
        }
        _ => {
            let mut reply = reply.clone();
            reply.extend_from_slice(input.piece());
            reply
        }
    }
}

/// The right replies, and each way to alter them.
pub fn seeds() -> Seeds {
    let recorded = recorded();
    let mut seeds = Vec::new();
    for stage in 0..3_u8 {
        let reply = &recorded.replies[usize::from(stage)];
        let len = (reply.len() as u16).to_le_bytes();
        let packet = plain(reply);
        let packet_len = (packet.len() as u16).to_le_bytes();
        seeds.push([&[stage, 0][..], &packet_len, &packet].concat());
        seeds.push([&[stage, 1][..], &len, reply].concat());
        seeds.push(vec![stage, 2, 1, 30, 0, 5, 1]);
        seeds.push(vec![stage, 2, 0]);
        for earlier in 0..3 {
            seeds.push(vec![stage, 6, earlier, 0, 0, 6, earlier, 0, 0, 6, stage]);
        }
        for choice in 0..4 {
            seeds.push([&[stage, 7, choice][..], &[3, 0, 1, 2, 3, 4, 5, 6]].concat());
        }
    }
    let inner = &recorded.server_inner;
    seeds.push([&[1, 4][..], &(inner.len() as u16).to_le_bytes(), inner].concat());
    seeds.push(vec![1, 3, 1, 40, 0, 5, 1]);
    seeds.push(vec![2, 5, 0]);
    seeds.push(vec![2, 5, 1]);
    seeds.push(vec![2, 5, 2]);
    seeds
}
