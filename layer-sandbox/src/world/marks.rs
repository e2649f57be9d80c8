//! What is put to messages that are there: pins, reactions, forwards; and that somebody is typing.

use layer_tl_types::{enums, types};

use super::boxes::Event;
use super::fanout::{Actor, Batch};
use super::posts::{Content, Reacted};
use super::{Peer, World};
use crate::router::RpcError;

/// The longest emoji, in bytes.
const LONGEST_EMOJI: usize = 32;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

/// That a message is to be pinned, or no more.
pub(crate) struct Pin {
    pub(crate) id: i32,
    pub(crate) pinned: bool,
    /// Not only for who does it.
    pub(crate) for_all: bool,
    pub(crate) silent: bool,
}

impl World {
    /// Whether somebody may pin in a conversation.
    fn may_pin(&self, actor: &Actor, peer: Peer) -> Result<(), RpcError> {
        match peer {
            Peer::User(_) => Ok(()),
            Peer::Chat(id) => {
                let group = self.group_of(actor.user, id)?;
                let may = !group.default_banned.pin_messages || group.is_admin(actor.user);
                if may { Ok(()) } else { refused("CHAT_ADMIN_REQUIRED") }
            }
            Peer::Channel(id) => {
                let channel = self.channel_of(actor.user, id, actor.date())?;
                let is_free = !channel.broadcast
                    && !channel.default_banned.pin_messages
                    && channel.members.contains_key(&actor.user);
                let may = |rights: &types::ChatAdminRights| {
                    rights.pin_messages || channel.broadcast && rights.edit_messages
                };
                if is_free { Ok(()) } else { channel.admin(actor.user, may) }
            }
        }
    }

    /// Pins a message, or takes the pin away: for all, or in a private chat for oneself alone.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID`, `CHAT_ADMIN_REQUIRED`, `CHAT_NOT_MODIFIED`.
    pub(crate) fn pin(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        pin: &Pin,
    ) -> Result<(), RpcError> {
        let Pin { id, pinned, for_all, silent } = *pin;
        self.may_pin(actor, peer)?;
        let Some(number) = self.number_of(actor.user, peer, id) else {
            return refused("MESSAGE_ID_INVALID");
        };
        if !self.set_pinned(batch, actor, peer, number, pinned, for_all) {
            return refused("CHAT_NOT_MODIFIED");
        }
        if pinned && for_all {
            let action = enums::MessageAction::PinMessage;
            let content = Content { reply_to: Some(number), silent, ..Content::action(action) };
            self.say(batch, actor, peer, content)?;
        }
        Ok(())
    }

    /// Returns whether it was otherwise before.
    fn set_pinned(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        number: u64,
        pinned: bool,
        for_all: bool,
    ) -> bool {
        let Some(post) = self.talk.posts.get_mut(number) else { return false };
        if post.content.action.is_some() || post.is_pinned(actor.user) == pinned {
            return false;
        }
        let is_channel = post.in_channel.is_some();
        let copies = post.copies.iter().filter(|(account, _)| for_all || *account == actor.user);
        let whom = copies.map(|(account, _)| *account).chain(is_channel.then_some(0));
        for account in whom.collect::<Vec<_>>() {
            if pinned {
                post.pinned_for.insert(account);
            } else {
                post.pinned_for.remove(&account);
            }
        }
        let (copies, in_channel) = (post.copies.clone(), post.in_channel);
        for (account, id) in copies {
            if for_all || account == actor.user {
                let peer = self.as_seen_by(account, actor.user, peer);
                self.happened(batch, account, Event::Pinned { peer, ids: vec![id], pinned });
            }
        }
        if let Some((channel, id)) = in_channel {
            let event = Event::Pinned { peer, ids: vec![id], pinned };
            self.happened_in(batch, channel, event, actor);
        }
        true
    }

    /// A conversation of one account as another in it names it.
    pub(crate) fn as_seen_by(&self, viewer: i64, owner: i64, peer: Peer) -> Peer {
        match peer {
            Peer::User(_) if viewer != owner => Peer::User(owner),
            _ => peer,
        }
    }

    /// Takes all pins of a conversation away. Returns how many there were.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED`.
    pub(crate) fn unpin_all(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
    ) -> Result<i32, RpcError> {
        self.may_pin(actor, peer)?;
        let pinned = self.pinned_in(actor.user, peer);
        for id in &pinned {
            if let Some(number) = self.number_of(actor.user, peer, *id) {
                self.set_pinned(batch, actor, peer, number, false, true);
            }
        }
        Ok(i32::try_from(pinned.len()).unwrap_or(i32::MAX))
    }

