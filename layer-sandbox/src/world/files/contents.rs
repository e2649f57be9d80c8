//! Where the contents of files are: outside of the world, which knows but their places. In memory unless
//! something else is given.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;

/// A store of blobs, which grow at their end and are read in pieces.
///
/// A server of feature `listen` has one on the disk.
pub trait Contents: fmt::Debug + Send {
    /// Writes bytes at a place of a blob, at or before its end. A new number is a new blob.
    ///
    /// # Errors
    /// If there is no room, or the system refuses.
    fn write(&mut self, blob: u64, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Reads bytes of a blob, all of them.
    ///
    /// # Errors
    /// If they are not there, or the system refuses.
    fn read(&mut self, blob: u64, at: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Forgets a blob.
    fn remove(&mut self, blob: u64);

    /// Forgets all blobs but these.
    fn retain(&mut self, known: &BTreeSet<u64>);
}

/// A store in memory, of [`InMemory::MOST`] bytes at most.
#[derive(Default)]
pub struct InMemory {
    blobs: BTreeMap<u64, Vec<u8>>,
    total: usize,
}

impl InMemory {
    /// So many bytes it holds, in all blobs together: 256 MiB.
    pub const MOST: usize = 256 << 20;
}

/// Without the contents.
impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory").field("total", &self.total).finish_non_exhaustive()
    }
}

impl Contents for InMemory {
    fn write(&mut self, blob: u64, at: u64, bytes: &[u8]) -> io::Result<()> {
        let held = self.blobs.entry(blob).or_default();
        let start = usize::try_from(at).ok().filter(|at| *at <= held.len());
        let start = start.ok_or(io::ErrorKind::InvalidInput)?;
        let over = held.len().min(start + bytes.len()) - start;
        let (in_place, added) = bytes.split_at(over);
        if self.total + added.len() > Self::MOST {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if let Some(old) = held.get_mut(start..start + over) {
            old.copy_from_slice(in_place);
        }
        held.extend_from_slice(added);
        self.total += added.len();
        Ok(())
    }

    fn read(&mut self, blob: u64, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let held = self.blobs.get(&blob).ok_or(io::ErrorKind::NotFound)?;
        let at = usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = at.checked_add(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(held.get(at..end).ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
    }

    fn remove(&mut self, blob: u64) {
        self.total -= self.blobs.remove(&blob).map_or(0, |held| held.len());
    }

    fn retain(&mut self, known: &BTreeSet<u64>) {
        self.blobs.retain(|blob, _| known.contains(blob));
        self.total = self.blobs.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_there_are_no_holes() {
        let mut store = InMemory::default();
        store.write(1, 0, b"abcd").unwrap();
        store.write(1, 2, b"CDEF").unwrap();
        assert_eq!(store.read(1, 1, 4).unwrap(), b"bCDE");
        assert!(store.write(1, 7, b"x").is_err());
        assert!(store.read(1, 3, 4).is_err());
        assert!(store.read(2, 0, 0).is_err());
        assert_eq!(store.total, 6);
        store.remove(1);
        assert_eq!((store.total, store.read(1, 0, 1).is_err()), (0, true));
    }
}
