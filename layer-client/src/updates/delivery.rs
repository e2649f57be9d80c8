//! How updates reach users: streams, of which each gets everything, and what was acknowledged.
//!
//! Each stream has a queue of its own. What stands in a line is put there only while all queues have
//! room for it, so a slow reader holds up the order and costs a difference, never an update. What
//! stands nowhere has some room besides and is dropped, and counted, beyond that. How far a line has
//! come is stored when all that was delivered before has been acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use layer_tl_types::enums;
use tokio::sync::Notify;

use super::action::LineId;
use super::event::Update;
use super::progress::Progress;
use crate::client::WeakClient;
use crate::session::{Change, SessionError, UpdatesState};

/// The updates of a client, from the moment on at which the stream was made. What nobody read of the
/// last stream that was dropped comes first.
///
/// All streams get everything, and the slowest sets the pace. Dropping one leaves the others alone.
/// A stream keeps no client alive: it ends with its last handle, with
/// [`Client::disconnect`](crate::Client::disconnect), or by the
/// [`ShutdownToken`](crate::ShutdownToken).
///
/// With `futures`, it is a `Stream`.
pub struct UpdateStream {
    outlet: Arc<Outlet>,
    id: u64,
    /// Given out by [`UpdateStream::next`], and not acknowledged yet.
    last: Option<u64>,
    /// For what is handed out.
    client: Option<WeakClient>,
}

/// An update that is acknowledged by hand; see [`UpdateStream::next_delivery`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// What has happened.
    pub update: Update,
    /// To be [acknowledged](Ack::ack) when it is dealt with.
    pub ack: Ack,
}

/// The duty to acknowledge an update. One that is dropped instead leaves it unacknowledged for as long
/// as the process lives: neither it nor anything after it counts as dealt with, so a client with
/// [`Config::catch_up`](crate::Config::catch_up) gets all of that again after a restart.
#[must_use = "an update that is not acknowledged comes again after a restart"]
pub struct Ack {
    outlet: Arc<Outlet>,
    stream: u64,
    number: Option<u64>,
}

impl UpdateStream {
    /// The next update. Asking for it acknowledges the one before. `None` when the client has ended.
    ///
    /// May be dropped midway: no update is lost.
    pub async fn next(&mut self) -> Option<Update> {
        let (update, number) = self.entry().await?;
        self.last = Some(number);
        Some(update)
    }

    /// The next update, which is acknowledged by hand: at once, later, or by another task. Asking for
    /// it acknowledges what [`UpdateStream::next`] has given before, and nothing else.
    ///
    /// May be dropped midway: no update is lost.
    pub async fn next_delivery(&mut self) -> Option<Delivery> {
        let (update, number) = self.entry().await?;
        let outlet = Arc::clone(&self.outlet);
        Some(Delivery { update, ack: Ack { outlet, stream: self.id, number: Some(number) } })
    }

    /// How many updates this stream has lost because it was read too slowly: only such that tell of
    /// a moment, like somebody's typing, or queries that have gone stale.
    pub fn dropped(&self) -> u64 {
        self.outlet.state().readers.get(&self.id).map_or(0, |reader| reader.dropped)
    }

    async fn entry(&mut self) -> Option<(Update, u64)> {
        poll_fn(|context| self.poll_entry(context)).await
    }

    fn poll_entry(&mut self, context: &mut Context<'_>) -> Poll<Option<(Update, u64)>> {
        let mut state = self.outlet.state();
        if let Some(last) = self.last.take() {
            state.acknowledge(self.id, last);
            self.outlet.settle(&mut state);
        }
        match state.take(self.id, context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(entry)) => {
                if state.is_stalled && state.has_half_room() {
                    state.is_stalled = false;
                    self.outlet.room.notify_one();
                }
                drop(state);
                Poll::Ready(Some((entry.told.into_update(self.client.as_ref()), entry.number)))
            }
        }
    }
}

impl futures_core::Stream for UpdateStream {
    type Item = Update;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Update>> {
        let this = self.get_mut();
        this.poll_entry(context).map(|entry| {
            let (update, number) = entry?;
            this.last = Some(number);
            Some(update)
        })
    }
}

impl Drop for UpdateStream {
    fn drop(&mut self) {
        self.outlet.leave(self.id);
    }
}

impl std::fmt::Debug for UpdateStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpdateStream").field("dropped", &self.dropped()).finish_non_exhaustive()
    }
}

