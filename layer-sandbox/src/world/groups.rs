//! Basic groups: made, joined, left, renamed, and turned into supergroups.

use std::collections::BTreeMap;

use layer_tl_types::{enums, types};

use super::chats::{Entry, Group, GroupMember, Links, group_participant, nothing_banned};
use super::fanout::{Actor, Batch};
use super::posts::Content;
use super::{Peer, Talk, World};
use crate::router::RpcError;

/// The longest title, in characters; longer ones are cut.
const LONGEST_TITLE: usize = 128;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

/// A title as it is kept.
///
/// # Errors
/// `CHAT_TITLE_EMPTY`.
pub(crate) fn checked_title(title: &str) -> Result<String, RpcError> {
    let title: String = title.trim().chars().take(LONGEST_TITLE).collect();
    if title.is_empty() { refused("CHAT_TITLE_EMPTY") } else { Ok(title) }
}

/// Somebody who could not be brought in.
pub(crate) fn missing(user_id: i64) -> enums::MissingInvitee {
    types::MissingInvitee::new(user_id).into()
}

impl World {
    /// Whether somebody may be brought into chats by another: not if they have blocked them, and some bots
    /// never.
    pub(crate) fn can_be_invited(&self, by: i64, user: i64) -> bool {
        self.accounts.get(user).is_some_and(|user| {
            let nochats = user.bot.as_ref().is_some_and(|bot| bot.nochats);
            !user.blocked.contains_key(&by) && !nochats
        })
    }

    /// Makes a basic group. Returns its id and who could not be brought in.
    ///
    /// # Errors
    /// `CHAT_TITLE_EMPTY`, `USERS_TOO_MUCH`, `CHAT_ID_GENERATE_FAILED` if there are too many chats.
    pub(crate) fn create_group(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        title: &str,
        users: &[i64],
    ) -> Result<(i64, Vec<enums::MissingInvitee>), RpcError> {
        let title = checked_title(title)?;
        if users.len() >= Group::MOST_MEMBERS {
            return refused("USERS_TOO_MUCH");
        }
        let id = self.new_chat_id()?;
        let (mut members, mut missed) = (BTreeMap::new(), Vec::new());
        let member = GroupMember { inviter: actor.user, date: actor.date(), admin: false };
        for user in users {
            if self.can_be_invited(actor.user, *user) {
                members.insert(*user, member);
            } else {
                missed.push(missing(*user));
            }
        }
        members.insert(actor.user, member);
        let users = members.keys().copied().filter(|id| *id != actor.user).collect();
        let group = Group {
            title: title.clone(),
            about: String::new(),
            creator: actor.user,
            date: actor.date(),
            version: 1,
            members,
            gone: BTreeMap::new(),
            migrated_to: None,
            default_banned: nothing_banned(),
            links: Links::default(),
            photo: None,
        };
        self.talk.groups.insert(id, group);
        self.tell_participants(batch, id);
        let random_id = self.random_id();
        let action = types::MessageActionChatCreate { title, users };
        let said = self.say(batch, actor, Peer::Chat(id), Content::action(action))?;
        self.remember(batch, actor, Peer::Chat(id), said, Some(random_id));
        for member in self.members_of(id) {
            self.tell_bots_of_group(batch, actor, id, member, None);
        }
        Ok((id, missed))
    }

    /// An id for a new chat.
    pub(crate) fn new_chat_id(&mut self) -> Result<i64, RpcError> {
        if self.talk.groups.len() + self.talk.channels.len() >= Talk::MOST_CHATS {
            return Err(RpcError::new(500, "CHAT_ID_GENERATE_FAILED"));
        }
        self.talk.last_chat_id += 1;
        Ok(self.talk.last_chat_id)
    }

    fn members_of(&self, id: i64) -> Vec<i64> {
        let group = self.talk.groups.get(&id);
        group.into_iter().flat_map(|group| group.members.keys().copied()).collect()
    }

