//! What all replies have in common: an object to be read, nonces to be compared.

use layer_tl_types::{Deserializable, name_for_id};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::ExchangeError;

/// The three nonces of one exchange.
#[derive(Clone)]
pub(super) struct Nonces {
    pub(super) nonce: [u8; 16],
    pub(super) server_nonce: [u8; 16],
    /// Boxed, because a moved array leaves a copy behind that nobody wipes.
    pub(super) new_nonce: Box<Zeroizing<[u8; 32]>>,
}

impl Nonces {
    /// Checks the two that a reply repeats.
    pub(super) fn check(
        &self,
        reply: &'static str,
        nonce: &[u8; 16],
        server_nonce: &[u8; 16],
    ) -> Result<(), ExchangeError> {
        if !same(&self.nonce, nonce) {
            return Err(ExchangeError::Nonce { reply });
        }
        if !same(&self.server_nonce, server_nonce) {
            return Err(ExchangeError::ServerNonce { reply });
        }
        Ok(())
    }
}

/// Compares in constant time.
pub(super) fn same(one: &[u8; 16], other: &[u8; 16]) -> bool {
    one.ct_eq(other).into()
}

/// Reads an object, whatever follows it: replies may have random bytes behind them. `reply` is what
/// is awaited, as the schema calls it.
pub(super) fn read<T: Deserializable>(
    body: &[u8],
    reply: &'static str,
) -> Result<T, ExchangeError> {
    T::from_bytes(body).map_err(|error| match error {
        layer_tl_types::Error::UnknownConstructor { id, offset: 0, .. } => {
            let name = name_for_id(id).unwrap_or("unknown");
            ExchangeError::UnexpectedConstructor { expected: reply, id, name }
        }
        error => ExchangeError::Malformed { reply, error },
    })
}

/// A number as TL strings carry it: big-endian without leading zeros.
pub(super) fn minimal(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}
