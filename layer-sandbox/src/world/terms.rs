//! What a group or channel lets all its members do, and what it says of itself.

use layer_tl_types::types;

use super::chats::LONGEST_ABOUT;
use super::fanout::{Actor, Batch};
use super::{Peer, World};
use crate::router::RpcError;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl World {
    /// Forbids something to all members of a group or supergroup who are no admins.
    ///
    /// # Errors
    /// `PEER_ID_INVALID`, `CHAT_ADMIN_REQUIRED`, `CHAT_NOT_MODIFIED`.
    pub(crate) fn set_default_banned(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        rights: types::ChatBannedRights,
    ) -> Result<(), RpcError> {
        // They are for ever.
        let rights = types::ChatBannedRights { until_date: i32::MAX, ..rights };
        let (version, members): (i32, Vec<i64>) = match peer {
            Peer::User(_) => return refused("PEER_ID_INVALID"),
            Peer::Chat(id) => {
                if !self.group_of(actor.user, id)?.is_admin(actor.user) {
                    return refused("CHAT_ADMIN_REQUIRED");
                }
                let Some(group) = self.talk.groups.get_mut(&id) else {
                    return refused("PEER_ID_INVALID");
                };
                if group.default_banned == rights {
                    return refused("CHAT_NOT_MODIFIED");
                }
                group.default_banned = rights.clone();
                group.version += 1;
                (group.version, group.members.keys().copied().collect())
            }
            Peer::Channel(id) => {
                let channel = self.channel_of(actor.user, id, actor.date())?;
                if channel.broadcast {
                    return refused("PEER_ID_INVALID");
                }
                channel.admin(actor.user, |rights| rights.ban_users)?;
                let Some(channel) = self.talk.channels.get_mut(&id) else {
                    return refused("PEER_ID_INVALID");
                };
                if channel.default_banned == rights {
                    return refused("CHAT_NOT_MODIFIED");
                }
                channel.default_banned = rights.clone();
                (0, channel.members.keys().copied().collect())
            }
        };
        for member in members {
            let (peer, default_banned_rights) = (peer.into(), rights.clone().into());
            let update =
                types::UpdateChatDefaultBannedRights { peer, default_banned_rights, version };
            batch.tell(member, update);
        }
        Ok(())
    }

    /// Says what a group or channel is about.
    ///
    /// # Errors
    /// `PEER_ID_INVALID`, `CHAT_ADMIN_REQUIRED`, `CHAT_ABOUT_TOO_LONG`, `CHAT_ABOUT_NOT_MODIFIED`.
    pub(crate) fn set_about(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        about: String,
    ) -> Result<(), RpcError> {
        if about.chars().count() > LONGEST_ABOUT {
            return refused("CHAT_ABOUT_TOO_LONG");
        }
        let own = match peer {
            Peer::User(_) => None,
            Peer::Chat(id) => {
                let group = self.group_of(actor.user, id)?;
                if group.default_banned.change_info && !group.is_admin(actor.user) {
                    return refused("CHAT_ADMIN_REQUIRED");
                }
                self.talk.groups.get_mut(&id).map(|group| &mut group.about)
            }
            Peer::Channel(id) => {
                let channel = self.channel_of(actor.user, id, actor.date())?;
                channel.admin(actor.user, |rights| rights.change_info)?;
                self.talk.channels.get_mut(&id).map(|channel| &mut channel.about)
            }
        };
        let Some(own) = own else { return refused("PEER_ID_INVALID") };
        if *own == about {
            return refused("CHAT_ABOUT_NOT_MODIFIED");
        }
        *own = about;
        match peer {
            Peer::Channel(id) => self.tell_channel(batch, id),
            Peer::Chat(id) => {
                let group = self.talk.groups.get(&id);
                for member in group.into_iter().flat_map(|group| group.members.keys()) {
                    batch.tell(*member, types::UpdateChat { chat_id: id });
                }
            }
            Peer::User(_) => {}
        }
        Ok(())
    }
}
