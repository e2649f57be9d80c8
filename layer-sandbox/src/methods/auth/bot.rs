//! Login of bots, by their tokens (core api/bots).

use layer_tl_types::{enums, functions};

use super::check_application;
use crate::World;
use crate::router::{Caller, RpcError};

/// `auth.importBotAuthorization`.
pub(crate) fn import_bot_authorization(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ImportBotAuthorization,
) -> Result<enums::auth::Authorization, RpcError> {
    check_application(query.api_id, &query.api_hash)?;
    let bot = world.accounts.by_token(&query.bot_auth_token).map(|bot| (bot.id, bot.dc));
    let (bot, dc) = bot.ok_or_else(|| RpcError::new(400, "ACCESS_TOKEN_INVALID"))?;
    world.at_home(caller, dc, "USER")?;
    Ok(world.admit(caller, bot)?.into())
}
