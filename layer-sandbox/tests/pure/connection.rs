//! The machine of one link: framings, checks, service messages, queries.

use std::time::Duration;

use layer_crypto::envelope::{self, Header, OpenError, Side};
use layer_sandbox::connection::{Fault, HELLO, IDLE};
use layer_sandbox::exchange::Agreed;
use layer_sandbox::{Connection, Settings};
use layer_tl_types::{Deserializable, RawObject, Serializable, enums, functions, types};
use layer_wire::framing::{FramingKind, ProxySecret, Tag, TransportError};
use layer_wire::gzip;
use layer_wire::message::{GZIP_PACKED, Message, PlainMessage, write_container};

use crate::client::{Dialect, NOW, Scene};
use crate::link::{Heard, Link, SALT, SESSION, key, moment};

const GET_CONFIG: functions::help::GetConfig = functions::help::GetConfig {};

fn config(heard: &Heard) -> types::Config {
    let (_, result) = heard.result().unwrap();
    let enums::Config::Config(config) = enums::Config::from_bytes(result).unwrap();
    *config
}

fn rpc_error(heard: &Heard) -> (i32, String) {
    let (_, result) = heard.result().unwrap();
    let enums::RpcError::Error(error) = enums::RpcError::from_bytes(result).unwrap();
    (error.error_code, error.error_message)
}

fn bad_code(heard: &[Heard]) -> (i64, i32, i32) {
    let [only] = heard else { panic!("{heard:?}") };
    let Some(enums::BadMsgNotification::Notification(bad)) = only.is() else { panic!("{only:?}") };
    (bad.bad_msg_id, bad.bad_msg_seqno, bad.error_code)
}

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
fn a_new_session_is_told_once() {
    let mut link = Link::new(1);
    let (first, heard) = link.tell(&functions::Ping { ping_id: 5 });
    let [Heard::Message { msg_id, seq_no, .. }, Heard::Message { msg_id: pong_id, .. }] = heard[..]
    else {
        panic!("{heard:?}");
    };
    assert_eq!((msg_id % 4, seq_no, pong_id % 4), (3, 1, 1));
    let enums::NewSession::Created(created) = heard[0].is().unwrap();
    assert_eq!((created.first_msg_id, created.server_salt), (first, SALT));
    let pong = types::Pong { msg_id: first, ping_id: 5 };
    assert_eq!(heard[1].is(), Some(enums::Pong::Pong(pong)));
    let (_, heard) = link.tell(&functions::Ping { ping_id: 6 });
    assert_eq!(heard.len(), 1);
    // The session outlives the connection; another one begins for itself.
    link.reconnect();
    let (_, heard) = link.tell(&functions::Ping { ping_id: 7 });
    assert_eq!(heard.len(), 1);
    link.session_id += 1;
    let (_, heard) = link.tell(&functions::Ping { ping_id: 8 });
    let enums::NewSession::Created(another) = heard[0].is().unwrap();
    assert_ne!(another.unique_id, created.unique_id);
}

#[test]
fn a_new_session_in_a_container_begins_with_its_first_message() {
    let mut link = Link::new(1);
    let (ids, heard) = link.ask_all(&[GET_CONFIG.to_bytes(), GET_CONFIG.to_bytes()]);
    let enums::NewSession::Created(created) = heard[0].is().unwrap();
    assert_eq!(created.first_msg_id, ids[0]);
}

#[test]
fn a_wrong_salt_is_answered_with_the_right_one_and_nothing_is_done() {
    let mut link = Link::new(1);
    link.salt = 9;
    let (msg_id, heard) = link.ask(&GET_CONFIG);
    let [only] = &heard[..] else { panic!("{heard:?}") };
    let expected = types::BadServerSalt {
        bad_msg_id: msg_id,
        bad_msg_seqno: 1,
        error_code: 48,
        new_server_salt: SALT,
    };
    assert_eq!(only.is(), Some(enums::BadMsgNotification::BadServerSalt(expected)));
    assert!(link.world.sessions.is_empty());
    // With the same identifier it is new afterwards.
    link.salt = SALT;
    let heard = link.send_as(msg_id, 1, &GET_CONFIG.to_bytes());
    config(&heard[1]);
}

#[test]
fn salts_give_way_to_their_successors() {
    let mut link = Link::new(1).greeted();
    link.now = moment(NOW + 3599);
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    assert!(heard[0].is::<enums::Pong>().is_some());
    link.now = moment(NOW + 3600);
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    let Some(enums::BadMsgNotification::BadServerSalt(bad)) = heard[0].is() else {
        panic!("{heard:?}");
    };
    link.salt = bad.new_server_salt;
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    assert!(heard[0].is::<enums::Pong>().is_some());
}

