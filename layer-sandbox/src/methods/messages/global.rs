//! Searching in all conversations.

use layer_tl_types::{enums, functions, types};

use super::history::{MOST, Sought};
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;

/// `messages.searchGlobal`: what was said last comes first. A page goes on where the one before ended: at
/// `next_rate`, and at the peer and the number of its last message.
pub(in crate::methods) fn search_global(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SearchGlobal,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let offset_peer = match &query.offset_peer {
        enums::InputPeer::Empty => None,
        peer => Some(world.peer(&actor, peer)?),
    };
    let is_wanted = |peer: &Peer| {
        let is_broadcast = match peer {
            Peer::Channel(id) => {
                world.talk.channels.get(id).is_some_and(|channel| channel.broadcast)
            }
            _ => false,
        };
        let is_user = matches!(peer, Peer::User(_));
        let any = !(query.broadcasts_only || query.groups_only || query.users_only);
        any || query.broadcasts_only && is_broadcast
            || query.users_only && is_user
            || query.groups_only && !is_user && !is_broadcast
    };
    let sought = Sought {
        words: query.q.to_lowercase(),
        filter: &query.filter,
        from: None,
        min_date: query.min_date,
        max_date: query.max_date,
    };
    let in_archive = query.folder_id.is_some_and(|folder| folder != 0);
    let peers = world.dialogs(actor.user).into_iter().filter(is_wanted).filter(|_| !in_archive);
    let mut found = Vec::new();
    for peer in peers {
        for id in world.ids(actor.user, peer) {
            let post = world.post_of(actor.user, peer, id);
            if let Some(post) = post.filter(|post| sought.fits(world, actor.user, post)) {
                found.push((post.date, peer, id));
            }
        }
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    let count = i32::try_from(found.len()).unwrap_or(i32::MAX);
    let comes_after = |(date, peer, id): &(i32, Peer, i32)| match (query.offset_rate, offset_peer) {
        (0, _) => true,
        (rate, None) => *date < rate,
        (rate, Some(offset_peer)) => (*date, *peer, *id) < (rate, offset_peer, query.offset_id),
    };
    let limit = usize::try_from(query.limit.clamp(0, MOST)).unwrap_or_default();
    let page: Vec<_> = found.into_iter().filter(comes_after).take(limit).collect();
    let messages = page.iter().filter_map(|(_, peer, id)| world.message(actor.user, *peer, *id));
    let messages: Vec<_> = messages.collect();
    let (users, chats) = world.people_in(actor.user, &messages, actor.date());
    let next_rate = page.last().map(|(date, _, _)| *date);
    let slice = types::messages::MessagesSlice::new(count, messages, Vec::new(), chats, users);
    Ok(types::messages::MessagesSlice { next_rate, ..slice }.into())
}
