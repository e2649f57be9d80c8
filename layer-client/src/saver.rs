//! The session in memory, and the task that saves what changes in it: in order, one save at a time,
//! again if it failed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::session::{Change, SavedSession, SessionBackend, SessionError};

/// So many changes wait to be saved one by one; beyond that the whole session is saved instead.
const MOST_PENDING: usize = 10_000;
/// When a save that failed is tried again, if nothing asks for it before.
const RETRY: Duration = Duration::from_secs(10);
/// So long how far updates have come may wait for more of the same. If it is lost, some of them are
/// delivered again, which may happen anyway; and a disk need not write with each of them.
const LAZY: Duration = Duration::from_millis(500);

/// So far back it is looked for a place that a later one replaces.
const MOST_LOOKED_AT: usize = 16;

/// The session as it is now, and what of it is not saved yet.
pub(crate) struct Saver {
    backend: Arc<dyn SessionBackend>,
    state: Mutex<State>,
    /// Something is to be saved now.
    wake: Notify,
    /// Something is to be saved soon.
    soon: Notify,
    progress: watch::Sender<Progress>,
}

struct State {
    session: SavedSession,
    pending: Vec<Change>,
    /// Too much was pending: all of the session is.
    all_pending: bool,
    /// How often somebody has asked to have everything saved.
    asked: u64,
    closing: bool,
}

#[derive(Clone)]
struct Progress {
    /// All who had asked by then have this result.
    asked: u64,
    result: Result<(), SessionError>,
    closed: bool,
}

/// Says that the task has ended, however it did.
struct Running(Arc<Saver>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.progress.send_modify(|progress| progress.closed = true);
    }
}

impl Saver {
    pub(crate) fn new(backend: Arc<dyn SessionBackend>, session: SavedSession) -> Arc<Self> {
        let (pending, all_pending) = (Vec::new(), false);
        let state = State { session, pending, all_pending, asked: 0, closing: false };
        let progress = Progress { asked: 0, result: Ok(()), closed: false };
        let (state, progress) = (Mutex::new(state), watch::Sender::new(progress));
        Arc::new(Self { backend, state, wake: Notify::new(), soon: Notify::new(), progress })
    }

    /// The task: saves until it is [closed](Self::close). `failed` is told when saving begins to fail.
    pub(crate) fn run(
        self: Arc<Self>,
        failed: impl Fn(&SessionError) + Send,
    ) -> impl Future<Output = ()> + Send {
        // Also for a task that is never begun.
        let running = Running(self);
        async move { running.0.work(failed).await }
    }

    async fn work(&self, failed: impl Fn(&SessionError) + Send) {
        let mut has_failed = false;
        loop {
            if has_failed {
                // Woken or not, it is tried again.
                let _ = timeout(RETRY, self.wake.notified()).await;
            } else {
                self.woken().await;
            }
            let (changes, asked, closing) = self.take();
            let result =
                if changes.is_empty() { Ok(()) } else { self.backend.save(&changes).await };
            if let Err(error) = &result {
                self.put_back(changes);
                if !has_failed {
                    tracing::warn!(%error, "the session is not saved");
                    failed(error);
                }
            }
            has_failed = result.is_err();
            self.progress.send_modify(|progress| {
                progress.asked = asked;
                progress.result = result;
            });
            if closing {
                if let Err(error) = self.backend.close().await {
                    tracing::warn!(%error, "the session is not closed");
                }
                return;
            }
        }
    }

    /// Waits until something is to be saved, and a little longer where that can wait.
    async fn woken(&self) {
        tokio::select! {
            biased;
            () = self.wake.notified() => return,
            () = self.soon.notified() => {}
        }
        // Whether it was the time or something that can't wait is all the same.
        let _ = timeout(LAZY, self.wake.notified()).await;
    }

