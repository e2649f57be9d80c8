//! What the server has said goes out again under the same identifier until it is acknowledged.

use std::time::Duration;

use layer_tl_types::{Serializable, enums, functions, types};

use crate::link::{GET_CONFIG, Heard, Link, intercept, own};

const PING: functions::Ping = functions::Ping { ping_id: 1 };

fn msg_ids(heard: &[Heard]) -> Vec<i64> {
    heard.iter().map(Heard::msg_id).collect()
}

fn push(link: &mut Link, object: Vec<u8>) {
    assert!(link.world.push(link.key.id(), link.session_id, object));
}

fn ask_again(msg_ids: Vec<i64>) -> enums::MsgResendReq {
    enums::MsgResendReq::Req(types::MsgResendReq { msg_ids })
}

#[test]
fn another_connection_is_sent_what_was_not_acknowledged() {
    let mut link = Link::new(1).greeted();
    let (_, first) = link.ask(&GET_CONFIG);
    let (_, second) = link.ask(&GET_CONFIG);
    push(&mut link, vec![1; 8]);
    link.timeout().unwrap();
    let pushed = link.heard();
    link.ack(&first);
    link.reconnect();
    let (_, heard) = link.tell(&PING);
    assert!(heard[2].is::<enums::Pong>().is_some());
    assert_eq!(heard[..2], [second[0].clone(), pushed[0].clone()]);
    // Once each.
    let (_, heard) = link.tell(&PING);
    assert_eq!(heard.len(), 1);
    // What is acknowledged in the packet by which the connection begins is not sent.
    link.reconnect();
    let acks = types::MsgsAck { msg_ids: vec![second[0].msg_id(), pushed[0].msg_id()] };
    assert_eq!(link.tell(&enums::MsgsAck::Ack(acks)).1, []);
}

#[test]
fn what_is_old_goes_in_a_container_of_its_own() {
    let mut link = Link::new(1).greeted();
    let (_, answer) = link.ask(&GET_CONFIG);
    assert_eq!(link.containers, [0]);
    for (seconds, containers) in [(149, [0, 0]), (2, [1, 0])] {
        link.now.wall += Duration::from_secs(seconds);
        link.reconnect();
        link.world.faults.no_containers = true;
        let (_, heard) = link.tell(&PING);
        assert_eq!(heard[0], answer[0]);
        assert_eq!(link.containers, containers);
    }
}

#[test]
fn a_live_connection_is_sent_again_after_a_minute_a_few_times() {
    let mut link = Link::new(1).greeted();
    let (_, answer) = link.ask(&GET_CONFIG);
    for _ in 1..5 {
        let deadline = link.now.monotonic + Duration::from_secs(60);
        assert_eq!(link.connection.deadline(&link.world), deadline);
        assert_eq!(link.later(59_999), []);
        assert_eq!(link.later(1), answer);
    }
    // Enough is enough, until it is asked for, or the client dials again.
    let closes = link.connection.deadline(&link.world);
    assert!(closes > link.now.monotonic + Duration::from_secs(60));
    let (_, heard) = link.tell(&ask_again(msg_ids(&answer)));
    assert_eq!(heard, answer);
    link.reconnect();
    assert_eq!(link.tell(&PING).1[0], answer[0]);
    assert_eq!(link.later(60_000), answer);
    link.ack(&answer);
    assert_eq!(link.later(60_000), []);
}

#[test]
fn the_new_session_is_told_again_until_it_is_acknowledged() {
    let mut link = Link::new(1);
    let (_, heard) = link.tell(&PING);
    assert_eq!(link.later(60_000), heard[..1]);
    link.reconnect();
    assert_eq!(link.tell(&PING).1[0], heard[0]);
    link.ack(&heard[..1]);
    assert_eq!(link.later(60_000), []);
}

#[test]
fn only_the_connection_that_spoke_last_is_spoken_to() {
    let mut link = Link::new(1).greeted();
    let mut before = Link::new(1);
    std::mem::swap(&mut before.connection, &mut link.connection);
    link.reconnect();
    assert!(link.tell(&PING).1[0].is::<enums::Pong>().is_some());
    push(&mut link, vec![1; 8]);
    let idle = before.connection.deadline(&link.world);
    assert!(idle > link.now.monotonic, "it has nothing to do");
    before.connection.handle_timeout(link.now, &mut link.world, &mut link.rng).unwrap();
    assert!(before.connection.take_output().is_empty());
    link.timeout().unwrap();
    assert_eq!(link.heard()[0].body(), [1; 8]);
}

