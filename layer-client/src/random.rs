//! Random bytes: a generator that the operating system has seeded.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// A generator from a seed.
pub(crate) fn seeded(seed: [u8; 32]) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(seed)
}

/// A generator that nobody can foresee.
///
/// # Errors
/// If the operating system has no random bytes.
pub(crate) fn from_system() -> Result<ChaCha20Rng, getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seeded(seed))
}
