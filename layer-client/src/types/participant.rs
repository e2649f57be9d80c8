//! A member of a group or channel.

use std::fmt;

use layer_tl_types::enums::{ChannelParticipant, ChatParticipant, Peer, User};
use layer_tl_types::{enums, types};

/// A member, or one who was banned: who it is and what he may do.
///
/// `Debug` shows no names.
#[derive(Clone, PartialEq)]
pub struct Participant {
    user: Option<User>,
    peer: Peer,
    role: Role,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Role {
    /// Whoever made the group.
    Creator,
    /// An administrator, with these rights; those of a basic group have none of their own.
    Admin(Option<types::ChatAdminRights>),
    /// An ordinary member.
    Member,
    /// Restricted or banned: what was taken, and whether he is still there.
    Restricted(types::ChatBannedRights, bool),
    /// No member any more.
    Left,
}

impl Participant {
    pub(crate) fn of_channel(raw: ChannelParticipant, users: &[User]) -> Self {
        let user = |id| Peer::from(types::PeerUser { user_id: id });
        let (peer, role) = match raw {
            ChannelParticipant::Participant(it) => (user(it.user_id), Role::Member),
            ChannelParticipant::ParticipantSelf(it) => (user(it.user_id), Role::Member),
            ChannelParticipant::Creator(it) => (user(it.user_id), Role::Creator),
            ChannelParticipant::Admin(it) => {
                let enums::ChatAdminRights::Rights(rights) = it.admin_rights;
                (user(it.user_id), Role::Admin(Some(rights)))
            }
            ChannelParticipant::Banned(it) => {
                let enums::ChatBannedRights::Rights(rights) = it.banned_rights;
                (it.peer, Role::Restricted(rights, !it.left))
            }
            ChannelParticipant::Left(it) => (it.peer, Role::Left),
        };
        Self { user: find(&peer, users), peer, role }
    }

    pub(crate) fn of_chat(raw: ChatParticipant, users: &[User]) -> Self {
        let (user_id, role) = match raw {
            ChatParticipant::Participant(it) => (it.user_id, Role::Member),
            ChatParticipant::Creator(it) => (it.user_id, Role::Creator),
            ChatParticipant::Admin(it) => (it.user_id, Role::Admin(None)),
        };
        let peer = types::PeerUser { user_id }.into();
        Self { user: find(&peer, users), peer, role }
    }

    /// Who it is. Only a banned one may be a channel instead of a user.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The user.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// What he is.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Whether he made the group or is an administrator.
    pub fn is_admin(&self) -> bool {
        matches!(self.role, Role::Creator | Role::Admin(_))
    }

    /// Whether he can't see the chat any more.
    pub fn is_banned(&self) -> bool {
        matches!(&self.role, Role::Restricted(rights, _) if rights.view_messages)
    }

    /// Whether he is there.
    pub fn is_member(&self) -> bool {
        !matches!(&self.role, Role::Left | Role::Restricted(_, false))
    }
}

impl fmt::Debug for Participant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Participant");
        shown.field("peer", &self.peer).field("role", &self.role).finish_non_exhaustive()
    }
}

fn find(peer: &Peer, users: &[User]) -> Option<User> {
    let Peer::User(peer) = peer else { return None };
    let is_it = |user: &&User| matches!(user, User::User(user) if user.id == peer.user_id);
    users.iter().find(is_it).cloned()
}
