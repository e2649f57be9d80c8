//! Steps 5 to 10: from `server_DH_params_ok` to `set_client_DH_params` (core mtproto/auth_key), and
//! the same again after `dh_gen_retry`.

use layer_crypto::dh::{Group, KnownPrimes, Secret};
use layer_crypto::hash::sha1;
use layer_crypto::tmp_key::{Opened, TmpKey};
use layer_tl_types::{Cursor, Deserializable, Serializable, enums, functions, types};
use rand_core::CryptoRng;

use super::reply::{self, Nonces};
use super::{AwaitingDhGen, ExchangeError, Lifetime};
use crate::Now;

/// `req_DH_params` is sent.
#[derive(Clone)]
pub struct AwaitingDhParams {
    nonces: Nonces,
    lifetime: Lifetime,
}

impl AwaitingDhParams {
    pub(super) fn new(nonces: Nonces, lifetime: Lifetime) -> Self {
        Self { nonces, lifetime }
    }

    /// Takes `server_DH_params_ok`: its nonces, the length, SHA-1 and padding of what is encrypted,
    /// the nonces in there. The numbers in it are checked by [`KeyComputation::run`], because it
    /// takes long.
    ///
    /// `now` is when the reply came; from it follows how far the local clock is off.
    ///
    /// # Errors
    /// [`ExchangeError`], one variant for each check.
    pub fn handle(self, body: &[u8], now: Now) -> Result<KeyComputation, ExchangeError> {
        let reply = match reply::read(body, Self::REPLY)? {
            enums::ServerDhParams::Ok(reply) => reply,
            enums::ServerDhParams::Fail(fail) => return Err(self.failure(&fail)),
        };
        self.nonces.check(Self::REPLY, &reply.nonce, &reply.server_nonce)?;
        let tmp_key = TmpKey::derive(&self.nonces.new_nonce, &self.nonces.server_nonce);
        let opened = tmp_key.open(&reply.encrypted_answer)?;
        let answer = read_answer(&opened)?;
        self.nonces.check(Self::ANSWER, &answer.nonce, &answer.server_nonce)?;
        let terms = Terms {
            g: answer.g,
            dh_prime: answer.dh_prime,
            g_a: answer.g_a,
            time_offset: now.offset_to(answer.server_time),
            expires_at: match self.lifetime {
                Lifetime::Permanent => None,
                Lifetime::Temporary { expires_in } => {
                    Some(answer.server_time.saturating_add(expires_in))
                }
            },
        };
        Ok(KeyComputation { nonces: self.nonces, terms, retry_id: 0 })
    }

    pub(super) const REPLY: &str = "server_DH_params_ok";
    const ANSWER: &str = "server_DH_inner_data";

    /// No longer in the documentation, and the end of the exchange either way: but if the hash is
    /// right, it is the server that says so.
    fn failure(&self, fail: &types::ServerDhParamsFail) -> ExchangeError {
        let reply = "server_DH_params_fail";
        if let Err(error) = self.nonces.check(reply, &fail.nonce, &fail.server_nonce) {
            return error;
        }
        let [_, _, _, _, hash @ ..] = sha1(&[self.nonces.new_nonce.as_slice()]);
        if !reply::same(&hash, &fail.new_nonce_hash) {
            return ExchangeError::NewNonceHash { reply };
        }
        ExchangeError::DhParamsFail
    }
}

/// Reads what was decrypted. The SHA-1 covers the object alone, so its length must be known first;
/// but what fails to parse is reported as damaged only if the SHA-1 says that the server meant it
/// so.
fn read_answer(opened: &Opened) -> Result<types::ServerDhInnerData, ExchangeError> {
    let available = opened.data().len();
    let mut cursor = Cursor::new(opened.data());
    match enums::ServerDhInnerData::deserialize(&mut cursor) {
        Ok(enums::ServerDhInnerData::Data(answer)) => {
            opened.check(cursor.position())?;
            Ok(answer)
        }
        Err(_) => {
            let meant = (0..16)
                .filter_map(|padding| available.checked_sub(padding))
                .any(|len| opened.check(len).is_ok());
            if meant {
                reply::read(opened.data(), AwaitingDhParams::ANSWER)
                    .map(|enums::ServerDhInnerData::Data(answer)| answer)
            } else {
                Err(layer_crypto::tmp_key::TmpKeyError::WrongHash.into())
            }
        }
    }
}

/// What the server says in `server_DH_inner_data`.
#[derive(Clone)]
pub(super) struct Terms {
    g: i32,
    dh_prime: Vec<u8>,
    g_a: Vec<u8>,
    pub(super) time_offset: i64,
    pub(super) expires_at: Option<i32>,
}

/// The server's half has come, or it wants another half of ours: the key is to be computed.
#[derive(Clone)]
#[must_use = "work to be run"]
pub struct KeyComputation {
    nonces: Nonces,
    terms: Terms,
    /// 0, or the auth_key_aux_hash of the key that the server did not want.
    retry_id: i64,
}

impl KeyComputation {
    pub(super) fn again(nonces: Nonces, terms: Terms, retry_id: i64) -> Self {
        Self { nonces, terms, retry_id }
    }

    /// Checks prime, generator and g_a, draws b and computes g^b and g^ab, which takes about ten
    /// milliseconds, and a quarter of a second more for a prime that is not `known`: the state to
    /// go on from, and `set_client_DH_params`.
    ///
    /// # Errors
    /// [`ExchangeError::Dh`].
    pub fn run(
        self,
        known: &mut KnownPrimes,
        rng: &mut dyn CryptoRng,
    ) -> Result<(AwaitingDhGen, Vec<u8>), ExchangeError> {
        let Self { nonces, terms, retry_id } = self;
        let group = Group::check(terms.g, &terms.dh_prime, known, rng)?;
        // `shared` would notice it too, but only after the first power.
        group.check_public(&terms.g_a)?;
        let secret = Secret::generate(&group, rng);
        let auth_key = secret.shared(&terms.g_a)?;
        let inner = enums::ClientDhInnerData::Data(types::ClientDhInnerData {
            nonce: nonces.nonce,
            server_nonce: nonces.server_nonce,
            retry_id,
            g_b: reply::minimal(secret.public()),
        });
        let tmp_key = TmpKey::derive(&nonces.new_nonce, &nonces.server_nonce);
        let request = functions::SetClientDhParams {
            nonce: nonces.nonce,
            server_nonce: nonces.server_nonce,
            encrypted_data: tmp_key.seal(&inner.to_bytes(), rng),
        };
        Ok((AwaitingDhGen::new(nonces, terms, auth_key), request.to_bytes()))
    }
}

impl std::fmt::Debug for AwaitingDhParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwaitingDhParams").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KeyComputation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyComputation").field("retry_id", &self.retry_id).finish_non_exhaustive()
    }
}
