//! Codes in place of packets, which nobody has signed: each ends the link, and -404 has the permanent
//! key verified under a temporary one. Only the answer to that can end the key.

use layer_mtproto::connection::{Call, Event, Failure, Lost, Work};
use layer_mtproto::wire::framing::TransportError;
use layer_sandbox::exchange::{Exchange, Terms};
use layer_sandbox::keys::well_known_key;
use layer_tl_types::{Identifiable, enums, functions, types};

use crate::course::states_asked;
use crate::peer::{Peer, config, key, question};

/// A client that was told -404, on a new link.
fn doubting() -> Peer {
    let mut peer = Peer::greeted();
    deny(&mut peer);
    peer
}

fn deny(peer: &mut Peer) {
    peer.say_transport_error(-404);
    let events = peer.events();
    let [Event::LinkLost(Lost::Transport(TransportError::UNKNOWN_KEY))] = events[..] else {
        panic!("{events:?}")
    };
    peer.connect();
}

#[test]
fn each_code_ends_the_link_and_is_told() {
    for code in [-429, -444, -403, -1000, -1] {
        let mut peer = Peer::greeted();
        let (call, sent) = peer.asked(1);
        peer.say_transport_error(code);
        let events = peer.events();
        let [Event::LinkLost(Lost::Transport(told))] = events[..] else { panic!("{events:?}") };
        assert_eq!(told, TransportError(code));
        assert!(peer.client.poll_deadline().is_none());
        assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, key());
        // The key is not in doubt: the next link goes on where this one ended.
        peer.connect();
        let again = peer.question();
        assert_eq!((again.msg_id, again.key_id), (sent.msg_id, key().id()));
        peer.events();
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
    }
}

#[test]
fn a_denied_key_is_verified_and_goes_on_where_it_was() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let once = peer.call(Call::new(question(2)).once());
    let sent_once = peer.question();
    deny(&mut peer);
    assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, key());
    let temporary = peer.agree();
    let binding = peer.hear_binding(&key());
    assert_eq!(binding.said.key_id, temporary.key.id());
    assert_ne!(binding.said.session_id, sent.session_id);
    assert!(i64::from(binding.request.expires_at) <= peer.server_time() + 3600);
    // What is said of the session under the temporary key says nothing of the other.
    peer.say_new_session(binding.said.msg_id, 1234);
    assert!(peer.events().is_empty());
    peer.answer(binding.said.msg_id, &crate::agreement::TRUE);
    assert!(matches!(peer.events()[..], [Event::Ready]));

    let said = peer.serve();
    let asked = states_asked(&said);
    let [(req_msg_id, msg_ids)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(msg_ids[0], sent_once.msg_id);
    let info = types::MsgsStateInfo { req_msg_id: *req_msg_id, info: vec![4; msg_ids.len()] };
    peer.say(&enums::MsgsStateInfo::Info(info));
    let again = said.iter().find(|said| said.number() == Some(1)).expect("sent again");
    assert_eq!((again.msg_id, again.session_id), (sent.msg_id, sent.session_id));
    assert_eq!(again.key_id, key().id());
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
    peer.answer(sent_once.msg_id, b"done");
    peer.assert_answered(once, false);
    peer.assert_nothing_is_left();
}

#[test]
fn nothing_but_the_binding_is_said_while_a_key_is_in_doubt() {
    let mut peer = doubting();
    peer.ask(1);
    let cancelled = peer.ask(2);
    peer.agree();
    let binding = peer.hear_binding(&key());
    peer.client.cancel(cancelled, peer.now);
    peer.ask(3);
    peer.advance_secs(14);
    assert!(peer.listen().is_empty());
    peer.answer(binding.said.msg_id, &crate::agreement::TRUE);
    let numbers: Vec<_> = peer.questions().iter().map(|said| said.number()).collect();
    assert_eq!(numbers, [Some(1), Some(3)]);
}

#[test]
fn a_key_is_dead_by_the_servers_signed_word_only() {
    let mut peer = doubting();
    let call = peer.ask(1);
    peer.agree();
    let binding = peer.hear_binding(&key());
    assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, key());
    peer.answer_error(binding.said.msg_id, 400, "ENCRYPTED_MESSAGE_INVALID");
    let events = peer.events();
    let [Event::Failed { call: failed, reason: Failure::KeyDead }, Event::KeyDead] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(failed, call);
    assert_eq!(peer.client.footprint(), layer_mtproto::connection::Footprint::default());
}

