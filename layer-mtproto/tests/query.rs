//! One call under a key: everything that may come before its answer, and what must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, OpenError, Padding, Side};
use layer_mtproto::Now;
use layer_mtproto::exchange::Agreed;
use layer_mtproto::query::{MOST_MESSAGES, MOST_RESENDS, Progress, Query, QueryError};
use layer_mtproto::wire::gzip;
use layer_mtproto::wire::message::{Message, write_container, write_rpc_result};
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// By the server's clock; the client's is an hour behind.
const SERVER_TIME: i64 = 1_700_003_600;
const NOW: Now = Now { monotonic: Duration::ZERO, wall: Duration::from_secs(1_700_000_000) };
const FIRST_SALT: i64 = 0x5a17;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn key() -> AuthKey {
    AuthKey::from_bytes(&std::array::from_fn(|i| i as u8))
}

/// A message identifier of the server, so many seconds from now.
fn msg_id(seconds: i64, low: i64) -> i64 {
    (SERVER_TIME + seconds) << 32 | low
}

/// The server's end: opens what the client sends, and seals anything.
struct Server {
    session_id: i64,
    /// What came: header and body.
    received: Vec<(Header, Vec<u8>)>,
    next: i64,
}

impl Server {
    fn new() -> Self {
        Self { session_id: 0, received: Vec::new(), next: 1 }
    }

    fn receive(&mut self, mut packet: Vec<u8>) {
        let opened = envelope::open(&key(), Side::Client, &mut packet).unwrap();
        self.session_id = opened.header.session_id;
        self.received.push((opened.header, opened.body_of(&packet).to_vec()));
    }

    fn packet(&self, msg_id: i64, seq_no: i32, body: &[u8]) -> Vec<u8> {
        let header = Header { salt: 0, session_id: self.session_id, msg_id, seq_no };
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, &header);
        packet.extend_from_slice(body);
        draft.finish(&mut packet, Padding::Minimal, &mut rng()).unwrap();
        envelope::seal(&key(), Side::Server, &mut packet).unwrap();
        packet
    }

    /// Sends a message that wants no acknowledgement, and takes what the client says to it.
    fn say(&mut self, query: &mut Query, body: &[u8]) -> Result<Option<Vec<u8>>, QueryError> {
        self.say_as(query, 0, body)
    }

    fn say_as(
        &mut self,
        query: &mut Query,
        seq_no: i32,
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, QueryError> {
        self.next += 4;
        let mut packet = self.packet(msg_id(0, self.next), seq_no, body);
        let Progress { send, answer, .. } = query.handle_packet(&mut packet, NOW, &mut rng())?;
        for packet in send {
            self.receive(packet);
        }
        Ok(answer)
    }
}

fn agreed() -> Agreed {
    Agreed {
        auth_key: key(),
        first_salt: FIRST_SALT,
        time_offset: SERVER_TIME - 1_700_000_000,
        expires_at: None,
    }
}

fn call() -> Vec<u8> {
    functions::Ping { ping_id: 7 }.to_bytes()
}

fn begin() -> (Query, Server) {
    let mut server = Server::new();
    let (query, packet) = Query::begin(&agreed(), call(), NOW, &mut rng()).unwrap();
    server.receive(packet);
    (query, server)
}

fn answer_to(msg_id: i64, result: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    write_rpc_result(msg_id, result, &mut body);
    body
}

fn bad_salt(bad_msg_id: i64, new_server_salt: i64) -> Vec<u8> {
    let bad =
        types::BadServerSalt { bad_msg_id, bad_msg_seqno: 1, error_code: 48, new_server_salt };
    enums::BadMsgNotification::BadServerSalt(bad).to_bytes()
}

fn new_session(first_msg_id: i64, server_salt: i64) -> Vec<u8> {
    let new = types::NewSessionCreated { first_msg_id, unique_id: 5, server_salt };
    enums::NewSession::Created(new).to_bytes()
}

