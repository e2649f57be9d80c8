//! Step 11: `dh_gen_ok`, `dh_gen_retry` or `dh_gen_fail` (core mtproto/auth_key), and what was
//! agreed.

use layer_crypto::AuthKey;
use layer_crypto::auth_key::{DhAnswer, first_salt};
use layer_tl_types::enums;
use subtle::ConstantTimeEq;

use super::dh_params::Terms;
use super::reply::{self, Nonces};
use super::{ExchangeError, KeyComputation};

/// `set_client_DH_params` is sent.
#[derive(Clone)]
pub struct AwaitingDhGen {
    nonces: Nonces,
    terms: Terms,
    auth_key: AuthKey,
}

/// What the server makes of our half.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// `dh_gen_ok`: both have the key.
    Done(Agreed),
    /// `dh_gen_retry`: with another b.
    Retry(KeyComputation),
    /// `dh_gen_fail`: everything from the beginning.
    StartOver,
}

/// A key that both ends have, and what else follows from the exchange.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// The key.
    pub auth_key: AuthKey,
    /// The salt that the server wants in the first messages.
    pub first_salt: i64,
    /// How many seconds the server's clock is ahead of the local one.
    pub time_offset: i64,
    /// When a temporary key expires, in unix time by the server's clock; `None` for a permanent
    /// one.
    pub expires_at: Option<i32>,
}

impl AwaitingDhGen {
    pub(super) fn new(nonces: Nonces, terms: Terms, auth_key: AuthKey) -> Self {
        Self { nonces, terms, auth_key }
    }

    /// Takes one of the three replies: its nonces, and the hash that only who has the key can give.
    ///
    /// # Errors
    /// [`ExchangeError`], one variant for each check.
    pub fn handle(self, body: &[u8]) -> Result<Outcome, ExchangeError> {
        use enums::SetClientDhParamsAnswer as Reply;
        Ok(match reply::read(body, Self::REPLY)? {
            Reply::DhGenOk(ok) => {
                let hash = &ok.new_nonce_hash1;
                self.check("dh_gen_ok", &ok.nonce, &ok.server_nonce, DhAnswer::Ok, hash)?;
                Outcome::Done(Agreed {
                    first_salt: first_salt(&self.nonces.new_nonce, &self.nonces.server_nonce),
                    auth_key: self.auth_key,
                    time_offset: self.terms.time_offset,
                    expires_at: self.terms.expires_at,
                })
            }
            Reply::DhGenRetry(retry) => {
                let hash = &retry.new_nonce_hash2;
                let (nonce, server_nonce) = (&retry.nonce, &retry.server_nonce);
                self.check("dh_gen_retry", nonce, server_nonce, DhAnswer::Retry, hash)?;
                let retry_id = self.auth_key.aux_hash();
                Outcome::Retry(KeyComputation::again(self.nonces, self.terms, retry_id))
            }
            Reply::DhGenFail(fail) => {
                let hash = &fail.new_nonce_hash3;
                let (nonce, server_nonce) = (&fail.nonce, &fail.server_nonce);
                self.check("dh_gen_fail", nonce, server_nonce, DhAnswer::Fail, hash)?;
                Outcome::StartOver
            }
        })
    }

    pub(super) const REPLY: &str = "dh_gen_ok, dh_gen_retry or dh_gen_fail";

    fn check(
        &self,
        reply: &'static str,
        nonce: &[u8; 16],
        server_nonce: &[u8; 16],
        answer: DhAnswer,
        hash: &[u8; 16],
    ) -> Result<(), ExchangeError> {
        self.nonces.check(reply, nonce, server_nonce)?;
        let expected = self.auth_key.new_nonce_hash(&self.nonces.new_nonce, answer);
        if bool::from(expected.ct_eq(hash)) {
            Ok(())
        } else {
            Err(ExchangeError::NewNonceHash { reply })
        }
    }
}

impl std::fmt::Debug for AwaitingDhGen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwaitingDhGen").field("auth_key", &self.auth_key).finish_non_exhaustive()
    }
}
