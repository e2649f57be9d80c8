//! The machine of one link: framings, keys, and how it ends.

use std::time::Duration;

use hex_literal::hex;
use layer_crypto::envelope::{self, Header, OpenError, Side};
use layer_sandbox::connection::{Fault, HELLO, IDLE};
use layer_sandbox::exchange::Agreed;
use layer_sandbox::{Connection, Settings};
use layer_tl_types::{Serializable, enums, functions, types};
use layer_wire::framing::{FramingKind, ProxySecret, Tag, TransportError};
use layer_wire::message::PlainMessage;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::client::{Dialect, NOW, Scene};
use crate::link::{GET_CONFIG, Heard, Link, SALT, SESSION, config, key, moment};
use crate::script::Script;

fn framings() -> Vec<FramingKind> {
    use FramingKind::{Abridged, Full, Intermediate, Obfuscated, Padded};
    let mut kinds = vec![Abridged, Intermediate, Padded, Full];
    for inner in [Tag::Abridged, Tag::Intermediate, Tag::Padded] {
        for secret in [None, Some(ProxySecret::from([9; 16]))] {
            kinds.push(Obfuscated { inner, secret, dc: 4 });
        }
    }
    kinds
}

/// Has the server's answer to a plain query.
fn plain(link: &mut Link, query: &[u8], step: usize) -> Vec<u8> {
    let msg_id = link.next_msg_id();
    let mut packet = Vec::new();
    PlainMessage { msg_id, body: query }.write(&mut packet);
    let mut bytes = Vec::new();
    link.encoder.encode(&packet, false, &mut link.rng, &mut bytes).unwrap();
    for piece in bytes.chunks(step) {
        link.connection.receive(piece, link.now, &mut link.world, &mut link.rng).unwrap();
    }
    link.decoder.feed(&link.connection.take_output());
    let frame = link.decoder.frames().next().unwrap().unwrap();
    let layer_wire::framing::Frame::Packet { bytes, .. } = frame else { panic!("{frame:?}") };
    PlainMessage::read(bytes).unwrap().body.to_vec()
}

#[test]
fn a_key_and_a_config_come_over_every_framing_cut_anywhere() {
    for (seed, kind) in (1..).zip(framings()) {
        for step in [1, 7, usize::MAX] {
            let secrets = vec![[8; 16].into(), [9; 16].into()];
            let settings = Settings { secrets, ..Settings::default() };
            let mut link = Link::over(seed, &kind, settings);
            let mut scene =
                Scene::new(seed, Dialect { legacy: seed % 2 == 0, ..Dialect::default() });
            let body = plain(&mut link, &scene.req_pq(), step);
            scene.read_res_pq(&body);
            let query = scene.req_dh_params(|_| {}).to_bytes();
            let body = plain(&mut link, &query, step);
            scene.read_dh_params(&body);
            let secret = scene.secret();
            let query = scene.set_client_dh(&secret, 0, |_| {}).to_bytes();
            let body = plain(&mut link, &query, step);
            let ours = scene.key(&secret);
            scene.read_dh_gen(&body, &ours.key);
            (link.key, link.salt) = (ours.key, ours.salt);

            let (query, heard) = link.ask(&GET_CONFIG);
            let (answered, _) = heard[1].result().unwrap();
            assert_eq!(answered, query);
            // An MTProxy is told which one to dial; what others have there is random.
            let proxied = matches!(kind, FramingKind::Obfuscated { secret: Some(_), .. });
            assert_eq!(config(&heard[1]).this_dc, if proxied { 4 } else { 2 }, "{kind:?}");
        }
    }
}

#[test]
fn the_data_centre_is_the_one_that_was_named_with_the_key() {
    for (named, expected) in
        [(Some(3), (3, false)), (Some(-3), (3, false)), (Some(10_001), (1, true))]
    {
        let mut link = Link::over(1, &FramingKind::Abridged, Settings::default());
        let (key, salt) = (link.key.clone(), link.salt);
        link.world.keys.insert(Agreed { key, salt, dc: named, expires_at: None }, NOW).unwrap();
        let (_, heard) = link.ask(&GET_CONFIG);
        let config = config(&heard[1]);
        assert_eq!((config.this_dc, config.test_mode), expected);
    }
}