    /// Tells all members of a group who is in it.
    fn tell_participants(&self, batch: &mut Batch, id: i64) {
        let participants = self.group_participants(id);
        for member in self.members_of(id) {
            let participants = participants.clone();
            batch.tell(member, types::UpdateChatParticipants { participants });
        }
    }

    /// Tells a bot what became of it in a group, and bots that are admins there what became of others.
    fn tell_bots_of_group(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        chat_id: i64,
        user_id: i64,
        before: Option<enums::ChatParticipant>,
    ) {
        let Some(group) = self.talk.groups.get(&chat_id) else { return };
        let new_participant = group_participant(group, user_id);
        let admins = group.members.keys().filter(|id| group.is_admin(**id)).copied();
        let mut bots: Vec<i64> = admins.chain([user_id]).collect();
        bots.sort_unstable();
        bots.dedup();
        bots.retain(|id| self.accounts.is_bot(*id));
        let (date, actor_id) = (actor.date(), actor.user);
        for bot in bots {
            let (prev_participant, new_participant) = (before.clone(), new_participant.clone());
            self.happened_to_bot(batch, bot, |qts| {
                let update =
                    types::UpdateChatParticipant::new(chat_id, date, actor_id, user_id, qts);
                types::UpdateChatParticipant { prev_participant, new_participant, ..update }.into()
            });
        }
    }

    /// Brings somebody into a group: another, or oneself, and how then.
    ///
    /// # Errors
    /// `USER_ALREADY_PARTICIPANT`, `USERS_TOO_MUCH`, `CHAT_ADMIN_REQUIRED`, `USER_PRIVACY_RESTRICTED`.
    pub(crate) fn add_to_group(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        user: i64,
        entry: Option<Entry>,
    ) -> Result<(), RpcError> {
        let Some(group) = self.talk.groups.get(&id) else { return refused("CHAT_ID_INVALID") };
        if group.migrated_to.is_some() {
            return refused("CHAT_ID_INVALID");
        }
        if group.members.contains_key(&user) {
            return refused("USER_ALREADY_PARTICIPANT");
        }
        if group.members.len() >= Group::MOST_MEMBERS {
            return refused("USERS_TOO_MUCH");
        }
        if entry.is_none() {
            self.group_of(actor.user, id)?;
            if group.default_banned.invite_users && !group.is_admin(actor.user) {
                return refused("CHAT_ADMIN_REQUIRED");
            }
            if !self.can_be_invited(actor.user, user) {
                return Err(RpcError::new(403, "USER_PRIVACY_RESTRICTED"));
            }
        }
        let inviter = entry.map_or(actor.user, Entry::by);
        if let Some(group) = self.talk.groups.get_mut(&id) {
            group.gone.remove(&user);
            let member = GroupMember { inviter, date: actor.date(), admin: false };
            group.members.insert(user, member);
            group.version += 1;
        }
        self.tell_participants(batch, id);
        let content = match entry {
            Some(entry) => Content::action(entry.action()),
            None => Content::action(types::MessageActionChatAddUser { users: vec![user] }),
        };
        self.say(batch, actor, Peer::Chat(id), content)?;
        self.tell_bots_of_group(batch, actor, id, user, None);
        Ok(())
    }

    /// Takes somebody out of a group: another, or oneself.
    ///
    /// # Errors
    /// `USER_NOT_PARTICIPANT`, `CHAT_ADMIN_REQUIRED`.
    pub(crate) fn remove_from_group(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        user: i64,
    ) -> Result<(), RpcError> {
        let group = self.group_of(actor.user, id)?;
        let Some(member) = group.members.get(&user) else { return refused("USER_NOT_PARTICIPANT") };
        let is_own = user == actor.user;
        let may = group.is_admin(actor.user) || member.inviter == actor.user;
        if !is_own && (!may || group.creator == user) {
            return refused("CHAT_ADMIN_REQUIRED");
        }
        let before = group_participant(group, user);
        let action = types::MessageActionChatDeleteUser { user_id: user };
        self.say(batch, actor, Peer::Chat(id), Content::action(action))?;
        if let Some(group) = self.talk.groups.get_mut(&id) {
            group.members.remove(&user);
            group.gone.insert(user, !is_own);
            group.version += 1;
        }
        self.tell_participants(batch, id);
        let participants = types::ChatParticipantsForbidden::new(id).into();
        batch.tell(user, types::UpdateChatParticipants { participants });
        self.tell_bots_of_group(batch, actor, id, user, before);
        Ok(())
    }