fn acks(body: &[u8]) -> Vec<i64> {
    let enums::MsgsAck::Ack(acks) = enums::MsgsAck::from_bytes(body).unwrap();
    acks.msg_ids
}

#[test]
fn the_call_goes_out_with_the_first_salt_and_the_servers_time() {
    let (_, server) = begin();
    let [(header, body)] = &server.received[..] else { panic!() };
    assert_eq!(header.salt, FIRST_SALT);
    assert_eq!(header.msg_id >> 32, SERVER_TIME);
    assert_eq!(header.msg_id % 4, 0);
    assert_eq!(header.seq_no, 1);
    assert_eq!(*body, call());
}

#[test]
fn an_answer_is_handed_out() {
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    let answer = server.say(&mut query, &answer_to(id, b"pong")).unwrap();
    assert_eq!(answer.unwrap(), b"pong");
    assert_eq!(server.received.len(), 1);
}

#[test]
fn answers_to_other_calls_are_not_taken() {
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    assert_eq!(server.say(&mut query, &answer_to(id + 4, b"pong")).unwrap(), None);
    let error = enums::RpcError::Error(types::RpcError {
        error_code: 400,
        error_message: "OTHERS".to_owned(),
    });
    assert_eq!(server.say(&mut query, &answer_to(id - 4, &error.to_bytes())).unwrap(), None);
    assert!(server.say(&mut query, &answer_to(id, b"pong")).unwrap().is_some());
}

#[test]
fn an_error_is_the_answer_too() {
    let (mut query, mut server) = begin();
    let error = types::RpcError { error_code: 420, error_message: "FLOOD_WAIT_3".to_owned() };
    let body = answer_to(server.received[0].0.msg_id, &enums::RpcError::Error(error).to_bytes());
    assert_eq!(
        server.say(&mut query, &body).unwrap_err(),
        QueryError::Rpc { code: 420, name: "FLOOD_WAIT_3".to_owned() }
    );
}

#[test]
fn a_stale_salt_costs_one_round_trip() {
    let (mut query, mut server) = begin();
    let first = server.received[0].0;
    assert_eq!(server.say(&mut query, &bad_salt(first.msg_id, 99)).unwrap(), None);
    let [_, (second, body)] = &server.received[..] else { panic!() };
    assert_eq!((second.salt, second.session_id), (99, first.session_id));
    assert!(second.msg_id > first.msg_id);
    assert_eq!(second.seq_no, 3);
    assert_eq!(*body, call());
    let id = second.msg_id;
    assert!(server.say(&mut query, &answer_to(id, b"pong")).unwrap().is_some());
}

#[test]
fn a_stale_salt_of_another_message_is_taken_but_nothing_sent_again() {
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    assert_eq!(server.say(&mut query, &bad_salt(id + 4, 99)).unwrap(), None);
    assert_eq!(server.received.len(), 1);
    // The next thing that it sends is an acknowledgement.
    assert_eq!(server.say_as(&mut query, 1, &answer_to(id + 4, b"nope")).unwrap(), None);
    assert_eq!(server.received[1].0.salt, 99);
}

#[test]
fn stale_salts_without_end_are_an_error() {
    let (mut query, mut server) = begin();
    for salt in 0..MOST_RESENDS {
        let id = server.received.last().unwrap().0.msg_id;
        assert_eq!(server.say(&mut query, &bad_salt(id, salt.into())).unwrap(), None);
    }
    assert_eq!(server.received.len() as u32, 1 + MOST_RESENDS);
    let id = server.received.last().unwrap().0.msg_id;
    assert_eq!(
        server.say(&mut query, &bad_salt(id, 0)).unwrap_err(),
        QueryError::TooManyResends { most: MOST_RESENDS }
    );
}

