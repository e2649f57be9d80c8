//! Diffie-Hellman in the server's group, and every check on what a peer sends of it (core
//! mtproto/auth_key and mtproto/security_guidelines). Key agreement, SRP, secret chats and calls
//! share it.

use std::sync::LazyLock;

use crypto_bigint::{Odd, U2048};
use crypto_primes::hazmat::{MillerRabin, Primality};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::auth_key::AuthKey;
use crate::hash::sha256;
use crate::number::{self, Comb, Modulus};

/// The prime that Telegram's servers use, with g = 3.
const WELL_KNOWN: U2048 = U2048::from_be_hex(concat!(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db",
    "fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64",
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41",
    "0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4",
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf",
    "6f4fadf034b10403119cd8e3b92fcc5b"
));

/// The generator that Telegram's servers use with it.
const WELL_KNOWN_GENERATOR: i32 = 3;

/// The well-known prime ready for multiplication, whether it is what it is said to be, and powers of
/// its generator: what is worked out once in a process, when it is first asked for.
static MODULUS: LazyLock<Modulus> = LazyLock::new(|| {
    #[allow(clippy::expect_used, reason = "a constant, and a test checks it")]
    Modulus::new(WELL_KNOWN).expect("the well-known prime is odd")
});
static WELL_KNOWN_IS_SAFE: LazyLock<Result<(), DhError>> = LazyLock::new(well_known_is_safe);
static POWERS: LazyLock<Comb> =
    LazyLock::new(|| Comb::new(&MODULUS, &generator(WELL_KNOWN_GENERATOR)));

/// Rounds of Miller-Rabin on each of p and (p - 1) / 2. The specification asks for 15 at least; 32
/// let a composite through once in 2^64.
const ROUNDS: usize = 32;

/// The same on the well-known prime.
const WELL_KNOWN_ROUNDS: usize = 15;

/// Primes that have passed the primality test, so that its quarter of a second is spent once on
/// each. Keep one of these as long as the client lives. The well-known prime needs none: it is
/// tested once in a process.
#[derive(Debug, Clone, Default)]
pub struct KnownPrimes {
    verified: Vec<U2048>,
}

impl KnownPrimes {
    /// More than a server has any use for; the oldest is forgotten first.
    const MOST: usize = 8;

    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn contains(&self, prime: &U2048) -> bool {
        self.verified.contains(prime)
    }

    fn insert(&mut self, prime: U2048) {
        if self.verified.len() >= Self::MOST {
            self.verified.remove(0);
        }
        self.verified.push(prime);
    }
}

/// A group that has passed all checks: a safe prime of 2048 bits and a generator of its subgroup of
/// prime order.
#[derive(Clone)]
pub struct Group {
    g: i32,
    modulus: Modulus,
}

