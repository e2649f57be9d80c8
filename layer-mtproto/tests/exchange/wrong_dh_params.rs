//! `server_DH_params_ok`, or what is encrypted in it, wrong in one place: the error says in which.

use layer_crypto::dh::DhError;
use layer_crypto::hash::sha1;
use layer_crypto::tmp_key::TmpKeyError;
use layer_mtproto::exchange::{Exchange, ExchangeError};
use layer_tl_types::{Error, Serializable, enums, types};

use crate::server::*;

/// The reply itself is taken, and what is in it is refused by the work.
fn refused_at_work(exchange: &Exchange, object: &impl Serializable) -> ExchangeError {
    let step = exchange.clone().handle_packet(&packet(object), NOW, &mut rng(1)).unwrap();
    work(step).run(NOW, &mut rng(1)).unwrap_err()
}

fn altered_dh_params(
    recorded: &Recorded,
    alter: impl FnOnce(&mut types::ServerDhParamsOk),
) -> enums::ServerDhParams {
    let enums::ServerDhParams::Ok(mut reply) = recorded.dh_params() else { panic!() };
    alter(&mut reply);
    enums::ServerDhParams::Ok(reply)
}

#[test]
fn server_dh_params_with_other_nonces() {
    let recorded = Recorded::new(config(), 10);
    let refused = |alter: &dyn Fn(&mut types::ServerDhParamsOk)| {
        refused(&recorded.awaiting_dh_params, &altered_dh_params(&recorded, alter))
    };
    let reply = "server_DH_params_ok";
    for at in 0..16 {
        assert_eq!(refused(&|ok| ok.nonce[at] ^= 0x80), ExchangeError::Nonce { reply });
        assert_eq!(
            refused(&|ok| ok.server_nonce[at] ^= 0x80),
            ExchangeError::ServerNonce { reply }
        );
    }
}

#[test]
fn an_encrypted_answer_of_a_wrong_length() {
    let recorded = Recorded::new(config(), 11);
    let whole = 592;
    for len in (0..32).chain([33, 47, whole - 1, whole + 1, whole + 15]) {
        let reply = altered_dh_params(&recorded, |ok| ok.encrypted_answer.resize(len, 0));
        assert_eq!(
            refused(&recorded.awaiting_dh_params, &reply),
            ExchangeError::Answer(TmpKeyError::WrongLength { len })
        );
    }
}

#[test]
fn an_encrypted_answer_altered_anywhere() {
    let recorded = Recorded::new(config(), 12);
    for at in 0..592 {
        let reply = altered_dh_params(&recorded, |ok| ok.encrypted_answer[at] ^= 1);
        // Damage to the lengths in it may read as an object that ends early.
        let error = refused(&recorded.awaiting_dh_params, &reply);
        assert!(
            matches!(
                error,
                ExchangeError::Answer(TmpKeyError::WrongHash | TmpKeyError::WrongPadding { .. })
            ),
            "{at}: {error}"
        );
    }
    for len in [32, 48, 576] {
        let reply = altered_dh_params(&recorded, |ok| ok.encrypted_answer.truncate(len));
        assert_eq!(
            refused(&recorded.awaiting_dh_params, &reply),
            ExchangeError::Answer(TmpKeyError::WrongHash)
        );
    }
    // The first block holds the SHA-1.
    let reply = altered_dh_params(&recorded, |ok| ok.encrypted_answer[0] ^= 1);
    assert_eq!(
        refused(&recorded.awaiting_dh_params, &reply),
        ExchangeError::Answer(TmpKeyError::WrongHash)
    );
}

/// Seals any bytes as the server would seal an answer, SHA-1 included.
fn sealed(recorded: &Recorded, inner: &[u8]) -> enums::ServerDhParams {
    seal_bytes(&recorded.tmp_key, recorded.nonce, inner)
}

