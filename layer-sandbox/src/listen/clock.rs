//! What the server takes for the time: the system's clocks and what they are ahead of them, or a
//! time that stands still until it is advanced.
#![allow(clippy::disallowed_methods, reason = "this is the edge")]

use std::time::{Duration, Instant, SystemTime};

use crate::Now;

/// Time for a [`Listener`](super::Listener): it flows as the system's does, or stands still.
/// Either can be advanced, both its clocks together, and its calendar be shifted alone.
///
/// ```
/// use std::time::Duration;
/// use layer_sandbox::listen::Clock;
///
/// let mut clock = Clock::standing(Duration::from_secs(1_700_000_000));
/// clock.advance(Duration::from_secs(3600));
/// clock.shift(-60);
/// let now = clock.now();
/// assert_eq!((now.unix(), now.monotonic.as_secs()), (1_700_003_540, 3600));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    base: Base,
    ahead: Duration,
    /// Seconds by which the wall clock was set forward, or back.
    shifted: i64,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    /// The system's clocks; the monotonic one counts from here.
    Flows(Instant),
    /// A wall time.
    Stands(Duration),
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self { base: Base::Flows(Instant::now()), ahead: Duration::ZERO, shifted: 0 }
    }

    /// A time that stands still, `wall` after the beginning of 1970.
    pub fn standing(wall: Duration) -> Self {
        Self { base: Base::Stands(wall), ahead: Duration::ZERO, shifted: 0 }
    }

    /// The present moment.
    pub fn now(&self) -> Now {
        let (wall, monotonic) = match self.base {
            Base::Flows(since) => {
                let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                (wall.unwrap_or_default(), since.elapsed())
            }
            Base::Stands(wall) => (wall, Duration::ZERO),
        };
        let wall = wall.saturating_add(self.ahead);
        let shift = Duration::from_secs(self.shifted.unsigned_abs());
        let wall =
            if self.shifted < 0 { wall.saturating_sub(shift) } else { wall.saturating_add(shift) };
        Now { wall, monotonic: monotonic.saturating_add(self.ahead) }
    }

    /// Moves on both clocks.
    pub fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// Sets the wall clock forward by so many seconds, or back; the monotonic one does not notice.
    pub fn shift(&mut self, seconds: i64) {
        self.shifted = self.shifted.saturating_add(seconds);
    }

    /// How long to wait for a moment of the monotonic clock; `None` if it does not come by itself.
    pub(super) fn wait_for(&self, monotonic: Duration) -> Option<Duration> {
        match self.base {
            Base::Flows(_) => Some(monotonic.saturating_sub(self.now().monotonic)),
            Base::Stands(_) => None,
        }
    }
}