impl Group {
    /// Checks what a server sent: 2^2047 < p < 2^2048, g in 2..=7 with the residue that makes it
    /// generate the subgroup of order (p - 1) / 2, p and (p - 1) / 2 prime.
    ///
    /// The residue is computed for every prime. The primality test is left out for primes that are
    /// `known` already; otherwise it takes a quarter of a second, and its bases are drawn from
    /// `rng`: the prime comes from the peer, who could construct a composite that passes for any
    /// bases he can foresee, also for such as are derived from the number itself. The prime of
    /// Telegram's servers is tested too, but once in a process and without `rng`.
    ///
    /// # Errors
    /// [`DhError`], one variant for each check.
    pub fn check(
        g: i32,
        prime: &[u8],
        known: &mut KnownPrimes,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, DhError> {
        let bytes = number::significant(prime);
        let prime = number::read(bytes)
            .filter(|prime| prime.bit_width_vartime() == U2048::BITS)
            .ok_or(DhError::PrimeLength { len: bytes.len() })?;
        check_generator(g, &prime)?;
        if prime == WELL_KNOWN {
            (*WELL_KNOWN_IS_SAFE)?;
            return Ok(Self { g, modulus: MODULUS.clone() });
        }
        let group = Self::unchecked(g, prime).ok_or(DhError::NotPrime)?;
        if !known.contains(&prime) {
            check_safe_prime(&prime, ROUNDS, |test| test.test_random_base(rng))?;
            known.insert(prime);
        }
        Ok(group)
    }

    /// The group of Telegram's servers: the well-known prime and g = 3. What a server of one's own
    /// offers.
    pub fn well_known() -> Self {
        Self { g: WELL_KNOWN_GENERATOR, modulus: MODULUS.clone() }
    }

    /// For vectors in groups too small for the checks; `None` if the modulus is even.
    pub(crate) fn unchecked(g: i32, prime: U2048) -> Option<Self> {
        Some(Self { g, modulus: Modulus::new(prime)? })
    }

    /// The generator.
    pub fn g(&self) -> i32 {
        self.g
    }

    /// The prime, 256 bytes big-endian.
    pub fn prime(&self) -> [u8; 256] {
        number::write(self.modulus.get())
    }

    /// Checks a peer's g_a or g_b (big-endian): 1 < v < p - 1 and 2^1984 <= v <= p - 2^1984.
    ///
    /// # Errors
    /// [`DhError::PublicOutOfRange`], [`DhError::PublicNearTheEnds`].
    pub fn check_public(&self, value: &[u8]) -> Result<(), DhError> {
        self.read_public(value).map(drop)
    }

    pub(crate) fn read_public(&self, value: &[u8]) -> Result<U2048, DhError> {
        let value = number::read(value).ok_or(DhError::PublicOutOfRange)?;
        let p = self.modulus.get();
        if value <= U2048::ONE || value >= p.wrapping_sub(&U2048::ONE) {
            return Err(DhError::PublicOutOfRange);
        }
        let margin = U2048::ONE.shl_vartime(1984);
        if value < margin || value > p.wrapping_sub(&margin) {
            return Err(DhError::PublicNearTheEnds);
        }
        Ok(value)
    }

    pub(crate) fn p(&self) -> U2048 {
        *self.modulus.get()
    }

    pub(crate) fn modulus(&self) -> &Modulus {
        &self.modulus
    }

    /// g^exponent mod p.
    pub(crate) fn power(&self, exponent: &U2048) -> Zeroizing<U2048> {
        if self.g == WELL_KNOWN_GENERATOR && *self.modulus.get() == WELL_KNOWN {
            POWERS.pow(exponent)
        } else {
            self.modulus.pow(&self.generator(), exponent)
        }
    }

    pub(crate) fn generator(&self) -> U2048 {
        generator(self.g)
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = if *self.modulus.get() == WELL_KNOWN { "well known" } else { "other" };
        f.debug_struct("Group").field("g", &self.g).field("prime", &known).finish()
    }
}

/// g must be a quadratic residue mod p: then it generates the subgroup of order (p - 1) / 2.
fn check_generator(g: i32, prime: &U2048) -> Result<(), DhError> {
    let (modulus, residues): (u32, &[u32]) = match g {
        2 => (8, &[7]),
        3 => (3, &[2]),
        4 => (1, &[0]),
        5 => (5, &[1, 4]),
        6 => (24, &[19, 23]),
        7 => (7, &[3, 5, 6]),
        _ => return Err(DhError::UnknownGenerator { g }),
    };
    let residue =
        number::write(prime).iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % modulus);
    if residues.contains(&residue) { Ok(()) } else { Err(DhError::WrongResidue { g }) }
}

fn generator(g: i32) -> U2048 {
    U2048::from_u32(g.unsigned_abs())
}

/// The test of the one prime that everybody knows. Its bases need not be drawn: they are hashes of
/// words of ours, and the prime was published long before. So fewer of them do too.
fn well_known_is_safe() -> Result<(), DhError> {
    let mut drawn = 0_u16;
    let mut base = || {
        let mut base = [0; 256];
        for chunk in base.as_chunks_mut().0 {
            drawn += 1;
            *chunk = sha256(&[b"a base for the well-known prime", &drawn.to_be_bytes()]);
        }
        U2048::from_be_slice(&base)
    };
    check_safe_prime(&WELL_KNOWN, WELL_KNOWN_ROUNDS, |test| test.test(&base()))
}

