//! The session file itself: opened, read, appended to, rewritten. Everything here may block, and
//! whenever it stops, the file holds the state before or the state after.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, DiskLock};
use super::encoding::{self, Bytes, size};
use super::journal::{self, Fault, Journal};
use super::{SavedSession, SessionError};

/// A session file, open or not.
pub(super) struct Store {
    /// As the user gave it; errors name it.
    path: PathBuf,
    disk: Arc<dyn Disk>,
    rewrite_above: u64,
    state: State,
}

enum State {
    New,
    Open(Open),
    Closed,
}

struct Open {
    _lock: DiskLock,
    /// With links followed.
    path: PathBuf,
    /// How much of the file is whole; 0 if there is none yet.
    len: u64,
    /// So long the file may be: what is behind `len` was not saved, and is not read.
    end: u64,
    /// The number of the next record.
    seq: u32,
    /// From this length on the file is rewritten.
    rewrite_at: u64,
    /// Nothing is appended here, the file is rewritten instead: something went wrong behind `len`, or
    /// a process before us wrote this, and what of it is on the disk by now is not known.
    is_doubtful: bool,
}

impl Store {
    pub(super) fn new(path: PathBuf, disk: Arc<dyn Disk>, rewrite_above: u64) -> Self {
        Self { path, disk, rewrite_above, state: State::New }
    }

    pub(super) fn load(&mut self) -> Result<SavedSession, SessionError> {
        if let State::Open(open) = &self.state {
            return self.read_back(open).map(|journal| journal.session);
        }
        let (open, session) = self.open()?;
        self.state = State::Open(open);
        Ok(session)
    }

    pub(super) fn close(&mut self) {
        self.state = State::Closed;
    }

    /// Saves a batch of changes, as [`encoding::write`] wrote them.
    pub(super) fn save(&mut self, changes: &[u8]) -> Result<(), SessionError> {
        let mut open = match std::mem::replace(&mut self.state, State::Closed) {
            State::New => match self.open() {
                Ok((open, _)) => open,
                Err(error) => {
                    self.state = State::New;
                    return Err(error);
                }
            },
            State::Open(open) => open,
            State::Closed => return Err(SessionError::Closed),
        };
        let saved = if changes.is_empty() { Ok(()) } else { self.save_to(&mut open, changes) };
        self.state = State::Open(open);
        saved
    }

    fn save_to(&self, open: &mut Open, changes: &[u8]) -> Result<(), SessionError> {
        if open.len == 0 || open.is_doubtful {
            return self.rewrite(open, changes).map_err(|unwritten| unwritten.error);
        }
        let needed = open.len + journal::record_len(changes.len());
        if needed > open.rewrite_at {
            match self.rewrite(open, changes) {
                // There may be no room for a second file, and still some in this one.
                Err(unwritten) if unwritten.may_append && needed <= journal::MOST => {
                    tracing::debug!(error = %unwritten.error, "the session file keeps growing");
                    open.rewrite_at = (2 * needed).min(journal::MOST);
                }
                rewritten => return rewritten.map_err(|unwritten| unwritten.error),
            }
        }
        self.append(open, changes)
    }