#[test]
fn what_comes_late_over_an_older_connection_takes_nothing_back() {
    let mut link = Link::new(1).greeted();
    let late = link.next_msg_id();
    let mut older = Link::new(1);
    swap(&mut link, &mut older);
    let (_, answer) = link.ask(&GET_CONFIG);
    swap(&mut link, &mut older);
    // A pong goes where the ping came from; the session stays.
    let heard = link.send_as(late, 0, &PING.to_bytes());
    assert!(heard.len() == 1 && heard[0].is::<enums::Pong>().is_some(), "{heard:?}");
    assert_eq!(link.later(60_000), []);
    swap(&mut link, &mut older);
    assert_eq!(link.later(0), answer);
    // But if the client goes on with the older connection, so does the session.
    swap(&mut link, &mut older);
    let (_, heard) = link.tell(&PING);
    assert_eq!((heard.len(), &heard[0]), (2, &answer[0]));
}

/// Lets the client speak through the other connection.
fn swap(link: &mut Link, other: &mut Link) {
    std::mem::swap(&mut link.connection, &mut other.connection);
    std::mem::swap(&mut link.encoder, &mut other.encoder);
    std::mem::swap(&mut link.decoder, &mut other.decoder);
}

#[test]
fn a_refused_packet_does_not_take_a_session_over() {
    let mut link = Link::new(1).greeted();
    let (_, answer) = link.ask(&GET_CONFIG);
    link.reconnect();
    let right = std::mem::replace(&mut link.salt, 9);
    let (_, heard) = link.tell(&PING);
    assert!(heard.len() == 1 && heard[0].is::<enums::BadMsgNotification>().is_some());
    link.salt = right;
    assert_eq!(link.tell(&PING).1[0], answer[0]);
}

#[test]
fn large_answers_are_announced_when_they_would_be_sent_again() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    // Random bytes do not pack.
    let mut large = own(0, 40 << 10);
    rand_core::Rng::fill_bytes(&mut link.rng, &mut large[8..]);
    let (query, seq_no) = (link.next_msg_id(), link.next_seq_no(true));
    let answer = link.send_as(query, seq_no, &large);
    assert_eq!(answer[0].result(), Some((query, &large[..])));
    let len = answer[0].body().len() as i32;
    let answer_msg_id = answer[0].msg_id();

    link.reconnect();
    let (_, heard) = link.tell(&PING);
    let status = 4 + 8 + 32 + 64;
    let expected = types::MsgDetailedInfo { msg_id: query, answer_msg_id, bytes: len, status };
    assert_eq!(heard[1].is(), Some(enums::MsgDetailedInfo::Info(expected.clone())));
    // Nor is it sent to a query that comes again.
    let heard = link.send_as(query, seq_no, &large);
    assert_eq!(heard[0].is(), Some(enums::MsgDetailedInfo::Info(expected.clone())));
    // And again, if nothing comes of it.
    let heard = link.later(60_000);
    assert_eq!(heard[0].is(), Some(enums::MsgDetailedInfo::Info(expected)));
    // The client has not got it.
    let (_, heard) = link.tell(&ask_again(vec![answer_msg_id]));
    assert_eq!(heard, answer);
    // The client has got it.
    link.ack(&answer);
    link.reconnect();
    assert_eq!(link.tell(&PING).1.len(), 1);
}

#[test]
fn large_pushes_are_announced_when_they_would_be_sent_again() {
    let mut link = Link::new(1).greeted();
    let mut object = vec![0; 40 << 10];
    rand_core::Rng::fill_bytes(&mut link.rng, &mut object);
    push(&mut link, object.clone());
    let pushed = link.later(0);
    assert_eq!(pushed[0].body(), object);
    let heard = link.later(60_000);
    let (answer_msg_id, bytes) = (pushed[0].msg_id(), 40 << 10);
    let expected = types::MsgNewDetailedInfo { answer_msg_id, bytes, status: 0 };
    assert_eq!(heard[0].is(), Some(enums::MsgDetailedInfo::MsgNewDetailedInfo(expected)));
    assert_eq!(link.tell(&ask_again(vec![answer_msg_id])).1, pushed);
}

#[test]
fn a_test_may_have_everything_announced_first() {
    let mut link = Link::new(1);
    link.world.faults.announce = true;
    let (query, heard) = link.ask(&GET_CONFIG);
    assert!(heard[0].is::<enums::NewSession>().is_some());
    let Some(enums::MsgDetailedInfo::Info(info)) = heard[1].is() else { panic!("{heard:?}") };
    assert_eq!(info.msg_id, query);
    let (_, heard) = link.tell(&ask_again(vec![info.answer_msg_id]));
    assert_eq!(heard[0].result().unwrap().0, query);
    assert_eq!(heard[0].body().len() as i32, info.bytes);
    push(&mut link, vec![1; 8]);
    let heard = link.later(0);
    let Some(enums::MsgDetailedInfo::MsgNewDetailedInfo(info)) = heard[0].is() else {
        panic!("{heard:?}");
    };
    assert_eq!(info.bytes, 8);
}

