//! Perfect forward secrecy: temporary keys are bound before anything else is said, renewed in time
//! and given up without harm to the permanent one (core api/pfs).

use layer_mtproto::connection::{Call, CallError, Config, Event, Failure, Lost};
use layer_mtproto::wire::framing::TransportError;
use layer_sandbox::exchange::Agreed;
use layer_tl_types::{enums, types};

use crate::peer::{Peer, config, key, question};

fn forward_secrecy(lifetime: i32) -> Config {
    let mut config = config();
    config.temporary_keys = Some(lifetime);
    config
}

/// A client with a permanent key and a temporary one that is bound, and nothing to do.
fn bound(lifetime: i32) -> (Peer, Agreed) {
    let mut peer = Peer::with(forward_secrecy(lifetime), 0);
    let agreed = peer.agree();
    peer.bind(&key());
    peer.greet();
    (peer, agreed)
}

/// The same, as a call is under way and the next temporary key has been agreed.
fn renewing() -> (Peer, Agreed, Agreed) {
    let (mut peer, old) = bound(7200);
    // A quarter of its life is left, and it is 30 s old already.
    peer.live(5400 - 31);
    let (_, sent) = peer.asked(1);
    assert_eq!(sent.key_id, old.key.id());
    peer.live(1);
    assert_eq!(peer.plain.len(), 1, "the next is agreed");
    let new = peer.agree();
    assert!(peer.events().is_empty());
    (peer, old, new)
}

#[test]
fn a_machine_wants_to_be_woken_when_a_key_is_to_be_renewed() {
    let (mut peer, _) = bound(7190);
    // It is renewed after 5393 s, and the next ping is due 7 s later.
    peer.live(5393 - 31 - 3);
    let due = peer.client.poll_deadline().unwrap() - peer.now.monotonic;
    assert!((3..=5).contains(&due.as_secs()), "{due:?}");
}

#[test]
fn keys_are_agreed_where_there_are_none() {
    let mut peer = Peer::without_a_key(config());
    let call = peer.ask(1);
    assert!(peer.client.saved(peer.now).is_none());
    assert_eq!(peer.client.awaited(), Some("resPQ"));
    let agreed = peer.agree();
    assert_eq!(peer.client.awaited(), None);
    assert!(matches!(peer.events()[..], [Event::KeyAgreed, Event::Ready]));
    assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, agreed.key);
    let sent = peer.question();
    assert_eq!((sent.key_id, sent.salt), (agreed.key.id(), agreed.salt));
    assert!(sent.initialises);
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn both_keys_are_agreed_where_there_are_none() {
    let mut peer = Peer::without_a_key(forward_secrecy(3600));
    let permanent = peer.agree();
    assert!(matches!(peer.events()[..], [Event::KeyAgreed]));
    let temporary = peer.agree();
    let binding = peer.bind(&permanent.key);
    assert_eq!(binding.said.key_id, temporary.key.id());
    assert!(matches!(peer.events()[..], [Event::Ready]));
    let saved = peer.client.saved(peer.now).unwrap();
    assert_eq!(saved.auth_key, permanent.key);
    assert!(saved.salts.is_empty(), "those of the temporary key are of no use later");
}

#[test]
fn a_temporary_key_is_bound_before_anything_else_is_said() {
    let mut peer = Peer::with(forward_secrecy(3600), 0);
    peer.ask(1);
    let agreed = peer.agree();
    let binding = peer.hear_binding(&key());
    assert_eq!((binding.said.key_id, binding.said.salt), (agreed.key.id(), agreed.salt));
    let (request, inner) = (&binding.request, &binding.inner);
    assert_eq!(request.perm_auth_key_id, key().id());
    assert_eq!(i64::from(request.expires_at), agreed.expires_at.unwrap());
    assert_eq!(i64::from(request.expires_at), peer.server_time() + 3600);
    assert_eq!((inner.nonce, inner.expires_at), (request.nonce, request.expires_at));
    assert_eq!((inner.temp_auth_key_id, inner.perm_auth_key_id), (agreed.key.id(), key().id()));
    assert_eq!(inner.temp_session_id, binding.said.session_id);
    assert_eq!(binding.inner_msg_id, binding.said.msg_id);
    // A new session is told of and must be acknowledged: later.
    peer.say_new_session(binding.said.msg_id, 5);
    peer.advance_secs(10);
    assert!(peer.listen().is_empty());
    assert!(peer.events().is_empty());
    peer.answer(binding.said.msg_id, &crate::agreement::TRUE);
    assert!(matches!(peer.events()[..], [Event::Ready]));
    let sent = peer.question();
    assert!(sent.initialises);
    assert_eq!(sent.key_id, agreed.key.id());
}

