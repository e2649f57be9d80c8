//! The task that obeys the order of updates: takes what has come, keeps the time, fetches differences
//! and delivers.
//!
//! While a stream has no room, what comes waits in the inbox. When that is half full, or nobody reads,
//! nothing is put in order: what has a place is noted as missed and comes by difference later, what has
//! none goes into the room kept for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::account::Account;
use super::action::{Action, LineId, Place, State};
use super::answers::{self, Asked};
use super::batch::{self, Came, Item, Missed};
use super::delivery::{Outlet, Told, UpdateStream};
use super::difference;
use super::inbox::{Inbox, Input, Start};
use super::marks::Marks;
use super::questions::{Fetched, Questions};
use super::sequence::Sequence;
use crate::InvocationError;
use crate::client::WeakClient;
use crate::session::UpdatesState;

/// So often in a row a difference may be unreadable before what it holds is given up.
const MOST_UNREADABLE: u32 = 3;

/// The updates of a client, as all others see them.
pub(crate) struct Feed {
    inbox: Inbox,
    outlet: Arc<Outlet>,
}

impl Feed {
    pub(crate) fn new(outlet: Arc<Outlet>) -> Arc<Self> {
        Arc::new(Self { inbox: Inbox::default(), outlet })
    }

    /// The server has said something by itself.
    pub(crate) fn pushed(&self, object: Vec<u8>) {
        self.inbox.put(Input::Pushed(object));
    }

    /// A call has this answer.
    pub(crate) fn answered(&self, asked: &Asked, object: &[u8]) {
        if answers::logs_in(object) {
            self.inbox.expect();
        }
        if *asked != Asked::Nothing {
            self.inbox.put(Input::Answered(asked.clone(), object.to_vec()));
        }
    }

    /// Something may have been missed.
    pub(crate) fn missed(&self) {
        self.inbox.missed();
    }

    /// Somebody is logged in.
    pub(crate) fn start(&self, start: Start) {
        self.inbox.tell(Input::Start(start));
    }

    /// Nobody is any more.
    pub(crate) fn stop(&self) {
        self.outlet.clear();
        self.inbox.tell(Input::Stop);
    }

    /// Fetches what lies between us and this state of the server. May be dropped midway.
    pub(crate) async fn sync(&self, state: State) {
        let (done, is_done) = oneshot::channel();
        self.inbox.tell(Input::Sync(state, done));
        // If the task has ended there is nothing to wait for.
        let _ = is_done.await;
    }

    /// A new stream.
    pub(crate) fn stream(&self, client: Option<WeakClient>) -> UpdateStream {
        self.outlet.subscribe(client)
    }

    /// Something of our own to tell.
    pub(crate) fn tell(&self, told: Told) {
        self.outlet.deliver(told, false);
    }
}

/// The task. Streams end with it, even if it ends before it was begun.
pub(crate) fn run(feed: Arc<Feed>, account: Arc<dyn Account>) -> impl Future<Output = ()> + Send {
    let closing = Closing(Arc::clone(&feed));
    let start = Instant::now();
    let mut task = Task {
        feed,
        account,
        start,
        order: None,
        marks: Marks::default(),
        questions: Questions::default(),
        since: 0,
        told_since: BTreeMap::new(),
        unknown: BTreeMap::new(),
        unreadable: 0,
        syncs: Vec::new(),
    };
    // By reference: a future that was given the task would hold it twice.
    async move {
        let _closing = closing;
        task.run().await;
    }
}

/// Ends the streams, and whoever waits, however the task ends.
struct Closing(Arc<Feed>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.outlet.close();
        self.0.inbox.close();
    }
}

struct Task {
    feed: Arc<Feed>,
    account: Arc<dyn Account>,
    start: Instant,
    /// While somebody is logged in.
    order: Option<Sequence<Item>>,
    /// What was missed while nothing could be delivered.
    marks: Marks,
    questions: Questions,
    /// From when on (unix seconds) the account's difference was asked for last.
    since: i32,
    /// Of which channels a difference has told, and from when on it was.
    told_since: BTreeMap<i64, i32>,
    /// Channels that are asked for though their place was not known, and from when on what happened
    /// there is new.
    unknown: BTreeMap<i64, i32>,
    /// How often in a row the account's difference could not be read.
    unreadable: u32,
    /// Who waits for the account's difference.
    syncs: Vec<oneshot::Sender<()>>,
}

impl Task {
    async fn run(&mut self) {
        loop {
            self.act();
            self.take_what_fits();
            if self.feed.inbox.take_missed() {
                self.marks.put(Missed::Something);
                self.act();
            }
            self.tell_synced();
            let deadline = self.order.as_ref().map(|order| self.start + order.deadline());
            let feed = Arc::clone(&self.feed);
            tokio::select! {
                biased;
                fetched = self.questions.next() => {
                    // What the server said before it answered stands before the answer: a new state
                    // would make it old. And an answer to who has logged out since is nobody's.
                    if self.take_all() {
                        self.fetched(fetched);
                    }
                }
                () = feed.inbox.notify.notified() => {}
                () = feed.outlet.room.notified() => {}
                () = until(deadline) => {
                    let now = self.start.elapsed();
                    if let Some(order) = &mut self.order {
                        order.handle_timeout(now);
                    }
                }
            }
        }
    }

