//! A message to be pinned when it is awaited.

use layer_tl_types::functions::messages;

use crate::session::BoxFuture;
use crate::{Client, InvocationError, PeerRef};

/// A message that is pinned, or taken off, when it is awaited. Made by [`Client::pin_message`] and
/// [`Client::unpin_message`].
///
/// May be dropped midway: then it may be pinned or not.
///
/// # Errors
/// Any [`InvocationError`].
#[must_use = "it is done when it is awaited"]
#[derive(Debug, Clone)]
pub struct PinMessage {
    client: Client,
    peer: PeerRef,
    id: i32,
    silent: bool,
    unpin: bool,
    one_sided: bool,
}

impl PinMessage {
    pub(crate) fn new(client: &Client, peer: PeerRef, id: i32, unpin: bool) -> Self {
        Self { client: client.clone(), peer, id, silent: false, unpin, one_sided: false }
    }

    /// Without a notification.
    pub fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Only for ourselves, in a private chat.
    pub fn one_sided(mut self) -> Self {
        self.one_sided = true;
        self
    }

    async fn pin(self) -> Result<(), InvocationError> {
        let peer = self.client.resolve_peer(self.peer).await?;
        let mut request = messages::UpdatePinnedMessage::new(peer, self.id);
        request.silent = self.silent;
        request.unpin = self.unpin;
        request.pm_oneside = self.one_sided;
        self.client.invoke(&request).await.map(drop)
    }
}

impl IntoFuture for PinMessage {
    type Output = Result<(), InvocationError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.pin())
    }
}