#[test]
fn a_binding_that_is_not_answered_ends_the_link() {
    let mut peer = Peer::with(forward_secrecy(3600), 0);
    peer.agree();
    peer.hear_binding(&key());
    let sent_at = peer.now.monotonic;
    peer.pass_until(sent_at * 2);
    assert_eq!((peer.now.monotonic - sent_at).as_secs(), 15);
    assert_eq!(peer.lost(), Some(Lost::Silent));
    // The key is bound on the next link.
    peer.connect();
    peer.bind(&key());
    assert!(matches!(peer.events()[..], [Event::Ready]));
}

#[test]
fn each_binding_is_sealed_for_its_own_message() {
    for code in [48, 16, 17, 18, 33, 34, 64, 99] {
        let mut peer = Peer::with(forward_secrecy(3600), 0);
        peer.agree();
        let first = peer.hear_binding(&key());
        match code {
            48 => peer.say_bad_salt(first.said.msg_id, 99),
            _ => peer.say_bad_message(first.said.msg_id, code),
        }
        let second = peer.bind(&key());
        assert_ne!(second.said.msg_id, first.said.msg_id);
        assert_eq!(second.inner_msg_id, second.said.msg_id, "{code}");
        assert_eq!(second.inner.temp_session_id, second.said.session_id, "{code}");
        assert!(peer.events().iter().any(|event| matches!(event, Event::Ready)), "{code}");
    }
}

#[test]
fn a_refused_binding_costs_the_temporary_key_only() {
    let mut peer = Peer::with(forward_secrecy(3600), 0);
    peer.agree();
    let binding = peer.hear_binding(&key());
    peer.answer_error(binding.said.msg_id, 400, "EXPIRES_AT_INVALID");
    let Some(Lost::Binding(error)) = peer.lost() else { panic!() };
    assert_eq!(error.name, "EXPIRES_AT_INVALID");
    peer.connect();
    peer.agree();
    peer.bind(&key());
    assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, key());
}

#[test]
fn a_permanent_key_is_dead_when_the_server_says_so_under_a_temporary_one() {
    let mut peer = Peer::with(forward_secrecy(3600), 0);
    let call = peer.ask(1);
    peer.agree();
    let binding = peer.hear_binding(&key());
    peer.answer_error(binding.said.msg_id, 400, "ENCRYPTED_MESSAGE_INVALID");
    let events = peer.events();
    let [Event::Failed { call: failed, reason: Failure::KeyDead }, Event::KeyDead] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(failed, call);
    peer.assert_nothing_is_left();
    assert!(matches!(peer.client.call(Call::new(question(2)), peer.now), Err(CallError::KeyDead)));
    assert!(peer.client.saved(peer.now).is_none());
    peer.connect();
    assert!(peer.listen().is_empty() && peer.plain.is_empty());
    assert!(peer.client.poll_deadline().is_none());
}

#[test]
fn a_key_that_was_just_agreed_may_not_be_known_everywhere_yet() {
    for (age, is_dead) in [(0, false), (59, false), (60, true)] {
        let mut peer = Peer::without_a_key(forward_secrecy(3600));
        let permanent = peer.agree();
        peer.disconnect();
        peer.advance_secs(age);
        peer.connect();
        peer.agree();
        let binding = peer.hear_binding(&permanent.key);
        peer.answer_error(binding.said.msg_id, 400, "ENCRYPTED_MESSAGE_INVALID");
        let events = peer.events();
        assert_eq!(events.iter().any(|event| matches!(event, Event::KeyDead)), is_dead, "{age}");
        assert_eq!(peer.client.saved(peer.now).is_none(), is_dead, "{age}");
    }
}

