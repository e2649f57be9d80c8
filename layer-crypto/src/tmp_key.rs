//! The temporary AES key of the exchange.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// `tmp_aes_key` and `tmp_aes_iv`, under which `server_DH_inner_data` and `client_DH_inner_data` travel.
pub struct TmpKey {
    key: Zeroizing<[u8; 32]>,
    iv: Zeroizing<[u8; 32]>,
}

impl TmpKey {
    /// Derives both from the two nonces.
    pub fn derive(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> Self {
        let _ = (new_nonce, server_nonce);
        todo!()
    }

    /// IGE(SHA1(inner) | inner | 0..15 random bytes): `encrypted_answer` or `encrypted_data`.
    pub fn seal(&self, inner: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
        let _ = (inner, rng, &self.key, &self.iv);
        todo!()
    }

    /// Decrypts what the peer sealed. The digest can only be checked by who has parsed the object and so
    /// knows its length: call [`Opened::check`] before trusting a byte.
    ///
    /// # Errors
    /// Too short, or not a multiple of 16.
    pub fn open(&self, sealed: &[u8]) -> Result<Opened, TmpKeyError> {
        let _ = sealed;
        todo!()
    }
}

/// Decrypted inner data, its SHA-1 not yet checked.
pub struct Opened {
    bytes: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The object and up to 15 bytes of padding behind it.
    pub fn data(&self) -> &[u8] {
        &self.bytes
    }

    /// Checks that the digest covers exactly the first `len` bytes and that less than 16 follow.
    ///
    /// # Errors
    /// [`TmpKeyError::WrongHash`], [`TmpKeyError::WrongPadding`].
    pub fn check(&self, len: usize) -> Result<(), TmpKeyError> {
        let _ = len;
        todo!()
    }
}

/// Why inner data of the exchange is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TmpKeyError {
    /// Not a digest and at least one byte in whole blocks.
    #[error("encrypted inner data has {len} bytes, expected a multiple of 16 and at least 32")]
    WrongLength {
        /// Bytes that came.
        len: usize,
    },
    /// The SHA-1 before the object is not that of the object.
    #[error("SHA-1 of the inner data is wrong")]
    WrongHash,
    /// The object leaves 16 or more bytes behind it, or claims more than there is.
    #[error("inner object of {len} bytes in {available}: padding must be 0 to 15 bytes")]
    WrongPadding {
        /// Length of the object as parsed.
        len: usize,
        /// Bytes after the digest.
        available: usize,
    },
}
