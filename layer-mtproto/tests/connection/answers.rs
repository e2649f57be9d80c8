//! Answers and errors (mtproto/service_messages, "RPC Query Error"), also packed, twice, too late, or
//! not to be read; and updates, which never take an answer's place.

use layer_mtproto::connection::{CallId, Event, Failure};
use layer_mtproto::wire::gzip;
use layer_mtproto::wire::message::write_rpc_result;
use layer_tl_types::{Identifiable, Serializable, enums, types};

use crate::peer::Peer;

fn updates() -> Vec<u8> {
    enums::Updates::TooLong.to_bytes()
}

fn result(req_msg_id: i64, object: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    write_rpc_result(req_msg_id, object, &mut body);
    body
}

fn answered(peer: &mut Peer, call: CallId) -> Vec<u8> {
    let events = peer.events();
    let [Event::Answer { call: of, result: Ok(object), .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*of, call);
    object.clone()
}

#[test]
fn an_answer_goes_to_its_caller_whatever_it_is() {
    let mut peer = Peer::greeted();
    let service = [
        updates(),
        enums::Pong::Pong(types::Pong { msg_id: 1, ping_id: 2 }).to_bytes(),
        enums::NewSession::Created(types::NewSessionCreated {
            first_msg_id: i64::MAX,
            unique_id: 9,
            server_salt: 1,
        })
        .to_bytes(),
        enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![1] }).to_bytes(),
        0x1234_5678_u32.to_bytes(),
    ];
    for (number, object) in service.into_iter().enumerate() {
        let (call, sent) = peer.asked(number as u32);
        peer.answer(sent.msg_id, &object);
        assert_eq!(answered(&mut peer, call), object);
    }
    peer.assert_nothing_is_left();
}

#[test]
fn an_update_that_is_pushed_while_calls_wait_is_pushed() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.say_content(&updates());
    let events = peer.events();
    let [Event::Push(pushed)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*pushed, updates());
    peer.answer(sent.msg_id, &updates());
    assert_eq!(answered(&mut peer, call), updates());
    // Both at once, in any order.
    let (call, sent) = peer.asked(2);
    let push = (peer.next_msg_id(false), 1, updates());
    let answer = (peer.next_msg_id(true), 3, result(sent.msg_id, &updates()));
    let push_too = (peer.next_msg_id(false), 5, updates());
    peer.say_container(&[push, answer, push_too]);
    let events = peer.events();
    let [Event::Push(_), Event::Answer { call: of, .. }, Event::Push(_)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*of, call);
}

#[test]
fn answers_come_in_any_order_each_to_its_call() {
    let mut peer = Peer::greeted();
    let calls: Vec<_> = (0..50).map(|number| peer.ask(number)).collect();
    let said = peer.questions();
    for (call, said) in calls.iter().zip(&said).rev() {
        let number = said.number().unwrap().to_bytes();
        peer.answer(said.msg_id, &number);
        assert_eq!(answered(&mut peer, *call), number);
    }
    peer.assert_nothing_is_left();
}

#[test]
fn an_error_is_an_answer() {
    let mut peer = Peer::greeted();
    for (code, name) in
        [(400, "PEER_ID_INVALID"), (420, "FLOOD_WAIT_7"), (-503, "Timeout"), (0, "")]
    {
        let (call, sent) = peer.asked(1);
        peer.answer_error(sent.msg_id, code, name);
        let error = peer.assert_error(call);
        assert_eq!((error.code, &*error.name), (code, name));
        assert_eq!(error.to_string(), format!("{code} {name}"));
    }
    peer.assert_nothing_is_left();
}

#[test]
fn an_error_whose_text_is_not_utf8_is_an_error_all_the_same() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let error =
        [&0x2144_ca19_u32.to_le_bytes()[..], &420_i32.to_le_bytes(), b"\x0eFLOOD_WAIT_\xff\xfe7\0"];
    peer.answer(sent.msg_id, &error.concat());
    let error = peer.assert_error(call);
    assert_eq!(error.code, 420);
    assert!(error.name.starts_with("FLOOD_WAIT_"), "{}", error.name);
    peer.assert_nothing_is_left();
}