#[test]
fn future_salts_come_as_a_bare_vector_and_are_good_when_they_say() {
    let mut link = Link::new(1).greeted();
    let (msg_id, heard) = link.tell(&functions::GetFutureSalts { num: 4 });
    let body = heard[0].body();
    // Constructor, req_msg_id, now, count, then 16 bytes for each salt.
    assert_eq!(body[..4], 0xae50_0895_u32.to_le_bytes());
    assert_eq!(body[4..12], msg_id.to_le_bytes());
    assert_eq!(body[12..16], (NOW as u32).to_le_bytes());
    assert_eq!(body[16..20], 4_u32.to_le_bytes());
    assert_eq!(body.len(), 20 + 4 * 16);
    let Some(enums::FutureSalts::Salts(salts)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(salts.salts[0].salt, SALT);
    for salt in salts.salts {
        assert_eq!(salt.valid_until - salt.valid_since, 3600);
        link.now = moment(i64::from(salt.valid_since));
        link.salt = salt.salt;
        let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
        assert!(heard[0].is::<enums::Pong>().is_some(), "{heard:?}");
    }
    for (asked, told) in [(0, 1), (-5, 1), (i32::MAX, 64)] {
        let (_, heard) = link.tell(&functions::GetFutureSalts { num: asked });
        let Some(enums::FutureSalts::Salts(salts)) = heard[0].is() else { panic!("{heard:?}") };
        assert_eq!(salts.salts.len(), told);
    }
}

#[test]
fn identifiers_out_of_the_window_are_refused_with_their_code() {
    let cases =
        [(-301, 0, 16), (-300, 0, 0), (30, 0, 0), (31, 0, 17), (0, 1, 18), (0, 2, 18), (0, 3, 18)];
    for (seconds, low, code) in cases {
        let mut link = Link::new(1).greeted();
        let msg_id = (NOW + seconds) << 32 | 0x2000 | low;
        let heard = link.send_as(msg_id, 3, &functions::Ping { ping_id: 1 }.to_bytes());
        if code == 0 {
            assert!(heard[0].is::<enums::Pong>().is_some(), "{heard:?}");
        } else {
            assert_eq!(bad_code(&heard), (msg_id, 3, code));
        }
    }
}

#[test]
fn a_bad_container_is_refused_as_a_whole() {
    let ping = functions::Ping { ping_id: 1 }.to_bytes();
    let write = |messages: &[Message<'_>]| {
        let mut body = Vec::new();
        write_container(messages.iter().copied(), &mut body).unwrap();
        body
    };
    let base = NOW << 32;
    let good = Message { msg_id: base + 4, seq_no: 1, body: &ping };
    let mut nested = write(&[good, good]);
    // The second message's body becomes a container.
    let at = nested.len() - ping.len();
    nested[at..at + 4].copy_from_slice(&0x73f1_f8dc_u32.to_le_bytes());
    let mut cut = write(&[good]);
    cut.truncate(cut.len() - 4);
    let mut claim = write(&[good]);
    claim[4..8].copy_from_slice(&[0xff; 4]);
    let bodies = [
        nested,
        cut,
        claim,
        write(&[good, Message { msg_id: base + 400, ..good }]),
        write(&[good, Message { msg_id: base + 500, ..good }]),
        write(&[good, Message { msg_id: base + 5, ..good }]),
    ];
    for body in bodies {
        let mut link = Link::new(1).greeted();
        let heard = link.send_as(base + 0x2000, 2, &body[..]);
        let heard = if heard.len() == 1 { heard } else { link.send_as(base + 400, 2, &body[..]) };
        assert_eq!(bad_code(&heard).2, 64, "{body:02x?}");
    }
}

#[test]
fn messages_in_a_fresh_container_may_be_old() {
    let mut link = Link::new(1).greeted();
    let old = (NOW - 1000) << 32;
    let mut body = Vec::new();
    let query = GET_CONFIG.to_bytes();
    let message = Message { msg_id: old, seq_no: 1, body: &query };
    write_container([message].into_iter(), &mut body).unwrap();
    let heard = link.send_as((NOW << 32) + 0x4000, 2, &body);
    assert_eq!(heard[0].result().unwrap().0, old);
}

#[test]
fn one_bad_query_costs_the_others_nothing() {
    let mut link = Link::new(1).greeted();
    let config_bytes = GET_CONFIG.to_bytes();
    let unreadable = [0x7abe_77ec_u32.to_le_bytes().to_vec(), vec![]].concat();
    let bodies = [
        config_bytes.clone(),
        0xdead_beef_u32.to_le_bytes().to_vec(),
        unreadable,
        vec![],
        [GZIP_PACKED.to_le_bytes().to_vec(), b"\x03abc".to_vec()].concat(),
        functions::InvokeWithLayer { layer: 230, query: RawObject(vec![1, 2, 3, 4]) }.to_bytes(),
        functions::messages::SendMessage::new(enums::InputPeer::PeerSelf, "x".into(), 1).to_bytes(),
        functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }.to_bytes(),
        config_bytes,
    ];
    let (ids, heard) = link.ask_all(&bodies);
    let results: Vec<_> = heard.iter().filter(|heard| heard.result().is_some()).collect();
    assert_eq!(results.iter().map(|heard| heard.result().unwrap().0).collect::<Vec<_>>(), ids);
    config(results[0]);
    config(results[8]);
    let errors: Vec<_> = results[1..8].iter().map(|heard| rpc_error(heard)).collect();
    assert_eq!(errors[0], (400, format!("INPUT_METHOD_INVALID_{}", 0xdead_beef_u32)));
    for at in [1, 2, 3] {
        assert_eq!(errors[at], (400, "INPUT_FETCH_ERROR".into()), "{at}");
    }
    assert_eq!(errors[4], (400, format!("INPUT_METHOD_INVALID_{}", 0x0403_0201)));
    // Unknown methods are never errors of the server, which some clients would ask again.
    assert_eq!(errors[5].0, 400);
    assert_eq!(errors[6], (401, "AUTH_KEY_UNREGISTERED".into()));
}

