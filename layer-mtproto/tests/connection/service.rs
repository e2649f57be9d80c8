//! Service messages both ways (mtproto/service_messages_about_messages): states of messages, what is
//! to be sent again, what is announced, and what is destroyed.

use layer_mtproto::connection::{Call, Event, Failure};
use layer_tl_types::{Serializable, enums, functions, types};

use crate::course::{acknowledged, states_asked};
use crate::peer::{Peer, question};

const PUSH: [u8; 8] = [9; 8];

fn resend_requests(peer: &mut Peer) -> Vec<i64> {
    let said = peer.serve();
    said.iter()
        .filter_map(|said| said.read::<types::MsgResendReq>())
        .flat_map(|r| r.msg_ids)
        .collect()
}

fn states(peer: &mut Peer, msg_ids: Vec<i64>) -> Vec<u8> {
    let req_msg_id = peer.say(&enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids }));
    let said = peer.serve();
    let info = said.iter().find_map(|said| said.read::<types::MsgsStateInfo>()).unwrap();
    assert_eq!(info.req_msg_id, req_msg_id);
    assert!(said.iter().all(|said| said.seq_no % 2 == 0));
    info.info
}

#[test]
fn the_server_is_told_the_states_of_its_messages() {
    let mut peer = Peer::greeted();
    let known = peer.say_content(&PUSH);
    let time = peer.server_time();
    let asked = vec![known, known + 400, (time + 30) << 32 | 1, (time + 31) << 32 | 1, 1, known];
    assert_eq!(states(&mut peer, asked), [4, 2, 2, 3, 2, 4]);
    // What is older than all that is remembered.
    for _ in 0..3 {
        let messages: Vec<_> =
            (0..1000).map(|_| (peer.next_msg_id(false), 0, PUSH.to_vec())).collect();
        peer.say_container(&messages);
    }
    assert_eq!(states(&mut peer, vec![known, 1]), [1, 1]);
}

#[test]
fn what_is_told_unasked_is_taken_as_far_as_it_is_good() {
    for (state, arrived) in
        [(4, true), (4 | 8 | 32, true), (1, false), (2, false), (3, false), (0, false), (5, false)]
    {
        let mut peer = Peer::greeted();
        let (call, sent) = peer.asked(1);
        let once = peer.call(Call::new(question(2)).once());
        let sent_once = peer.question();
        let msg_ids = vec![sent.msg_id, sent_once.msg_id, 12_345];
        let info = types::MsgsAllInfo { msg_ids, info: vec![state; 3] };
        peer.say(&enums::MsgsAllInfo::Info(info));
        assert!(peer.events().is_empty() && peer.questions().is_empty(), "{state}");
        peer.reconnect();
        let said = peer.serve();
        let again = said.iter().any(|said| said.number() == Some(1));
        assert_eq!(again, !arrived, "{state}");
        assert_eq!(states_asked(&said).is_empty(), arrived, "{state}");
        peer.events();
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
        peer.answer(sent_once.msg_id, b"done");
        peer.assert_answered(once, false);
    }
}

#[test]
fn the_server_is_asked_about_calls_of_which_nothing_is_heard() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let tell = |peer: &mut Peer, seconds: u64, state: u8| {
        assert_eq!(states_asked(&peer.live(seconds - 1)), []);
        let asked = states_asked(&peer.live(10));
        let [(req_msg_id, msg_ids)] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(msg_ids[0], sent.msg_id);
        let mut info = vec![4; msg_ids.len()];
        info[0] = state;
        let info = types::MsgsStateInfo { req_msg_id: *req_msg_id, info };
        peer.say(&enums::MsgsStateInfo::Info(info));
    };
    // Lost on the way: the same once more.
    tell(&mut peer, 20, 2);
    assert_eq!(peer.question().msg_id, sent.msg_id);
    // Being run; then answered, and the answer is asked for by the question itself.
    tell(&mut peer, 20, 4 | 32);
    assert!(peer.questions().is_empty());
    tell(&mut peer, 60, 4);
    assert!(peer.questions().is_empty());
    tell(&mut peer, 60, 4 | 64);
    assert_eq!(peer.question().msg_id, sent.msg_id);
    // Nothing known: it may have run.
    tell(&mut peer, 20, 1);
    let again = peer.question();
    assert!(again.msg_id > sent.msg_id);
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, true);
    peer.assert_nothing_is_left();
}

