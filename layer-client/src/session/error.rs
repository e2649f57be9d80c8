//! What can go wrong with a saved session. Every error names the file, and none shows what is in it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a session could not be loaded or saved.
///
/// None of them costs a login: a file that is not understood stays on disk as it is.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The operating system refused: a full disk, missing permission, no such folder.
    #[error("cannot {action} the session file {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, as a verb.
        action: &'static str,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// Another process, or another client in this one, uses the file.
    #[error(
        "the session file {} is in use by another process, or by another client in this one; \
         close that one first, or use another file", path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by another program. It is left as it is.
    #[error(
        "{} is not a session file of layer, but {found}; it was left as it is, choose another path",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// The file was written by a newer version of this library. It is left as it is.
    #[error(
        "the session file {} has format {found}, which is newer than {known}, the newest that this \
         version reads; it was left as it is, update the program", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u32,
        /// The newest format that is understood.
        known: u32,
    },
    /// The file is ours and broken. It is left as it is.
    #[error(
        "the session file {} is damaged at byte {at}: {what}; it was left as it is, bring it back \
         from a copy, or move it away and log in again", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, from the beginning of the file.
        at: u64,
        /// What was expected, and what is there.
        what: String,
    },
    /// Somebody wrote to the file, replaced or removed it while it was in use. Nothing was written.
    #[error(
        "the session file {} was changed by somebody else: it should have {expected} bytes and has \
         {found}; nothing was written", path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its length as it was left, in bytes.
        expected: u64,
        /// Its length now, in bytes.
        found: u64,
    },
    /// More than a session file may hold, or than may wait to be saved.
    #[error("too much for the session {}: {bytes} bytes, where {most} may be", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// So much it would be.
        bytes: u64,
        /// So much it may be.
        most: u64,
    },
    /// Not a session string of this library, or not all of it.
    #[error("this is not a session string of layer: {what}")]
    BadString {
        /// What was expected, and what is there.
        what: String,
    },
    /// The backend was closed; [`SessionBackend::load`](super::SessionBackend::load) opens it again.
    #[error("the session was closed before this was saved")]
    Closed,
    /// The runtime ended, or the disk's code panicked, while this was being done: nobody knows
    /// whether it is saved. What the next load gives is whole either way.
    #[error("the runtime ended while the session {} was being used", path.display())]
    Interrupted {
        /// The file.
        path: PathBuf,
    },
    /// Says a backend from outside this library.
    #[error("the session backend failed: {0}")]
    Backend(Arc<dyn std::error::Error + Send + Sync>),
}

impl SessionError {
    /// Whether the disk was full, or the user's share of it: room helps, and so does trying again.
    pub fn is_disk_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        matches!(self, Self::Io { source, .. } if full.contains(&source.kind()))
    }
}
