//! `bad_msg_notification` (mtproto/service_messages_about_messages, "Notice of Ignored Error Message"):
//! what is refused goes out again, in the way that suits the reason. The clock's codes, 16 and 17,
//! are in `clock`, salts in `salts`.

use layer_mtproto::connection::{Call, Event, Failure, Lost};
use layer_tl_types::{Identifiable, enums, functions, types};

use crate::course::{acknowledged, states_asked};
use crate::peer::{Peer, Said, question};

/// Those after which the two ends disagree about the session.
const OF_THE_SESSION: [i32; 6] = [18, 19, 32, 33, 34, 35];
/// Those after which it is enough to send again; 48 says its salt elsewhere, the last are unknown.
const OF_THE_MESSAGE: [i32; 5] = [48, 0, 21, 77, -1];

/// What can't be packed and goes alone.
fn part() -> Call {
    let part = functions::upload::SaveFilePart::CONSTRUCTOR_ID;
    Call::new([&part.to_le_bytes()[..], &[0; 32_800]].concat())
}

#[test]
fn a_session_that_the_server_finds_wrong_is_left_for_another() {
    for code in OF_THE_SESSION {
        let mut peer = Peer::greeted();
        let (call, sent) = peer.asked(1);
        peer.say_bad_message(sent.msg_id, code);
        assert!(matches!(peer.events()[..], [Event::UpdatesMissed]), "{code}");
        let said = peer.serve();
        assert!(said.iter().all(|said| said.session_id != sent.session_id), "{code}");
        let again = said.iter().find(|said| said.number() == Some(1)).unwrap();
        assert!(again.msg_id > sent.msg_id && again.initialises, "{code}");
        let destroyed = said.iter().find_map(Said::read::<functions::DestroySession>).unwrap();
        assert_eq!(destroyed.session_id, sent.session_id, "{code}");
        peer.answer(again.msg_id, b"done");
        peer.assert_answered(call, false);
        peer.assert_nothing_is_left();
    }
}

#[test]
fn other_calls_of_a_session_that_is_left_may_have_run() {
    for code in OF_THE_SESSION {
        let mut peer = Peer::greeted();
        let (repeated, first) = peer.asked(1);
        let once = peer.call(Call::new(question(2)).once());
        peer.question();
        let refused = peer.call(Call::new(question(3)).once());
        let sent = peer.question();
        let queued = peer.call(Call::new(question(4)).once());
        peer.say_bad_message(sent.msg_id, code);
        let events = peer.events();
        let [Event::Failed { call, reason: Failure::Unknown }, Event::UpdatesMissed] = events[..]
        else {
            panic!("{code} {events:?}")
        };
        assert_eq!(call, once);
        let again = peer.questions();
        assert_eq!(again.iter().map(Said::number).collect::<Vec<_>>(), [Some(1), Some(3), Some(4)]);
        // What comes of the old session is let pass.
        let new_session = std::mem::replace(&mut peer.session_id, first.session_id);
        peer.answer(first.msg_id, b"late");
        assert!(peer.events().is_empty(), "{code}");
        peer.session_id = new_session;
        for (call, said, is_repeated) in
            [(repeated, &again[0], true), (refused, &again[1], false), (queued, &again[2], false)]
        {
            peer.answer(said.msg_id, b"done");
            peer.assert_answered(call, is_repeated);
        }
    }
}

#[test]
fn a_message_that_is_refused_for_another_reason_goes_out_again_in_its_session() {
    for code in OF_THE_MESSAGE {
        let mut peer = Peer::greeted();
        let once = peer.call(Call::new(question(1)).once());
        let sent = peer.question();
        peer.say_bad_message(sent.msg_id, code);
        let again = peer.question();
        assert!(again.msg_id > sent.msg_id, "{code}");
        assert_eq!(again.session_id, sent.session_id, "{code}");
        peer.answer(again.msg_id, b"done");
        peer.assert_answered(once, false);
        peer.assert_nothing_is_left();
    }
}

#[test]
fn a_refused_container_is_everything_in_it() {
    for code in OF_THE_SESSION.into_iter().chain(OF_THE_MESSAGE).chain([16, 17, 64]) {
        let mut peer = Peer::greeted();
        let acked = peer.say_content(&[9; 4 << 10]);
        let calls = [peer.ask(1), peer.ask(2), peer.ask(3)];
        let said = peer.serve();
        let outer = said[0].outer;
        assert!(said.len() == 4 && said.iter().all(|said| said.outer == outer));
        assert_eq!(acknowledged(&said), [acked]);
        peer.events();
        peer.say_bad_message(outer, code);
        let again = peer.serve();
        let numbers: Vec<_> = again.iter().filter_map(Said::number).collect();
        assert_eq!(numbers, [1, 2, 3], "{code}");
        assert!(again.iter().all(|said| said.msg_id > outer), "{code}");
        // Acknowledgements are of a session, and are made again in it, with what goes again.
        if again[0].session_id == said[0].session_id {
            assert_eq!(acknowledged(&again), [acked], "{code}");
        }
        peer.events();
        for (call, said) in calls.into_iter().zip(again.iter().filter(|s| s.number().is_some())) {
            peer.answer(said.msg_id, b"done");
            peer.assert_answered(call, false);
        }
        peer.assert_nothing_is_left();
    }
}

