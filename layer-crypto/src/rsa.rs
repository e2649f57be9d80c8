//! The server's RSA keys and the padding of what is encrypted to them.

use rand_core::CryptoRng;

/// A server's public key: 2048-bit n, odd e.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {}

impl PublicKey {
    /// From big-endian bytes.
    ///
    /// # Errors
    /// If n has not exactly 2048 bits, or n or e is even, or e is below 3 or beyond 64 bits.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let _ = (n, e);
        todo!()
    }
    /// From PEM, `BEGIN RSA PUBLIC KEY` (PKCS#1) or `BEGIN PUBLIC KEY` (SPKI).
    ///
    /// # Errors
    /// As [`PublicKey::new`], and if the PEM or its DER is malformed.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let _ = pem;
        todo!()
    }
    /// As PKCS#1 PEM.
    pub fn to_pem(&self) -> String {
        todo!()
    }
    /// SHA1(TL string of n, TL string of e)[12..20] as a TL long.
    pub fn fingerprint(&self) -> i64 {
        todo!()
    }
    /// RSA_PAD: encrypts at most 144 bytes. The temporary key is redrawn while the block is not below n.
    ///
    /// # Errors
    /// [`DataTooLong`].
    pub fn encrypt(&self, data: &[u8], rng: &mut dyn CryptoRng) -> Result<[u8; 256], DataTooLong> {
        let _ = (data, rng);
        todo!()
    }
    /// The padding from before RSA_PAD (SHA1, data, random bytes): what old clients send and the sandbox
    /// accepts, for its tests. Don't send it.
    ///
    /// # Errors
    /// [`DataTooLong`] beyond 235 bytes.
    pub fn encrypt_legacy(
        &self,
        data: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<[u8; 256], DataTooLong> {
        let _ = (data, rng);
        todo!()
    }
    /// Telegram's key for its production data centres.
    pub fn telegram_production() -> Self {
        todo!()
    }
    /// Telegram's key for its test data centres.
    pub fn telegram_test() -> Self {
        todo!()
    }
}

/// A private key for a server of one's own.
pub struct PrivateKey {}

impl PrivateKey {
    /// A new key of 2048 bits with e = 65537.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let _ = rng;
        todo!()
    }
    /// From PKCS#1 PEM (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// If the PEM or its DER is malformed or the numbers don't fit together.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let _ = pem;
        todo!()
    }
    /// As PKCS#1 PEM.
    pub fn to_pem(&self) -> String {
        todo!()
    }
    /// The public half.
    pub fn public(&self) -> &PublicKey {
        todo!()
    }
    /// Decrypts a block of either padding.
    ///
    /// # Errors
    /// [`DecryptError`].
    pub fn decrypt(&self, block: &[u8]) -> Result<Unpadded, DecryptError> {
        let _ = block;
        todo!()
    }
}

/// Decrypted data with its random tail.
pub struct Unpadded {}

impl Unpadded {
    /// Which padding the client used.
    pub fn padding(&self) -> Padding {
        todo!()
    }
    /// The object and the random bytes behind it (192 bytes with RSA_PAD, 235 with the old padding).
    pub fn data(&self) -> &[u8] {
        todo!()
    }
    /// To be called with the length of the parsed object: with the old padding checks the SHA-1 over
    /// exactly these bytes; RSA_PAD's hash was checked on decryption, and only the bound of 144 is.
    ///
    /// # Errors
    /// [`DecryptError`].
    pub fn check(&self, len: usize) -> Result<(), DecryptError> {
        let _ = len;
        todo!()
    }
}

/// How the data was padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// RSA_PAD, the only one to send.
    Modern,
    /// SHA1, data, random bytes.
    Legacy,
}

/// Data does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes to be padded, expected at most {most}")]
pub struct DataTooLong {
    /// Bytes that came.
    pub len: usize,
    /// Bytes that fit.
    pub most: usize,
}

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {}

/// Why a block is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {}
