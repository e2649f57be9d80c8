//! Several photos or files that are sent together.

use std::fmt;

use layer_tl_types::enums::{self, InputMedia};
use layer_tl_types::functions::messages;
use layer_tl_types::types;

use super::sent;
use crate::session::BoxFuture;
use crate::types::{InputMessage, Message, copied};
use crate::{Client, FileError, InvocationError, PeerRef};

/// So many go together.
const MOST: usize = 10;

/// An album, which is sent when it is awaited and gives its messages in order. Made by
/// [`Client::send_multi_media`]. A clone is the same album.
///
/// It may be dropped midway: then it may have been sent, or not.
///
/// # Errors
/// [`FileError::Album`] for none or too many, [`FileError::NoFile`] for one without media, and any
/// other [`InvocationError`].
#[must_use = "it is sent when it is awaited"]
#[derive(Clone)]
pub struct SendAlbum {
    client: Client,
    peer: PeerRef,
    items: Vec<(InputMessage, i64)>,
    how: InputMessage,
}

impl SendAlbum {
    pub(crate) fn new(client: &Client, peer: PeerRef, items: Vec<InputMessage>) -> Self {
        let random_id = || client.inner.seams.random_id();
        let items = items.into_iter().map(|item| (item, random_id())).collect();
        Self { client: client.clone(), peer, items, how: InputMessage::new() }
    }

    /// Answers this message of the chat.
    pub fn reply_to(mut self, message_id: impl Into<Option<i32>>) -> Self {
        self.how = self.how.reply_to(message_id);
        self
    }

    /// In this topic of a forum, or this thread.
    pub fn topic(mut self, top_msg_id: impl Into<Option<i32>>) -> Self {
        self.how = self.how.topic(top_msg_id);
        self
    }

    /// Without a notification.
    pub fn silent(mut self) -> Self {
        self.how = self.how.silent();
        self
    }

    /// Sent at this time, in unix seconds.
    pub fn schedule_date(mut self, unix: impl Into<Option<i32>>) -> Self {
        self.how = self.how.schedule_date(unix);
        self
    }

    async fn send(self) -> Result<Vec<Message>, InvocationError> {
        let Self { client, peer, items, how } = self;
        if items.is_empty() || items.len() > MOST {
            return Err(FileError::Album(items.len()).into());
        }
        let peer = client.resolve_peer(peer).await?;
        let mut random_ids = Vec::with_capacity(items.len());
        let mut multi_media = Vec::with_capacity(items.len());
        for (item, random_id) in items {
            let media = item.media.clone().ok_or(FileError::NoFile)?;
            let media = kept(&client, &peer, media).await?;
            let mut single = types::InputSingleMedia::new(media, random_id, item.text.clone());
            single.entities = item.entities_sent(&client.inner.peers);
            multi_media.push(single.into());
            random_ids.push(random_id);
        }
        let mut request = messages::SendMultiMedia::new(peer, multi_media);
        request.silent = how.silent;
        request.reply_to = how.reply_sent();
        request.schedule_date = how.schedule_date;
        let updates = match client.invoke(&request).await {
            Err(error) if error.is("FILE_REFERENCE_*") => {
                // Which one it is the error says, but not whether it is the only one.
                let mut is_renewed = false;
                for enums::InputSingleMedia::Media(single) in &mut request.multi_media {
                    is_renewed |= client.renew(&mut single.media).await?;
                }
                if !is_renewed {
                    return Err(error);
                }
                client.invoke(&request).await?
            }
            sent => sent?,
        };
        let found = sent::messages(&client, updates, &random_ids);
        Ok(found.into_iter().map(|raw| client.wrap(raw)).collect())
    }
}

/// An album takes only what the server has as a photo or a document.
async fn kept(
    client: &Client,
    peer: &enums::InputPeer,
    media: InputMedia,
) -> Result<InputMedia, InvocationError> {
    let is_kept = matches!(media, InputMedia::Photo(_) | InputMedia::Document(_));
    if is_kept {
        return Ok(media);
    }
    let kept = client.invoke(&messages::UploadMedia::new(peer.clone(), media)).await?;
    copied(&kept).ok_or(InvocationError::Unexpected("the photo or file that was uploaded"))
}

impl IntoFuture for SendAlbum {
    type Output = Result<Vec<Message>, InvocationError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Shows no text.
impl fmt::Debug for SendAlbum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAlbum")
            .field("peer", &self.peer)
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}
