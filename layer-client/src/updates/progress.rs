//! How far the lines have come, and how much of that may be stored: what everybody has dealt with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::action::LineId;
use crate::session::{Change, UpdatesState};

/// From this length on what waits is looked through for what says nothing new.
const LONG: usize = 1024;

/// The places of lines, each with the number of the update that led there.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stored: UpdatesState,
    /// Not dealt with yet, in the order in which they were reached.
    waiting: VecDeque<(u64, Reached)>,
    /// The length from which on it is shortened again.
    long: usize,
}

#[derive(Debug, Clone, Copy)]
enum Reached {
    Line(LineId, i32),
    Seq { seq: i32, date: i32 },
}

impl Reached {
    /// What it is of: two of the same say nothing together that the later does not say alone.
    fn of(self) -> Option<LineId> {
        match self {
            Self::Line(line, _) => Some(line),
            Self::Seq { .. } => None,
        }
    }
}

impl From<UpdatesState> for Progress {
    fn from(stored: UpdatesState) -> Self {
        Self { stored, ..Self::default() }
    }
}

impl Progress {
    pub(super) fn reached(&mut self, number: u64, line: LineId, at: i32) {
        self.waiting.push_back((number, Reached::Line(line, at)));
    }

    pub(super) fn reached_seq(&mut self, number: u64, seq: i32, date: i32) {
        self.waiting.push_back((number, Reached::Seq { seq, date }));
    }

    /// All updates up to this number are dealt with: gives what may be stored now.
    pub(super) fn settle(&mut self, done: u64) -> Vec<Change> {
        let before = self.stored;
        let mut channels = BTreeMap::new();
        while let Some((_, reached)) = self.waiting.pop_front_if(|(number, _)| *number <= done) {
            match reached {
                Reached::Line(LineId::Common, at) => self.stored.pts = at,
                Reached::Line(LineId::Second, at) => self.stored.qts = at,
                Reached::Line(LineId::Channel(channel), at) => {
                    channels.insert(channel, at);
                }
                Reached::Seq { seq, date } => (self.stored.seq, self.stored.date) = (seq, date),
            }
        }
        let account = (before != self.stored).then_some(Change::Updates(Some(self.stored)));
        let channels =
            channels.into_iter().map(|(channel, pts)| Change::ChannelPts { channel, pts });
        account.into_iter().chain(channels).collect()
    }

    /// Nothing more is stored of a channel.
    pub(super) fn forget(&mut self, channel: i64) {
        let line = Some(LineId::Channel(channel));
        self.waiting.retain(|(_, reached)| reached.of() != line);
    }

    pub(super) fn is_long(&self) -> bool {
        self.waiting.len() > self.long.max(LONG)
    }

    /// Forgets what says nothing new: of places between two updates that wait to be dealt with the
    /// last of each line is enough.
    pub(super) fn shorten(&mut self, outstanding: &[u64]) {
        let mut seen = BTreeSet::new();
        let mut kept = VecDeque::new();
        for (number, reached) in self.waiting.drain(..).rev() {
            let between = outstanding.partition_point(|other| *other <= number);
            if seen.insert((between, reached.of())) {
                kept.push_front((number, reached));
            }
        }
        self.waiting = kept;
        self.long = 2 * self.waiting.len();
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