#[test]
fn wrappers_are_taken_off_in_any_order() {
    fn init(query: Vec<u8>) -> Vec<u8> {
        functions::InitConnection {
            proxy: Some(types::InputClientProxy { address: "x".into(), port: 1 }.into()),
            ..functions::InitConnection::new(
                1,
                "device".into(),
                "system".into(),
                "app".into(),
                "en".into(),
                "".into(),
                "en".into(),
                RawObject(query),
            )
        }
        .to_bytes()
    }
    let layer =
        |query| functions::InvokeWithLayer { layer: 229, query: RawObject(query) }.to_bytes();
    let after = |query| functions::InvokeAfterMsg { msg_id: 4, query: RawObject(query) }.to_bytes();
    let afters = |query| {
        functions::InvokeAfterMsgs { msg_ids: vec![4, 8], query: RawObject(query) }.to_bytes()
    };
    let quiet = |query| functions::InvokeWithoutUpdates { query: RawObject(query) }.to_bytes();
    let query = GET_CONFIG.to_bytes();
    let bodies = [
        layer(init(query.clone())),
        after(layer(init(query.clone()))),
        layer(init(afters(quiet(query.clone())))),
        (0..100).fold(query.clone(), |query, _| layer(query)),
        layer(init(vec![])),
    ];
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask_all(&bodies);
    for answer in &heard[..3] {
        config(answer);
    }
    assert_eq!(rpc_error(&heard[3]), (400, "INPUT_REQUEST_TOO_LONG".into()));
    assert_eq!(rpc_error(&heard[4]), (400, "INPUT_FETCH_ERROR".into()));
}

#[test]
fn packed_queries_are_unpacked_with_either_header() {
    let mut query = GET_CONFIG.to_bytes();
    // What follows a query's object is nobody's business, and packs well.
    query.extend([0; 400]);
    let gzipped = gzip::pack(&query).unwrap();
    // zlib: its header, one stored block, Adler-32.
    let stored = |data: &[u8]| {
        let len = data.len() as u16;
        let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65521;
            (a, (b + a) % 65521)
        });
        let mut zlib = vec![0x78, 0x9c, 1];
        zlib.extend(len.to_le_bytes());
        zlib.extend((!len).to_le_bytes());
        zlib.extend(data);
        zlib.extend((b << 16 | a).to_be_bytes());
        let mut packed = GZIP_PACKED.to_le_bytes().to_vec();
        zlib.serialize(&mut packed);
        packed
    };
    let zlibbed = stored(&query);
    let nested = gzip::pack(&[gzipped.clone(), vec![0; 400]].concat()).unwrap();
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask_all(&[gzipped, zlibbed, nested]);
    config(&heard[0]);
    config(&heard[1]);
    assert_eq!(rpc_error(&heard[2]), (400, "INPUT_FETCH_ERROR".into()));
}