    /// Looks at the session.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&SavedSession) -> T) -> T {
        look(&self.state().session)
    }

    /// Changes the session, as it is seen at that moment, and has the changes saved. Waits for
    /// nothing.
    pub(crate) fn change(&self, changes: impl FnOnce(&SavedSession) -> Vec<Change>) {
        let mut state = self.state();
        let changes = changes(&state.session);
        if changes.is_empty() {
            return;
        }
        let is_lazy = changes.iter().all(is_lazy);
        changes.iter().for_each(|change| state.session.apply(change));
        if !state.all_pending {
            state.put(changes);
            state.bound();
        }
        drop(state);
        if is_lazy { self.soon.notify_one() } else { self.wake.notify_one() }
    }

    /// Waits until all that has changed by now is saved, or the attempt has failed. May be dropped
    /// midway.
    pub(crate) async fn flush(&self) -> Result<(), SessionError> {
        let mut progress = self.progress.subscribe();
        let asked = {
            let mut state = self.state();
            state.asked += 1;
            state.asked
        };
        self.wake.notify_one();
        let is_done = |progress: &Progress| progress.asked >= asked || progress.closed;
        match progress.wait_for(is_done).await {
            Ok(progress) if progress.asked >= asked => progress.result.clone(),
            _ => Err(SessionError::Closed),
        }
    }

    /// Saves what is pending and lets go of what is kept. Waits for nothing.
    pub(crate) fn close(&self) {
        self.state().closing = true;
        self.wake.notify_one();
    }

    /// Waits until all is saved and let go.
    pub(crate) async fn closed(&self) {
        // The sender is ours.
        let _ = self.progress.subscribe().wait_for(|progress| progress.closed).await;
    }

    fn take(&self) -> (Vec<Change>, u64, bool) {
        let mut state = self.state();
        let mut changes = std::mem::take(&mut state.pending);
        if std::mem::take(&mut state.all_pending) {
            changes = state.session.to_changes();
        }
        (changes, state.asked, state.closing)
    }

    /// As each change sets what it names, doing one twice does no harm; only their order matters.
    fn put_back(&self, mut changes: Vec<Change>) {
        let mut state = self.state();
        changes.append(&mut state.pending);
        state.pending = changes;
        state.bound();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it may wait for more of the same.
fn is_lazy(change: &Change) -> bool {
    matches!(change, Change::Updates(Some(_)) | Change::ChannelPts { .. })
}

/// Whether the later of two says all that the earlier did.
fn replaces(later: &Change, earlier: &Change) -> bool {
    match (later, earlier) {
        (Change::Updates(_), Change::Updates(_)) => true,
        (Change::ChannelPts { channel, .. }, Change::ChannelPts { channel: earlier, .. }) => {
            channel == earlier
        }
        _ => false,
    }
}

impl State {
    /// Has changes wait. A place replaces the one that its line had just before.
    fn put(&mut self, changes: Vec<Change>) {
        for change in changes {
            let lazy = self.pending.iter_mut().rev().take(MOST_LOOKED_AT);
            let mut lazy = lazy.take_while(|earlier| is_lazy(earlier));
            match lazy.find(|earlier| replaces(&change, earlier)) {
                Some(earlier) => *earlier = change,
                None => self.pending.push(change),
            }
        }
    }

    fn bound(&mut self) {
        if self.pending.len() > MOST_PENDING {
            self.all_pending = true;
            self.pending = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;
    use crate::session::{BoxFuture, InMemoryBackend};

    /// Keeps in memory, if the disk is not full.
    #[derive(Default)]
    struct Disk {
        kept: InMemoryBackend,
        is_full: AtomicBool,
        saves: AtomicUsize,
    }

    impl SessionBackend for Disk {
        fn load(&self) -> BoxFuture<'_, Result<SavedSession, SessionError>> {
            self.kept.load()
        }

        fn save<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<(), SessionError>> {
            self.saves.fetch_add(1, Ordering::Relaxed);
            if self.is_full.load(Ordering::Relaxed) {
                let source = Arc::new(io::ErrorKind::StorageFull.into());
                let error = SessionError::Io { path: "x".into(), action: "write", source };
                return Box::pin(std::future::ready(Err(error)));
            }
            self.kept.save(changes)
        }

        fn close(&self) -> BoxFuture<'_, Result<(), SessionError>> {
            self.kept.close()
        }
    }

    fn run() -> (Arc<Saver>, Arc<Disk>, Arc<AtomicUsize>) {
        let (disk, failures) = (Arc::new(Disk::default()), Arc::new(AtomicUsize::new(0)));
        let saver = Saver::new(Arc::clone(&disk) as _, SavedSession::default());
        let counted = Arc::clone(&failures);
        tokio::spawn(Arc::clone(&saver).run(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        (saver, disk, failures)
    }

    fn pts(channel: i64, pts: i32) -> Vec<Change> {
        vec![Change::ChannelPts { channel, pts }]
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_saved_in_order_without_being_asked_for() {
        let (saver, disk, _) = run();
        saver.change(|_| pts(1, 1));
        saver.change(|_| pts(1, 2));
        tokio::time::sleep(2 * LAZY).await;
        assert_eq!(disk.kept.session().channels[&1], 2);
        saver.change(|session| pts(1, session.channels[&1] + 1));
        saver.flush().await.unwrap();
        assert_eq!(disk.kept.session().channels[&1], 3);
        saver.flush().await.unwrap();
        assert_eq!(disk.saves.load(Ordering::Relaxed), 2, "nothing is saved twice");
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_acknowledgements_a_second_are_few_saves_and_a_login_waits_for_none() {
        let (saver, disk, _) = run();
        for at in 1..=2000 {
            saver.change(|_| pts(at % 4, at as i32));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let saves = disk.saves.load(Ordering::Relaxed);
        assert!((2..=5).contains(&saves), "{saves} in two seconds");
        assert!(saver.state().pending.len() <= 4, "a place replaces the one before");
        tokio::time::sleep(2 * LAZY).await;
        assert_eq!(disk.kept.session(), saver.read(SavedSession::clone));
        saver.change(|_| pts(1, 3000));
        saver.change(|_| vec![Change::HomeDc(4)]);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(disk.kept.session().home_dc, Some(4));
        assert_eq!(disk.kept.session().channels[&1], 3000, "in its order");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_goes_not_before_what_came_between() {
        let (saver, disk, _) = run();
        saver.change(|_| pts(1, 1));
        saver.change(|_| vec![Change::ChannelGone(1)]);
        saver.change(|_| pts(1, 2));
        saver.change(|_| pts(1, 3));
        saver.change(|_| vec![Change::ChannelGone(1)]);
        saver.flush().await.unwrap();
        assert_eq!(disk.kept.session(), SavedSession::default());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again() {
        let (saver, disk, failures) = run();
        disk.is_full.store(true, Ordering::Relaxed);
        saver.change(|_| pts(1, 1));
        assert!(saver.flush().await.unwrap_err().is_disk_full());
        saver.change(|_| pts(1, 2));
        assert!(saver.flush().await.is_err(), "told as often as it is asked");
        assert_eq!(failures.load(Ordering::Relaxed), 1, "the event is told once");
        disk.is_full.store(false, Ordering::Relaxed);
        tokio::time::sleep(RETRY * 2).await;
        assert_eq!(disk.kept.session().channels[&1], 2, "by itself");
        saver.flush().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_a_full_disk_takes_no_more_than_the_session() {
        let (saver, disk, _) = run();
        disk.is_full.store(true, Ordering::Relaxed);
        for round in 0..MOST_PENDING + 5 {
            saver.change(|_| pts(round as i64 % 100, round as i32));
        }
        assert!(saver.flush().await.is_err());
        assert!(saver.state().pending.len() < 200);
        disk.is_full.store(false, Ordering::Relaxed);
        saver.flush().await.unwrap();
        assert_eq!(disk.kept.session(), saver.read(SavedSession::clone));
    }

    #[tokio::test(start_paused = true)]
    async fn closing_saves_what_is_pending_and_then_nobody_waits_in_vain() {
        let (saver, disk, _) = run();
        saver.change(|_| pts(1, 7));
        saver.close();
        saver.closed().await;
        assert_eq!(disk.kept.session().channels[&1], 7);
        assert!(matches!(disk.kept.save(&[]).await, Err(SessionError::Closed)));
        assert!(matches!(saver.flush().await, Err(SessionError::Closed)));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_task_that_was_killed() {
        let disk = Arc::new(Disk::default());
        let saver = Saver::new(disk, SavedSession::default());
        tokio::spawn(Arc::clone(&saver).run(|_| {})).abort();
        assert!(matches!(saver.flush().await, Err(SessionError::Closed)));
        saver.closed().await;
    }
}
