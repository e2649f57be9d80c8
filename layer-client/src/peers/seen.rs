//! Whom a message shows: its chat and id are enough to name them to the server.

use layer_tl_types::enums::{self, MessageAction, MessageEntity, Peer};

use crate::session::{PeerKey, PeerKind, SeenIn};

/// Where a message stands, and whom it shows.
pub(super) fn in_message(message: &enums::Message) -> Option<(SeenIn, Vec<PeerKey>)> {
    let mut shown = Vec::new();
    let (id, chat) = match message {
        enums::Message::Empty(_) => return None,
        enums::Message::Message(message) => {
            shown.extend(message.from_id.as_ref().map(key));
            if let Some(enums::MessageFwdHeader::Header(header)) = &message.fwd_from {
                shown.extend(header.from_id.as_ref().map(key));
                shown.extend(header.saved_from_peer.as_ref().map(key));
            }
            shown.extend(message.via_bot_id.map(user));
            shown.extend(message.entities.iter().flatten().filter_map(mentioned));
            (message.id, key(&message.peer_id))
        }
        enums::Message::Service(message) => {
            shown.extend(message.from_id.as_ref().map(key));
            of_action(&message.action, &mut shown);
            (message.id, key(&message.peer_id))
        }
    };
    Some((SeenIn { chat, message: id }, shown))
}

/// By which the peer of the schema is told apart.
pub(crate) fn key(peer: &Peer) -> PeerKey {
    match peer {
        Peer::User(peer) => user(peer.user_id),
        Peer::Chat(peer) => PeerKey { kind: PeerKind::Chat, id: peer.chat_id },
        Peer::Channel(peer) => PeerKey { kind: PeerKind::Channel, id: peer.channel_id },
    }
}

fn user(id: i64) -> PeerKey {
    PeerKey { kind: PeerKind::User, id }
}

fn mentioned(entity: &MessageEntity) -> Option<PeerKey> {
    match entity {
        MessageEntity::MentionName(mention) => Some(user(mention.user_id)),
        _ => None,
    }
}

fn of_action(action: &MessageAction, shown: &mut Vec<PeerKey>) {
    match action {
        MessageAction::ChatCreate(action) => shown.extend(action.users.iter().copied().map(user)),
        MessageAction::ChatAddUser(action) => shown.extend(action.users.iter().copied().map(user)),
        MessageAction::ChatDeleteUser(action) => shown.push(user(action.user_id)),
        MessageAction::ChatJoinedByLink(action) => shown.push(user(action.inviter_id)),
        MessageAction::InviteToGroupCall(action) => {
            shown.extend(action.users.iter().copied().map(user));
        }
        MessageAction::GeoProximityReached(action) => {
            shown.extend([key(&action.from_id), key(&action.to_id)]);
        }
        _ => {}
    }
}