    /// The pinned messages of a conversation.
    pub(crate) fn pinned_in(&self, viewer: i64, peer: Peer) -> Vec<i32> {
        let is_pinned =
            |id: &i32| self.post_of(viewer, peer, *id).is_some_and(|post| post.is_pinned(viewer));
        self.ids(viewer, peer).filter(is_pinned).collect()
    }

    /// Reacts to a message; without a reaction, no more.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID`, `REACTION_INVALID`, `REACTIONS_TOO_MANY`, `MESSAGE_NOT_MODIFIED`.
    pub(crate) fn react(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        id: i32,
        reactions: Vec<enums::Reaction>,
        big: bool,
    ) -> Result<(), RpcError> {
        if reactions.len() > 1 {
            return refused("REACTIONS_TOO_MANY");
        }
        let new = reactions.into_iter().find(|reaction| *reaction != enums::Reaction::Empty);
        match &new {
            Some(enums::Reaction::Emoji(emoji)) => {
                let text = &emoji.emoticon;
                if text.is_empty() || text.len() > LONGEST_EMOJI || text.is_ascii() {
                    return refused("REACTION_INVALID");
                }
            }
            Some(_) => return refused("REACTION_INVALID"),
            None => {}
        }
        let Some(number) = self.number_of(actor.user, peer, id) else {
            return refused("MESSAGE_ID_INVALID");
        };
        let Some(post) = self.talk.posts.get_mut(number) else {
            return refused("MESSAGE_ID_INVALID");
        };
        if post.content.action.is_some() {
            return refused("MESSAGE_ID_INVALID");
        }
        let mine = |reacted: &Reacted| reacted.by == actor.user;
        let old = post.reactions.iter().find(|reacted| mine(reacted));
        let old = old.map(|reacted| reacted.reaction.clone());
        if old == new {
            return refused("MESSAGE_NOT_MODIFIED");
        }
        post.reactions.retain(|reacted| !mine(reacted));
        let (by, date) = (actor.user, actor.date());
        if let Some(reaction) = new.clone() {
            post.reactions.push(Reacted { by, reaction, date, big });
        }
        self.tell_reactions(batch, actor, peer, number);
        self.tell_bots_of_reaction(batch, actor, peer, number, (old, new));
        Ok(())
    }

    fn tell_reactions(&mut self, batch: &mut Batch, actor: &Actor, peer: Peer, number: u64) {
        let Some(post) = self.talk.posts.get(number) else { return };
        let viewers: Vec<i64> = match post.in_channel {
            Some((channel, _)) => {
                let channel = self.talk.channels.get(&channel);
                channel.into_iter().flat_map(|channel| channel.members.keys().copied()).collect()
            }
            None => post.copies.iter().map(|(account, _)| *account).collect(),
        };
        for viewer in viewers {
            let peer = self.as_seen_by(viewer, actor.user, peer);
            let Some(id) = post.id_for(viewer) else { continue };
            if let Some(update) = self.reactions_update(viewer, peer, id) {
                batch.tell(viewer, update);
            }
        }
    }

    /// The reactions to a message, as an update.
    pub(crate) fn reactions_update(
        &self,
        viewer: i64,
        peer: Peer,
        id: i32,
    ) -> Option<enums::Update> {
        let post = self.post_of(viewer, peer, id)?;
        let none = || types::MessageReactions::new(Vec::new()).into();
        let reactions = self.reactions(viewer, peer, post).unwrap_or_else(none);
        Some(types::UpdateMessageReactions::new(peer.into(), id, reactions).into())
    }

