//! The server's RSA keys: which one a fingerprint names, and encryption of `p_q_inner_data` to it
//! with RSA_PAD (core mtproto/auth_key, step 4.1). The private half, for a server of one's own, is
//! [`PrivateKey`].

use crypto_bigint::U2048;
use pkcs1::der::asn1::{AnyRef, BitStringRef, UintRef};
use pkcs1::der::{Decode, Document, Reader, SliceReader};
use pkcs1::{EncodeRsaPublicKey, LineEnding, ObjectIdentifier, RsaPublicKeyRef};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::aes_ige;
use crate::auth_key::long;
use crate::hash::{sha1, sha256};
use crate::number::{self, Modulus};

mod private_key;

pub use private_key::{DecryptError, Padding, PrivateKey, Unpadded};

/// Telegram's key for the production data centres.
pub const TELEGRAM_PRODUCTION: PublicKey = PublicKey {
    n: U2048::from_be_hex(concat!(
        "e8bb3305c0b52c6cf2afdf7637313489e63e05268e5badb601af417786472e5f93b85438968e20e6729a301c0afc121b",
        "f7151f834436f7fda680847a66bf64accec78ee21c0b316f0edafe2f41908da7bd1f4a5107638eeb67040ace472a14f9",
        "0d9f7c2b7def99688ba3073adb5750bb02964902a359fe745d8170e36876d4fd8a5d41b2a76cbff9a13267eb9580b2d0",
        "6d10357448d20d9da2191cb5d8c93982961cdfdeda629e37f1fb09a0722027696032fe61ed663db7a37f6f263d370f69",
        "db53a0dc0a1748bdaaff6209d5645485e6e001d1953255757e4b8e42813347b11da6ab500fd0ace7e6dfa3736199ccaf",
        "9397ed0745a427dcfa6cd67bcb1acff3"
    )),
    e: 65537,
    fingerprint: 0xd09d_1d85_de64_fd85_u64 as i64,
};

/// Telegram's key for the test data centres.
pub const TELEGRAM_TEST: PublicKey = PublicKey {
    n: U2048::from_be_hex(concat!(
        "c8c11d635691fac091dd9489aedced2932aa8a0bcefef05fa800892d9b52ed03200865c9e97211cb2ee6c7ae96d3fb0e",
        "15aeffd66019b44a08a240cfdd2868a85e1f54d6fa5deaa041f6941ddf302690d61dc476385c2fa655142353cb4e4b59",
        "f6e5b6584db76fe8b1370263246c010c93d011014113ebdf987d093f9d37c2be48352d69a1683f8f6e6c2167983c761e",
        "3ab169fde5daaa12123fa1beab621e4da5935e9c198f82f35eae583a99386d8110ea6bd1abb0f568759f62694419ea5f",
        "69847c43462abef858b4cb5edc84e7b9226cd7bd7e183aa974a712c079dde85b9dc063b8a5c08e8f859c0ee5dcd824c7",
        "807f20153361a7f63cfd2a433a1be7f5"
    )),
    e: 65537,
    fingerprint: 0xb258_98df_208d_2603_u64 as i64,
};

/// A server's public key: n of 2048 bits and e.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::rsa::{PublicKey, TELEGRAM_TEST};
/// let key = PublicKey::from_pem(&TELEGRAM_TEST.to_pem())?;
/// assert_eq!(key.fingerprint(), TELEGRAM_TEST.fingerprint());
/// let encrypted_data: [u8; 256] = key.encrypt(b"p_q_inner_data", &mut rng)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    n: U2048,
    e: u64,
    fingerprint: i64,
}

impl PublicKey {
    /// The most that RSA_PAD takes, in bytes.
    pub const MOST_DATA: usize = 144;

