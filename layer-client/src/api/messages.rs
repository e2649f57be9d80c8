//! Messages: sending, editing, deleting, finding by id, pinning, reading.

use std::collections::HashMap;

use layer_tl_types::enums::messages::{AffectedHistory, AffectedMessages};
use layer_tl_types::functions::{channels, messages};
use layer_tl_types::{enums, types};

use crate::peers::{as_channel, is_channel};
use crate::requests::{ForwardMessages, Page, PinMessage, SendMessage};
use crate::types::{InlineMessageId, InputMessage, Message};
use crate::{Client, InvocationError, PeerRef};

/// So many ids go with one call.
const AT_ONCE: usize = 100;

impl Client {
    /// A message to a peer. It is sent when it is awaited, and can be told more until then.
    ///
    /// # Errors
    /// See [`SendMessage`].
    pub fn send_message(
        &self,
        peer: impl Into<PeerRef>,
        message: impl Into<InputMessage>,
    ) -> SendMessage {
        SendMessage::new(self, peer.into(), message.into())
    }

    /// The same as [`Client::send_message`].
    ///
    /// # Errors
    /// See [`SendMessage`].
    pub fn send_message_to_peer(
        &self,
        peer: impl Into<PeerRef>,
        message: impl Into<InputMessage>,
    ) -> SendMessage {
        self.send_message(peer, message)
    }

    /// A message to oneself: it lands in the saved messages.
    ///
    /// # Errors
    /// See [`SendMessage`].
    pub fn send_to_self(&self, message: impl Into<InputMessage>) -> SendMessage {
        self.send_message(enums::InputPeer::PeerSelf, message)
    }

    /// Changes a message: its text, its buttons, its media if new ones are given.
    ///
    /// May be dropped midway: then it is changed or not.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `MESSAGE_NOT_MODIFIED` if it is like that already.
    pub async fn edit_message(
        &self,
        peer: impl Into<PeerRef>,
        message_id: i32,
        message: impl Into<InputMessage>,
    ) -> Result<(), InvocationError> {
        let (peer, message) = (peer.into(), message.into());
        let mut request = messages::EditMessage::new(self.resolve_peer(peer).await?, message_id);
        request.no_webpage = message.no_webpage;
        request.invert_media = message.invert_media;
        request.entities = message.entities_sent(&self.inner.peers);
        request.schedule_date = message.schedule_date;
        request.message = text_sent(&message);
        request.media = message.media;
        request.reply_markup = message.reply_markup;
        self.invoke(&request).await.map(drop)
    }

