//! Buttons under a bot's messages.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};

/// The longest text of an answer, in characters.
const LONGEST: usize = 200;

/// `messages.getBotCallbackAnswer`: waits until the bot answers, or for as long as the world is patient.
pub(in crate::methods) fn get_bot_callback_answer(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetBotCallbackAnswer,
) -> Result<enums::messages::BotCallbackAnswer, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let data = query.data.ok_or_else(|| RpcError::new(400, "DATA_INVALID"))?;
    let asked = (caller.key_id, caller.session_id, caller.msg_id);
    world.press_button(&actor, peer, query.msg_id, data, Some(asked))?;
    world.held_back = Some(world.habits.callback_patience);
    // So it will be told if the bot says nothing.
    Err(RpcError::new(400, "BOT_RESPONSE_TIMEOUT"))
}

/// `messages.setBotCallbackAnswer`.
pub(in crate::methods) fn set_bot_callback_answer(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SetBotCallbackAnswer,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    if query.message.as_ref().is_some_and(|text| text.chars().count() > LONGEST) {
        return Err(RpcError::new(400, "MESSAGE_TOO_LONG"));
    }
    let answer = types::messages::BotCallbackAnswer {
        alert: query.alert,
        has_url: query.url.is_some(),
        message: query.message,
        url: query.url,
        ..types::messages::BotCallbackAnswer::new(query.cache_time)
    };
    world.answer_button(&actor, query.query_id, answer)?;
    Ok(true)
}