/// `one_round` is one of Miller-Rabin's, with a base of its choice.
fn check_safe_prime(
    prime: &U2048,
    rounds: usize,
    mut one_round: impl FnMut(&MillerRabin<U2048>) -> Primality,
) -> Result<(), DhError> {
    let mut is_prime = |number: &U2048| {
        Odd::new(*number)
            .into_option()
            .map(MillerRabin::new)
            .is_some_and(|test| (0..rounds).all(|_| one_round(&test).is_probably_prime()))
    };
    if !is_prime(prime) {
        return Err(DhError::NotPrime);
    }
    if !is_prime(&prime.shr_vartime(1)) {
        return Err(DhError::NotSafePrime);
    }
    Ok(())
}

/// One side's secret exponent and its public value. The exponent is wiped when dropped.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::dh::{Group, Secret};
/// let group = Group::well_known();
/// let (a, b) = (Secret::generate(&group, &mut rng), Secret::generate(&group, &mut rng));
/// assert_eq!(a.shared(b.public())?, b.shared(a.public())?);
/// # Ok::<(), layer_crypto::dh::DhError>(())
/// ```
#[derive(Clone)]
pub struct Secret {
    group: Group,
    /// Boxed, because a moved number leaves a copy behind that nobody wipes.
    exponent: Box<Zeroizing<U2048>>,
    public: [u8; 256],
}

impl Secret {
    /// Draws 2048 random bits, and again in the 2^-63 of cases in which the public value would not
    /// pass the peer's checks.
    pub fn generate(group: &Group, rng: &mut dyn CryptoRng) -> Self {
        let mut exponent = Zeroizing::new([0; 256]);
        loop {
            rng.fill_bytes(exponent.as_mut_slice());
            if let Ok(secret) = Self::from_bytes(group, &exponent) {
                return secret;
            }
        }
    }

    /// A saved exponent (256 bytes big-endian).
    ///
    /// # Errors
    /// As [`Group::check_public`], if its public value is out of range.
    pub fn from_bytes(group: &Group, exponent: &[u8; 256]) -> Result<Self, DhError> {
        let exponent = Box::new(Zeroizing::new(U2048::from_be_slice(exponent)));
        let public = number::write(&group.power(&exponent));
        group.check_public(&public)?;
        Ok(Self { group: group.clone(), exponent, public })
    }

    /// The exponent, 256 bytes big-endian, to be saved.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 256]> {
        Zeroizing::new(number::write(&self.exponent))
    }

    /// g^exponent mod p, 256 bytes big-endian: what the peer gets.
    pub fn public(&self) -> &[u8; 256] {
        &self.public
    }

    /// Checks the peer's public value (big-endian) and raises it to the exponent, in constant time.
    ///
    /// # Errors
    /// As [`Group::check_public`].
    pub fn shared(&self, peer_public: &[u8]) -> Result<AuthKey, DhError> {
        let peer_public = self.group.read_public(peer_public)?;
        let shared = self.group.modulus.pow(&peer_public, &self.exponent);
        Ok(AuthKey::from_bytes(&Zeroizing::new(number::write(&shared))))
    }

    pub(crate) fn exponent(&self) -> &U2048 {
        &self.exponent
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("group", &self.group).finish_non_exhaustive()
    }
}

/// Which check of a group or a public value failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DhError {
    /// p is not between 2^2047 and 2^2048.
    #[error("the prime has {len} bytes, expected 256 of them and 2^2047 < p < 2^2048")]
    PrimeLength {
        /// Bytes of the number that came, leading zeros not counted.
        len: usize,
    },
    /// p is composite.
    #[error("p is not prime")]
    NotPrime,
    /// (p - 1) / 2 is composite.
    #[error("p is not a safe prime: (p - 1) / 2 is composite")]
    NotSafePrime,
    /// g is not in 2..=7.
    #[error("g is {g}, expected 2 to 7")]
    UnknownGenerator {
        /// The generator that came.
        g: i32,
    },
    /// g does not generate the subgroup of order (p - 1) / 2.
    #[error("g = {g} does not generate the subgroup of prime order for this p")]
    WrongResidue {
        /// The generator that came.
        g: i32,
    },
    /// A public value is not in 1 < v < p - 1.
    #[error("a public value is not strictly between 1 and p - 1")]
    PublicOutOfRange,
    /// A public value is not in 2^1984 <= v <= p - 2^1984.
    #[error("a public value is not between 2^1984 and p - 2^1984")]
    PublicNearTheEnds,
}

#[cfg(test)]
mod tests;
