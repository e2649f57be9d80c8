//! A world in a folder: read when its server starts, and written when something has changed, at most once
//! in a second, and when it stops.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use layer_crypto::hash::sha256;
use thiserror::Error;

use super::Shared;
use crate::World;
use crate::world::KeptError;

/// So long changes are gathered.
const PAUSE: Duration = Duration::from_secs(1);
/// The file in the folder.
const WORLD: &str = "world";
/// The file that is locked as long as a server uses the folder.
const LOCK: &str = "lock";

/// A folder can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// What is in a file can't be read. It stays as it is.
    #[error("{}: {error}", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: KeptError,
    },
    /// Another sandbox uses the folder.
    #[error("{}: another sandbox uses this folder", .0.display())]
    InUse(PathBuf),
    /// The system refuses something.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// The folder of a world.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: PathBuf,
    /// Locked until it is dropped.
    lock: File,
    /// The digest of what was written last; held while something is being written.
    written: Mutex<Option<[u8; 32]>>,
    state: Mutex<State>,
    /// Told of the first change, and of the end.
    told: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Something may have changed since it was written.
    changed: bool,
    stopped: bool,
}

/// Unlocked here and not by being closed: a child process that is just being started may have the file
/// open for another moment.
impl Drop for Keeper {
    fn drop(&mut self) {
        // If it can't be, it ends with the process.
        let _ = self.lock.unlock();
    }
}

impl Keeper {
    /// Takes a folder, which is made if there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, FolderError> {
        let at = |path: &Path, error| FolderError::Io { path: path.to_owned(), error };
        fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
        let path = folder.join(LOCK);
        let lock = private().open(&path).map_err(|error| at(&path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(FolderError::InUse(folder.to_owned()));
            }
            Err(fs::TryLockError::Error(error)) => return Err(at(&path, error)),
        }
        let (written, state, told) = (Mutex::default(), Mutex::default(), Condvar::new());
        Ok(Self { folder: folder.to_owned(), lock, written, state, told })
    }

    /// Where the contents of files are.
    pub(super) fn contents(&self) -> PathBuf {
        self.folder.join("files")
    }

    /// Reads what is in the folder, if anything is.
    pub(crate) fn read(&self, world: &mut World) -> Result<(), FolderError> {
        let path = self.folder.join(WORLD);
        match fs::read(&path) {
            Ok(kept) => {
                world.restore(&kept).map_err(|error| FolderError::Kept { path, error })?;
                *self.written() = Some(sha256(&[&kept]));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(FolderError::Io { path, error }),
        }
    }

    /// Writes what is lasting, if it is not written yet: beside the file, which is replaced when all is
    /// on the disk.
    pub(crate) fn write(&self, shared: &Shared) -> Result<(), FolderError> {
        let mut last = self.written();
        let kept = {
            let hall = shared.hall();
            self.state().changed = false;
            hall.world.keep()
        };
        let digest = sha256(&[&kept]);
        if *last == Some(digest) {
            return Ok(());
        }
        let (path, beside) = (self.folder.join(WORLD), self.folder.join("world.new"));
        let written = private().truncate(true).open(&beside).and_then(|mut file| {
            file.write_all(&kept)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        });
        written.map_err(|error| FolderError::Io { path, error })?;
        *last = Some(digest);
        drop(last);
        shared.act(|hall| hall.world.tally.saves += 1);
        Ok(())
    }

    /// Something may have changed.
    pub(super) fn changed(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.changed, true) {
            self.told.notify_all();
        }
    }

    /// Ends [`Keeper::keep`].
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.told.notify_all();
    }

    /// Writes what changes, until it is stopped. What can't be written is tried again with the next
    /// change.
    pub(crate) fn keep(&self, shared: &Shared) {
        loop {
            let mut state = self.state();
            while !state.changed && !state.stopped {
                state = self.told.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let waited = self.told.wait_timeout_while(state, PAUSE, |state| !state.stopped);
            let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if state.stopped {
                return;
            }
            drop(state);
            let _ = self.write(shared);
        }
    }

    fn written(&self) -> MutexGuard<'_, Option<[u8; 32]>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that only its owner reads: there are keys and messages in it.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