#[test]
fn a_call_that_must_not_run_twice_is_safe_with_states() {
    // Of the call, and of the other message asked about, which the server has answered.
    let cases = [
        ([1, 4], None),
        ([2, 4], Some(true)),
        ([2, 2], None),
        ([3, 4], Some(false)),
        ([0, 4], None),
        ([6, 4], None),
    ];
    for (states, expected) in cases {
        let mut peer = Peer::greeted();
        let call = peer.call(Call::new(question(1)).once());
        let sent = peer.question();
        let (req_msg_id, msg_ids) = states_asked(&peer.live(29)).pop().unwrap();
        assert_eq!(msg_ids.len(), 2);
        let info = types::MsgsStateInfo { req_msg_id, info: states.into() };
        peer.say(&enums::MsgsStateInfo::Info(info));
        match expected {
            None => peer.assert_failed(call, &Failure::Unknown),
            Some(same) => assert_eq!(peer.question().msg_id == sent.msg_id, same, "{states:?}"),
        }
    }
}

#[test]
fn states_of_a_message_that_has_gone_out_anew_are_not_looked_at() {
    for heard in [true, false] {
        let mut peer = Peer::greeted();
        let (call, sent) = peer.asked(1);
        let (req_msg_id, msg_ids) = states_asked(&peer.live(20)).pop().unwrap();
        assert_eq!(msg_ids[0], sent.msg_id);
        peer.answer_error(sent.msg_id, 400, "CONNECTION_NOT_INITED");
        if heard {
            assert!(peer.question().msg_id > sent.msg_id);
        }
        let info = types::MsgsStateInfo { req_msg_id, info: vec![1, 4] };
        peer.say(&enums::MsgsStateInfo::Info(info));
        if heard {
            assert!(peer.questions().is_empty(), "it is under way");
        } else {
            assert!(peer.question().msg_id > sent.msg_id);
        }
        peer.answer(peer.last_question, b"done");
        peer.assert_answered(call, false);
    }
}

#[test]
fn what_a_server_has_not_received_goes_again_under_its_number_though_it_has_forgotten_others() {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    peer.reconnect();
    peer.question();
    let (req_msg_id, msg_ids) = states_asked(&peer.live(29)).pop().unwrap();
    assert_eq!(msg_ids.len(), 2);
    let info = types::MsgsStateInfo { req_msg_id, info: vec![2, 1] };
    peer.say(&enums::MsgsStateInfo::Info(info));
    assert_eq!(peer.question().msg_id, sent.msg_id);
}

#[test]
fn an_acknowledgement_of_a_former_number_says_nothing_of_the_present_one() {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    peer.say_bad_message(sent.msg_id, 77);
    let again = peer.question();
    peer.say(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![sent.msg_id] }));
    peer.reconnect();
    assert_eq!(peer.question().msg_id, again.msg_id, "sent again, as it was not acknowledged");
}

#[test]
fn states_that_nobody_asked_for_are_not_looked_at() {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    let ping = peer.live(60);
    assert!(states_asked(&ping).iter().all(|(_, msg_ids)| msg_ids[0] == sent.msg_id));
    for req_msg_id in [0, sent.msg_id] {
        for state in [1, 2, 3, 4] {
            let info = types::MsgsStateInfo { req_msg_id, info: vec![state] };
            peer.say(&enums::MsgsStateInfo::Info(info));
        }
    }
    assert!(peer.events().is_empty() && peer.questions().is_empty());
    peer.reconnect();
    assert_eq!(peer.question().msg_id, sent.msg_id);
}

#[test]
fn a_message_that_the_server_wants_again_is_sent_again() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let resend = |msg_ids| enums::MsgResendReq::Req(types::MsgResendReq { msg_ids });
    peer.say(&resend(vec![1, sent.msg_id, sent.msg_id + 4]));
    let again = peer.question();
    assert_eq!((again.msg_id, again.seq_no, &again.body), (sent.msg_id, sent.seq_no, &sent.body));
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
    peer.say(&resend(vec![sent.msg_id]));
    assert!(peer.questions().is_empty(), "it is answered");
    // What waits under a new number does not go out under the old one.
    let (_, sent) = peer.asked(2);
    peer.say_bad_message(sent.msg_id, 77);
    peer.say(&resend(vec![sent.msg_id]));
    let again = peer.question();
    assert!(again.msg_id > sent.msg_id);
    peer.say(&resend(vec![sent.msg_id]));
    assert!(peer.questions().is_empty(), "under way by another number");
}