    /// Takes what has come, as long as it need not wait for room in a stream.
    fn take_what_fits(&mut self) {
        while (!self.waits_for_room() || self.feed.inbox.is_pressing())
            && let Some(input) = self.feed.inbox.take()
        {
            self.take(input);
            self.act();
        }
    }

    /// Takes all that has come. Gives whether the login is still the one that it was.
    fn take_all(&mut self) -> bool {
        let mut is_same = true;
        while let Some(input) = self.feed.inbox.take() {
            is_same &= !matches!(input, Input::Stop);
            self.take(input);
            self.act();
        }
        is_same
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Pushed(object) => {
                let came = batch::read(&object, &*self.account);
                self.came(came);
            }
            Input::Answered(asked, object) => {
                let came = answers::read(&asked, &object, &*self.account);
                self.came(came);
            }
            Input::Start(start) => self.begin(start),
            Input::Stop => {
                self.order = None;
                self.told_since.clear();
                self.unknown.clear();
                self.questions.clear();
                self.marks = Marks::default();
                self.feed.outlet.clear();
            }
            Input::Sync(state, done) => {
                if self.order.as_ref().is_some_and(|order| order.is_behind(state)) {
                    self.marks.put(Missed::Something);
                }
                self.syncs.push(done);
            }
        }
    }

    fn begin(&mut self, start: Start) {
        if self.order.is_some() {
            return;
        }
        let stored = start.state.map(|it| {
            let State { pts, qts, date, seq } = it;
            UpdatesState { pts, qts, date, seq }
        });
        self.feed.outlet.begin(stored, &start.forget);
        self.marks = Marks::default();
        self.order = Some(Sequence::new(start.state, start.channels, self.start.elapsed()));
    }

    /// Puts what has come in order, or notes that it was missed.
    fn came(&mut self, came: Came) {
        let now = self.start.elapsed();
        let is_stalled = self.is_stalled();
        let Some(order) = &mut self.order else { return };
        if is_stalled {
            if let Some(seq) = came.batch.seq {
                order.batch_begins(seq.start);
                self.marks.put(Missed::Something);
            }
            for (place, item) in came.batch.updates {
                match place {
                    Place::In { line, at, count } => {
                        order.begins(line, at.saturating_sub(count));
                        self.marks.put(Missed::Update { line, at, count });
                    }
                    Place::Nowhere => deliver(&self.feed.outlet, item),
                }
            }
        } else {
            order.handle(came.batch, now);
        }
        for missed in came.missed {
            if let Missed::Update { line, at, count } = missed {
                order.begins(line, at.saturating_sub(count));
            }
            self.marks.put(missed);
        }
        // Where a channel is must be known before its first message, or nobody would miss that.
        for (channel, date) in came.met {
            if !order.knows(channel) && !came.left.contains(&channel) {
                self.told_since.entry(channel).or_insert(date);
                self.marks.put(Missed::In(LineId::Channel(channel), None));
            }
        }
        for channel in came.left {
            self.unknown.remove(&channel);
            self.told_since.remove(&channel);
            order.channel_gone(channel);
        }
    }

    /// Whether nothing can be delivered now.
    fn is_stalled(&self) -> bool {
        self.has_more_to_do() || !self.feed.outlet.has_readers()
    }

    /// Whether there is no room for what is to be delivered next, once [`Task::act`] has been called.
    fn waits_for_room(&self) -> bool {
        self.has_more_to_do() && self.feed.outlet.has_readers()
    }

    fn has_more_to_do(&self) -> bool {
        self.order.as_ref().is_some_and(|order| order.peek_action().is_some())
    }

    /// Does what the order says, as far as there is room.
    fn act(&mut self) {
        let outlet = &self.feed.outlet;
        let Some(order) = &mut self.order else { return };
        loop {
            while let Some(action) = order.peek_action() {
                match action {
                    Action::Deliver(item) if item.is_placed() && !outlet.has_room() => return,
                    Action::GetDifference { .. } | Action::GetChannelDifference { .. }
                        if !outlet.has_readers() =>
                    {
                        return;
                    }
                    _ => {}
                }
                let Some(action) = order.poll_action() else { break };
                match action {
                    Action::Deliver(item) => deliver(outlet, item),
                    Action::Reached(line, at) => outlet.reached(line, at),
                    Action::ReachedSeq { seq, date } => outlet.reached_seq(seq, date),
                    Action::Gone(channel) => outlet.channel_gone(channel),
                    Action::Stale(line) => outlet.deliver(Told::Gap(channel(line)), false),
                    action => {
                        match action {
                            Action::GetDifference { date, .. } => self.since = date,
                            Action::GetChannelDifference { channel, pts } => {
                                let told = self.told_since.remove(&channel);
                                if pts.is_none() {
                                    self.unknown.insert(channel, told.unwrap_or(self.since));
                                }
                            }
                            _ => {}
                        }
                        self.questions.ask(action, &*self.account);
                    }
                }
            }
            if self.marks.is_empty() || !outlet.has_readers() {
                return;
            }
            self.marks.tell(order, self.start.elapsed());
        }
    }

    fn fetched(&mut self, fetched: Fetched) {
        let now = self.start.elapsed();
        let Some(order) = &mut self.order else { return };
        match fetched {
            Fetched::State(Ok(state)) => {
                let state = difference::state(state);
                self.since = state.date;
                order.state(state, now);
            }
            Fetched::State(Err(error)) => {
                tracing::debug!(%error, "updates.getState");
                order.difference_failed(now);
            }
            Fetched::Difference(Ok(difference)) => {
                self.unreadable = 0;
                let read = difference::of_account(difference, &*self.account);
                // Before the difference ends: then channels of which it has not told begin.
                for missed in read.missed {
                    if let Missed::In(line, at) = missed {
                        if let LineId::Channel(channel) = line {
                            self.told_since.entry(channel).or_insert(self.since);
                        }
                        order.missed_in(line, at, now);
                    } else {
                        self.marks.put(missed);
                    }
                }
                order.difference(read.difference, now);
                read.left.into_iter().for_each(|channel| order.channel_gone(channel));
            }
            Fetched::Difference(Err(error)) => {
                tracing::debug!(%error, "updates.getDifference");
                let is_read = !matches!(error, InvocationError::Deserialize(_));
                self.unreadable = if is_read { 0 } else { self.unreadable + 1 };
                let is_lost =
                    ["PERSISTENT_TIMESTAMP_EMPTY", "PERSISTENT_TIMESTAMP_INVALID", "DATE_EMPTY"]
                        .iter()
                        .any(|name| error.is(name));
                if is_lost || self.unreadable >= MOST_UNREADABLE {
                    tracing::warn!(%error, "updates are lost: the difference is not to be had");
                    self.unreadable = 0;
                    self.feed.outlet.deliver(Told::Gap(None), false);
                    order.reset();
                } else {
                    order.difference_failed(now);
                }
            }
            Fetched::Channel(channel, Ok(difference)) => {
                let since = self.unknown.get(&channel).copied();
                match difference::of_channel(difference, since, &*self.account) {
                    Some(read) => {
                        if read.difference.is_final() {
                            self.unknown.remove(&channel);
                        }
                        order.channel_difference(channel, read.difference, now);
                        read.missed.into_iter().for_each(|missed| self.marks.put(missed));
                    }
                    None => order.channel_failed(channel, now),
                }
            }
            Fetched::Channel(channel, Err(error)) => {
                tracing::debug!(%error, channel, "updates.getChannelDifference");
                if is_gone(&error) {
                    self.unknown.remove(&channel);
                    order.channel_gone(channel);
                } else {
                    order.channel_failed(channel, now);
                }
            }
        }
    }

    /// Tells those who wait for the difference, if it is there or can't be had now.
    fn tell_synced(&mut self) {
        let is_fetching = self.order.as_ref().is_some_and(Sequence::is_fetching);
        if !is_fetching || self.is_stalled() {
            // Whoever waited may have gone.
            for done in self.syncs.drain(..) {
                let _ = done.send(());
            }
        }
    }
}

