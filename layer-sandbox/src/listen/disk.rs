//! The contents of files on the disk: a file for each blob, in the folder of the world, or in one beside
//! the system's temporary files that goes when the server does.
//!
//! It is not synced to the disk: after a crash of the machine contents may be missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::keeper::private;
use crate::world::Contents;

/// So many bytes there may be in all blobs together: 16 GiB.
const MOST: u64 = 16 << 30;

/// A folder of blobs.
#[derive(Debug)]
pub(crate) struct OnDisk {
    folder: PathBuf,
    /// It goes with us.
    temporary: bool,
    sizes: BTreeMap<u64, u64>,
    total: u64,
    /// The blob that was used last, so that it is not opened for each part.
    open: Option<(u64, File)>,
}

impl OnDisk {
    /// What is in a folder, which is made when something is written to it. A temporary one holds nothing
    /// yet, and goes with this.
    pub(crate) fn new(folder: PathBuf, temporary: bool) -> Self {
        let mut disk = Self { folder, temporary, sizes: BTreeMap::new(), total: 0, open: None };
        for entry in fs::read_dir(&disk.folder).into_iter().flatten().flatten() {
            let blob = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let (Some(blob), Ok(about)) = (blob, entry.metadata()) {
                disk.sizes.insert(blob, about.len());
                disk.total += about.len();
            }
        }
        disk
    }

    fn path(&self, blob: u64) -> PathBuf {
        self.folder.join(blob.to_string())
    }

    fn file(&mut self, blob: u64) -> io::Result<&mut File> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != blob) {
            let file = private().read(true).open(self.path(blob))?;
            self.open = Some((blob, file));
        }
        let open = self.open.as_mut().map(|(_, file)| file);
        open.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Contents for OnDisk {
    fn write(&mut self, blob: u64, at: u64, bytes: &[u8]) -> io::Result<()> {
        let size = self.sizes.get(&blob).copied().unwrap_or(0);
        if at > size {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let added = (at + bytes.len() as u64).saturating_sub(size);
        if self.total + added > MOST {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if self.sizes.is_empty() {
            make_private(&self.folder)?;
        }
        let file = self.file(blob)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        self.sizes.insert(blob, size + added);
        self.total += added;
        Ok(())
    }

    fn read(&mut self, blob: u64, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let size = self.sizes.get(&blob).ok_or(io::ErrorKind::NotFound)?;
        if at.checked_add(length as u64).is_none_or(|end| end > *size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        let file = self.file(blob)?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn remove(&mut self, blob: u64) {
        let Some(size) = self.sizes.remove(&blob) else { return };
        self.total -= size;
        self.open = self.open.take().filter(|(open, _)| *open != blob);
        // What can't be removed is not known any more, and taken for nothing at the next start.
        let _ = fs::remove_file(self.path(blob));
    }

    fn retain(&mut self, known: &BTreeSet<u64>) {
        let gone: Vec<u64> =
            self.sizes.keys().filter(|blob| !known.contains(blob)).copied().collect();
        gone.into_iter().for_each(|blob| self.remove(blob));
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if self.temporary && !self.sizes.is_empty() {
            self.open = None;
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Makes a folder that only its owner looks into.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
