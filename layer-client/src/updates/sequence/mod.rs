//! The order of updates: a pure machine that says what to deliver, what to wait for, and which
//! difference to fetch (core api/updates).
//!
//! Updates stand in *lines*, each counted by itself: the account's common line (pts), its second one
//! (qts), one for each channel, and the batches themselves (seq). An update is delivered when its line
//! has come to it, is dropped when the line has passed it, and waits when something before it is
//! missing; half a second later the difference is fetched.

mod channels;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::action::{Action, Batch, Difference, LineId, Place, Seq, State};
use super::fetch::{Fetch, Floor, lower};
use super::line::{Line, Step};

/// How long what is missing may still come by itself.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);
/// After so long without any update the server is asked whether there were none.
pub(crate) const SILENCE: Duration = Duration::from_secs(15 * 60);

/// The machine. Times are monotonic.
#[derive(Debug)]
pub(crate) struct Sequence<T> {
    common: Line<T>,
    second: Line<T>,
    channels: BTreeMap<i64, Line<T>>,
    /// Batches whose numbers leave a gap, by their first.
    batches: Line<Vec<T>>,
    date: i32,
    /// The date that belongs to each waiting batch's last number.
    dates: BTreeMap<i32, i32>,
    account: Fetch,
    /// Where what has come began while the state was asked for: that is still to be delivered.
    floor: Floor,
    fetches: BTreeMap<i64, Fetch>,
    /// Channels that wait for their turn to be fetched.
    queue: BTreeSet<i64>,
    /// Channels of which nothing is known, and which may stand in the account's difference.
    strangers: BTreeSet<i64>,
    /// The date of what was known before the channels that are fetched now were named: until they are
    /// there, whoever begins anew must ask from then on, or would hear of them no more.
    owed_since: Option<i32>,
    actions: VecDeque<Action<T>>,
    heard_at: Duration,
}

impl<T> Sequence<T> {
    /// Goes on where the stored `state` and channels end, and asks what has happened since; without
    /// a state it begins with what is to come.
    pub(crate) fn new(
        state: Option<State>,
        channels: impl IntoIterator<Item = (i64, i32)>,
        now: Duration,
    ) -> Self {
        let mut sequence = Self {
            common: Line::default(),
            second: Line::default(),
            channels: channels.into_iter().map(|(id, pts)| (id, Line::at(pts))).collect(),
            batches: Line::default(),
            date: 0,
            dates: BTreeMap::new(),
            account: Fetch::default(),
            floor: Floor::default(),
            fetches: BTreeMap::new(),
            queue: BTreeSet::new(),
            strangers: BTreeSet::new(),
            owed_since: None,
            actions: VecDeque::new(),
            heard_at: now,
        };
        match state {
            Some(state) => {
                sequence.set(state);
                sequence.fetch();
            }
            None => sequence.reset(),
        }
        sequence
    }

    /// What is to be done next.
    pub(crate) fn poll_action(&mut self) -> Option<Action<T>> {
        self.actions.pop_front()
    }

    /// The same, left where it is.
    pub(crate) fn peek_action(&self) -> Option<&Action<T>> {
        self.actions.front()
    }

    /// Whether the server, which says it is there, is ahead of us.
    pub(crate) fn is_behind(&self, state: State) -> bool {
        let behind = |at: i32, line: Option<i32>| line.is_none_or(|line| line < at);
        behind(state.pts, self.common.position())
            || behind(state.qts, self.second.position())
            || behind(state.seq, self.batches.position())
    }

    /// Whether the account's difference or state is being fetched, or waits to be tried again.
    pub(crate) fn is_fetching(&self) -> bool {
        !self.account.is_idle()
    }

    /// When [`Sequence::handle_timeout`] is to be called.
    pub(crate) fn deadline(&self) -> Duration {
        let lines = [&self.common, &self.second].into_iter().chain(self.channels.values());
        let gaps = lines.filter_map(|line| line.gap_since()).chain(self.batches.gap_since());
        let gaps = gaps.map(|since| since + PATIENCE);
        let retries = self.fetches.values().chain([&self.account]).filter_map(|f| f.retry_at);
        gaps.chain(retries).chain([self.heard_at + SILENCE]).min().unwrap_or(self.heard_at)
    }