    /// A key from big-endian bytes.
    ///
    /// # Errors
    /// [`KeyError::Modulus`] if n has not exactly 2048 bits or is even, [`KeyError::Exponent`] if e
    /// is even, below 3 or beyond 64 bits.
    pub fn new(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let n = number::read(n)
            .filter(|n| n.bit_width_vartime() == U2048::BITS && n.is_odd().to_bool())
            .ok_or(KeyError::Modulus)?;
        let e = number::significant(e);
        if e.len() > 8 {
            return Err(KeyError::Exponent);
        }
        let e = e.iter().fold(0, |e, byte| e << 8 | u64::from(*byte));
        if e < 3 || e % 2 == 0 {
            return Err(KeyError::Exponent);
        }
        Ok(Self { fingerprint: fingerprint(&n, e), n, e })
    }

    /// A key from PEM: `BEGIN RSA PUBLIC KEY` (PKCS#1, as Telegram publishes them) or `BEGIN PUBLIC
    /// KEY` (SPKI, as OpenSSL writes them).
    ///
    /// # Errors
    /// [`KeyError::Encoding`] if the PEM or its DER is malformed, else as [`PublicKey::new`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) = Document::from_pem(pem.trim()).map_err(KeyError::encoding)?;
        let der = match label {
            "RSA PUBLIC KEY" => document.as_bytes(),
            "PUBLIC KEY" => spki_key(document.as_bytes()).map_err(KeyError::encoding)?,
            _ => return Err(KeyError::Label { label: label.into() }),
        };
        let key = RsaPublicKeyRef::from_der(der).map_err(KeyError::encoding)?;
        Self::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())
    }

    /// The key as PKCS#1 PEM, `BEGIN RSA PUBLIC KEY`.
    #[allow(clippy::expect_used, reason = "numbers of this size always have an encoding")]
    pub fn to_pem(&self) -> String {
        let (n, e) = (self.n(), self.e.to_be_bytes());
        let pem = UintRef::new(&n).and_then(|modulus| {
            let public_exponent = UintRef::new(number::significant(&e))?;
            Ok(RsaPublicKeyRef { modulus, public_exponent })
        });
        let pem = pem.map_err(Into::into).and_then(|key| key.to_pkcs1_pem(LineEnding::LF));
        pem.expect("two small numbers in DER")
    }

    /// n, 256 bytes big-endian.
    pub fn n(&self) -> [u8; 256] {
        number::write(&self.n)
    }

    /// e.
    pub fn e(&self) -> u64 {
        self.e
    }

    /// What `resPQ` lists: SHA1(TL string n, TL string e)\[12..20\] as a TL long.
    pub fn fingerprint(&self) -> i64 {
        self.fingerprint
    }

    /// RSA_PAD: encrypts at most 144 bytes. The temporary key is drawn again while the block is not
    /// below n; counting it up instead would make it guessable.
    ///
    /// # Errors
    /// [`DataTooLong`].
    pub fn encrypt(&self, data: &[u8], rng: &mut dyn CryptoRng) -> Result<[u8; 256], DataTooLong> {
        let mut padded = Zeroizing::new([0; 192]);
        rng.fill_bytes(padded.as_mut_slice());
        put(padded.as_mut_slice(), data, Self::MOST_DATA)?;
        let mut temp_key = Zeroizing::new([0; 32]);
        loop {
            rng.fill_bytes(temp_key.as_mut_slice());
            let block =
                Zeroizing::new(U2048::from_be_slice(rsa_pad(&padded, &temp_key).as_slice()));
            if *block < self.n {
                return Ok(self.raw(&block));
            }
        }
    }

    /// The padding from before RSA_PAD: SHA1, data, random bytes to 255. Some clients still send it
    /// and the sandbox accepts it; this is here for its tests. Don't send it to Telegram.
    ///
    /// # Errors
    /// [`DataTooLong`] beyond 235 bytes.
    pub fn encrypt_legacy(
        &self,
        data: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<[u8; 256], DataTooLong> {
        let mut block = Zeroizing::new([0; 256]);
        let [zero, rest @ ..] = &mut *block;
        let (digest, padded) = rest.split_at_mut(20);
        rng.fill_bytes(padded);
        put(padded, data, 235)?;
        digest.copy_from_slice(&sha1(&[data]));
        // So the block is below any n of 2048 bits.
        *zero = 0;
        Ok(self.raw(&Zeroizing::new(U2048::from_be_slice(block.as_slice()))))
    }

    /// block^e mod n.
    fn raw(&self, block: &U2048) -> [u8; 256] {
        number::write(&self.modulus().pow_public(block, self.e))
    }

    #[allow(clippy::expect_used, reason = "n is odd: `new` has checked it, tests the constants")]
    fn modulus(&self) -> Modulus {
        Modulus::new(self.n).expect("n is odd")
    }
}

