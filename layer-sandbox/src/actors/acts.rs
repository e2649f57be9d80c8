//! What actors do.

use layer_tl_types::{enums, functions, types};

use super::{Actor, ActorError, Message, Press};
use crate::{Peer, SendOptions, World};

impl Actor {
    /// Sends a text. Returns the message's identifier as this one's account has it.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn send(&self, to: impl Into<Peer>, text: &str) -> Result<i32, ActorError> {
        self.send_with(to, text, SendOptions::default()).await
    }

    /// As [`Actor::send`], with options.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn send_with(
        &self,
        to: impl Into<Peer>,
        text: &str,
        options: SendOptions,
    ) -> Result<i32, ActorError> {
        let to = to.into();
        let id = self.act(|world, now| world.send_text(now, self.id, to, text, options))?;
        *self.last() = Some(to);
        Ok(id)
    }

    /// Sends a text with buttons under it, row by row: what they say, and what they stand for.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn send_buttons(
        &self,
        to: impl Into<Peer>,
        text: &str,
        rows: &[&[(&str, &str)]],
    ) -> Result<i32, ActorError> {
        let markup = Some(inline_keyboard(rows));
        let options = SendOptions { markup, ..SendOptions::default() };
        self.send_with(to, text, options).await
    }

    /// Replies to a message in its conversation.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn reply(&self, message: &Message, text: &str) -> Result<i32, ActorError> {
        let options = SendOptions { reply_to: Some(message.id), ..SendOptions::default() };
        self.send_with(message.peer, text, options).await
    }

    /// Edits a message of its own.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn edit(&self, peer: impl Into<Peer>, id: i32, text: &str) -> Result<(), ActorError> {
        let peer = peer.into();
        self.act(|world, now| world.edit_text(now, self.id, peer, id, text, None))
    }

    /// Deletes messages, for all who have them.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn delete(&self, peer: impl Into<Peer>, ids: &[i32]) -> Result<(), ActorError> {
        let peer = peer.into();
        self.act(|world, now| world.delete_messages(now, self.id, peer, ids))
    }

    /// Reads a conversation to its end.
    pub async fn read(&self, peer: impl Into<Peer>) {
        let peer = peer.into();
        self.shared.act(|hall| {
            let now = hall.clock.now();
            hall.world.read_all(now, self.id, peer);
        });
    }

    /// Types.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn typing(&self, peer: impl Into<Peer>) -> Result<(), ActorError> {
        let peer = self.named(peer.into());
        let action = enums::SendMessageAction::SendMessageTypingAction;
        self.invoke(&functions::messages::SetTyping::new(peer, action)).await.map(|_| ())
    }

    /// All messages of a conversation, the oldest first.
    pub async fn history(&self, peer: impl Into<Peer>) -> Vec<Message> {
        let messages = self.shared.hall().world.history(self.id, peer.into());
        messages.iter().filter_map(|message| Message::new(self.id, message)).collect()
    }

    /// Presses a button of a message, by its text, and waits for the bot's answer. May be dropped midway:
    /// the button is pressed then.
    ///
    /// # Errors
    /// If there is no such button, the server refuses it, or the bot does not answer in time.
    pub async fn press(
        &self,
        message: &Message,
        button: &str,
    ) -> Result<types::messages::BotCallbackAnswer, ActorError> {
        let data = message.data_of(button).ok_or_else(|| ActorError::NoButton {
            wanted: button.to_owned(),
            buttons: message.buttons(),
        })?;
        let pressed =
            self.act(|world, now| world.press(now, self.id, message.peer, message.id, &data))?;
        let answered =
            self.shared.wait_for(self.patience, |world| world.take_callback_answer(pressed)).await;
        answered.ok_or_else(|| self.nothing("the bot to answer a pressed button"))
    }

    /// Answers a pressed button of this bot's.
    ///
    /// # Errors
    /// What the server refuses: that the button does not wait any more.
    pub async fn answer(&self, press: &Press, text: &str) -> Result<(), ActorError> {
        let answer = types::messages::BotCallbackAnswer {
            message: Some(text.to_owned()),
            ..types::messages::BotCallbackAnswer::new(0)
        };
        self.act(|world, now| world.answer_callback(now, self.id, press.query_id, answer))
    }

    /// Creates a basic group with others in it.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn create_group(
        &self,
        title: &str,
        others: impl IntoIterator<Item = impl Into<Peer>>,
    ) -> Result<Peer, ActorError> {
        let users = others.into_iter().map(|other| self.named_user(other.into())).collect();
        let create = functions::messages::CreateChat::new(users, title.to_owned());
        let enums::messages::InvitedUsers::Users(invited) = self.invoke(&create).await?;
        first_chat(&invited.updates).ok_or(ActorError::Answer("the new group"))
    }

    /// Creates a supergroup.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn create_supergroup(&self, title: &str) -> Result<Peer, ActorError> {
        let create = functions::channels::CreateChannel {
            megagroup: true,
            ..functions::channels::CreateChannel::new(title.to_owned(), String::new())
        };
        let updates = self.invoke(&create).await?;
        first_chat(&updates).ok_or(ActorError::Answer("the new supergroup"))
    }

    /// Creates a channel, in which only admins write.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn create_channel(&self, title: &str) -> Result<Peer, ActorError> {
        let create = functions::channels::CreateChannel {
            broadcast: true,
            ..functions::channels::CreateChannel::new(title.to_owned(), String::new())
        };
        let updates = self.invoke(&create).await?;
        first_chat(&updates).ok_or(ActorError::Answer("the new channel"))
    }

    /// Joins a supergroup or a channel that is open to this one.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn join(&self, peer: impl Into<Peer>) -> Result<(), ActorError> {
        let channel = self.named_channel(peer.into());
        self.invoke(&functions::channels::JoinChannel { channel }).await.map(|_| ())
    }

    /// Leaves a group, a supergroup or a channel.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn leave(&self, peer: impl Into<Peer>) -> Result<(), ActorError> {
        match peer.into() {
            Peer::Chat(chat_id) => self.kick(Peer::Chat(chat_id), self.peer()).await,
            peer => {
                let channel = self.named_channel(peer);
                self.invoke(&functions::channels::LeaveChannel { channel }).await.map(|_| ())
            }
        }
    }

    /// Adds somebody to a group, a supergroup or a channel.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn invite(
        &self,
        peer: impl Into<Peer>,
        other: impl Into<Peer>,
    ) -> Result<(), ActorError> {
        let user = self.named_user(other.into());
        match peer.into() {
            Peer::Chat(chat_id) => {
                let fwd_limit = 0;
                let add = functions::messages::AddChatUser { chat_id, user_id: user, fwd_limit };
                self.invoke(&add).await.map(|_| ())
            }
            peer => {
                let channel = self.named_channel(peer);
                let invite = functions::channels::InviteToChannel { channel, users: vec![user] };
                self.invoke(&invite).await.map(|_| ())
            }
        }
    }

    /// Throws somebody out of a group, or bans them from a supergroup or a channel for ever.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn kick(
        &self,
        peer: impl Into<Peer>,
        other: impl Into<Peer>,
    ) -> Result<(), ActorError> {
        let other = other.into();
        match peer.into() {
            Peer::Chat(chat_id) => {
                let kick =
                    functions::messages::DeleteChatUser::new(chat_id, self.named_user(other));
                self.invoke(&kick).await.map(|_| ())
            }
            peer => {
                let banned_rights = types::ChatBannedRights {
                    view_messages: true,
                    ..types::ChatBannedRights::new(0)
                };
                let ban = functions::channels::EditBanned {
                    channel: self.named_channel(peer),
                    participant: self.named(other),
                    banned_rights: banned_rights.into(),
                };
                self.invoke(&ban).await.map(|_| ())
            }
        }
    }

    /// A peer as this one names it to the server.
    pub fn named(&self, peer: Peer) -> enums::InputPeer {
        let hall = self.shared.hall();
        let access_hash = |id| access_hash(&hall.world, self.id, id);
        match peer {
            Peer::User(id) if id == self.id => enums::InputPeer::PeerSelf,
            Peer::User(user_id) => {
                types::InputPeerUser { user_id, access_hash: access_hash(user_id) }.into()
            }
            Peer::Chat(chat_id) => types::InputPeerChat { chat_id }.into(),
            Peer::Channel(channel_id) => {
                let access_hash = access_hash(channel_id);
                types::InputPeerChannel { channel_id, access_hash }.into()
            }
        }
    }

    fn named_user(&self, peer: Peer) -> enums::InputUser {
        match self.named(peer) {
            enums::InputPeer::PeerSelf => enums::InputUser::UserSelf,
            enums::InputPeer::User(types::InputPeerUser { user_id, access_hash }) => {
                types::InputUser { user_id, access_hash }.into()
            }
            _ => enums::InputUser::Empty,
        }
    }

    fn named_channel(&self, peer: Peer) -> enums::InputChannel {
        match self.named(peer) {
            enums::InputPeer::Channel(types::InputPeerChannel { channel_id, access_hash }) => {
                types::InputChannel { channel_id, access_hash }.into()
            }
            _ => enums::InputChannel::Empty,
        }
    }
}

fn access_hash(world: &World, viewer: i64, id: i64) -> i64 {
    world.accounts.access_hash(viewer, id)
}

/// The one chat that updates are about.
fn first_chat(updates: &enums::Updates) -> Option<Peer> {
    let enums::Updates::Updates(updates) = updates else { return None };
    match updates.chats.first()? {
        enums::Chat::Chat(chat) => Some(Peer::Chat(chat.id)),
        enums::Chat::Channel(channel) => Some(Peer::Channel(channel.id)),
        _ => None,
    }
}

fn inline_keyboard(rows: &[&[(&str, &str)]]) -> enums::ReplyMarkup {
    let button = |(text, data): &(&str, &str)| {
        let callback = types::InlineButtonTypeCallback::new(data.as_bytes().to_vec());
        types::KeyboardInlineButton::new((*text).to_owned(), callback.into()).into()
    };
    let row = |row: &&[(&str, &str)]| {
        types::KeyboardInlineButtonRow { buttons: row.iter().map(button).collect() }.into()
    };
    types::ReplyInlineMarkup::new(rows.iter().map(row).collect()).into()
}
