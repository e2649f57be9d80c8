//! What no client would send: nothing of it panics, and nothing of it piles up.

use layer_crypto::envelope::Header;
use layer_sandbox::connection::{Fault, MAX_PACKET};
use layer_sandbox::exchange::Agreed;
use layer_sandbox::keys::Keys;
use layer_sandbox::session::Sessions;
use layer_sandbox::{Connection, Reply, Settings, World};
use layer_tl_types::{Deserializable, RawObject, Serializable, enums, functions, types};
use layer_wire::framing::{FrameError, FramingKind, ProxySecret, Tag};
use layer_wire::gzip;
use layer_wire::message::{Message, write_container};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::time::Duration;

use crate::client::{Dialect, NOW, Scene};
use crate::link::{Link, SALT, SESSION, key, moment};

const MODERN: Dialect = Dialect { single: false, legacy: false, dc: Some(2), expires_in: None };

/// A number below `end`.
fn below(end: usize, rng: &mut ChaCha20Rng) -> usize {
    rng.next_u64() as usize % end.max(1)
}

/// Flips bits, cuts, or puts something in.
fn harm(bytes: &mut Vec<u8>, rng: &mut ChaCha20Rng) {
    for _ in 0..1 + below(3, rng) {
        let at = below(bytes.len(), rng);
        match below(5, rng) {
            0 => bytes.truncate(at),
            1 => bytes.splice(at..at, rng.next_u32().to_le_bytes()).for_each(drop),
            2 => {
                let end = (at + 4).min(bytes.len());
                let word = [0, 1, 0x7fff_ffff, u32::MAX, 0xff][below(5, rng)];
                bytes.splice(at..end, u32::to_le_bytes(word)).for_each(drop);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << below(8, rng);
                }
            }
        }
    }
}

#[test]
fn random_bytes_do_no_harm() {
    for seed in 0..2000 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let secrets = vec![[9; 16].into()];
        let mut world = World::new(Settings { secrets, ..Settings::default() });
        let mut connection = Connection::new(&world.settings, moment(NOW));
        let mut bytes = vec![0; 1 + below(400, &mut rng)];
        rng.fill_bytes(&mut bytes);
        let beginnings: [&[u8]; 6] = [
            b"",
            b"\xef",
            b"\xef\x0a",
            b"\xee\xee\xee\xee\x28\0\0\0",
            b"\xdd\xdd\xdd\xdd\x30\0\0\0",
            b"\x34\0\0\0\0\0\0\0",
        ];
        bytes.splice(..0, beginnings[seed as usize % 6].iter().copied());
        for piece in bytes.chunks(1 + below(100, &mut rng)) {
            let _ = connection.receive(piece, moment(NOW), &mut world, &mut rng);
        }
        assert!(connection.take_output().len() < 2000, "seed {seed}");
        assert!(world.keys.is_empty() && world.sessions.is_empty(), "seed {seed}");
    }
}

#[test]
fn no_altered_query_of_an_exchange_is_taken() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    for round in 0..150 {
        let mut scene = Scene::new(1, MODERN).begun();
        let right = scene.req_dh_params(|_| {});
        let mut bytes = right.to_bytes();
        harm(&mut bytes, &mut rng);
        if let Ok(answer) = scene.ask(&bytes) {
            // Only what lies outside of all fields may differ.
            let read = bytes.get(4..).map(functions::ReqDhParams::from_bytes);
            assert_eq!(read, Some(Ok(right)), "round {round}: {answer:?}");
        }
    }
    for round in 0..150 {
        let mut scene = Scene::new(1, MODERN).halfway();
        let secret = scene.secret();
        let right = scene.set_client_dh(&secret, 0, |_| {});
        let mut bytes = right.to_bytes();
        harm(&mut bytes, &mut rng);
        if let Ok(answer) = scene.ask(&bytes) {
            let read = bytes.get(4..).map(functions::SetClientDhParams::from_bytes);
            assert_eq!(read, Some(Ok(right)), "round {round}: {answer:?}");
        }
    }
}

