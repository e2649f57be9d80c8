//! Binding of temporary keys: what an unbound one may ask, and each check of the binding alone.

use hex_literal::hex;
use layer_crypto::AuthKey;
use layer_crypto::envelope::v1;
use layer_sandbox::Settings;
use layer_sandbox::exchange::Agreed;
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use layer_wire::framing::FramingKind;

use crate::client::NOW;
use crate::link::{Heard, Link, SESSION, key};

/// A link under a temporary key, and its permanent one.
fn unbound() -> (Link, AuthKey) {
    let mut link = Link::over(1, &FramingKind::Intermediate, Settings::default());
    let permanent = key(1);
    for (key, expires_at) in [(permanent.clone(), None), (link.key.clone(), Some(NOW + 86_400))] {
        let agreed = Agreed { key, salt: link.salt, dc: None, expires_at };
        link.world.keys.insert(agreed, NOW).unwrap();
    }
    (link.greeted(), permanent)
}

/// The two halves of a binding, which should agree.
struct Binding {
    request: functions::auth::BindTempAuthKey,
    inner: types::BindAuthKeyInner,
    permanent: AuthKey,
    msg_id: i64,
}

fn send(link: &mut Link, permanent: &AuthKey, alter: impl FnOnce(&mut Binding)) -> Heard {
    let msg_id = link.next_msg_id();
    let (nonce, expires_at) = (0x0123_4567_89ab_cdef, (NOW + 86_400) as i32);
    let perm_auth_key_id = permanent.id();
    let mut binding = Binding {
        request: functions::auth::BindTempAuthKey {
            perm_auth_key_id,
            nonce,
            expires_at,
            encrypted_message: vec![],
        },
        inner: types::BindAuthKeyInner {
            nonce,
            temp_auth_key_id: link.key.id(),
            perm_auth_key_id,
            temp_session_id: SESSION,
            expires_at,
        },
        permanent: permanent.clone(),
        msg_id,
    };
    alter(&mut binding);
    let Binding { mut request, inner, permanent, msg_id: inner_msg_id } = binding;
    if request.encrypted_message.is_empty() {
        let inner = enums::BindAuthKeyInner::Inner(inner).to_bytes();
        request.encrypted_message = v1::seal(&permanent, inner_msg_id, &inner, &mut link.rng);
    }
    let seq_no = link.next_seq_no(true);
    let mut heard = link.send_as(msg_id, seq_no, &request.to_bytes());
    assert_eq!(heard.len(), 1);
    heard.remove(0)
}

fn error(heard: &Heard) -> String {
    let enums::RpcError::Error(error) =
        enums::RpcError::from_bytes(heard.result().unwrap().1).unwrap();
    format!("{} {}", error.error_code, error.error_message)
}

#[test]
fn an_unbound_key_may_ask_for_little() {
    let (mut link, permanent) = unbound();
    let get_users = functions::users::GetUsers { id: vec![] };
    for _ in 0..2 {
        let (_, heard) = link.ask(&get_users);
        assert_eq!(error(&heard[0]), "401 AUTH_KEY_PERM_EMPTY");
        let (_, heard) = link.ask(&functions::help::GetConfig {});
        enums::Config::from_bytes(heard[0].result().unwrap().1).unwrap();
        let (_, heard) = link.ask(&functions::help::GetNearestDc {});
        enums::NearestDc::from_bytes(heard[0].result().unwrap().1).unwrap();
    }
    let bound = send(&mut link, &permanent, |_| {});
    assert_eq!(bound.result().unwrap().1, true.to_bytes());
    let (_, heard) = link.ask(&get_users);
    assert_eq!(error(&heard[0]), "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn each_check_of_a_binding_fails_alone() {
    type Alter = fn(&mut Binding);
    let cases: [(&str, Alter); 13] = [
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.msg_id += 4),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.inner.nonce ^= 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.inner.temp_auth_key_id ^= 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.inner.perm_auth_key_id ^= 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.inner.temp_session_id ^= 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.inner.expires_at += 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.request.nonce ^= 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.request.expires_at += 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| binding.request.perm_auth_key_id ^= 1),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| {
            binding.permanent = key(2);
        }),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| {
            binding.request.encrypted_message = vec![0; 104];
        }),
        ("400 ENCRYPTED_MESSAGE_INVALID", |binding| {
            binding.request.encrypted_message = vec![0; 3];
        }),
        ("400 EXPIRES_AT_INVALID", |binding| {
            binding.request.expires_at = NOW as i32;
            binding.inner.expires_at = NOW as i32;
        }),
    ];
    for (at, (expected, alter)) in cases.into_iter().enumerate() {
        let (mut link, permanent) = unbound();
        let answer = send(&mut link, &permanent, alter);
        assert_eq!(error(&answer), expected, "case {at}");
        // The key is as unbound as before.
        let (_, heard) = link.ask(&functions::users::GetUsers { id: vec![] });
        assert_eq!(error(&heard[0]), "401 AUTH_KEY_PERM_EMPTY", "case {at}");
    }
}