#[test]
fn a_refused_message_in_a_container_is_that_message_only() {
    let mut peer = Peer::greeted();
    (1..=3).for_each(|number| _ = peer.ask(number));
    let said = peer.questions();
    peer.say_bad_message(said[1].msg_id, 77);
    let again = peer.question();
    assert_eq!(again.number(), Some(2));
    // And once more, by the container's number: the others.
    peer.say_bad_message(said[1].outer, 77);
    let again: Vec<_> = peer.questions().iter().map(Said::number).collect();
    assert_eq!(again, [Some(1), Some(3)]);
}

#[test]
fn what_is_not_ours_or_settled_changes_nothing() {
    for code in OF_THE_SESSION.into_iter().chain(OF_THE_MESSAGE).chain([16, 17, 20, 64]) {
        let mut peer = Peer::greeted();
        let (call, settled) = peer.asked(1);
        peer.answer(settled.msg_id, b"done");
        peer.assert_answered(call, false);
        // A pong tells that all before it was taken.
        let (waiting, sent) = peer.asked(2);
        peer.live(60);
        let salt = sent.salt;
        for msg_id in [settled.msg_id, sent.msg_id ^ 4, 0, -1, i64::MAX, sent.msg_id + (9 << 32)] {
            peer.say_bad_message(msg_id, code);
            peer.say_bad_salt(msg_id, 12_345);
        }
        assert!(peer.events().is_empty(), "{code}");
        let (_, next) = peer.asked(3);
        assert_eq!((next.session_id, next.salt), (sent.session_id, salt), "{code}");
        assert_eq!(next.msg_id >> 32, peer.server_time(), "{code}");
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(waiting, false);
    }
}

#[test]
fn a_notification_that_comes_twice_is_taken_once() {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    peer.say_bad_message(sent.msg_id, 77);
    let again = peer.question();
    peer.say_bad_message(sent.msg_id, 77);
    peer.say_bad_message(sent.msg_id, 34);
    assert!(peer.questions().is_empty());
    assert_eq!(again.session_id, peer.asked(2).1.session_id);
}

#[test]
fn a_call_that_is_always_refused_fails_in_the_end() {
    for code in OF_THE_SESSION.into_iter().chain(OF_THE_MESSAGE).chain([16, 17, 20, 64]) {
        let mut peer = Peer::greeted();
        let call = peer.ask(1);
        let mut rounds = 0;
        while let [sent] = &peer.questions()[..] {
            rounds += 1;
            assert!(rounds < 20, "{code}: for ever");
            peer.say_bad_message(sent.msg_id, code);
        }
        let failure = Failure::Refused { code };
        let events = peer.events();
        let failed = events.iter().filter(|event| {
            matches!(event, Event::Failed { call: failed, reason } if *failed == call && *reason == failure)
        });
        assert_eq!(failed.count(), 1, "{code}: {events:?}");
        peer.assert_nothing_is_left();
        assert!(!events.iter().any(|event| matches!(event, Event::LinkLost(_))), "{code}");
    }
}

#[test]
fn a_server_that_refuses_everything_is_left() {
    let mut peer = Peer::greeted();
    for number in 0..51 {
        assert!(peer.client.poll_deadline().is_some(), "{number}");
        let call = peer.ask(number);
        let sent = peer.question();
        peer.say_bad_message(sent.msg_id, 77);
        peer.client.cancel(call, peer.now);
    }
    assert_eq!(peer.lost(), Some(Lost::Refused { code: 77 }));
    // An answer in between shows that it does not.
    let mut peer = Peer::greeted();
    for number in 0..200 {
        let call = peer.ask(number);
        let sent = peer.question();
        peer.say_bad_message(sent.msg_id, 77);
        if number % 50 == 0 {
            let again = peer.question();
            peer.answer(again.msg_id, b"done");
        }
        peer.client.cancel(call, peer.now);
    }
    assert_eq!(peer.lost(), None);
}

#[test]
fn many_packets_that_were_refused_for_one_reason_are_no_reason_to_leave() {
    for code in [48, 34, 16] {
        let mut peer = Peer::greeted();
        let calls: Vec<_> = (0..60).map(|_| peer.call(part())).collect();
        let sent = peer.serve();
        assert!(sent.len() == 60 && sent.iter().all(|said| !said.in_container()));
        for said in &sent {
            match code {
                48 => peer.say_bad_salt(said.msg_id, 99),
                _ => peer.say_bad_message(said.msg_id, code),
            }
        }
        assert_eq!(peer.lost(), None, "{code}");
        let again: Vec<_> =
            peer.serve().into_iter().filter(|said| said.body.len() > 32_768).collect();
        assert_eq!(again.len(), calls.len());
        assert!(code != 48 || again.iter().all(|said| said.salt == 99));
    }
}

