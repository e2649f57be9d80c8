//! A remote file that is read like a local one, at any place.

use std::fmt;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use super::{DownloadIter, FileLocation};
use crate::session::BoxFuture;
use crate::{Client, InvocationError};

/// How long the pieces are that are fetched. A few of them are fetched ahead.
const PIECE: usize = 128 << 10;

/// A remote file: [`AsyncRead`] and [`AsyncSeek`]. Made by [`Client::open_file`].
///
/// Whoever reads on has what comes fetched ahead; a seek to elsewhere ends that. From the end it can be
/// sought only if the length is known. Errors of the download are [`io::Error`]s that hold the
/// [`InvocationError`].
///
/// ```
/// # use layer_client::{Client, types::Document};
/// use tokio::io::{AsyncReadExt, AsyncSeekExt};
///
/// async fn last_bytes(client: &Client, document: &Document) -> std::io::Result<Vec<u8>> {
///     let mut file = client.open_file(document);
///     file.seek(std::io::SeekFrom::End(-100)).await?;
///     let mut bytes = Vec::new();
///     file.read_to_end(&mut bytes).await?;
///     Ok(bytes)
/// }
/// ```
pub struct RemoteFile {
    client: Client,
    location: FileLocation,
    /// Where the next byte is read.
    at: u64,
    /// What has come, and what of it was read.
    piece: Vec<u8>,
    read: usize,
    state: State,
}

enum State {
    /// Nothing is fetched.
    Idle,
    /// This goes on behind the piece.
    Begun(Box<DownloadIter>),
    Fetching(BoxFuture<'static, (Box<DownloadIter>, Piece)>),
}

type Piece = Result<Option<Vec<u8>>, InvocationError>;

impl RemoteFile {
    pub(crate) fn new(client: &Client, location: FileLocation) -> Self {
        let (client, piece) = (client.clone(), Vec::new());
        Self { client, location, at: 0, piece, read: 0, state: State::Idle }
    }

    /// How many bytes it has, if that is known.
    pub fn size(&self) -> Option<u64> {
        self.location.size
    }

    fn go_to(&mut self, at: u64) {
        let begin = self.at - self.read as u64;
        let within = at.checked_sub(begin).and_then(|within| usize::try_from(within).ok());
        match within.filter(|within| *within <= self.piece.len()) {
            Some(within) => self.read = within,
            None => {
                (self.state, self.read) = (State::Idle, 0);
                self.piece.clear();
            }
        }
        self.at = at;
    }

    /// Fetches the next piece.
    fn fetch(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        let mut fetching = match std::mem::replace(&mut self.state, State::Idle) {
            State::Fetching(fetching) => fetching,
            other => {
                let mut download = match other {
                    State::Begun(download) => download,
                    _ => {
                        let download = DownloadIter::new(&self.client, self.location.clone());
                        Box::new(download.chunk_size(PIECE).offset(self.at))
                    }
                };
                Box::pin(async move {
                    let piece = download.next().await;
                    (download, piece)
                })
            }
        };
        match fetching.as_mut().poll(context) {
            Poll::Pending => {
                self.state = State::Fetching(fetching);
                Poll::Pending
            }
            Poll::Ready((download, piece)) => {
                self.state = State::Begun(download);
                Poll::Ready(piece)
            }
        }
    }
}

impl AsyncRead for RemoteFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.read >= self.piece.len() {
            let piece = ready!(self.fetch(context)).map_err(io::Error::other)?;
            self.piece = piece.unwrap_or_default();
            self.read = 0;
        }
        let left = self.piece.get(self.read..).unwrap_or_default();
        let len = left.len().min(buffer.remaining());
        buffer.put_slice(left.get(..len).unwrap_or_default());
        self.read += len;
        self.at += len as u64;
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for RemoteFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let wrong = |kind, text| io::Error::new(kind, text);
        let at = match position {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => {
                let unknown = || wrong(io::ErrorKind::Unsupported, "the length is not known");
                self.location.size.ok_or_else(unknown)?.checked_add_signed(by)
            }
        };
        let outside = || wrong(io::ErrorKind::InvalidInput, "a place before the beginning");
        self.go_to(at.ok_or_else(outside)?);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.at))
    }
}

impl fmt::Debug for RemoteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteFile").field("at", &self.at).finish_non_exhaustive()
    }
}
