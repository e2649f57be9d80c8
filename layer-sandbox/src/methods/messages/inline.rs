//! Inline bots, and beginning a chat with a bot.

use layer_tl_types::{enums, functions, types};

use super::send::reply_to;
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::sending::Given;

/// `messages.getInlineBotResults`: waits until the bot answers, or for as long as the world is patient.
pub(in crate::methods) fn get_inline_bot_results(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetInlineBotResults,
) -> Result<enums::messages::BotResults, RpcError> {
    let actor = world.actor(caller)?;
    let bot = world.user_id(actor.user, &query.bot)?;
    let peer = match &query.peer {
        enums::InputPeer::Empty => None,
        peer => Some(world.peer(&actor, peer)?),
    };
    let asked = (caller.key_id, caller.session_id, caller.msg_id);
    world.ask_inline(&actor, bot, peer, (&query.query, query.offset), asked)?;
    world.held_back = Some(world.habits.callback_patience);
    // So it will be told if the bot says nothing.
    Err(RpcError::new(400, "BOT_RESPONSE_TIMEOUT"))
}

/// `messages.setInlineBotResults`.
pub(in crate::methods) fn set_inline_bot_results(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SetInlineBotResults,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    if query.next_offset.as_ref().is_some_and(|offset| offset.len() > 64) {
        return Err(RpcError::new(400, "NEXT_OFFSET_INVALID"));
    }
    let answer = types::messages::BotResults {
        gallery: query.gallery,
        next_offset: query.next_offset,
        switch_pm: query.switch_pm,
        switch_webview: query.switch_webview,
        ..types::messages::BotResults::new(0, Vec::new(), query.cache_time, Vec::new())
    };
    world.answer_inline(&actor, query.query_id, query.results, answer)?;
    Ok(true)
}

/// `messages.sendInlineBotResult`.
pub(in crate::methods) fn send_inline_bot_result(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SendInlineBotResult,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    if let Some(answer) = world.sent_before(&actor, peer, query.random_id)? {
        return Ok(answer);
    }
    world.may_write(&actor, peer)?;
    let reply = reply_to(query.reply_to.as_ref());
    let reply = reply.and_then(|id| world.number_of(actor.user, peer, id));
    if query.clear_draft {
        world.clear_draft(&actor, peer);
    }
    let chosen = (query.query_id, query.id.as_str());
    world.send_inline(&actor, peer, chosen, query.random_id, |mut content| {
        (content.silent, content.reply_to) = (query.silent, reply);
        content
    })
}

/// `messages.editInlineBotMessage`.
pub(in crate::methods) fn edit_inline_bot_message(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditInlineBotMessage,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let functions::messages::EditInlineBotMessage { id, message, entities, reply_markup, .. } =
        query;
    world.edit_inline(&actor, &id, message, entities, reply_markup)?;
    Ok(true)
}

/// `messages.startBot`: `/start` with a parameter, which others do not see.
pub(in crate::methods) fn start_bot(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::StartBot,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let bot = world.user_id(actor.user, &query.bot)?;
    if !world.accounts.is_bot(bot) {
        return Err(RpcError::new(400, "BOT_INVALID"));
    }
    let peer = world.peer(&actor, &query.peer)?;
    if let Some(answer) = world.sent_before(&actor, peer, query.random_id)? {
        return Ok(answer);
    }
    world.may_write(&actor, peer)?;
    let text = format!("/start {}", query.start_param);
    let given = Given { text: text.trim().to_owned(), ..Given::default() };
    let content = world.content(&actor, peer, given)?;
    world.send_content(&actor, peer, content, Some(query.random_id)).map(|(_, answer)| answer)
}
