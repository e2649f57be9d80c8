//! What people do without a client: the same that clients ask for, in terms of user ids.
//!
//! All of it runs through the code that answers queries, so that all are told what happens.

use layer_tl_types::{enums, types};

use super::fanout::{Actor, Batch};
use super::sending::Given;
use super::{Peer, World};
use crate::Now;
use crate::router::RpcError;

/// How a text is sent.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SendOptions {
    /// What is marked in it; offsets count UTF-16 units.
    pub entities: Vec<enums::MessageEntity>,
    /// Buttons, of which people have none.
    pub markup: Option<enums::ReplyMarkup>,
    /// The message that it answers.
    pub reply_to: Option<i32>,
    /// Without a sound.
    pub silent: bool,
}

/// Without what is marked, and on buttons.
impl std::fmt::Debug for SendOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SendOptions")
            .field("reply_to", &self.reply_to)
            .field("silent", &self.silent)
            .finish_non_exhaustive()
    }
}

impl World {
    /// Somebody sends a text to a user, a group or a channel. Returns the message's identifier as the
    /// sender has it.
    ///
    /// ```
    /// use layer_sandbox::{Now, Peer, SendOptions, Settings, World};
    ///
    /// let mut world = World::new(Settings::default());
    /// let anna = world.add_user("Anna", "+49 151 0000001");
    /// let (bot, _) = world.add_bot("Robot", "robot_bot");
    /// let id = world.send_text(Now::default(), anna, Peer::User(bot), "/start", SendOptions::default())?;
    /// let heard = world.history(bot, Peer::User(anna));
    /// assert_eq!((id, heard.len()), (1, 1));
    /// # Ok::<(), layer_sandbox::RpcError>(())
    /// ```
    ///
    /// # Errors
    /// As for `messages.sendMessage`.
    pub fn send_text(
        &mut self,
        now: Now,
        from: i64,
        to: Peer,
        text: impl Into<String>,
        options: SendOptions,
    ) -> Result<i32, RpcError> {
        let actor = Actor { user: from, now };
        self.may_write(&actor, to)?;
        let SendOptions { entities, markup, reply_to, silent } = options;
        let (text, entities) = (text.into(), Some(entities));
        let given = Given { text, entities, markup, reply_to, silent, ..Given::default() };
        let content = self.content(&actor, to, given)?;
        self.send_content(&actor, to, content, None).map(|(id, _)| id)
    }

    /// Somebody edits a message of theirs.
    ///
    /// # Errors
    /// As for `messages.editMessage`.
    pub fn edit_text(
        &mut self,
        now: Now,
        user: i64,
        peer: Peer,
        id: i32,
        text: impl Into<String>,
        markup: Option<enums::ReplyMarkup>,
    ) -> Result<(), RpcError> {
        let given = Given { text: text.into(), markup, ..Given::default() };
        self.edit(&Actor { user, now }, peer, id, Some(given), None).map(|_| ())
    }

    /// Somebody deletes messages of a conversation; those that are there, for all who have them.
    ///
    /// # Errors
    /// As for `messages.deleteMessages` and `channels.deleteMessages`.
    pub fn delete_messages(
        &mut self,
        now: Now,
        user: i64,
        peer: Peer,
        ids: &[i32],
    ) -> Result<(), RpcError> {
        let actor = Actor { user, now };
        let mut batch = Batch::default();
        match peer {
            Peer::Channel(id) => _ = self.delete_in(&mut batch, &actor, id, ids)?,
            _ => _ = self.delete(&mut batch, &actor, ids, true)?,
        }
        self.push_all(batch, &actor);
        Ok(())
    }

    /// Somebody presses a button by its data. The bot is told; the number of the query is for
    /// [`World::take_callback_answer`].
    ///
    /// # Errors
    /// As for `messages.getBotCallbackAnswer`.
    pub fn press(
        &mut self,
        now: Now,
        user: i64,
        peer: Peer,
        msg_id: i32,
        data: &[u8],
    ) -> Result<i64, RpcError> {
        self.press_button(&Actor { user, now }, peer, msg_id, data.to_vec(), None)
    }

    /// What a bot has answered to a button that was pressed by [`World::press`], once.
    pub fn take_callback_answer(
        &mut self,
        query_id: i64,
    ) -> Option<types::messages::BotCallbackAnswer> {
        self.take_button_answer(query_id)
    }

    /// A bot answers a pressed button.
    ///
    /// # Errors
    /// `QUERY_ID_INVALID` if none waits under this number, or for another bot.
    pub fn answer_callback(
        &mut self,
        now: Now,
        bot: i64,
        query_id: i64,
        answer: types::messages::BotCallbackAnswer,
    ) -> Result<(), RpcError> {
        self.answer_button(&Actor { user: bot, now }, query_id, answer)
    }

