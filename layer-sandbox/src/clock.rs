//! Time, as it comes in from outside.

use std::time::Duration;

/// A moment on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since the beginning of 1970, as the calendar has it; it may jump.
    pub wall: Duration,
    /// Since any fixed moment; it never goes back.
    pub monotonic: Duration,
}

impl Now {
    /// The wall clock in whole unix seconds, of which the protocol has 32 bits.
    pub fn unix(&self) -> i64 {
        self.wall.as_secs().min(u32::MAX.into()) as i64
    }
}