#[test]
fn a_temporary_key_is_kept_over_lost_links() {
    let (mut peer, agreed) = bound(7200);
    let (call, sent) = peer.asked(1);
    peer.reconnect();
    assert!(matches!(peer.events()[..], [Event::Ready]));
    let again = peer.question();
    assert_eq!((again.msg_id, again.session_id), (sent.msg_id, sent.session_id));
    assert_eq!(again.key_id, agreed.key.id());
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn a_temporary_key_that_is_about_to_end_is_not_taken_up() {
    for (left, is_taken) in [(31, true), (30, false), (-100, false)] {
        let (mut peer, _) = bound(7200);
        peer.disconnect();
        // The peer was greeted for 30 s.
        peer.advance_secs((7200 - 30 - left) as u64);
        peer.connect();
        peer.listen();
        assert_eq!(peer.plain.is_empty(), is_taken, "{left} s left");
    }
}

#[test]
fn a_temporary_key_is_renewed_in_time() {
    for (lifetime, before) in [(86_400, 3600), (7200, 1800), (1200, 300)] {
        let (mut peer, old) = bound(lifetime);
        let renewed_at = (lifetime - before - 30) as u64;
        peer.live(renewed_at - 1);
        assert!(peer.plain.is_empty(), "{lifetime}");
        peer.live(1);
        assert_eq!(peer.plain.len(), 1, "{lifetime}");
        let new = peer.agree();
        assert_ne!(new.key.id(), old.key.id());
        // With nothing under way it is gone over to at once.
        let binding = peer.bind(&key());
        assert_eq!((binding.said.key_id, binding.said.salt), (new.key.id(), new.salt));
        let events = peer.events();
        assert!(matches!(events[..], [Event::UpdatesMissed, Event::Ready]), "{events:?}");
        peer.greet();
        let (call, sent) = peer.asked(5);
        assert!(sent.initialises, "the session is new");
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
    }
}

#[test]
fn calls_under_way_are_answered_under_the_old_key_and_new_ones_wait_for_the_new() {
    let (mut peer, old, new) = renewing();
    let later = peer.ask(2);
    assert!(peer.questions().is_empty());
    // The last answer under the old key.
    let old_session = peer.session_id;
    peer.answer(peer.last_question, b"done");
    let events = peer.events();
    assert!(
        matches!(events[..], [Event::Answer { maybe_repeated: false, .. }, Event::UpdatesMissed]),
        "{events:?}"
    );
    let binding = peer.bind(&key());
    assert_eq!(binding.said.key_id, new.key.id());
    let sent = peer.question();
    assert_eq!((sent.number(), sent.key_id), (Some(2), new.key.id()));
    peer.events();
    // What still comes under the old key is let pass.
    let header = layer_crypto::envelope::Header { session_id: old_session, ..peer.header(true) };
    let packet = peer.seal(&old.key, header, &[9; 8]);
    peer.say_packet(&packet);
    assert!(peer.events().is_empty());
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(later, false);
}

#[test]
fn an_old_key_is_not_waited_for_longer_than_half_a_minute() {
    let (mut peer, _, new) = renewing();
    peer.live(29);
    assert!(peer.events().is_empty());
    peer.pass_until(peer.now.monotonic + std::time::Duration::from_secs(1));
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
    let binding = peer.bind(&key());
    assert_eq!(binding.said.key_id, new.key.id());
    peer.events();
    let again = peer.question();
    peer.answer(again.msg_id, b"done");
    let events = peer.events();
    assert!(matches!(events[..], [Event::Answer { maybe_repeated: true, .. }]), "{events:?}");
}

#[test]
fn what_the_server_asks_for_again_does_not_wait_for_the_new_key() {
    let (mut peer, old) = bound(7200);
    peer.live(5400 - 31);
    let (_, first) = peer.asked(1);
    let (call, second) = peer.asked(2);
    peer.live(1);
    peer.agree();
    // The server has not run the first: it waits for the new key.
    peer.answer_error(first.msg_id, 400, "CONNECTION_NOT_INITED");
    assert!(peer.questions().is_empty());
    peer.say(&enums::MsgResendReq::Req(types::MsgResendReq { msg_ids: vec![second.msg_id] }));
    let again = peer.question();
    assert_eq!((again.msg_id, again.key_id), (second.msg_id, old.key.id()));
    peer.answer(again.msg_id, b"done");
    let events = peer.events();
    let [Event::Answer { call: answered, maybe_repeated: false, .. }, Event::UpdatesMissed] =
        events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(answered, call);
    peer.bind(&key());
    assert_eq!(peer.question().number(), Some(1));
}

#[test]
fn a_temporary_key_that_the_server_denies_is_given_up_and_nothing_else() {
    let (mut peer, old) = bound(7200);
    let (repeated, _) = peer.asked(1);
    let once = peer.call(Call::new(question(2)).once());
    peer.question();
    let queued = peer.ask(3);
    peer.say_transport_error(-404);
    let events = peer.events();
    let [
        Event::Failed { call, reason: Failure::Unknown },
        Event::UpdatesMissed,
        Event::LinkLost(Lost::Transport(TransportError::UNKNOWN_KEY)),
    ] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(call, once);
    assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, key());
    peer.connect();
    let new = peer.agree();
    assert_ne!(new.key.id(), old.key.id());
    peer.bind(&key());
    peer.events();
    let again = peer.questions();
    assert_eq!(again.iter().map(|said| said.number()).collect::<Vec<_>>(), [Some(1), Some(3)]);
    peer.answer(again[0].msg_id, b"done");
    peer.assert_answered(repeated, true);
    peer.answer(again[1].msg_id, b"done");
    peer.assert_answered(queued, false);
}

