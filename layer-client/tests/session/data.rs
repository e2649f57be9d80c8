//! What changes do to a session, and what it shows of itself.

use layer_client::session::{Change, DcAddress, DcEntry, KeyAside, SavedPeer, SavedSession};
use layer_client::session::{PeerKind, StringSession};

use crate::samples::{Dice, after, full};

#[test]
fn never_loses_a_key_to_another() {
    let mut dice = Dice::new(1);
    let keys = [dice.key(), dice.key(), dice.key()];
    let mut session = SavedSession::default();
    for key in &keys {
        let mut dc = DcEntry::new(2);
        dc.auth_key = Some(key.clone());
        session.apply(&Change::Dc(Box::new(dc)));
    }
    session.apply(&Change::Dc(Box::new(DcEntry::new(2))));
    let aside = &session.dc(2).unwrap().set_aside;
    assert!(aside.iter().map(|aside| &aside.auth_key).eq(&keys));
    assert!(aside.iter().all(|aside| aside.reason == "replaced by another"));
    // The same key again is no other.
    let mut dc = DcEntry::new(2);
    dc.auth_key = Some(keys[1].clone());
    let mut again = session.clone();
    again.apply(&Change::Dc(Box::new(dc.clone())));
    again.apply(&Change::Dc(Box::new(dc)));
    let aside = &again.dc(2).unwrap().set_aside;
    assert!(aside.iter().map(|aside| &aside.auth_key).eq([&keys[0], &keys[2]]));
}

#[test]
fn keeps_no_more_keys_aside_than_it_says() {
    let mut dice = Dice::new(2);
    let mut session = SavedSession::default();
    let mut keys = Vec::new();
    for date in 0..20 {
        let mut dc = DcEntry::new(4);
        keys.push(dice.key());
        dc.auth_key = keys.last().cloned();
        session.apply(&Change::Dc(Box::new(dc)));
        session.apply(&Change::KeySetAside { dc: 4, date, reason: "refused".into() });
    }
    let aside = &session.dc(4).unwrap().set_aside;
    assert!(aside.iter().map(|aside| &aside.auth_key).eq(&keys[20 - DcEntry::MOST_SET_ASIDE..]));
}

#[test]
fn does_no_harm_when_a_change_is_done_twice() {
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let before = after(&full(seed), &dice.batch(6));
        let change = dice.change();
        let once = after(&before, std::slice::from_ref(&change));
        let twice = after(&once, std::slice::from_ref(&change));
        assert_eq!(once, twice, "seed {seed}: {change:?}");
    }
}

#[test]
fn keeps_data_centres_in_order_and_each_once() {
    for seed in 0..50 {
        let mut dice = Dice::new(seed);
        let session = after(&SavedSession::default(), &dice.batch(60));
        assert!(session.dcs.is_sorted_by(|a, b| a.id < b.id), "seed {seed}");
    }
}

#[test]
fn forgets_everything_when_cleared() {
    assert_eq!(after(&full(1), &[Change::Clear]), SavedSession::default());
}

#[test]
fn shows_no_secret() {
    let key = layer_crypto::AuthKey::from_bytes(&[0xab; 256]);
    let mut dc = DcEntry::new(2);
    dc.auth_key = Some(key.clone());
    dc.salts.push(layer_tl_types::types::FutureSalt {
        valid_since: 1,
        valid_until: 2,
        salt: 0x5a17_5a17,
    });
    dc.set_aside.push(KeyAside::new(key, 0, "reason"));
    let mut address = DcAddress::new(([127, 0, 0, 1], 443).into());
    address.secret = Some(vec![0xcd; 16]);
    dc.addresses.push(address);
    let mut peer = SavedPeer::new(PeerKind::User, 1);
    peer.phone = Some("491701234567".to_owned());
    let mut session = SavedSession::default();
    session.apply(&Change::Dc(Box::new(dc)));
    session.apply(&Change::Peer(peer));
    let changes = session.to_changes();
    let string = StringSession::new(session, 1, "c0ffee");
    let shown = format!("{string:?} {changes:?} {string:#?}");
    let secrets = ["171", "abab", "205", "cdcd", "1511479831", "5a17", "49170", "c0ffee"];
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("127.0.0.1:443"));
}
