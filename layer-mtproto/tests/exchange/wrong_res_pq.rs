//! `resPQ` wrong in one place: the error says in which.

use layer_mtproto::exchange::ExchangeError;
use layer_tl_types::{Serializable, enums, types};

use crate::server::*;

fn refused_res_pq(alter: impl FnOnce(&mut types::ResPq)) -> ExchangeError {
    let (exchange, request) = begin(config(), 4);
    let mut reply = res_pq(request.nonce);
    alter(&mut reply);
    let reply = enums::ResPq::Pq(reply);
    let step = exchange.handle_packet(&packet(&reply), NOW, &mut rng(5));
    match step {
        Ok(step) => work(step).run(NOW, &mut rng(6)).unwrap_err(),
        Err(error) => error,
    }
}

#[test]
fn res_pq_with_another_nonce() {
    for at in 0..16 {
        let error = refused_res_pq(|reply| reply.nonce[at] ^= 1);
        assert_eq!(error, ExchangeError::Nonce { reply: "resPQ" });
    }
}

#[test]
fn res_pq_with_another_server_nonce_is_noticed_in_the_next_reply() {
    let (exchange, request) = begin(config(), 7);
    let mut altered = res_pq(request.nonce);
    altered.server_nonce[3] ^= 1;
    let (exchange, _) = answer(&exchange, &enums::ResPq::Pq(altered), 8).unwrap();
    let recorded = Recorded::new(config(), 7);
    assert_eq!(
        refused(&exchange, &recorded.dh_params()),
        ExchangeError::ServerNonce { reply: "server_DH_params_ok" }
    );
}

#[test]
fn a_pq_that_is_zero() {
    for zero in [&[][..], &[0], &[0; 8]] {
        assert_eq!(refused_res_pq(|reply| reply.pq = zero.to_vec()), ExchangeError::PqZero);
    }
}

#[test]
fn a_pq_that_is_even() {
    for pq in [2, 4, 2 * 0x3fff_ffff_ffff_ffc7] {
        let error = refused_res_pq(|reply| reply.pq = u64::to_be_bytes(pq).to_vec());
        assert_eq!(error, ExchangeError::PqEven { pq });
    }
}

#[test]
fn a_pq_that_is_too_large() {
    for pq in [vec![0x80; 8], vec![0xff; 8], vec![0; 9], vec![7; 9], vec![3; 70_000]] {
        let len = pq.len();
        assert_eq!(refused_res_pq(|reply| reply.pq = pq), ExchangeError::PqTooLarge { len });
    }
}

#[test]
fn a_pq_that_is_not_a_product_of_two_primes() {
    let largest_prime = 0x7fff_ffff_ffff_ffe7;
    for pq in [1, 3, 9, 3 * 5 * 7, 4_294_967_291_u64.pow(2) >> 2 | 1, 0x5a30_0d4b, largest_prime] {
        let error = refused_res_pq(|reply| reply.pq = pq.to_be_bytes().to_vec());
        assert_eq!(error, ExchangeError::PqNotTwoPrimes { pq });
    }
}

#[test]
fn rsa_keys_that_we_do_not_have() {
    for offered in [vec![], vec![1, -1], (0..100).collect::<Vec<i64>>()] {
        let error =
            refused_res_pq(|reply| reply.server_public_key_fingerprints.clone_from(&offered));
        let listed: Vec<i64> = offered.iter().copied().take(16).collect();
        assert_eq!(error, ExchangeError::UnknownKeys { offered: listed });
    }
    let error = refused_res_pq(|reply| reply.server_public_key_fingerprints = vec![1, -1]);
    let text = error.to_string();
    assert!(text.contains("0000000000000001, ffffffffffffffff"), "{text}");
}

#[test]
fn a_vector_of_fingerprints_that_is_none() {
    let (exchange, request) = begin(config(), 9);
    let mut body = enums::ResPq::Pq(res_pq(request.nonce)).to_bytes();
    let vector = body.len() - 3 * 8 - 8;
    for (at, byte) in [(vector, 0x55), (vector + 7, 0x10)] {
        body[at] ^= byte;
        let error = refused_packet(&exchange, &packet_around(&body));
        assert!(matches!(error, ExchangeError::Malformed { reply: "resPQ", .. }), "{error}");
        body[at] ^= byte;
    }
}