#[test]
fn a_config_names_no_way_off_this_address() {
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask(&GET_CONFIG);
    let config = config(&heard[0]);
    assert_eq!((config.this_dc, i64::from(config.date)), (2, NOW));
    assert!(config.expires > config.date && config.dc_txt_domain_name.is_empty());
    let dcs: Vec<_> = config
        .dc_options
        .into_iter()
        .map(|option| {
            let enums::DcOption::Option(option) = option;
            assert_eq!((option.ip_address.as_str(), option.port), ("127.0.0.1", 0));
            option.id
        })
        .collect();
    assert_eq!(dcs, [1, 2, 3, 4, 5]);
}

#[test]
fn an_expired_temporary_key_is_unknown() {
    let mut link = Link::over(1, &FramingKind::Intermediate, Settings::default());
    let (key, salt) = (link.key.clone(), link.salt);
    let expires_at = Some(NOW + 60);
    link.world.keys.insert(Agreed { key, salt, dc: None, expires_at }, NOW).unwrap();
    let mut link = link.greeted();
    link.now = moment(NOW + 60);
    let header = Header { salt: SALT, session_id: SESSION, msg_id: (NOW + 60) << 32, seq_no: 0 };
    let packet = link.seal(&header, &GET_CONFIG.to_bytes());
    assert!(matches!(link.send_packet(&packet, false), Err(Fault::UnknownKey { .. })));
}

#[test]
fn a_packet_that_does_not_open_ends_the_connection() {
    let header = Header { salt: SALT, session_id: SESSION, msg_id: NOW << 32, seq_no: 0 };
    type Harm = fn(&mut Vec<u8>);
    let cases: [(Harm, OpenError); 3] = [
        (|packet| packet[8] ^= 1, OpenError::WrongMsgKey),
        (|packet| packet[50] ^= 1, OpenError::WrongMsgKey),
        (|packet| packet.truncate(56), OpenError::TooShort { len: 56 }),
    ];
    for (harm, expected) in cases {
        let mut link = Link::new(1).greeted();
        let mut packet = link.seal(&header, &GET_CONFIG.to_bytes());
        harm(&mut packet);
        assert_eq!(link.send_packet(&packet, false), Err(Fault::Sealed(expected)));
        // The client is told the same whatever it was.
        assert_eq!(link.heard(), [Heard::Error(TransportError::UNKNOWN_KEY)]);
        assert!(link.connection.is_closed());
    }
    // A packet that the server itself has sealed is none of a client's.
    let mut link = Link::new(1).greeted();
    let mut packet = link.seal(&header, &GET_CONFIG.to_bytes());
    let key = link.key.clone();
    envelope::open(&key, Side::Client, &mut packet).unwrap();
    envelope::seal(&key, Side::Server, &mut packet).unwrap();
    assert_eq!(link.send_packet(&packet, false), Err(Fault::Sealed(OpenError::WrongMsgKey)));
}

#[test]
fn a_failed_exchange_is_told_as_an_unknown_key() {
    let mut link = Link::new(1);
    let mut packet = Vec::new();
    PlainMessage { msg_id: 4, body: &GET_CONFIG.to_bytes() }.write(&mut packet);
    assert!(matches!(link.send_packet(&packet, false), Err(Fault::Exchange(_))));
    assert_eq!(link.heard(), [Heard::Error(TransportError::UNKNOWN_KEY)]);
}

#[test]
fn a_quick_acknowledgement_is_the_packets_token() {
    let mut link = Link::new(1).greeted();
    let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(false));
    let header = Header { salt: SALT, session_id: SESSION, msg_id, seq_no };
    let mut packet = link.seal(&header, &functions::Ping { ping_id: 1 }.to_bytes());
    link.send_packet(&packet, true).unwrap();
    let token = envelope::open(&link.key, Side::Client, &mut packet).unwrap().quick_ack;
    assert_eq!(link.heard()[0], Heard::QuickAck(token));
}