#[test]
fn an_answer_under_a_wrong_sha1() {
    let recorded = Recorded::new(config(), 13);
    let inner = enums::ServerDhInnerData::Data(recorded.answer.clone()).to_bytes();
    // An honest SHA-1, of other bytes: those of the answer and one of its padding.
    let reply = sealed(&recorded, &[&inner[..], &[0]].concat());
    assert_eq!(
        refused(&recorded.awaiting_dh_params, &reply),
        ExchangeError::Answer(TmpKeyError::WrongHash)
    );
}

#[test]
fn an_answer_with_16_bytes_of_padding() {
    let recorded = Recorded::new(config(), 14);
    let inner = enums::ServerDhInnerData::Data(recorded.answer.clone()).to_bytes();
    let len = inner.len();
    let reply = sealed(&recorded, &[&inner[..], &[0; 16]].concat());
    assert_eq!(
        refused(&recorded.awaiting_dh_params, &reply),
        ExchangeError::Answer(TmpKeyError::WrongPadding { len, available: 572 + 16 })
    );
}

#[test]
fn an_answer_that_is_no_server_dh_inner_data() {
    let recorded = Recorded::new(config(), 15);
    let mut inner = enums::ServerDhInnerData::Data(recorded.answer.clone()).to_bytes();
    // Without its time, and with padding in place of it: the SHA-1 does not cover that.
    let reply = sealed(&recorded, &inner[..inner.len() - 4]);
    assert_eq!(
        refused(&recorded.awaiting_dh_params, &reply),
        ExchangeError::Answer(TmpKeyError::WrongHash)
    );
    // Cut within g_a, and meant so.
    let reply = sealed(&recorded, &inner[..inner.len() - 24]);
    let error = refused(&recorded.awaiting_dh_params, &reply);
    assert!(
        matches!(
            error,
            ExchangeError::Malformed {
                reply: "server_DH_inner_data",
                error: Error::UnexpectedEnd { .. }
            }
        ),
        "{error}"
    );
    inner[..4].copy_from_slice(&0x7abe_77ec_u32.to_le_bytes());
    assert_eq!(
        refused(&recorded.awaiting_dh_params, &sealed(&recorded, &inner)),
        ExchangeError::UnexpectedConstructor {
            expected: "server_DH_inner_data",
            id: 0x7abe_77ec,
            name: "ping"
        }
    );
}

fn altered_answer(
    recorded: &Recorded,
    alter: impl FnOnce(&mut types::ServerDhInnerData),
) -> enums::ServerDhParams {
    let mut answer = recorded.answer.clone();
    alter(&mut answer);
    seal(&recorded.tmp_key, recorded.nonce, &answer)
}

#[test]
fn an_answer_with_other_nonces_inside() {
    let recorded = Recorded::new(config(), 16);
    let reply = "server_DH_inner_data";
    for at in 0..16 {
        assert_eq!(
            refused(
                &recorded.awaiting_dh_params,
                &altered_answer(&recorded, |answer| answer.nonce[at] ^= 2)
            ),
            ExchangeError::Nonce { reply }
        );
        assert_eq!(
            refused(
                &recorded.awaiting_dh_params,
                &altered_answer(&recorded, |answer| answer.server_nonce[at] ^= 2)
            ),
            ExchangeError::ServerNonce { reply }
        );
    }
}

fn refused_answer(
    recorded: &Recorded,
    alter: impl FnOnce(&mut types::ServerDhInnerData),
) -> ExchangeError {
    refused_at_work(&recorded.awaiting_dh_params, &altered_answer(recorded, alter))
}

#[test]
fn generators_that_the_prime_does_not_allow() {
    let recorded = Recorded::new(config(), 17);
    let refused = |g| refused_answer(&recorded, |answer| answer.g = g);
    for g in [0, 1, -1, 8, 9, i32::MAX, i32::MIN] {
        assert_eq!(refused(g), ExchangeError::Dh(DhError::UnknownGenerator { g }));
    }
    // The residues of the well-known prime leave 3, 4 and 7.
    for g in [2, 5, 6] {
        assert_eq!(refused(g), ExchangeError::Dh(DhError::WrongResidue { g }));
    }
}

