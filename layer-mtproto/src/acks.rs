//! What is to be acknowledged, and when (core mtproto/service_messages_about_messages,
//! "Acknowledgment of Receipt").

use std::time::Duration;

/// With so many waiting, they go out alone.
const MANY: usize = 16;

/// The messages of the server that wait to be acknowledged. They go along with whatever else is
/// sent; alone when there are many or the first has waited long enough.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acks {
    waiting: Vec<i64>,
    /// When the first of them came, on the monotonic clock.
    since: Duration,
}

impl Acks {
    /// The most that one message lists.
    pub(crate) const MOST: usize = 8192;

    /// A message that wants to be acknowledged has come.
    pub(crate) fn add(&mut self, msg_id: i64, monotonic: Duration) {
        if self.waiting.is_empty() {
            self.since = monotonic;
        }
        self.waiting.push(msg_id);
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
            acks.add(n, Duration::from_secs(5 + n as u64));
            assert_eq!(acks.deadline(DELAY), Some(Duration::from_secs(35)));
        }
        acks.add(99, Duration::from_secs(20));
        assert_eq!(acks.deadline(DELAY), Some(Duration::from_secs(5)), "now");
        assert_eq!(acks.take().len(), MANY);
        assert_eq!((acks.deadline(DELAY), acks.len()), (None, 0));
        acks.add(100, Duration::from_secs(50));
        assert_eq!(acks.deadline(DELAY), Some(Duration::from_secs(80)));
    }

    #[test]
    fn one_message_lists_no_more_than_it_may() {
        let mut acks = Acks::default();
        (0..20_000).for_each(|n| acks.add(n, Duration::ZERO));
        let taken = [acks.take(), acks.take(), acks.take(), acks.take()];
        assert_eq!(taken.each_ref().map(Vec::len), [8192, 8192, 3616, 0]);
        assert!(taken.concat().into_iter().eq(0..20_000));
    }
}