    /// Changes a message that was sent through an inline query, at the data centre that has it. Bots
    /// only.
    ///
    /// May be dropped midway: then it is changed or not.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn edit_inline_message(
        &self,
        id: impl Into<InlineMessageId>,
        message: impl Into<InputMessage>,
        markup: Option<enums::ReplyMarkup>,
    ) -> Result<(), InvocationError> {
        let (id, message) = (id.into(), message.into());
        let dc = id.dc_id();
        let mut request = messages::EditInlineBotMessage::new(id.into());
        request.no_webpage = message.no_webpage;
        request.invert_media = message.invert_media;
        request.entities = message.entities_sent(&self.inner.peers);
        request.message = text_sent(&message);
        request.media = message.media;
        request.reply_markup = markup.or(message.reply_markup);
        self.invoke_on_dc(dc, &request).await.map(drop)
    }

    /// Messages of one chat to another. They are forwarded when it is awaited.
    ///
    /// # Errors
    /// See [`ForwardMessages`].
    pub fn forward_messages(
        &self,
        destination: impl Into<PeerRef>,
        message_ids: &[i32],
        source: impl Into<PeerRef>,
    ) -> ForwardMessages {
        ForwardMessages::new(self, destination.into(), message_ids, source.into())
    }

    /// Deletes messages of this chat, for everybody if `revoke`; a channel's are gone for everybody
    /// always. Gives how many are gone.
    ///
    /// May be dropped midway: then some may be gone.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn delete_messages(
        &self,
        peer: impl Into<PeerRef>,
        message_ids: &[i32],
        revoke: bool,
    ) -> Result<usize, InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        let mut gone: usize = 0;
        for ids in message_ids.chunks(AT_ONCE) {
            let id = ids.to_vec();
            let answer = if is_channel(&peer) {
                let channel = as_channel(peer.clone())?;
                self.invoke(&channels::DeleteMessages { channel, id }).await?
            } else {
                self.invoke(&messages::DeleteMessages { revoke, id }).await?
            };
            let AffectedMessages::Messages(affected) = answer;
            gone = gone.saturating_add(usize::try_from(affected.pts_count).unwrap_or(0));
        }
        Ok(gone)
    }

    /// Messages of this chat by their ids, in the order of the ids; `None` for one that is not there.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn get_messages_by_id(
        &self,
        peer: impl Into<PeerRef>,
        message_ids: &[i32],
    ) -> Result<Vec<Option<Message>>, InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        let mut all = Vec::with_capacity(message_ids.len());
        for ids in message_ids.chunks(AT_ONCE) {
            let wanted = ids.iter().map(|id| types::InputMessageId { id: *id }.into()).collect();
            let found = self.fetch(&peer, wanted).await?;
            let mut found: HashMap<i32, Message> = found.map(|found| (found.id(), found)).collect();
            all.extend(ids.iter().map(|id| found.remove(id)));
        }
        Ok(all)
    }

    /// The newest pinned message of a chat, if there is one.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn get_pinned_message(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<Option<Message>, InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        if is_channel(&peer) {
            let pinned = vec![enums::InputMessage::Pinned];
            return match self.fetch(&peer, pinned).await {
                Ok(mut found) => Ok(found.next()),
                Err(error) if error.is("MESSAGE_IDS_EMPTY") => Ok(None),
                Err(error) => Err(error),
            };
        }
        // Elsewhere ids do not say the chat, and only a search does.
        let filter = enums::MessagesFilter::InputMessagesFilterPinned;
        self.search(peer, "").filter(filter).limit(1).next().await
    }

    /// Messages of this chat only: ids of private chats and basic groups are the account's.
    async fn fetch(
        &self,
        peer: &enums::InputPeer,
        id: Vec<enums::InputMessage>,
    ) -> Result<impl Iterator<Item = Message>, InvocationError> {
        let answer = if is_channel(peer) {
            let channel = as_channel(peer.clone())?;
            self.invoke(&channels::GetMessages { channel, id }).await?
        } else {
            self.invoke(&messages::GetMessages { id }).await?
        };
        let found = Page::read(self, answer).messages.into_iter().map(|raw| self.wrap(raw));
        let is_here = |found: &Message| {
            let is_gone = matches!(found.raw(), enums::Message::Empty(_));
            !is_gone && found.peer_id().is_some_and(|place| self.is_same(peer, place))
        };
        Ok(found.filter(is_here).collect::<Vec<_>>().into_iter())
    }

    /// The messages of a chat that wait for their time, newest first.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn get_scheduled_messages(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<Vec<Message>, InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        let answer = self.invoke(&messages::GetScheduledHistory { peer, hash: 0 }).await?;
        let found = Page::read(self, answer).messages.into_iter();
        Ok(found.map(|raw| self.wrap(raw)).collect())
    }

    /// Takes messages back that wait for their time.
    ///
    /// May be dropped midway: then they may be gone.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn delete_scheduled_messages(
        &self,
        peer: impl Into<PeerRef>,
        message_ids: &[i32],
    ) -> Result<(), InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        let id = message_ids.to_vec();
        self.invoke(&messages::DeleteScheduledMessages { peer, id }).await.map(drop)
    }

    /// Pins a message, when it is awaited.
    ///
    /// # Errors
    /// See [`PinMessage`].
    pub fn pin_message(&self, peer: impl Into<PeerRef>, message_id: i32) -> PinMessage {
        PinMessage::new(self, peer.into(), message_id, false)
    }

    /// Takes a pinned message off, when it is awaited.
    ///
    /// # Errors
    /// See [`PinMessage`].
    pub fn unpin_message(&self, peer: impl Into<PeerRef>, message_id: i32) -> PinMessage {
        PinMessage::new(self, peer.into(), message_id, true)
    }

    /// Takes all pinned messages of a chat off.
    ///
    /// May be dropped midway: then some are still pinned.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn unpin_all_messages(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<(), InvocationError> {
        let request = messages::UnpinAllMessages::new(self.resolve_peer(peer.into()).await?);
        while is_unfinished(self.invoke(&request).await?) {}
        Ok(())
    }

    /// Reacts to a message: with an emoji, with several reactions, or with none, which takes one's
    /// reactions back.
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
    /// let message = client.send_to_self("Bread, milk").await?;
    /// client.send_reaction("me", message.id(), ["👍"]).await?;
    /// client.send_reaction("me", message.id(), []).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// May be dropped midway: then it is done or not.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `REACTION_INVALID` if the chat does not allow it.
    pub async fn send_reaction<'a>(
        &self,
        peer: impl Into<PeerRef>,
        message_id: i32,
        emoji: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), InvocationError> {
        let reaction = |emoji: &str| types::ReactionEmoji { emoticon: emoji.to_owned() }.into();
        let reactions = emoji.into_iter().map(reaction).collect();
        let peer = self.resolve_peer(peer.into()).await?;
        let mut request = messages::SendReaction::new(peer, message_id);
        request.reaction = Some(reactions);
        self.invoke(&request).await.map(drop)
    }

    /// Marks all messages of a chat as read.
    ///
    /// May be dropped midway: then they may be read.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn mark_as_read(&self, peer: impl Into<PeerRef>) -> Result<(), InvocationError> {
        self.mark_as_read_to(peer, 0).await
    }

    /// Marks messages up to this one as read; 0 stands for all.
    ///
    /// May be dropped midway: then they may be read.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn mark_as_read_to(
        &self,
        peer: impl Into<PeerRef>,
        max_id: i32,
    ) -> Result<(), InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        if is_channel(&peer) {
            let channel = as_channel(peer)?;
            return self.invoke(&channels::ReadHistory { channel, max_id }).await.map(drop);
        }
        self.invoke(&messages::ReadHistory { peer, max_id }).await.map(drop)
    }

    /// Marks all mentions of us in a chat as read.
    ///
    /// May be dropped midway: then some may be left.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn clear_mentions(&self, peer: impl Into<PeerRef>) -> Result<(), InvocationError> {
        let request = messages::ReadMentions::new(self.resolve_peer(peer.into()).await?);
        while is_unfinished(self.invoke(&request).await?) {}
        Ok(())
    }

    /// Shows the others what is being done, for about six seconds: typing, sending a photo. See
    /// [`Client::typing`] for what goes on.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn send_chat_action(
        &self,
        peer: impl Into<PeerRef>,
        action: enums::SendMessageAction,
        top_msg_id: Option<i32>,
    ) -> Result<(), InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        let mut request = messages::SetTyping::new(peer, action);
        request.top_msg_id = top_msg_id;
        self.invoke(&request).await.map(drop)
    }
}

/// Whether there is more to be done: a server goes through long histories in several calls.
fn is_unfinished(answer: AffectedHistory) -> bool {
    let AffectedHistory::History(affected) = answer;
    affected.offset > 0
}

/// New media come without a text if there is none; otherwise an empty text is one.
fn text_sent(message: &InputMessage) -> Option<String> {
    let is_left = message.text.is_empty() && message.media.is_some();
    (!is_left).then(|| message.text.clone())
}
