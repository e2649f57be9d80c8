//! The private half of a server's RSA key, for a server of one's own: the sandbox.
//!
//! It accepts both paddings that clients send. There is no blinding: whoever can time a test server
//! on loopback learns a key that guards nothing.

use crypto_bigint::{NonZero, U1024, U2048};
use crypto_primes::{Flavor, random_prime};
use pkcs1::der::asn1::UintRef;
use pkcs1::{
    DecodeRsaPrivateKey, EncodeRsaPrivateKey, LineEnding, RsaPrivateKey, RsaPrivateKeyOwned,
};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{KeyError, PublicKey};
use crate::aes_ige;
use crate::hash::{sha1, sha256};
use crate::number::{self, Modulus};

/// An RSA key pair of 2048 bits. The private numbers are wiped when dropped.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::rsa::{Padding, PrivateKey};
/// let key = PrivateKey::generate(&mut rng);
/// let encrypted_data = key.public().encrypt(b"p_q_inner_data", &mut rng)?;
/// let unpadded = key.decrypt(&encrypted_data)?;
/// assert_eq!(unpadded.padding(), Padding::Modern);
/// assert!(unpadded.data().starts_with(b"p_q_inner_data"));
/// unpadded.check(14)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateKey {
    public: PublicKey,
    pub(super) d: Zeroizing<U2048>,
    pub(super) p: Prime,
    pub(super) q: Prime,
    /// q^-1 mod p.
    coefficient: Zeroizing<U1024>,
}

/// What is done modulo one of the two primes: a power there costs an eighth of one modulo n.
pub(super) struct Prime {
    pub(super) number: Zeroizing<U1024>,
    modulus: Modulus<{ U1024::LIMBS }>,
    /// d mod (p - 1).
    exponent: Zeroizing<U1024>,
}

