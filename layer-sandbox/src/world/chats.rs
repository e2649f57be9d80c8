//! Basic groups, supergroups and channels: who is in them, what they may do there, and how a chat looks
//! to whom.

use std::collections::BTreeMap;

use layer_tl_types::{enums, types};

use super::boxes::{Event, Log};
use super::{Peer, World};
use crate::router::RpcError;

/// The longest description of a chat, in characters.
pub(crate) const LONGEST_ABOUT: usize = 255;

/// A basic group.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) creator: i64,
    pub(crate) date: i32,
    /// Grows with every change of its members.
    pub(crate) version: i32,
    pub(crate) members: BTreeMap<i64, GroupMember>,
    /// Who was in it and is not any more, and whether by somebody else's will.
    pub(crate) gone: BTreeMap<i64, bool>,
    /// The supergroup that it has become.
    pub(crate) migrated_to: Option<i64>,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) default_banned: types::ChatBannedRights,
    pub(crate) links: Links,
    #[serde(default)]
    pub(crate) photo: Option<i64>,
}

/// Without its name and its links.
impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group")
            .field("members", &self.members.len())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Somebody in a basic group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct GroupMember {
    pub(crate) inviter: i64,
    pub(crate) date: i32,
    pub(crate) admin: bool,
}

impl Group {
    /// So many members it may have.
    pub(crate) const MOST_MEMBERS: usize = 200;

    /// Whether somebody may change it.
    pub(crate) fn is_admin(&self, id: i64) -> bool {
        self.creator == id || self.members.get(&id).is_some_and(|member| member.admin)
    }
}

/// A supergroup or a broadcast channel.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Channel {
    pub(crate) title: String,
    pub(crate) about: String,
    /// Only its admins speak there, in its name; else it is a supergroup.
    pub(crate) broadcast: bool,
    pub(crate) username: Option<String>,
    pub(crate) creator: i64,
    pub(crate) date: i32,
    pub(crate) members: BTreeMap<i64, Member>,
    /// Who may not do all, or not even be there.
    pub(crate) banned: BTreeMap<i64, Banned>,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) default_banned: types::ChatBannedRights,
    pub(crate) links: Links,
    #[serde(default)]
    pub(crate) photo: Option<i64>,
    /// The basic group that it was.
    pub(crate) migrated_from: Option<i64>,
    pub(crate) pts: Log<Event>,
    /// When something happened in its box last.
    pub(crate) changed: i32,
    /// Its messages, by their identifiers.
    pub(crate) held: BTreeMap<i32, u64>,
    pub(crate) last_id: i32,
}

/// Without what was said.
impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel")
            .field("pts", &self.pts.at())
            .field("members", &self.members.len())
            .field("messages", &self.held.len())
            .finish_non_exhaustive()
    }
}

/// Somebody in a channel.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Member {
    pub(crate) inviter: i64,
    pub(crate) date: i32,
    pub(crate) admin: Option<Admin>,
}

/// What an admin has more.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Admin {
    pub(crate) by: i64,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) rights: types::ChatAdminRights,
    pub(crate) rank: Option<String>,
}

/// That somebody may not do all.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Banned {
    pub(crate) by: i64,
    pub(crate) date: i32,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) rights: types::ChatBannedRights,
}

impl Channel {
    /// So many members it may have.
    pub(crate) const MOST_MEMBERS: usize = 200_000;

    /// What somebody may do as an admin: all, as its creator.
    pub(crate) fn rights(&self, id: i64) -> Option<types::ChatAdminRights> {
        if id == self.creator {
            return Some(all_rights());
        }
        Some(self.members.get(&id)?.admin.as_ref()?.rights.clone())
    }

    /// Whether somebody may do something as an admin.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED` if not.
    pub(crate) fn admin(
        &self,
        id: i64,
        may: impl FnOnce(&types::ChatAdminRights) -> bool,
    ) -> Result<(), RpcError> {
        let may = self.rights(id).is_some_and(|rights| may(&rights));
        may.then_some(()).ok_or_else(|| RpcError::new(400, "CHAT_ADMIN_REQUIRED"))
    }

