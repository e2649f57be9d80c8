//! Reading.

use layer_tl_types::{enums, functions, types};

use super::delete::affected;
use super::history::{Window, window};
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Batch;

/// `messages.readHistory`: of a private chat or a basic group.
pub(in crate::methods) fn read_history(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::ReadHistory,
) -> Result<enums::messages::AffectedMessages, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    if matches!(peer, Peer::Channel(_)) {
        return Err(RpcError::new(400, "PEER_ID_INVALID"));
    }
    let mut batch = Batch::default();
    let is_news = world.read(&mut batch, &actor, peer, query.max_id);
    let answer = affected(world, &actor, is_news.into());
    world.push_all(batch, &actor);
    Ok(answer)
}

/// `messages.readMessageContents`: messages that name the reader were looked at.
pub(in crate::methods) fn read_message_contents(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::ReadMessageContents,
) -> Result<enums::messages::AffectedMessages, RpcError> {
    let actor = world.actor(caller)?;
    let mut batch = Batch::default();
    let read = world.read_contents(&mut batch, &actor, &query.id);
    let answer = affected(world, &actor, i32::try_from(read.len()).unwrap_or(i32::MAX));
    world.push_all(batch, &actor);
    Ok(answer)
}

/// `messages.getUnreadMentions`.
pub(in crate::methods) fn get_unread_mentions(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetUnreadMentions,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let functions::messages::GetUnreadMentions {
        offset_id, add_offset, limit, max_id, min_id, ..
    } = query;
    let asked = Window { offset_id, offset_date: 0, add_offset, limit, max_id, min_id };
    let unread = world.unread_mentions(actor.user, peer);
    Ok(window(world, &actor, peer, &asked, |_, id| unread.binary_search(&id).is_ok()))
}

/// `messages.readMentions`: all that name the reader in a conversation were looked at.
pub(in crate::methods) fn read_mentions(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::ReadMentions,
) -> Result<enums::messages::AffectedHistory, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let unread = world.unread_mentions(actor.user, peer);
    let mut batch = Batch::default();
    // In a channel this moves nothing.
    let read = match peer {
        Peer::Channel(id) => {
            world.read_contents_in(&mut batch, &actor, id, &unread);
            0
        }
        _ => world.read_contents(&mut batch, &actor, &unread).len(),
    };
    let pts = world.pts_of(&actor, peer);
    world.push_all(batch, &actor);
    let pts_count = i32::try_from(read).unwrap_or(i32::MAX);
    Ok(types::messages::AffectedHistory { pts, pts_count, offset: 0 }.into())
}