#[test]
fn what_is_not_acknowledged_is_bounded() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let mut query = own(0, 100 << 10);
    rand_core::Rng::fill_bytes(&mut link.rng, &mut query[8..]);
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(link.ask_bytes(&query).0);
        let session = link.world.sessions.get(link.key.id(), link.session_id).unwrap();
        assert!(session.footprint().kept_bytes <= 2 << 20);
    }
    // The latest are kept; of the others it is known that they were answered.
    let by_query = |msg_ids| enums::MsgResendReq::from(types::MsgResendAnsReq { msg_ids });
    let (_, heard) = link.tell(&by_query(vec![ids[39]]));
    assert_eq!(heard[0].result().unwrap().0, ids[39]);
    let (_, heard) = link.tell(&by_query(vec![ids[0]]));
    let Some(enums::MsgsStateInfo::Info(info)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(info.info, [4 + 8 + 32 + 64]);
    for _ in 0..1500 {
        link.ask_bytes(&own(0, 0));
    }
    let session = link.world.sessions.get(link.key.id(), link.session_id).unwrap();
    assert_eq!((session.footprint().kept, session.footprint().received), (1024, 1024));
}

#[test]
fn a_session_that_was_forgotten_begins_again_with_its_lowest_message() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let old = link.next_msg_id();
    link.world.sessions.destroy(link.key.id(), link.session_id);
    let (ids, heard) = link.ask_all(&[own(0, 0), own(0, 0)]);
    let enums::NewSession::Created(created) = heard[0].is().unwrap();
    assert_eq!(created.first_msg_id, ids[0]);
    // What is below it the client sends under other identifiers, so it must not be done twice.
    let before = executed.load(std::sync::atomic::Ordering::SeqCst);
    let heard = link.send_as(old, 1, &own(0, 0));
    assert_eq!(crate::link::bad_code(&heard), (old, 1, 20));
    assert_eq!(executed.load(std::sync::atomic::Ordering::SeqCst), before);
}

#[test]
fn a_connection_serves_the_sessions_that_spoke_last() {
    let mut link = Link::new(1).greeted();
    let first = link.session_id;
    for _ in 0..15 {
        link.session_id += 1;
        link = link.greeted();
    }
    let key_id = link.key.id();
    assert!(link.world.push(key_id, first, vec![1; 8]));
    assert!(link.connection.deadline(&link.world) <= link.now.monotonic);
    link.session_id += 1;
    let mut link = link.greeted();
    assert!(link.connection.deadline(&link.world) > link.now.monotonic);
    assert_eq!(link.later(0), []);
    link.session_id = first;
    let (_, heard) = link.tell(&PING);
    assert_eq!((heard.len(), heard[1].body()), (2, &[1; 8][..]));
}

#[test]
fn what_nobody_takes_does_not_pile_up() {
    let mut link = Link::new(1).greeted();
    let mut object = vec![0; 30 << 10];
    rand_core::Rng::fill_bytes(&mut link.rng, &mut object);
    for _ in 0..60 {
        push(&mut link, object.clone());
    }
    for _ in 0..5 {
        link.timeout().unwrap();
        link.now.monotonic += Duration::from_secs(60);
    }
    let untaken = link.connection.take_output().len();
    assert!((4 << 20..6 << 20).contains(&untaken), "{untaken}");
}

#[test]
fn whatever_comes_again_over_another_connection_takes_the_session_over() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (ping, seq_no) = (link.next_msg_id(), link.next_seq_no(true));
    link.send_as(ping, seq_no, &PING.to_bytes());
    let (_, answer) = link.ask(&GET_CONFIG);
    link.reconnect();
    let heard = link.send_as(ping, seq_no, &PING.to_bytes());
    assert_eq!(heard[0], answer[0]);
    assert!(heard[1].is::<enums::Pong>().is_some());
    // Another message under the same identifier is not looked at, only acknowledged.
    link.reconnect();
    let heard = link.send_as(ping, seq_no, &own(0, 0));
    let acks = types::MsgsAck { msg_ids: vec![ping] };
    assert_eq!((&heard[0], heard[1].is()), (&answer[0], Some(enums::MsgsAck::Ack(acks))));
    assert_eq!(executed.load(std::sync::atomic::Ordering::SeqCst), 0);
}