#[test]
fn a_new_session_is_acknowledged_and_its_salt_taken() {
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    assert_eq!(server.say_as(&mut query, 1, &new_session(id, 77)).unwrap(), None);
    let [_, (header, body)] = &server.received[..] else { panic!() };
    assert_eq!(header.salt, 77);
    assert_eq!(header.seq_no % 2, 0);
    assert_eq!(acks(body), [msg_id(0, 5)]);
}

#[test]
fn a_call_from_before_the_session_is_sent_again() {
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    assert_eq!(server.say(&mut query, &new_session(id + 4, 77)).unwrap(), None);
    let [_, (header, body)] = &server.received[..] else { panic!() };
    assert_eq!((header.salt, header.seq_no), (77, 3));
    assert_eq!(*body, call());
}

#[test]
fn containers_and_packed_objects_are_opened() {
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    let long = [b'x'; 4000];
    let packed = gzip::pack(&long).unwrap();
    let bodies = [new_session(id, 77), answer_to(id, &packed)];
    let messages = bodies.iter().zip([101, 105]).map(|(body, low)| Message {
        msg_id: msg_id(0, low),
        seq_no: 1,
        body,
    });
    let mut container = Vec::new();
    write_container(messages, &mut container).unwrap();
    let answer = server.say(&mut query, &container).unwrap();
    assert_eq!(answer.unwrap(), long);
    assert_eq!(acks(&server.received[1].1), [msg_id(0, 101), msg_id(0, 105)]);
}

#[test]
fn a_whole_message_may_be_packed() {
    let (mut query, mut server) = begin();
    let body = answer_to(server.received[0].0.msg_id, &[b'y'; 4000]);
    let answer = server.say(&mut query, &gzip::pack(&body).unwrap()).unwrap();
    assert_eq!(answer.unwrap(), [b'y'; 4000]);
}

#[test]
fn a_message_that_comes_twice_is_acknowledged_twice_and_acted_on_once() {
    let (mut query, server) = begin();
    let salt = bad_salt(server.received[0].0.msg_id, 99);
    let packet = server.packet(msg_id(0, 9), 1, &salt);
    for packets in [2, 1] {
        let Progress { send, .. } =
            query.handle_packet(&mut packet.clone(), NOW, &mut rng()).unwrap();
        assert_eq!(send.len(), packets);
    }
}

#[test]
fn a_refused_message_is_an_error() {
    let (mut query, mut server) = begin();
    let notification = |bad_msg_id| {
        let bad = types::BadMsgNotification { bad_msg_id, bad_msg_seqno: 1, error_code: 16 };
        enums::BadMsgNotification::Notification(bad).to_bytes()
    };
    let id = server.received[0].0.msg_id;
    assert_eq!(server.say(&mut query, &notification(id + 8)).unwrap(), None);
    let error = server.say(&mut query, &notification(id)).unwrap_err();
    assert_eq!(error, QueryError::BadMessage { code: 16 });
}

#[test]
fn messages_of_another_session_key_or_side_are_refused() {
    let (mut query, server) = begin();
    let mut refused =
        |mut packet: Vec<u8>| query.handle_packet(&mut packet, NOW, &mut rng()).unwrap_err();
    let mut other = Server::new();
    other.session_id = server.session_id ^ 1;
    assert_eq!(refused(other.packet(msg_id(0, 1), 0, &call())), QueryError::OtherSession);

    let (_, ours) = Query::begin(&agreed(), call(), NOW, &mut rng()).unwrap();
    assert_eq!(refused(ours), QueryError::Open(OpenError::WrongMsgKey));

    let mut packet = server.packet(msg_id(0, 1), 0, &call());
    packet[0] ^= 1;
    assert_eq!(refused(packet), QueryError::Open(OpenError::OtherKey));
    for len in [0, 4, 24, 71] {
        assert!(matches!(refused(vec![0; len]), QueryError::Open(_)));
    }
}

