//! What actors hear: messages with what a test asks of them, and pressed buttons.

use std::fmt;

use layer_tl_types::{enums, types};

use crate::Peer;

/// A message as an actor sees it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// As the actor's account has it.
    pub id: i32,
    /// The conversation, from the actor's point of view.
    pub peer: Peer,
    /// Who wrote it.
    pub from: Peer,
    /// Empty for messages of the server's.
    pub text: String,
    /// It is the actor's own.
    pub out: bool,
    /// All of it.
    pub raw: enums::Message,
}

/// A pressed button, as its bot hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Press {
    /// By which it is answered.
    pub query_id: i64,
    /// Who pressed.
    pub user: Peer,
    /// The conversation, from the bot's point of view.
    pub peer: Peer,
    /// The message with the button, as the bot's account has it.
    pub message_id: i32,
    /// What the button stands for.
    pub data: Vec<u8>,
}

impl Message {
    /// `None` for one that is not there any more. `viewer` is whose account has it.
    pub(super) fn new(viewer: i64, raw: &enums::Message) -> Option<Self> {
        let (id, peer, from, out, text) = match raw {
            enums::Message::Message(message) => {
                let types::Message { id, peer_id, from_id, out, message, .. } = &**message;
                (*id, peer_id, from_id, *out, message.clone())
            }
            enums::Message::Service(message) => {
                let types::MessageService { id, peer_id, from_id, out, .. } = &**message;
                (*id, peer_id, from_id, *out, String::new())
            }
            enums::Message::Empty(_) => return None,
        };
        let peer = Peer::from(peer);
        // In private chats it goes without saying.
        let from = match from_id_or(from) {
            Some(from) => from,
            None if out => Peer::User(viewer),
            None => peer,
        };
        Some(Self { id, peer, from, text, out, raw: raw.clone() })
    }

    /// What an update says of a message that is new.
    pub(super) fn in_new(viewer: i64, update: &enums::Update) -> Option<Self> {
        match update {
            enums::Update::NewMessage(new) => Self::new(viewer, &new.message),
            enums::Update::NewChannelMessage(new) => Self::new(viewer, &new.message),
            _ => None,
        }
    }

    /// What an update says of a message that was edited.
    pub(super) fn in_edit(viewer: i64, update: &enums::Update) -> Option<Self> {
        match update {
            enums::Update::EditMessage(edit) => Self::new(viewer, &edit.message),
            enums::Update::EditChannelMessage(edit) => Self::new(viewer, &edit.message),
            _ => None,
        }
    }

    /// The texts of its buttons, row by row.
    pub fn buttons(&self) -> Vec<String> {
        let text = |button: &types::KeyboardInlineButton| button.text.clone();
        let inline = self.inline_buttons().into_iter().map(text);
        inline.chain(self.reply_buttons()).collect()
    }

    /// What a button stands for, that is there to be pressed.
    pub(super) fn data_of(&self, text: &str) -> Option<Vec<u8>> {
        let button = self.inline_buttons().into_iter().find(|button| button.text == text)?;
        match &button.r#type {
            enums::InlineButtonType::Callback(callback) => Some(callback.data.clone()),
            _ => None,
        }
    }

    fn markup(&self) -> Option<&enums::ReplyMarkup> {
        match &self.raw {
            enums::Message::Message(message) => message.reply_markup.as_ref(),
            _ => None,
        }
    }

    fn inline_buttons(&self) -> Vec<&types::KeyboardInlineButton> {
        let Some(enums::ReplyMarkup::ReplyInlineMarkup(inline)) = self.markup() else {
            return Vec::new();
        };
        let rows =
            inline.rows.iter().flat_map(|enums::KeyboardInlineButtonRow::Row(row)| &row.buttons);
        rows.map(|enums::KeyboardInlineButton::Button(button)| &**button).collect()
    }

    fn reply_buttons(&self) -> Vec<String> {
        let Some(enums::ReplyMarkup::ReplyKeyboardMarkup(keyboard)) = self.markup() else {
            return Vec::new();
        };
        let rows = keyboard.rows.iter().flat_map(|enums::KeyboardButtonRow::Row(row)| &row.buttons);
        rows.map(|enums::KeyboardButton::Button(button)| button.text.clone()).collect()
    }
}

fn from_id_or(from: &Option<enums::Peer>) -> Option<Peer> {
    from.as_ref().map(Peer::from)
}

impl Press {
    pub(super) fn in_update(update: &enums::Update) -> Option<Self> {
        let enums::Update::BotCallbackQuery(query) = update else { return None };
        Some(Self {
            query_id: query.query_id,
            user: Peer::User(query.user_id),
            peer: Peer::from(&query.peer),
            message_id: query.msg_id,
            data: query.data.clone().unwrap_or_default(),
        })
    }
}

/// Without what it says.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("peer", &self.peer)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