#[test]
fn a_call_that_may_run_once_is_sent_again_when_the_server_says_that_it_has_not_received_it() {
    let mut peer = Peer::greeted();
    let call = peer.call(Call::new(question(1)).once());
    let sent = peer.question();
    let resend = types::MsgResendReq { msg_ids: vec![sent.msg_id] };
    peer.say(&enums::MsgResendReq::Req(resend));
    let said = peer.serve();
    assert!(said.iter().all(|said| said.number().is_none()), "{said:?}");
    let asked = states_asked(&said);
    let [(req_msg_id, msg_ids)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(msg_ids[0], sent.msg_id);
    let info = types::MsgsStateInfo { req_msg_id: *req_msg_id, info: vec![2, 4] };
    peer.say(&enums::MsgsStateInfo::Info(info));
    assert_eq!(peer.question().msg_id, sent.msg_id);
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_call_that_went_out_twice_on_a_link_may_have_met_two_memories() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let resend = types::MsgResendReq { msg_ids: vec![sent.msg_id] };
    peer.say(&enums::MsgResendReq::Req(resend));
    peer.question();
    // It has forgotten the first, or what it made of it, when the second came.
    peer.say_new_session(sent.msg_id, 78);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, true);
}

#[test]
fn an_announced_answer_is_asked_for_if_it_is_wanted_and_not_here() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let header = peer.header(true);
    let announce = |peer: &mut Peer, msg_id| {
        let info = types::MsgDetailedInfo {
            msg_id,
            answer_msg_id: header.msg_id,
            bytes: 100_000,
            status: 0,
        };
        peer.say(&enums::MsgDetailedInfo::Info(info));
    };
    announce(&mut peer, sent.msg_id);
    announce(&mut peer, sent.msg_id);
    assert_eq!(resend_requests(&mut peer), [header.msg_id], "once");
    // The question has arrived, then.
    peer.reconnect();
    assert!(peer.questions().is_empty());
    peer.events();
    let mut body = Vec::new();
    layer_mtproto::wire::message::write_rpc_result(sent.msg_id, b"done", &mut body);
    peer.say_body(header, &body);
    peer.assert_answered(call, false);
    // It is here: the server may forget it.
    assert_eq!(acknowledged(&peer.live(30)), [header.msg_id]);
    announce(&mut peer, sent.msg_id);
    assert_eq!(resend_requests(&mut peer), []);
    assert_eq!(acknowledged(&peer.live(30)), [header.msg_id]);
}

#[test]
fn an_announced_answer_that_nobody_waits_for_is_acknowledged() {
    let mut peer = Peer::greeted();
    let answer_msg_id = peer.next_msg_id(true);
    let info = types::MsgDetailedInfo { msg_id: 444, answer_msg_id, bytes: 9, status: 0 };
    peer.say(&enums::MsgDetailedInfo::Info(info));
    assert_eq!(resend_requests(&mut peer), []);
    assert_eq!(acknowledged(&peer.live(30)), [answer_msg_id]);
}

#[test]
fn an_announced_message_is_asked_for_unless_it_is_here() {
    let mut peer = Peer::greeted();
    let here = peer.say_content(&PUSH);
    let missing = peer.next_msg_id(false);
    for answer_msg_id in [here, missing] {
        let info = types::MsgNewDetailedInfo { answer_msg_id, bytes: 9, status: 0 };
        peer.say(&enums::MsgDetailedInfo::MsgNewDetailedInfo(info));
    }
    let said = peer.serve();
    let asked = said.iter().find_map(|said| said.read::<types::MsgResendReq>()).unwrap();
    assert_eq!(asked.msg_ids, [missing]);
    assert_eq!(acknowledged(&said), [here, here]);
}

/// A client that has left a session, and the message by which it has that destroyed.
fn destroying() -> (Peer, i64, i64) {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    peer.say_bad_message(sent.msg_id, 34);
    let said = peer.serve();
    let destroy = |said: &crate::peer::Said| {
        Some((said.msg_id, said.read::<functions::DestroySession>()?.session_id))
    };
    let (msg_id, session_id) = said.iter().find_map(destroy).unwrap();
    assert_eq!(session_id, sent.session_id);
    assert_ne!(session_id, said[0].session_id, "never the current one");
    peer.events();
    (peer, msg_id, session_id)
}

fn destroys(peer: &mut Peer) -> bool {
    peer.serve().iter().any(|said| said.read::<functions::DestroySession>().is_some())
}

