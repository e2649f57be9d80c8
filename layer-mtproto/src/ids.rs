//! Message identifiers: the server's time in units of 2^-32 s, a multiple of four from a client,
//! each above the one before (core mtproto/description, "Message Identifier").

use crate::Now;

/// Gives out message identifiers that rise.
///
/// ```
/// use std::time::Duration;
/// use layer_mtproto::{Now, ids::MsgIds};
/// let now = Now { monotonic: Duration::ZERO, wall: Duration::new(1_700_000_000, 500_000_000) };
/// let mut ids = MsgIds::new(0);
/// assert_eq!(ids.next(now), 1_700_000_000 << 32 | 1 << 31);
/// assert_eq!(ids.next(now), 1_700_000_000 << 32 | 1 << 31 | 4);
/// ```
#[derive(Debug, Clone)]
pub struct MsgIds {
    time_offset: i64,
    last: i64,
}

impl MsgIds {
    /// For a server whose clock is `time_offset` seconds ahead of the local one.
    pub fn new(time_offset: i64) -> Self {
        Self { time_offset, last: 0 }
    }

    /// An identifier for a message that is sent now. Whatever the clock does, it is above all
    /// earlier ones.
    pub fn next(&mut self, now: Now) -> i64 {
        let seconds = i64::try_from(now.wall.as_secs()).unwrap_or(i64::MAX);
        // A clock beyond all sense gives the nearest second that fits.
        let seconds = seconds.saturating_add(self.time_offset).clamp(1, i64::from(i32::MAX));
        let fraction = ((i64::from(now.wall.subsec_nanos()) << 32) + 500_000_000) / 1_000_000_000;
        // Servers want the low half not to be zero.
        let at_this_moment = seconds << 32 | (fraction & !3).max(4);
        self.last = at_this_moment.max(self.last.saturating_add(4));
        self.last
    }

    /// The server's clock is so many seconds ahead of the local one.
    pub fn set_time_offset(&mut self, seconds: i64) {
        self.time_offset = seconds;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(wall: Duration) -> Now {
        Now { monotonic: Duration::ZERO, wall }
    }

    #[test]
    fn rises_while_the_clock_stands_or_goes_back() {
        let mut ids = MsgIds::new(0);
        let mut last = 0;
        for seconds in [1_700_000_000, 1_700_000_000, 1_600_000_000, 0, u64::MAX, 5] {
            for _ in 0..1000 {
                let id = ids.next(at(Duration::from_secs(seconds)));
                assert!(id > last, "{id} after {last} at {seconds}");
                assert_eq!(id % 4, 0);
                assert_ne!(id & 0xffff_ffff, 0);
                last = id;
            }
        }
    }

    #[test]
    fn carries_the_servers_time_with_its_fraction() {
        let mut ids = MsgIds::new(-3600);
        let quarter = Duration::new(1_700_003_600, 250_000_000);
        assert_eq!(ids.next(at(quarter)), 1_700_000_000 << 32 | 1 << 30);
        ids.set_time_offset(0);
        assert_eq!(ids.next(at(quarter)) >> 32, 1_700_003_600);
        // Never backwards, also when the offset is corrected downwards.
        ids.set_time_offset(-7200);
        assert_eq!(ids.next(at(quarter)) >> 32, 1_700_003_600);
    }

    #[test]
    fn is_a_multiple_of_four_at_every_moment() {
        for nanos in 0..100_000 {
            let id = MsgIds::new(0).next(at(Duration::new(77, nanos * 9_999)));
            assert_eq!((id % 4, id >> 32), (0, 77));
        }
    }

    #[test]
    fn the_last_nanosecond_of_a_second_stays_in_it() {
        let id = MsgIds::new(0).next(at(Duration::new(77, 999_999_999)));
        assert_eq!(id >> 32, 77);
    }
}
