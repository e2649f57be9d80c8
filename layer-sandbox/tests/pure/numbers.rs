//! Numbers of messages: each cause of a `bad_msg_notification`, with the bytes that tell it.

use std::sync::atomic::Ordering;

use layer_tl_types::{RawObject, Serializable, enums, functions, types};
use layer_wire::gzip;
use layer_wire::message::{Message, write_container};

use crate::client::NOW;
use crate::link::{Heard, Link, bad_code, intercept, own};

const PING: functions::Ping = functions::Ping { ping_id: 1 };

/// What a refusal looks like on the wire.
fn notification(msg_id: i64, seq_no: i32, code: i32) -> Vec<u8> {
    let constructor = [0x11, 0xf8, 0xef, 0xa7];
    [&constructor[..], &msg_id.to_le_bytes(), &seq_no.to_le_bytes(), &code.to_le_bytes()].concat()
}

fn bodies(heard: &[Heard]) -> Vec<&[u8]> {
    heard.iter().map(Heard::body).collect()
}

fn container(messages: &[(i64, i32, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    let messages = messages.iter();
    let messages =
        messages.map(|(msg_id, seq_no, body)| Message { msg_id: *msg_id, seq_no: *seq_no, body });
    write_container(messages, &mut body).unwrap();
    body
}

#[test]
fn each_cause_is_told_by_its_code() {
    let ping = PING.to_bytes();
    let query = own(0, 0);
    let base = NOW << 32 | 0x10_0000;
    let two = container(&[(base + 4, 1, &query), (base + 8, 3, &query)]);
    let other = container(&[(base + 12, 5, &query)]);
    // What comes before, the message that is refused, and why.
    type Case<'a> = (&'a str, &'a [(i64, i32, &'a [u8])], (i64, i32, &'a [u8]), i32);
    let cases: [Case<'_>; 18] = [
        ("too low", &[], ((NOW - 301) << 32, 1, &query), 16),
        ("too high", &[], ((NOW + 31) << 32, 1, &query), 17),
        ("low bits", &[], (base + 1, 1, &query), 18),
        ("low bits of a server", &[], (base + 3, 1, &query), 18),
        ("container reused", &[(base + 100, 4, &two)], (base + 100, 4, &other), 19),
        ("container's id is a message's", &[(base + 100, 1, &ping)], (base + 100, 2, &other), 19),
        ("before the session", &[], ((NOW - 290) << 32, 1, &query), 20),
        ("below an earlier one", &[(base, 5, &query)], (base + 4, 3, &query), 32),
        ("the same as before", &[(base, 5, &query)], (base + 4, 5, &query), 32),
        ("even below odd", &[(base, 5, &query)], (base + 4, 4, &ping), 32),
        ("above a later one", &[(base + 8, 5, &query)], (base + 4, 7, &query), 33),
        ("the same as after", &[(base + 8, 5, &query)], (base + 4, 5, &query), 33),
        ("even above odd", &[(base + 8, 5, &query)], (base + 4, 6, &ping), 33),
        ("odd container", &[], (base + 100, 5, &two), 34),
        ("even query", &[], (base, 2, &query), 35),
        ("even nothing", &[], (base, 2, &[]), 35),
        ("nested container", &[], (base + 100, 2, &two[..two.len() - 4]), 64),
        ("container below its messages", &[], (base + 8, 4, &two), 64),
    ];
    for (name, before, (msg_id, seq_no, body), code) in cases {
        let mut link = Link::new(1).greeted();
        let executed = intercept(&mut link);
        for (msg_id, seq_no, body) in before {
            link.send_as(*msg_id, *seq_no, body);
        }
        let times = executed.load(Ordering::SeqCst);
        let heard = link.send_as(msg_id, seq_no, body);
        assert_eq!(bodies(&heard), [notification(msg_id, seq_no, code)], "{name}");
        assert_eq!(executed.load(Ordering::SeqCst), times, "{name}");
    }
}

#[test]
fn a_stale_salt_is_told_by_its_code() {
    let mut link = Link::new(1).greeted();
    let right = std::mem::replace(&mut link.salt, 9);
    let (msg_id, heard) = link.ask(&PING);
    let constructor = [0x7b, 0x44, 0xab, 0xed];
    let numbers = [1_i32.to_le_bytes(), 48_i32.to_le_bytes()].concat();
    let expected =
        [&constructor[..], &msg_id.to_le_bytes(), &numbers, &right.to_le_bytes()].concat();
    assert_eq!(bodies(&heard), [expected]);
}

#[test]
fn a_packed_query_is_odd_too() {
    let packed = gzip::pack(&own(0, 1000)).unwrap();
    let wrapped = functions::InvokeWithLayer { layer: 230, query: RawObject(packed.clone()) };
    for body in [packed, wrapped.to_bytes()] {
        let mut link = Link::new(1).greeted();
        intercept(&mut link);
        let msg_id = link.next_msg_id();
        assert_eq!(bodies(&link.send_as(msg_id, 2, &body)), [notification(msg_id, 2, 35)]);
        // It is as new as before.
        assert_eq!(link.send_as(msg_id, 1, &body)[0].result().unwrap().0, msg_id);
    }
}

#[test]
fn acknowledgements_may_be_odd_unless_a_test_minds() {
    let mut link = Link::new(1).greeted();
    let acks = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![5] });
    let packed = gzip::pack(&types_acks(300).to_bytes()).unwrap();
    assert_eq!(link.ask(&acks).1, []);
    assert_eq!(link.ask_bytes(&packed).1, []);
    link.world.faults.strict_acks = true;
    assert_eq!(link.tell(&acks).1, []);
    assert_eq!(bad_code(&link.ask(&acks).1[..1]).2, 34);
    assert_eq!(bad_code(&link.ask_bytes(&packed).1[..1]).2, 34);
}