/// Writes `data` over the beginning of `to`.
fn put(to: &mut [u8], data: &[u8], most: usize) -> Result<(), DataTooLong> {
    let too_long = DataTooLong { len: data.len(), most };
    if data.len() > most {
        return Err(too_long);
    }
    to.get_mut(..data.len()).ok_or(too_long)?.copy_from_slice(data);
    Ok(())
}

/// Steps 2 to 4 of RSA_PAD: the block of 256 bytes for one temporary key.
fn rsa_pad(padded: &[u8; 192], temp_key: &[u8; 32]) -> Zeroizing<[u8; 256]> {
    let mut block = Zeroizing::new([0; 256]);
    let (key, encrypted) = block.split_at_mut(32);
    let (reversed, digest) = encrypted.split_at_mut(192);
    reversed.copy_from_slice(padded);
    reversed.reverse();
    // The hash is over the bytes in their first order.
    digest.copy_from_slice(&sha256(&[temp_key, padded]));
    let whole = aes_ige::encrypt(encrypted, temp_key, &[0; 32]);
    debug_assert!(whole.is_ok(), "224 bytes are whole blocks");
    for ((to, key), hash) in key.iter_mut().zip(temp_key).zip(sha256(&[encrypted])) {
        *to = key ^ hash;
    }
    block
}

fn fingerprint(n: &U2048, e: u64) -> i64 {
    let e = e.to_be_bytes();
    let e = number::significant(&e);
    // TL strings: 0xfe and three bytes of length before 256 bytes, one byte of length before up to
    // 8.
    let padding = [0; 3];
    let (padding, _) = padding.split_at((4 - (1 + e.len()) % 4) % 4);
    let digest = sha1(&[&[0xfe, 0, 1, 0], &number::write(n), &[e.len() as u8], e, padding]);
    long(&digest, 12)
}

/// The PKCS#1 key inside a `SubjectPublicKeyInfo` (RFC 5280).
fn spki_key(der: &[u8]) -> pkcs1::der::Result<&[u8]> {
    let mut reader = SliceReader::new(der)?;
    let key: BitStringRef<'_> = reader.sequence(|reader| {
        reader.sequence(|reader| {
            let algorithm = ObjectIdentifier::decode(reader)?;
            if algorithm != pkcs1::ALGORITHM_OID {
                return Err(pkcs1::der::ErrorKind::OidUnknown { oid: algorithm }.into());
            }
            Option::<AnyRef<'_>>::decode(reader)
        })?;
        BitStringRef::decode(reader)
    })?;
    reader.finish()?;
    key.as_bytes().ok_or_else(|| pkcs1::der::Tag::BitString.value_error().into())
}

/// Data does not fit into one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes to be encrypted with RSA, expected at most {most}")]
pub struct DataTooLong {
    /// Bytes that came.
    pub len: usize,
    /// Bytes that fit.
    pub most: usize,
}

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not PEM, or not the DER of such a key.
    #[error("not an RSA key in PEM: {reason}")]
    Encoding {
        /// What the decoder says.
        reason: String,
    },
    /// PEM of something else.
    #[error("the PEM holds a {label:?}, expected an RSA key")]
    Label {
        /// The label after `BEGIN`.
        label: String,
    },
    /// n is not odd or has not 2048 bits.
    #[error("n is not an odd number of 2048 bits")]
    Modulus,
    /// e is even, below 3 or too long.
    #[error("e is not an odd number from 3 to 2^64")]
    Exponent,
    /// A private key whose numbers don't belong together.
    #[error("the private numbers do not belong to the public ones")]
    Mismatch,
}

impl KeyError {
    fn encoding(error: impl std::fmt::Display) -> Self {
        Self::Encoding { reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests;
