//! Pressed buttons: the one who presses waits until the bot has answered.

use std::collections::BTreeMap;
use std::time::Duration;

use layer_tl_types::{Serializable, enums, types};

use super::fanout::{Actor, Batch};
use super::{Peer, World};
use crate::router::RpcError;

/// Buttons that wait for their bots' answers, by the numbers of their queries.
#[derive(Default)]
pub(crate) struct Callbacks {
    waiting: BTreeMap<i64, Waiting>,
}

/// Without what was answered.
impl std::fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callbacks").field("waiting", &self.waiting.len()).finish()
    }
}

/// A query that waits: where its answer goes.
struct Waiting {
    bot: i64,
    /// Key, session and message of the query; none if the button was pressed without a client.
    asked: Option<(i64, i64, i64)>,
    until: Duration,
    answer: Option<types::messages::BotCallbackAnswer>,
}

impl Callbacks {
    /// So many may wait.
    const MOST: usize = 1000;
}

impl World {
    /// Somebody presses a button. The bot is told; returns the number of the query.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID` if there is no such message of a bot, `DATA_INVALID` if none of its buttons
    /// has these data; `BOT_RESPONSE_TIMEOUT` if too many wait already.
    pub(crate) fn press_button(
        &mut self,
        actor: &Actor,
        peer: Peer,
        msg_id: i32,
        data: Vec<u8>,
        asked: Option<(i64, i64, i64)>,
    ) -> Result<i64, RpcError> {
        let refused = |name| Err(RpcError::new(400, name));
        let Some(post) = self.post_of(actor.user, peer, msg_id) else {
            return refused("MESSAGE_ID_INVALID");
        };
        let via_bot = post.content.via_bot;
        let bot = via_bot.unwrap_or(post.author);
        if !self.accounts.is_bot(bot) {
            return refused("MESSAGE_ID_INVALID");
        }
        if !has_button(post.content.markup.as_ref(), &data) {
            return refused("DATA_INVALID");
        }
        let bots_id = post.id_for(bot).filter(|_| via_bot.is_none());
        let inline_id = match via_bot {
            Some(_) => {
                let number = self.number_of(actor.user, peer, msg_id);
                number.and_then(|number| self.name_inline(bot, number))
            }
            None => None,
        };
        let now = actor.now.monotonic;
        let until = now.saturating_add(self.habits.callback_patience);
        self.talk.callbacks.waiting.retain(|_, waiting| waiting.until > now);
        if self.talk.callbacks.waiting.len() >= Callbacks::MOST {
            return refused("BOT_RESPONSE_TIMEOUT");
        }
        let query_id = self.random_id();
        let waiting = Waiting { bot, asked, until, answer: None };
        self.talk.callbacks.waiting.insert(query_id, waiting);
        let (bots_peer, chat_instance) = match peer {
            Peer::User(_) => (Peer::User(actor.user), actor.user ^ bot),
            Peer::Chat(id) | Peer::Channel(id) => (peer, id),
        };
        let (user, data) = (actor.user, Some(data));
        let update: enums::Update = match (bots_id, inline_id) {
            (Some(id), _) => {
                let peer = bots_peer.into();
                let update =
                    types::UpdateBotCallbackQuery::new(query_id, user, peer, id, chat_instance);
                types::UpdateBotCallbackQuery { data, ..update }.into()
            }
            (None, Some(id)) => {
                let update =
                    types::UpdateInlineBotCallbackQuery::new(query_id, user, id, chat_instance);
                types::UpdateInlineBotCallbackQuery { data, ..update }.into()
            }
            (None, None) => return refused("MESSAGE_ID_INVALID"),
        };
        let mut batch = Batch::default();
        batch.tell(bot, update);
        self.push_all(batch, actor);
        Ok(query_id)
    }

    /// A bot answers a pressed button; the query that waits is answered at once.
    ///
    /// # Errors
    /// `QUERY_ID_INVALID` if none waits under this number, or for another bot.
    pub(crate) fn answer_button(
        &mut self,
        actor: &Actor,
        query_id: i64,
        answer: types::messages::BotCallbackAnswer,
    ) -> Result<(), RpcError> {
        let waiting = self.talk.callbacks.waiting.get_mut(&query_id);
        let waiting = waiting.filter(|waiting| {
            waiting.bot == actor.user
                && waiting.until > actor.now.monotonic
                && waiting.answer.is_none()
        });
        let waiting = waiting.ok_or_else(|| RpcError::new(400, "QUERY_ID_INVALID"))?;
        match waiting.asked {
            None => waiting.answer = Some(answer),
            Some(asked) => {
                self.talk.callbacks.waiting.remove(&query_id);
                let answer: enums::messages::BotCallbackAnswer = answer.into();
                self.answer_pending(asked, actor.now, answer.to_bytes());
            }
        }
        Ok(())
    }

    /// Takes what the bot has answered to a button that was pressed without a client.
    pub(crate) fn take_button_answer(
        &mut self,
        query_id: i64,
    ) -> Option<types::messages::BotCallbackAnswer> {
        self.talk.callbacks.waiting.get(&query_id)?.answer.as_ref()?;
        self.talk.callbacks.waiting.remove(&query_id)?.answer
    }
}

/// Whether one of the buttons has these data.
fn has_button(markup: Option<&enums::ReplyMarkup>, data: &[u8]) -> bool {
    let Some(enums::ReplyMarkup::ReplyInlineMarkup(inline)) = markup else { return false };
    inline.rows.iter().any(|row| {
        let enums::KeyboardInlineButtonRow::Row(row) = row;
        row.buttons.iter().any(|button| {
            let enums::KeyboardInlineButton::Button(button) = button;
            matches!(&button.r#type, enums::InlineButtonType::Callback(callback) if callback.data == data)
        })
    })
}
