//! Server salts: each good for an hour, a new one every half hour (core mtproto/description, "Server salt").

use std::collections::VecDeque;

use layer_tl_types::types::FutureSalt;
use rand_core::CryptoRng;

/// How long a salt is good, in seconds.
const VALID: i64 = 3600;
/// After how long its successor begins.
const STEP: i64 = VALID / 2;
/// The most salts that a client is told of at once.
pub const MOST: usize = 64;

/// The salts of one authorization key, in the order of their times.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Salts {
    known: VecDeque<Salt>,
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Salt {
    since: i64,
    value: i64,
}

impl Salts {
    /// The salts of a key that was agreed at `now` (unix seconds), with its first one.
    pub fn new(first: i64, now: i64) -> Self {
        Self { known: VecDeque::from([Salt { since: now, value: first }]) }
    }

    /// Forgets all of them: others are drawn when they are needed.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// Whether a message with this salt is taken at `now`.
    pub fn accepts(&self, salt: i64, now: i64) -> bool {
        self.known.iter().any(|known| known.value == salt && known.is_valid(now))
    }

    /// The newest salt that is good at `now`.
    pub fn current(&mut self, now: i64, rng: &mut dyn CryptoRng) -> i64 {
        self.extend(1, now, rng);
        self.known.iter().rev().find(|salt| salt.is_valid(now)).map_or(0, |salt| salt.value)
    }

    /// The current salt and those after it, `count` in all and at most [`MOST`].
    pub fn future(&mut self, count: usize, now: i64, rng: &mut dyn CryptoRng) -> Vec<FutureSalt> {
        let count = count.clamp(1, MOST);
        let salt = self.current(now, rng);
        self.extend(count, now, rng);
        let from = self.known.iter().position(|known| known.value == salt).unwrap_or_default();
        let told = self.known.iter().skip(from).take(count);
        // TL ints of unix seconds.
        told.map(|known| FutureSalt {
            valid_since: known.since as i32,
            valid_until: (known.since + VALID) as i32,
            salt: known.value,
        })
        .collect()
    }

    /// Forgets what has expired and makes new ones, until `count` from the current one on are known.
    fn extend(&mut self, count: usize, now: i64, rng: &mut dyn CryptoRng) {
        self.known.retain(|salt| salt.since + VALID > now);
        match self.known.front_mut() {
            // The clock was set back: the first one begins earlier than it was made for.
            Some(first) if first.since > now => first.since = now,
            Some(_) => {}
            None => self.known.push_back(Salt { since: now, value: draw(rng) }),
        }
        let mut upcoming = self.known.iter().filter(|salt| salt.since > now).count();
        while let Some(last) = self.known.back()
            && (last.since + STEP <= now || upcoming + 1 < count)
        {
            let since = last.since + STEP;
            upcoming += usize::from(since > now);
            self.known.push_back(Salt { since, value: draw(rng) });
        }
    }
}

impl Salt {
    fn is_valid(&self, now: i64) -> bool {
        (self.since..self.since + VALID).contains(&now)
    }
}

fn draw(rng: &mut dyn CryptoRng) -> i64 {
    let mut bytes = [0; 8];
    rng.fill_bytes(&mut bytes);
    i64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    #[test]
    fn there_is_always_a_current_salt_and_the_one_before_is_still_good() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut salts = Salts::new(7, NOW);
        assert_eq!(salts.current(NOW, &mut rng), 7);
        let mut before = 7;
        for half_hours in 1..200 {
            let now = NOW + half_hours * STEP;
            let current = salts.current(now, &mut rng);
            assert_ne!(current, before);
            assert!(salts.accepts(current, now) && salts.accepts(before, now));
            assert!(!salts.accepts(before, now + STEP) && !salts.accepts(0, now));
            assert!(salts.known.len() <= MOST + 2);
            before = current;
        }
    }

    #[test]
    fn salts_that_were_told_become_current_in_their_time() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut salts = Salts::new(7, NOW);
        let told = salts.future(MOST, NOW + 100, &mut rng);
        assert_eq!(told.len(), MOST);
        assert!(!salts.accepts(told[1].salt, NOW + 100), "not yet");
        for salt in told {
            assert_eq!(salts.current(salt.valid_since.into(), &mut rng), salt.salt);
            assert!(salts.accepts(salt.salt, i64::from(salt.valid_until) - 1));
        }
    }

    #[test]
    fn a_clock_that_jumps_leaves_a_salt_and_no_heap_of_them() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let mut salts = Salts::new(7, NOW);
        for jump in [1_000_000, -2_000_000, 0, -1, 4000, -4000, 1_000_000_000, -NOW] {
            let now = NOW + jump;
            let current = salts.current(now, &mut rng);
            assert!(salts.accepts(current, now), "{jump}");
            let told = salts.future(MOST, now, &mut rng);
            assert_eq!((told.len(), told[0].salt), (MOST, current), "{jump}");
            assert!(salts.known.len() <= MOST + 2, "{jump}");
        }
    }
}