#[test]
fn an_error_that_can_not_be_read_ends_its_call_and_no_link() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.answer(sent.msg_id, &0x2144_ca19_u32.to_le_bytes());
    let events = peer.events();
    let [Event::Failed { call: of, reason: Failure::Malformed(_) }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*of, call);
    peer.assert_nothing_is_left();
    let (call, sent) = peer.asked(2);
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn packed_answers_and_messages_are_unpacked() {
    let mut peer = Peer::greeted();
    let object = [&updates()[..], &[0; 4000]].concat();
    let packed = gzip::pack(&object).unwrap();
    // The object in the answer.
    let (call, sent) = peer.asked(1);
    peer.answer(sent.msg_id, &packed);
    assert_eq!(answered(&mut peer, call), object);
    // All of the message.
    let (call, sent) = peer.asked(2);
    let whole = gzip::pack(&result(sent.msg_id, &object)).unwrap();
    peer.say_content(&whole);
    assert_eq!(answered(&mut peer, call), object);
    // In a container, beside an update.
    let (call, sent) = peer.asked(3);
    let answer = (peer.next_msg_id(true), 1, result(sent.msg_id, &packed));
    let push = (peer.next_msg_id(false), 3, packed.clone());
    peer.say_container(&[answer, push]);
    let events = peer.events();
    let [Event::Answer { call: of, result: Ok(answer), .. }, Event::Push(push)] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*of, answer, push), (call, &object, &object));
    // A packed service message.
    let (call, sent) = peer.asked(4);
    let acks = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![sent.msg_id; 100] });
    peer.say_content(&gzip::pack(&acks.to_bytes()).unwrap());
    assert!(peer.events().is_empty());
    peer.reconnect();
    assert!(peer.questions().is_empty(), "it has arrived");
    peer.events();
    // A packed error.
    let name = "A".repeat(400);
    let error = types::RpcError { error_code: 500, error_message: name.clone() };
    let error = gzip::pack(&enums::RpcError::Error(error).to_bytes()).unwrap();
    peer.answer(sent.msg_id, &error);
    assert_eq!(peer.assert_error(call).name, name);
}

#[test]
fn an_answer_that_can_not_be_unpacked_ends_its_call_and_no_link() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let packed = [&0x3072_cfa1_u32.to_le_bytes()[..], b"\x05abcde\0\0"].concat();
    peer.answer(sent.msg_id, &packed);
    let events = peer.events();
    let [Event::Failed { call: of, reason: Failure::Answer(_) }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*of, call);
    peer.assert_nothing_is_left();
}

#[test]
fn an_answer_to_a_call_that_is_over_or_never_was_is_let_pass() {
    let mut peer = Peer::greeted();
    let (done, sent) = peer.asked(1);
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(done, false);
    let (cancelled, late) = peer.asked(2);
    assert!(peer.client.cancel(cancelled, peer.now));
    assert!(!peer.client.cancel(cancelled, peer.now) && !peer.client.cancel(done, peer.now));
    for msg_id in [sent.msg_id, late.msg_id, sent.msg_id + 4, 0, i64::MAX] {
        peer.answer(msg_id, b"late");
        peer.answer_error(msg_id, 400, "MSG_WAIT_FAILED");
        peer.answer_error(msg_id, 400, "CONNECTION_NOT_INITED");
    }
    assert!(peer.events().is_empty());
    let next = peer.asked(3).1;
    assert!(!next.initialises);
}

#[test]
fn a_call_that_was_sent_and_is_cancelled_is_cancelled_at_the_server_too() {
    let mut peer = Peer::greeted();
    let unsent = peer.ask(1);
    assert!(peer.client.cancel(unsent, peer.now));
    assert!(peer.serve().is_empty());
    let (call, sent) = peer.asked(2);
    assert!(peer.client.cancel(call, peer.now));
    peer.assert_nothing_is_left();
    let said = peer.serve();
    let [drop] = &said[..] else { panic!("{said:?}") };
    let request = drop.read::<layer_tl_types::functions::RpcDropAnswer>().unwrap();
    assert_eq!(request.req_msg_id, sent.msg_id);
    let answers = [
        enums::RpcDropAnswer::RpcAnswerUnknown,
        enums::RpcDropAnswer::RpcAnswerDroppedRunning,
        enums::RpcDropAnswer::RpcAnswerDropped(types::RpcAnswerDropped {
            msg_id: sent.msg_id,
            seq_no: 1,
            bytes: 100,
        }),
    ];
    let before = peer.client.footprint().requests;
    peer.answer(drop.msg_id, &answers[0].to_bytes());
    assert_eq!(peer.client.footprint().requests, before - 1);
    // Whatever is answered, in place of the call's answer too, nobody hears of it.
    for answer in answers {
        peer.answer(drop.msg_id, &answer.to_bytes());
        peer.answer(sent.msg_id, &answer.to_bytes());
    }
    assert!(peer.events().is_empty());
    assert!(peer.questions().is_empty());
}

#[test]
fn a_refused_call_that_is_cancelled_before_it_goes_again_is_not_known_to_the_server() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.say_bad_message(sent.msg_id, 77);
    assert!(peer.client.cancel(call, peer.now));
    peer.assert_nothing_is_left();
    assert!(peer.serve().is_empty());
}

#[test]
fn objects_that_nobody_knows_are_pushed() {
    let mut peer = Peer::greeted();
    for object in [&[1, 2, 3, 4][..], &[9; 400], &types::MsgsAck::CONSTRUCTOR_ID.to_be_bytes()] {
        peer.say_content(object);
        let events = peer.events();
        assert!(matches!(&events[..], [Event::Push(pushed)] if pushed == object), "{events:?}");
    }
}

#[test]
fn each_number_under_which_a_call_went_out_is_known_until_it_is_answered() {
    let mut peer = Peer::greeted();
    let (call, first) = peer.asked(1);
    assert_eq!(peer.client.footprint().msg_ids, 1);
    peer.say_bad_salt(first.msg_id, 99);
    let second = peer.question();
    assert_eq!(peer.client.footprint().msg_ids, 2);
    peer.answer(second.msg_id, b"done");
    peer.assert_answered(call, false);
    peer.assert_nothing_is_left();
}
