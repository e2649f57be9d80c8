//! The list of conversations.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Actor;
use crate::world::shown::peers_of_message;

/// The most conversations in an answer.
const MOST: usize = 100;

/// Conversations with their last messages and all who are named in them.
struct Listed {
    dialogs: Vec<enums::Dialog>,
    messages: Vec<enums::Message>,
    chats: Vec<enums::Chat>,
    users: Vec<enums::User>,
}

fn list(world: &World, actor: &Actor, peers: &[Peer]) -> Listed {
    let dialogs = peers.iter().filter_map(|peer| world.dialog(actor.user, *peer)).map(Into::into);
    let last = |peer: &Peer| world.message(actor.user, *peer, world.top(actor.user, *peer).1);
    let messages: Vec<enums::Message> = peers.iter().filter_map(last).collect();
    let named = messages.iter().flat_map(peers_of_message).chain(peers.iter().copied()).collect();
    let (users, chats) = world.people(actor.user, &named, false, actor.date());
    Listed { dialogs: dialogs.collect(), messages, chats, users }
}

/// `messages.getDialogs`: those in which something was said last come first, after the pinned ones, which
/// are on the first page.
pub(in crate::methods) fn get_dialogs(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetDialogs,
) -> Result<enums::messages::Dialogs, RpcError> {
    let actor = world.actor(caller)?;
    // Nothing is archived.
    let all =
        if query.folder_id.unwrap_or(0) == 0 { world.dialogs(actor.user) } else { Vec::new() };
    let is_pinned = |peer: &Peer| world.pinned(actor.user, *peer).is_some();
    let offset = (query.offset_date, query.offset_id);
    let offset_peer = match query.offset_peer {
        enums::InputPeer::Empty => None,
        ref peer => Some(
            world.peer(&actor, peer).map_err(|_| RpcError::new(400, "OFFSET_PEER_ID_INVALID"))?,
        ),
    };
    let is_first = offset == (0, 0);
    let comes_after = |peer: &Peer| {
        let (date, id) = world.top(actor.user, *peer);
        match offset {
            (0, 0) => true,
            (0, offset_id) => id < offset_id,
            (offset_date, 0) => date < offset_date,
            _ => offset_peer.map_or((date, id) < offset, |offset_peer| {
                (date, id, *peer) < (offset.0, offset.1, offset_peer)
            }),
        }
    };
    let wanted = |peer: &Peer| match is_pinned(peer) {
        true => is_first && !query.exclude_pinned,
        false => comes_after(peer),
    };
    let count = all.iter().filter(|peer| !(query.exclude_pinned && is_pinned(peer))).count();
    let limit = usize::try_from(query.limit).unwrap_or(0).min(MOST);
    let page: Vec<Peer> = all.iter().copied().filter(wanted).take(limit).collect();
    let Listed { dialogs, messages, chats, users } = list(world, &actor, &page);
    Ok(if page.len() == count {
        types::messages::Dialogs { dialogs, messages, chats, users }.into()
    } else {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        types::messages::DialogsSlice { count, dialogs, messages, chats, users }.into()
    })
}

fn peer_dialogs(world: &World, actor: &Actor, peers: &[Peer]) -> enums::messages::PeerDialogs {
    let Listed { dialogs, messages, chats, users } = list(world, actor, peers);
    let state = world.state(actor).into();
    types::messages::PeerDialogs { dialogs, messages, chats, users, state }.into()
}

/// `messages.getPeerDialogs`: those that are asked for.
pub(in crate::methods) fn get_peer_dialogs(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetPeerDialogs,
) -> Result<enums::messages::PeerDialogs, RpcError> {
    let actor = world.actor(caller)?;
    let mut peers = Vec::new();
    for peer in query.peers.iter().take(MOST) {
        if let enums::InputDialogPeer::Peer(peer) = peer {
            peers.push(world.peer(&actor, &peer.peer)?);
        }
    }
    Ok(peer_dialogs(world, &actor, &peers))
}

/// `messages.getPinnedDialogs`.
pub(in crate::methods) fn get_pinned_dialogs(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetPinnedDialogs,
) -> Result<enums::messages::PeerDialogs, RpcError> {
    let actor = world.actor(caller)?;
    let mut peers = world.dialogs(actor.user);
    peers.retain(|peer| query.folder_id == 0 && world.pinned(actor.user, *peer).is_some());
    Ok(peer_dialogs(world, &actor, &peers))
}