    /// Somebody makes a basic group with others. Returns its peer.
    ///
    /// # Errors
    /// As for `messages.createChat`.
    pub fn make_group(
        &mut self,
        now: Now,
        user: i64,
        title: &str,
        others: &[i64],
    ) -> Result<Peer, RpcError> {
        let actor = Actor { user, now };
        let mut batch = Batch::default();
        let (id, _) = self.create_group(&mut batch, &actor, title, others)?;
        self.push_all(batch, &actor);
        Ok(Peer::Chat(id))
    }

    /// Somebody makes a supergroup, or a broadcast channel. Returns its peer.
    ///
    /// # Errors
    /// As for `channels.createChannel`.
    pub fn make_channel(
        &mut self,
        now: Now,
        user: i64,
        title: &str,
        broadcast: bool,
    ) -> Result<Peer, RpcError> {
        let actor = Actor { user, now };
        let mut batch = Batch::default();
        let id = self.create_channel(&mut batch, &actor, title, "", broadcast)?;
        self.push_all(batch, &actor);
        Ok(Peer::Channel(id))
    }

    /// Somebody brings another into a group or channel.
    ///
    /// # Errors
    /// As for `messages.addChatUser` and `channels.inviteToChannel`; `USER_PRIVACY_RESTRICTED` if the
    /// other does not want to.
    pub fn add_member(&mut self, now: Now, by: i64, peer: Peer, user: i64) -> Result<(), RpcError> {
        let actor = Actor { user: by, now };
        let mut batch = Batch::default();
        match peer {
            Peer::User(_) => return Err(RpcError::new(400, "PEER_ID_INVALID")),
            Peer::Chat(id) => self.add_to_group(&mut batch, &actor, id, user, None)?,
            Peer::Channel(id) => {
                if !self.invite_to_channel(&mut batch, &actor, id, &[user])?.is_empty() {
                    return Err(RpcError::new(403, "USER_PRIVACY_RESTRICTED"));
                }
            }
        }
        self.push_all(batch, &actor);
        Ok(())
    }

    /// Somebody takes another, or themselves, out of a group or channel.
    ///
    /// # Errors
    /// As for `messages.deleteChatUser`, `channels.leaveChannel` and `channels.editBanned`.
    pub fn remove_member(
        &mut self,
        now: Now,
        by: i64,
        peer: Peer,
        user: i64,
    ) -> Result<(), RpcError> {
        let actor = Actor { user: by, now };
        let mut batch = Batch::default();
        match peer {
            Peer::User(_) => return Err(RpcError::new(400, "PEER_ID_INVALID")),
            Peer::Chat(id) => self.remove_from_group(&mut batch, &actor, id, user)?,
            Peer::Channel(id) if by == user => self.leave_channel(&mut batch, &actor, id)?,
            Peer::Channel(id) => {
                let rights = types::ChatBannedRights::new(0);
                let rights = types::ChatBannedRights { view_messages: true, ..rights };
                self.set_banned(&mut batch, &actor, id, user, rights)?;
            }
        }
        self.push_all(batch, &actor);
        Ok(())
    }

    /// Somebody types in a conversation.
    ///
    /// # Errors
    /// As for `messages.setTyping`.
    pub fn type_in(&mut self, now: Now, user: i64, peer: Peer) -> Result<(), RpcError> {
        let actor = Actor { user, now };
        self.set_typing(&actor, peer, None, enums::SendMessageAction::SendMessageTypingAction)
    }

    /// Somebody has read a conversation to its end.
    pub fn read_all(&mut self, now: Now, user: i64, peer: Peer) {
        let actor = Actor { user, now };
        let mut batch = Batch::default();
        self.read(&mut batch, &actor, peer, 0);
        self.push_all(batch, &actor);
    }

    /// All messages of a conversation as somebody sees them, the oldest first.
    pub fn history(&self, user: i64, peer: Peer) -> Vec<enums::Message> {
        self.ids(user, peer).filter_map(|id| self.message(user, peer, id)).collect()
    }

    /// The peers of somebody's conversations, in the order of the list.
    pub fn conversations(&self, user: i64) -> Vec<Peer> {
        self.dialogs(user)
    }

    /// A user has stopped a bot by blocking it, or lets it speak again: it is told. Nothing if it is no
    /// bot.
    pub(crate) fn bot_stopped(&mut self, user: i64, now: Now, bot: i64, stopped: bool) {
        if !self.accounts.is_bot(bot) {
            return;
        }
        let actor = Actor { user, now };
        let mut batch = Batch::default();
        let date = actor.date();
        self.happened_to_bot(&mut batch, bot, |qts| {
            types::UpdateBotStopped { user_id: user, date, stopped, qts }.into()
        });
        self.push_all(batch, &actor);
    }
}
