//! The password of two-step verification (core api/srp): the client's answer and new password
//! hashes, and the server's verifier for a server of one's own.
//!
//! Everything that takes a password spends some 0.1 s in PBKDF2 and some hundredths in powers: keep
//! it off the async threads.

use crypto_bigint::U2048;
use pbkdf2::pbkdf2_hmac;
use rand_core::CryptoRng;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::dh::{DhError, Group, KnownPrimes, Secret};
use crate::hash::sha256;
use crate::number;

/// `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow` as it came, the only
/// algorithm there is. For a new password, extend salt1 of the server's `new_algo` by 32 random
/// bytes of our own first.
#[derive(Debug, Clone, Copy)]
pub struct Algo<'a> {
    /// The first salt.
    pub salt1: &'a [u8],
    /// The second salt.
    pub salt2: &'a [u8],
    /// The generator.
    pub g: i32,
    /// The prime, big-endian.
    pub p: &'a [u8],
}

/// What `inputCheckPasswordSRP` wants beside the id.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// A, 256 bytes big-endian.
    pub a: [u8; 256],
    /// M1.
    pub m1: [u8; 32],
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// Answers the `srp_B` of `account.password`. The secret exponent comes from `rng` alone: the
/// server's `secure_random` has no part in it.
///
/// # Errors
/// [`SrpError::Group`] if p or g fails its checks, [`SrpError::PublicB`] if B does,
/// [`SrpError::ZeroU`].
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::dh::{Group, KnownPrimes};
/// use layer_crypto::srp::{self, Algo, Verifier};
/// let mut known = KnownPrimes::new();
/// let algo = Algo { salt1: &[1; 40], salt2: &[2; 16], g: 3, p: &Group::well_known().prime() };
/// let v = srp::new_password_hash(b"secret", &algo, &mut known, &mut rng)?;
/// let challenge = Verifier::new(&algo, &v, &mut known, &mut rng)?.challenge(&mut rng);
///
/// let answer = srp::answer(b"secret", &algo, challenge.public(), &mut known, &mut rng)?;
/// challenge.check(&answer.a, &answer.m1)?;
/// # Ok::<(), srp::SrpError>(())
/// ```
pub fn answer(
    password: &[u8],
    algo: &Algo<'_>,
    srp_b: &[u8],
    known: &mut KnownPrimes,
    rng: &mut dyn CryptoRng,
) -> Result<Answer, SrpError> {
    let group = Group::check(algo.g, algo.p, known, rng)?;
    let public_b = number::read(srp_b)
        .filter(|b| (248..=256).contains(&srp_b.len()) && *b != U2048::ZERO && *b < group.p())
        .ok_or(SrpError::PublicB { len: srp_b.len() })?;
    let x = password_hash(password, algo);
    // Drawn again until 2^1984 <= A <= p - 2^1984.
    let secret = Secret::generate(&group, rng);
    let exchange = Exchange { group: &group, salt1: algo.salt1, salt2: algo.salt2 };
    exchange.answer(&x, secret.exponent(), &public_b)
}

/// `new_password_hash` of `account.passwordInputSettings`: v = g^x mod p, 256 bytes big-endian.
///
/// # Errors
/// [`SrpError::Group`] if p or g fails its checks.
pub fn new_password_hash(
    password: &[u8],
    algo: &Algo<'_>,
    known: &mut KnownPrimes,
    rng: &mut dyn CryptoRng,
) -> Result<[u8; 256], SrpError> {
    let group = Group::check(algo.g, algo.p, known, rng)?;
    Ok(number::write(&group.power(&password_hash(password, algo))))
}

/// What a server keeps of a password, wiped when dropped.
#[derive(Clone)]
pub struct Verifier {
    group: Group,
    salt1: Vec<u8>,
    salt2: Vec<u8>,
    v: Box<Zeroizing<U2048>>,
}

impl Verifier {
    /// From the `new_password_hash` that a client sent for `algo`.
    ///
    /// # Errors
    /// [`SrpError::Group`] if p or g fails its checks, or v is not in the range of a public value.
    pub fn new(
        algo: &Algo<'_>,
        v: &[u8],
        known: &mut KnownPrimes,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SrpError> {
        let group = Group::check(algo.g, algo.p, known, rng)?;
        let v = Box::new(Zeroizing::new(group.read_public(v)?));
        Ok(Self { group, salt1: algo.salt1.to_vec(), salt2: algo.salt2.to_vec(), v })
    }

    /// B for one attempt: k·v + g^b with a new b.
    pub fn challenge(&self, rng: &mut dyn CryptoRng) -> Challenge {
        loop {
            let challenge = self.challenge_with(Secret::generate(&self.group, rng));
            // Some clients hold B to the same range as other public values.
            if self.group.check_public(&challenge.public).is_ok() {
                return challenge;
            }
        }
    }

    fn challenge_with(&self, b: Secret) -> Challenge {
        let modulus = self.group.modulus();
        let k = multiplier(&self.group);
        let g_b = U2048::from_be_slice(b.public());
        let public = number::write(&modulus.add(&modulus.mul(&k, &self.v), &g_b));
        Challenge { verifier: self.clone(), b, public }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("group", &self.group).finish_non_exhaustive()
    }
}

/// One attempt's b and B.
pub struct Challenge {
    verifier: Verifier,
    b: Secret,
    public: [u8; 256],
}

impl Challenge {
    /// `srp_B`, 256 bytes big-endian.
    pub fn public(&self) -> &[u8; 256] {
        &self.public
    }