    fn open(&self) -> Result<(Open, SavedSession), SessionError> {
        let path = self.disk.resolve(&self.path).map_err(|error| self.io("find", error))?;
        let lock = self.disk.lock(&beside(&path, ".lock")).map_err(|error| self.io("lock", error));
        let lock = lock?.ok_or_else(|| SessionError::Locked { path: self.path.clone() })?;
        let bytes = match self.disk.read(&path, journal::MOST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => Some(read.map_err(|error| self.io("read", error))?),
        };
        let mut open = Open {
            _lock: lock,
            path,
            len: 0,
            end: 0,
            seq: 0,
            rewrite_at: self.rewrite_above,
            is_doubtful: false,
        };
        // An empty file, as programs make one to have its name, holds nothing that could be lost.
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
            return Ok((open, SavedSession::default()));
        };
        let journal = journal::read(&bytes).map_err(|fault| self.fault(fault))?;
        self.settle(&mut open, &journal);
        open.end = size(bytes.len());
        if open.end != open.len {
            let cut = open.end - open.len;
            tracing::warn!(path = %self.path.display(), cut, "the last write of a session was cut off");
        }
        let synced = self.disk.sync_folder(&open.path);
        open.is_doubtful = open.end != open.len || journal.seq > 1 || synced.is_err();
        // What a crash has left of a rewrite.
        let _ = self.disk.remove(&beside(&open.path, ".new"));
        Ok((open, journal.session))
    }

    fn settle(&self, open: &mut Open, journal: &Journal) {
        open.len = journal.len;
        open.end = journal.len;
        open.seq = journal.seq;
        open.rewrite_at = self.rewrite_above.max(2 * journal.snapshot_len).min(journal::MOST);
    }

    /// What is saved, out of the file itself: so nothing is kept in memory, and nothing broken is
    /// carried on.
    fn read_back(&self, open: &Open) -> Result<Journal, SessionError> {
        let bytes = match self.disk.read(&open.path, journal::MOST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && open.len == 0 => {
                Default::default()
            }
            read => read.map_err(|error| self.io("read", error))?,
        };
        let found = size(bytes.len());
        let trusted = usize::try_from(open.len).ok().and_then(|len| bytes.get(..len));
        match trusted.filter(|_| found <= open.end) {
            None => Err(self.changed(open, found)),
            Some([]) => {
                Ok(Journal { session: SavedSession::default(), len: 0, seq: 0, snapshot_len: 0 })
            }
            Some(trusted) => journal::read(trusted).map_err(|fault| self.fault(fault)),
        }
    }

    /// One record at the end of the file.
    fn append(&self, open: &mut Open, changes: &[u8]) -> Result<(), SessionError> {
        let record = journal::changes(open.seq, changes);
        let file = self.disk.open(&open.path);
        let mut file = file.map_err(|error| self.io("open", error))?;
        let found = file.len().map_err(|error| self.io("open", error))?;
        if found != open.len {
            return Err(self.changed(open, found));
        }
        if let Err(error) = file.append(record.as_slice()) {
            // Half a record must not stand before the next.
            open.is_doubtful = file.set_len(open.len).and_then(|()| file.sync()).is_err();
            open.end += if open.is_doubtful { size(record.len()) } else { 0 };
            return Err(self.io("write", error));
        }
        if let Err(error) = file.sync() {
            // What the system failed to write once it takes for written.
            open.is_doubtful = true;
            open.end += size(record.len());
            let _ = file.set_len(open.len);
            return Err(self.io("write", error));
        }
        open.len += size(record.len());
        open.end = open.len;
        open.seq += 1;
        Ok(())
    }

    /// The whole state in a new file, which then takes the name.
    fn rewrite(&self, open: &mut Open, changes: &[u8]) -> Result<(), Unwritten> {
        let unwritten = |error, may_append| Unwritten { error, may_append };
        let whole = self.whole(open, changes);
        let (bytes, journal) = whole.map_err(|error| unwritten(error, false))?;
        let new = beside(&open.path, ".new");
        if let Err(error) = self.write_new(&new, bytes.as_slice(), &open.path) {
            let _ = self.disk.remove(&new);
            return Err(unwritten(self.io("write", error), true));
        }
        self.settle(open, &journal);
        let synced = self.disk.sync_folder(&open.path);
        open.is_doubtful = synced.is_err();
        synced.map_err(|error| unwritten(self.io("write", error), false))
    }

    fn whole(&self, open: &Open, changes: &[u8]) -> Result<(Bytes, Journal), SessionError> {
        let mut journal = self.read_back(open)?;
        encoding::read(changes, &mut journal.session)
            .map_err(|what| self.fault(Fault::Damaged { at: open.len, what: what.to_owned() }))?;
        let bytes = journal::snapshot(&journal.session);
        let len = size(bytes.len());
        if len > journal::MOST {
            let (path, most) = (self.path.clone(), journal::MOST);
            return Err(SessionError::TooLarge { path, bytes: len, most });
        }
        Ok((bytes, Journal { len, seq: 1, snapshot_len: len, ..journal }))
    }

    fn write_new(&self, new: &Path, bytes: &[u8], path: &Path) -> io::Result<()> {
        let mut file = self.disk.create(new)?;
        file.append(bytes)?;
        file.sync()?;
        drop(file);
        self.disk.rename(new, path)
    }

    fn io(&self, action: &'static str, error: io::Error) -> SessionError {
        SessionError::Io { path: self.path.clone(), action, source: Arc::new(error) }
    }

    fn changed(&self, open: &Open, found: u64) -> SessionError {
        SessionError::Changed { path: self.path.clone(), expected: open.len, found }
    }

    fn fault(&self, fault: Fault) -> SessionError {
        let path = self.path.clone();
        match fault {
            Fault::Foreign { found } => SessionError::Foreign { path, found },
            Fault::Newer { found } => SessionError::Newer { path, found, known: journal::VERSION },
            Fault::Damaged { at, what } => SessionError::Damaged { path, at, what },
        }
    }
}

/// A rewrite that failed.
struct Unwritten {
    error: SessionError,
    /// Whether the file is as it was, and fit to be appended to.
    may_append: bool,
}

/// The path with something behind its name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