#[test]
fn only_a_temporary_key_is_bound_and_only_to_a_permanent_one() {
    let mut link = Link::new(1).greeted();
    let permanent = key(1);
    assert_eq!(error(&send(&mut link, &permanent, |_| {})), "400 TEMP_AUTH_KEY_EMPTY");

    let (mut link, _) = unbound();
    let temporary = key(3);
    let expires_at = Some(NOW + 100);
    let agreed = Agreed { key: temporary.clone(), salt: link.salt, dc: None, expires_at };
    link.world.keys.insert(agreed, NOW).unwrap();
    assert_eq!(error(&send(&mut link, &temporary, |_| {})), "400 ENCRYPTED_MESSAGE_INVALID");
}

#[test]
fn a_key_is_bound_to_one_key_and_may_be_again() {
    let (mut link, permanent) = unbound();
    for _ in 0..2 {
        let bound = send(&mut link, &permanent, |_| {});
        assert_eq!(bound.result().unwrap().1, true.to_bytes());
    }
    let other = key(2);
    let agreed = Agreed { key: other.clone(), salt: link.salt, dc: None, expires_at: None };
    link.world.keys.insert(agreed, NOW).unwrap();
    assert_eq!(error(&send(&mut link, &other, |_| {})), "400 TEMP_AUTH_KEY_ALREADY_BOUND");
}

#[test]
fn a_new_binding_replaces_the_one_before() {
    let (mut link, permanent) = unbound();
    send(&mut link, &permanent, |_| {});
    let before = link.key.id();
    link.key = key(9);
    let (key, salt, expires_at) = (link.key.clone(), link.salt, Some(NOW + 86_400));
    link.world.keys.insert(Agreed { key, salt, dc: None, expires_at }, NOW).unwrap();
    let mut link = link.greeted();
    send(&mut link, &permanent, |_| {});
    assert!(link.world.keys.get(before, NOW).is_none());
    assert_eq!((link.world.keys.len(), link.world.sessions.len()), (2, 1));
    // With the permanent key its temporary one goes too.
    link.world.forget_key(permanent.id());
    assert!(link.world.keys.is_empty());
}

/// The published binding: the permanent key 00..ff, the temporary one ff..00.
#[test]
fn the_published_binding_is_taken() {
    let mut link = Link::over(1, &FramingKind::Intermediate, Settings::default());
    link.key = AuthKey::from_bytes(&std::array::from_fn(|at| 255 - at as u8));
    for (key, expires_at) in [(key(0), None), (link.key.clone(), Some(NOW + 86_400))] {
        let agreed = Agreed { key, salt: link.salt, dc: None, expires_at };
        link.world.keys.insert(agreed, NOW).unwrap();
    }
    let request = functions::auth::BindTempAuthKey {
        perm_auth_key_id: key(0).id(),
        nonce: 0x0123_4567_89ab_cdef,
        expires_at: 1_700_086_400,
        encrypted_message: hex!(
            "32d1586ea457dfc82a01a8170915a0cc917d1907dd430e0397ade0e2acb62bc5d7c1cc3f0f9484415e461eabb7cae9ee"
            "e2b6d04223b094f8148edc4d0656134f22566b998615719fde2cef7353bb4aa391d92be764ba05383ddb78ed93df7e24"
            "bf6598b1187d62ee"
        )
        .to_vec(),
    };
    let heard = link.send_as(0x6553_f100_0000_0004, 1, &request.to_bytes());
    assert_eq!(heard[1].result().unwrap().1, true.to_bytes());
    let temporary = link.world.keys.get(link.key.id(), NOW).unwrap().temporary;
    assert_eq!(temporary.unwrap().bound_to, Some(key(0).id()));
}
