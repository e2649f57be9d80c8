//! The steps of an exchange: one struct per awaited message, eaten when the message has come.

use layer_crypto::TmpKey;
use layer_crypto::auth_key::{DhAnswer, first_salt};
use layer_crypto::dh::Secret;
use layer_tl_types::{Cursor, Deserializable, enums, functions, types};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::inner_data::InnerData;
use super::pq::{self, Pq};
use super::{Agreed, ExchangeError, Outcome, Terms};

/// Awaits `req_pq` or `req_pq_multi`.
#[derive(Debug)]
pub struct AwaitingReqPq;

impl AwaitingReqPq {
    /// Step 2: a fresh `server_nonce`, a fresh pq, our key's fingerprint.
    pub fn handle(
        self,
        nonce: [u8; 16],
        terms: &Terms,
        rng: &mut dyn CryptoRng,
    ) -> (types::ResPq, AwaitingDhParams) {
        let pq = Pq::draw(rng);
        let mut server_nonce = [0; 16];
        rng.fill_bytes(&mut server_nonce);
        let res_pq = types::ResPq {
            nonce,
            server_nonce,
            pq: pq::write(pq.product()),
            server_public_key_fingerprints: vec![terms.key.public().fingerprint()],
        };
        (res_pq, AwaitingDhParams { nonces: Nonces { nonce, server_nonce }, pq })
    }
}

/// Awaits `req_DH_params`. A copy goes on by itself; it is there for tests that try many queries at one point.
#[derive(Clone, Debug)]
pub struct AwaitingDhParams {
    nonces: Nonces,
    pq: Pq,
}

impl AwaitingDhParams {
    /// Steps 4 to 6: checks the factors, opens `p_q_inner_data` and draws a. The inner data that comes back
    /// goes out by [`AwaitingClientDh::seal`].
    ///
    /// # Errors
    /// Which check failed.
    pub fn handle(
        self,
        query: functions::ReqDhParams,
        terms: &Terms,
        now: i64,
        rng: &mut dyn CryptoRng,
    ) -> Result<(types::ServerDhInnerData, AwaitingClientDh), ExchangeError> {
        let place = "req_DH_params";
        self.nonces.check(&query.nonce, &query.server_nonce, place)?;
        self.check_factors(&query.p, &query.q, place)?;
        let expected = terms.key.public().fingerprint();
        if query.public_key_fingerprint != expected {
            let got = query.public_key_fingerprint;
            return Err(ExchangeError::Fingerprint { expected, got });
        }

        let unpadded = terms.key.decrypt(&query.encrypted_data)?;
        let mut cursor = Cursor::new(unpadded.data());
        // Only when the digest is known to fit does it matter what was read, or what could not be.
        let inner = InnerData::read(&mut cursor);
        unpadded.check(cursor.position())?;
        let inner = inner.map_err(ExchangeError::InnerData)?;

        let place = "p_q_inner_data";
        self.nonces.check(&inner.nonce, &inner.server_nonce, place)?;
        if pq::read(&inner.pq) != Some(self.pq.product()) {
            return Err(ExchangeError::Factor { which: "pq", place });
        }
        self.check_factors(&inner.p, &inner.q, place)?;
        if let (Some(named), Some(ours)) = (inner.dc, terms.dc)
            && named.unsigned_abs() != ours.unsigned_abs()
        {
            return Err(ExchangeError::WrongDc { named, ours });
        }
        if let Some(expires_in @ ..1) = inner.expires_in {
            return Err(ExchangeError::ExpiresIn(expires_in));
        }

        let secret = Secret::generate(&terms.group, rng);
        let Nonces { nonce, server_nonce } = self.nonces;
        let answer = types::ServerDhInnerData {
            nonce,
            server_nonce,
            g: terms.group.g(),
            dh_prime: terms.group.prime().to_vec(),
            g_a: secret.public().to_vec(),
            // A TL int; it wraps in 2038, and the schema with it.
            server_time: now as i32,
        };
        let next = AwaitingClientDh {
            nonces: self.nonces,
            tmp_key: TmpKey::derive(&inner.new_nonce, &server_nonce),
            new_nonce: inner.new_nonce,
            secret,
            retry_id: 0,
            dc: inner.dc,
            expires_at: inner.expires_in.map(|seconds| now + i64::from(seconds)),
        };
        Ok((answer, next))
    }