#[test]
fn a_code_alone_never_ends_a_key_however_often_it_comes() {
    let mut peer = doubting();
    for round in 0..20 {
        peer.listen();
        if round % 2 == 0 {
            peer.agree();
            peer.hear_binding(&key());
        }
        deny(&mut peer);
        assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, key());
    }
    peer.agree();
    peer.bind(&key());
    assert!(matches!(peer.events()[..], [Event::Ready]));
    assert_eq!(peer.asked(1).1.key_id, key().id());
}

#[test]
fn a_key_stays_in_doubt_until_it_is_verified() {
    let mut peer = doubting();
    // The link is lost in the exchange, then before the answer, then the answer is another error.
    peer.listen();
    peer.reconnect();
    peer.agree();
    peer.hear_binding(&key());
    peer.reconnect();
    peer.agree();
    let binding = peer.hear_binding(&key());
    peer.answer_error(binding.said.msg_id, 500, "INTERNAL");
    assert!(matches!(peer.lost(), Some(Lost::Binding(_))));
    peer.connect();
    let temporary = peer.agree();
    peer.bind(&key());
    assert!(matches!(peer.events()[..], [Event::Ready]));
    // What still comes under the temporary key is let pass.
    let header = peer.header(true);
    let packet = peer.seal(&temporary.key, header, &[9; 8]);
    peer.say_packet(&packet);
    assert!(peer.events().is_empty());
    assert_eq!(peer.asked(1).1.key_id, key().id());
}

#[test]
fn a_refused_binding_of_a_key_in_doubt_harms_no_call() {
    for code in [17, 18, 32, 34, 48, 64] {
        let mut peer = Peer::greeted();
        let (call, sent) = peer.asked(1);
        let once = peer.call(Call::new(question(2)).once());
        let sent_once = peer.question();
        deny(&mut peer);
        peer.agree();
        let binding = peer.hear_binding(&key());
        match code {
            48 => peer.say_bad_salt(binding.said.msg_id, 99),
            _ => peer.say_bad_message(binding.said.msg_id, code),
        }
        peer.bind(&key());
        let events = peer.events();
        let failed = events.iter().any(|event| matches!(event, Event::Failed { .. }));
        assert!(!failed, "{code}: {events:?}");
        let said = peer.serve();
        let asked = states_asked(&said);
        assert_eq!(asked[0].1[0], sent_once.msg_id, "{code}");
        let again = said.iter().find(|said| said.number() == Some(1)).expect("sent again");
        assert_eq!((again.msg_id, again.session_id), (sent.msg_id, sent.session_id), "{code}");
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
        peer.answer(sent_once.msg_id, b"done");
        peer.assert_answered(once, false);
    }
}

#[test]
fn a_denied_exchange_is_begun_again_for_the_same_key() {
    let mut peer = Peer::without_a_key(config());
    peer.listen();
    deny(&mut peer);
    peer.agree();
    assert!(matches!(peer.events()[..], [Event::KeyAgreed, Event::Ready]));
    assert!(peer.client.saved(peer.now).is_some());
}

#[test]
fn a_fresh_key_is_verified_and_outlives_a_server_that_has_not_heard_of_it() {
    let mut peer = Peer::without_a_key(config());
    let permanent = peer.agree();
    peer.events();
    peer.serve();
    deny(&mut peer);
    peer.agree();
    let binding = peer.hear_binding(&permanent.key);
    peer.answer_error(binding.said.msg_id, 400, "ENCRYPTED_MESSAGE_INVALID");
    assert!(matches!(peer.lost(), Some(Lost::Binding(_))));
    assert_eq!(peer.client.saved(peer.now).unwrap().auth_key, permanent.key);
    peer.connect();
    peer.agree();
    peer.bind(&permanent.key);
    assert!(matches!(peer.events()[..], [Event::Ready]));
}

#[test]
fn an_exchange_in_which_the_server_falls_silent_ends_the_link() {
    let mut peer = Peer::without_a_key(config());
    peer.listen();
    let begun_at = peer.now.monotonic;
    peer.pass_until(begun_at * 2);
    assert_eq!((peer.now.monotonic - begun_at).as_secs(), 15);
    assert_eq!(peer.lost(), Some(Lost::Silent));
}

#[test]
fn an_exchange_that_goes_wrong_ends_the_link() {
    let mut peer = Peer::without_a_key(config());
    peer.listen();
    peer.say_plain(&[0; 8]);
    assert!(matches!(peer.lost(), Some(Lost::Exchange(_))));
    // A sealed packet where there is no key.
    let mut peer = Peer::without_a_key(config());
    peer.listen();
    peer.say_content(&[9; 8]);
    let fault = layer_mtproto::connection::Fault::NoKey;
    assert_eq!(peer.lost(), Some(Lost::Fault(fault)));
}