#[test]
fn altered_inner_data_is_refused_or_harmless() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    for round in 0..100 {
        let legacy = round % 2 == 0;
        let mut scene = Scene::new(1, Dialect { legacy, ..MODERN }).begun();
        let mut query = scene.req_dh_params(|_| {});
        let inner = types::PQInnerDataTempDc {
            pq: scene.res_pq.as_ref().unwrap().pq.clone(),
            p: query.p.clone(),
            q: query.q.clone(),
            nonce: scene.nonce,
            server_nonce: scene.server_nonce(),
            new_nonce: scene.new_nonce,
            dc: 2,
            expires_in: 60,
        };
        let mut inner = enums::PQInnerData::from(inner).to_bytes();
        harm(&mut inner, &mut rng);
        inner.truncate(144);
        query.encrypted_data = scene.encrypt(&inner);
        // new_nonce, dc and expires_in are the client's to choose.
        let _ = scene.ask(&query.to_bytes());
    }
    for _ in 0..100 {
        let mut scene = Scene::new(1, MODERN).halfway();
        let secret = scene.secret();
        let mut query = scene.set_client_dh(&secret, 0, |_| {});
        let (nonce, server_nonce) = (scene.nonce, scene.server_nonce());
        let g_b = secret.public().to_vec();
        let inner = types::ClientDhInnerData { nonce, server_nonce, retry_id: 0, g_b };
        let mut inner = enums::ClientDhInnerData::Data(inner).to_bytes();
        harm(&mut inner, &mut rng);
        query.encrypted_data = scene.tmp_key().seal(&inner, &mut rng);
        let _ = scene.ask(&query.to_bytes());
    }
}

/// One of everything that clients send.
fn bodies() -> Vec<Vec<u8>> {
    let msg_ids = vec![NOW << 32, (NOW << 32) + 4, 7];
    let config = functions::help::GetConfig {}.to_bytes();
    let wrapped = functions::InvokeWithLayer { layer: 230, query: RawObject(config.clone()) };
    let bind = functions::auth::BindTempAuthKey {
        perm_auth_key_id: 1,
        nonce: 2,
        expires_at: NOW as i32 + 60,
        encrypted_message: vec![3; 104],
    };
    let mut container = Vec::new();
    let first = Message { msg_id: NOW << 32, seq_no: 1, body: &config };
    let second = Message { msg_id: (NOW << 32) + 4, ..first };
    write_container([first, second].into_iter(), &mut container).unwrap();
    vec![
        config,
        wrapped.to_bytes(),
        functions::InvokeAfterMsgs { msg_ids: msg_ids.clone(), query: wrapped }.to_bytes(),
        functions::help::GetNearestDc {}.to_bytes(),
        bind.to_bytes(),
        functions::Ping { ping_id: 1 }.to_bytes(),
        functions::PingDelayDisconnect { ping_id: 1, disconnect_delay: 75 }.to_bytes(),
        functions::GetFutureSalts { num: 64 }.to_bytes(),
        functions::RpcDropAnswer { req_msg_id: NOW << 32 }.to_bytes(),
        functions::DestroySession { session_id: SESSION + 1 }.to_bytes(),
        enums::MsgsAck::Ack(types::MsgsAck { msg_ids: msg_ids.clone() }).to_bytes(),
        enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids: msg_ids.clone() }).to_bytes(),
        enums::MsgResendReq::Req(types::MsgResendReq { msg_ids: msg_ids.clone() }).to_bytes(),
        enums::MsgResendReq::from(types::MsgResendAnsReq { msg_ids }).to_bytes(),
        gzip::pack(&[0; 1000]).unwrap(),
        container,
    ]
}

/// Sends altered messages of all kinds. `around` is done before each.
fn send_altered(seed: u64, most_heard: usize, mut around: impl FnMut(&mut Link, &mut ChaCha20Rng)) {
    let bodies = bodies();
    let mut link = Link::new(seed).greeted();
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for round in 0..20_000 {
        around(&mut link, &mut rng);
        let mut body = bodies[below(bodies.len(), &mut rng)].clone();
        harm(&mut body, &mut rng);
        body.truncate(body.len() / 4 * 4);
        let msg_id = match below(10, &mut rng) {
            0 => rng.next_u64() as i64,
            _ => link.next_msg_id(),
        };
        let salt = if below(20, &mut rng) == 0 { 1 } else { link.salt };
        let session_id = SESSION + below(3, &mut rng) as i64 / 2 * below(2000, &mut rng) as i64;
        link.session_id = session_id;
        let seq_no = match below(3, &mut rng) {
            0 => rng.next_u32() as i32,
            content => link.next_seq_no(content == 1),
        };
        let packet = link.seal(&Header { salt, session_id, msg_id, seq_no }, &body);
        let received = link.send_packet(&packet, false);
        assert_eq!(received, Ok(()), "round {round}");
        let heard: usize = link.heard().iter().map(|heard| heard.body().len()).sum();
        assert!(heard < most_heard, "round {round}: {heard}");
        assert!(link.world.sessions.len() <= Sessions::MOST);
    }
}