#[test]
fn a_session_is_destroyed_once() {
    let ok = |session_id| {
        enums::DestroySessionRes::DestroySessionOk(types::DestroySessionOk { session_id })
    };
    let none = |session_id| {
        enums::DestroySessionRes::DestroySessionNone(types::DestroySessionNone { session_id })
    };
    // By itself, or as a call's answer.
    for as_answer in [false, true] {
        for is_ok in [false, true] {
            let (mut peer, msg_id, session_id) = destroying();
            let before = peer.client.footprint().requests;
            let answer = |session_id| if is_ok { ok(session_id) } else { none(session_id) };
            if as_answer {
                peer.answer(msg_id, &answer(session_id).to_bytes());
            } else {
                peer.say(&answer(session_id ^ 1));
                assert_eq!(peer.client.footprint().requests, before, "another session");
                peer.say(&answer(session_id));
            }
            assert_eq!(peer.client.footprint().requests, before - 1);
            assert!(peer.events().is_empty());
            peer.reconnect();
            assert!(!destroys(&mut peer));
        }
    }
    // Unanswered, it is asked for once more.
    let (mut peer, ..) = destroying();
    peer.reconnect();
    assert!(destroys(&mut peer));
}

/// A client that wants its key destroyed, and the message in which it says so.
fn unwanted() -> (Peer, i64) {
    let mut peer = Peer::greeted();
    peer.client.destroy_key(&mut peer.rng);
    let said = peer.serve();
    let destroy = said.iter().find(|said| said.read::<functions::DestroyAuthKey>().is_some());
    let msg_id = destroy.unwrap().msg_id;
    (peer, msg_id)
}

#[test]
fn a_key_is_destroyed_when_the_server_says_so() {
    for answer in
        [enums::DestroyAuthKeyRes::DestroyAuthKeyOk, enums::DestroyAuthKeyRes::DestroyAuthKeyNone]
    {
        for as_answer in [false, true] {
            let (mut peer, msg_id) = unwanted();
            if as_answer {
                peer.answer(msg_id, &answer.to_bytes());
            } else {
                peer.say(&answer);
            }
            assert!(matches!(peer.events()[..], [Event::KeyDestroyed]));
            assert!(peer.client.saved(peer.now).is_none());
            assert!(peer.client.call(Call::new(question(1)), peer.now).is_err());
        }
    }
}

#[test]
fn a_key_is_kept_when_the_server_does_not_destroy_it() {
    let fail = enums::DestroyAuthKeyRes::DestroyAuthKeyFail.to_bytes();
    let error = types::RpcError { error_code: 500, error_message: "INTERNAL".into() };
    let error = enums::RpcError::Error(error).to_bytes();
    for (answer, as_answer) in [(&fail, true), (&fail, false), (&error, true)] {
        let (mut peer, msg_id) = unwanted();
        if as_answer {
            peer.answer(msg_id, answer);
        } else {
            peer.say_content(answer);
        }
        let events = peer.events();
        assert!(matches!(events[..], [Event::KeyKept]), "{events:?}");
        assert!(peer.client.saved(peer.now).is_some());
        let (call, sent) = peer.asked(5);
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
    }
}

#[test]
fn nobody_but_us_can_have_a_key_destroyed() {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    for answer in
        [enums::DestroyAuthKeyRes::DestroyAuthKeyOk, enums::DestroyAuthKeyRes::DestroyAuthKeyNone]
    {
        peer.say(&answer);
        peer.answer(sent.msg_id + 4, &answer.to_bytes());
    }
    assert!(peer.events().is_empty());
    assert!(peer.client.saved(peer.now).is_some());
}

#[test]
fn a_wish_to_destroy_the_key_outlives_its_link() {
    let (mut peer, _) = unwanted();
    peer.reconnect();
    let said = peer.serve();
    assert!(said.iter().any(|said| said.read::<functions::DestroyAuthKey>().is_some()));
}

#[test]
fn service_messages_as_bytes() {
    let mut peer = Peer::greeted();
    let known = peer.say_content(&[9; 4 << 10]);
    let header = peer.header(false);
    let ids = |ids: &[i64]| ids.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<_>>();
    let vector = |items: &[i64]| {
        [&hex_literal::hex!("15c4b51c")[..], &(items.len() as u32).to_le_bytes(), &ids(items)]
            .concat()
    };
    let request = [&hex_literal::hex!("52fb69da")[..], &vector(&[known])].concat();
    peer.say_body(header, &request);
    let said = peer.serve();
    let req = header.msg_id.to_le_bytes();
    let info = [&hex_literal::hex!("7db5de04")[..], &req, &hex_literal::hex!("01040000")].concat();
    assert_eq!(said[0].body, info);
    let acks = [&hex_literal::hex!("59b4d662")[..], &vector(&[known])].concat();
    assert_eq!(said[1].body, acks);
}
