//! Buttons and inline queries: a bot answers them, a user presses them.

use layer_tl_types::functions::messages;
use layer_tl_types::{enums, types};

use crate::{Client, InvocationError, PeerRef};

impl Client {
    /// Answers a press of a button, so that it stops waiting: with a text that is shown shortly, or as
    /// an alert that has to be closed. Bots only.
    ///
    /// May be dropped midway: then it is answered or not.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `QUERY_ID_INVALID` if it took too long.
    pub async fn answer_callback_query(
        &self,
        query_id: i64,
        text: Option<&str>,
        alert: bool,
    ) -> Result<(), InvocationError> {
        let mut request = messages::SetBotCallbackAnswer::new(query_id, 0);
        request.message = text.map(str::to_owned);
        request.alert = alert;
        self.invoke(&request).await.map(drop)
    }

    /// Answers an inline query with results, also with none. `cache_time` is in seconds; `personal`
    /// says that others get other results; `next_offset` comes back when the user wants more. Bots
    /// only.
    ///
    /// May be dropped midway: then it is answered or not.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `QUERY_ID_INVALID` if it took too long.
    pub async fn answer_inline_query(
        &self,
        query_id: i64,
        results: Vec<enums::InputBotInlineResult>,
        cache_time: i32,
        personal: bool,
        next_offset: Option<&str>,
    ) -> Result<(), InvocationError> {
        let mut request = messages::SetInlineBotResults::new(query_id, results, cache_time);
        request.private = personal;
        request.next_offset = next_offset.map(str::to_owned);
        self.invoke(&request).await.map(drop)
    }

    /// Presses a button of a message that a bot has sent, with the button's data, and waits for the
    /// bot's answer. Users only. It is never pressed twice.
    ///
    /// May be dropped midway: then it may be pressed.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `BOT_RESPONSE_TIMEOUT` if the bot does not answer,
    /// [`InvocationError::Unknown`] if a fault left open whether it was pressed.
    pub async fn press_button(
        &self,
        peer: impl Into<PeerRef>,
        message_id: i32,
        data: impl Into<Vec<u8>>,
    ) -> Result<types::messages::BotCallbackAnswer, InvocationError> {
        let data = data.into();
        let peer = self.resolve_peer(peer.into()).await?;
        let mut request = messages::GetBotCallbackAnswer::new(peer, message_id);
        request.data = Some(data);
        let enums::messages::BotCallbackAnswer::Answer(answer) = self.invoke(&request).await?;
        Ok(answer)
    }
}
