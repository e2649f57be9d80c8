//! Randomness from the seed: one stream for each purpose, so that what one part draws moves no other.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// What a stream of randomness is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// Which of all possible runs this is: framing, route, what goes wrong how often.
    Profile,
    Client,
    Server,
    Link,
    Script,
    User,
}

/// The client's or the server's own randomness.
pub fn rng(seed: u64, purpose: Purpose) -> ChaCha20Rng {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    rng
}

/// Draws numbers for the simulation itself.
pub struct Dice(ChaCha20Rng);

impl Dice {
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Self(rng(seed, purpose))
    }

    /// A number of the range, each as likely.
    pub fn among(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (from, to) = range.into_inner();
        from + self.0.next_u64() % (to - from + 1)
    }

    /// An index below `len`.
    pub fn index(&mut self, len: usize) -> usize {
        self.among(0..=len as u64 - 1) as usize
    }

    /// One of the things.
    pub fn pick<T: Clone>(&mut self, things: &[T]) -> T {
        things[self.index(things.len())].clone()
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.among(1..=times) == 1
    }

    /// A number of the range, small ones as likely as large ones: first its length in bits is drawn.
    pub fn any_size(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (from, to) = range.into_inner();
        let bits = self.among(0..=u64::from(64 - (to - from).leading_zeros()));
        let most = if bits == 0 { 0 } else { (1 << bits) - 1 };
        from + self.among(most / 2..=most).min(to - from)
    }

    /// A time between two, small ones as likely as large ones.
    pub fn time(&mut self, milliseconds: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.any_size(milliseconds))
    }

    /// The index of a weight, each as likely as it weighs.
    pub fn weighed(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut drawn = self.among(1..=u64::from(total)) as u32;
        for (index, weight) in weights.iter().enumerate() {
            if drawn <= *weight {
                return index;
            }
            drawn -= weight;
        }
        unreachable!("what is drawn is no more than the total");
    }
}

#[test]
fn the_streams_of_a_seed_differ_and_come_again() {
    let draw = |seed, purpose| Dice::new(seed, purpose).among(0..=u64::MAX - 1);
    assert_eq!(draw(1, Purpose::Link), draw(1, Purpose::Link));
    assert_ne!(draw(1, Purpose::Link), draw(1, Purpose::User));
    assert_ne!(draw(1, Purpose::Link), draw(2, Purpose::Link));
}

#[test]
fn drawn_numbers_stay_in_their_range() {
    let mut dice = Dice::new(7, Purpose::Profile);
    for _ in 0..10_000 {
        assert!((3..=9).contains(&dice.among(3..=9)));
        assert!((5..=70).contains(&dice.any_size(5..=70)));
        assert!([0, 2].contains(&dice.weighed(&[1, 0, 3])));
    }
}
