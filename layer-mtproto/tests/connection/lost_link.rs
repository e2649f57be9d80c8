//! What becomes of calls when a link is lost (mtproto/service_messages_about_messages).

use layer_mtproto::connection::{Call, CallId, Event, Failure};
use layer_tl_types::{enums, types};

use crate::course::states_asked;
use crate::peer::{Peer, Said, question};

/// A call that may run once was sent over a link that is gone; the client asks about it on the next.
/// The identifiers asked about end with one that the server must know.
fn unsure() -> (Peer, CallId, Said, i64) {
    let mut peer = Peer::greeted();
    let call = peer.call(Call::new(question(1)).once());
    let sent = peer.question();
    peer.reconnect();
    let said = peer.serve();
    assert!(said.iter().all(|said| said.number().is_none()), "it is asked about first: {said:?}");
    let asked = states_asked(&said);
    let [(req_msg_id, msg_ids)] = &asked[..] else { panic!("{asked:?}") };
    let [first, witness] = msg_ids[..] else { panic!("{msg_ids:?}") };
    assert_eq!(first, sent.msg_id);
    assert!(witness < sent.msg_id, "something that was answered");
    assert!(matches!(peer.events()[..], [Event::Ready]));
    (peer, call, sent, *req_msg_id)
}

fn tell(peer: &mut Peer, req_msg_id: i64, info: &[u8]) {
    let info = types::MsgsStateInfo { req_msg_id, info: info.to_vec() };
    peer.say(&enums::MsgsStateInfo::Info(info));
}

#[test]
fn a_call_goes_out_again_under_the_identifier_that_the_server_may_know() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    for _ in 0..5 {
        peer.reconnect();
        let again = peer.question();
        assert_eq!((again.msg_id, again.seq_no), (sent.msg_id, sent.seq_no));
        assert_eq!((again.body, again.session_id), (sent.body.clone(), sent.session_id));
    }
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
    peer.assert_nothing_is_left();
}

#[test]
fn calls_go_out_again_in_the_order_in_which_they_were_made() {
    let mut peer = Peer::greeted();
    (0..20).for_each(|number| _ = peer.ask(number));
    peer.questions();
    (20..40).for_each(|number| _ = peer.ask(number));
    peer.reconnect();
    let numbers: Vec<_> = peer.questions().iter().filter_map(Said::number).collect();
    assert!(numbers.into_iter().eq(0..40));
}

#[test]
fn an_old_message_goes_in_a_fresh_container() {
    for (age, in_container) in [(150, false), (151, true), (299, true), (4000, true)] {
        let mut peer = Peer::greeted();
        let (_, sent) = peer.asked(1);
        // It has arrived: nobody is worried.
        let acks = types::MsgsAck { msg_ids: vec![sent.msg_id] };
        peer.say(&enums::MsgsAck::Ack(acks));
        peer.now.monotonic += std::time::Duration::from_secs(age);
        peer.now.wall += std::time::Duration::from_secs(age);
        // Ping and salts are due, and go alone.
        peer.serve();
        let again = types::MsgResendReq { msg_ids: vec![sent.msg_id] };
        peer.say(&enums::MsgResendReq::Req(again));
        let again = peer.question();
        assert_eq!(again.msg_id, sent.msg_id);
        assert_eq!(again.in_container(), in_container, "{age} s");
        assert!(!in_container || again.outer >> 32 == peer.server_time());
    }
}

#[test]
fn what_was_never_sent_is_sent_when_there_is_a_link() {
    let mut peer = Peer::greeted();
    peer.disconnect();
    let call = peer.call(Call::new(question(1)).once());
    assert!(peer.client.poll_deadline().is_none());
    assert!(peer.listen().is_empty());
    peer.connect();
    let sent = peer.question();
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn what_has_arrived_is_not_sent_again() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.say(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![sent.msg_id] }));
    peer.reconnect();
    assert!(peer.questions().is_empty());
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_cancelled_call_is_not_sent_again() {
    let mut peer = Peer::greeted();
    let (call, _) = peer.asked(1);
    peer.disconnect();
    assert!(peer.client.cancel(call, peer.now));
    peer.assert_nothing_is_left();
    peer.connect();
    assert!(peer.questions().is_empty());
}

#[test]
fn a_call_that_may_run_once_is_sent_again_if_the_server_has_lost_it_and_nothing_else() {
    let (mut peer, call, sent, req_msg_id) = unsure();
    tell(&mut peer, req_msg_id, &[2, 4]);
    let again = peer.question();
    assert_eq!((again.msg_id, again.seq_no), (sent.msg_id, sent.seq_no));
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
    peer.assert_nothing_is_left();
}

#[test]
fn a_call_that_may_run_once_fails_if_nobody_can_tell_whether_it_has() {
    // Nothing known; not received, by a server that has forgotten what it must know; no such state.
    for info in [[1, 4], [1, 1], [2, 1], [2, 2], [2, 3], [0, 4], [5, 4], [1 | 128, 4]] {
        let (mut peer, call, _, req_msg_id) = unsure();
        tell(&mut peer, req_msg_id, &info);
        peer.assert_failed(call, &Failure::Unknown);
        peer.assert_nothing_is_left();
        assert!(peer.questions().is_empty());
    }
    // Nothing was said of what it must know.
    let (mut peer, call, _, req_msg_id) = unsure();
    tell(&mut peer, req_msg_id, &[2]);
    peer.assert_failed(call, &Failure::Unknown);
}