#[test]
fn message_identifiers_that_are_even_or_out_of_time_are_refused() {
    let refused = |msg_id, container: bool| {
        let (mut query, server) = begin();
        let mut packet = if container {
            let mut body = Vec::new();
            let message = Message { msg_id, seq_no: 0, body: &call() };
            write_container([message].into_iter(), &mut body).unwrap();
            server.packet(self::msg_id(0, 1), 0, &body)
        } else {
            server.packet(msg_id, 0, &call())
        };
        query.handle_packet(&mut packet, NOW, &mut rng()).err()
    };
    for container in [false, true] {
        for good in [msg_id(0, 5), msg_id(0, 3), msg_id(-300, 5), msg_id(30, 7)] {
            assert_eq!(refused(good, container), None);
        }
        for msg_id in [msg_id(0, 4), msg_id(0, 2), msg_id(-301, 1), msg_id(31, 1), 1, -1, i64::MAX]
        {
            assert_eq!(refused(msg_id, container), Some(QueryError::MsgId { msg_id }));
        }
    }
}

#[test]
fn messages_without_end_are_an_error() {
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    for _ in 0..MOST_MESSAGES {
        assert_eq!(server.say(&mut query, &answer_to(id + 4, b"nope")).unwrap(), None);
    }
    assert_eq!(
        server.say(&mut query, &answer_to(id, b"pong")).unwrap_err(),
        QueryError::TooManyMessages { most: MOST_MESSAGES }
    );
}

#[test]
fn a_tail_behind_the_last_block_is_cut_off() {
    let (mut query, server) = begin();
    let id = server.received[0].0.msg_id;
    for tail in 0..16 {
        let mut packet = server.packet(msg_id(0, 1 + 4 * tail), 0, &answer_to(id, b"pong"));
        packet.extend(vec![0xee; tail as usize]);
        let progress = query.handle_packet(&mut packet, NOW, &mut rng()).unwrap();
        assert_eq!(progress.answer.unwrap(), b"pong");
    }
}

#[test]
fn nothing_that_a_server_seals_brings_about_a_panic() {
    let seed = 0x9e;
    eprintln!("seed {seed:#x}");
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let (mut query, mut server) = begin();
    let id = server.received[0].0.msg_id;
    let mut container = Vec::new();
    let bodies = [new_session(id, 7), bad_salt(id, 8), gzip::pack(&[0; 500]).unwrap()];
    let messages = bodies.iter().zip([1, 2, 3]).map(|(body, low)| Message {
        msg_id: msg_id(0, low * 4 + 1),
        seq_no: 1,
        body,
    });
    write_container(messages, &mut container).unwrap();
    let answer = answer_to(id + 4, &gzip::pack(&[1; 900]).unwrap());
    let bodies = [&bodies[0], &bodies[1], &bodies[2], &container, &answer];
    for case in 0..20_000 {
        let mut body = bodies[case % bodies.len()].clone();
        for _ in 0..1 + random.next_u32() % 3 {
            let at = random.next_u32() as usize % body.len();
            body[at] ^= 1 << (random.next_u32() % 8);
        }
        if random.next_u32().is_multiple_of(4) {
            body.truncate(random.next_u32() as usize % body.len() / 4 * 4);
        }
        let mut packet = server.packet(msg_id(0, 1), 1, &body);
        let _ = query.clone().handle_packet(&mut packet, NOW, &mut rng());
    }
    assert!(server.say(&mut query, &answer_to(id, b"pong")).unwrap().is_some());
}

#[test]
fn neither_key_nor_call_nor_answer_is_shown() {
    let (mut query, server) = begin();
    let mut packet =
        server.packet(msg_id(0, 1), 0, &answer_to(server.received[0].0.msg_id, b"secrets."));
    let progress = query.handle_packet(&mut packet, NOW, &mut rng()).unwrap();
    let key = format!("AuthKey({:016x})", key().id());
    assert_eq!(
        format!("{query:?}"),
        format!("Query {{ key: {key}, call: 7abe77ec, sent: 1, .. }}")
    );
    assert_eq!(format!("{progress:?}"), "Progress { send: 0, answer: Some(8) }");
}
