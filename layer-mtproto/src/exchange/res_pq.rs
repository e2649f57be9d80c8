//! Steps 1 to 5: from `req_pq_multi` over `resPQ` to `req_DH_params` (core mtproto/auth_key).

use std::sync::Arc;

use layer_crypto::factorize;
use layer_crypto::rsa::PublicKey;
use layer_tl_types::{Serializable, enums, functions, types};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::reply::{self, Nonces};
use super::{AwaitingDhParams, Config, ExchangeError, InnerData, Lifetime};

/// `req_pq_multi` is sent.
#[derive(Debug, Clone)]
pub struct AwaitingResPq {
    config: Arc<Config>,
    nonce: [u8; 16],
}

/// Draws a nonce and asks for the server's pq: the state to go on from, and the request.
pub fn begin(config: Arc<Config>, rng: &mut dyn CryptoRng) -> (AwaitingResPq, Vec<u8>) {
    let mut nonce = [0; 16];
    rng.fill_bytes(&mut nonce);
    let request = functions::ReqPqMulti { nonce }.to_bytes();
    (AwaitingResPq { config, nonce }, request)
}

impl AwaitingResPq {
    /// Takes `resPQ`: our nonce, a pq that may be a product of two odd primes, a key that we trust.
    ///
    /// # Errors
    /// [`ExchangeError`], one variant for each check.
    pub fn handle(self, body: &[u8]) -> Result<Factorisation, ExchangeError> {
        let enums::ResPq::Pq(reply) = reply::read(body, Self::REPLY)?;
        if !reply::same(&self.nonce, &reply.nonce) {
            return Err(ExchangeError::Nonce { reply: Self::REPLY });
        }
        let pq = read_pq(&reply.pq)?;
        let offered = reply.server_public_key_fingerprints;
        let key = self.config.server_keys.iter().find(|key| offered.contains(&key.fingerprint()));
        let Some(key) = key.cloned() else {
            return Err(ExchangeError::UnknownKeys {
                offered: offered.into_iter().take(16).collect(),
            });
        };
        Ok(Factorisation {
            config: self.config,
            nonce: self.nonce,
            server_nonce: reply.server_nonce,
            pq,
            key,
        })
    }

    pub(super) const REPLY: &str = "resPQ";
}

fn read_pq(bytes: &[u8]) -> Result<u64, ExchangeError> {
    if bytes.len() > 8 {
        return Err(ExchangeError::PqTooLarge { len: bytes.len() });
    }
    match bytes.iter().fold(0, |pq, byte| pq << 8 | u64::from(*byte)) {
        pq if pq > i64::MAX as u64 => Err(ExchangeError::PqTooLarge { len: bytes.len() }),
        0 => Err(ExchangeError::PqZero),
        pq if pq.is_multiple_of(2) => Err(ExchangeError::PqEven { pq }),
        pq => Ok(pq),
    }
}

/// `resPQ` has come: pq is to be factorised, and the answer encrypted to the server's RSA key.
#[derive(Debug, Clone)]
#[must_use = "work to be run"]
pub struct Factorisation {
    config: Arc<Config>,
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    pq: u64,
    key: PublicKey,
}

impl Factorisation {
    /// Does it, which takes about a millisecond: the state to go on from, and `req_DH_params`.
    ///
    /// # Errors
    /// [`ExchangeError::PqNotTwoPrimes`].
    pub fn run(
        self,
        rng: &mut dyn CryptoRng,
    ) -> Result<(AwaitingDhParams, Vec<u8>), ExchangeError> {
        let (p, q) = factorize(self.pq).ok_or(ExchangeError::PqNotTwoPrimes { pq: self.pq })?;
        let mut new_nonce = Box::new(Zeroizing::new([0; 32]));
        rng.fill_bytes(new_nonce.as_mut_slice());
        let nonces = Nonces { nonce: self.nonce, server_nonce: self.server_nonce, new_nonce };
        let inner = inner_data(&self.config, self.pq, (p, q), &nonces);
        let request = functions::ReqDhParams {
            nonce: self.nonce,
            server_nonce: self.server_nonce,
            p: number(p),
            q: number(q),
            public_key_fingerprint: self.key.fingerprint(),
            encrypted_data: self.key.encrypt(&inner, rng)?.to_vec(),
        };
        let next = AwaitingDhParams::new(nonces, self.config.lifetime);
        Ok((next, request.to_bytes()))
    }
}

/// The longest form has 104 bytes; more room means that the vector is not moved while it grows.
const INNER_DATA_ROOM: usize = 144;

fn inner_data(config: &Config, pq: u64, (p, q): (u64, u64), nonces: &Nonces) -> Zeroizing<Vec<u8>> {
    let &Nonces { nonce, server_nonce, ref new_nonce } = nonces;
    let new_nonce = ***new_nonce;
    let (pq, p, q, dc) = (number(pq), number(p), number(q), config.dc);
    use enums::PQInnerData as Form;
    let mut form = match (config.inner_data, config.lifetime) {
        (InnerData::WithDc, Lifetime::Permanent) => Form::Dc(Box::new(types::PQInnerDataDc {
            pq,
            p,
            q,
            nonce,
            server_nonce,
            new_nonce,
            dc,
        })),
        (InnerData::WithDc, Lifetime::Temporary { expires_in }) => {
            Form::TempDc(Box::new(types::PQInnerDataTempDc {
                pq,
                p,
                q,
                nonce,
                server_nonce,
                new_nonce,
                dc,
                expires_in,
            }))
        }
        (InnerData::WithoutDc, Lifetime::Permanent) => {
            Form::Data(Box::new(types::PQInnerData { pq, p, q, nonce, server_nonce, new_nonce }))
        }
        (InnerData::WithoutDc, Lifetime::Temporary { expires_in }) => {
            Form::Temp(Box::new(types::PQInnerDataTemp {
                pq,
                p,
                q,
                nonce,
                server_nonce,
                new_nonce,
                expires_in,
            }))
        }
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(INNER_DATA_ROOM));
    form.serialize(&mut bytes);
    match &mut form {
        Form::Data(inner) => inner.new_nonce.zeroize(),
        Form::Dc(inner) => inner.new_nonce.zeroize(),
        Form::Temp(inner) => inner.new_nonce.zeroize(),
        Form::TempDc(inner) => inner.new_nonce.zeroize(),
    }
    bytes
}

fn number(number: u64) -> Vec<u8> {
    reply::minimal(&number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pq_is_an_odd_number_of_up_to_63_bits() {
        assert_eq!(read_pq(&i64::MAX.to_be_bytes()), Ok(i64::MAX as u64));
        let len = 8;
        let above = (i64::MAX as u64 + 2).to_be_bytes();
        assert_eq!(read_pq(&above), Err(ExchangeError::PqTooLarge { len }));
        assert_eq!(read_pq(&[0; 9]), Err(ExchangeError::PqTooLarge { len: 9 }));
        assert_eq!(read_pq(&[1, 1]), Ok(257));
        assert_eq!(read_pq(&[1, 0]), Err(ExchangeError::PqEven { pq: 256 }));
        assert_eq!(read_pq(&[]), Err(ExchangeError::PqZero));
    }
}
