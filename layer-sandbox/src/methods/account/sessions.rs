//! The logins of an account, as the user sees them.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Login;

/// `account.getAuthorizations`: all but those that were carried to other data centres.
pub(crate) fn get_authorizations(
    world: &mut World,
    caller: &Caller,
    _: functions::account::GetAuthorizations,
) -> Result<enums::account::Authorizations, RpcError> {
    let user = caller.user()?;
    let logins = world.accounts.logins();
    let own = logins.filter(|(_, login)| login.user_id == user && !login.imported);
    let described = own.map(|(key, _)| describe(world, key, Some(caller.login_key)).into());
    let authorizations = described.collect();
    Ok(types::account::Authorizations { authorization_ttl_days: 180, authorizations }.into())
}

/// `account.resetAuthorization`: ends another login.
pub(crate) fn reset_authorization(
    world: &mut World,
    caller: &Caller,
    query: functions::account::ResetAuthorization,
) -> Result<bool, RpcError> {
    let user = caller.user()?;
    let own = world.accounts.login(caller.login_key).map(|login| login.hash);
    // The one that asks is named by 0, and ended by `auth.logOut`.
    if query.hash == 0 || own == Some(query.hash) {
        return Err(RpcError::new(400, "HASH_INVALID"));
    }
    match world.revoke(user, |_, login| login.hash == query.hash) {
        0 => Err(RpcError::new(400, "HASH_INVALID")),
        _ => Ok(true),
    }
}

/// `account.setAuthorizationTTL`: taken, and nothing is made of it.
pub(crate) fn set_authorization_ttl(
    _: &mut World,
    _: &Caller,
    query: functions::account::SetAuthorizationTtl,
) -> Result<bool, RpcError> {
    if !(1..=366).contains(&query.authorization_ttl_days) {
        return Err(RpcError::new(400, "TTL_DAYS_INVALID"));
    }
    Ok(true)
}

/// The login under a key, as far as its client has told about itself; there may be none yet.
pub(crate) fn describe(world: &World, login_key: i64, own: Option<i64>) -> types::Authorization {
    let current = own == Some(login_key);
    let login = world.accounts.login(login_key);
    let hash = login.filter(|_| !current).map_or(0, |login| login.hash);
    let client = world.keys.client(login_key).cloned().unwrap_or_default();
    // TL ints.
    let date = |of: fn(&Login) -> i64| login.map_or(0, of) as i32;
    let mut seen = types::Authorization::new(
        hash,
        client.device_model,
        "Sandbox".into(),
        client.system_version,
        client.api_id,
        "layer".into(),
        client.app_version,
        date(|login| login.created),
        date(|login| login.active),
        "127.0.0.1".into(),
        "Nowhere".into(),
        String::new(),
    );
    seen.current = current;
    seen
}