#[test]
fn a_client_is_not_buried_under_its_own_requests() {
    let mut link = Link::new(1).greeted();
    let queries: Vec<_> = (0..400).map(|_| GET_CONFIG.to_bytes()).collect();
    let (queries, _) = link.ask_all(&queries);
    let again = types::MsgResendAnsReq { msg_ids: queries };
    let again = enums::MsgResendReq::MsgResendAnsReq(again).to_bytes();
    let mut bytes = Vec::new();
    for _ in 0..100 {
        let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(false));
        let header = Header { salt: link.salt, session_id: SESSION, msg_id, seq_no };
        let packet = link.seal(&header, &again);
        link.encoder.encode(&packet, false, &mut link.rng, &mut bytes).unwrap();
    }
    let (mut rounds, mut came) = (0, &bytes[..]);
    loop {
        link.connection.receive(came, link.now, &mut link.world, &mut link.rng).unwrap();
        let output = link.connection.take_output();
        assert!(output.len() < 6 << 20, "{}", output.len());
        if !link.connection.is_waiting() {
            break;
        }
        (rounds, came) = (rounds + 1, &[]);
    }
    assert!(rounds > 2);
}

#[test]
fn silence_closes_the_connection() {
    let mut world = layer_sandbox::World::new(Settings::default());
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut now = moment(NOW);
    let mut connection = Connection::new(&world.settings, now);
    assert_eq!(connection.deadline(&world), now.monotonic + HELLO);
    assert_eq!(connection.handle_timeout(now, &mut world, &mut rng), Ok(()));
    now.monotonic += HELLO;
    assert_eq!(connection.handle_timeout(now, &mut world, &mut rng), Err(Fault::Silence));
    assert!(connection.is_closed());

    let mut link = Link::new(1).greeted();
    assert_eq!(link.connection.deadline(&link.world), link.now.monotonic + IDLE);
    let delay = |disconnect_delay| functions::PingDelayDisconnect { ping_id: 1, disconnect_delay };
    let (_, heard) = link.tell(&delay(75));
    assert!(heard[0].is::<enums::Pong>().is_some());
    link.now.monotonic += Duration::from_secs(70);
    link.tell(&functions::Ping { ping_id: 1 });
    assert_eq!(link.connection.deadline(&link.world), link.now.monotonic + Duration::from_secs(5));
    link.tell(&delay(75));
    link.now.monotonic += Duration::from_secs(74);
    assert_eq!(link.timeout(), Ok(()));
    link.now.monotonic += Duration::from_secs(1);
    assert_eq!(link.timeout(), Err(Fault::Silence));
}

#[test]
fn what_is_no_framing_closes_the_connection_at_once() {
    for first in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &[0x16, 3, 1, 2, 0]] {
        let mut link = Link::new(1);
        let came = link.connection.receive(first, link.now, &mut link.world, &mut link.rng);
        assert!(matches!(came, Err(Fault::Framing(_))), "{came:?}");
        assert!(link.connection.is_closed() && link.connection.take_output().is_empty());
    }
}

/// The published server packet: a pong under the key 00..ff, padded with 5a.
#[test]
fn the_published_answer_comes_out() {
    let mut link = Link::over(1, &FramingKind::Intermediate, Settings::default());
    link.key = key(0);
    let agreed = Agreed { key: key(0), salt: SALT, dc: None, expires_at: None };
    link.world.keys.insert(agreed, NOW - 1).unwrap();
    link.now = moment(NOW - 1);
    let mut link = link.greeted();
    link.now.wall = Duration::new(NOW as u64, 239);
    let msg_id = 0x6553_f100_0000_0004;
    let header = Header { salt: SALT, session_id: SESSION, msg_id, seq_no: 0 };
    let packet = link.seal(&header, &functions::Ping { ping_id: SESSION }.to_bytes());
    let mut sent = Vec::new();
    link.encoder.encode(&packet, false, &mut link.rng, &mut sent).unwrap();
    let mut script = Script::new([vec![0x5a; 12]]);
    link.connection.receive(&sent, link.now, &mut link.world, &mut script).unwrap();
    let expected = hex!(
        "58000000"
        "32d1586ea457dfc844a8b5a249cffd8630cb5d9805f760155c6fd586e4b0fe017f23a696539faca11a608c4d2fc2f678"
        "4aa8e4f4d4ba9394386920b7e00f364ba19d2120406d42d190156ff62a79d7a8a3f464aca44bb789"
    );
    assert_eq!(link.connection.take_output(), expected);
}