impl PrivateKey {
    /// A new key of 2048 bits with e = 65537. Takes some tenths of a second.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        loop {
            let p = Zeroizing::new(random_prime::<U1024, _>(rng, Flavor::Any, 1024));
            let q = Zeroizing::new(random_prime::<U1024, _>(rng, Flavor::Any, 1024));
            // Two in five products are a bit short.
            if let Ok(key) = Self::from_numbers(&p, &q, 65537) {
                return key;
            }
        }
    }

    /// A key from its two primes (big-endian) and e = 65537.
    ///
    /// # Errors
    /// [`KeyError::Modulus`] if p · q has not 2048 bits, [`KeyError::Mismatch`] if they give no
    /// key. That they are prime is taken on trust.
    pub fn from_primes(p: &[u8], q: &[u8]) -> Result<Self, KeyError> {
        let (p, q) = (read_prime(p)?, read_prime(q)?);
        Self::from_numbers(&p, &q, 65537)
    }

    /// A key from PKCS#1 PEM, `BEGIN RSA PRIVATE KEY`.
    ///
    /// # Errors
    /// [`KeyError::Encoding`] if the PEM or its DER is malformed, [`KeyError::Mismatch`] if its
    /// numbers don't belong together, else as [`PublicKey::new`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let key = RsaPrivateKeyOwned::from_pkcs1_pem(pem.trim()).map_err(KeyError::encoding)?;
        let public = PublicKey::new(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
        let (p, q) = (read_prime(key.prime1.as_bytes())?, read_prime(key.prime2.as_bytes())?);
        let key = Self::from_numbers(&p, &q, public.e)?;
        if key.public == public { Ok(key) } else { Err(KeyError::Mismatch) }
    }

    fn from_numbers(p: &U1024, q: &U1024, e: u64) -> Result<Self, KeyError> {
        let n: U2048 = p.concatenating_mul(q);
        let public = PublicKey::new(&number::write(&n), &e.to_be_bytes())?;
        let (p_less, q_less) = (p.wrapping_sub(&U1024::ONE), q.wrapping_sub(&U1024::ONE));
        let phi: U2048 = p_less.concatenating_mul(&q_less);
        let phi = NonZero::new(phi).into_option().ok_or(KeyError::Mismatch)?;
        let d = U2048::from_u64(e).invert_mod(&phi).into_option().ok_or(KeyError::Mismatch)?;
        let d = Zeroizing::new(d);
        let p_of_q = NonZero::new(*p).into_option().ok_or(KeyError::Mismatch)?;
        let coefficient = q.rem(&p_of_q).invert_mod(&p_of_q).into_option();
        let coefficient = Zeroizing::new(coefficient.ok_or(KeyError::Mismatch)?);
        let [p, q] = [p, q].map(|prime| Prime::new(prime, &d).ok_or(KeyError::Mismatch));
        let key = Self { public, d, p: p?, q: q?, coefficient };
        // Of two numbers that are not prime this would not hold.
        let two = U2048::from_u8(2);
        let encrypted = key.public.modulus().pow_public(&two, e);
        if *key.power(&encrypted) == two { Ok(key) } else { Err(KeyError::Mismatch) }
    }

    /// block^d mod n, out of the powers modulo p and q (RFC 8017, 5.1.2).
    fn power(&self, block: &U2048) -> Zeroizing<U2048> {
        let (by_p, by_q) = (self.p.power(block), self.q.power(block));
        let modulus = &self.p.modulus;
        let times_q = modulus.mul(&modulus.sub(&by_p, &by_q), &self.coefficient);
        let product: U2048 = self.q.number.concatenating_mul(&*times_q);
        Zeroizing::new(Zeroizing::new(product).wrapping_add(&by_q.resize()))
    }

    /// The key as PKCS#1 PEM, `BEGIN RSA PRIVATE KEY`.
    #[allow(clippy::expect_used, reason = "numbers of this size always have an encoding")]
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.pem().expect("numbers of this size have an encoding")
    }

    fn pem(&self) -> Option<Zeroizing<String>> {
        let bytes = |number: &U1024| Zeroizing::new(number::write(&number.resize()));
        let (n, e) = (self.public.n(), self.public.e.to_be_bytes());
        let d = Zeroizing::new(number::write(&self.d));
        let [p, q] = [&self.p, &self.q].map(|prime| bytes(&prime.number));
        let [exponent1, exponent2] = [&self.p, &self.q].map(|prime| bytes(&prime.exponent));
        let coefficient = bytes(&self.coefficient);
        let uint = |bytes| UintRef::new(number::significant(bytes)).ok();
        RsaPrivateKey {
            modulus: uint(&n)?,
            public_exponent: uint(&e)?,
            private_exponent: uint(d.as_slice())?,
            prime1: uint(p.as_slice())?,
            prime2: uint(q.as_slice())?,
            exponent1: uint(exponent1.as_slice())?,
            exponent2: uint(exponent2.as_slice())?,
            coefficient: uint(coefficient.as_slice())?,
            other_prime_infos: None,
        }
        .to_pkcs1_pem(LineEnding::LF)
        .ok()
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Decrypts `encrypted_data` of `req_DH_params`, in either padding.
    ///
    /// # Errors
    /// [`DecryptError::Length`], [`DecryptError::TooLarge`], [`DecryptError::Padding`].
    pub fn decrypt(&self, encrypted_data: &[u8]) -> Result<Unpadded, DecryptError> {
        let len = encrypted_data.len();
        let block: &[u8; 256] =
            encrypted_data.try_into().map_err(|_| DecryptError::Length { len })?;
        let block = U2048::from_be_slice(block);
        if block >= self.public.n {
            return Err(DecryptError::TooLarge);
        }
        let plain = Zeroizing::new(number::write(&self.power(&block)));
        modern(&plain).or_else(|| legacy(&plain)).ok_or(DecryptError::Padding)
    }
}

impl Prime {
    /// `None` if it is even or 1.
    fn new(prime: &U1024, d: &U2048) -> Option<Self> {
        let less = NonZero::new(prime.wrapping_sub(&U1024::ONE)).into_option()?;
        let modulus = Modulus::new(*prime)?;
        let (number, exponent) = (Zeroizing::new(*prime), Zeroizing::new(d.rem(&less)));
        Some(Self { number, modulus, exponent })
    }

    /// block^d modulo this prime.
    fn power(&self, block: &U2048) -> Zeroizing<U1024> {
        let rest = self.modulus.rest_of(block);
        self.modulus.pow(&rest, &self.exponent)
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fingerprint = format_args!("{:016x}", self.public.fingerprint);
        f.debug_struct("PrivateKey").field("fingerprint", &fingerprint).finish_non_exhaustive()
    }
}

