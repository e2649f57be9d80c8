//! `new_session_created` (mtproto/service_messages, "New Session Creation Notification").

use layer_mtproto::connection::{Call, Event, Failure};
use layer_tl_types::{enums, types};

use crate::peer::{Peer, config, question};

#[test]
fn the_first_session_of_a_saved_key_has_missed_updates_and_that_of_a_fresh_one_has_not() {
    let mut peer = Peer::new();
    let said = peer.serve();
    peer.events();
    peer.say_new_session(said.first().map_or(0, |said| said.outer), 5);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));

    let mut peer = Peer::without_a_key(config());
    peer.agree();
    peer.listen();
    peer.events();
    peer.say_new_session(0, 5);
    assert!(peer.events().is_empty());
}

#[test]
fn a_session_that_is_told_of_on_the_second_link_may_be_the_second_one() {
    let mut peer = Peer::new();
    let once = peer.call(Call::new(question(1)).once());
    let repeated = peer.ask(2);
    let queued = peer.questions();
    peer.reconnect();
    peer.events();
    // The server answers what comes first on the new link before it reads on.
    let said = peer.listen();
    let first = said.iter().find(|said| said.number().is_none()).unwrap();
    peer.say_new_session(first.outer + 4, 5);
    let events = peer.events();
    let [Event::UpdatesMissed, Event::Failed { call, reason: Failure::Unknown }] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(call, once);
    let again = peer.question();
    assert!(again.msg_id > queued[1].msg_id);
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(repeated, true);
}

#[test]
fn a_session_that_is_told_of_again_is_the_same() {
    let mut peer = Peer::greeted();
    let once = peer.call(Call::new(question(1)).once());
    let sent = peer.question();
    // 77 is what it was greeted with.
    for _ in 0..3 {
        peer.say_new_session(i64::MAX, 77);
    }
    assert!(peer.events().is_empty() && peer.questions().is_empty());
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(once, false);
    peer.say_new_session(0, 78);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
}

#[test]
fn calls_before_the_first_message_of_a_session_may_have_run_in_one_that_nobody_told_of() {
    let mut peer = Peer::new();
    let once = peer.call(Call::new(question(1)).once());
    let call = peer.ask(2);
    let first = peer.questions();
    let third = peer.call(Call::new(question(3)).once());
    let later = peer.question();
    peer.events();
    peer.say_new_session(later.outer, 5);
    let events = peer.events();
    let [Event::UpdatesMissed, Event::Failed { call: failed, reason: Failure::Unknown }] =
        events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(failed, once);
    let again = peer.question();
    assert!(again.number() == Some(2) && again.msg_id > first[1].outer);
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, true);
    peer.answer(later.msg_id, b"done");
    peer.assert_answered(third, false);
}

#[test]
fn what_is_in_the_container_that_began_a_session_is_in_it() {
    let mut peer = Peer::new();
    let call = peer.ask(1);
    let said = peer.serve();
    let sent = said.iter().find(|said| said.number().is_some()).unwrap();
    assert!(sent.in_container());
    peer.say_new_session(sent.outer, 5);
    assert!(peer.questions().is_empty());
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_call_that_went_out_again_into_a_new_session_may_have_run_in_the_old() {
    let mut peer = Peer::greeted();
    let (plain, sent) = peer.asked(1);
    let (arrived, has) = peer.asked(2);
    let acks = layer_tl_types::types::MsgsAck { msg_ids: vec![has.msg_id] };
    peer.say(&layer_tl_types::enums::MsgsAck::Ack(acks));
    peer.reconnect();
    let again = peer.question();
    peer.events();
    peer.say_new_session(again.outer, 78);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
    // The one that had arrived is not in the new session.
    let third = peer.question();
    assert_eq!(third.number(), Some(2));
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(plain, true);
    peer.answer(third.msg_id, b"done");
    peer.assert_answered(arrived, true);
}

#[test]
fn a_call_that_has_arrived_and_must_not_run_twice_fails_with_its_session() {
    let mut peer = Peer::greeted();
    let call = peer.call(Call::new(question(1)).once());
    let sent = peer.question();
    let acks = layer_tl_types::types::MsgsAck { msg_ids: vec![sent.msg_id] };
    peer.say(&layer_tl_types::enums::MsgsAck::Ack(acks));
    peer.reconnect();
    let said = peer.serve();
    peer.events();
    peer.say_new_session(said.first().map_or(i64::MAX, |said| said.outer).max(sent.outer + 4), 78);
    let events = peer.events();
    let [Event::UpdatesMissed, Event::Failed { call: of, reason: Failure::Unknown }] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(of, call);
}

#[test]
fn a_call_that_went_out_twice_into_the_first_session_of_a_link_has_run_once() {
    let mut peer = Peer::new();
    let (call, sent) = peer.asked(1);
    let resend = types::MsgResendReq { msg_ids: vec![sent.msg_id] };
    peer.say(&enums::MsgResendReq::Req(resend));
    let again = peer.question();
    assert_eq!(again.msg_id, sent.msg_id);
    peer.say_new_session(sent.outer, 5);
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}
