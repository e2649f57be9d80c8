//! A session in a file: the queue in front of the store, so that async threads never block.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::disk::{Disk, SystemDisk};
use super::encoding::{self, Bytes, size};
use super::store::Store;
use super::{BoxFuture, Change, SavedSession, SessionBackend, SessionError};

/// Behind others so many bytes of changes wait to be saved at most; beyond that, saving is an error.
const MOST_WAITING: usize = 64 << 20;

/// Keeps a session in a file, which only its user may read.
///
/// Beside the file `my.session` stands `my.session.lock`, empty, by which a second process is kept
/// away, and for moments `my.session.new`. The file is opened when it is first loaded or saved, and
/// let go by [`SessionBackend::close`] or when the backend is dropped and nothing is being saved.
///
/// What it holds survives a crash or a loss of power at any moment: the state before a
/// [`SessionBackend::save`], or after it. A file that is damaged, foreign or of a newer version is
/// an error that names it, and is never written to.
///
/// ```
/// use layer_client::session::{BinaryFileBackend, Change, SessionBackend, SessionError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("layer-doc-file-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("my.session");
/// let backend = BinaryFileBackend::new(&path);
/// backend.save(&[Change::HomeDc(2)]).await?;
///
/// // Two at once would write over each other.
/// let second = BinaryFileBackend::new(&path);
/// assert!(matches!(second.load().await, Err(SessionError::Locked { .. })));
///
/// backend.close().await?;
/// assert_eq!(second.load().await?.home_dc, Some(2));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct BinaryFileBackend {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    rewrite_above: u64,
    shared: Arc<Shared>,
}

impl BinaryFileBackend {
    /// The file at `path`, which need not exist; its folder must. Nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_disk(path, Arc::new(SystemDisk))
    }

    /// The same on a filesystem of one's own, for tests of what a disk may do.
    pub fn with_disk(path: impl Into<PathBuf>, disk: Arc<dyn Disk>) -> Self {
        Self::build(path.into(), disk, 256 << 10)
    }

    /// Changes are appended to the file until it has so many bytes, and twice as many as were
    /// needed when it was written last; then it is written anew. 256 KiB at first. To be called
    /// before anything is loaded or saved.
    #[must_use]
    pub fn rewrite_above(self, bytes: u64) -> Self {
        Self::build(self.path.clone(), self.disk.clone(), bytes)
    }

    fn build(path: PathBuf, disk: Arc<dyn Disk>, rewrite_above: u64) -> Self {
        let store = Store::new(path.clone(), disk.clone(), rewrite_above);
        let shared = Shared { queue: Mutex::default(), store: Mutex::new(store) };
        Self { path, disk, rewrite_above, shared: Arc::new(shared) }
    }

    /// Puts a job into the queue, sees to it that somebody works, and waits for the answer.
    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, SessionError> {
        let (reply, answer) = oneshot::channel();
        if self.shared.queue().push(job(reply), &self.path)? {
            let worker = Worker { shared: self.shared.clone(), is_done: false };
            self.disk.run(Box::new(move || worker.work()));
        }
        let interrupted = || SessionError::Interrupted { path: self.path.clone() };
        answer.await.unwrap_or_else(|_| Err(interrupted()))
    }
}

/// Lets go of the file at once, unless something is still to be saved; then afterwards.
impl Drop for BinaryFileBackend {
    fn drop(&mut self) {
        // Not left to the last `Arc`: a worker that is about to end holds one for a moment longer.
        let queue = self.shared.queue();
        if queue.jobs.is_empty() && !queue.is_busy {
            self.shared.store().close();
        }
    }
}

/// Only the path: the rest is a lock's.
impl fmt::Debug for BinaryFileBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryFileBackend")
            .field("path", &self.path)
            .field("rewrite_above", &self.rewrite_above)
            .finish_non_exhaustive()
    }
}

impl SessionBackend for BinaryFileBackend {
    fn load(&self) -> BoxFuture<'_, Result<SavedSession, SessionError>> {
        Box::pin(self.ask(Job::Load))
    }

    fn save<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<(), SessionError>> {
        Box::pin(async move {
            let mut bytes = Bytes::default();
            changes.iter().for_each(|change| encoding::write(&mut bytes, change));
            self.ask(|reply| Job::Save(bytes, vec![reply])).await
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(self.ask(Job::Close))
    }
}

type Reply<T> = oneshot::Sender<Result<T, SessionError>>;

enum Job {
    Load(Reply<SavedSession>),
    /// What several saves wait for is written at once.
    Save(Bytes, Vec<Reply<()>>),
    Close(Reply<()>),
}

struct Shared {
    queue: Mutex<Queue>,
    store: Mutex<Store>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Bytes of changes in `jobs`.
    waiting: usize,
    /// Whether there is a worker.
    is_worked: bool,
    /// Whether it is at a job that was in `jobs`.
    is_busy: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A store that panicked is closed.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Returns whether a worker must be started.
    fn push(&mut self, job: Job, path: &Path) -> Result<bool, SessionError> {
        match (job, self.jobs.back_mut()) {
            (Job::Save(bytes, replies), last) => {
                let waiting = self.waiting.saturating_add(bytes.len());
                if waiting > MOST_WAITING && self.waiting > 0 {
                    let (bytes, most) = (size(waiting), size(MOST_WAITING));
                    return Err(SessionError::TooLarge { path: path.to_owned(), bytes, most });
                }
                self.waiting = waiting;
                if let Some(Job::Save(before, others)) = last {
                    before.put(bytes.as_slice());
                    others.extend(replies);
                } else {
                    self.jobs.push_back(Job::Save(bytes, replies));
                }
            }
            (job, _) => self.jobs.push_back(job),
        }
        Ok(!std::mem::replace(&mut self.is_worked, true))
    }

    fn pop(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front();
        match &job {
            Some(Job::Save(bytes, _)) => self.waiting -= bytes.len(),
            Some(_) => (),
            None => self.is_worked = false,
        }
        self.is_busy = job.is_some();
        job
    }
}

/// Works until the queue is empty.
struct Worker {
    shared: Arc<Shared>,
    /// From then on another may work.
    is_done: bool,
}

impl Worker {
    fn work(mut self) {
        loop {
            let Some(job) = self.shared.queue().pop() else { break };
            match job {
                Job::Load(reply) => {
                    let loaded = self.shared.store().load();
                    self.shared.queue().is_busy = false;
                    let _ = reply.send(loaded);
                }
                Job::Save(bytes, replies) => {
                    let saved = self.shared.store().save(bytes.as_slice());
                    self.shared.queue().is_busy = false;
                    for reply in replies {
                        let _ = reply.send(saved.clone());
                    }
                }
                Job::Close(reply) => {
                    self.shared.store().close();
                    self.shared.queue().is_busy = false;
                    let _ = reply.send(Ok(()));
                }
            }
        }
        self.is_done = true;
    }
}

/// If the worker panicked, or was never run because the runtime ends, nobody must wait for it.
impl Drop for Worker {
    fn drop(&mut self) {
        if !self.is_done {
            *self.shared.queue() = Queue::default();
        }
    }
}