fn read_prime(bytes: &[u8]) -> Result<Zeroizing<U1024>, KeyError> {
    let number = Zeroizing::new(number::read(bytes).ok_or(KeyError::Modulus)?);
    if number.bit_width_vartime() > U1024::BITS || !number.is_odd().to_bool() {
        return Err(KeyError::Modulus);
    }
    Ok(Zeroizing::new(number.resize()))
}

/// RSA_PAD backwards; `None` if its hash does not fit.
fn modern(plain: &[u8; 256]) -> Option<Unpadded> {
    let (key, encrypted) = plain.split_first_chunk::<32>()?;
    let mut temp_key = Zeroizing::new([0; 32]);
    for ((to, key), hash) in temp_key.iter_mut().zip(key).zip(sha256(&[encrypted])) {
        *to = key ^ hash;
    }
    let mut data = Zeroizing::new(encrypted.to_vec());
    aes_ige::decrypt(&mut data, &temp_key, &[0; 32]).ok()?;
    let (reversed, digest) = data.split_last_chunk_mut::<32>()?;
    reversed.reverse();
    if !bool::from(sha256(&[&*temp_key, reversed]).ct_eq(digest)) {
        return None;
    }
    data.truncate(192);
    Some(Unpadded { data, legacy_digest: None })
}

/// The old padding has nothing to check before the object's length is known, except that it is 255
/// bytes.
fn legacy(plain: &[u8; 256]) -> Option<Unpadded> {
    let (0, rest) = plain.split_first()? else {
        return None;
    };
    let (digest, data) = rest.split_first_chunk()?;
    Some(Unpadded { data: Zeroizing::new(data.to_vec()), legacy_digest: Some(*digest) })
}

/// Which padding a client used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// RSA_PAD, the only one to send.
    Modern,
    /// SHA1, data, random bytes.
    Legacy,
}

/// Decrypted data with the random bytes behind it. Parse, then call [`Unpadded::check`], then
/// believe.
pub struct Unpadded {
    data: Zeroizing<Vec<u8>>,
    legacy_digest: Option<[u8; 20]>,
}

impl Unpadded {
    /// Which padding the client used.
    pub fn padding(&self) -> Padding {
        if self.legacy_digest.is_some() { Padding::Legacy } else { Padding::Modern }
    }

    /// The object and the random bytes behind it: 192 bytes with RSA_PAD, 235 with the old padding.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// To be called with the length of the parsed object. With the old padding it checks the SHA-1
    /// over exactly these bytes; RSA_PAD's hash was checked on decryption, and only its limit of
    /// 144 bytes is.
    ///
    /// # Errors
    /// [`DecryptError::ObjectLength`], [`DecryptError::Hash`].
    pub fn check(&self, len: usize) -> Result<(), DecryptError> {
        let most = self.legacy_digest.map_or(PublicKey::MOST_DATA, |_| self.data.len());
        if len > most {
            return Err(DecryptError::ObjectLength { len, most });
        }
        let object = self.data.get(..len).unwrap_or_default();
        match self.legacy_digest {
            Some(digest) if !bool::from(sha1(&[object]).ct_eq(&digest)) => Err(DecryptError::Hash),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Unpadded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpadded").field("padding", &self.padding()).finish_non_exhaustive()
    }
}

/// Why a block is refused. For the server's own log; the client is told no more than that it
/// failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// Not 256 bytes.
    #[error("encrypted data has {len} bytes, expected 256")]
    Length {
        /// Bytes that came.
        len: usize,
    },
    /// Not below n.
    #[error("encrypted data is not below the modulus")]
    TooLarge,
    /// Neither RSA_PAD nor the old padding: damaged, or encrypted to another key.
    #[error("decrypted data has neither padding: damaged, or for another key")]
    Padding,
    /// The object is longer than the padding allows.
    #[error("an object of {len} bytes, expected at most {most}")]
    ObjectLength {
        /// Length of the object as parsed.
        len: usize,
        /// The most that the padding takes.
        most: usize,
    },
    /// The SHA-1 of the old padding does not fit the object: damaged, or encrypted to another key.
    #[error("the SHA-1 before the object does not match")]
    Hash,
}
