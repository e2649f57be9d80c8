//! Somebody has pressed a button of ours.

use std::fmt;

use layer_tl_types::{enums, types};

/// A press of an inline button, to be answered soon: until then the user sees it wait.
///
/// `Debug` shows no data.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct CallbackQuery {
    /// By which it is answered.
    pub query_id: i64,
    /// Who has pressed.
    pub user_id: i64,
    /// The chat of the message; none where the message was sent through an inline query.
    pub peer: Option<enums::Peer>,
    /// The message with the button; none where it was sent through an inline query.
    pub message_id: Option<i32>,
    /// The message with the button, where it was sent through an inline query.
    pub inline_message_id: Option<enums::InputBotInlineMessageId>,
    /// Stands for the chat, the same for all presses there.
    pub chat_instance: i64,
    /// The game that the button starts.
    pub game_short_name: Option<String>,
    data: Option<Vec<u8>>,
}

impl CallbackQuery {
    /// What the button was made with, if that is text.
    pub fn data(&self) -> Option<&str> {
        std::str::from_utf8(self.data.as_ref()?).ok()
    }

    /// What the button was made with.
    pub fn data_bytes(&self) -> Option<&[u8]> {
        self.data.as_deref()
    }

    pub(crate) fn of_message(raw: types::UpdateBotCallbackQuery) -> Self {
        Self {
            query_id: raw.query_id,
            user_id: raw.user_id,
            peer: Some(raw.peer),
            message_id: Some(raw.msg_id),
            inline_message_id: None,
            chat_instance: raw.chat_instance,
            game_short_name: raw.game_short_name,
            data: raw.data,
        }
    }

    pub(crate) fn of_inline(raw: types::UpdateInlineBotCallbackQuery) -> Self {
        Self {
            query_id: raw.query_id,
            user_id: raw.user_id,
            peer: None,
            message_id: None,
            inline_message_id: Some(raw.msg_id),
            chat_instance: raw.chat_instance,
            game_short_name: raw.game_short_name,
            data: raw.data,
        }
    }
}

impl fmt::Debug for CallbackQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackQuery")
            .field("query_id", &self.query_id)
            .field("user_id", &self.user_id)
            .field("peer", &self.peer)
            .field("message_id", &self.message_id)
            .field("has_data", &self.data.is_some())
            .finish_non_exhaustive()
    }
}
