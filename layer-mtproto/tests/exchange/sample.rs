//! The official sample (core mtproto/samples-auth_key), packet by packet; what it does not publish is the
//! temporary key under RSA and the random bytes behind the server's objects.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hex_literal::hex;
use layer_crypto::auth_key::DhAnswer;
use layer_crypto::dh::{Group, KnownPrimes};
use layer_crypto::hash::sha256;
use layer_crypto::rsa::{TELEGRAM_PRODUCTION, TELEGRAM_TEST};
use layer_crypto::{AuthKey, TmpKey};
use layer_mtproto::Now;
use layer_mtproto::exchange::{AwaitingDhGen, AwaitingDhParams, Config, Exchange, Outcome, begin};
use layer_tl_types::{Serializable, enums, functions, types};
use rand_core::{TryCryptoRng, TryRng};

use crate::server::{dh_gen, done, packet_around, read, sent, work};

const NONCE: [u8; 16] = hex!("406709f612fadfbec3f0289d0aa67eef");
const SERVER_NONCE: [u8; 16] = hex!("e11dbc3bc97d91a26154f932af019943");
const NEW_NONCE: [u8; 32] =
    hex!("a8bbc849512dac6c67b6efd9157d6ca7377a1776307d84265c6be9bdcf802ac1");
const PQ: [u8; 8] = hex!("256595edb7766797");
const SERVER_TIME: i32 = 1_707_425_105;
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

/// The clock that makes the message identifier of the sample.
const NOW: Now = Now { monotonic: Duration::ZERO, wall: Duration::new(0x65c5_3d50, 98_397) };

/// "Random" bytes: first those that were decided beforehand, then zeros.
struct Script(VecDeque<u8>);

fn script(bytes: &[&[u8]]) -> Script {
    Script(bytes.concat().into())
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("only bytes are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("only bytes are drawn")
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.fill_with(|| self.0.pop_front().unwrap_or(0));
        Ok(())
    }
}

impl TryCryptoRng for Script {}

fn config() -> Config {
    Config::new(vec![TELEGRAM_TEST, TELEGRAM_PRODUCTION], 2)
}

fn res_pq() -> Vec<u8> {
    let object = enums::ResPq::Pq(types::ResPq {
        nonce: NONCE,
        server_nonce: SERVER_NONCE,
        pq: PQ.to_vec(),
        server_public_key_fingerprints: [
            hex!("a5b7f709355fc30b"),
            hex!("216be86c022bb4c3"),
            hex!("85fd64de851d9dd0"),
        ]
        .map(i64::from_le_bytes)
        .to_vec(),
    });
    // The sample has 88 random bytes behind the 80 of the object.
    let body = [object.to_bytes(), vec![0xda; 88]].concat();
    assert_eq!(body.len(), 168);
    body
}

fn server_dh_params() -> Vec<u8> {
    let inner = enums::ServerDhInnerData::Data(types::ServerDhInnerData {
        nonce: NONCE,
        server_nonce: SERVER_NONCE,
        g: 3,
        dh_prime: Group::well_known().prime().to_vec(),
        g_a: G_A.to_vec(),
        server_time: SERVER_TIME,
    });
    let encrypted_answer = TmpKey::derive(&NEW_NONCE, &SERVER_NONCE)
        .seal(&inner.to_bytes(), &mut script(&[&hex!("c26f8049523e89d2")]));
    assert_eq!(encrypted_answer.len(), 592);
    assert_eq!(
        sha256(&[&encrypted_answer]),
        hex!("c01e69482e1cc3b2ca044058cf0838240a5a1f592881643d1fcc214c35ec7d5d")
    );
    enums::ServerDhParams::Ok(types::ServerDhParamsOk {
        nonce: NONCE,
        server_nonce: SERVER_NONCE,
        encrypted_answer,
    })
    .to_bytes()
}

fn awaiting_dh_params() -> (AwaitingDhParams, Vec<u8>) {
    let (state, request) = begin(Arc::new(config()), &mut script(&[&NONCE]));
    assert_eq!(request, [hex!("f18e7ebe").as_slice(), &NONCE].concat());
    state.handle(&res_pq()).unwrap().run(&mut script(&[&NEW_NONCE])).unwrap()
}

fn awaiting_dh_gen() -> (AwaitingDhGen, Vec<u8>) {
    let pad = hex!("74876952857ba6aaa495a20d");
    awaiting_dh_params()
        .0
        .handle(&server_dh_params(), NOW)
        .unwrap()
        .run(&mut KnownPrimes::new(), &mut script(&[&B, &pad]))
        .unwrap()
}

fn auth_key() -> AuthKey {
    let Outcome::Done(agreed) = awaiting_dh_gen().0.handle(&ok()).unwrap() else { panic!() };
    agreed.auth_key
}

fn ok() -> Vec<u8> {
    let hash = hex!("1142871352165e59e1124036b48b97d3");
    dh_gen(DhAnswer::Ok, NONCE, SERVER_NONCE, hash).to_bytes()
}

