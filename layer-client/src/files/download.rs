//! A file on its way down, piece by piece: parts are asked for ahead, several at a time and over links
//! of their own, and handed out in order.

use std::fmt;
use std::sync::Arc;

use super::fetch::Fetch;
use super::window::Window;
use super::{FileError, FileLocation, plan};
use crate::{Client, InvocationError};

/// A file that is downloaded piece by piece. Made by [`Client::iter_download`].
///
/// Dropping it ends the download. What is on its way stays within 2 MiB and a piece.
///
/// ```
/// # use layer_client::{Client, FileLocation, InvocationError};
/// async fn length(client: &Client, file: FileLocation) -> Result<usize, InvocationError> {
///     let mut download = client.iter_download(file).chunk_size(64 << 10);
///     let mut length = 0;
///     while let Some(piece) = download.next().await? {
///         length += piece.len();
///     }
///     Ok(length)
/// }
/// ```
pub struct DownloadIter {
    fetch: Arc<Fetch>,
    size: Option<u64>,
    /// How long the pieces are that are handed out, and the parts that are fetched for them.
    chunk: usize,
    part: usize,
    window: Window<Result<Vec<u8>, InvocationError>>,
    /// Where the next part begins that is to be asked for, and the first that has not come.
    ask: u64,
    came: u64,
    /// Where it is to begin: what lies before it in its part is left out.
    from: u64,
    /// What has come and was not handed out.
    buffer: Vec<u8>,
    is_over: bool,
}

impl DownloadIter {
    pub(crate) fn new(client: &Client, file: FileLocation) -> Self {
        let size = file.size;
        let fetch = Arc::new(Fetch::new(client, file));
        let (window, buffer) = (Window::new(), Vec::new());
        let (ask, came, from) = (0, 0, 0);
        let (chunk, part) = (plan::PART, plan::PART);
        Self { fetch, size, chunk, part, window, ask, came, from, buffer, is_over: false }
    }

    /// How many bytes each piece has but the last one, which has what is left; 512 KiB at first. To be
    /// said before the first piece.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk = bytes.max(1);
        self.part = plan::fetched_for(self.chunk);
        let from = self.from;
        self.begin_at(from)
    }

    /// Begins at this byte. To be said before the first piece.
    pub fn offset(self, byte: u64) -> Self {
        self.begin_at(byte)
    }

    fn begin_at(mut self, byte: u64) -> Self {
        let part = byte - byte % self.part as u64;
        (self.from, self.ask, self.came) = (byte, part, part);
        self
    }

    /// How many bytes the whole file has, if that is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next piece; `None` at the end. Dropped midway, nothing is lost.
    ///
    /// # Errors
    /// [`InvocationError::File`] if what comes is not the file, and any other [`InvocationError`]. Asked
    /// again after an error, it goes on where it was.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, InvocationError> {
        loop {
            if self.buffer.len() >= self.chunk {
                let rest = self.buffer.split_off(self.chunk);
                return Ok(Some(std::mem::replace(&mut self.buffer, rest)));
            }
            self.fill();
            let Some(part) = self.window.first().await else {
                let last = std::mem::take(&mut self.buffer);
                return Ok(Some(last).filter(|last| !last.is_empty()));
            };
            if let Err(error) = part.and_then(|part| self.take(part)) {
                // What comes after it is asked for again.
                (self.window, self.ask) = (Window::new(), self.came);
                return Err(error);
            }
        }
    }

    /// Asks for as many parts as may be on their way.
    fn fill(&mut self) {
        // Of a file of unknown length, the first part shows whether there are more.
        let most = (plan::DOWN / self.part).clamp(1, 8);
        let is_first = self.came <= self.from;
        let most = if self.size.is_none() && is_first { 1 } else { most };
        while !self.is_over
            && self.window.len() < most
            && self.size.is_none_or(|size| self.ask.max(self.from) < size)
        {
            let (fetch, offset, part) = (Arc::clone(&self.fetch), self.ask, self.part);
            self.window.push(Box::pin(async move { fetch.part(offset, part).await }));
            self.ask += self.part as u64;
        }
    }

    /// A part that has come.
    fn take(&mut self, mut part: Vec<u8>) -> Result<(), InvocationError> {
        let (offset, came) = (self.came, part.len() as u64);
        match self.size.map(|size| plan::expected(size, offset, self.part)) {
            Some(expected) if came != expected => {
                return Err(FileError::WrongSize { offset, expected, came }.into());
            }
            None if part.len() < self.part => {
                self.is_over = true;
                self.window = Window::new();
            }
            _ => {}
        }
        let skipped = usize::try_from(self.from.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.came += self.part as u64;
        part.drain(..skipped.min(part.len()));
        match self.buffer.is_empty() {
            true => self.buffer = part,
            false => self.buffer.append(&mut part),
        }
        Ok(())
    }
}

impl fmt::Debug for DownloadIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadIter")
            .field("size", &self.size)
            .field("came", &self.came)
            .finish_non_exhaustive()
    }
}