#[test]
fn what_is_said_outside_of_an_exchange_without_a_key_means_nothing() {
    let mut peer = Peer::greeted();
    peer.say_plain(&[0; 8]);
    assert!(peer.events().is_empty());
    let (call, sent) = peer.asked(1);
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

/// Work of the client's, after the first answer in an exchange, and the server.
fn working(peer: &mut Peer) -> (Work, Exchange) {
    peer.listen();
    let query = peer.plain.pop_front().unwrap();
    assert!(query.starts_with(&functions::ReqPqMulti::CONSTRUCTOR_ID.to_le_bytes()));
    let mut server = Exchange::new(Terms::new(well_known_key()));
    let reply = server.handle(&query, peer.server_time(), &mut peer.rng).unwrap();
    peer.say_plain(&reply.body);
    let work = peer.client.poll_work().expect("factors to find");
    assert!(peer.client.poll_work().is_none());
    assert!(peer.client.poll_deadline().is_none(), "our own work is not timed");
    // Nothing was asked: it is not looked at.
    peer.say_plain(&reply.body);
    assert!(peer.events().is_empty());
    (work, server)
}

#[test]
fn work_of_a_link_that_is_gone_is_of_no_use() {
    for late in [false, true] {
        let mut peer = Peer::without_a_key(config());
        let (old, _) = working(&mut peer);
        let done = old.run(peer.now, &mut peer.rng);
        peer.reconnect();
        let mut done = Some(done);
        if !late {
            peer.client.handle_work(done.take().unwrap(), peer.now, &mut peer.rng);
            assert!(peer.events().is_empty());
        }
        let (work, mut server) = working(&mut peer);
        // The new link has work of its own now.
        if let Some(done) = done {
            peer.client.handle_work(done, peer.now, &mut peer.rng);
            assert!(peer.events().is_empty());
        }
        peer.listen();
        assert!(peer.plain.is_empty());
        let done = work.run(peer.now, &mut peer.rng);
        peer.client.handle_work(done, peer.now, &mut peer.rng);
        peer.listen();
        let query = peer.plain.pop_front().unwrap();
        assert!(server.handle(&query, peer.server_time(), &mut peer.rng).is_ok());
    }
}

#[test]
fn a_key_that_is_to_be_destroyed_is_not_verified_any_more() {
    // While the exchange is under way, and while the binding is.
    for has_agreed in [false, true] {
        let mut peer = Peer::greeted();
        let (_, sent) = peer.asked(1);
        deny(&mut peer);
        if has_agreed {
            peer.agree();
            peer.hear_binding(&key());
        }
        peer.client.destroy_key(&mut peer.rng);
        let said = peer.listen();
        assert!(said.iter().all(|said| said.key_id == key().id()), "{said:?}");
        assert!(said.iter().all(|said| said.session_id == sent.session_id), "{said:?}");
        let destroys = |said: &&crate::peer::Said| said.body == DESTROY;
        let destroy = said.iter().find(destroys).expect("the request");
        peer.answer_error(destroy.msg_id, 400, "NO");
        assert!(matches!(peer.events()[..], [Event::KeyKept]));
        // It has been answered under the key, so that is known.
        assert_eq!(peer.questions().len(), 0);
        let call = peer.ask(2);
        let sent = peer.question();
        assert_eq!(sent.key_id, key().id());
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
    }
}

#[test]
fn identifiers_that_begin_anew_are_not_given_out_in_the_session_that_was_put_aside() {
    // Nobody has told it the time yet.
    let mut peer = Peer::with(config(), 1000);
    peer.connect();
    let (_, sent) = peer.asked(1);
    assert!(sent.msg_id >> 32 > peer.server_time() + 900);
    peer.events();
    deny(&mut peer);
    peer.agree();
    let binding = peer.hear_binding(&key());
    assert!(binding.said.msg_id > sent.msg_id);
    peer.say_bad_message(binding.said.msg_id, 17);
    let binding = peer.hear_binding(&key());
    peer.answer(binding.said.msg_id, &crate::agreement::TRUE);
    let events = peer.events();
    assert!(matches!(events[..], [.., Event::Ready]), "{events:?}");
    let again = peer.question();
    assert_eq!(again.key_id, key().id());
    assert_ne!(again.session_id, sent.session_id);
}

const DESTROY: [u8; 4] = functions::DestroyAuthKey::CONSTRUCTOR_ID.to_le_bytes();
