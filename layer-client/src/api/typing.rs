//! Showing that something is being done.

use layer_tl_types::enums::SendMessageAction;
use layer_tl_types::types::{SendMessageUploadDocumentAction, SendMessageUploadPhotoAction};

use crate::requests::TypingGuard;
use crate::{Client, InvocationError, PeerRef};

impl Client {
    /// Shows "is typing …" in a chat, for as long as the guard is held.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// # sandbox.world().add_user("Alice", "+4930901820");
    /// # let session = std::sync::Arc::new(layer_client::session::InMemoryBackend::default());
    /// # let builder = layer_client::Client::builder().api(1, "hash").session_backend(session);
    /// # let builder = builder.dc_addr(sandbox.address(2).to_string());
    /// # let (client, _shutdown) = builder.server_key(sandbox.public_key_pem()).connect().await?;
    /// # let token = client.request_login_code("+4930901820").await?;
    /// # let code = sandbox.world().code_for("+4930901820").unwrap();
    /// # client.sign_in(&token, &code).await?;
    /// let typing = client.typing("me").await?;
    /// // … something that takes its time …
    /// client.send_message("me", "42").await?;
    /// typing.end().await;
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
    /// May be dropped midway: then nothing goes on being said.
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
    /// May be dropped midway: then nothing goes on being said.
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
    /// May be dropped midway: then nothing goes on being said.
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
    /// May be dropped midway: then nothing goes on being said.
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
    /// May be dropped midway: then nothing goes on being said.
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
