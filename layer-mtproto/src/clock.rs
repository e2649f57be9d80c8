//! The server's clock, as far as a client can know it.
//!
//! It is carried on by the monotonic clock, so that a wall clock that is set right, or wrong, while
//! we run changes nothing. The wall clock serves once, at the beginning; that the two disagree later
//! (one was set, or the machine slept) tells that the server's time is to be learnt again.

use std::time::Duration;

use crate::Now;
use crate::ids;

/// The wall and the monotonic clock may drift apart by so much between two looks.
const DRIFT: i128 = 10 * SECOND;
/// An answer whose identifier is so far below its question's shows that our clock is ahead.
const AHEAD: i64 = 15;
const SECOND: i128 = 1_000_000_000;

/// What is known of the server's clock.
#[derive(Debug, Clone)]
pub(crate) struct ServerClock {
    /// The server's time less the monotonic clock, in nanoseconds.
    offset: i128,
    knowledge: Knowledge,
    /// The wall clock less the monotonic one, when they were last looked at.
    wall: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knowledge {
    /// The server has said nothing yet.
    Guessed,
    /// It has, but our clocks have jumped since, when our identifiers were here.
    Doubted {
        since: i64,
    },
    Known,
}

impl ServerClock {
    /// From the local wall clock, and how many seconds the server was ahead of it when last known.
    pub(crate) fn new(time_offset: i64, now: Now) -> Self {
        let wall = wall(now);
        let offset = wall + i128::from(time_offset) * SECOND;
        Self { offset, knowledge: Knowledge::Guessed, wall }
    }

    /// Looks at the clocks: if they have jumped, what is known is in doubt.
    pub(crate) fn look(&mut self, now: Now) {
        let wall = wall(now);
        if (wall - self.wall).abs() > DRIFT && self.knowledge == Knowledge::Known {
            self.doubt(now);
        }
        self.wall = wall;
    }

    /// What is known may be wrong. What comes now may have been sent before the clocks jumped, so
    /// that only the answer to a later question ends the doubt.
    pub(crate) fn doubt(&mut self, now: Now) {
        let time = self.time(now);
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX).min(i64::MAX >> 32);
        let fraction = (i64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
        self.knowledge = Knowledge::Doubted { since: seconds << 32 | fraction };
    }