    /// Renames a group.
    ///
    /// # Errors
    /// `CHAT_TITLE_EMPTY`, `CHAT_NOT_MODIFIED`, `CHAT_ADMIN_REQUIRED`.
    pub(crate) fn rename_group(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        title: &str,
    ) -> Result<(), RpcError> {
        let title = checked_title(title)?;
        self.may_change_info(actor, Peer::Chat(id))?;
        let group = self.group_of(actor.user, id)?;
        if group.title == title {
            return refused("CHAT_NOT_MODIFIED");
        }
        if let Some(group) = self.talk.groups.get_mut(&id) {
            group.title.clone_from(&title);
        }
        let action = types::MessageActionChatEditTitle { title };
        self.say(batch, actor, Peer::Chat(id), Content::action(action))?;
        Ok(())
    }

    /// Makes somebody an admin of a group, or no more.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED`, `USER_NOT_PARTICIPANT`, `USER_ID_INVALID` for its creator.
    pub(crate) fn set_group_admin(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        user: i64,
        is_admin: bool,
    ) -> Result<(), RpcError> {
        let group = self.group_of(actor.user, id)?;
        if group.creator != actor.user {
            return refused("CHAT_ADMIN_REQUIRED");
        }
        if group.creator == user {
            return refused("USER_ID_INVALID");
        }
        let before = group_participant(group, user);
        let Some(group) = self.talk.groups.get_mut(&id) else { return refused("CHAT_ID_INVALID") };
        let Some(member) = group.members.get_mut(&user) else {
            return refused("USER_NOT_PARTICIPANT");
        };
        if member.admin == is_admin {
            return Ok(());
        }
        member.admin = is_admin;
        group.version += 1;
        let (chat_id, user_id, version) = (id, user, group.version);
        for member in self.members_of(id) {
            let update = types::UpdateChatParticipantAdmin { chat_id, user_id, is_admin, version };
            batch.tell(member, update);
        }
        self.tell_bots_of_group(batch, actor, id, user, before);
        Ok(())
    }

    /// Turns a basic group into a supergroup, with all who are in it. Returns its id.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED` if it is not the creator's wish; `CHAT_ID_INVALID` if it is one already.
    pub(crate) fn migrate_group(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
    ) -> Result<i64, RpcError> {
        let group = self.group_of(actor.user, id)?;
        if group.creator != actor.user {
            return refused("CHAT_ADMIN_REQUIRED");
        }
        if group.migrated_to.is_some() {
            return refused("CHAT_ID_INVALID");
        }
        let (title, about) = (group.title.clone(), group.about.clone());
        let members: Vec<i64> = group.members.keys().copied().collect();
        let channel_id = self.new_channel(actor, &title, &about, false)?;
        if let Some(channel) = self.talk.channels.get_mut(&channel_id) {
            channel.migrated_from = Some(id);
        }
        for member in members.iter().filter(|member| **member != actor.user) {
            self.put_into_channel(channel_id, *member, actor.user, actor.date());
        }
        let action = types::MessageActionChatMigrateTo { channel_id };
        self.say(batch, actor, Peer::Chat(id), Content::action(action))?;
        if let Some(group) = self.talk.groups.get_mut(&id) {
            group.migrated_to = Some(channel_id);
            group.version += 1;
        }
        for member in members {
            batch.tell(member, types::UpdateChannel { channel_id });
        }
        let action = types::MessageActionChannelMigrateFrom { title, chat_id: id };
        self.say(batch, actor, Peer::Channel(channel_id), Content::action(action))?;
        Ok(channel_id)
    }
}