#[test]
fn the_first_packet_is_the_published_one() {
    let begun = Exchange::begin(config(), KnownPrimes::new(), NOW, &mut script(&[&NONCE]));
    let (exchange, packet) = sent(begun);
    assert_eq!(
        packet,
        hex!(
            "0000000000000000 d4720600503dc565 14000000 f18e7ebe 406709f612fadfbec3f0289d0aa67eef"
        )
    );
    assert_eq!(exchange.awaited(), "resPQ");
}

#[test]
fn pq_is_answered_with_the_published_factors_and_key() {
    let (_, request) = awaiting_dh_params();
    let request: functions::ReqDhParams = read(&request);
    assert_eq!((request.nonce, request.server_nonce), (NONCE, SERVER_NONCE));
    assert_eq!(request.p, hex!("5a300d4b"));
    assert_eq!(request.q, hex!("6a26db65"));
    assert_eq!(request.public_key_fingerprint.to_le_bytes(), hex!("85fd64de851d9dd0"));
    assert_eq!(request.encrypted_data.len(), 256);
}

#[test]
fn our_half_is_encrypted_as_published() {
    let (_, request) = awaiting_dh_gen();
    let request: functions::SetClientDhParams = read(&request);
    assert_eq!((request.nonce, request.server_nonce), (NONCE, SERVER_NONCE));
    assert_eq!(request.encrypted_data.len(), 336);
    assert_eq!(
        sha256(&[&request.encrypted_data]),
        hex!("ccb9ad1837b349feb974286885ca2a92fc2fbd6ab5df9d2648fba69ae8170523")
    );
}

#[test]
fn the_key_and_all_that_follows_from_it_are_the_published_ones() {
    let Outcome::Done(agreed) = awaiting_dh_gen().0.handle(&ok()).unwrap() else { panic!() };
    assert_eq!(
        sha256(&[agreed.auth_key.as_bytes()]),
        hex!("4cd558a9ec8cca67f92de031b0029795bdb71bb8f0e5841933d9418890cf3fbd")
    );
    assert_eq!(agreed.auth_key.id().to_le_bytes(), hex!("65588b3350ef784e"));
    assert_eq!(agreed.first_salt.to_le_bytes(), hex!("49a6747298503dce"));
    assert_eq!(agreed.time_offset, 1);
    assert_eq!(agreed.expires_at, None);
}

#[test]
fn the_hashes_of_retry_and_fail_are_told_apart() {
    let retry = hex!("20d87dd307142b798b67a8dea2c22140");
    let fail = hex!("141c6db2686ef8df4e08e685ccd31510");
    let reply = |answer, hash| dh_gen(answer, NONCE, SERVER_NONCE, hash).to_bytes();
    let handle = |body: Vec<u8>| awaiting_dh_gen().0.handle(&body);
    assert!(matches!(handle(reply(DhAnswer::Retry, retry)), Ok(Outcome::Retry(_))));
    assert!(matches!(handle(reply(DhAnswer::Fail, fail)), Ok(Outcome::StartOver)));
    assert!(handle(reply(DhAnswer::Retry, fail)).is_err());
    assert!(handle(reply(DhAnswer::Fail, retry)).is_err());
    assert!(handle(reply(DhAnswer::Ok, retry)).is_err());
}

#[test]
fn a_retry_names_the_key_that_was_not_wanted() {
    let hash = hex!("20d87dd307142b798b67a8dea2c22140");
    let reply = dh_gen(DhAnswer::Retry, NONCE, SERVER_NONCE, hash).to_bytes();
    let Outcome::Retry(work) = awaiting_dh_gen().0.handle(&reply).unwrap() else { panic!() };
    let mut other_b = B;
    other_b[255] ^= 1;
    let (_, request) = work.run(&mut KnownPrimes::new(), &mut script(&[&other_b])).unwrap();
    let tmp_key = TmpKey::derive(&NEW_NONCE, &SERVER_NONCE);
    let opened = tmp_key.open(encrypted_data(&request)).unwrap();
    // Constructor, nonces, retry_id.
    assert_eq!(opened.data()[36..44], hex!("20b5c361a4f5a3d0"));
    assert_eq!(auth_key().aux_hash().to_le_bytes(), hex!("20b5c361a4f5a3d0"));
}

/// Behind the constructor, two nonces and the length of 336.
fn encrypted_data(request: &[u8]) -> &[u8] {
    assert_eq!(request[36..40], hex!("fe500100"));
    &request[40..]
}

#[test]
fn the_whole_sample_runs_through_an_exchange() {
    let begun = Exchange::begin(config(), KnownPrimes::new(), NOW, &mut script(&[&NONCE]));
    let (exchange, _) = sent(begun);
    let nothing = &mut script(&[]);
    let step = exchange.handle_packet(&packet_around(&res_pq()), NOW, nothing).unwrap();
    let (exchange, _) = sent(work(step).run(NOW, &mut script(&[&NEW_NONCE])).unwrap());
    let step = exchange.handle_packet(&packet_around(&server_dh_params()), NOW, nothing).unwrap();
    let (exchange, _) = sent(work(step).run(NOW, &mut script(&[&B])).unwrap());
    let agreed = done(exchange.handle_packet(&packet_around(&ok()), NOW, nothing).unwrap());
    assert_eq!(agreed.auth_key, auth_key());
}