    /// What was forbidden to somebody, if that has not ended.
    pub(crate) fn ban(&self, id: i64, now: i32) -> Option<&Banned> {
        let banned = self.banned.get(&id)?;
        let until = banned.rights.until_date;
        (until == 0 || until > now).then_some(banned)
    }

    /// Whether somebody was thrown out.
    pub(crate) fn is_kicked(&self, id: i64, now: i32) -> bool {
        self.ban(id, now).is_some_and(|banned| banned.rights.view_messages)
    }

    /// Whether somebody may read it.
    pub(crate) fn is_open_to(&self, id: i64, now: i32) -> bool {
        !self.is_kicked(id, now) && (self.members.contains_key(&id) || self.username.is_some())
    }
}

/// A chat's invite links, by their hashes.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Links {
    pub(crate) known: BTreeMap<String, Link>,
    /// Who wants to be let in.
    #[serde(default)]
    pub(crate) asked: BTreeMap<i64, Asked>,
}

/// That somebody wants to be let in: by which link, and since when.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Asked {
    pub(crate) hash: String,
    pub(crate) date: i32,
}

/// That somebody has come by a link.
#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Came {
    pub(crate) date: i32,
    pub(crate) approved_by: Option<i64>,
}

/// How somebody comes in who is not brought by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// By a link of this one.
    Link(i64),
    /// Has asked, and was let in by this one.
    Request(i64),
}

impl Entry {
    /// To whom it is owed.
    pub(crate) fn by(self) -> i64 {
        let (Self::Link(by) | Self::Request(by)) = self;
        by
    }

    /// What is said of it in the chat.
    pub(crate) fn action(self) -> enums::MessageAction {
        match self {
            Self::Link(inviter_id) => types::MessageActionChatJoinedByLink { inviter_id }.into(),
            Self::Request(_) => enums::MessageAction::ChatJoinedByRequest,
        }
    }
}

/// An invite link.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Link {
    pub(crate) by: i64,
    pub(crate) date: i32,
    /// The one that each admin has at once, until it is revoked.
    pub(crate) permanent: bool,
    pub(crate) revoked: bool,
    pub(crate) expires: Option<i32>,
    pub(crate) limit: Option<i32>,
    pub(crate) used: i32,
    pub(crate) title: Option<String>,
    /// Whoever uses it has to be let in by an admin.
    #[serde(default)]
    pub(crate) asks: bool,
    /// Who has come by it.
    #[serde(default)]
    pub(crate) came: BTreeMap<i64, Came>,
}

impl Links {
    /// So many a chat may have; the oldest revoked ones go first.
    pub(crate) const MOST: usize = 200;
    /// So many may wait to be let in.
    pub(crate) const MOST_ASKED: usize = 10_000;
}

impl Link {
    /// Whether it can be used.
    pub(crate) fn is_good(&self, now: i32) -> bool {
        !self.revoked
            && self.expires.is_none_or(|expires| expires > now)
            && self.limit.is_none_or(|limit| self.used < limit)
    }

    pub(crate) fn export(&self, hash: &str) -> enums::ExportedChatInvite {
        types::ChatInviteExported {
            revoked: self.revoked,
            permanent: self.permanent,
            request_needed: self.asks,
            expire_date: self.expires,
            usage_limit: self.limit,
            usage: (self.used > 0).then_some(self.used),
            title: self.title.clone(),
            ..types::ChatInviteExported::new(format!("https://t.me/+{hash}"), self.by, self.date)
        }
        .into()
    }
}

/// All that an admin may be let do.
pub(crate) fn all_rights() -> types::ChatAdminRights {
    types::ChatAdminRights {
        change_info: true,
        post_messages: true,
        edit_messages: true,
        delete_messages: true,
        ban_users: true,
        invite_users: true,
        pin_messages: true,
        add_admins: true,
        manage_call: true,
        other: true,
        ..types::ChatAdminRights::new()
    }
}

