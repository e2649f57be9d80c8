//! `bots.*`: what a bot tells about itself. It says the same in all languages and to everybody.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Bot;

/// So many commands a bot has at most, and so long are what it tells about itself and its names.
const MOST_COMMANDS: usize = 100;
const LONGEST: usize = 512;
const LONGEST_NAME: usize = 64;

/// `bots.setBotCommands`: for everybody, whatever scope and language are named.
pub(super) fn set_bot_commands(
    world: &mut World,
    caller: &Caller,
    query: functions::bots::SetBotCommands,
) -> Result<bool, RpcError> {
    let commands = query.commands.into_iter().map(|enums::BotCommand::Command(command)| command);
    let commands: Vec<types::BotCommand> = commands.collect();
    let good = |command: &types::BotCommand| {
        let name = command.command.as_str();
        let letters = name
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_');
        letters && (1..=32).contains(&name.len())
    };
    if commands.len() > MOST_COMMANDS || !commands.iter().all(good) {
        return Err(RpcError::new(400, "BOT_COMMAND_INVALID"));
    }
    let described =
        |command: &types::BotCommand| (1..=256).contains(&command.description.chars().count());
    if !commands.iter().all(described) {
        return Err(RpcError::new(400, "BOT_COMMAND_DESCRIPTION_INVALID"));
    }
    own(world, caller)?.commands = commands;
    Ok(true)
}

/// `bots.resetBotCommands`: there are none.
pub(super) fn reset_bot_commands(
    world: &mut World,
    caller: &Caller,
    _: functions::bots::ResetBotCommands,
) -> Result<bool, RpcError> {
    own(world, caller)?.commands.clear();
    Ok(true)
}

/// `bots.getBotCommands`.
pub(super) fn get_bot_commands(
    world: &mut World,
    caller: &Caller,
    _: functions::bots::GetBotCommands,
) -> Result<Vec<enums::BotCommand>, RpcError> {
    Ok(own(world, caller)?.commands.iter().cloned().map(Into::into).collect())
}

/// `bots.setBotInfo`: a bot its own.
pub(super) fn set_bot_info(
    world: &mut World,
    caller: &Caller,
    query: functions::bots::SetBotInfo,
) -> Result<bool, RpcError> {
    let id = caller.user()?;
    let named = query.bot.as_ref().map(|bot| world.user_id(id, bot)).transpose();
    if named.is_err() || named.is_ok_and(|named| named.is_some_and(|named| named != id)) {
        return Err(RpcError::new(400, "BOT_INVALID"));
    }
    let cut = |text: String, most| text.trim().chars().take(most).collect::<String>();
    let description = query.description.map(|text| cut(text, LONGEST));
    let about = query.about.map(|text| cut(text, LONGEST));
    let name = query.name.map(|name| cut(name, LONGEST_NAME)).filter(|name| !name.is_empty());
    if let Some(description) = description {
        own(world, caller)?.description = description;
    }
    let renamed = name.is_some();
    if let Some(user) = world.accounts.get_mut(id) {
        user.about = about.unwrap_or_else(|| user.about.clone());
        user.first_name = name.unwrap_or_else(|| user.first_name.clone());
    }
    if renamed {
        world.tell_name_of(id, caller.now.unix());
    }
    Ok(true)
}

/// `bots.getBotInfo`: a bot's own.
pub(super) fn get_bot_info(
    world: &mut World,
    caller: &Caller,
    query: functions::bots::GetBotInfo,
) -> Result<enums::bots::BotInfo, RpcError> {
    let viewer = caller.user()?;
    let id = query.bot.as_ref().map_or(Ok(viewer), |bot| world.user_id(viewer, bot));
    let user = id.ok().and_then(|id| world.accounts.get(id));
    let bot = user.and_then(|user| Some((user, user.bot.as_ref()?)));
    let (user, bot) = bot.ok_or_else(|| RpcError::new(400, "BOT_INVALID"))?;
    let (name, about) = (user.first_name.clone(), user.about.clone());
    Ok(types::bots::BotInfo { name, about, description: bot.description.clone() }.into())
}

/// The bot that asks.
fn own<'a>(world: &'a mut World, caller: &Caller) -> Result<&'a mut Bot, RpcError> {
    let user = world.accounts.get_mut(caller.user()?);
    user.and_then(|user| user.bot.as_mut()).ok_or_else(|| RpcError::new(400, "USER_BOT_REQUIRED"))
}
