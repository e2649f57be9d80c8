//! One line of updates: how far it has come, and what waits because something before it is missing.

use std::collections::BTreeMap;
use std::time::Duration;

/// So many updates wait in one line at most; beyond that the difference brings them.
const MOST_WAITING: usize = 1000;

/// A line. Numbers rise; an update at `at` took `count` of them.
#[derive(Debug)]
pub(super) struct Line<T> {
    /// `None` until the first update or difference tells.
    position: Option<i32>,
    /// By where they begin, where they end, and the order in which they came.
    waiting: BTreeMap<(i32, i32, u64), T>,
    came: u64,
    /// While a difference is under way nothing moves.
    is_held: bool,
    /// Since when the first of those that wait lacks something before it.
    gap_since: Option<Duration>,
}

/// An update to which the line has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step<T> {
    pub(super) at: i32,
    pub(super) update: T,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { position: None, waiting: BTreeMap::new(), came: 0, is_held: false, gap_since: None }
    }
}

impl<T> Line<T> {
    pub(super) fn at(position: i32) -> Self {
        Self { position: Some(position), ..Self::default() }
    }

    pub(super) fn position(&self) -> Option<i32> {
        self.position
    }

    /// Where the first of those begins that wait and that the line has not passed.
    pub(super) fn first_ahead(&self) -> Option<i32> {
        let from = (self.position.unwrap_or(i32::MIN), i32::MIN, 0);
        self.waiting.range(from..).next().map(|((before, _, _), _)| *before)
    }

    /// The line is here, as the server says. What waits behind that is looked at by [`Line::step`].
    pub(super) fn set(&mut self, position: i32) {
        self.position = Some(position);
    }

    /// A line that is not known yet, and is not held, begins here.
    pub(super) fn begin(&mut self, before: i32) {
        if !self.is_held {
            self.position.get_or_insert(before);
        }
    }

    /// Whether [`Line::step`] stands still. A line that is not known when it is let go begins with what
    /// waits.
    pub(super) fn hold(&mut self, hold: bool) {
        self.is_held = hold;
        if hold {
            self.gap_since = None;
        } else if let Some(((before, _, _), _)) = self.waiting.first_key_value() {
            self.begin(*before);
        }
    }

    /// An update has come. Returns whether there was room; if not, it is dropped.
    pub(super) fn put(&mut self, at: i32, count: i32, update: T) -> bool {
        let before = at.saturating_sub(count.max(0));
        self.begin(before);
        if self.waiting.len() >= MOST_WAITING {
            return false;
        }
        self.waiting.insert((before, at, self.came), update);
        self.came += 1;
        true
    }

    /// The next update that is due. Those that the line has passed are dropped.
    pub(super) fn step(&mut self) -> Option<Step<T>> {
        if self.is_held {
            return None;
        }
        loop {
            let position = self.position?;
            let (before, at, came) = *self.waiting.first_key_value()?.0;
            if before > position {
                return None;
            }
            let update = self.waiting.remove(&(before, at, came))?;
            if before == position {
                self.position = Some(at.max(position));
                return Some(Step { at, update });
            }
        }
    }

    /// Notes since when something is missing, if anything is; to be called after the last
    /// [`Line::step`].
    pub(super) fn look(&mut self, now: Duration) {
        let first = self.waiting.first_key_value().map(|((before, _, _), _)| *before);
        let is_gap = matches!((first, self.position), (Some(first), Some(at)) if first > at);
        if !is_gap || self.is_held {
            self.gap_since = None;
        } else {
            self.gap_since.get_or_insert(now);
        }
    }

    pub(super) fn gap_since(&self) -> Option<Duration> {
        self.gap_since
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
