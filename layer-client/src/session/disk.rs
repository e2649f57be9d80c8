//! What the file backend asks of the operating system, so that tests can cut, fail and lose any of
//! it. In production it is [`std::fs`] in the runtime's pool of blocking threads.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A filesystem, as far as a session file needs one. Its methods may block; they are called inside
/// of [`Disk::run`] only.
pub trait Disk: Send + Sync + 'static {
    /// Runs a job where it may block. The default is the pool of blocking threads of the runtime in
    /// which it is called; outside of a runtime the job runs at once.
    fn run(&self, job: Box<dyn FnOnce() + Send>) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(job)),
            Err(_) => job(),
        }
    }

    /// The path with links followed and its folder made absolute; the file need not exist.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// Locks this path against everybody, creating an empty file there; `None` if somebody else has
    /// locked it. Dropping the value unlocks it, and so does the end of the process.
    fn lock(&self, path: &Path) -> io::Result<Option<DiskLock>>;

    /// All of a file, or an error if it is longer than `most` bytes.
    fn read(&self, path: &Path, most: u64) -> io::Result<Zeroizing<Vec<u8>>>;

    /// A new empty file that only this user may read. What was at that path is removed.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// A file that is there, to be appended to; from now on only this user may read it.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, in place of what had it, as one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Returns when the names in the folder of `path` would survive a loss of power.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// A lock on a path, held until it is dropped.
pub type DiskLock = Box<dyn Send + Sync>;

/// A locked file. It is unlocked and not only closed: a child process that is just being started may
/// have it open for another moment.
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // If it can't be, it ends with the process.
        let _ = self.0.unlock();
    }
}

/// A file that is being written.
pub trait DiskFile {
    /// How many bytes it has.
    fn len(&mut self) -> io::Result<u64>;

    /// Writes at its end, in one write if the system can. On an error any part of it may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Takes back what is behind so many bytes.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Returns when all of it would survive a loss of power.
    fn sync(&mut self) -> io::Result<()>;

    /// Whether it has no bytes.
    fn is_empty(&mut self) -> io::Result<bool> {
        self.len().map(|len| len == 0)
    }
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SystemDisk;

impl Disk for SystemDisk {
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "it names no file");
                let name = path.file_name().ok_or_else(no_name)?;
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                Ok(fs::canonicalize(folder.unwrap_or(Path::new(".")))?.join(name))
            }
            resolved => resolved,
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Option<DiskLock>> {
        let file = private().create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Locked(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        // Before it is opened: opening a pipe waits for somebody to write to it.
        let known = fs::metadata(path)?;
        if !known.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        if known.len() > most {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it has {} bytes, where {most} may be", known.len()),
            ));
        }
        // All its room at once, so that no copy is left behind by growing.
        let room = usize::try_from(known.len()).unwrap_or(usize::MAX);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        File::open(path)?.take(known.len()).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Box::new(private().create_new(true).open(path)?)),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().write(true).open(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if file.metadata()?.permissions().mode() & 0o077 != 0 {
                file.set_permissions(fs::Permissions::from_mode(0o600))?;
            }
        }
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Elsewhere a folder can't be opened, and renaming is as durable as it gets.
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            match File::open(folder)?.sync_all() {
                // Some filesystems have nothing to do here, and say it so.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => (),
                synced => synced?,
            }
        }
        let _ = path;
        Ok(())
    }
}

/// To write a file that only this user may read, from its first moment.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl DiskFile for File {
    fn len(&mut self) -> io::Result<u64> {
        self.metadata().map(|known| known.len())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::End(0))?;
        self.write_all(bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn sync(&mut self) -> io::Result<()> {
        // The length of a file that grew is part of its data.
        self.sync_data()
    }
}
