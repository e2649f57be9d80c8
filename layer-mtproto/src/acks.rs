//! What is to be acknowledged, and when (core mtproto/service_messages_about_messages,
//! "Acknowledgment of Receipt").

use std::time::Duration;

/// With so many waiting, they go out alone.
const MANY: usize = 16;
/// With so many, or so many bytes of messages that the server keeps for them, they go out along with
/// whatever else is sent.
const SEVERAL: usize = 8;
const LARGE: usize = 4 << 10;

/// The messages of the server that wait to be acknowledged. They go along with what else is sent when
/// they are several or large; with each small call they would make a container of it, and half of its
/// packet. Alone they go when there are many or the first has waited long enough.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acks {
    waiting: Vec<i64>,
    /// How long those messages are together.
    bytes: usize,
    /// When the first of them came, on the monotonic clock.
    since: Duration,
}

impl Acks {
    /// The most that one message lists.
    pub(crate) const MOST: usize = 8192;

    /// A message of this length that wants to be acknowledged has come.
    pub(crate) fn add(&mut self, msg_id: i64, len: usize, monotonic: Duration) {
        if self.waiting.is_empty() {
            self.since = monotonic;
        }
        self.waiting.push(msg_id);
        self.bytes = self.bytes.saturating_add(len);
    }

    /// The server has waited for them in vain: they go along with whatever is sent next.
    pub(crate) fn hurry(&mut self) {
        self.bytes = LARGE;
    }

    /// Whether they go out now, something else being sent (`along`) or not.
    pub(crate) fn are_due(&self, along: bool, delay: Duration, monotonic: Duration) -> bool {
        let is_time = self.deadline(delay).is_some_and(|at| at <= monotonic);
        is_time || (along && (self.waiting.len() >= SEVERAL || self.bytes >= LARGE))
    }

    /// When they go out at the latest.
    pub(crate) fn deadline(&self, delay: Duration) -> Option<Duration> {
        match self.waiting.len() {
            0 => None,
            1..MANY => Some(self.since + delay),
            _ => Some(self.since),
        }
    }

    /// The next to go out in one message.
    pub(crate) fn take(&mut self) -> Vec<i64> {
        let rest = self.waiting.split_off(self.waiting.len().min(Self::MOST));
        self.bytes = 0;
        std::mem::replace(&mut self.waiting, rest)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_secs(30);

    #[test]
    fn they_wait_for_the_first_ones_delay_or_for_many() {
        let mut acks = Acks::default();
        assert_eq!(acks.deadline(DELAY), None);
        for n in 0..MANY as i64 - 1 {
            acks.add(n, 4, Duration::from_secs(5 + n as u64));
            assert_eq!(acks.deadline(DELAY), Some(Duration::from_secs(35)));
        }
        acks.add(99, 4, Duration::from_secs(20));
        assert_eq!(acks.deadline(DELAY), Some(Duration::from_secs(5)), "now");
        assert_eq!(acks.take().len(), MANY);
        assert_eq!((acks.deadline(DELAY), acks.len()), (None, 0));
        acks.add(100, 4, Duration::from_secs(50));
        assert_eq!(acks.deadline(DELAY), Some(Duration::from_secs(80)));
    }

    #[test]
    fn several_go_along_with_what_is_sent() {
        let mut acks = Acks::default();
        for n in 1..MANY {
            acks.add(n as i64, 4, Duration::ZERO);
            let is_due = [true, false].map(|along| acks.are_due(along, DELAY, Duration::ZERO));
            assert_eq!(is_due, [n >= SEVERAL, false], "{n}");
        }
    }

    #[test]
    fn those_of_large_messages_go_along_with_what_is_sent() {
        let mut acks = Acks::default();
        assert!(!acks.are_due(true, DELAY, Duration::ZERO), "there are none");
        for (len, along) in [(LARGE - 8, false), (4, false), (4, true), (usize::MAX, true)] {
            acks.add(1, len, Duration::ZERO);
            let is_due = |along, seconds| acks.are_due(along, DELAY, Duration::from_secs(seconds));
            assert_eq!((is_due(true, 29), is_due(false, 29)), (along, false), "{len}");
            assert!(is_due(true, 30) && is_due(false, 30), "{len}");
        }
        (4..SEVERAL - 1).for_each(|_| acks.add(1, 4, Duration::ZERO));
        assert_eq!(acks.take().len(), SEVERAL - 1);
        assert!(!acks.are_due(true, DELAY, Duration::from_secs(60)));
        acks.add(2, 4, Duration::ZERO);
        assert!(!acks.are_due(true, DELAY, Duration::ZERO), "those before are forgotten");
        acks.hurry();
        assert!(acks.are_due(true, DELAY, Duration::ZERO));
    }

    #[test]
    fn one_message_lists_no_more_than_it_may() {
        let mut acks = Acks::default();
        (0..20_000).for_each(|n| acks.add(n, 4, Duration::ZERO));
        let taken = [acks.take(), acks.take(), acks.take(), acks.take()];
        assert_eq!(taken.each_ref().map(Vec::len), [8192, 8192, 3616, 0]);
        assert!(taken.concat().into_iter().eq(0..20_000));
    }
}
