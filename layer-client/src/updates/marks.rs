//! What was missed and is still to be fetched.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::LineId;
use super::batch::Missed;
use super::sequence::Sequence;

/// Notes of what was missed, each line once.
#[derive(Debug, Default)]
pub(super) struct Marks {
    state: bool,
    something: bool,
    lines: BTreeMap<LineId, Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Where the first began that could not be used.
    before: Option<i32>,
    /// How far the line has come without us, if that is known.
    at: Option<i32>,
}

impl Marks {
    pub(super) fn put(&mut self, missed: Missed) {
        match missed {
            Missed::State => self.state = true,
            Missed::Something => self.something = true,
            Missed::In(line, at) => self.put_in(line, None, at),
            Missed::Update { line, at, count } => {
                self.put_in(line, Some(at.saturating_sub(count)), Some(at));
            }
        }
    }

    fn put_in(&mut self, line: LineId, before: Option<i32>, at: Option<i32>) {
        let mark = self.lines.entry(line).or_insert(Mark { before, at });
        mark.before = mark.before.into_iter().chain(before).min();
        mark.at = mark.at.zip(at).map(|(one, other)| one.max(other));
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.state && !self.something && self.lines.is_empty()
    }

    /// Tells the order of all of it.
    pub(super) fn tell<T>(&mut self, order: &mut Sequence<T>, now: Duration) {
        if std::mem::take(&mut self.state) {
            order.reset();
        }
        if std::mem::take(&mut self.something) {
            order.missed(now);
        }
        for (line, mark) in std::mem::take(&mut self.lines) {
            if let Some(before) = mark.before {
                order.begins(line, before);
            }
            order.missed_in(line, mark.at, now);
        }
    }
}