/// Nothing is forbidden; for ever, as servers write it.
pub(crate) fn nothing_banned() -> types::ChatBannedRights {
    types::ChatBannedRights::new(i32::MAX)
}

impl World {
    /// In how many groups, basic ones and supergroups, two people are both.
    pub(crate) fn common_groups(&self, one: i64, other: i64) -> usize {
        if one == other {
            return 0;
        }
        let both = |is_member: &dyn Fn(&i64) -> bool| is_member(&one) && is_member(&other);
        let groups = self.talk.groups.values().filter(|group| {
            group.migrated_to.is_none() && both(&|id| group.members.contains_key(id))
        });
        let channels =
            self.talk.channels.values().filter(|channel| {
                !channel.broadcast && both(&|id| channel.members.contains_key(id))
            });
        groups.count() + channels.count()
    }

    /// A basic group that somebody is in.
    ///
    /// # Errors
    /// `PEER_ID_INVALID` if there is no such group or it never was theirs; `CHAT_ID_INVALID` if they are in
    /// it no more.
    pub(crate) fn group_of(&self, viewer: i64, id: i64) -> Result<&Group, RpcError> {
        let group = self.talk.groups.get(&id);
        let group = group.ok_or_else(|| RpcError::new(400, "PEER_ID_INVALID"))?;
        if group.members.contains_key(&viewer) {
            return Ok(group);
        }
        let known = group.gone.contains_key(&viewer);
        Err(RpcError::new(400, if known { "CHAT_ID_INVALID" } else { "PEER_ID_INVALID" }))
    }

    /// A channel that somebody may read.
    ///
    /// # Errors
    /// `CHANNEL_INVALID` if there is none, `CHANNEL_PRIVATE` if it is closed to them.
    pub(crate) fn channel_of(&self, viewer: i64, id: i64, now: i32) -> Result<&Channel, RpcError> {
        let channel = self.talk.channels.get(&id);
        let channel = channel.ok_or_else(|| RpcError::new(400, "CHANNEL_INVALID"))?;
        let open = channel.is_open_to(viewer, now);
        open.then_some(channel).ok_or_else(|| RpcError::new(400, "CHANNEL_PRIVATE"))
    }

    /// A chat as somebody sees it.
    pub(crate) fn chat(&self, viewer: i64, peer: Peer, now: i32) -> Option<enums::Chat> {
        match peer {
            Peer::User(_) => None,
            Peer::Chat(id) => Some(self.seen_group(viewer, id)),
            Peer::Channel(id) => Some(self.seen_channel(viewer, id, now)),
        }
    }

    fn seen_group(&self, viewer: i64, id: i64) -> enums::Chat {
        let Some(group) = self.talk.groups.get(&id) else {
            return types::ChatEmpty { id }.into();
        };
        let is_member = group.members.contains_key(&viewer);
        if !is_member && group.gone.get(&viewer) != Some(&false) {
            return types::ChatForbidden { id, title: group.title.clone() }.into();
        }
        let migrated_to = group.migrated_to.map(|channel_id| {
            let access_hash = self.accounts.access_hash(viewer, channel_id);
            types::InputChannel { channel_id, access_hash }.into()
        });
        let is_admin = group.members.get(&viewer).is_some_and(|member| member.admin);
        let count = i32::try_from(group.members.len()).unwrap_or(i32::MAX);
        let (title, photo) = (group.title.clone(), self.chat_portrait(Peer::Chat(id)));
        types::Chat {
            creator: group.creator == viewer,
            left: !is_member,
            deactivated: migrated_to.is_some(),
            migrated_to,
            admin_rights: is_admin.then(|| all_rights().into()),
            default_banned_rights: Some(group.default_banned.clone().into()),
            ..types::Chat::new(id, title, photo, count, group.date, group.version)
        }
        .into()
    }