#[test]
fn primes_that_are_too_short_or_too_long() {
    let recorded = Recorded::new(config(), 18);
    for prime in [vec![], vec![7], vec![0xff; 255], vec![0xff; 257], vec![0x7f; 256]] {
        let len = prime.len();
        assert_eq!(
            refused_answer(&recorded, |answer| answer.dh_prime = prime),
            ExchangeError::Dh(DhError::PrimeLength { len })
        );
    }
}

#[test]
fn a_prime_that_is_none() {
    let recorded = Recorded::new(config(), 19);
    // 24 more leaves every residue as it was.
    let error = refused_answer(&recorded, |answer| *answer.dh_prime.last_mut().unwrap() += 24);
    assert_eq!(error, ExchangeError::Dh(DhError::NotPrime));
    let error = refused_answer(&recorded, |answer| *answer.dh_prime.last_mut().unwrap() &= 0xfe);
    assert!(matches!(error, ExchangeError::Dh(_)), "{error}");
}

#[test]
fn a_prime_that_is_not_safe() {
    let recorded = Recorded::new(config(), 20);
    // 2^2048 - 2543 is prime and 2 mod 3; its half is composite.
    let prime = [vec![0xff; 254], vec![0xf6, 0x11]].concat();
    let error = refused_answer(&recorded, |answer| answer.dh_prime = prime);
    assert_eq!(error, ExchangeError::Dh(DhError::NotSafePrime));
}

#[test]
fn a_half_of_the_servers_that_is_out_of_range() {
    let recorded = Recorded::new(config(), 21);
    let refused = |g_a: Vec<u8>| refused_answer(&recorded, |answer| answer.g_a = g_a);
    let prime = recorded.answer.dh_prime.clone();
    let mut one_less = prime.clone();
    *one_less.last_mut().unwrap() -= 1;
    let mut two_less = one_less.clone();
    *two_less.last_mut().unwrap() -= 1;
    for g_a in [vec![], vec![0], vec![1], one_less, prime, vec![0xff; 256], vec![1; 257]] {
        assert_eq!(refused(g_a), ExchangeError::Dh(DhError::PublicOutOfRange));
    }
    for g_a in [vec![2], vec![0xff; 248], two_less] {
        assert_eq!(refused(g_a), ExchangeError::Dh(DhError::PublicNearTheEnds));
    }
}

#[test]
fn another_half_of_the_servers_is_noticed_in_the_last_reply() {
    let recorded = Recorded::new(config(), 22);
    let reply = altered_answer(&recorded, |answer| answer.g_a[255] ^= 1);
    let (exchange, _) = answer(&recorded.awaiting_dh_params, &reply, 23).unwrap();
    assert_eq!(
        refused(&exchange, &recorded.dh_gen_ok()),
        ExchangeError::NewNonceHash { reply: "dh_gen_ok" }
    );
}

#[test]
fn server_dh_params_fail_ends_it() {
    let recorded = Recorded::new(config(), 23);
    let [_, _, _, _, hash @ ..] = sha1(&[&recorded.new_nonce]);
    let fail = types::ServerDhParamsFail {
        nonce: recorded.nonce,
        server_nonce: NONCE,
        new_nonce_hash: hash,
    };
    let refused = |alter: &dyn Fn(&mut types::ServerDhParamsFail)| {
        let mut fail = fail.clone();
        alter(&mut fail);
        refused(&recorded.awaiting_dh_params, &enums::ServerDhParams::Fail(fail))
    };
    let reply = "server_DH_params_fail";
    assert_eq!(refused(&|_| ()), ExchangeError::DhParamsFail);
    assert_eq!(refused(&|fail| fail.nonce[0] ^= 1), ExchangeError::Nonce { reply });
    assert_eq!(refused(&|fail| fail.server_nonce[0] ^= 1), ExchangeError::ServerNonce { reply });
    assert_eq!(refused(&|fail| fail.new_nonce_hash[0] ^= 1), ExchangeError::NewNonceHash { reply });
}
