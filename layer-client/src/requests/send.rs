//! A message on its way: it is sent when it is awaited.

use std::fmt;

use layer_tl_types::enums::{self, MessageEntity};
use layer_tl_types::functions::messages;

use super::sent;
use crate::session::BoxFuture;
use crate::types::{InputMessage, Message};
use crate::{Client, InvocationError, PeerRef};

/// A message that is sent when it is awaited, and gives itself as the server has it. Made by
/// [`Client::send_message`].
///
/// `.await` works by [`IntoFuture`]; where a future itself is needed, as in `spawn` and `join!`, call
/// `.into_future()`. It may be dropped midway: then it may have been sent, or not.
///
/// A clone is the same message: sent again after a fault that left open whether it was sent, it is in
/// the chat once, as the server knows it again by its number.
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
/// use layer_client::types::InputMessage;
///
/// let first = client.send_message("me", "Bread, milk").await?;
/// let message = InputMessage::markdown("*and* eggs");
/// let second = client.send_message("me", message).reply_to(first.id()).silent().await?;
/// assert_eq!(second.text(), Some("and eggs"));
/// assert_eq!(second.reply_to_message_id(), Some(first.id()));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`InvocationError::UnknownPeer`] if the peer can't be named, and any other [`InvocationError`].
#[must_use = "it is sent when it is awaited"]
#[derive(Clone)]
pub struct SendMessage {
    client: Client,
    peer: PeerRef,
    message: InputMessage,
    random_id: i64,
    noforwards: bool,
    send_as: Option<PeerRef>,
}

/// The same setters as the message has itself.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty)?);)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self $(, $argument: $kind)?) -> Self {
                self.message = self.message.$name($($argument)?);
                self
            }
        )*
    };
}

impl SendMessage {
    pub(crate) fn new(client: &Client, peer: PeerRef, message: InputMessage) -> Self {
        let random_id = client.inner.seams.random_id();
        let client = client.clone();
        Self { client, peer, message, random_id, noforwards: false, send_as: None }
    }

    setters! {
        /// How the text is formatted. Offsets count UTF-16 units.
        entities(entities: impl Into<Vec<MessageEntity>>);
        /// Answers this message of the chat.
        reply_to(message_id: impl Into<Option<i32>>);
        /// In this topic of a forum, or this thread.
        topic(top_msg_id: impl Into<Option<i32>>);
        /// Without a notification.
        silent();
        /// Nobody is shown as online for it.
        background();
        /// Clears the draft of the chat.
        clear_draft();
        /// Without a preview of links.
        no_webpage();
        /// Media below the text instead of above it.
        invert_media();
        /// Sent at this time, in unix seconds.
        schedule_date(unix: impl Into<Option<i32>>);
        /// Sent as soon as the other is online.
        schedule_once_online();
        /// With these buttons.
        reply_markup(markup: impl Into<enums::ReplyMarkup>);
        /// With this keyboard.
        keyboard(keyboard: impl Into<enums::ReplyMarkup>);
        /// With this media.
        media(media: impl Into<enums::InputMedia>);
        /// With the media of another message.
        copy_media(media: &enums::MessageMedia);
        /// Without media.
        clear_media();
    }

    /// Nobody may forward or save it.
    pub fn noforwards(mut self) -> Self {
        self.noforwards = true;
        self
    }

    /// In the name of this channel or group instead of one's own.
    pub fn send_as(mut self, peer: impl Into<PeerRef>) -> Self {
        self.send_as = Some(peer.into());
        self
    }

    async fn send(self) -> Result<Message, InvocationError> {
        let Self { client, peer, message, random_id, noforwards, send_as } = self;
        let peer = client.resolve_peer(peer).await?;
        let send_as = match send_as {
            Some(send_as) => Some(client.resolve_peer(send_as).await?),
            None => None,
        };
        let place = client.inner.peers.key(&peer);
        let text = message.text.clone();
        let updates = match message.media.clone() {
            Some(media) => {
                let mut request = messages::SendMedia::new(peer, media, text, random_id);
                request.silent = message.silent;
                request.background = message.background;
                request.clear_draft = message.clear_draft;
                request.noforwards = noforwards;
                request.invert_media = message.invert_media;
                request.reply_to = message.reply_sent();
                request.reply_markup = message.reply_markup.clone();
                request.entities = message.entities_sent(&client.inner.peers);
                request.schedule_date = message.schedule_date;
                request.send_as = send_as;
                match client.invoke(&request).await {
                    // It was not sent, so its number is as good as new.
                    Err(error) if error.is("FILE_REFERENCE_*") => {
                        if !client.renew(&mut request.media).await? {
                            return Err(error);
                        }
                        client.invoke(&request).await?
                    }
                    sent => sent?,
                }
            }
            None => {
                let mut request = messages::SendMessage::new(peer, text, random_id);
                request.no_webpage = message.no_webpage;
                request.silent = message.silent;
                request.background = message.background;
                request.clear_draft = message.clear_draft;
                request.noforwards = noforwards;
                request.invert_media = message.invert_media;
                request.reply_to = message.reply_sent();
                request.reply_markup = message.reply_markup.clone();
                request.entities = message.entities_sent(&client.inner.peers);
                request.schedule_date = message.schedule_date;
                request.send_as = send_as;
                client.invoke(&request).await?
            }
        };
        if let enums::Updates::UpdateShortSentMessage(short) = updates {
            let place = place.ok_or(InvocationError::Unexpected("the chat of the message"))?;
            return Ok(client.wrap(sent::completed(*short, place, message)));
        }
        let mut found = sent::messages(&client, updates, &[random_id]);
        found
            .pop()
            .map(|raw| client.wrap(raw))
            .ok_or(InvocationError::Unexpected("the message sent"))
    }
}

impl IntoFuture for SendMessage {
    type Output = Result<Message, InvocationError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Shows no text.
impl fmt::Debug for SendMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMessage")
            .field("peer", &self.peer)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}