    fn seen_channel(&self, viewer: i64, id: i64, now: i32) -> enums::Chat {
        let access_hash = self.accounts.access_hash(viewer, id);
        let Some(channel) = self.talk.channels.get(&id) else {
            return types::ChannelForbidden::new(id, access_hash, String::new()).into();
        };
        let (broadcast, megagroup) = (channel.broadcast, !channel.broadcast);
        let title = channel.title.clone();
        if !channel.is_open_to(viewer, now) {
            let until_date = channel.ban(viewer, now).map(|banned| banned.rights.until_date);
            let until_date = until_date.filter(|until| *until != 0);
            let forbidden = types::ChannelForbidden::new(id, access_hash, title);
            return types::ChannelForbidden { broadcast, megagroup, until_date, ..forbidden }
                .into();
        }
        let is_creator = channel.creator == viewer;
        let count = i32::try_from(channel.members.len()).unwrap_or(i32::MAX);
        let photo = self.chat_portrait(Peer::Channel(id));
        types::Channel {
            creator: is_creator,
            left: !channel.members.contains_key(&viewer),
            broadcast,
            megagroup,
            access_hash: Some(access_hash),
            username: channel.username.clone(),
            admin_rights: channel.rights(viewer).map(Into::into),
            banned_rights: channel.ban(viewer, now).map(|banned| banned.rights.clone().into()),
            default_banned_rights: megagroup.then(|| channel.default_banned.clone().into()),
            participants_count: Some(count),
            ..types::Channel::new(id, title, photo, channel.date)
        }
        .into()
    }

    /// All who are in a basic group, as its members see it.
    pub(crate) fn group_participants(&self, id: i64) -> enums::ChatParticipants {
        let Some(group) = self.talk.groups.get(&id) else {
            return types::ChatParticipantsForbidden::new(id).into();
        };
        let participants = group.members.keys().filter_map(|user| group_participant(group, *user));
        let (participants, version) = (participants.collect(), group.version);
        types::ChatParticipants { chat_id: id, participants, version }.into()
    }
}

/// Somebody in a basic group, as its members see them.
pub(crate) fn group_participant(group: &Group, user_id: i64) -> Option<enums::ChatParticipant> {
    let GroupMember { inviter, date, admin } = *group.members.get(&user_id)?;
    Some(if group.creator == user_id {
        types::ChatParticipantCreator::new(user_id).into()
    } else if admin {
        types::ChatParticipantAdmin::new(user_id, inviter, date).into()
    } else {
        types::ChatParticipant::new(user_id, inviter, date).into()
    })
}

/// Somebody in a channel, or kept out of it, as `viewer` sees them.
pub(crate) fn channel_participant(
    channel: &Channel,
    viewer: i64,
    user_id: i64,
) -> Option<enums::ChannelParticipant> {
    if let Some(banned) = channel.banned.get(&user_id) {
        let Banned { by, date, rights } = banned.clone();
        let peer = Peer::User(user_id).into();
        let left = !channel.members.contains_key(&user_id);
        let banned = types::ChannelParticipantBanned::new(peer, by, date, rights.into());
        return Some(types::ChannelParticipantBanned { left, ..banned }.into());
    }
    let Member { inviter, date, admin } = channel.members.get(&user_id)?;
    if channel.creator == user_id {
        let rank = admin.as_ref().and_then(|admin| admin.rank.clone());
        let creator = types::ChannelParticipantCreator::new(user_id, all_rights().into());
        return Some(types::ChannelParticipantCreator { rank, ..creator }.into());
    }
    Some(match admin {
        Some(Admin { by, rights, rank }) => {
            let admin =
                types::ChannelParticipantAdmin::new(user_id, *by, *date, rights.clone().into());
            types::ChannelParticipantAdmin {
                can_edit: viewer == channel.creator || viewer == *by,
                is_self: viewer == user_id,
                inviter_id: (viewer == user_id).then_some(*inviter),
                rank: rank.clone(),
                ..admin
            }
            .into()
        }
        None if viewer == user_id => {
            types::ChannelParticipantSelf::new(user_id, *inviter, *date).into()
        }
        None => types::ChannelParticipant::new(user_id, *date).into(),
    })
}
