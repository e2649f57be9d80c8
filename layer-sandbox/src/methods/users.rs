//! `users.*`: people as others see them.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::{Peer, User};

/// `users.getUsers`: those whose access hash is right; the others are empty.
pub(super) fn get_users(
    world: &mut World,
    caller: &Caller,
    query: functions::users::GetUsers,
) -> Result<Vec<enums::User>, RpcError> {
    let viewer = caller.user()?;
    let user = |id: &enums::InputUser| world.user(viewer, world.user_id(viewer, id).unwrap_or(0));
    Ok(query.id.iter().map(user).collect())
}

/// `users.getFullUser`: all that there is to know.
pub(super) fn get_full_user(
    world: &mut World,
    caller: &Caller,
    query: functions::users::GetFullUser,
) -> Result<enums::users::UserFull, RpcError> {
    let viewer = caller.user()?;
    let id = world.user_id(viewer, &query.id)?;
    let invalid = || RpcError::new(400, "USER_ID_INVALID");
    let user = world.accounts.get(id).ok_or_else(invalid)?;
    let asks = world.accounts.get(viewer).ok_or_else(invalid)?;
    let notify = world.notify_settings(viewer, Peer::User(id));
    let common = i32::try_from(world.common_groups(viewer, id)).unwrap_or(i32::MAX);
    let mut full = types::UserFull::new(id, peer_settings(world, viewer, id), notify, common);
    full.blocked = asks.blocked.contains_key(&id);
    full.about = Some(user.about.clone()).filter(|about| !about.is_empty());
    full.can_pin_message = true;
    full.bot_info = bot_info(user);
    let photo = world.portraits(viewer, id).first();
    full.profile_photo = photo.map(|photo| world.photo(viewer, *photo));
    let full_user = enums::UserFull::Full(Box::new(full));
    let users = vec![world.user(viewer, id)];
    Ok(types::users::UserFull { full_user, chats: Vec::new(), users }.into())
}

/// `users.getRequirementsToContact`: none.
pub(super) fn get_requirements_to_contact(
    world: &mut World,
    caller: &Caller,
    query: functions::users::GetRequirementsToContact,
) -> Result<Vec<enums::RequirementToContact>, RpcError> {
    let viewer = caller.user()?;
    let none = |id: &enums::InputUser| {
        world.user_id(viewer, id).map(|_| enums::RequirementToContact::Empty)
    };
    query.id.iter().map(none).collect()
}

/// What a client offers to do about a user.
pub(super) fn peer_settings(world: &World, viewer: i64, id: i64) -> enums::PeerSettings {
    let asks = world.accounts.get(viewer);
    let known = asks.is_some_and(|asks| asks.contacts.contains_key(&id));
    let blocked = asks.is_some_and(|asks| asks.blocked.contains_key(&id));
    let offers = viewer != id && !known && !world.accounts.is_bot(id);
    let offer = offers && !blocked;
    let settings =
        types::PeerSettings { add_contact: offer, block_contact: offer, ..Default::default() };
    enums::PeerSettings::Settings(Box::new(settings))
}

fn bot_info(user: &User) -> Option<enums::BotInfo> {
    let bot = user.bot.as_ref()?;
    let info = types::BotInfo {
        user_id: Some(user.id),
        description: Some(bot.description.clone()),
        commands: Some(bot.commands.iter().cloned().map(Into::into).collect()),
        menu_button: Some(enums::BotMenuButton::Default),
        ..types::BotInfo::default()
    };
    Some(enums::BotInfo::Info(Box::new(info)))
}
