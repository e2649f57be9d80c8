//! `dh_gen_*` wrong in one place: the error says in which.

use layer_crypto::auth_key::DhAnswer;
use layer_mtproto::exchange::ExchangeError;

use crate::server::*;

#[test]
fn dh_gen_replies_with_other_nonces_or_hashes() {
    let recorded = Recorded::new(config(), 24);
    for (answer, reply) in [
        (DhAnswer::Ok, "dh_gen_ok"),
        (DhAnswer::Retry, "dh_gen_retry"),
        (DhAnswer::Fail, "dh_gen_fail"),
    ] {
        let (nonce, hash) = (recorded.nonce, recorded.hash(answer));
        let refused = |object| refused(&recorded.awaiting_dh_gen, &object);
        for at in 0..16 {
            let altered = |mut bytes: [u8; 16]| {
                bytes[at] ^= 0x40;
                bytes
            };
            assert_eq!(
                refused(dh_gen(answer, altered(nonce), NONCE, hash)),
                ExchangeError::Nonce { reply }
            );
            assert_eq!(
                refused(dh_gen(answer, nonce, altered(NONCE), hash)),
                ExchangeError::ServerNonce { reply }
            );
            assert_eq!(
                refused(dh_gen(answer, nonce, NONCE, altered(hash))),
                ExchangeError::NewNonceHash { reply }
            );
        }
        for other in [DhAnswer::Ok, DhAnswer::Retry, DhAnswer::Fail] {
            if other != answer {
                assert_eq!(
                    refused(dh_gen(answer, nonce, NONCE, recorded.hash(other))),
                    ExchangeError::NewNonceHash { reply }
                );
            }
        }
    }
}

#[test]
fn an_error_is_one_line_without_secrets() {
    let recorded = Recorded::new(config(), 25);
    let error =
        refused(&recorded.awaiting_dh_gen, &dh_gen(DhAnswer::Ok, recorded.nonce, NONCE, [0; 16]));
    assert_eq!(error.to_string(), "dh_gen_ok carries a wrong new_nonce_hash");
}
