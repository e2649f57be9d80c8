//! Diffie-Hellman in the server's group.

use rand_core::CryptoRng;

use crate::auth_key::AuthKey;

/// Primes that have passed the primality test, so that it is done once for each. The well-known prime of
/// Telegram's servers is always among them.
#[derive(Debug, Clone, Default)]
pub struct KnownPrimes {}

/// A checked group.
#[derive(Clone)]
pub struct Group {}

impl Group {
    /// Checks g and the prime and everything between them.
    ///
    /// # Errors
    /// One variant per check.
    pub fn check(
        g: i32,
        prime: &[u8],
        known: &mut KnownPrimes,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, DhError> {
        let _ = (g, prime, known, rng);
        todo!()
    }

    /// The group of Telegram's servers: the well-known prime and g = 3. What the sandbox offers.
    pub fn well_known() -> Self {
        todo!()
    }

    /// The generator.
    pub fn g(&self) -> i32 {
        todo!()
    }

    /// The prime, 256 bytes big-endian.
    pub fn prime(&self) -> [u8; 256] {
        todo!()
    }

    /// Checks a peer's g_a or g_b (big-endian): 1 < v < p - 1 and 2^1984 <= v <= p - 2^1984.
    ///
    /// # Errors
    /// [`DhError::PublicOutOfRange`] and its like.
    pub fn check_public(&self, value: &[u8]) -> Result<(), DhError> {
        let _ = value;
        todo!()
    }
}

/// A secret exponent with its public value; wiped when dropped.
pub struct Secret {}

impl Secret {
    /// Draws 2048 random bits, again if the public value would not pass the peer's checks.
    pub fn generate(group: &Group, rng: &mut dyn CryptoRng) -> Self {
        let _ = (group, rng);
        todo!()
    }

    /// A saved exponent (256 bytes big-endian).
    ///
    /// # Errors
    /// If its public value is out of range.
    pub fn from_bytes(group: &Group, exponent: &[u8; 256]) -> Result<Self, DhError> {
        let _ = (group, exponent);
        todo!()
    }

    /// g^exponent mod p, 256 bytes big-endian: what the peer gets.
    pub fn public(&self) -> &[u8; 256] {
        todo!()
    }

    /// Checks the peer's public value and raises it to the exponent.
    ///
    /// # Errors
    /// As [`Group::check_public`].
    pub fn shared(&self, peer_public: &[u8]) -> Result<AuthKey, DhError> {
        let _ = peer_public;
        todo!()
    }
}

/// Which check of the group or of a public value failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DhError {
    /// p outside 2^2047 < p < 2^2048.
    #[error("the prime has {bits} bits, expected 2048")]
    PrimeSize {
        /// Bits of the number that came (leading zeros not counted).
        bits: usize,
    },
    /// p is composite.
    #[error("p is not prime")]
    NotPrime,
    /// (p - 1) / 2 is composite.
    #[error("(p - 1) / 2 is not prime")]
    NotSafePrime,
    /// g is not in 2..=7.
    #[error("g is {0}, expected 2 to 7")]
    UnknownGenerator(i32),
    /// g is no generator of the subgroup of order (p - 1) / 2.
    #[error("g = {0} does not generate the prime-order subgroup of this p")]
    WrongResidue(i32),
    /// The public value is 0, 1, p - 1 or beyond.
    #[error("a public value is not strictly between 1 and p - 1")]
    PublicOutOfRange,
    /// The public value is too near to either end.
    #[error("a public value is not between 2^1984 and p - 2^1984")]
    PublicNearTheEnds,
}