    /// The server's unix time.
    pub(crate) fn time(&self, now: Now) -> Duration {
        let nanos = (nanos(now.monotonic) + self.offset).max(0);
        // Identifiers end in 2038, and what fits here in 2554.
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The server's unix time in whole seconds.
    pub(crate) fn seconds(&self, now: Now) -> i64 {
        i64::try_from(self.time(now).as_secs()).unwrap_or(i64::MAX)
    }

    /// How many seconds the server is ahead of the local wall clock; to be saved.
    pub(crate) fn time_offset(&self, now: Now) -> i64 {
        let offset = self.offset - wall(now);
        i64::try_from((offset + SECOND / 2).div_euclid(SECOND)).unwrap_or_default()
    }

    /// Whether the server's time is known well enough to refuse a message for its age.
    pub(crate) fn is_known(&self) -> bool {
        self.knowledge == Knowledge::Known
    }

    /// The exchange has told the server's time, as an offset to the local wall clock.
    pub(crate) fn learn(&mut self, time_offset: i64, now: Now) {
        *self = Self { knowledge: Knowledge::Known, ..Self::new(time_offset, now) };
    }

    /// A message has come. It was not sent in the future, so the server's clock is at least there.
    pub(crate) fn heard(&mut self, msg_id: i64, now: Now) {
        let heard = offset_of(msg_id, now);
        if self.knowledge == Knowledge::Guessed {
            self.set(msg_id, now);
        }
        self.offset = self.offset.max(heard);
    }

    /// `answer` came to `question`, and so was sent after it.
    pub(crate) fn answered(&mut self, question: i64, answer: i64, now: Now) {
        if ids::seconds(answer) < ids::seconds(question) - AHEAD {
            self.set(answer, now);
        } else if matches!(self.knowledge, Knowledge::Doubted { since } if question > since) {
            self.knowledge = Knowledge::Known;
        }
    }

    /// The server says that our time is wrong, and by its message's identifier what is right.
    pub(crate) fn set(&mut self, msg_id: i64, now: Now) {
        self.offset = offset_of(msg_id, now);
        self.knowledge = Knowledge::Known;
    }

    /// When the server's clock will show so many seconds, on the monotonic clock.
    pub(crate) fn monotonic_at(&self, seconds: i64) -> Duration {
        let nanos = (i128::from(seconds) * SECOND - self.offset).max(0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

fn wall(now: Now) -> i128 {
    nanos(now.wall) - nanos(now.monotonic)
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 4)
}

fn offset_of(msg_id: i64, now: Now) -> i128 {
    let fraction = (i128::from(msg_id & 0xffff_ffff) * SECOND) >> 32;
    i128::from(ids::seconds(msg_id)) * SECOND + fraction - nanos(now.monotonic)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: u64 = 1_700_000_000;

    fn now(monotonic: u64, wall: u64) -> Now {
        Now { monotonic: Duration::from_secs(monotonic), wall: Duration::from_secs(wall) }
    }

    fn id(seconds: u64) -> i64 {
        (seconds << 32) as i64 | 1
    }

    #[test]
    fn begins_with_the_wall_clock_and_goes_on_with_the_monotonic_one() {
        let mut clock = ServerClock::new(-100, now(5, WALL));
        assert_eq!(clock.seconds(now(5, WALL)), WALL as i64 - 100);
        for wall in [0, WALL, WALL * 2] {
            clock.look(now(15, wall));
            assert_eq!(clock.seconds(now(15, wall)), WALL as i64 - 90);
        }
    }

    #[test]
    fn what_the_server_says_first_is_taken_and_later_only_what_is_ahead() {
        let at = now(0, WALL);
        let mut clock = ServerClock::new(0, at);
        assert!(!clock.is_known());
        clock.heard(id(WALL - 3600), at);
        assert!(clock.is_known());
        assert_eq!((clock.seconds(at), clock.time_offset(at)), (WALL as i64 - 3600, -3600));
        clock.heard(id(WALL - 3700), at);
        assert_eq!(clock.seconds(at), WALL as i64 - 3600, "a message that took its time");
        clock.heard(id(WALL - 3590), at);
        assert_eq!(clock.seconds(at), WALL as i64 - 3590);
    }

    #[test]
    fn a_clock_that_is_ahead_is_noticed_by_an_answer_before_its_question() {
        let at = now(0, WALL);
        let mut clock = ServerClock::new(20, at);
        clock.learn(20, at);
        clock.answered(id(WALL + 20), id(WALL + 5), at);
        assert_eq!(clock.seconds(at), WALL as i64 + 20, "the way takes time");
        clock.answered(id(WALL + 20), id(WALL + 4), at);
        assert_eq!(clock.seconds(at), WALL as i64 + 4);
    }

    #[test]
    fn clocks_that_jump_leave_a_doubt_until_the_server_answers_what_was_asked_after_it() {
        for (monotonic, wall) in [(1, WALL + 3600), (1, WALL - 3600), (3600, WALL)] {
            let mut clock = ServerClock::new(0, now(0, WALL));
            clock.learn(0, now(0, WALL));
            clock.look(now(9, WALL));
            assert!(clock.is_known(), "drift");
            clock.look(now(monotonic, wall));
            assert!(!clock.is_known(), "{monotonic} {wall}");
            let at = now(monotonic, wall);
            let question = id(clock.seconds(at) as u64 + 1);
            // Sent before the jump and read after it.
            clock.heard(id(WALL + 5), at);
            assert!(!clock.is_known());
            clock.heard(id(WALL + 7200), at);
            clock.answered(id(WALL - 1), id(WALL + 7200), at);
            assert!(!clock.is_known(), "the question was older");
            clock.answered(question, id(WALL + 7200), at);
            assert!(clock.is_known());
            assert_eq!(clock.seconds(at), WALL as i64 + 7200);
        }
    }

    #[test]
    fn a_doubt_is_as_exact_as_identifiers_are() {
        let jumped =
            Now { monotonic: Duration::from_millis(1500), wall: Duration::from_secs(WALL + 3600) };
        let since = (WALL as i64 + 1) << 32 | 1 << 31;
        for (question, is_known) in [(since - 4, false), (since, false), (since + 4, true)] {
            let mut clock = ServerClock::new(0, now(0, WALL));
            clock.learn(0, now(0, WALL));
            clock.look(jumped);
            clock.answered(question, since + 1, jumped);
            assert_eq!(clock.is_known(), is_known, "{question}");
        }
    }

    #[test]
    fn a_drift_of_ten_seconds_is_no_jump() {
        for (wall, is_known) in [(WALL + 11, true), (WALL + 12, false)] {
            let mut clock = ServerClock::new(0, now(0, WALL));
            clock.learn(0, now(0, WALL));
            clock.look(now(1, wall));
            assert_eq!(clock.is_known(), is_known, "{wall}");
        }
    }

    #[test]
    fn what_is_saved_is_the_nearest_second() {
        let at = now(7, WALL);
        for (quarters, seconds) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (-1, 0), (-3, -1)] {
            let mut clock = ServerClock::new(0, at);
            clock.set(((WALL as i64) << 32) + (quarters << 30), at);
            assert_eq!(clock.time_offset(at), seconds, "{quarters}");
        }
    }

    #[test]
    fn tells_when_a_moment_of_the_server_will_be() {
        let clock = ServerClock::new(50, now(7, WALL));
        assert_eq!(clock.monotonic_at(WALL as i64 + 60), Duration::from_secs(17));
        assert_eq!(clock.monotonic_at(0), Duration::ZERO, "long past");
    }

    #[test]
    fn bears_any_clock_and_any_identifier() {
        let ends = [0, 1, WALL, u64::MAX];
        for (monotonic, wall) in ends.iter().flat_map(|a| ends.map(|b| (*a, b))) {
            let now = now(monotonic, wall);
            for offset in [i64::MIN, 0, i64::MAX] {
                let mut clock = ServerClock::new(offset, now);
                for id in [i64::MIN, 0, i64::MAX] {
                    clock.heard(id, now);
                    clock.set(id, now);
                    let _ = (clock.time(now), clock.time_offset(now), clock.monotonic_at(id));
                }
            }
        }
    }
}