#[test]
fn altered_messages_do_no_harm_inside_a_good_envelope() {
    send_altered(7, 20_000, |_, _| ());
}

#[test]
fn nor_do_they_to_a_server_with_faults_as_time_goes_by() {
    send_altered(8, 200_000, |link, rng| {
        let faults = &mut link.world.faults;
        match below(40, rng) {
            0 => faults.announce ^= true,
            1 => faults.gzip_answers ^= true,
            2 => faults.no_containers ^= true,
            3 => faults.strict_acks ^= true,
            4 => faults.ask_states = 2,
            5 => faults.tell_states = 2,
            6 => faults.ask_resend = 2,
            7 => faults.refuse.push_back(rng.next_u32() as i32),
            8 => {
                let millis = u64::from(rng.next_u32());
                link.world.intercept(move |_, query| {
                    let answer = Ok(query.iter().copied().cycle().take(400).collect());
                    Some(Reply::After(Duration::from_millis(millis % 2000), answer))
                });
            }
            9 => {
                link.world.push(link.key.id(), link.session_id, vec![3; 400]);
            }
            10 => link.now.monotonic += Duration::from_millis(u64::from(rng.next_u32() % 70_000)),
            _ => {}
        }
        if link.timeout().is_err() || below(100, rng) == 0 {
            link.reconnect();
        }
        // What other sessions are sent by now.
        link.connection.take_output();
    });
}

#[test]
fn altered_packets_are_refused() {
    for seed in 0..2000 {
        let mut link = Link::new(seed);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let header = Header { salt: SALT, session_id: SESSION, msg_id: NOW << 32, seq_no: 1 };
        let mut packet = link.seal(&header, &functions::help::GetConfig {}.to_bytes());
        let before = packet.clone();
        harm(&mut packet, &mut rng);
        packet.truncate(packet.len() / 4 * 4);
        if packet == before {
            continue;
        }
        // A few bytes behind the last whole block are a padded framing's, and an empty packet is none.
        let received = link.send_packet(&packet, false);
        let same = packet.starts_with(&before) && packet.len() < before.len() + 16;
        assert!(received.is_err() || same || packet.is_empty(), "seed {seed}");
        assert!(same || link.world.sessions.is_empty(), "seed {seed}");
    }
}

#[test]
fn no_more_is_waited_for_than_a_packet_may_have() {
    let mut link = Link::new(1);
    let claim = (MAX_PACKET as u32 + 4).to_le_bytes();
    let bytes = [[0xee; 4], claim].concat();
    let received = link.connection.receive(&bytes, link.now, &mut link.world, &mut link.rng);
    let expected = FrameError::TooLong { len: MAX_PACKET + 4, limit: MAX_PACKET };
    assert_eq!(received, Err(Fault::Frame(expected)));
    assert!(link.connection.is_closed());
}

#[test]
fn the_largest_packet_is_taken_over_every_framing() {
    let kinds = [
        FramingKind::Abridged,
        FramingKind::Intermediate,
        FramingKind::Full,
        FramingKind::Obfuscated {
            inner: Tag::Padded,
            secret: Some(ProxySecret::from([9; 16])),
            dc: 2,
        },
    ];
    for kind in kinds {
        let settings = Settings { secrets: vec![[9; 16].into()], ..Settings::default() };
        let mut link = Link::over(1, &kind, settings);
        let (key, salt) = (link.key.clone(), link.salt);
        link.world.keys.insert(Agreed { key, salt, dc: None, expires_at: None }, NOW).unwrap();
        let mut body = functions::help::GetConfig {}.to_bytes();
        body.resize(MAX_PACKET - 100, 0);
        let msg_id = link.next_msg_id();
        let heard = link.send_as(msg_id, 1, &body);
        assert_eq!(heard[1].result().unwrap().0, msg_id, "{kind:?}");
    }
}

#[test]
fn keys_are_bounded_and_expired_ones_make_room() {
    let mut keys = Keys::default();
    for seed in 0..Keys::MOST {
        let mut bytes = [0; 256];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let key = layer_crypto::AuthKey::from_bytes(&bytes);
        let expires_at = (seed % 10 == 0).then_some(NOW + 60);
        keys.insert(Agreed { key, salt: 1, dc: None, expires_at }, NOW).unwrap();
    }
    let another = || Agreed { key: key(3), salt: 1, dc: None, expires_at: None };
    assert!(keys.insert(another(), NOW).is_err());
    assert_eq!(keys.len(), Keys::MOST);
    keys.insert(another(), NOW + 60).unwrap();
    assert_eq!(keys.len(), Keys::MOST - Keys::MOST / 10 + 1);
}
