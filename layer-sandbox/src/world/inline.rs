//! Inline queries: what people ask bots beside their conversations, and messages that are sent by way of
//! a bot. Of results, only those that are texts are taken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use layer_tl_types::{Serializable, enums, types};

use super::fanout::{Actor, Batch};
use super::posts::Content;
use super::sending::Given;
use super::{Peer, World};
use crate::router::RpcError;

/// The most results of a query, and the longest identifier of one, in bytes.
const MOST_RESULTS: usize = 50;
const LONGEST_ID: usize = 64;
/// The longest query, in characters.
const LONGEST_QUERY: usize = 256;

/// Queries that wait, results that were given, and messages that bots may edit by their results.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Inline {
    #[serde(skip)]
    waiting: BTreeMap<i64, Waiting>,
    /// The latest last.
    #[serde(skip)]
    answered: VecDeque<Answered>,
    /// By access hash: its bot, and the world's number for it.
    sent: BTreeMap<i64, (i64, u64)>,
    order: VecDeque<i64>,
}

/// Without what was asked and answered.
impl std::fmt::Debug for Inline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inline").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

struct Waiting {
    bot: i64,
    user: i64,
    query: String,
    /// Key, session and message of the query.
    asked: (i64, i64, i64),
    until: Duration,
}

struct Answered {
    query_id: i64,
    bot: i64,
    user: i64,
    query: String,
    results: Vec<(String, Content)>,
}

impl Inline {
    /// So many queries may wait.
    const MOST_WAITING: usize = 1000;
    /// Of so many answered ones the results are kept.
    const MOST_ANSWERED: usize = 32;
    /// So many messages can be edited by their bots.
    const MOST_SENT: usize = 10_000;
}

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

/// The kind of a conversation, as bots are told.
fn kind(world: &World, viewer: i64, bot: i64, peer: Peer) -> enums::InlineQueryPeerType {
    match peer {
        Peer::User(id) if id == bot => enums::InlineQueryPeerType::SameBotPm,
        Peer::User(id) if world.accounts.is_bot(id) && id != viewer => {
            enums::InlineQueryPeerType::BotPm
        }
        Peer::User(_) => enums::InlineQueryPeerType::Pm,
        Peer::Chat(_) => enums::InlineQueryPeerType::Chat,
        Peer::Channel(id) => match world.talk.channels.get(&id) {
            Some(channel) if channel.broadcast => enums::InlineQueryPeerType::Broadcast,
            _ => enums::InlineQueryPeerType::Megagroup,
        },
    }
}

impl World {
    /// Somebody asks a bot from within a conversation; the bot is told.
    ///
    /// # Errors
    /// `BOT_INVALID`, `BOT_INLINE_DISABLED`; `BOT_RESPONSE_TIMEOUT` if too many wait already.
    pub(crate) fn ask_inline(
        &mut self,
        actor: &Actor,
        bot: i64,
        peer: Option<Peer>,
        (query, offset): (&str, String),
        asked: (i64, i64, i64),
    ) -> Result<(), RpcError> {
        let own = self.accounts.get(bot).and_then(|user| user.bot.as_ref());
        let Some(own) = own else { return refused("BOT_INVALID") };
        if own.inline_placeholder.is_none() {
            return refused("BOT_INLINE_DISABLED");
        }
        let now = actor.now.monotonic;
        let inline = &mut self.talk.inline;
        inline.waiting.retain(|_, waiting| waiting.until > now);
        if inline.waiting.len() >= Inline::MOST_WAITING {
            return refused("BOT_RESPONSE_TIMEOUT");
        }
        let query: String = query.chars().take(LONGEST_QUERY).collect();
        let until = now.saturating_add(self.habits.callback_patience);
        let waiting = Waiting { bot, user: actor.user, query: query.clone(), asked, until };
        let query_id = self.random_id();
        self.talk.inline.waiting.insert(query_id, waiting);
        let peer_type = peer.map(|peer| kind(self, actor.user, bot, peer));
        let update = types::UpdateBotInlineQuery::new(query_id, actor.user, query, offset);
        let mut batch = Batch::default();
        batch.tell(bot, types::UpdateBotInlineQuery { peer_type, ..update });
        self.push_all(batch, actor);
        Ok(())
    }