    /// Some time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Duration) {
        let over = |since: Option<Duration>| since.is_some_and(|since| since + PATIENCE <= now);
        let account = over(self.common.gap_since())
            || over(self.second.gap_since())
            || over(self.batches.gap_since())
            || self.heard_at + SILENCE <= now;
        if account {
            self.heard_at = now;
            self.fetch();
        }
        let late: Vec<i64> =
            self.channels.iter().filter(|(_, l)| over(l.gap_since())).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|channel| self.fetch_channel(channel));
        if self.account.retry_at.is_some_and(|at| at <= now) {
            self.account.retry_at = None;
            self.fetch();
        }
        let again: Vec<i64> = self
            .fetches
            .iter()
            .filter(|(_, fetch)| fetch.retry_at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for channel in again {
            if let Some(fetch) = self.fetches.get_mut(&channel) {
                fetch.retry_at = None;
            }
            self.fetch_channel(channel);
        }
    }

    /// Updates have come. Those that stand in a line go there at once; the rest waits for the
    /// batch's turn.
    pub(crate) fn handle(&mut self, batch: Batch<T>, now: Duration) {
        self.heard_at = now;
        let mut rest = Vec::new();
        let mut updates = batch.updates;
        // In the order of their lines: what came together may have been written down in any.
        updates.sort_by_key(|(place, _)| match place {
            Place::In { line, at, count } => (Some(*line), at.wrapping_sub(*count)),
            Place::Nowhere => (None, 0),
        });
        for (place, update) in updates {
            match place {
                Place::In { line, at, count } => self.stand(line, at, count, update, now),
                Place::Nowhere => rest.push(update),
            }
        }
        match batch.seq {
            None => self.actions.extend(rest.into_iter().map(Action::Deliver)),
            Some(Seq { start, end, date }) => {
                self.batch_begins(start);
                let count = end.wrapping_sub(start).wrapping_add(1);
                self.dates.insert(end, date);
                if !self.batches.put(end, count, rest) {
                    self.fetch();
                }
                self.advance_batches(now);
            }
        }
    }

    /// Something may have been missed, nobody knows what: another session of the protocol, an update
    /// that can't be read, `updatesTooLong`.
    pub(crate) fn missed(&mut self, now: Duration) {
        self.heard_at = now;
        self.fetch();
    }

    /// An update of this line can't be used as it came (somebody in it is unknown), or
    /// `updateChannelTooLong` has come: the line is fetched, unless it is there already.
    pub(crate) fn missed_in(&mut self, line: LineId, at: Option<i32>, now: Duration) {
        self.heard_at = now;
        let known = match line {
            LineId::Common => self.common.position(),
            LineId::Second => self.second.position(),
            LineId::Channel(id) => self.channels.get(&id).and_then(Line::position),
        };
        if let (Some(at), Some(known)) = (at, known)
            && at <= known
        {
            return;
        }
        match line {
            LineId::Common | LineId::Second => self.fetch(),
            LineId::Channel(id) => self.fetch_channel(id),
        }
    }

    /// An update has come that begins here, whether it is used or not. A channel of which nothing is
    /// known begins with it; the account's lines do while their state is asked for, if the answer
    /// tells of a later one.
    pub(crate) fn begins(&mut self, line: LineId, before: i32) {
        match line {
            LineId::Common if self.account.for_state => {
                self.floor.pts = Some(lower(before, self.floor.pts));
            }
            LineId::Second if self.account.for_state => {
                self.floor.qts = Some(lower(before, self.floor.qts));
            }
            LineId::Common | LineId::Second => {}
            LineId::Channel(channel) => {
                self.greet(channel);
                self.channels.entry(channel).or_default().begin(before);
            }
        }
    }

    /// The same of a batch.
    pub(crate) fn batch_begins(&mut self, start: i32) {
        if self.account.for_state {
            self.floor.seq = Some(lower(start.wrapping_sub(1), self.floor.seq));
        }
    }

    /// What is known of the account's lines is worth nothing (`updatePtsChanged`,
    /// `PERSISTENT_TIMESTAMP_INVALID`): the state is asked for.
    pub(crate) fn reset(&mut self) {
        let failures = self.account.failures;
        self.account = Fetch { under_way: true, for_state: true, failures, ..Fetch::default() };
        self.hold_account(true);
        self.actions.push_back(Action::GetState);
    }

    /// The answer to `updates.getState`.
    pub(crate) fn state(&mut self, state: State, now: Duration) {
        if !(self.account.under_way && self.account.for_state) {
            return;
        }
        // What has come since we asked is not to be taken for old.
        let floor = std::mem::take(&mut self.floor);
        let state = State {
            pts: lower(state.pts, floor.pts),
            qts: lower(state.qts, floor.qts),
            seq: lower(state.seq, floor.seq),
            ..state
        };
        self.set(state);
        self.actions.push_back(Action::Reached(LineId::Common, state.pts));
        self.actions.push_back(Action::Reached(LineId::Second, state.qts));
        self.reached_seq(state.seq);
        self.fetched(now);
    }

    /// The answer to [`Action::GetDifference`].
    pub(crate) fn difference(&mut self, difference: Difference<T>, now: Duration) {
        if !self.account.under_way || self.account.for_state {
            return;
        }
        self.heard_at = now;
        self.account.failures = 0;
        match difference {
            Difference::Empty { date, seq } => {
                self.date = date;
                self.batches.set(seq);
                self.reached_seq(seq);
                self.fetched(now);
            }
            Difference::Updates { updates, state, is_final } => {
                for (place, update) in updates {
                    match place {
                        Place::In { line: line @ LineId::Channel(_), at, count } => {
                            self.stand(line, at, count, update, now);
                        }
                        _ => self.actions.push_back(Action::Deliver(update)),
                    }
                }
                self.set(state);
                self.actions.push_back(Action::Reached(LineId::Common, state.pts));
                self.actions.push_back(Action::Reached(LineId::Second, state.qts));
                self.reached_seq(state.seq);
                if is_final { self.fetched(now) } else { self.ask() }
            }
            Difference::TooLong { pts } => {
                self.common.set(pts);
                self.actions.push_back(Action::Stale(LineId::Common));
                self.actions.push_back(Action::Reached(LineId::Common, pts));
                self.ask();
            }
        }
    }

    /// The difference, or the state, could not be had. It is asked for again after a while.
    pub(crate) fn difference_failed(&mut self, now: Duration) {
        if self.account.under_way {
            self.account.failed(now);
        }
    }

    /// How many updates wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        let lines = [&self.common, &self.second].into_iter().chain(self.channels.values());
        lines.map(Line::waiting).sum::<usize>() + self.batches.waiting()
    }

    fn stand(&mut self, id: LineId, at: i32, count: i32, update: T, now: Duration) {
        match id {
            LineId::Common | LineId::Second => self.begins(id, at.saturating_sub(count)),
            LineId::Channel(channel) => self.greet(channel),
        }
        let line = match id {
            LineId::Common => &mut self.common,
            LineId::Second => &mut self.second,
            LineId::Channel(channel) => self.channels.entry(channel).or_default(),
        };
        let fits = line.put(at, count, update);
        self.advance(id, now);
        if !fits {
            // Too many wait to be kept: the difference will bring them.
            match id {
                LineId::Common | LineId::Second => self.fetch(),
                LineId::Channel(channel) => self.fetch_channel(channel),
            }
        }
    }

    /// Delivers what a line has come to.
    fn advance(&mut self, id: LineId, now: Duration) {
        let line = match id {
            LineId::Common => &mut self.common,
            LineId::Second => &mut self.second,
            LineId::Channel(channel) => self.channels.entry(channel).or_default(),
        };
        while let Some(Step { at, update }) = line.step() {
            self.actions.push_back(Action::Deliver(update));
            self.actions.push_back(Action::Reached(id, at));
        }
        line.look(now);
    }

    fn advance_batches(&mut self, now: Duration) {
        while let Some(Step { at, update: updates }) = self.batches.step() {
            self.actions.extend(updates.into_iter().map(Action::Deliver));
            if let Some(date) = self.dates.remove(&at) {
                self.date = date;
            }
            self.reached_seq(at);
        }
        self.batches.look(now);
        // What the batches have passed needs no date any more.
        let at = self.batches.position().unwrap_or_default();
        self.dates.retain(|end, _| *end > at);
    }

    fn reached_seq(&mut self, seq: i32) {
        let date = self.owed_since.unwrap_or(self.date);
        self.actions.push_back(Action::ReachedSeq { seq, date });
    }

    fn set(&mut self, state: State) {
        self.common.set(state.pts);
        self.second.set(state.qts);
        self.batches.set(state.seq);
        self.date = state.date;
    }

    /// Fetches the account's difference, unless that is under way.
    fn fetch(&mut self) {
        if self.account.under_way {
            self.account.again = true;
        } else if self.account.retry_at.is_none() {
            if self.account.for_state {
                self.reset();
            } else {
                self.account.under_way = true;
                self.hold_account(true);
                self.ask();
            }
        }
    }

    fn ask(&mut self) {
        let pts = self.common.position().unwrap_or_default();
        let qts = self.second.position().unwrap_or_default();
        self.actions.push_back(Action::GetDifference { pts, qts, date: self.date });
    }

    /// The account's difference is whole: what waited meanwhile is looked at again.
    fn fetched(&mut self, now: Duration) {
        let again = self.account.again;
        self.account = Fetch::default();
        self.hold_account(false);
        self.advance(LineId::Common, now);
        self.advance(LineId::Second, now);
        self.advance_batches(now);
        self.part(now);
        if again {
            self.fetch();
        }
    }

    fn hold_account(&mut self, hold: bool) {
        self.common.hold(hold);
        self.second.hold(hold);
        self.batches.hold(hold);
    }
}