impl Item {
    /// Whether it stands in a line, so that it must not be lost.
    fn is_placed(&self) -> bool {
        match self {
            Self::Update(update) => super::carriers::place(update) != Place::Nowhere,
            Self::Unknown(_) | Self::Nothing => false,
        }
    }
}

fn deliver(outlet: &Outlet, item: Item) {
    let is_placed = item.is_placed();
    match item {
        Item::Update(update) => outlet.deliver(Told::Update(update), is_placed),
        Item::Unknown(object) => outlet.deliver(Told::Unknown(object), false),
        Item::Nothing => {}
    }
}

fn channel(line: LineId) -> Option<i64> {
    match line {
        LineId::Channel(channel) => Some(channel),
        LineId::Common | LineId::Second => None,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Whether a channel is none of ours any more, as far as its updates go.
fn is_gone(error: &InvocationError) -> bool {
    let names = [
        "CHANNEL_PRIVATE",
        "CHANNEL_INVALID",
        "CHAT_FORBIDDEN",
        "USER_BANNED_IN_CHANNEL",
        "PERSISTENT_TIMESTAMP_EMPTY",
        "PERSISTENT_TIMESTAMP_INVALID",
    ];
    // Without its access hash it can't be asked for.
    let is_unknown = matches!(error, InvocationError::UnknownPeer(_));
    is_unknown || names.iter().any(|name| error.is(name))
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
