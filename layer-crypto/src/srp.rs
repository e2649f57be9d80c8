//! The password of two-step verification.

use rand_core::CryptoRng;

use crate::dh::KnownPrimes;

/// `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow`, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Algo<'a> {
    /// First salt.
    pub salt1: &'a [u8],
    /// Second salt.
    pub salt2: &'a [u8],
    /// Generator.
    pub g: i32,
    /// Prime, big-endian.
    pub p: &'a [u8],
}

/// A and M1 of `inputCheckPasswordSRP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// A, 256 bytes big-endian.
    pub a: [u8; 256],
    /// M1.
    pub m1: [u8; 32],
}

/// Answers `srp_B` of `account.password`. Takes a tenth of a second: keep it off the async threads.
///
/// # Errors
/// [`SrpError`].
pub fn answer(
    password: &[u8],
    algo: &Algo<'_>,
    srp_b: &[u8],
    known: &mut KnownPrimes,
    rng: &mut dyn CryptoRng,
) -> Result<Answer, SrpError> {
    let _ = (password, algo, srp_b, known, rng);
    todo!()
}

/// `new_password_hash` of `account.passwordInputSettings`: v = g^x mod p, 256 bytes big-endian.
///
/// # Errors
/// [`SrpError`].
pub fn new_password_hash(
    password: &[u8],
    algo: &Algo<'_>,
    known: &mut KnownPrimes,
    rng: &mut dyn CryptoRng,
) -> Result<[u8; 256], SrpError> {
    let _ = (password, algo, known, rng);
    todo!()
}

/// What a server keeps of a password.
#[derive(Clone)]
pub struct Verifier {}

impl Verifier {
    /// From a `new_password_hash` that a client sent.
    ///
    /// # Errors
    /// [`SrpError`].
    pub fn new(
        algo: &Algo<'_>,
        v: &[u8],
        known: &mut KnownPrimes,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SrpError> {
        let _ = (algo, v, known, rng);
        todo!()
    }

    /// A new b and B for one attempt.
    pub fn challenge(&self, rng: &mut dyn CryptoRng) -> Challenge {
        let _ = rng;
        todo!()
    }
}

/// One attempt's b and B.
pub struct Challenge {}

impl Challenge {
    /// `srp_B`, 256 bytes big-endian.
    pub fn public(&self) -> &[u8; 256] {
        todo!()
    }

    /// Whether the client knew the password.
    ///
    /// # Errors
    /// [`SrpError::WrongPassword`], or A out of range.
    pub fn check(&self, a: &[u8], m1: &[u8]) -> Result<(), SrpError> {
        let _ = (a, m1);
        todo!()
    }
}

/// Why a password exchange is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrpError {
    /// M1 is not what the password gives.
    #[error("the password is wrong")]
    WrongPassword,
}
