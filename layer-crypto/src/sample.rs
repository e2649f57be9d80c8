//! The exchange of core mtproto/samples-auth_key, from pq to the key, byte for byte (RSA aside: its
//! temporary key is not published).

use hex_literal::hex;

use crate::auth_key::{DhAnswer, first_salt};
use crate::dh::{Group, KnownPrimes, Secret};
use crate::hash::{sha1, sha256};
use crate::script::Script;
use crate::{TmpKey, factorize};

const NONCE: [u8; 16] = hex!("406709f612fadfbec3f0289d0aa67eef");
const SERVER_NONCE: [u8; 16] = hex!("e11dbc3bc97d91a26154f932af019943");
const NEW_NONCE: [u8; 32] =
    hex!("a8bbc849512dac6c67b6efd9157d6ca7377a1776307d84265c6be9bdcf802ac1");

const G_A: [u8; 256] = hex!(
    "0a77200bdff6e6c4c126a2c41df310ab3a3bdbd698cd480749e1f3c64fb1cfc9dfc70ac6f1aa671019620a640055b2cf"
    "7d7d99cc86533645c0fa000954de2987bad68d7450cf134c9f0305f34c1bb285da8233f65970a01c4bd3afd5ea3cd586"
    "4b8f1dcb35d5e9737df15063c54cf53048ef519a280498dddaf23764f29ffb0c5813caad90c319be8592b78c4be815e6"
    "5ada7c62ea23754b5a2c5a86c4721872d0cc48e0f895c3ebe186e81e5f0e88a6b3f09101c409af3410b64238fbf2a209"
    "5e3f3b7ffc7eb3a02a319b99a155647bc59958bcdfed8a1cc6eb7f13f8600e521d9d0247b0f639f2fa3b09f72987781f"
    "71c0e8aa950167de5092380b4853e7f1"
);

const B: [u8; 256] = hex!(
    "1376a5a6bf7a9f874b47028f3d5cff0689fd52f58949bb0ee9bacdbe81dd1ced07101844eb6f2ae19e61120b84799431"
    "f445785e33a18141399821479ae96786e0f4e9c5c6c9e46bf562c21c96b0f8f7438c8caba3dfcb3dd3b886c2a37b95ed"
    "804315335c0ddffeb3a278243d89f964278bc734d1087d6d4b554c1f78397a414f440e38ba9a4f1211b20ae835437762"
    "f81a45fdb035bb2220d939693084b39a3c7be2481309ab9ae378eab8bb3a15a69eba80bef683582e2218fa604e823eab"
    "d111553d31dbb46b9383a0d8eef615fff9cf266c970800aa28ac5e962d20351311a815ffa7562989ca6d6323bf2b5af4"
    "0ef3f45021b7445664852d07b80172ce"
);

/// A TL string of 256 bytes.
fn string(bytes: &[u8; 256]) -> Vec<u8> {
    [&[0xfe, 0, 1, 0], bytes.as_slice()].concat()
}

/// Padding as the sample has it, in the 15 bytes that `seal` draws.
fn padding(bytes: &[u8]) -> Script {
    let mut drawn = bytes.to_vec();
    drawn.resize(15, 0);
    Script(drawn)
}

#[test]
fn factors_pq() {
    let pq = u64::from_be_bytes(hex!("256595edb7766797"));
    assert_eq!(factorize(pq), Some((0x5a30_0d4b, 0x6a26_db65)));
}

#[test]
fn seals_and_opens_the_servers_answer() {
    let answer = [
        hex!("ba0d89b5").as_slice(),
        &NONCE,
        &SERVER_NONCE,
        &3_i32.to_le_bytes(),
        &string(&Group::well_known().prime()),
        &string(&G_A),
        &1_707_425_105_i32.to_le_bytes(),
    ]
    .concat();
    assert_eq!(answer.len(), 564);
    assert_eq!(sha1(&[&answer]), hex!("60026275cc91ddec5371c67b10331c4c1d362585"));

    let key = TmpKey::derive(&NEW_NONCE, &SERVER_NONCE);
    let sealed = key.seal(&answer, &mut padding(&hex!("c26f8049523e89d2")));
    assert_eq!(sealed.len(), 592);
    assert!(sealed.starts_with(&hex!("6ad7dd5d8b2526c7")));
    assert!(sealed.ends_with(&hex!("4638d849682fd862")));
    let digest = hex!("c01e69482e1cc3b2ca044058cf0838240a5a1f592881643d1fcc214c35ec7d5d");
    assert_eq!(sha256(&[&sealed]), digest);

    let opened = key.open(&sealed).unwrap();
    assert_eq!(opened.check(564), Ok(()));
    assert_eq!(opened.data()[..564], answer);
}

#[test]
fn seals_the_clients_answer() {
    let secret = Secret::from_bytes(&Group::well_known(), &B).unwrap();
    let digest = hex!("cdf21dcfab4453d964a2a1584e7de4bc57625efba2486dfe7802d2c27a8c1f8d");
    assert_eq!(sha256(&[secret.public()]), digest);

    let inner = [
        hex!("54b64366").as_slice(),
        &NONCE,
        &SERVER_NONCE,
        &0_i64.to_le_bytes(),
        &string(secret.public()),
    ]
    .concat();
    let key = TmpKey::derive(&NEW_NONCE, &SERVER_NONCE);
    let sealed = key.seal(&inner, &mut padding(&hex!("74876952857ba6aaa495a20d")));
    assert_eq!(sealed.len(), 336);
    assert!(sealed.starts_with(&hex!("14d185e575255986")));
    assert!(sealed.ends_with(&hex!("829d746b704130b1")));
    let digest = hex!("ccb9ad1837b349feb974286885ca2a92fc2fbd6ab5df9d2648fba69ae8170523");
    assert_eq!(sha256(&[&sealed]), digest);
}

#[test]
fn agrees_on_the_key_and_what_follows_from_it() {
    let prime = Group::well_known().prime();
    // Nothing is drawn: the prime is known.
    let group = Group::check(3, &prime, &mut KnownPrimes::new(), &mut Script(vec![])).unwrap();
    let key = Secret::from_bytes(&group, &B).unwrap().shared(&G_A).unwrap();
    assert!(key.as_bytes().starts_with(&hex!("aca2547baa3b4b3e")));
    assert!(key.as_bytes().ends_with(&hex!("f1d9a02ee4601741")));
    let digest = hex!("4cd558a9ec8cca67f92de031b0029795bdb71bb8f0e5841933d9418890cf3fbd");
    assert_eq!(sha256(&[key.as_bytes()]), digest);

    assert_eq!(key.id().to_le_bytes(), hex!("65588b3350ef784e"));
    assert_eq!(key.aux_hash().to_le_bytes(), hex!("20b5c361a4f5a3d0"));
    for (answer, hash) in [
        (DhAnswer::Ok, hex!("1142871352165e59e1124036b48b97d3")),
        (DhAnswer::Retry, hex!("20d87dd307142b798b67a8dea2c22140")),
        (DhAnswer::Fail, hex!("141c6db2686ef8df4e08e685ccd31510")),
    ] {
        assert_eq!(key.new_nonce_hash(&NEW_NONCE, answer), hash);
    }
    let salt = first_salt(&NEW_NONCE, &SERVER_NONCE);
    assert_eq!(salt.to_le_bytes(), hex!("49a6747298503dce"));
}
