//! Pins, reactions, forwards, views, and typing.

use std::collections::{BTreeMap, BTreeSet};

use layer_tl_types::{enums, functions, types};

use super::send::reply_to;
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Batch;
use crate::world::marks::Pin;

/// The most messages in a question.
const MOST: usize = 100;

/// `messages.updatePinnedMessage`.
pub(in crate::methods) fn update_pinned_message(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::UpdatePinnedMessage,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let functions::messages::UpdatePinnedMessage { id, silent, unpin, .. } = query;
    let for_all = !(query.pm_oneside && matches!(peer, Peer::User(_)));
    let mut batch = Batch::default();
    world.pin(&mut batch, &actor, peer, &Pin { id, pinned: !unpin, for_all, silent })?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.unpinAllMessages`.
pub(in crate::methods) fn unpin_all_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::UnpinAllMessages,
) -> Result<enums::messages::AffectedHistory, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let mut batch = Batch::default();
    let pts_count = world.unpin_all(&mut batch, &actor, peer)?;
    let pts = world.pts_of(&actor, peer);
    world.push_all(batch, &actor);
    Ok(types::messages::AffectedHistory { pts, pts_count, offset: 0 }.into())
}

/// `messages.sendReaction`.
pub(in crate::methods) fn send_reaction(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SendReaction,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let reactions = query.reaction.unwrap_or_default();
    let mut batch = Batch::default();
    world.react(&mut batch, &actor, peer, query.msg_id, reactions, query.big)?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.getMessagesReactions`: as updates, for the messages that are there.
pub(in crate::methods) fn get_messages_reactions(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetMessagesReactions,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let ids = query.id.iter().take(MOST);
    let updates = ids.filter_map(|id| world.reactions_update(actor.user, peer, *id)).collect();
    Ok(world.answer(&actor, updates, 0, false))
}

/// `messages.getMessageReactionsList`: who has reacted, the latest first; page by page, where the next one
/// begins is how many came before it.
pub(in crate::methods) fn get_message_reactions_list(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetMessageReactionsList,
) -> Result<enums::messages::MessageReactionsList, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let page = super::page(query.offset.as_deref(), query.limit, 100)?;
    let Some(post) = world.post_of(actor.user, peer, query.id) else {
        return Err(RpcError::new(400, "MESSAGE_ID_INVALID"));
    };
    if post.as_channel.is_some() {
        return Err(RpcError::new(403, "BROADCAST_FORBIDDEN"));
    }
    let (mut reactions, mut people, mut count) = (Vec::new(), BTreeSet::new(), 0);
    for reacted in post.reactions.iter().rev() {
        if query.reaction.as_ref().is_some_and(|wanted| *wanted != reacted.reaction) {
            continue;
        }
        count += 1;
        if count > page.0 && reactions.len() < page.1 {
            people.insert(Peer::User(reacted.by));
            reactions.push(reacted.shown(actor.user));
        }
    }
    let (users, chats) = world.people(actor.user, &people, false, actor.date());
    let next_offset = super::next_page(page, reactions.len(), count);
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let list = types::messages::MessageReactionsList::new(count, reactions, chats, users);
    Ok(types::messages::MessageReactionsList { next_offset, ..list }.into())
}

/// `messages.forwardMessages`. Each message has a `random_id` of its own; what was sent before under one
/// is not sent again.
pub(in crate::methods) fn forward_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::ForwardMessages,
) -> Result<enums::Updates, RpcError> {
    let refused = |name| Err(RpcError::new(400, name));
    let actor = world.actor(caller)?;
    let from = world.peer(&actor, &query.from_peer)?;
    let to = world.peer(&actor, &query.to_peer)?;
    if query.id.is_empty() {
        return refused("MESSAGE_IDS_EMPTY");
    }
    if query.id.len() > MOST {
        return refused("MESSAGE_ID_INVALID");
    }
    if query.id.len() != query.random_id.len() {
        return refused("RANDOM_ID_INVALID");
    }
    world.may_write(&actor, to)?;
    let answers = reply_to(query.reply_to.as_ref());
    let answers = answers.and_then(|id| world.number_of(actor.user, to, id));
    let (mut contents, mut albums) = (Vec::new(), BTreeMap::new());
    for (id, random_id) in query.id.iter().zip(&query.random_id) {
        if world.sent_before(&actor, to, *random_id)?.is_some() {
            return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
        }
        let mut content = world.forwarded(&actor, from, *id, to, query.drop_author)?;
        (content.silent, content.noforwards) = (query.silent, query.noforwards);
        if query.drop_media_captions && content.media.is_some() {
            (content.text, content.entities) = Default::default();
        }
        // Of an album, what goes on together is an album again.
        if let Some(album) = content.album {
            let fresh = world.random_id();
            content.album = Some(*albums.entry(album).or_insert(fresh));
        }
        content.reply_to = answers;
        contents.push((content, *random_id));
    }
    let mut batch = Batch::default();
    for (content, random_id) in contents {
        let id = world.say(&mut batch, &actor, to, content)?;
        world.remember(&mut batch, &actor, to, id, Some(random_id));
    }
    Ok(world.deliver(batch, &actor))
}

/// `messages.getMessagesViews`: of a channel's posts, which are looked at by this if it says so.
pub(in crate::methods) fn get_messages_views(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetMessagesViews,
) -> Result<enums::messages::MessageViews, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let mut views = Vec::new();
    for id in query.id.iter().take(MOST) {
        let number = world.number_of(actor.user, peer, *id);
        let post = number.and_then(|number| world.talk.posts.get_mut(number));
        let counted = post.filter(|post| post.as_channel.is_some()).map(|post| {
            post.views = post.views.saturating_add(query.increment.into());
            (post.views, post.forwards)
        });
        let (views_of, forwards) = counted.unzip();
        views.push(types::MessageViews { views: views_of, forwards, replies: None }.into());
    }
    let (users, chats) = world.people(actor.user, &[peer].into(), false, actor.date());
    Ok(types::messages::MessageViews { views, chats, users }.into())
}

/// `messages.setTyping`.
pub(in crate::methods) fn set_typing(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SetTyping,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    world.set_typing(&actor, peer, query.top_msg_id, query.action)?;
    Ok(true)
}
