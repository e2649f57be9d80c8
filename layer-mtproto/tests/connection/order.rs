//! Calls after others: `invokeAfterMsg` and `invokeAfterMsgs` (core api/invoking).

use layer_mtproto::connection::{Call, CallId};
use layer_tl_types::{
    Deserializable, Identifiable, RawObject, Serializable, enums, functions, types,
};

use crate::peer::{Peer, QUESTION, Said, question};

/// After which messages a question is to be run, and its number.
fn after(said: &Said) -> (Vec<i64>, u32) {
    let (msg_ids, query) = match said.id() {
        functions::InvokeAfterMsg::<RawObject>::CONSTRUCTOR_ID => {
            let after =
                functions::InvokeAfterMsg::<RawObject>::from_bytes(&said.body[4..]).unwrap();
            (vec![after.msg_id], after.query.0)
        }
        functions::InvokeAfterMsgs::<RawObject>::CONSTRUCTOR_ID => {
            let after =
                functions::InvokeAfterMsgs::<RawObject>::from_bytes(&said.body[4..]).unwrap();
            assert!(after.msg_ids.len() > 1, "the short form is for one");
            (after.msg_ids, after.query.0)
        }
        QUESTION => (Vec::new(), said.body.clone()),
        id => panic!("{id:x}"),
    };
    assert_eq!(&query[..4], QUESTION.to_bytes());
    (msg_ids, u32::from_le_bytes(*query[4..].first_chunk().unwrap()))
}

fn ask_after(peer: &mut Peer, number: u32, before: &[CallId]) -> CallId {
    let call = before.iter().fold(Call::new(question(number)), |call, id| call.after(*id));
    peer.call(call)
}

fn heard(peer: &mut Peer) -> Vec<(i64, Vec<i64>, u32)> {
    let others = [types::MsgsAck::CONSTRUCTOR_ID, functions::RpcDropAnswer::CONSTRUCTOR_ID];
    let said = peer.serve();
    said.iter()
        .filter(|said| !others.contains(&said.id()))
        .map(|said| {
            let (msg_ids, number) = after(said);
            (said.msg_id, msg_ids, number)
        })
        .collect()
}

#[test]
fn a_call_names_those_that_it_is_to_follow() {
    let mut peer = Peer::greeted();
    let first = peer.ask(1);
    let second = ask_after(&mut peer, 2, &[first]);
    ask_after(&mut peer, 3, &[first, second]);
    let said = peer.serve();
    assert!(said.iter().all(|said| said.initialises), "which is outermost");
    let said: Vec<_> = said.iter().map(|said| (said.msg_id, after(said))).collect();
    let [(a, none), (b, one), (_, two)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((none, one), (&(vec![], 1), &(vec![*a], 2)));
    assert_eq!(two, &(vec![*a, *b], 3));
}

#[test]
fn what_is_done_is_not_waited_for() {
    let mut peer = Peer::greeted();
    let calls = [1, 2, 3].map(|number| peer.ask(number));
    let said = peer.questions();
    peer.answer(said[0].msg_id, b"done");
    peer.answer_error(said[1].msg_id, 400, "FAILED");
    peer.client.cancel(calls[2], peer.now);
    ask_after(&mut peer, 4, &calls);
    let [(_, msg_ids, 4)] = &heard(&mut peer)[..] else { panic!() };
    assert!(msg_ids.is_empty());
}

#[test]
fn a_server_that_would_not_wait_is_asked_when_those_before_are_done() {
    for name in ["MSG_WAIT_FAILED", "MSG_WAIT_TIMEOUT"] {
        let mut peer = Peer::greeted();
        let first = peer.ask(1);
        let second = ask_after(&mut peer, 2, &[first]);
        let said = heard(&mut peer);
        for _ in 0..5 {
            peer.answer_error(said[1].0, 400, name);
            assert!(peer.events().is_empty(), "{name}");
            assert!(heard(&mut peer).is_empty(), "{name}");
        }
        peer.answer(said[0].0, b"done");
        peer.assert_answered(first, false);
        let again = heard(&mut peer);
        let [(msg_id, msg_ids, 2)] = &again[..] else { panic!("{again:?}") };
        assert!(msg_ids.is_empty() && *msg_id > said[1].0);
        peer.answer(*msg_id, b"done");
        peer.assert_answered(second, false);
        peer.assert_nothing_is_left();
    }
}

#[test]
fn a_failed_wait_after_a_call_that_failed_is_run_then() {
    let mut peer = Peer::greeted();
    let first = peer.ask(1);
    let second = ask_after(&mut peer, 2, &[first]);
    let said = heard(&mut peer);
    peer.answer_error(said[0].0, 400, "FAILED");
    peer.answer_error(said[1].0, 400, "MSG_WAIT_FAILED");
    assert_eq!(peer.assert_error(first).name, "FAILED");
    let again = heard(&mut peer);
    assert_eq!(again[0].1, []);
    peer.answer(again[0].0, b"done");
    peer.assert_answered(second, false);
}

#[test]
fn what_went_out_under_a_new_identifier_is_named_by_it() {
    let mut peer = Peer::greeted();
    let first = peer.ask(1);
    let said = heard(&mut peer);
    peer.say_bad_message(said[0].0, 77);
    ask_after(&mut peer, 2, &[first]);
    let said = heard(&mut peer);
    assert_eq!(said[1].1, [said[0].0]);
    // One that has arrived is named as well.
    let acks = types::MsgsAck { msg_ids: vec![said[0].0] };
    peer.say(&enums::MsgsAck::Ack(acks));
    ask_after(&mut peer, 3, &[first]);
    assert_eq!(heard(&mut peer)[0].1, [said[0].0]);
}

#[test]
fn a_call_waits_for_one_of_which_nobody_knows_what_became() {
    let mut peer = Peer::greeted();
    let once = peer.call(Call::new(question(1)).once());
    let sent = peer.question();
    peer.reconnect();
    ask_after(&mut peer, 2, &[once]);
    assert!(peer.questions().is_empty());
    let info = |peer: &mut Peer, state| {
        let said = peer.live(20);
        let (req_msg_id, msg_ids) = crate::course::states_asked(&said).pop().unwrap();
        let info = types::MsgsStateInfo { req_msg_id, info: vec![state; msg_ids.len()] };
        peer.say(&enums::MsgsStateInfo::Info(info));
    };
    info(&mut peer, 4);
    assert_eq!(heard(&mut peer)[0].1, [sent.msg_id]);
}

#[test]
fn calls_that_wait_hold_up_no_others() {
    let mut peer = Peer::greeted();
    let once = peer.call(Call::new(question(1)).once());
    peer.question();
    peer.reconnect();
    for number in 0..3000 {
        ask_after(&mut peer, number, &[once]);
    }
    peer.ask(5000);
    assert_eq!(peer.question().number(), Some(5000));
}

#[test]
fn what_is_sent_again_over_a_new_link_follows_as_before() {
    let mut peer = Peer::greeted();
    let first = peer.ask(1);
    ask_after(&mut peer, 2, &[first]);
    let said = heard(&mut peer);
    peer.reconnect();
    assert_eq!(heard(&mut peer), said);
}
