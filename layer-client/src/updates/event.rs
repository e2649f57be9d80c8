//! What users see of updates.

use std::fmt;
use std::sync::Arc;

use layer_tl_types::{Serializable, enums, name_for_id};

use crate::client::WeakClient;
use crate::session::SessionError;
use crate::types::{
    CallbackQuery, ChatActionUpdate, InlineQuery, InlineSend, Message, MessageDeletion,
    UserStatusUpdate,
};

/// Something that the server says has happened.
///
/// `Debug` shows no text of messages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Update {
    /// A message has come, or was sent by us, here or elsewhere.
    NewMessage(Message),
    /// A message was edited, or its reactions, views or buttons have changed.
    MessageEdited(Message),
    /// Messages were deleted.
    MessageDeleted(MessageDeletion),
    /// Somebody has pressed a button of a bot.
    CallbackQuery(CallbackQuery),
    /// Somebody types after a bot's name in another chat.
    InlineQuery(InlineQuery),
    /// Somebody has chosen an inline result.
    InlineSend(InlineSend),
    /// Somebody types, records or uploads.
    ChatAction(ChatActionUpdate),
    /// Somebody came or went.
    UserStatus(UserStatusUpdate),
    /// Anything else, whole.
    Raw(RawUpdate),
    /// So much was missed that the server does not tell it any more: what is known of histories is
    /// stale.
    Gap(Gap),
    /// The session could not be saved. It is tried again with the next change.
    SessionNotSaved(Arc<SessionError>),
}

/// What was missed for good; see [`Update::Gap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// In this channel; without one, in private chats and basic groups.
    pub channel_id: Option<i64>,
}

/// An update for which there is no friendlier form.
///
/// `Debug` shows its name and no more.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum RawUpdate {
    /// As the schema has it.
    Known(Box<enums::Update>),
    /// An object that this layer of the schema does not know. What it says in a place of its own is
    /// fetched again and comes in the known form.
    Unknown(Vec<u8>),
}

impl RawUpdate {
    /// The update, if the schema knows it.
    pub fn known(&self) -> Option<&enums::Update> {
        match self {
            Self::Known(update) => Some(update),
            Self::Unknown(_) => None,
        }
    }

    /// The id of its constructor; 0 for an object that is too short to have one.
    pub fn constructor_id(&self) -> u32 {
        let id = match self {
            Self::Known(update) => update.to_bytes().first_chunk().copied(),
            Self::Unknown(object) => object.first_chunk().copied(),
        };
        u32::from_le_bytes(id.unwrap_or_default())
    }

    /// The object as it stands on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Known(update) => update.to_bytes(),
            Self::Unknown(object) => object.clone(),
        }
    }
}

impl fmt::Debug for RawUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.constructor_id();
        match name_for_id(id) {
            Some(name) => write!(f, "RawUpdate({name})"),
            None => write!(f, "RawUpdate({id:#010x})"),
        }
    }
}

impl Update {
    pub(crate) fn unknown(object: Vec<u8>) -> Self {
        Self::Raw(RawUpdate::Unknown(object))
    }

    pub(crate) fn gap(channel_id: Option<i64>) -> Self {
        Self::Gap(Gap { channel_id })
    }
}

impl Update {
    /// The friendly form of an update, handed out by this client.
    pub(crate) fn of(update: enums::Update, client: Option<&WeakClient>) -> Self {
        use enums::Update as U;
        match update {
            U::NewMessage(it) => Self::NewMessage(Message::of(it.message, client)),
            U::NewChannelMessage(it) => Self::NewMessage(Message::of(it.message, client)),
            U::EditMessage(it) => Self::MessageEdited(Message::of(it.message, client)),
            U::EditChannelMessage(it) => Self::MessageEdited(Message::of(it.message, client)),
            U::DeleteMessages(it) => Self::MessageDeleted(MessageDeletion::new(it.messages, None)),
            U::DeleteChannelMessages(it) => {
                Self::MessageDeleted(MessageDeletion::new(it.messages, Some(it.channel_id)))
            }
            U::BotCallbackQuery(it) => Self::CallbackQuery(CallbackQuery::of_message(it, client)),
            U::InlineBotCallbackQuery(it) => {
                Self::CallbackQuery(CallbackQuery::of_inline(it, client))
            }
            U::BotInlineQuery(it) => Self::InlineQuery(it.into()),
            U::BotInlineSend(it) => Self::InlineSend(it.into()),
            U::UserTyping(it) => Self::ChatAction((*it).into()),
            U::ChatUserTyping(it) => Self::ChatAction((*it).into()),
            U::ChannelUserTyping(it) => Self::ChatAction((*it).into()),
            U::UserStatus(it) => Self::UserStatus(it.into()),
            other => Self::Raw(RawUpdate::Known(Box::new(other))),
        }
    }
}
