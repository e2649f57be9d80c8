//! What people do with the list of conversations: pins, marks, drafts; and what is scheduled in them.

use layer_tl_types::{enums, functions, types};

use super::send::reply_to;
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::entities::LONGEST;
use crate::world::fanout::{Actor, Batch};

/// So many conversations may be pinned.
const MOST_PINNED: usize = 5;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

fn dialog_peer(
    world: &World,
    actor: &Actor,
    peer: &enums::InputDialogPeer,
) -> Result<Peer, RpcError> {
    match peer {
        enums::InputDialogPeer::Peer(peer) => world.peer(actor, &peer.peer),
        _ => refused("PEER_ID_INVALID"),
    }
}

/// `messages.toggleDialogPin`.
pub(in crate::methods) fn toggle_dialog_pin(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::ToggleDialogPin,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let peer = dialog_peer(world, &actor, &query.peer)?;
    let own = world.talk.boxes.entry(actor.user).or_default();
    let pins: Vec<u32> = own.dialogs.values().filter_map(|dialog| dialog.pinned).collect();
    let highest = pins.iter().max().copied().unwrap_or_default();
    let Some(dialog) = own.dialogs.get_mut(&peer) else { return refused("PEER_HISTORY_EMPTY") };
    if dialog.pinned.is_some() == query.pinned {
        return Ok(true);
    }
    if query.pinned && pins.len() >= MOST_PINNED {
        return refused("PINNED_DIALOGS_TOO_MUCH");
    }
    dialog.pinned = query.pinned.then(|| highest.saturating_add(1));
    let named = types::DialogPeer { peer: peer.into() }.into();
    let update = types::UpdateDialogPinned::new(named);
    let mut batch = Batch::default();
    batch.tell(actor.user, types::UpdateDialogPinned { pinned: query.pinned, ..update });
    world.push_all(batch, &actor);
    Ok(true)
}

/// `messages.markDialogUnread`.
pub(in crate::methods) fn mark_dialog_unread(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::MarkDialogUnread,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let peer = dialog_peer(world, &actor, &query.peer)?;
    let own = world.talk.boxes.entry(actor.user).or_default();
    let Some(dialog) = own.dialogs.get_mut(&peer) else { return refused("PEER_ID_INVALID") };
    dialog.marked_unread = query.unread;
    let mut batch = Batch::default();
    batch.tell(actor.user, crate::world::reading::unread_mark(peer, query.unread));
    world.push_all(batch, &actor);
    Ok(true)
}

/// `messages.saveDraft`: an empty one is dropped.
pub(in crate::methods) fn save_draft(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SaveDraft,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    if query.message.chars().count() > LONGEST {
        return refused("MESSAGE_TOO_LONG");
    }
    let reply = reply_to(query.reply_to.as_ref());
    if query.message.is_empty() && reply.is_none() {
        world.clear_draft(&actor, peer);
        return Ok(true);
    }
    let entities = match query.message.trim() {
        "" => Vec::new(),
        _ => world.checked_text(actor.user, &query.message, query.entities)?,
    };
    let draft = types::DraftMessage {
        no_webpage: query.no_webpage,
        reply_to: reply.map(|id| types::InputReplyToMessage::new(id).into()),
        entities: (!entities.is_empty()).then_some(entities),
        ..types::DraftMessage::new(query.message, actor.date())
    };
    let own = world.talk.boxes.entry(actor.user).or_default();
    own.dialogs.entry(peer).or_default().draft = Some(draft.clone());
    let mut batch = Batch::default();
    batch.tell(actor.user, types::UpdateDraftMessage::new(peer.into(), draft.into()));
    world.push_all(batch, &actor);
    Ok(true)
}

fn scheduled(
    world: &World,
    actor: &Actor,
    peer: Peer,
    wanted: impl Fn(i32) -> bool,
) -> enums::messages::Messages {
    let own = world.talk.boxes.get(&actor.user);
    let known = own.into_iter().flat_map(|own| &own.scheduled.known);
    let known = known.filter(|(id, later)| later.peer == peer && wanted(**id));
    let messages = known.filter_map(|(id, _)| world.scheduled_message(actor.user, *id));
    let messages: Vec<_> = messages.collect();
    let (users, chats) = world.people_in(actor.user, &messages, actor.date());
    types::messages::Messages { messages, topics: Vec::new(), chats, users }.into()
}

/// `messages.getScheduledHistory`.
pub(in crate::methods) fn get_scheduled_history(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetScheduledHistory,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    Ok(scheduled(world, &actor, peer, |_| true))
}

/// `messages.getScheduledMessages`.
pub(in crate::methods) fn get_scheduled_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetScheduledMessages,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    Ok(scheduled(world, &actor, peer, |id| query.id.contains(&id)))
}

/// `messages.deleteScheduledMessages`.
pub(in crate::methods) fn delete_scheduled_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::DeleteScheduledMessages,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    world.drop_scheduled(&actor, peer, &query.id)
}

/// `messages.sendScheduledMessages`: before their time.
pub(in crate::methods) fn send_scheduled_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SendScheduledMessages,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    world.send_early(&actor, peer, &query.id)
}
