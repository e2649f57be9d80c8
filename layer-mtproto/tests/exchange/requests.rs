//! What the client sends.

use layer_crypto::rsa::{TELEGRAM_PRODUCTION, TELEGRAM_TEST};
use layer_mtproto::exchange::{InnerData, Lifetime};
use layer_mtproto::wire::message::PlainMessage;
use layer_tl_types::{enums, types};

use crate::server::*;

const P: [u8; 4] = [0x5a, 0x30, 0x0d, 0x4b];
const Q: [u8; 4] = [0x6a, 0x26, 0xdb, 0x65];

#[test]
fn the_modern_inner_data_names_the_data_centre() {
    for dc in [2, 10_002, -4, -10_002] {
        let mut config = config();
        config.dc = dc;
        let recorded = Recorded::new(config, 1);
        let expected = types::PQInnerDataDc {
            pq: PQ.to_be_bytes().to_vec(),
            p: P.to_vec(),
            q: Q.to_vec(),
            nonce: recorded.nonce,
            server_nonce: NONCE,
            new_nonce: recorded.new_nonce,
            dc,
        };
        assert_eq!(recorded.inner, enums::PQInnerData::Dc(Box::new(expected)));
    }
}

#[test]
fn the_form_of_the_inner_data_can_be_chosen() {
    let inner = |inner_data, lifetime| {
        let mut config = config();
        config.inner_data = inner_data;
        config.lifetime = lifetime;
        Recorded::new(config, 2).inner
    };
    let temporary = Lifetime::Temporary { expires_in: 86_400 };
    use enums::PQInnerData as Form;
    assert!(matches!(inner(InnerData::WithDc, Lifetime::Permanent), Form::Dc(_)));
    assert!(matches!(inner(InnerData::WithoutDc, Lifetime::Permanent), Form::Data(_)));
    let Form::TempDc(inner_dc) = inner(InnerData::WithDc, temporary) else { panic!() };
    assert_eq!((inner_dc.dc, inner_dc.expires_in), (2, 86_400));
    let Form::Temp(inner) = inner(InnerData::WithoutDc, temporary) else { panic!() };
    assert_eq!(inner.expires_in, 86_400);
}

#[test]
fn the_first_of_our_keys_that_the_server_offers_is_used() {
    let (ours, test) = (server_key().public().clone(), TELEGRAM_TEST);
    let used = |offered: Vec<i64>| {
        let mut config = config();
        config.server_keys = vec![TELEGRAM_PRODUCTION, test.clone(), ours.clone()];
        let (exchange, request) = begin(config, 3);
        let mut reply = res_pq(request.nonce);
        reply.server_public_key_fingerprints = offered;
        let (_, packet) = answer(&exchange, &enums::ResPq::Pq(reply), 4).unwrap();
        function::<layer_tl_types::functions::ReqDhParams>(&packet).public_key_fingerprint
    };
    assert_eq!(used(vec![5, ours.fingerprint()]), ours.fingerprint());
    assert_eq!(used(vec![ours.fingerprint(), test.fingerprint()]), test.fingerprint());
}

#[test]
fn message_identifiers_rise_under_a_clock_that_stands() {
    let (exchange, first) = sent(layer_mtproto::exchange::Exchange::begin(
        config(),
        Default::default(),
        NOW,
        &mut rng(5),
    ));
    let request: layer_tl_types::functions::ReqPqMulti = function(&first);
    let (_, second) = answer(&exchange, &enums::ResPq::Pq(res_pq(request.nonce)), 6).unwrap();
    let ids = [&first, &second].map(|packet| PlainMessage::read(packet).unwrap().msg_id);
    assert!(ids[0] < ids[1]);
    assert!(ids.iter().all(|id| id % 4 == 0 && id >> 32 == i64::from(SERVER_TIME) - 3600));
}

#[test]
fn nonces_and_halves_are_never_drawn_alike() {
    let (one, other) = (Recorded::new(config(), 10), Recorded::new(config(), 20));
    assert_ne!(one.nonce, other.nonce);
    assert_ne!(one.new_nonce, other.new_nonce);
    assert_ne!(one.client_inner.g_b, other.client_inner.g_b);
    assert_eq!(one.client_inner.retry_id, 0);
}