#[test]
fn what_was_under_way_together_is_refused_once() {
    let mut peer = Peer::greeted();
    for _ in 0..40 {
        let calls = [(); 2].map(|()| peer.call(part()));
        let sent = peer.serve();
        let sent: Vec<_> = sent.iter().filter(|said| said.body.len() > 32_768).collect();
        assert_eq!(sent.len(), 2);
        sent.iter().for_each(|said| peer.say_bad_message(said.msg_id, 77));
        calls.into_iter().for_each(|call| assert!(peer.client.cancel(call, peer.now)));
        // The cancellations go before, so that the last of the two is the last of all.
        peer.listen();
    }
    assert_eq!(peer.lost(), None, "40 rounds, not 80 refusals");
}

#[test]
fn nobody_can_tell_what_became_of_a_message_that_is_too_old() {
    let mut peer = Peer::greeted();
    let (repeated, first) = peer.asked(1);
    let once = peer.call(Call::new(question(2)).once());
    let sent_once = peer.question();
    peer.say_bad_message(sent_once.msg_id, 20);
    peer.assert_failed(once, &Failure::Unknown);
    peer.say_bad_message(first.msg_id, 20);
    let again = peer.question();
    assert!(again.msg_id > first.msg_id);
    // The same once more: what goes under another identifier now is not meant.
    peer.say_bad_message(first.msg_id, 20);
    assert!(peer.questions().is_empty());
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(repeated, true);
    peer.assert_nothing_is_left();
}

#[test]
fn after_a_refused_container_everything_goes_alone() {
    let mut peer = Peer::greeted();
    (1..=3).for_each(|number| _ = peer.ask(number));
    let said = peer.questions();
    peer.say_bad_message(said[0].outer, 64);
    let packets = peer.listen_to_packets();
    assert_eq!(packets.len(), 3);
    assert!(packets.concat().iter().all(|said| !said.in_container()));
    assert_eq!(packets.concat()[0].session_id, said[0].session_id);
    // The next link may be another server's.
    peer.reconnect();
    assert!(peer.questions().iter().all(Said::in_container));
}

#[test]
fn refused_service_messages_are_sent_again() {
    let mut peer = Peer::new();
    let said = peer.listen();
    let [ping, salts] = &said[..] else { panic!("{said:?}") };
    for refused in [ping, salts] {
        peer.say_bad_message(refused.msg_id, 77);
        let again = peer.listen();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].id(), refused.id());
        assert!(again[0].msg_id > refused.msg_id);
        peer.answer_service(&again[0]);
    }
    // The pong has come: nothing is missed.
    peer.advance_secs(20);
    assert_eq!(peer.lost(), None);

    // A cancellation, and a question for states.
    let mut peer = Peer::greeted();
    let (call, _) = peer.asked(1);
    peer.client.cancel(call, peer.now);
    let drop = functions::RpcDropAnswer::CONSTRUCTOR_ID;
    for _ in 0..3 {
        let said = peer.serve();
        assert_eq!((said.len(), said[0].id()), (1, drop));
        peer.say_bad_message(said[0].msg_id, 77);
    }
    peer.serve();
    let (_, sent) = peer.asked(2);
    let mut asked = states_asked(&peer.live(20));
    for _ in 0..3 {
        let [(req_msg_id, msg_ids)] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(msg_ids[0], sent.msg_id);
        peer.say_bad_message(*req_msg_id, 77);
        asked = states_asked(&peer.serve());
    }
}

#[test]
fn a_call_that_went_out_again_and_is_refused_then_may_have_run_before() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.reconnect();
    let again = peer.question();
    assert_eq!(again.msg_id, sent.msg_id);
    // The refusal is of this sending: the first one may have been taken.
    peer.say_bad_message(if again.in_container() { again.outer } else { again.msg_id }, 77);
    let third = peer.question();
    assert_eq!(third.msg_id, sent.msg_id, "the server knows it again");
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_refusal_of_a_message_that_has_gone_out_anew_is_not_of_the_new_one() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.answer_error(sent.msg_id, 400, "CONNECTION_NOT_INITED");
    let again = peer.question();
    peer.say_bad_message(sent.msg_id, 77);
    assert!(peer.questions().is_empty());
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn acknowledgements_that_are_refused_are_made_again() {
    let mut peer = Peer::greeted();
    let msg_id = peer.say_content(&[9; 8]);
    let acks = peer.live(30);
    assert_eq!(acknowledged(&acks), [msg_id]);
    peer.say_bad_message(acks[0].msg_id, 77);
    assert_eq!(acknowledged(&peer.live(30)), [msg_id]);
    let info = types::MsgsStateReq { msg_ids: vec![msg_id] };
    peer.say(&enums::MsgsStateReq::Req(info));
    assert_eq!(peer.serve()[0].read::<types::MsgsStateInfo>().unwrap().info, [4]);
}
