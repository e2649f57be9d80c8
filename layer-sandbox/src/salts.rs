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
#[derive(Debug)]
pub struct Salts {
    known: VecDeque<Salt>,
}

#[derive(Clone, Copy, Debug)]
struct Salt {
    since: i64,
    value: i64,
}

impl Salts {
    /// The salts of a key that was agreed at `now` (unix seconds), with its first one.
    pub fn new(first: i64, now: i64) -> Self {
        Self { known: VecDeque::from([Salt { since: now, value: first }]) }
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
        // What lies behind the end of the next half hours is none of a clock that was set back.
        let horizon = now + STEP * (MOST as i64 + 1);
        self.known.retain(|salt| salt.since + VALID > now && salt.since <= horizon);
        if self.known.front().is_none_or(|salt| salt.since > now) {
            self.known.push_front(Salt { since: now, value: draw(rng) });
        }
        while let Some(last) = self.known.back()
            && last.since < now + STEP * (count as i64 - 1)
        {
            let since = last.since + STEP;
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
