//! What can be done with a message at hand: the methods of [`Client`](crate::Client) that take a chat
//! and an id, called by the client that handed the message out.

use std::path::PathBuf;

use layer_tl_types::enums;

use super::{InputMessage, Message};
use crate::{Client, FileError, FileLocation, InvocationError, PeerRef};

/// All of these are [`InvocationError::Dropped`] once the client has ended, and for a message that no
/// client has handed out. What may be dropped midway is told by the client's method of that name.
impl Message {
    /// Answers it in its chat. Gives the message that was sent.
    ///
    /// May be dropped midway: then it is sent or not.
    ///
    /// # Errors
    /// As [`Client::send_message`].
    pub async fn reply(&self, message: impl Into<InputMessage>) -> Result<Self, InvocationError> {
        let (client, peer) = self.place()?;
        client.send_message(peer, message.into().reply_to(self.id())).await
    }

    /// Says something in its chat. Gives the message that was sent.
    ///
    /// May be dropped midway: then it is sent or not.
    ///
    /// # Errors
    /// As [`Client::send_message`].
    pub async fn respond(&self, message: impl Into<InputMessage>) -> Result<Self, InvocationError> {
        let (client, peer) = self.place()?;
        client.send_message(peer, message).await
    }

    /// Changes it.
    ///
    /// May be dropped midway: then it is changed or not.
    ///
    /// # Errors
    /// As [`Client::edit_message`].
    pub async fn edit(&self, message: impl Into<InputMessage>) -> Result<(), InvocationError> {
        let (client, peer) = self.place()?;
        client.edit_message(peer, self.id(), message).await
    }

    /// Deletes it for everybody.
    ///
    /// May be dropped midway: then it is gone or not.
    ///
    /// # Errors
    /// As [`Client::delete_messages`].
    pub async fn delete(&self) -> Result<(), InvocationError> {
        let (client, peer) = self.place()?;
        client.delete_messages(peer, &[self.id()], true).await.map(drop)
    }

    /// Forwards it. Gives the message that came of it.
    ///
    /// May be dropped midway: then it is forwarded or not.
    ///
    /// # Errors
    /// As [`Client::forward_messages`].
    pub async fn forward_to(
        &self,
        destination: impl Into<PeerRef>,
    ) -> Result<Option<Self>, InvocationError> {
        let (client, peer) = self.place()?;
        let forwarded = client.forward_messages(destination, &[self.id()], peer).await?;
        Ok(forwarded.into_iter().next())
    }

    /// Pins it, and tells the others.
    ///
    /// May be dropped midway: then it is pinned or not.
    ///
    /// # Errors
    /// As [`Client::pin_message`].
    pub async fn pin(&self) -> Result<(), InvocationError> {
        let (client, peer) = self.place()?;
        client.pin_message(peer, self.id()).await
    }

    /// Unpins it.
    ///
    /// May be dropped midway: then it is unpinned or not.
    ///
    /// # Errors
    /// As [`Client::unpin_message`].
    pub async fn unpin(&self) -> Result<(), InvocationError> {
        let (client, peer) = self.place()?;
        client.unpin_message(peer, self.id()).await
    }

    /// Reacts to it with this emoji, instead of with what we reacted before.
    ///
    /// May be dropped midway: then it has the reaction or not.
    ///
    /// # Errors
    /// As [`Client::send_reaction`].
    pub async fn react(&self, emoji: impl Into<String>) -> Result<(), InvocationError> {
        let (client, peer) = self.place()?;
        client.send_reaction(peer, self.id(), [emoji.into().as_str()]).await
    }

    /// Downloads its photo or file into this file.
    ///
    /// # Errors
    /// [`FileError::NoFile`](crate::FileError::NoFile) if it has none, and as
    /// [`Client::download_media_to_file`].
    pub async fn download(&self, path: impl Into<PathBuf>) -> Result<(), InvocationError> {
        let client = self.client()?;
        let document = self.document().map(|document| FileLocation::from(&document));
        let file = document.or_else(|| self.photo().map(|photo| FileLocation::from(&photo)));
        client.download_media_to_file(file.ok_or(FileError::NoFile)?, path).await
    }

    /// The client that handed it out, and its chat.
    fn place(&self) -> Result<(Client, enums::Peer), InvocationError> {
        let peer = self.peer_id().cloned().ok_or(InvocationError::Dropped)?;
        Ok((self.client()?, peer))
    }
}