impl Ack {
    /// The update is dealt with.
    pub fn ack(mut self) {
        if let Some(number) = self.number.take() {
            let mut state = self.outlet.state();
            state.acknowledge(self.stream, number);
            self.outlet.settle(&mut state);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.outlet.state().refuse(self.stream, number);
        }
    }
}

impl std::fmt::Debug for Ack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ack").finish_non_exhaustive()
    }
}

/// What is delivered, as it lies in the queues.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Update(Box<enums::Update>),
    Unknown(Vec<u8>),
    Gap(Option<i64>),
    NotSaved(Arc<SessionError>),
}

impl Told {
    fn into_update(self: Arc<Self>, client: Option<&WeakClient>) -> Update {
        match Arc::unwrap_or_clone(self) {
            Self::Update(update) => Update::of(*update, client),
            Self::Unknown(object) => Update::unknown(object),
            Self::Gap(channel) => Update::gap(channel),
            Self::NotSaved(error) => Update::SessionNotSaved(error),
        }
    }
}

/// Where the order of updates ends and the streams begin.
pub(crate) struct Outlet {
    state: Mutex<State>,
    /// Somebody has begun to read, or there is room again.
    pub(crate) room: Notify,
    /// Keeps what has changed in the session. Called under the lock, so that it is kept in order.
    keep: Box<dyn Fn(Vec<Change>) + Send + Sync>,
}

struct State {
    /// So much of what stands in a line a queue holds.
    size: usize,
    readers: BTreeMap<u64, Reader>,
    /// What the last reader has left behind, until there is another.
    left: Option<(u64, Reader)>,
    next_reader: u64,
    /// The number of the last update.
    last: u64,
    progress: Progress,
    /// Somebody waits for room.
    is_stalled: bool,
    is_closed: bool,
}

#[derive(Default)]
struct Reader {
    queue: VecDeque<Entry>,
    /// How many in the queue stand in a line.
    placed: usize,
    /// Given out and not acknowledged yet.
    given: BTreeSet<u64>,
    /// Nothing from here on will be acknowledged.
    refused: Option<u64>,
    dropped: u64,
    waker: Option<Waker>,
}

struct Entry {
    number: u64,
    is_placed: bool,
    told: Arc<Told>,
}

impl Outlet {
    /// With queues of this size.
    pub(crate) fn new(
        size: usize,
        keep: impl Fn(Vec<Change>) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let state = State {
            size: size.max(1),
            readers: BTreeMap::new(),
            left: None,
            next_reader: 0,
            last: 0,
            progress: Progress::default(),
            is_stalled: false,
            is_closed: false,
        };
        Arc::new(Self { state: Mutex::new(state), room: Notify::new(), keep: Box::new(keep) })
    }

    /// A new stream.
    pub(crate) fn subscribe(self: &Arc<Self>, client: Option<WeakClient>) -> UpdateStream {
        let mut state = self.state();
        let id = state.next_reader;
        state.next_reader += 1;
        let mut reader = Reader::default();
        if let Some((_, left)) = state.left.take() {
            (reader.queue, reader.placed) = (left.queue, left.placed);
        }
        state.readers.insert(id, reader);
        self.settle(&mut state);
        state.is_stalled = false;
        drop(state);
        self.room.notify_one();
        UpdateStream { outlet: Arc::clone(self), id, last: None, client }
    }

    /// Goes on from this place in the order of updates, forgetting these channels.
    pub(crate) fn begin(&self, state: Option<UpdatesState>, forget: &[i64]) {
        let mut locked = self.state();
        locked.progress = Progress::from(state.unwrap_or_default());
        let gone: Vec<_> = forget.iter().map(|channel| Change::ChannelGone(*channel)).collect();
        if !gone.is_empty() {
            (self.keep)(gone);
        }
    }

