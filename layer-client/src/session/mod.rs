//! What outlives a process: the saved login, as plain data and as steps, and where it is kept.
//!
//! [`SavedSession`] is the data, [`Change`] a step, [`SessionBackend`] whoever keeps both:
//! [`BinaryFileBackend`] in a file, [`InMemoryBackend`] nowhere, [`StringSessionBackend`] in a text
//! that is carried elsewhere.

mod backend;
mod change;
mod disk;
mod encoding;
mod error;
mod file;
mod journal;
mod memory;
mod saved;
mod store;
mod string;

pub use backend::{BoxFuture, SessionBackend};
pub use change::Change;
pub use disk::{Disk, DiskFile, DiskLock};
pub use error::SessionError;
pub use file::BinaryFileBackend;
pub use memory::InMemoryBackend;
pub use saved::{
    DcAddress, DcEntry, KeyAside, PeerKey, PeerKind, SavedPeer, SavedSession, SavedUser, SeenIn,
    UpdatesState,
};
pub use string::{StringServer, StringSession, StringSessionBackend};