    fn check_factors(&self, p: &[u8], q: &[u8], place: &'static str) -> Result<(), ExchangeError> {
        for (which, sent, ours) in [("p", p, self.pq.p), ("q", q, self.pq.q)] {
            if pq::read(sent) != Some(ours.into()) {
                return Err(ExchangeError::Factor { which, place });
            }
        }
        Ok(())
    }
}

/// Awaits `set_client_DH_params`, the first or one after `dh_gen_retry`. A copy goes on with the same secrets.
#[derive(Clone)]
pub struct AwaitingClientDh {
    nonces: Nonces,
    tmp_key: TmpKey,
    new_nonce: Zeroizing<[u8; 32]>,
    secret: Secret,
    retry_id: i64,
    dc: Option<i32>,
    expires_at: Option<i64>,
}

/// How `set_client_DH_params` ended.
#[derive(Debug)]
pub enum Generated {
    /// The key is agreed.
    Ok(types::DhGenOk, Box<Agreed>),
    /// The client shall come with another g_b.
    Retry(types::DhGenRetry, Box<AwaitingClientDh>),
    /// The client shall start over.
    Fail(types::DhGenFail),
}

impl AwaitingClientDh {
    /// `server_DH_params_ok` around the bytes of a boxed `server_DH_inner_data`.
    pub fn seal(&self, inner: &[u8], rng: &mut dyn CryptoRng) -> enums::ServerDhParams {
        let Nonces { nonce, server_nonce } = self.nonces;
        let encrypted_answer = self.tmp_key.seal(inner, rng);
        types::ServerDhParamsOk { nonce, server_nonce, encrypted_answer }.into()
    }

    /// Steps 7 to 9: opens `client_DH_inner_data`, checks g_b and makes the key.
    ///
    /// # Errors
    /// Which check failed.
    pub fn handle(
        self: Box<Self>,
        query: functions::SetClientDhParams,
        outcome: Outcome,
    ) -> Result<Generated, ExchangeError> {
        self.nonces.check(&query.nonce, &query.server_nonce, "set_client_DH_params")?;
        let opened = self.tmp_key.open(&query.encrypted_data)?;
        let mut cursor = Cursor::new(opened.data());
        let inner = enums::ClientDhInnerData::deserialize(&mut cursor);
        opened.check(cursor.position())?;
        let enums::ClientDhInnerData::Data(inner) =
            inner.map_err(ExchangeError::ClientInnerData)?;
        self.nonces.check(&inner.nonce, &inner.server_nonce, "client_DH_inner_data")?;
        if inner.retry_id != self.retry_id {
            let (expected, got) = (self.retry_id, inner.retry_id);
            return Err(ExchangeError::RetryId { expected, got });
        }
        let key = self.secret.shared(&inner.g_b)?;

        let Nonces { nonce, server_nonce } = self.nonces;
        let hash = |answer| key.new_nonce_hash(&self.new_nonce, answer);
        Ok(match outcome {
            Outcome::Ok => {
                let new_nonce_hash1 = hash(DhAnswer::Ok);
                let salt = first_salt(&self.new_nonce, &server_nonce);
                let agreed = Agreed { key, salt, dc: self.dc, expires_at: self.expires_at };
                let answer = types::DhGenOk { nonce, server_nonce, new_nonce_hash1 };
                Generated::Ok(answer, Box::new(agreed))
            }
            Outcome::Retry => {
                let new_nonce_hash2 = hash(DhAnswer::Retry);
                let retry_id = key.aux_hash();
                let answer = types::DhGenRetry { nonce, server_nonce, new_nonce_hash2 };
                Generated::Retry(answer, Box::new(Self { retry_id, ..*self }))
            }
            Outcome::Fail => {
                let new_nonce_hash3 = hash(DhAnswer::Fail);
                Generated::Fail(types::DhGenFail { nonce, server_nonce, new_nonce_hash3 })
            }
        })
    }
}

impl std::fmt::Debug for AwaitingClientDh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwaitingClientDh").field("nonces", &self.nonces).finish_non_exhaustive()
    }
}

/// The two nonces that stand open in every message.
#[derive(Clone, Copy, Debug)]
struct Nonces {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
}

impl Nonces {
    fn check(
        &self,
        nonce: &[u8; 16],
        server_nonce: &[u8; 16],
        place: &'static str,
    ) -> Result<(), ExchangeError> {
        if *nonce != self.nonce {
            return Err(ExchangeError::Nonce { place });
        }
        if *server_nonce != self.server_nonce {
            return Err(ExchangeError::ServerNonce { place });
        }
        Ok(())
    }
}