    /// Whoever was logged in is not any more: nothing of theirs is delivered.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.progress = Progress::default();
        state.left = None;
        for reader in state.readers.values_mut() {
            reader.queue.clear();
            reader.placed = 0;
            reader.given.clear();
            reader.refused = None;
        }
    }

    /// Whether anybody reads.
    pub(crate) fn has_readers(&self) -> bool {
        !self.state().readers.is_empty()
    }

    /// Whether there is room for an update with a place. If not, `room` tells when there is.
    pub(crate) fn has_room(&self) -> bool {
        let mut state = self.state();
        let size = state.size;
        let has_room =
            !state.readers.is_empty() && state.readers.values().all(|it| it.placed < size);
        state.is_stalled |= !has_room;
        has_room
    }

    /// Delivers to all streams. An update with a place must have room; one without is dropped where
    /// there is none.
    pub(crate) fn deliver(&self, told: Told, is_placed: bool) {
        let mut state = self.state();
        state.last += 1;
        let (number, told) = (state.last, Arc::new(told));
        let most = state.size + reserve(state.size);
        for reader in state.readers.values_mut() {
            if !is_placed && reader.queue.len() >= most {
                reader.dropped += 1;
                continue;
            }
            reader.queue.push_back(Entry { number, is_placed, told: Arc::clone(&told) });
            reader.placed += usize::from(is_placed);
            if let Some(waker) = reader.waker.take() {
                waker.wake();
            }
        }
    }

    /// All that was delivered so far brings the line here.
    pub(crate) fn reached(&self, line: LineId, at: i32) {
        let mut state = self.state();
        let last = state.last;
        state.progress.reached(last, line, at);
        self.settle(&mut state);
    }

    /// The same of the batches.
    pub(crate) fn reached_seq(&self, seq: i32, date: i32) {
        let mut state = self.state();
        let last = state.last;
        state.progress.reached_seq(last, seq, date);
        self.settle(&mut state);
    }

    /// The channel is none of ours any more.
    pub(crate) fn channel_gone(&self, channel: i64) {
        let mut state = self.state();
        state.progress.forget(channel);
        (self.keep)(vec![Change::ChannelGone(channel)]);
    }

    /// Ends all streams.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        for reader in state.readers.values_mut() {
            reader.queue.clear();
            if let Some(waker) = reader.waker.take() {
                waker.wake();
            }
        }
    }

    fn leave(&self, id: u64) {
        let mut state = self.state();
        if let Some(reader) = state.readers.remove(&id)
            && state.readers.is_empty()
        {
            state.left = Some((id, reader));
        }
        self.settle(&mut state);
        state.is_stalled = false;
        drop(state);
        self.room.notify_one();
    }

    /// Keeps what may be kept by now.
    fn settle(&self, state: &mut State) {
        let done = state.done();
        let changes = state.progress.settle(done);
        if !changes.is_empty() && !state.is_closed {
            (self.keep)(changes);
        }
        if state.progress.is_long() {
            let outstanding = state.outstanding();
            state.progress.shorten(&outstanding);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room in a queue of this size that is kept for what stands nowhere.
fn reserve(size: usize) -> usize {
    (size / 4).max(16)
}

impl State {
    fn take(&mut self, id: u64, context: &mut Context<'_>) -> Poll<Option<Entry>> {
        let Some(reader) = self.readers.get_mut(&id).filter(|_| !self.is_closed) else {
            return Poll::Ready(None);
        };
        let Some(entry) = reader.queue.pop_front() else {
            reader.waker = Some(context.waker().clone());
            return Poll::Pending;
        };
        reader.placed -= usize::from(entry.is_placed);
        // Behind what is refused nothing can count any more.
        if reader.refused.is_none() {
            reader.given.insert(entry.number);
        }
        Poll::Ready(Some(entry))
    }

    fn has_half_room(&self) -> bool {
        self.readers.values().all(|reader| reader.placed <= self.size / 2)
    }

    fn acknowledge(&mut self, id: u64, number: u64) {
        if let Some(reader) = self.reader(id) {
            reader.given.remove(&number);
        }
    }

    fn refuse(&mut self, id: u64, number: u64) {
        if let Some(reader) = self.reader(id) {
            let first = reader.refused.map_or(number, |refused| refused.min(number));
            reader.refused = Some(first);
            reader.given.split_off(&first);
        }
    }

    fn reader(&mut self, id: u64) -> Option<&mut Reader> {
        let left = self.left.as_mut().filter(|(left, _)| *left == id);
        self.readers.get_mut(&id).or(left.map(|(_, reader)| reader))
    }

    /// All up to this number is dealt with, everywhere.
    fn done(&self) -> u64 {
        let readers = self.readers.values().chain(self.left.as_ref().map(|(_, reader)| reader));
        let first = readers.filter_map(|reader| {
            let queued = reader.queue.front().map(|entry| entry.number);
            let given = reader.given.first().copied();
            queued.into_iter().chain(given).chain(reader.refused).min()
        });
        first.min().map_or(self.last, |first| first - 1)
    }

    /// The numbers that wait to be dealt with, in order.
    fn outstanding(&self) -> Vec<u64> {
        let readers = self.readers.values().chain(self.left.as_ref().map(|(_, reader)| reader));
        let numbers = readers.flat_map(|reader| {
            let queued = reader.queue.iter().map(|entry| entry.number);
            queued.chain(reader.given.iter().copied()).chain(reader.refused)
        });
        numbers.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
