//! Showing that something is being done.

use layer_tl_types::enums::SendMessageAction;
use layer_tl_types::types::{SendMessageUploadDocumentAction, SendMessageUploadPhotoAction};

use crate::requests::TypingGuard;
use crate::{Client, InvocationError, PeerRef};

impl Client {
    /// Shows "is typing …" in a chat, for as long as the guard is held.
    ///
    /// ```
    /// # async fn example(client: layer_client::Client) -> Result<(), layer_client::InvocationError> {
    /// let typing = client.typing("@durov").await?;
    /// // … something that takes its time …
    /// client.send_message("@durov", "42").await?;
    /// drop(typing);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`InvocationError::UnknownPeer`] if the peer can't be named. That it can't be shown is no error.
    pub async fn typing(&self, peer: impl Into<PeerRef>) -> Result<TypingGuard, InvocationError> {
        self.keep_action(peer, SendMessageAction::SendMessageTypingAction, None).await
    }

    /// The same in a topic of a forum.
    ///
    /// # Errors
    /// As [`Client::typing`].
    pub async fn typing_in_topic(
        &self,
        peer: impl Into<PeerRef>,
        top_msg_id: i32,
    ) -> Result<TypingGuard, InvocationError> {
        let action = SendMessageAction::SendMessageTypingAction;
        self.keep_action(peer, action, Some(top_msg_id)).await
    }

    /// Shows "is sending a file …".
    ///
    /// # Errors
    /// As [`Client::typing`].
    pub async fn uploading_document(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<TypingGuard, InvocationError> {
        let action = SendMessageUploadDocumentAction { progress: 0 };
        self.keep_action(peer, action.into(), None).await
    }

    /// Shows "is sending a photo …".
    ///
    /// # Errors
    /// As [`Client::typing`].
    pub async fn uploading_photo(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<TypingGuard, InvocationError> {
        let action = SendMessageUploadPhotoAction { progress: 0 };
        self.keep_action(peer, action.into(), None).await
    }

    /// Shows "is recording a video …".
    ///
    /// # Errors
    /// As [`Client::typing`].
    pub async fn recording_video(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<TypingGuard, InvocationError> {
        self.keep_action(peer, SendMessageAction::SendMessageRecordVideoAction, None).await
    }

    /// Shows any action, in a topic or not.
    ///
    /// # Errors
    /// As [`Client::typing`].
    pub async fn keep_action(
        &self,
        peer: impl Into<PeerRef>,
        action: SendMessageAction,
        top_msg_id: Option<i32>,
    ) -> Result<TypingGuard, InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        Ok(TypingGuard::start(self, peer, action, top_msg_id))
    }
}
