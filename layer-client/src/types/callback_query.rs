//! Somebody has pressed a button of ours.

use std::fmt;
use std::future::IntoFuture;

use layer_tl_types::{enums, functions, types};

use crate::InvocationError;
use crate::client::WeakClient;
use crate::session::BoxFuture;

/// A press of an inline button, to be answered soon: until then the user sees it wait.
///
/// `Debug` shows no data.
#[derive(Clone)]
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
    client: Option<WeakClient>,
}

/// Compares what they say, not whose they are.
impl PartialEq for CallbackQuery {
    fn eq(&self, other: &Self) -> bool {
        self.query_id == other.query_id
    }
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

    /// Answers it: the user sees it wait until then. Awaiting what this gives sends the answer.
    ///
    /// # Errors
    /// Any [`InvocationError`]; [`InvocationError::Dropped`] if the client has ended.
    pub fn answer(&self) -> CallbackAnswer {
        let request = functions::messages::SetBotCallbackAnswer::new(self.query_id, 0);
        CallbackAnswer { request, client: self.client.clone() }
    }

    pub(crate) fn of_message(
        raw: types::UpdateBotCallbackQuery,
        client: Option<&WeakClient>,
    ) -> Self {
        Self {
            query_id: raw.query_id,
            user_id: raw.user_id,
            peer: Some(raw.peer),
            message_id: Some(raw.msg_id),
            inline_message_id: None,
            chat_instance: raw.chat_instance,
            game_short_name: raw.game_short_name,
            data: raw.data,
            client: client.cloned(),
        }
    }

    pub(crate) fn of_inline(
        raw: types::UpdateInlineBotCallbackQuery,
        client: Option<&WeakClient>,
    ) -> Self {
        Self {
            query_id: raw.query_id,
            user_id: raw.user_id,
            peer: None,
            message_id: None,
            inline_message_id: Some(raw.msg_id),
            chat_instance: raw.chat_instance,
            game_short_name: raw.game_short_name,
            data: raw.data,
            client: client.cloned(),
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

/// The answer to a [`CallbackQuery`], sent when it is awaited.
#[must_use = "an answer is sent when it is awaited"]
pub struct CallbackAnswer {
    request: functions::messages::SetBotCallbackAnswer,
    client: Option<WeakClient>,
}

impl CallbackAnswer {
    /// Shows this to the user, for a moment.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.request.message = Some(text.into());
        self
    }

    /// Shows it in a window of its own, which the user closes.
    pub fn alert(mut self) -> Self {
        self.request.alert = true;
        self
    }

    /// Opens this: the bot's game, or a link to the bot.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.request.url = Some(url.into());
        self
    }

    /// For how many seconds the user's client may give the same answer by itself; 0 by default.
    pub fn cache_time(mut self, seconds: i32) -> Self {
        self.request.cache_time = seconds;
        self
    }
}

impl IntoFuture for CallbackAnswer {
    type Output = Result<(), InvocationError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let client = self.client.and_then(|client| client.upgrade());
            let client = client.ok_or(InvocationError::Dropped)?;
            client.invoke(&self.request).await.map(|_| ())
        })
    }
}

impl fmt::Debug for CallbackAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query_id = self.request.query_id;
        f.debug_struct("CallbackAnswer").field("query_id", &query_id).finish_non_exhaustive()
    }
}
