//! A download that ends in a file. It is written beside its place, under a name by which the same
//! download finds it again, and gets its own name when it is whole.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::progress::{Progress, Report};
use super::{DownloadIter, FileError, FileLocation};
use crate::session::BoxFuture;
use crate::{Client, InvocationError};

/// What is there of a download is taken up at a multiple of this.
const BLOCK: u64 = 4 << 10;
/// So often, and after so long, a file that is just being let go is tried again.
const MOST_TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// A download into a file, which begins when it is awaited. Made by
/// [`Client::download_media_to_file`].
///
/// It may be dropped midway, and the program may end: what has come stays beside the file under a name
/// that ends in `.part`, and the same download goes on from there. The file itself is there when it is
/// whole, and not before; one that was there is replaced then.
///
/// # Errors
/// [`InvocationError::File`] if what comes is not the file or can't be written, and any other
/// [`InvocationError`].
#[must_use = "it begins when it is awaited"]
pub struct DownloadToFile {
    client: Client,
    file: FileLocation,
    path: PathBuf,
    report: Report,
}

impl DownloadToFile {
    pub(crate) fn new(client: &Client, file: FileLocation, path: PathBuf) -> Self {
        Self { client: client.clone(), file, path, report: None }
    }

    /// Tells how far it is, after each piece that is written. What was there before counts. See
    /// [`ProgressStream`](crate::ProgressStream) for a stream.
    pub fn on_progress(mut self, report: impl FnMut(Progress) + Send + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    async fn run(self) -> Result<(), InvocationError> {
        let Self { client, file: location, path, mut report } = self;
        let (part, total) = (beside(&path, &location.mark())?, location.size);
        let (file, mut done) = begin(&client, &part, total).await?;
        let mut download = DownloadIter::new(&client, location).offset(done);
        while let Some(piece) = download.next().await? {
            let len = piece.len() as u64;
            let to = Arc::clone(&file);
            work(&client, move || (&*to).write_all(&piece)).await?;
            done += len;
            if let Some(report) = &mut report {
                report(Progress { done, total });
            }
        }
        work(&client, move || {
            file.sync_all()?;
            std::fs::rename(&part, &path)
        })
        .await
    }
}

/// The file beside, for us alone, and how much of it is there.
async fn begin(
    client: &Client,
    part: &Path,
    size: Option<u64>,
) -> Result<(Arc<File>, u64), InvocationError> {
    for _ in 0..MOST_TRIES {
        let part = part.to_owned();
        if let Some((file, at)) = work(client, move || open(&part, size)).await? {
            return Ok((Arc::new(file), at));
        }
        // One that was dropped may be writing its last piece.
        sleep(PAUSE).await;
    }
    Err(FileError::Busy.into())
}

/// Does what takes long where it holds up nobody.
async fn work<T: Send + 'static>(
    client: &Client,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, InvocationError> {
    let done = client.inner.seams.run(work).await.ok_or(InvocationError::Dropped)?;
    Ok(done.map_err(FileError::Disk)?)
}

/// The name beside a path.
fn beside(path: &Path, mark: &str) -> Result<PathBuf, FileError> {
    let no_name = || FileError::Disk(io::Error::new(io::ErrorKind::InvalidInput, "no file's name"));
    let mut name = OsString::from(path.file_name().ok_or_else(no_name)?);
    name.push(format!(".{mark}.part"));
    Ok(path.with_file_name(name))
}

/// Opens the file beside, at the end of what can be taken up. `None` if somebody else has it.
fn open(part: &Path, size: Option<u64>) -> io::Result<Option<(File, u64)>> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(part)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let there = file.metadata()?.len();
    // Whoever had it may have put it to its place meanwhile.
    if !part.try_exists()? {
        return Ok(None);
    }
    let is_whole = size == Some(there);
    let at = match size {
        _ if is_whole => there,
        Some(size) if there > size => 0,
        _ => there - there % BLOCK,
    };
    if at != there {
        file.set_len(at)?;
    }
    file.seek(SeekFrom::Start(at))?;
    Ok(Some((file, at)))
}

impl IntoFuture for DownloadToFile {
    type Output = Result<(), InvocationError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for DownloadToFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadToFile").field("path", &self.path).finish_non_exhaustive()
    }
}