#[test]
fn a_packet_unpacks_to_no_more_than_a_packet_may_be() {
    let mut query = GET_CONFIG.to_bytes();
    query.resize(1 << 20, 0);
    let packed = gzip::pack(&query).unwrap();
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask_all(&[packed.clone(), packed.clone(), packed]);
    config(&heard[0]);
    config(&heard[1]);
    assert_eq!(rpc_error(&heard[2]), (400, "INPUT_FETCH_ERROR".into()));
}

#[test]
fn what_has_content_and_no_answer_is_acknowledged() {
    let mut link = Link::new(1).greeted();
    let (ping, heard) = link.ask(&functions::Ping { ping_id: 1 });
    let acks = types::MsgsAck { msg_ids: vec![ping] };
    assert!(heard.iter().any(|heard| heard.is() == Some(enums::MsgsAck::Ack(acks.clone()))));
    // A result acknowledges its query, and acknowledgements are not acknowledged.
    let (_, heard) = link.ask(&GET_CONFIG);
    assert_eq!(heard.len(), 1);
    let (_, heard) =
        link.tell(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![heard[0].msg_id()] }));
    assert_eq!(heard, []);
}

#[test]
fn a_query_that_comes_again_is_answered_from_memory_until_acknowledged() {
    let mut link = Link::new(1).greeted();
    let query = GET_CONFIG.to_bytes();
    let msg_id = link.next_msg_id();
    let first = link.send_as(msg_id, 1, &query);
    // The answer would be another one by now.
    link.now = moment(NOW + 100);
    link.reconnect();
    let second = link.send_as(msg_id, 1, &query);
    assert_eq!(first[0].body(), second[0].body());
    assert!(second[0].msg_id() > first[0].msg_id());
    let acks = types::MsgsAck { msg_ids: vec![second[0].msg_id()] };
    link.tell(&enums::MsgsAck::Ack(acks));
    let third = link.send_as(msg_id, 1, &query);
    let acks = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![msg_id] });
    assert_eq!(third[0].is(), Some(acks));
    assert_eq!(third.len(), 1);
}

#[test]
fn a_message_that_would_have_been_forgotten_is_refused() {
    let mut link = Link::new(1).greeted();
    let oldest = (NOW - 200) << 32;
    link.send_as(oldest, 0, &functions::Ping { ping_id: 1 }.to_bytes());
    for _ in 0..1100 {
        link.tell(&functions::Ping { ping_id: 1 });
    }
    let heard = link.send_as(oldest, 0, &functions::Ping { ping_id: 1 }.to_bytes());
    assert_eq!(bad_code(&heard), (oldest, 0, 20));
}

#[test]
fn states_of_messages_are_told() {
    let mut link = Link::new(1).greeted();
    let (query, _) = link.ask(&GET_CONFIG);
    let (ping, _) = link.tell(&functions::Ping { ping_id: 1 });
    let msg_ids = vec![query, ping, query + 2, (NOW + 1000) << 32];
    let (asked, heard) = link.ask(&enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids }));
    let Some(enums::MsgsStateInfo::Info(info)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(info.req_msg_id, asked);
    assert_eq!(info.info, [4 + 8 + 32 + 64, 4 + 16, 2, 3]);
}

#[test]
fn answers_are_sent_again_on_request_once_each() {
    let mut link = Link::new(1).greeted();
    let (query, heard) = link.ask(&GET_CONFIG);
    let answer = heard[0].msg_id();
    let again = |msg_ids| enums::MsgResendReq::Req(types::MsgResendReq { msg_ids });
    let (_, heard) = link.tell(&again(vec![answer; 500]));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].result().unwrap().0, query);
    // The message that was asked for is not there under that number any more.
    let (_, heard) = link.tell(&again(vec![answer]));
    let Some(enums::MsgsStateInfo::Info(info)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(info.info.len(), 1);
    let by_query = types::MsgResendAnsReq { msg_ids: vec![query; 2] };
    let (_, heard) = link.tell(&enums::MsgResendReq::MsgResendAnsReq(by_query));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].result().unwrap().0, query);
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
fn answers_can_be_dropped() {
    let mut link = Link::new(1).greeted();
    let (query, heard) = link.ask(&GET_CONFIG);
    let Heard::Message { msg_id, seq_no, body } = &heard[0] else { panic!("{heard:?}") };
    let dropped =
        |heard: &Heard| enums::RpcDropAnswer::from_bytes(heard.result().unwrap().1).unwrap();
    let (_, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: query });
    let expected =
        types::RpcAnswerDropped { msg_id: *msg_id, seq_no: *seq_no, bytes: body.len() as i32 };
    assert_eq!(dropped(&heard[0]), enums::RpcDropAnswer::RpcAnswerDropped(expected));
    let (_, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: query });
    assert_eq!(dropped(&heard[0]), enums::RpcDropAnswer::RpcAnswerUnknown);
}

