//! Photos and files: up, down, and sent.

use std::path::PathBuf;

use layer_tl_types::enums::InputMedia;
use tokio::io::AsyncRead;

use crate::requests::{SendAlbum, SendMessage};
use crate::types::InputMessage;
use crate::{Client, DownloadIter, DownloadToFile, FileLocation, PeerRef, RemoteFile, Upload};

impl Client {
    /// A file from memory, to be sent then. It is uploaded when it is awaited, over one link of its own.
    ///
    /// # Errors
    /// See [`Upload`].
    pub fn upload_file<'a>(
        &self,
        bytes: impl AsRef<[u8]> + Send + Sync + 'a,
        name: impl Into<String>,
        mime_type: impl Into<String>,
    ) -> Upload<'a> {
        Upload::of_bytes(self, Box::new(bytes), name.into(), mime_type.into())
    }

    /// The same with many parts at a time, over several links: for large files.
    ///
    /// # Errors
    /// See [`Upload`].
    pub fn upload_file_concurrent<'a>(
        &self,
        bytes: impl AsRef<[u8]> + Send + Sync + 'a,
        name: impl Into<String>,
        mime_type: impl Into<String>,
    ) -> Upload<'a> {
        self.upload_file(bytes, name, mime_type).concurrent()
    }

    /// A file from wherever it comes: a disk, a pipe, the network. A few parts of it are in memory at a
    /// time, however long it is. If it is known how long, [`Upload::size`] can hold it against that.
    ///
    /// # Errors
    /// See [`Upload`].
    pub fn upload_stream<'a>(
        &self,
        stream: impl AsyncRead + Send + Unpin + 'a,
        name: impl Into<String>,
        mime_type: impl Into<String>,
    ) -> Upload<'a> {
        Upload::of_stream(self, Box::new(stream), name.into(), mime_type.into())
    }

    /// A photo, file or other media to a peer: an [`UploadedFile`](crate::UploadedFile), a photo or
    /// document that was received, anything that is an `InputMedia`. It is sent when it is awaited.
    ///
    /// # Errors
    /// See [`SendMessage`].
    pub fn send_file(
        &self,
        peer: impl Into<PeerRef>,
        media: impl Into<InputMedia>,
        caption: impl Into<InputMessage>,
    ) -> SendMessage {
        self.send_message(peer, caption.into().media(media))
    }

    /// Several photos, or several files, to a peer at once: an album. Each item is a message with media
    /// and a caption. It is sent when it is awaited.
    ///
    /// # Errors
    /// See [`SendAlbum`].
    pub fn send_multi_media(
        &self,
        peer: impl Into<PeerRef>,
        items: impl IntoIterator<Item = impl Into<InputMessage>>,
    ) -> SendAlbum {
        SendAlbum::new(self, peer.into(), items.into_iter().map(Into::into).collect())
    }

    /// A file, piece by piece. Nothing is fetched before the first [`DownloadIter::next`].
    pub fn iter_download(&self, location: impl Into<FileLocation>) -> DownloadIter {
        DownloadIter::new(self, location.into())
    }

    /// A file that is read like a local one, at any place. Nothing is fetched before it is read.
    pub fn open_file(&self, location: impl Into<FileLocation>) -> RemoteFile {
        RemoteFile::new(self, location.into())
    }

    /// A file, into this file. It is fetched when it is awaited; what was there of an earlier try is not
    /// fetched again.
    ///
    /// # Errors
    /// See [`DownloadToFile`].
    pub fn download_media_to_file(
        &self,
        location: impl Into<FileLocation>,
        path: impl Into<PathBuf>,
    ) -> DownloadToFile {
        DownloadToFile::new(self, location.into(), path.into())
    }
}
