//! What groups and channels are about, what their members may do, and their end.

use layer_tl_types::{enums, functions, types};

use super::delete::AT_ONCE;
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Batch;

/// `messages.editChatDefaultBannedRights`: what is forbidden to all who are no admins.
pub(in crate::methods) fn edit_chat_default_banned_rights(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditChatDefaultBannedRights,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let enums::ChatBannedRights::Rights(rights) = query.banned_rights;
    let mut batch = Batch::default();
    world.set_default_banned(&mut batch, &actor, peer, rights)?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.editChatAbout`.
pub(in crate::methods) fn edit_chat_about(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditChatAbout,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let mut batch = Batch::default();
    world.set_about(&mut batch, &actor, peer, query.about)?;
    world.push_all(batch, &actor);
    Ok(true)
}

/// `channels.deleteParticipantHistory`: all that somebody has said in a supergroup.
pub(in crate::methods) fn delete_participant_history(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::DeleteParticipantHistory,
) -> Result<enums::messages::AffectedHistory, RpcError> {
    let actor = world.actor(caller)?;
    let (id, channel) = world.input_channel(&actor, &query.channel)?;
    channel.admin(actor.user, |rights| rights.delete_messages)?;
    let Ok(Peer::User(user)) = world.peer(&actor, &query.participant) else {
        return Err(RpcError::new(400, "PARTICIPANT_ID_INVALID"));
    };
    let peer = Peer::Channel(id);
    let is_theirs =
        |id: &i32| world.post_of(actor.user, peer, *id).is_some_and(|post| post.author == user);
    let ids: Vec<i32> = channel.held.keys().copied().filter(is_theirs).collect();
    let (now, later) = ids.split_at(ids.len().min(AT_ONCE));
    let mut batch = Batch::default();
    let gone = world.delete_in(&mut batch, &actor, id, now)?;
    let pts = world.pts_of(&actor, peer);
    world.push_all(batch, &actor);
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let (pts_count, offset) = (count(gone.len()), count(later.len()));
    Ok(types::messages::AffectedHistory { pts, pts_count, offset }.into())
}