#[test]
fn a_denial_while_the_next_key_is_agreed_is_of_the_key_in_use() {
    let (mut peer, old) = bound(7200);
    peer.live(5400 - 30);
    assert_eq!(peer.plain.len(), 1);
    peer.say_transport_error(-404);
    peer.events();
    peer.connect();
    let new = peer.agree();
    let binding = peer.bind(&key());
    assert_eq!(binding.said.key_id, new.key.id());
    assert_ne!(new.key.id(), old.key.id());
}

#[test]
fn a_binding_that_the_server_has_lost_is_made_again() {
    let (mut peer, agreed) = bound(7200);
    let (call, sent) = peer.asked(1);
    peer.answer_error(sent.msg_id, 401, "AUTH_KEY_PERM_EMPTY");
    assert!(peer.events().is_empty());
    let binding = peer.bind(&key());
    assert_eq!(binding.said.key_id, agreed.key.id());
    let again = peer.question();
    assert!(again.msg_id > sent.msg_id);
    peer.events();
    peer.answer(again.msg_id, b"done");
    peer.assert_answered(call, false);
    // Under the permanent key it means something else, and is the caller's.
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.answer_error(sent.msg_id, 401, "AUTH_KEY_PERM_EMPTY");
    assert_eq!(peer.assert_error(call).code, 401);
}

#[test]
fn the_new_key_is_gone_over_to_after_a_lost_link_too() {
    let (mut peer, _, new) = renewing();
    peer.reconnect();
    let again = peer.question();
    assert_eq!(again.msg_id, peer.last_question, "under the old key all is as it was");
    peer.events();
    peer.answer(again.msg_id, b"done");
    let events = peer.events();
    assert!(matches!(events[..], [Event::Answer { maybe_repeated: false, .. }, ..]), "{events:?}");
    assert_eq!(peer.bind(&key()).said.key_id, new.key.id());
}

#[test]
fn a_pushed_acknowledgement_does_not_bind() {
    let mut peer = Peer::with(forward_secrecy(3600), 0);
    peer.agree();
    let binding = peer.hear_binding(&key());
    peer.say(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![binding.said.msg_id] }));
    peer.say_content(&crate::agreement::TRUE);
    assert!(!peer.events().iter().any(|event| matches!(event, Event::Ready)));
}

#[test]
fn a_permanent_key_is_destroyed_under_itself_and_secrecy_goes_on_if_it_is_kept() {
    let (mut peer, _) = bound(7200);
    peer.client.destroy_key(&mut peer.rng);
    let said = peer.serve();
    let destroy = said.iter().find(|said| said.id() == 0xd143_5160).expect("destroy_auth_key");
    assert_eq!(destroy.key_id, key().id());
    peer.say(&enums::DestroyAuthKeyRes::DestroyAuthKeyFail);
    // Said under the permanent key, and of no interest any more.
    peer.say_content(&[9; 8]);
    let events = peer.events();
    let [Event::UpdatesMissed, Event::KeyKept, Event::UpdatesMissed] = events[..] else {
        panic!("{events:?}")
    };
    peer.ask(1);
    let temporary = peer.agree();
    peer.bind(&key());
    assert_eq!(peer.question().key_id, temporary.key.id());
}
