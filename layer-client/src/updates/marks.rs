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
    /// How far each line has come without us, if that is known.
    lines: BTreeMap<LineId, Option<i32>>,
}

impl Marks {
    pub(super) fn put(&mut self, missed: Missed) {
        match missed {
            Missed::State => self.state = true,
            Missed::Something => self.something = true,
            Missed::In(line, at) => self.put_in(line, at),
            Missed::Update { line, at, .. } => self.put_in(line, Some(at)),
        }
    }

    fn put_in(&mut self, line: LineId, at: Option<i32>) {
        let known = self.lines.entry(line).or_insert(at);
        *known = known.zip(at).map(|(known, at)| known.max(at));
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
        for (line, at) in std::mem::take(&mut self.lines) {
            order.missed_in(line, at, now);
        }
    }
}
