//! Containers and packed objects on their way to the client.

use std::sync::atomic::Ordering;

use layer_crypto::envelope::Header;
use layer_sandbox::Reply;
use layer_sandbox::connection::Fault;
use layer_tl_types::{Serializable, enums, functions, types};
use layer_wire::framing::TransportError;
use layer_wire::gzip;
use layer_wire::message::{GZIP_PACKED, MSG_CONTAINER};

use crate::link::{GET_CONFIG, Heard, Link, intercept, own};

fn is_packed(object: &[u8]) -> bool {
    object.starts_with(&GZIP_PACKED.to_le_bytes())
}

#[test]
fn what_is_due_at_once_goes_in_one_container() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (_, heard) = link.ask_all(&vec![own(0, 0); 1019]);
    assert_eq!((heard.len(), &link.containers[..]), (1019, &[1019][..]));
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let bodies = vec![own(0, 0); 1021];
    let (ids, heard) = link.ask_all(&bodies);
    assert_eq!(link.containers, [1020, 0]);
    let answered: Vec<i64> = heard.iter().map(|heard| heard.result().unwrap().0).collect();
    assert_eq!(answered, ids);
}

#[test]
fn a_container_has_no_more_than_a_mebibyte() {
    let mut link = Link::new(1).greeted();
    let mut large = vec![0; 400 << 10];
    rand_core::Rng::fill_bytes(&mut link.rng, &mut large);
    link.world.intercept(move |_, _| Some(Reply::Now(Ok(large.clone()))));
    let (ids, heard) = link.ask_all(&vec![vec![1; 4]; 5]);
    assert_eq!((ids.len(), heard.len(), &link.containers[..]), (5, 5, &[2, 2, 0][..]));
}

#[test]
fn a_message_larger_than_that_goes_alone() {
    let mut link = Link::new(1).greeted();
    let mut large = vec![0; 3 << 20];
    rand_core::Rng::fill_bytes(&mut link.rng, &mut large);
    let answer = large.clone();
    link.world.intercept(move |_, _| Some(Reply::Now(Ok(answer.clone()))));
    let (_, heard) = link.ask_bytes(&[1; 4]);
    assert_eq!((heard[0].result().unwrap().1, &link.containers[..]), (&large[..], &[0][..]));
    // It is the newest, and so kept.
    link.reconnect();
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    assert!(heard[1].is::<enums::MsgDetailedInfo>().is_some());
}

#[test]
fn a_test_may_have_every_message_go_alone() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    link.world.faults.no_containers = true;
    let (_, heard) = link.ask_all(&vec![own(0, 0); 5]);
    assert_eq!((heard.len(), &link.containers[..]), (5, &[0; 5][..]));
}

#[test]
fn large_answers_are_packed_and_small_ones_if_a_test_wants() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    for (more, packed) in [(4084, false), (4088, true)] {
        let query = own(0, more);
        let (_, heard) = link.ask_bytes(&query);
        let object = heard[0].result().unwrap().1;
        assert_eq!(is_packed(object), packed);
        assert_eq!(gzip::unpack_object(object, usize::MAX).unwrap(), query);
    }
    link.world.faults.gzip_answers = true;
    let (_, heard) = link.ask(&GET_CONFIG);
    let object = heard[0].result().unwrap().1;
    assert!(is_packed(object));
    let config = gzip::unpack_object(object, usize::MAX).unwrap();
    assert_eq!(config[..4], 0xcc1a_241e_u32.to_le_bytes());
    // What gets no smaller stays as it is.
    let (_, heard) = link.ask_bytes(&own(0, 0));
    assert_eq!(heard[0].result().unwrap().1, own(0, 0));
}

#[test]
fn pushed_objects_are_packed_too() {
    let mut link = Link::new(1).greeted();
    let (key_id, session_id) = (link.key.id(), link.session_id);
    for (len, forced, packed) in [(400, false, false), (400, true, true), (8000, false, true)] {
        link.world.faults.gzip_answers = forced;
        assert!(link.world.push(key_id, session_id, vec![1; len]));
        let heard = link.later(0);
        assert_eq!(is_packed(heard[0].body()), packed);
        assert_eq!(gzip::unpack_object(heard[0].body(), usize::MAX).unwrap(), vec![1; len]);
    }
}

#[test]
fn what_is_too_long_closes_the_connection_as_a_flood() {
    let msg_ids = vec![4; 8193];
    let acks = |msg_ids| enums::MsgsAck::Ack(types::MsgsAck { msg_ids }).to_bytes();
    let states = |msg_ids| enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids }).to_bytes();
    let again = |msg_ids| enums::MsgResendReq::Req(types::MsgResendReq { msg_ids }).to_bytes();
    let answers =
        |msg_ids| enums::MsgResendReq::from(types::MsgResendAnsReq { msg_ids }).to_bytes();
    let all = |msg_ids| {
        enums::MsgsAllInfo::Info(types::MsgsAllInfo { msg_ids, info: vec![4; 8193] }).to_bytes()
    };
    let one = own(0, 0);
    let bodies: [&dyn Fn(Vec<i64>) -> Vec<u8>; 5] = [&acks, &states, &again, &answers, &all];
    for body in bodies {
        let mut link = Link::new(1).greeted();
        let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(false));
        let header = Header { salt: link.salt, session_id: link.session_id, msg_id, seq_no };
        let packet = link.seal(&header, &body(msg_ids[1..].to_vec()));
        assert_eq!(link.send_packet(&packet, false), Ok(()));
        link.heard();
        let msg_id = link.next_msg_id();
        let packet = link.seal(&Header { msg_id, ..header }, &body(msg_ids.clone()));
        assert_eq!(link.send_packet(&packet, false), Err(Fault::TooMany));
        assert_eq!(link.heard().last(), Some(&Heard::Error(TransportError::FLOOD)));
        assert!(link.connection.is_closed());
    }
    // A container of 1025, which nobody's library writes.
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    for count in [1024_u32, 1025] {
        let mut body = MSG_CONTAINER.to_le_bytes().to_vec();
        body.extend(count.to_le_bytes());
        for _ in 0..count {
            body.extend(link.next_msg_id().to_le_bytes());
            body.extend(link.next_seq_no(true).to_le_bytes());
            body.extend((one.len() as u32).to_le_bytes());
            body.extend(&one);
        }
        let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(false));
        let header = Header { salt: link.salt, session_id: link.session_id, msg_id, seq_no };
        let packet = link.seal(&header, &body);
        assert_eq!(link.send_packet(&packet, false).is_ok(), count == 1024);
    }
    assert_eq!(executed.load(Ordering::SeqCst), 1024);
}