fn types_acks(count: usize) -> enums::MsgsAck {
    enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![5; count] })
}

#[test]
fn other_service_messages_are_odd_or_even() {
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask(&PING);
    assert!(heard[0].is::<enums::Pong>().is_some());
    let (_, heard) = link.tell(&PING);
    assert!(heard[0].is::<enums::Pong>().is_some());
    let (_, heard) = link.tell(&functions::RpcDropAnswer { req_msg_id: 4 });
    assert!(heard[0].result().is_some());
    let (_, heard) = link.ask(&functions::GetFutureSalts { num: 1 });
    assert!(heard[0].is::<enums::FutureSalts>().is_some());
}

#[test]
fn a_refused_message_in_a_container_costs_the_others_nothing() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let query = own(0, 0);
    let base = NOW << 32 | 0x10_0000;
    let messages = [
        (base, 1, &query[..]),
        (base + 4, 2, &query),
        (base + 8, 1, &query),
        (base + 12, 3, &query),
    ];
    let heard = link.send_as(base + 100, 4, &container(&messages));
    let refused: Vec<_> =
        heard.iter().filter(|heard| heard.body().starts_with(&[0x11, 0xf8, 0xef, 0xa7])).collect();
    assert_eq!(refused[0].body(), notification(base + 4, 2, 35));
    assert_eq!(refused[1].body(), notification(base + 8, 1, 32));
    let answered: Vec<_> = heard.iter().filter_map(|heard| heard.result()).collect();
    assert_eq!(answered.iter().map(|(query, _)| *query).collect::<Vec<_>>(), [base, base + 12]);
    assert_eq!(executed.load(Ordering::SeqCst), 2);
}

#[test]
fn a_container_may_come_twice() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let base = NOW << 32 | 0x10_0000;
    let body = container(&[(base, 1, &own(0, 0))]);
    let first = link.send_as(base + 100, 2, &body);
    assert_eq!(link.send_as(base + 100, 2, &body), first);
    assert_eq!(executed.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refused_message_begins_no_session() {
    let mut link = Link::new(1);
    let msg_id = link.next_msg_id();
    let heard = link.send_as(msg_id, 2, &own(0, 0));
    assert_eq!(bodies(&heard), [notification(msg_id, 2, 35)]);
    assert!(link.world.sessions.is_empty());
}

#[test]
fn what_is_not_content_has_even_numbers_and_what_is_has_odd_ones_that_rise() {
    let mut link = Link::new(1);
    let mut content = 0;
    for round in 0..5 {
        let query = own(0, 0);
        intercept(&mut link);
        let (_, heard) = link.ask_all(&[PING.to_bytes(), query.clone(), query]);
        for message in heard {
            let Heard::Message { seq_no, .. } = message else { panic!() };
            let is_content =
                message.result().is_some() || message.is::<enums::NewSession>().is_some();
            // Acknowledgements are said last, pongs before all answers are.
            assert_eq!(seq_no & 1 == 1, is_content, "round {round}: {message:?}");
            if is_content {
                assert_eq!(seq_no, 2 * content + 1);
                content += 1;
            }
        }
    }
}

#[test]
fn a_test_may_have_packets_refused() {
    let mut link = Link::new(1).greeted();
    link.world.faults.refuse.extend([16, 17, 18, 19, 20, 32, 33, 34, 35, 64]);
    for code in [16, 17, 18, 19, 20, 32, 33, 34, 35, 64] {
        let (msg_id, heard) = link.tell(&PING);
        assert_eq!(bad_code(&heard).0, msg_id);
        assert_eq!(bad_code(&heard).2, code);
    }
    link.world.faults.refuse.push_back(48);
    let (_, heard) = link.tell(&PING);
    let Some(enums::BadMsgNotification::BadServerSalt(bad)) = heard[0].is() else {
        panic!("{heard:?}");
    };
    assert_eq!(bad.new_server_salt, link.salt);
    let (_, heard) = link.tell(&PING);
    assert!(heard[0].is::<enums::Pong>().is_some());
}

#[test]
fn a_test_may_have_containers_refused() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    link.world.faults.refuse_containers = 2;
    for _ in 0..2 {
        let (_, heard) = link.ask_all(&[own(0, 0), own(0, 0)]);
        assert_eq!(bad_code(&heard).2, 64);
    }
    // One alone is none.
    assert_eq!(executed.load(Ordering::SeqCst), 0);
    let (_, heard) = link.ask_all(&[own(0, 0), own(0, 0)]);
    assert_eq!((heard.len(), executed.load(Ordering::SeqCst)), (2, 2));
}
