//! Message identifiers: those that we give out, and those that have come (core mtproto/description,
//! "Message Identifier", and mtproto/security_guidelines).

use std::collections::VecDeque;
use std::time::Duration;

/// Servers take identifiers that are so many seconds ahead of their time, and some more.
const AHEAD: i64 = 20;

/// Gives out message identifiers: the server's time in units of 2^-32 s, a multiple of four from a
/// client, each above the one before.
///
/// ```
/// use std::time::Duration;
/// use layer_mtproto::ids::MsgIds;
/// let mut ids = MsgIds::default();
/// let server_time = Duration::new(1_700_000_000, 500_000_000);
/// assert_eq!(ids.next(server_time), 1_700_000_000 << 32 | 1 << 31);
/// assert_eq!(ids.next(server_time), 1_700_000_000 << 32 | 1 << 31 | 4);
/// ```
#[derive(Debug, Clone, Default)]
pub struct MsgIds {
    last: i64,
}

impl MsgIds {
    /// An identifier for a message that is sent when the server's clock shows so much, as far as we
    /// know. Whatever the clock does, it is above all earlier ones.
    pub fn next(&mut self, server_time: Duration) -> i64 {
        // A clock beyond all sense gives the nearest second that fits.
        let seconds = i64::try_from(server_time.as_secs()).unwrap_or(i64::MAX);
        let seconds = seconds.clamp(1, i64::from(i32::MAX));
        let nanos = i64::from(server_time.subsec_nanos());
        let fraction = ((nanos << 32) + 500_000_000) / 1_000_000_000;
        // Servers want the low half not to be zero.
        let at_this_moment = seconds << 32 | (fraction & !3).max(4);
        self.last = at_this_moment.max(self.last.saturating_add(4));
        self.last
    }

    /// The one that was given out last; 0 at first.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// Lets identifiers begin anew where they have run ahead of the server's time, as far as we know
    /// it now. Only in a new session may they be lower than before; and where they need not, they
    /// are not, so that none is given out twice. Returns whether they do.
    pub(crate) fn begin_anew(&mut self, server_time: Duration) -> bool {
        let time = i64::try_from(server_time.as_secs()).unwrap_or(i64::MAX);
        let ahead = seconds(self.last) > time.saturating_add(AHEAD);
        if ahead {
            self.last = 0;
        }
        ahead
    }
}

/// The seconds of unix time that an identifier tells.
pub(crate) fn seconds(msg_id: i64) -> i64 {
    msg_id >> 32
}

/// The identifiers of the messages that came last, so that none is taken twice.
///
/// At most [`Window::MOST`] are remembered; what is older than the oldest of them can't be told from
/// a repetition and counts as one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    /// In rising order.
    seen: VecDeque<i64>,
    forgotten: Option<i64>,
}

/// What a message is to a [`Window`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    New,
    Again,
    /// Older than all that is remembered.
    TooOld,
}

impl Window {
    /// As many as two of the largest containers hold.
    pub(crate) const MOST: usize = 2048;

    /// Takes note of a message.
    pub(crate) fn take(&mut self, msg_id: i64) -> Arrival {
        let place = match self.seen.back() {
            Some(latest) if *latest < msg_id => Err(self.seen.len()),
            _ => self.seen.binary_search(&msg_id),
        };
        let Err(place) = place else { return Arrival::Again };
        if self.forgotten.is_some_and(|forgotten| msg_id <= forgotten) {
            return Arrival::TooOld;
        }
        if place == self.seen.len() {
            self.seen.push_back(msg_id);
        } else {
            self.seen.insert(place, msg_id);
        }
        if self.seen.len() > Self::MOST {
            self.forgotten = self.seen.pop_front();
        }
        Arrival::New
    }

    /// Whether a message has come.
    pub(crate) fn has(&self, msg_id: i64) -> bool {
        self.seen.binary_search(&msg_id).is_ok()
    }

    /// Whether a message is too old to say whether it has come.
    pub(crate) fn has_forgotten(&self, msg_id: i64) -> bool {
        self.forgotten.is_some_and(|forgotten| msg_id <= forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_while_the_clock_stands_or_goes_back() {
        let mut ids = MsgIds::default();
        let mut last = 0;
        for seconds in [1_700_000_000, 1_700_000_000, 1_600_000_000, 0, u64::MAX, 5] {
            for _ in 0..1000 {
                let id = ids.next(Duration::from_secs(seconds));
                assert!(id > last, "{id} after {last} at {seconds}");
                assert_eq!(id % 4, 0);
                assert_ne!(id & 0xffff_ffff, 0);
                last = id;
            }
        }
    }

    #[test]
    fn carries_the_time_with_its_fraction() {
        let mut ids = MsgIds::default();
        let quarter = Duration::new(1_700_000_000, 250_000_000);
        assert_eq!(ids.next(quarter), 1_700_000_000 << 32 | 1 << 30);
        ids.begin_anew(Duration::from_secs(1_699_999_980));
        assert_eq!(ids.next(Duration::from_secs(1_699_999_980)), 1_700_000_000 << 32 | 1 << 30 | 4);
        ids.begin_anew(Duration::from_secs(1_699_999_979));
        assert_eq!(ids.next(Duration::from_secs(1_699_999_979)) >> 32, 1_699_999_979);
    }

    #[test]
    fn is_a_multiple_of_four_at_every_moment() {
        for nanos in 0..100_000 {
            let id = MsgIds::default().next(Duration::new(77, nanos * 9_999));
            assert_eq!((id % 4, id >> 32), (0, 77));
        }
    }

    #[test]
    fn the_last_nanosecond_of_a_second_stays_in_it() {
        let id = MsgIds::default().next(Duration::new(77, 999_999_999));
        assert_eq!(id >> 32, 77);
    }

    #[test]
    fn a_message_is_new_once_whatever_the_order() {
        let mut window = Window::default();
        for id in [9, 5, 7, 1, 11] {
            assert_eq!(window.take(id), Arrival::New);
            assert_eq!(window.take(id), Arrival::Again);
            assert!(window.has(id));
        }
        assert!(!window.has(3) && !window.has_forgotten(1));
    }

    #[test]
    fn what_is_older_than_the_window_counts_as_a_repetition() {
        let mut window = Window::default();
        for id in 0..Window::MOST as i64 + 2 {
            assert_eq!(window.take(10 + id), Arrival::New);
        }
        assert_eq!(window.seen.len(), Window::MOST);
        assert_eq!([9, 10, 11, 12].map(|id| window.take(id)), {
            use Arrival::{Again, TooOld};
            [TooOld, TooOld, TooOld, Again]
        });
        assert!(window.has_forgotten(11) && !window.has_forgotten(12));
    }
}
