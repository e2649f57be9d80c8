//! Server salts: a number in every message, good for an hour or less, by which the server keeps old
//! messages from being played to it again (core mtproto/description, "Server Salt").

use std::time::Duration;

use layer_tl_types::types::FutureSalt;

/// How long a salt is taken to be good whose end was not told, in seconds.
const UNTOLD: i32 = 600;
/// More are asked for when those known end in so many seconds.
const AHEAD: i64 = 900;
/// A salt is not used in its first and last seconds, so that a clock that is a little off does no
/// harm: each is good for half an hour together with the next.
const MARGIN: i64 = 60;
/// After asking, so long is waited before asking again.
const PATIENCE: Duration = Duration::from_secs(60);

/// The salts of one authorization key.
#[derive(Clone, Default)]
pub(crate) struct Salts {
    /// In the order of their beginnings; at most [`Salts::MOST`].
    known: Vec<FutureSalt>,
    /// When more were asked for, on the monotonic clock.
    asked_at: Option<Duration>,
}

impl Salts {
    /// So many are asked for and kept, which is sixteen hours of them. A server gives twice as many, but
    /// they lie with each connection, and with each session that is saved.
    pub(crate) const MOST: usize = 32;

    /// Salts out of a saved session.
    pub(crate) fn new(salts: Vec<FutureSalt>) -> Self {
        let mut new = Self::default();
        new.learn(salts);
        new
    }

    /// The salt for a message that is sent at `now`, in unix seconds of the server.
    pub(crate) fn current(&self, now: i64) -> i64 {
        let begun = |since| {
            self.known.iter().take_while(|salt| i64::from(salt.valid_since) <= since).last()
        };
        let settled = begun(now - MARGIN).filter(|salt| i64::from(salt.valid_until) > now + MARGIN);
        let current = settled.or_else(|| begun(now)).or(self.known.first());
        current.map_or(0, |salt| salt.salt)
    }

    /// The server wants this one, and what we thought we knew is worth nothing.
    pub(crate) fn replace(&mut self, salt: i64, now: i64) {
        self.known = vec![untold(salt, now)];
        // They are asked for again at once: those to come were not what we thought.
        self.asked_at = None;
    }

    /// The server mentions its present salt.
    pub(crate) fn mention(&mut self, salt: i64, now: i64) {
        if !self.known.iter().any(|known| known.salt == salt) {
            self.replace(salt, now);
        }
    }

    /// Takes what the server has told of the salts to come.
    pub(crate) fn learn(&mut self, mut salts: Vec<FutureSalt>) {
        if salts.is_empty() {
            return;
        }
        salts.sort_by_key(|salt| salt.valid_since);
        salts.truncate(Self::MOST);
        self.known = salts;
    }

    /// Whether it is time to ask for more. If so, it is taken for done.
    pub(crate) fn ask(&mut self, now: i64, monotonic: Duration) -> bool {
        let end = self.known.last().map_or(0, |salt| i64::from(salt.valid_until));
        let asked_lately = self.asked_at.is_some_and(|at| monotonic < at + PATIENCE);
        if end - now > AHEAD || asked_lately {
            return false;
        }
        self.asked_at = Some(monotonic);
        true
    }

    /// All that are known, to be saved.
    pub(crate) fn to_vec(&self) -> Vec<FutureSalt> {
        self.known.clone()
    }
}

/// A salt of which nothing is known but that it is good now.
pub(crate) fn untold(salt: i64, now: i64) -> FutureSalt {
    let valid_since = i32::try_from(now).unwrap_or(i32::MAX);
    FutureSalt { valid_since, valid_until: valid_since.saturating_add(UNTOLD), salt }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;
    const LATER: Duration = Duration::from_secs(1000);

    fn salt(salt: i64, from: i32) -> FutureSalt {
        let valid_since = NOW as i32 + from;
        FutureSalt { valid_since, valid_until: valid_since + 3600, salt }
    }

    #[test]
    fn each_salt_has_its_time() {
        let salts = Salts::new(vec![salt(2, 1800), salt(1, 0), salt(3, 3600)]);
        let at = |seconds| salts.current(NOW + seconds);
        assert_eq!([0, 1859, 1860, 3659, 3660, 99_999].map(at), [1, 1, 2, 2, 3, 3]);
        assert_eq!(at(-5), 1, "before its time it is still the nearest");
        assert_eq!(Salts::default().current(NOW), 0);
    }

    #[test]
    fn a_salt_that_ends_makes_way_for_one_that_has_just_begun() {
        let salts = Salts::new(vec![salt(1, -3590), salt(2, -5)]);
        assert_eq!(salts.current(NOW), 2);
        assert_eq!(salts.current(NOW - 60), 1);
        let salts = Salts::new(vec![salt(1, -3540), salt(2, -5)]);
        assert_eq!([NOW - 1, NOW].map(|now| salts.current(now)), [1, 2], "a minute is left");
    }

    #[test]
    fn the_one_that_the_server_wants_ends_all_others() {
        let mut salts = Salts::new(vec![salt(1, 0), salt(2, 1800)]);
        salts.replace(7, NOW);
        assert_eq!([0, 1800, 9999].map(|seconds| salts.current(NOW + seconds)), [7; 3]);
    }

    #[test]
    fn one_that_is_mentioned_and_known_changes_nothing() {
        let mut salts = Salts::new(vec![salt(1, 0), salt(2, 1800)]);
        salts.mention(1, NOW + 5);
        assert_eq!(salts.current(NOW + 1860), 2);
        salts.mention(9, NOW + 5);
        assert_eq!(salts.current(NOW + 1860), 9);
    }

    #[test]
    fn more_are_asked_for_in_time_and_not_too_often() {
        let mut salts = Salts::new(vec![untold(1, NOW)]);
        assert!(salts.ask(NOW, Duration::ZERO), "nothing is known of what comes");
        assert!(!salts.ask(NOW, Duration::from_secs(59)));
        assert!(salts.ask(NOW, PATIENCE));
        salts.learn(vec![salt(1, 0), salt(2, 1800)]);
        assert!(!salts.ask(NOW + 1800 + 3600 - AHEAD - 1, LATER));
        assert!(salts.ask(NOW + 1800 + 3600 - AHEAD, LATER));
        salts.replace(5, NOW);
        assert!(salts.ask(NOW, LATER), "at once");
    }

    #[test]
    fn an_empty_answer_takes_nothing_away_and_a_long_one_is_bounded() {
        let mut salts = Salts::new(vec![salt(1, 0)]);
        salts.learn(Vec::new());
        assert_eq!(salts.current(NOW), 1);
        salts.learn((0..1000).map(|n| salt(n.into(), n)).collect());
        assert_eq!(salts.to_vec().len(), Salts::MOST);
        assert_eq!(salts.current(NOW), 0, "the first of them");
    }
}
