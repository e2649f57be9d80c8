//! The time, as whoever drives a machine reads it.

use std::time::Duration;

/// Both clocks, read at one moment.
///
/// The monotonic one measures how long something takes; the wall clock is what message identifiers
/// and expiry dates are made of, and it may be wrong and may jump.
///
/// ```
/// use std::time::{Duration, Instant, SystemTime};
/// use layer_mtproto::Now;
/// let start = Instant::now();
/// let read = || Now {
///     monotonic: start.elapsed(),
///     wall: SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO),
/// };
/// assert!(read().monotonic <= read().monotonic);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since any moment that stays the same; never goes backwards.
    pub monotonic: Duration,
    /// Since 1970, by the local clock.
    pub wall: Duration,
}

impl Now {
    /// How many seconds the server is ahead of the local clock, if its clock shows `server_time`
    /// now.
    pub(crate) fn offset_to(self, server_time: i32) -> i64 {
        i64::from(server_time) - i64::try_from(self.wall.as_secs()).unwrap_or(i64::MAX / 2)
    }
}
