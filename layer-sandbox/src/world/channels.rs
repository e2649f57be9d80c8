//! Supergroups and channels: made, joined, left, governed, and deleted.
//!
//! Who is in one is told by `updateChannel` when something about it changes; what is said of it in its
//! history, only supergroups have.

use std::collections::BTreeMap;

use layer_tl_types::{enums, types};

use super::boxes::Log;
use super::chats::{
    Admin, Banned, Channel, Entry, LONGEST_ABOUT, Links, Member, channel_participant,
    nothing_banned,
};
use super::fanout::{Actor, Batch};
use super::groups::{checked_title, missing};
use super::posts::Content;
use super::{Peer, World};
use crate::router::RpcError;

/// The most admins.
const MOST_ADMINS: usize = 50;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl World {
    /// Makes a channel with nobody in it but its creator.
    pub(crate) fn new_channel(
        &mut self,
        actor: &Actor,
        title: &str,
        about: &str,
        broadcast: bool,
    ) -> Result<i64, RpcError> {
        let title = checked_title(title)?;
        if about.chars().count() > LONGEST_ABOUT {
            return refused("CHAT_ABOUT_TOO_LONG");
        }
        let id = self.new_chat_id()?;
        let channel = Channel {
            title,
            about: about.to_owned(),
            broadcast,
            username: None,
            creator: actor.user,
            date: actor.date(),
            members: BTreeMap::new(),
            banned: BTreeMap::new(),
            default_banned: nothing_banned(),
            links: Links::default(),
            photo: None,
            migrated_from: None,
            pts: Log::default(),
            changed: actor.date(),
            held: BTreeMap::new(),
            last_id: 0,
        };
        self.talk.channels.insert(id, channel);
        self.put_into_channel(id, actor.user, actor.user, actor.date());
        Ok(id)
    }

    /// Makes a channel, and says so in it. Returns its id.
    ///
    /// # Errors
    /// `CHAT_TITLE_EMPTY`, `CHAT_ABOUT_TOO_LONG`, `CHAT_ID_GENERATE_FAILED`.
    pub(crate) fn create_channel(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        title: &str,
        about: &str,
        broadcast: bool,
    ) -> Result<i64, RpcError> {
        let id = self.new_channel(actor, title, about, broadcast)?;
        batch.tell(actor.user, types::UpdateChannel { channel_id: id });
        let random_id = self.random_id();
        let action = types::MessageActionChannelCreate { title: checked_title(title)? };
        let said = self.say(batch, actor, Peer::Channel(id), Content::action(action))?;
        self.remember(batch, actor, Peer::Channel(id), said, Some(random_id));
        Ok(id)
    }

    /// Makes somebody a member. What was said before is not unread.
    pub(crate) fn put_into_channel(&mut self, id: i64, user: i64, inviter: i64, date: i32) {
        let Some(channel) = self.talk.channels.get_mut(&id) else { return };
        channel.banned.remove(&user);
        channel.members.insert(user, Member { inviter, date, admin: None });
        let own = self.talk.boxes.entry(user).or_default();
        let dialog = own.dialogs.entry(Peer::Channel(id)).or_default();
        (dialog.hidden, dialog.read_inbox) = (false, channel.last_id);
    }

    /// Tells all members that something about a channel has changed.
    pub(crate) fn tell_channel(&self, batch: &mut Batch, channel_id: i64) {
        let channel = self.talk.channels.get(&channel_id);
        for member in channel.into_iter().flat_map(|channel| channel.members.keys()) {
            batch.tell(*member, types::UpdateChannel { channel_id });
        }
    }

    /// Tells a bot what became of it in a channel, and bots that are admins there what became of others.
    fn tell_bots_of_channel(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        channel_id: i64,
        user_id: i64,
        before: Option<enums::ChannelParticipant>,
    ) {
        let Some(channel) = self.talk.channels.get(&channel_id) else { return };
        let admins = channel.members.iter().filter(|(_, member)| member.admin.is_some());
        let mut bots: Vec<i64> = admins.map(|(id, _)| *id).chain([user_id]).collect();
        bots.sort_unstable();
        bots.dedup();
        bots.retain(|id| self.accounts.is_bot(*id));
        let (date, actor_id) = (actor.date(), actor.user);
        for bot in bots {
            let channel = self.talk.channels.get(&channel_id);
            let after = channel.and_then(|channel| channel_participant(channel, bot, user_id));
            let prev_participant = before.clone();
            self.happened_to_bot(batch, bot, |qts| {
                let update =
                    types::UpdateChannelParticipant::new(channel_id, date, actor_id, user_id, qts);
                types::UpdateChannelParticipant {
                    prev_participant,
                    new_participant: after,
                    ..update
                }
                .into()
            });
        }
    }

    /// Brings users into a channel. Returns who could not be.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED`, `USERS_TOO_MUCH`, `USER_KICKED`, `USER_BOT`.
    pub(crate) fn invite_to_channel(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        users: &[i64],
    ) -> Result<Vec<enums::MissingInvitee>, RpcError> {
        let channel = self.channel_of(actor.user, id, actor.date())?;
        let is_admin = channel.admin(actor.user, |rights| rights.invite_users);
        let is_member = channel.members.contains_key(&actor.user);
        if channel.broadcast || channel.default_banned.invite_users || !is_member {
            is_admin.clone()?;
        }
        if channel.members.len() + users.len() > Channel::MOST_MEMBERS {
            return refused("USERS_TOO_MUCH");
        }
        let (mut added, mut missed) = (Vec::new(), Vec::new());
        for user in users {
            if channel.members.contains_key(user) || added.contains(user) {
                continue;
            }
            if channel.is_kicked(*user, actor.date()) && is_admin.is_err() {
                return refused("USER_KICKED");
            }
            if channel.broadcast && self.accounts.is_bot(*user) {
                return refused("USER_BOT");
            }
            if self.can_be_invited(actor.user, *user) {
                added.push(*user);
            } else {
                missed.push(missing(*user));
            }
        }
        let is_group = !channel.broadcast;
        for user in &added {
            self.put_into_channel(id, *user, actor.user, actor.date());
            batch.tell(*user, types::UpdateChannel { channel_id: id });
        }
        if is_group && !added.is_empty() {
            let action = types::MessageActionChatAddUser { users: added.clone() };
            self.say(batch, actor, Peer::Channel(id), Content::action(action))?;
        }
        for user in added {
            self.tell_bots_of_channel(batch, actor, id, user, None);
        }
        Ok(missed)
    }

    /// Somebody joins a channel, by itself or as it is said how.
    ///
    /// # Errors
    /// `USER_ALREADY_PARTICIPANT`, `CHANNEL_PRIVATE`, `USERS_TOO_MUCH`.
    pub(crate) fn join_channel(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        entry: Option<Entry>,
    ) -> Result<(), RpcError> {
        let Some(channel) = self.talk.channels.get(&id) else { return refused("CHANNEL_INVALID") };
        if channel.members.contains_key(&actor.user) {
            return refused("USER_ALREADY_PARTICIPANT");
        }
        let is_open = channel.is_open_to(actor.user, actor.date());
        if channel.is_kicked(actor.user, actor.date()) || !is_open && entry.is_none() {
            return refused("CHANNEL_PRIVATE");
        }
        if channel.members.len() >= Channel::MOST_MEMBERS {
            return refused("USERS_TOO_MUCH");
        }
        let (is_group, restrictions) =
            (!channel.broadcast, channel.banned.get(&actor.user).cloned());
        let inviter = entry.map_or(actor.user, Entry::by);
        self.put_into_channel(id, actor.user, inviter, actor.date());
        if let (Some(banned), Some(channel)) = (restrictions, self.talk.channels.get_mut(&id)) {
            channel.banned.insert(actor.user, banned);
        }
        batch.tell(actor.user, types::UpdateChannel { channel_id: id });
        if is_group {
            let content = match entry {
                Some(entry) => Content::action(entry.action()),
                None => {
                    Content::action(types::MessageActionChatAddUser { users: vec![actor.user] })
                }
            };
            self.say(batch, actor, Peer::Channel(id), content)?;
        }
        self.tell_bots_of_channel(batch, actor, id, actor.user, None);
        Ok(())
    }

    /// Takes somebody out of a channel, and has it said there.
    fn take_out(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        user: i64,
    ) -> Result<(), RpcError> {
        let Some(channel) = self.talk.channels.get_mut(&id) else { return Ok(()) };
        let is_group = !channel.broadcast;
        if channel.members.remove(&user).is_none() {
            return Ok(());
        }
        batch.tell(user, types::UpdateChannel { channel_id: id });
        if is_group {
            let action = types::MessageActionChatDeleteUser { user_id: user };
            self.say(batch, actor, Peer::Channel(id), Content::action(action))?;
        }
        Ok(())
    }

    /// Somebody leaves a channel.
    ///
    /// # Errors
    /// `USER_CREATOR`, `USER_NOT_PARTICIPANT`.
    pub(crate) fn leave_channel(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
    ) -> Result<(), RpcError> {
        let channel = self.channel_of(actor.user, id, actor.date())?;
        if channel.creator == actor.user {
            return refused("USER_CREATOR");
        }
        if !channel.members.contains_key(&actor.user) {
            return refused("USER_NOT_PARTICIPANT");
        }
        let before = channel_participant(channel, actor.user, actor.user);
        self.take_out(batch, actor, id, actor.user)?;
        self.tell_bots_of_channel(batch, actor, id, actor.user, before);
        Ok(())
    }

    /// Renames a channel.
    ///
    /// # Errors
    /// `CHAT_TITLE_EMPTY`, `CHAT_NOT_MODIFIED`, `CHAT_ADMIN_REQUIRED`.
    pub(crate) fn rename_channel(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        title: &str,
    ) -> Result<(), RpcError> {
        let title = checked_title(title)?;
        self.may_change_info(actor, Peer::Channel(id))?;
        let channel = self.channel_of(actor.user, id, actor.date())?;
        if channel.title == title {
            return refused("CHAT_NOT_MODIFIED");
        }
        if let Some(channel) = self.talk.channels.get_mut(&id) {
            channel.title.clone_from(&title);
        }
        self.tell_channel(batch, id);
        let action = types::MessageActionChatEditTitle { title };
        self.say(batch, actor, Peer::Channel(id), Content::action(action))?;
        Ok(())
    }

    /// Makes somebody an admin with these rights; without any, no more one.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED`, `RIGHT_FORBIDDEN`, `USER_CREATOR`, `ADMINS_TOO_MUCH`,
    /// `USER_NOT_PARTICIPANT` if they can't be brought in by the way.
    pub(crate) fn set_admin(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        user: i64,
        rights: types::ChatAdminRights,
        rank: Option<String>,
    ) -> Result<(), RpcError> {
        let channel = self.channel_of(actor.user, id, actor.date())?;
        channel.admin(actor.user, |rights| rights.add_admins)?;
        let is_creator = channel.creator == actor.user;
        if channel.creator == user {
            return refused("USER_CREATOR");
        }
        let own = channel.rights(actor.user);
        if !is_creator && own.is_none_or(|own| !covers(&own, &rights)) {
            return Err(RpcError::new(403, "RIGHT_FORBIDDEN"));
        }
        let member = channel.members.get(&user);
        let by = member.and_then(|member| member.admin.as_ref()).map(|admin| admin.by);
        if by.is_some_and(|by| by != actor.user) && !is_creator {
            return refused("CHAT_ADMIN_REQUIRED");
        }
        let admins = channel.members.values().filter(|member| member.admin.is_some()).count();
        if by.is_none() && admins >= MOST_ADMINS {
            return refused("ADMINS_TOO_MUCH");
        }
        let before = channel_participant(channel, user, user);
        if member.is_none() {
            if !self.can_be_invited(actor.user, user) {
                return refused("USER_NOT_PARTICIPANT");
            }
            self.put_into_channel(id, user, actor.user, actor.date());
        }
        let is_admin = rights != types::ChatAdminRights::new();
        let admin = is_admin.then_some(Admin { by: actor.user, rights, rank });
        if let Some(channel) = self.talk.channels.get_mut(&id) {
            channel.banned.remove(&user);
            if let Some(member) = channel.members.get_mut(&user) {
                member.admin = admin;
            }
        }
        batch.tell(user, types::UpdateChannel { channel_id: id });
        batch.tell(actor.user, types::UpdateChannel { channel_id: id });
        self.tell_bots_of_channel(batch, actor, id, user, before);
        Ok(())
    }

    /// Forbids somebody something in a channel, or to be there; nothing any more if nothing is named.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED`, `USER_ADMIN_INVALID`.
    pub(crate) fn set_banned(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        user: i64,
        rights: types::ChatBannedRights,
    ) -> Result<(), RpcError> {
        let channel = self.channel_of(actor.user, id, actor.date())?;
        channel.admin(actor.user, |rights| rights.ban_users)?;
        let admin = channel.members.get(&user).and_then(|member| member.admin.as_ref());
        let is_creator = channel.creator == actor.user;
        let is_mine = admin.is_none_or(|admin| admin.by == actor.user || is_creator);
        if channel.creator == user || user == actor.user || !is_mine {
            return refused("USER_ADMIN_INVALID");
        }
        let before = channel_participant(channel, user, user);
        let until_date = rights.until_date;
        let is_free = rights == types::ChatBannedRights::new(until_date);
        let is_kick = rights.view_messages;
        if let Some(channel) = self.talk.channels.get_mut(&id) {
            if let Some(member) = channel.members.get_mut(&user) {
                member.admin = None;
            }
            if is_free {
                channel.banned.remove(&user);
            } else {
                let banned = Banned { by: actor.user, date: actor.date(), rights };
                channel.banned.insert(user, banned);
            }
        }
        if is_kick {
            self.take_out(batch, actor, id, user)?;
        } else {
            batch.tell(user, types::UpdateChannel { channel_id: id });
        }
        batch.tell(actor.user, types::UpdateChannel { channel_id: id });
        self.tell_bots_of_channel(batch, actor, id, user, before);
        Ok(())
    }

    /// Gives a channel a username, or takes it if it is empty.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED`, `USERNAME_INVALID`, `USERNAME_OCCUPIED`, `USERNAME_NOT_MODIFIED`.
    pub(crate) fn set_channel_username(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        username: &str,
    ) -> Result<(), RpcError> {
        let channel = self.channel_of(actor.user, id, actor.date())?;
        if channel.creator != actor.user {
            return refused("CHAT_ADMIN_REQUIRED");
        }
        if channel.username.as_deref().unwrap_or_default() == username {
            return refused("USERNAME_NOT_MODIFIED");
        }
        if !username.is_empty() {
            self.check_channel_username(username)?;
        }
        if let Some(channel) = self.talk.channels.get_mut(&id) {
            channel.username = (!username.is_empty()).then(|| username.to_owned());
        }
        self.tell_channel(batch, id);
        Ok(())
    }

    /// Whether a channel may take a username.
    ///
    /// # Errors
    /// `USERNAME_INVALID`, `USERNAME_OCCUPIED`.
    pub(crate) fn check_channel_username(&self, username: &str) -> Result<(), RpcError> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let begins_well = username.starts_with(|letter: char| letter.is_ascii_alphabetic());
        if !(5..=32).contains(&username.len()) || !begins_well || !username.chars().all(is_letter) {
            return refused("USERNAME_INVALID");
        }
        let is_taken = self.accounts.by_username(username).is_some()
            || self.channel_by_username(username).is_some();
        if is_taken { refused("USERNAME_OCCUPIED") } else { Ok(()) }
    }

    /// The channel with a username, in whatever case.
    pub fn channel_by_username(&self, username: &str) -> Option<i64> {
        let has = |channel: &Channel| {
            channel.username.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(username))
        };
        self.talk.channels.iter().find(|(_, channel)| has(channel)).map(|(id, _)| *id)
    }

    /// Deletes a channel with all that was said in it. Its name is remembered for those who were in it.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED` if it is not the creator's wish.
    pub(crate) fn delete_channel(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
    ) -> Result<(), RpcError> {
        let channel = self.channel_of(actor.user, id, actor.date())?;
        if channel.creator != actor.user {
            return refused("CHAT_ADMIN_REQUIRED");
        }
        self.tell_channel(batch, id);
        if let Some(channel) = self.talk.channels.get_mut(&id) {
            for number in std::mem::take(&mut channel.held).into_values() {
                self.talk.posts.remove(number);
            }
            channel.members.clear();
            channel.banned.clear();
            channel.links = Links::default();
            (channel.username, channel.creator) = (None, 0);
        }
        Ok(())
    }
}

/// Whether somebody with these rights may give those to another.
fn covers(own: &types::ChatAdminRights, given: &types::ChatAdminRights) -> bool {
    let has = |own: bool, given: bool| own || !given;
    has(own.change_info, given.change_info)
        && has(own.post_messages, given.post_messages)
        && has(own.edit_messages, given.edit_messages)
        && has(own.delete_messages, given.delete_messages)
        && has(own.ban_users, given.ban_users)
        && has(own.invite_users, given.invite_users)
        && has(own.pin_messages, given.pin_messages)
        && has(own.add_admins, given.add_admins)
        && has(own.anonymous, given.anonymous)
        && has(own.manage_call, given.manage_call)
}
