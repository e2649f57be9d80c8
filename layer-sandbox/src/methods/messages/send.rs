//! Sending, editing and scheduling.

use layer_tl_types::{enums, functions};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::sending::Given;

/// The message that is answered, if it is one in the same conversation.
pub(super) fn reply_to(reply: Option<&enums::InputReplyTo>) -> Option<i32> {
    match reply? {
        enums::InputReplyTo::Message(reply) => Some(reply.reply_to_msg_id),
        _ => None,
    }
}

/// `messages.sendMessage`. What comes again under the same `random_id` is sent once.
pub(in crate::methods) fn send_message(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SendMessage,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    if let Some(answer) = world.sent_before(&actor, peer, query.random_id)? {
        return Ok(answer);
    }
    world.may_write(&actor, peer)?;
    let given = Given {
        reply_to: reply_to(query.reply_to.as_ref()),
        text: query.message,
        media: None,
        poll: None,
        entities: query.entities,
        markup: query.reply_markup,
        silent: query.silent,
        noforwards: query.noforwards,
    };
    let content = world.content(&actor, peer, given)?;
    if query.clear_draft {
        world.clear_draft(&actor, peer);
    }
    if let Some(date) = query.schedule_date {
        return world.schedule(&actor, peer, content, date, query.random_id);
    }
    world.send_content(&actor, peer, content, Some(query.random_id)).map(|(_, answer)| answer)
}

/// `messages.editMessage`: text, marks, buttons and a file, or buttons alone. What stands beside a new
/// file is what the query says, or nothing.
pub(in crate::methods) fn edit_message(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditMessage,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let (entities, markup) = (query.entities, query.reply_markup);
    if let Some(enums::InputMedia::Poll(poll)) = &query.media {
        return world.edit_poll(&actor, peer, query.id, poll, markup);
    }
    let media = query.media.map(|media| world.given_media(caller, media)).transpose()?;
    match (query.message, media) {
        (None, None) => world.edit(&actor, peer, query.id, None, markup),
        (text, media) => {
            let text = text.unwrap_or_default();
            let given = Given { text, media, entities, markup, ..Given::default() };
            world.edit(&actor, peer, query.id, Some(given), None)
        }
    }
}