    /// Whether the client that sent A and M1 knew the password.
    ///
    /// # Errors
    /// [`SrpError::Group`] if A is out of range, [`SrpError::WrongPassword`].
    pub fn check(&self, a: &[u8], m1: &[u8]) -> Result<(), SrpError> {
        let Verifier { group, salt1, salt2, v } = &self.verifier;
        let public_a = group.read_public(a)?;
        let public_b = U2048::from_be_slice(&self.public);
        let exchange = Exchange { group, salt1, salt2 };
        let u = exchange.scramble(&public_a, &public_b)?;
        let modulus = group.modulus();
        // S = (A · v^u)^b
        let base = modulus.mul(&public_a, &modulus.pow_bounded(v, &u, DIGEST_BITS));
        let s = modulus.pow(&base, self.b.exponent());
        if exchange.m1(&public_a, &public_b, &s).ct_eq(m1).into() {
            Ok(())
        } else {
            Err(SrpError::WrongPassword)
        }
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenge").finish_non_exhaustive()
    }
}

/// The formulas that both sides share, in a group that has been checked (or is a vector's).
struct Exchange<'a> {
    group: &'a Group,
    salt1: &'a [u8],
    salt2: &'a [u8],
}

impl Exchange<'_> {
    /// The client's A and M1 for its x and a.
    fn answer(&self, x: &U2048, a: &U2048, public_b: &U2048) -> Result<Answer, SrpError> {
        let (group, modulus) = (self.group, self.group.modulus());
        let public_a = group.power(a);
        let u = self.scramble(&public_a, public_b)?;
        let k = multiplier(group);
        let v = group.power(x);
        let t = modulus.sub(public_b, &modulus.mul(&k, &v));
        // S = t^(a + u·x), as a product so that the sum need not be longer than 2048 bits.
        let ux = Zeroizing::new(u.wrapping_mul(x));
        let s = modulus.mul(&modulus.pow(&t, a), &modulus.pow_bounded(&t, &ux, 2 * DIGEST_BITS));
        Ok(Answer { a: number::write(&public_a), m1: self.m1(&public_a, public_b, &s) })
    }

    /// u = H(pad A | pad B).
    fn scramble(&self, public_a: &U2048, public_b: &U2048) -> Result<U2048, SrpError> {
        let digest = sha256(&[&number::write(public_a), &number::write(public_b)]);
        if digest == [0; 32] { Err(SrpError::ZeroU) } else { Ok(small(&digest)) }
    }

    /// M1 = H(H(pad p) xor H(pad g) | H(salt1) | H(salt2) | pad A | pad B | H(pad S)).
    fn m1(&self, public_a: &U2048, public_b: &U2048, s: &U2048) -> [u8; 32] {
        let mut p_xor_g = sha256(&[&self.group.prime()]);
        for (to, g) in p_xor_g.iter_mut().zip(sha256(&[&padded_generator(self.group)])) {
            *to ^= g;
        }
        let key = Zeroizing::new(sha256(&[Zeroizing::new(number::write(s)).as_slice()]));
        sha256(&[
            &p_xor_g,
            &sha256(&[self.salt1]),
            &sha256(&[self.salt2]),
            &number::write(public_a),
            &number::write(public_b),
            &*key,
        ])
    }
}

/// k = H(pad p | pad g).
fn multiplier(group: &Group) -> U2048 {
    small(&sha256(&[&group.prime(), &padded_generator(group)]))
}

fn padded_generator(group: &Group) -> [u8; 256] {
    number::write(&group.generator())
}

/// What u and x have at most.
const DIGEST_BITS: u32 = 256;

/// A digest as a number.
fn small(digest: &[u8; 32]) -> U2048 {
    crypto_bigint::U256::from_be_slice(digest).resize()
}

/// x = PH2(password).
fn password_hash(password: &[u8], algo: &Algo<'_>) -> Zeroizing<U2048> {
    let ph1 = ph1(password, algo);
    let mut stretched = Zeroizing::new([0; 64]);
    pbkdf2_hmac::<Sha512>(ph1.as_slice(), algo.salt1, 100_000, stretched.as_mut_slice());
    Zeroizing::new(small(&salted(stretched.as_slice(), algo.salt2)))
}

fn ph1(password: &[u8], algo: &Algo<'_>) -> Zeroizing<[u8; 32]> {
    salted(salted(password, algo.salt1).as_slice(), algo.salt2)
}

/// SH(data, salt) = H(salt | data | salt).
fn salted(data: &[u8], salt: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(sha256(&[salt, data, salt]))
}

/// Why a password exchange is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrpError {
    /// p, g, or a value of the group fails its check.
    #[error(transparent)]
    Group(#[from] DhError),
    /// B is not in 0 < B < p, or not 248 to 256 bytes.
    #[error("srp_B of {len} bytes, expected 248 to 256 and a value between 0 and p")]
    PublicB {
        /// Bytes that came.
        len: usize,
    },
    /// u = 0: the peer has found a collision, or jests.
    #[error("the hash of A and B is zero")]
    ZeroU,
    /// M1 is not what the password gives.
    #[error("the password is wrong")]
    WrongPassword,
}

#[cfg(test)]
mod tests;
