//! `invokeWithLayer(initConnection(..))` (core api/invoking): around every call until one is answered,
//! and again where the server does not know it any more.

use layer_mtproto::connection::{Connection, Init, Saved};
use layer_tl_types::{Deserializable, Identifiable, LAYER, RawObject, enums, functions};

use crate::peer::{Peer, SALT, config, key, question};

/// Whether a question that is asked now is wrapped. It is answered.
fn wraps(peer: &mut Peer, number: u32) -> bool {
    let (call, sent) = peer.asked(number);
    peer.answer(sent.msg_id, b"done");
    let events = peer.events();
    assert!(format!("{:?}", events.last().unwrap()).contains(&format!("{call:?}")));
    sent.initialises
}

#[test]
fn it_is_around_every_call_until_one_is_answered() {
    let mut peer = Peer::greeted();
    let (_, first) = peer.asked(1);
    let (_, second) = peer.asked(2);
    assert!(first.initialises && second.initialises);
    assert!(peer.serve().iter().all(|said| !said.initialises), "only around calls");
    peer.answer(second.msg_id, b"done");
    assert!(!peer.asked(3).1.initialises);
    peer.reconnect();
    let again = peer.questions();
    assert_eq!(again[0].msg_id, first.msg_id);
    assert!(again[0].initialises, "the same message");
    assert!(!again[1].initialises, "the session is the same");
}

#[test]
fn an_error_is_a_reply_and_silence_is_none() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    assert!(peer.client.cancel(call, peer.now));
    peer.answer(sent.msg_id, b"done");
    peer.events();
    let (_, sent) = peer.asked(2);
    assert!(sent.initialises);
    peer.answer_error(sent.msg_id, 400, "WHATEVER");
    assert!(!peer.asked(3).1.initialises);
}

#[test]
fn it_says_who_we_are() {
    let mut config = config();
    config.init = Init::new(4321);
    config.init.device_model = "a device".to_owned();
    config.init.proxy =
        Some(layer_tl_types::types::InputClientProxy { address: "proxy".into(), port: 1 }.into());
    let mut peer = Peer::with(config, 0);
    peer.ask(1);
    let raw = peer.listen_raw();
    let body = raw.iter().find(|body| body.starts_with(&WITH_LAYER)).unwrap();
    let with_layer = functions::InvokeWithLayer::<RawObject>::from_bytes(&body[4..]).unwrap();
    assert_eq!(with_layer.layer, LAYER);
    let query = with_layer.query.0;
    assert!(
        query.starts_with(&functions::InitConnection::<RawObject>::CONSTRUCTOR_ID.to_le_bytes())
    );
    let init = functions::InitConnection::<RawObject>::from_bytes(&query[4..]).unwrap();
    assert_eq!((init.api_id, &*init.device_model), (4321, "a device"));
    assert_eq!((&*init.lang_pack, &*init.lang_code, &*init.system_lang_code), ("", "en", "en"));
    assert_eq!(init.app_version, env!("CARGO_PKG_VERSION"));
    let Some(enums::InputClientProxy::Proxy(proxy)) = init.proxy else { panic!() };
    assert_eq!(proxy.address, "proxy");
    assert!(init.params.is_none());
    assert_eq!(init.query.0, question(1));
}

const WITH_LAYER: [u8; 4] = functions::InvokeWithLayer::<RawObject>::CONSTRUCTOR_ID.to_le_bytes();

#[test]
fn it_is_said_again_in_a_new_session() {
    let mut peer = Peer::greeted();
    assert!(wraps(&mut peer, 1));
    assert!(!wraps(&mut peer, 2));
    // The server has forgotten the session.
    peer.say_new_session(i64::MAX, 1000);
    assert!(wraps(&mut peer, 3));
    assert!(!wraps(&mut peer, 4));
    // We have left it.
    let (_, sent) = peer.asked(5);
    peer.say_bad_message(sent.msg_id, 34);
    let again = peer.question();
    assert!(!sent.initialises && again.initialises);
}

#[test]
fn an_answer_from_a_memory_that_is_gone_says_nothing_of_the_new_one() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    assert!(sent.initialises);
    peer.say_new_session(i64::MAX, 1000);
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, true);
    assert!(wraps(&mut peer, 2));
}

#[test]
fn it_is_said_again_when_the_server_wants_it() {
    for name in ["CONNECTION_NOT_INITED", "CONNECTION_LAYER_INVALID"] {
        let mut peer = Peer::greeted();
        assert!(wraps(&mut peer, 1));
        let (call, sent) = peer.asked(2);
        assert!(!sent.initialises);
        peer.answer_error(sent.msg_id, 400, name);
        assert!(peer.events().is_empty(), "{name}");
        let again = peer.question();
        assert!(again.initialises && again.msg_id > sent.msg_id, "{name}");
        peer.answer(again.msg_id, b"done");
        peer.assert_answered(call, false);
        peer.assert_nothing_is_left();
        assert!(!wraps(&mut peer, 3));
    }
}

#[test]
fn a_server_that_always_wants_it_is_not_asked_for_ever() {
    let mut peer = Peer::greeted();
    peer.ask(1);
    for _ in 0..11 {
        let sent = peer.question();
        peer.answer_error(sent.msg_id, 400, "CONNECTION_NOT_INITED");
    }
    assert!(peer.questions().is_empty());
    let failed = format!("{:?}", peer.events());
    assert!(failed.contains("Refused") && failed.contains("400"), "{failed}");
    peer.assert_nothing_is_left();
}

#[test]
fn it_is_said_again_when_we_have_changed() {
    let mut peer = Peer::greeted();
    assert!(wraps(&mut peer, 1));
    // A call that is under way with the old words says nothing of the new ones.
    peer.say_new_session(i64::MAX, 1000);
    peer.events();
    let (_, old) = peer.asked(2);
    let mut init = Init::new(1);
    init.lang_code = "de".to_owned();
    peer.client.set_init(init);
    peer.answer(old.msg_id, b"done");
    assert!(wraps(&mut peer, 3));
    assert!(!wraps(&mut peer, 4));
}

#[test]
fn it_is_said_in_each_process() {
    let mut peer = Peer::greeted();
    assert!(wraps(&mut peer, 1));
    let saved = Saved::new(key(), SALT, 0, peer.now);
    peer.client = Connection::new(config(), Some(saved), peer.now, &mut peer.rng);
    peer.connect();
    assert!(wraps(&mut peer, 2));
}