#[test]
fn a_call_that_may_run_once_and_was_to_go_out_again_is_asked_about_first() {
    let mut peer = Peer::greeted();
    let call = peer.call(Call::new(question(1)).once());
    let sent = peer.question();
    let again = types::MsgResendReq { msg_ids: vec![sent.msg_id] };
    peer.say(&enums::MsgResendReq::Req(again));
    // It is lost before that.
    peer.reconnect();
    let said = peer.serve();
    assert!(said.iter().all(|said| said.number().is_none()), "it is asked about first: {said:?}");
    let asked = states_asked(&said);
    let [(req_msg_id, msg_ids)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(msg_ids[0], sent.msg_id);
    peer.events();
    tell(&mut peer, *req_msg_id, &[1, 1]);
    peer.assert_failed(call, &Failure::Unknown);
    peer.assert_nothing_is_left();
}

#[test]
fn a_call_that_was_too_early_goes_out_under_a_new_identifier() {
    let (mut peer, call, sent, req_msg_id) = unsure();
    tell(&mut peer, req_msg_id, &[3, 4]);
    let again = peer.question();
    assert!(again.msg_id > sent.msg_id);
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_call_that_the_server_has_is_waited_for() {
    for state in [4, 4 | 8, 4 | 16, 4 | 32, 4 | 128, 4 | 64] {
        let (mut peer, call, sent, req_msg_id) = unsure();
        tell(&mut peer, req_msg_id, &[state, 4]);
        assert!(peer.questions().is_empty(), "{state}");
        // As other things are heard on this link, nobody worries before a minute has passed.
        assert_eq!(states_asked(&peer.live(59)), [], "{state}");
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
        peer.assert_nothing_is_left();
    }
}

#[test]
fn a_question_for_states_that_is_not_answered_is_asked_again() {
    let (mut peer, call, sent, _) = unsure();
    let asked = states_asked(&peer.live(21));
    let [(req_msg_id, msg_ids)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(msg_ids[0], sent.msg_id);
    tell(&mut peer, *req_msg_id, &[2, 4]);
    let again = peer.question();
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_server_that_has_forgotten_the_session_may_have_run_what_was_sent_before() {
    let (mut peer, once, ..) = unsure();
    peer.say_new_session(i64::MAX, 78);
    let events = peer.events();
    let [Event::UpdatesMissed, Event::Failed { call, reason: Failure::Unknown }] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(call, once);
    peer.assert_nothing_is_left();

    // One that begins before the call may have it: that is asked.
    let (mut peer, once, sent, req_msg_id) = unsure();
    peer.say_new_session(sent.outer, 78);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
    assert!(peer.questions().is_empty());
    tell(&mut peer, req_msg_id, &[4, 4]);
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(once, false);

    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.reconnect();
    let again = peer.question();
    peer.say_new_session(again.outer, 78);
    let events = peer.events();
    assert!(matches!(events[..], [Event::Ready, Event::UpdatesMissed]), "{events:?}");
    assert!(peer.questions().is_empty(), "the new session has it");
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, true);
}

#[test]
fn a_call_that_goes_out_once_more_into_the_first_session_that_is_told_of_may_have_run_before() {
    let mut peer = Peer::new();
    let (call, sent) = peer.asked(1);
    peer.reconnect();
    let again = peer.question();
    assert_eq!(again.msg_id, sent.msg_id);
    peer.say_new_session(again.outer, 5);
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, true);
}

#[test]
fn a_call_that_went_out_once_into_a_new_session_has_run_once() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.say_new_session(sent.outer, 78);
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_call_that_must_not_run_twice_has_not_if_the_server_had_not_received_it() {
    let (mut peer, once, _, req_msg_id) = unsure();
    tell(&mut peer, req_msg_id, &[2, 4]);
    let again = peer.question();
    peer.say_new_session(again.outer, 78);
    peer.events();
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(once, false);
}

#[test]
fn a_server_that_forgets_the_session_after_it_got_a_call_is_asked_anew() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let once = peer.call(Call::new(question(2)).once());
    let sent_once = peer.question();
    peer.say_new_session(sent_once.outer + 4, 78);
    let events = peer.events();
    let [Event::UpdatesMissed, Event::Failed { call: failed, reason: Failure::Unknown }] =
        events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(failed, once);
    let again = peer.question();
    assert!(again.msg_id > sent.msg_id);
    assert_eq!(again.number(), Some(1));
    assert!(again.initialises, "the server has forgotten who we are");
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, true);
}

#[test]
fn an_answer_under_a_former_identifier_is_an_answer() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.say_new_session(sent.outer + 4, 78);
    let again = peer.question();
    assert_ne!(again.msg_id, sent.msg_id);
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, true);
    peer.assert_nothing_is_left();
    peer.answer(again.msg_id, b"done");
    assert!(peer.events().is_empty(), "answered already");
}

#[test]
fn what_is_asked_of_a_server_fits_into_one_message() {
    let mut config = crate::peer::config();
    config.most_calls = 20_000;
    let mut peer = Peer::with(config, 0);
    peer.greet();
    for number in 0..20_000 {
        peer.call(Call::new(question(number)).once());
    }
    let mut sent = 0;
    while sent < 20_000 {
        sent += peer.questions().len();
    }
    peer.reconnect();
    let asked = states_asked(&peer.serve());
    let lens: Vec<_> = asked.iter().map(|(_, msg_ids)| msg_ids.len()).collect();
    // One of each is what the server must know.
    assert_eq!(lens, [8192, 8192, 20_000 - 2 * 8191 + 1]);
}