    /// A bot gives results, an empty list if it likes; who has asked is answered at once.
    ///
    /// # Errors
    /// `QUERY_ID_INVALID`, `RESULTS_TOO_MUCH`, `RESULT_ID_INVALID`, `RESULT_ID_DUPLICATE`,
    /// `RESULT_TYPE_INVALID`, and as for texts.
    pub(crate) fn answer_inline(
        &mut self,
        actor: &Actor,
        query_id: i64,
        given: Vec<enums::InputBotInlineResult>,
        answer: types::messages::BotResults,
    ) -> Result<(), RpcError> {
        let waiting = self.talk.inline.waiting.get(&query_id);
        let is_good =
            |waiting: &&Waiting| waiting.bot == actor.user && waiting.until > actor.now.monotonic;
        if waiting.filter(is_good).is_none() {
            return refused("QUERY_ID_INVALID");
        }
        if given.len() > MOST_RESULTS {
            return refused("RESULTS_TOO_MUCH");
        }
        let (mut shown, mut results, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
        for result in given {
            let enums::InputBotInlineResult::Result(result) = result else {
                return refused("RESULT_TYPE_INVALID");
            };
            if result.id.is_empty() || result.id.len() > LONGEST_ID {
                return refused("RESULT_ID_INVALID");
            }
            if !ids.insert(result.id.clone()) {
                return refused("RESULT_ID_DUPLICATE");
            }
            let (text, entities, markup) = match result.send_message {
                enums::InputBotInlineMessage::Text(text) => {
                    (text.message, text.entities, text.reply_markup)
                }
                enums::InputBotInlineMessage::MediaAuto(text) => {
                    (text.message, text.entities, text.reply_markup)
                }
                _ => return refused("RESULT_TYPE_INVALID"),
            };
            let own = Peer::User(actor.user);
            let content = Given { text, entities, markup, ..Given::default() };
            let content = self.content(actor, own, content)?;
            let message = types::BotInlineMessageText {
                entities: (!content.entities.is_empty()).then(|| content.entities.clone()),
                reply_markup: content.markup.clone(),
                ..types::BotInlineMessageText::new(content.text.clone())
            };
            let result_shown = types::BotInlineResult {
                title: result.title,
                description: result.description,
                url: result.url,
                ..types::BotInlineResult::new(result.id.clone(), result.r#type, message.into())
            };
            shown.push(result_shown.into());
            results.push((result.id, Content { via_bot: Some(actor.user), ..content }));
        }
        let Some(waiting) = self.talk.inline.waiting.remove(&query_id) else {
            return refused("QUERY_ID_INVALID");
        };
        let Waiting { bot, user, query, asked, .. } = waiting;
        let answered = &mut self.talk.inline.answered;
        answered.push_back(Answered { query_id, bot, user, query, results });
        if answered.len() > Inline::MOST_ANSWERED {
            answered.pop_front();
        }
        let answer = types::messages::BotResults { query_id, results: shown, ..answer };
        let answer: enums::messages::BotResults = answer.into();
        self.answer_pending(asked, actor.now, answer.to_bytes());
        Ok(())
    }

    /// Sends a result that a bot has given; the bot is told which.
    ///
    /// # Errors
    /// `INLINE_RESULT_EXPIRED`, `RESULT_ID_INVALID`, and as for sending.
    pub(crate) fn send_inline(
        &mut self,
        actor: &Actor,
        peer: Peer,
        (query_id, id): (i64, &str),
        random_id: i64,
        alter: impl FnOnce(Content) -> Content,
    ) -> Result<enums::Updates, RpcError> {
        let mut answered = self.talk.inline.answered.iter();
        let answered =
            answered.find(|known| known.query_id == query_id && known.user == actor.user);
        let Some(answered) = answered else { return refused("INLINE_RESULT_EXPIRED") };
        let Some((_, content)) = answered.results.iter().find(|(known, _)| known == id) else {
            return refused("RESULT_ID_INVALID");
        };
        let (content, bot, query) = (alter(content.clone()), answered.bot, answered.query.clone());
        let has_buttons = content.markup.is_some();
        let mut batch = Batch::default();
        let sent = self.say(&mut batch, actor, peer, content)?;
        self.remember(&mut batch, actor, peer, sent, Some(random_id));
        let number = self.number_of(actor.user, peer, sent);
        let msg_id = number.filter(|_| has_buttons);
        let msg_id = msg_id.and_then(|number| self.name_inline(bot, number));
        let update = types::UpdateBotInlineSend::new(actor.user, query, id.to_owned());
        batch.tell(bot, types::UpdateBotInlineSend { msg_id, ..update });
        Ok(self.deliver(batch, actor))
    }

    /// A name for a message by which its bot may edit it; the same one again if it has one.
    pub(crate) fn name_inline(
        &mut self,
        bot: i64,
        number: u64,
    ) -> Option<enums::InputBotInlineMessageId> {
        let known = self.talk.inline.sent.iter().find(|(_, known)| **known == (bot, number));
        let access_hash = match known.map(|(access_hash, _)| *access_hash) {
            Some(access_hash) => access_hash,
            None => {
                let access_hash = self.random_id();
                let inline = &mut self.talk.inline;
                inline.sent.insert(access_hash, (bot, number));
                inline.order.push_back(access_hash);
                if inline.order.len() > Inline::MOST_SENT {
                    let oldest = inline.order.pop_front();
                    oldest.and_then(|oldest| inline.sent.remove(&oldest));
                }
                access_hash
            }
        };
        let post = self.talk.posts.get(number)?;
        let (owner_id, id) = (post.author, post.id_for(post.author)?);
        let dc_id = self.accounts.get(owner_id).map_or(self.settings.dc, |user| user.dc);
        Some(types::InputBotInlineMessageId64 { dc_id, owner_id, id, access_hash }.into())
    }

    /// A bot edits a message that was sent by way of it.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID`, `MESSAGE_NOT_MODIFIED`, and as for texts.
    pub(crate) fn edit_inline(
        &mut self,
        actor: &Actor,
        id: &enums::InputBotInlineMessageId,
        text: Option<String>,
        entities: Option<Vec<enums::MessageEntity>>,
        markup: Option<enums::ReplyMarkup>,
    ) -> Result<(), RpcError> {
        let access_hash = match id {
            enums::InputBotInlineMessageId::Id(id) => id.access_hash,
            enums::InputBotInlineMessageId::InputBotInlineMessageId64(id) => id.access_hash,
        };
        let sent = self.talk.inline.sent.get(&access_hash);
        let number = sent.filter(|(bot, _)| *bot == actor.user).map(|(_, number)| *number);
        let post = number.and_then(|number| self.talk.posts.get(number));
        let (Some(number), Some(post)) = (number, post) else {
            return refused("MESSAGE_ID_INVALID");
        };
        let (text, entities) = match text {
            Some(text) => (text, entities),
            None => (post.content.text.clone(), Some(post.content.entities.clone())),
        };
        let given = Given { text, entities, markup, ..Given::default() };
        let content = self.content(actor, Peer::User(actor.user), given)?;
        let mut batch = Batch::default();
        self.change(&mut batch, actor, number, content)?;
        self.push_all(batch, actor);
        Ok(())
    }
}
