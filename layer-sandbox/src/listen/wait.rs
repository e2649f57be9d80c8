//! How a task waits for the world to change, on any runtime: whoever changes it wakes all who wait, and
//! a thread of the server's own wakes those whose time is over.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::Shared;
use crate::World;

/// Who waits longer, waits as good as for ever; the system's clock can't count for ever.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// All who wait.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    known: Mutex<Known>,
    /// Told when there is a wait that ends before the others, and when the server stops.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    waits: BTreeMap<u64, Entry>,
    next: u64,
    stopped: bool,
}

#[derive(Debug)]
struct Entry {
    /// Taken when it is woken.
    waker: Option<Waker>,
    until: Instant,
}

impl Waits {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who wait.
    pub(super) fn wake_all(&self) {
        let mut known = self.known();
        let wakers: Vec<_> =
            known.waits.values_mut().filter_map(|entry| entry.waker.take()).collect();
        // A waker is somebody else's code.
        drop(known);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends [`Waits::keep_time`].
    pub(super) fn stop(&self) {
        self.known().stopped = true;
        self.changed.notify_all();
    }

    /// Wakes whose time is over, until the server stops.
    pub(super) fn keep_time(&self) {
        let mut known = self.known();
        while !known.stopped {
            let now = Instant::now();
            let over = known.waits.values_mut().filter(|entry| entry.until <= now);
            let wakers: Vec<_> = over.filter_map(|entry| entry.waker.take()).collect();
            if !wakers.is_empty() {
                drop(known);
                wakers.into_iter().for_each(Waker::wake);
                known = self.known();
                continue;
            }
            let waiting = known.waits.values().filter(|entry| entry.waker.is_some());
            known = match waiting.map(|entry| entry.until).min() {
                Some(until) => {
                    let waited = self.changed.wait_timeout(known, until - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(known).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn register(&self, id: &mut Option<u64>, waker: &Waker, until: Instant) {
        let mut known = self.known();
        let id = *id.get_or_insert_with(|| {
            known.next += 1;
            known.next
        });
        known.waits.insert(id, Entry { waker: Some(waker.clone()), until });
        self.changed.notify_all();
    }
}

/// Waits until something is so in the world; `None` if it has not come to be in time, or the server has
/// stopped. May be dropped midway.
pub(crate) struct Wait<F> {
    shared: Arc<Shared>,
    look: F,
    until: Instant,
    id: Option<u64>,
}

impl Shared {
    /// Waits until `look` finds something; it is asked now and whenever the world may have changed.
    pub(crate) fn wait_for<T, F>(self: &Arc<Self>, patience: Duration, look: F) -> Wait<F>
    where
        F: FnMut(&mut World) -> Option<T>,
    {
        let until = Instant::now() + patience.min(LONGEST);
        Wait { shared: self.clone(), look, until, id: None }
    }
}

/// Nothing of it is pinned: `look` is called and no more.
impl<F> Unpin for Wait<F> {}

impl<T, F: FnMut(&mut World) -> Option<T>> Future for Wait<F> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { shared, look, until, id } = &mut *self;
        // Held until the waker is known, so that no change comes between.
        let mut hall = shared.hall();
        let found = look(&mut hall.world);
        if found.is_some() || hall.stopping || *until <= Instant::now() {
            return Poll::Ready(found);
        }
        shared.waits.register(id, cx.waker(), *until);
        Poll::Pending
    }
}

impl<F> Drop for Wait<F> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.shared.waits.known().waits.remove(&id);
        }
    }
}
