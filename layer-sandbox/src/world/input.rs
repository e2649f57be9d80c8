//! Whom and what a client means: peers and channels as queries name them, with their access hashes.

use layer_tl_types::{enums, types};

use super::chats::Channel;
use super::fanout::Actor;
use super::shown::peers_of_message;
use super::{Peer, World};
use crate::router::{Caller, RpcError};

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl World {
    /// Who asks, and when.
    ///
    /// # Errors
    /// If nobody is logged in.
    pub(crate) fn actor(&self, caller: &Caller) -> Result<Actor, RpcError> {
        Ok(Actor { user: caller.user()?, now: caller.now })
    }

    /// The conversation that somebody means.
    ///
    /// # Errors
    /// `PEER_ID_INVALID`, or as for channels.
    pub(crate) fn peer(&self, actor: &Actor, peer: &enums::InputPeer) -> Result<Peer, RpcError> {
        match peer {
            enums::InputPeer::Empty => refused("PEER_ID_INVALID"),
            enums::InputPeer::PeerSelf => Ok(Peer::User(actor.user)),
            enums::InputPeer::Chat(chat) => {
                let group = self.talk.groups.get(&chat.chat_id);
                let was_in = group.is_some_and(|group| {
                    group.members.contains_key(&actor.user) || group.gone.contains_key(&actor.user)
                });
                if was_in { Ok(Peer::Chat(chat.chat_id)) } else { refused("PEER_ID_INVALID") }
            }
            enums::InputPeer::User(user) => {
                let types::InputPeerUser { user_id, access_hash } = *user;
                let known = self.may_name(actor.user, user_id, access_hash);
                if known { Ok(Peer::User(user_id)) } else { refused("PEER_ID_INVALID") }
            }
            enums::InputPeer::Channel(channel) => {
                let types::InputPeerChannel { channel_id, access_hash } = *channel;
                let channel = types::InputChannel { channel_id, access_hash }.into();
                self.input_channel(actor, &channel).map(|(id, _)| Peer::Channel(id))
            }
            enums::InputPeer::UserFromMessage(user) => {
                let shown = Peer::User(user.user_id);
                self.shown_in(actor, &user.peer, user.msg_id, shown).map(|()| shown)
            }
            enums::InputPeer::ChannelFromMessage(channel) => {
                let shown = Peer::Channel(channel.channel_id);
                self.shown_in(actor, &channel.peer, channel.msg_id, shown)?;
                self.channel_of(actor.user, channel.channel_id, actor.date()).map(|_| shown)
            }
        }
    }

    /// The channel that somebody means and may read.
    ///
    /// # Errors
    /// `CHANNEL_INVALID`, `CHANNEL_PRIVATE`, `MSG_ID_INVALID`.
    pub(crate) fn input_channel(
        &self,
        actor: &Actor,
        channel: &enums::InputChannel,
    ) -> Result<(i64, &Channel), RpcError> {
        let id = match channel {
            enums::InputChannel::Empty => return refused("CHANNEL_INVALID"),
            enums::InputChannel::Channel(channel) => {
                let types::InputChannel { channel_id, access_hash } = *channel;
                let right = access_hash == self.accounts.access_hash(actor.user, channel_id)
                    || access_hash == 0 && self.accounts.is_bot(actor.user);
                if !right {
                    return refused("CHANNEL_INVALID");
                }
                channel_id
            }
            enums::InputChannel::FromMessage(channel) => {
                let shown = Peer::Channel(channel.channel_id);
                self.shown_in(actor, &channel.peer, channel.msg_id, shown)?;
                channel.channel_id
            }
        };
        self.channel_of(actor.user, id, actor.date()).map(|channel| (id, channel))
    }

    /// Checks that a message shows somebody: so those are named who are known by a `min` constructor
    /// only (api/min).
    ///
    /// # Errors
    /// `MSG_ID_INVALID` if it does not.
    pub(crate) fn shown_in(
        &self,
        actor: &Actor,
        peer: &enums::InputPeer,
        msg_id: i32,
        shown: Peer,
    ) -> Result<(), RpcError> {
        // Where a message is, is not named by a message again.
        if matches!(
            peer,
            enums::InputPeer::UserFromMessage(_) | enums::InputPeer::ChannelFromMessage(_)
        ) {
            return refused("MSG_ID_INVALID");
        }
        let peer = self.peer(actor, peer)?;
        let message = self.message(actor.user, peer, msg_id);
        let shows = message.is_some_and(|message| peers_of_message(&message).contains(&shown));
        if shows { Ok(()) } else { refused("MSG_ID_INVALID") }
    }
}
