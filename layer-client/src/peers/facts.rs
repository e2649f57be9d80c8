//! What is worth remembering of the server's users and chats.

use layer_tl_types::{enums, types};

use crate::session::{PeerKind, SavedPeer};

/// So many names of one peer are remembered, each and phone numbers of so many bytes at most:
/// Telegram's are far below, and what a server sends must not fill our memory.
const MOST_USERNAMES: usize = 32;
const LONGEST: usize = 64;

/// What a user is known by; nothing if there is but an id.
pub(super) fn of_user(user: &enums::User) -> Option<SavedPeer> {
    let enums::User::User(user) = user else { return None };
    let mut peer = SavedPeer::new(PeerKind::User, user.id);
    peer.access_hash = user.access_hash;
    peer.is_min = user.min;
    peer.is_bot = user.bot;
    peer.usernames = names(user.username.as_deref(), user.usernames.as_deref());
    let is_sane = |phone: &&String| !phone.is_empty() && phone.len() <= LONGEST;
    peer.phone = user.phone.as_ref().filter(is_sane).cloned();
    Some(peer)
}

/// What a group or channel is known by; nothing if there is but an id.
pub(super) fn of_chat(chat: &enums::Chat) -> Option<SavedPeer> {
    Some(match chat {
        enums::Chat::Empty(_) => return None,
        enums::Chat::Chat(chat) => SavedPeer::new(PeerKind::Chat, chat.id),
        enums::Chat::Forbidden(chat) => SavedPeer::new(PeerKind::Chat, chat.id),
        enums::Chat::Channel(channel) => {
            let names = names(channel.username.as_deref(), channel.usernames.as_deref());
            of_channel(channel.id, channel.access_hash, channel.min, names)
        }
        enums::Chat::ChannelForbidden(channel) => {
            of_channel(channel.id, Some(channel.access_hash), false, Vec::new())
        }
        enums::Chat::Community(community) => {
            of_channel(community.id, community.access_hash, community.min, Vec::new())
        }
        enums::Chat::CommunityForbidden(community) => {
            of_channel(community.id, community.access_hash, false, Vec::new())
        }
    })
}

/// Communities are named as channels are.
fn of_channel(
    id: i64,
    access_hash: Option<i64>,
    is_min: bool,
    usernames: Vec<String>,
) -> SavedPeer {
    let mut peer = SavedPeer::new(PeerKind::Channel, id);
    peer.access_hash = access_hash;
    peer.is_min = is_min;
    peer.usernames = usernames;
    peer
}

/// The main name first, each once, none that is not in use.
fn names(main: Option<&str>, all: Option<&[enums::Username]>) -> Vec<String> {
    let others = all.unwrap_or_default().iter().filter_map(|username| {
        let enums::Username::Username(types::Username { active, username, .. }) = username;
        active.then_some(username.as_str())
    });
    let mut names: Vec<String> = Vec::new();
    for name in main.into_iter().chain(others).take(MOST_USERNAMES) {
        let is_sane = !name.is_empty() && name.len() <= LONGEST;
        if is_sane && !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}