#[test]
fn other_sessions_can_be_destroyed_and_the_present_one_not() {
    let mut link = Link::new(1).greeted();
    link.session_id += 1;
    let mut link = link.greeted();
    let mut destroy = |session_id| {
        let (_, heard) = link.ask(&functions::DestroySession { session_id });
        heard[0].is::<enums::DestroySessionRes>().unwrap()
    };
    let ok = types::DestroySessionOk { session_id: SESSION };
    assert_eq!(destroy(SESSION), enums::DestroySessionRes::DestroySessionOk(ok));
    let none = types::DestroySessionNone { session_id: SESSION };
    assert_eq!(destroy(SESSION), enums::DestroySessionRes::DestroySessionNone(none));
    let none = types::DestroySessionNone { session_id: SESSION + 1 };
    assert_eq!(destroy(SESSION + 1), enums::DestroySessionRes::DestroySessionNone(none));
}

#[test]
fn a_destroyed_key_is_unknown_from_then_on() {
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask(&functions::DestroyAuthKey {});
    assert_eq!(heard[0].is(), Some(enums::DestroyAuthKeyRes::DestroyAuthKeyOk));
    assert!(link.world.keys.is_empty() && link.world.sessions.is_empty());
    let header = Header { salt: SALT, session_id: SESSION, msg_id: NOW << 32, seq_no: 0 };
    let packet = link.seal(&header, &GET_CONFIG.to_bytes());
    let key_id = link.key.id();
    assert_eq!(link.send_packet(&packet, false), Err(Fault::UnknownKey { key_id }));
    assert_eq!(link.heard(), [Heard::Error(TransportError::UNKNOWN_KEY)]);
    assert!(link.connection.is_closed());
    // What comes after is not listened to.
    assert_eq!(link.send_packet(&packet, false), Ok(()));
    assert_eq!(link.heard(), []);
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
fn silence_closes_the_connection() {
    let world = layer_sandbox::World::new(Settings::default());
    let mut now = moment(NOW);
    let mut connection = Connection::new(&world.settings, now);
    assert_eq!(connection.deadline(), now.monotonic + HELLO);
    assert_eq!(connection.handle_timeout(now), Ok(()));
    now.monotonic += HELLO;
    assert_eq!(connection.handle_timeout(now), Err(Fault::Silence));
    assert!(connection.is_closed());

    let mut link = Link::new(1).greeted();
    assert_eq!(link.connection.deadline(), link.now.monotonic + IDLE);
    let delay = |disconnect_delay| functions::PingDelayDisconnect { ping_id: 1, disconnect_delay };
    let (_, heard) = link.tell(&delay(75));
    assert!(heard[0].is::<enums::Pong>().is_some());
    link.now.monotonic += Duration::from_secs(70);
    link.tell(&functions::Ping { ping_id: 1 });
    assert_eq!(link.connection.deadline(), link.now.monotonic + Duration::from_secs(5));
    link.tell(&delay(75));
    link.now.monotonic += Duration::from_secs(74);
    assert_eq!(link.connection.handle_timeout(link.now), Ok(()));
    link.now.monotonic += Duration::from_secs(1);
    assert_eq!(link.connection.handle_timeout(link.now), Err(Fault::Silence));
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

#[test]
fn other_peoples_answers_are_not_told_to_a_wrong_session() {
    // Two keys, the same session id: two sessions.
    let mut link = Link::new(1).greeted();
    let (query, _) = link.ask(&GET_CONFIG);
    link.key = key(8);
    let (key, salt) = (link.key.clone(), link.salt);
    link.world.keys.insert(Agreed { key, salt, dc: None, expires_at: None }, NOW).unwrap();
    let asked = types::MsgResendAnsReq { msg_ids: vec![query] };
    let (_, heard) = link.tell(&enums::MsgResendReq::MsgResendAnsReq(asked));
    assert!(heard[0].is::<enums::NewSession>().is_some());
    assert!(heard.iter().all(|heard| heard.result().is_none()), "{heard:?}");
}