    /// Bots hear of reactions in chats that they govern.
    fn tell_bots_of_reaction(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        number: u64,
        (old, new): (Option<enums::Reaction>, Option<enums::Reaction>),
    ) {
        let bots: Vec<i64> = match peer {
            Peer::User(other) => vec![other],
            Peer::Chat(id) => {
                let group = self.talk.groups.get(&id);
                let members = group.into_iter().flat_map(|group| group.members.iter());
                members.filter(|(_, member)| member.admin).map(|(id, _)| *id).collect()
            }
            Peer::Channel(id) => {
                let channel = self.talk.channels.get(&id);
                let members = channel.into_iter().flat_map(|channel| channel.members.iter());
                members.filter(|(_, member)| member.admin.is_some()).map(|(id, _)| *id).collect()
            }
        };
        let date = actor.date();
        for bot in bots.into_iter().filter(|id| *id != actor.user) {
            if !self.accounts.is_bot(bot) {
                continue;
            }
            let post = self.talk.posts.get(number);
            let Some(msg_id) = post.and_then(|post| post.id_for(bot)) else { continue };
            let peer = self.as_seen_by(bot, actor.user, peer).into();
            let actor = Peer::User(actor.user).into();
            let (old_reactions, new_reactions) =
                (old.clone().into_iter().collect(), new.clone().into_iter().collect());
            self.happened_to_bot(batch, bot, |qts| {
                types::UpdateBotMessageReaction {
                    peer,
                    msg_id,
                    date,
                    actor,
                    old_reactions,
                    new_reactions,
                    qts,
                }
                .into()
            });
        }
    }

    /// A message as it goes on to somewhere else.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID`, `CHAT_FORWARDS_RESTRICTED`.
    pub(crate) fn forwarded(
        &mut self,
        actor: &Actor,
        from: Peer,
        id: i32,
        to: Peer,
        drop_author: bool,
    ) -> Result<Content, RpcError> {
        let Some(number) = self.number_of(actor.user, from, id) else {
            return refused("MESSAGE_ID_INVALID");
        };
        let Some(post) = self.talk.posts.get_mut(number) else {
            return refused("MESSAGE_ID_INVALID");
        };
        if post.content.action.is_some() {
            return refused("MESSAGE_ID_INVALID");
        }
        if post.content.noforwards {
            return refused("CHAT_FORWARDS_RESTRICTED");
        }
        if post.as_channel.is_some() {
            post.forwards = post.forwards.saturating_add(1);
        }
        let original = types::MessageFwdHeader {
            from_id: Some(post.from().into()),
            channel_post: post.as_channel.and(post.in_channel).map(|(_, id)| id),
            ..types::MessageFwdHeader::new(post.date)
        };
        let mut header = post.content.forwarded.clone().unwrap_or(original);
        // Notes to oneself tell from where they were taken.
        let saved = to == Peer::User(actor.user);
        header.saved_from_peer = saved.then(|| from.into());
        header.saved_from_msg_id = saved.then_some(id);
        Ok(Content {
            text: post.content.text.clone(),
            entities: post.content.entities.clone(),
            markup: post.content.markup.clone(),
            forwarded: (!drop_author).then_some(header),
            via_bot: post.content.via_bot,
            media: post.content.media.clone(),
            poll: post.content.poll,
            album: post.content.album,
            ..Content::default()
        })
    }

    /// Somebody is typing, or doing something else, in a conversation: others there are told.
    ///
    /// # Errors
    /// As for writing.
    pub(crate) fn set_typing(
        &mut self,
        actor: &Actor,
        peer: Peer,
        top_msg_id: Option<i32>,
        action: enums::SendMessageAction,
    ) -> Result<(), RpcError> {
        self.may_write(actor, peer)?;
        let from: enums::Peer = Peer::User(actor.user).into();
        let mut batch = Batch::default();
        match peer {
            Peer::User(other) => {
                if other != actor.user {
                    let update = types::UpdateUserTyping::new(actor.user, action);
                    batch.tell(other, types::UpdateUserTyping { top_msg_id, ..update });
                }
            }
            Peer::Chat(chat_id) => {
                let group = self.talk.groups.get(&chat_id);
                for member in group.into_iter().flat_map(|group| group.members.keys()) {
                    let (from_id, action) = (from.clone(), action.clone());
                    batch.tell(*member, types::UpdateChatUserTyping { chat_id, from_id, action });
                }
            }
            Peer::Channel(id) => {
                // Nobody sees who writes for a broadcast channel.
                let channel = self.talk.channels.get(&id).filter(|channel| !channel.broadcast);
                for member in channel.into_iter().flat_map(|channel| channel.members.keys()) {
                    let (from, action) = (from.clone(), action.clone());
                    let update = types::UpdateChannelUserTyping::new(id, from, action);
                    batch.tell(*member, types::UpdateChannelUserTyping { top_msg_id, ..update });
                }
            }
        }
        batch.forget(actor.user);
        self.push_all(batch, actor);
        Ok(())
    }
}
