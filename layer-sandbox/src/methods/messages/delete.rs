//! Deleting.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::{Actor, Batch};

/// So many messages are deleted at once with a history; the client asks again for the rest.
pub(super) const AT_ONCE: usize = 1000;

/// Where an account's box stands, after so many of its events.
pub(super) fn affected(
    world: &World,
    actor: &Actor,
    pts_count: i32,
) -> enums::messages::AffectedMessages {
    let pts = world.pts_of(actor, Peer::User(actor.user));
    types::messages::AffectedMessages { pts, pts_count }.into()
}

/// `messages.deleteMessages`: of private chats and basic groups; what is not there is passed over.
pub(in crate::methods) fn delete_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::DeleteMessages,
) -> Result<enums::messages::AffectedMessages, RpcError> {
    let actor = world.actor(caller)?;
    let mut batch = Batch::default();
    // What a bot deletes is always gone for all.
    let for_all = query.revoke || world.accounts.is_bot(actor.user);
    let pts_count = world.delete(&mut batch, &actor, &query.id, for_all)?;
    let answer = affected(world, &actor, pts_count);
    world.push_all(batch, &actor);
    Ok(answer)
}

/// `messages.deleteHistory`: of a private chat or a basic group, a thousand messages at a time.
pub(in crate::methods) fn delete_history(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::DeleteHistory,
) -> Result<enums::messages::AffectedHistory, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    if matches!(peer, Peer::Channel(_)) {
        return Err(RpcError::new(400, "PEER_ID_INVALID"));
    }
    let fits = |id: &i32| {
        let date = world.post_of(actor.user, peer, *id).map_or(0, |post| post.date);
        (query.max_id <= 0 || *id <= query.max_id)
            && query.min_date.is_none_or(|min| date >= min)
            && query.max_date.is_none_or(|max| date <= max)
    };
    let mut ids: Vec<i32> = world.ids(actor.user, peer).filter(fits).collect();
    let offset = ids.len().saturating_sub(AT_ONCE);
    ids.truncate(AT_ONCE);
    let is_group = matches!(peer, Peer::Chat(_));
    let mut batch = Batch::default();
    let pts_count = world.delete(&mut batch, &actor, &ids, query.revoke && !is_group)?;
    if !query.just_clear && offset == 0 {
        world.hide_dialog(actor.user, peer);
    }
    let (pts, offset) = (world.pts_of(&actor, peer), i32::try_from(offset).unwrap_or(i32::MAX));
    world.push_all(batch, &actor);
    Ok(types::messages::AffectedHistory { pts, pts_count, offset }.into())
}
