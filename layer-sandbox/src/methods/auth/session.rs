//! Logins as such: ended, and carried to other data centres.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};

/// `auth.logOut`: also where the login was carried to. A login that awaits its password ends by it, too.
pub(crate) fn log_out(
    world: &mut World,
    caller: &Caller,
    _: functions::auth::LogOut,
) -> Result<enums::auth::LoggedOut, RpcError> {
    world.login_or_pending(caller)?;
    let future_auth_token = world.log_out(caller);
    Ok(types::auth::LoggedOut { future_auth_token }.into())
}

/// `auth.resetAuthorizations`: ends all logins of the user but this one.
pub(crate) fn reset_authorizations(
    world: &mut World,
    caller: &Caller,
    _: functions::auth::ResetAuthorizations,
) -> Result<bool, RpcError> {
    let user = caller.user()?;
    let own = world.accounts.login(caller.login_key).map_or(0, |login| login.hash);
    world.revoke(user, |_, login| login.hash != own);
    Ok(true)
}

/// `auth.exportAuthorization`: to another data centre.
pub(crate) fn export_authorization(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ExportAuthorization,
) -> Result<enums::auth::ExportedAuthorization, RpcError> {
    let invalid = || RpcError::new(400, "DC_ID_INVALID");
    if !world.settings.dcs().contains(&query.dc_id) {
        return Err(invalid());
    }
    // Not to the same one, if it is known which that is.
    if world.settings.apart() && query.dc_id == caller.dc.rem_euclid(10_000) {
        return Err(invalid());
    }
    let exported = world.export_login(caller, query.dc_id);
    let (id, bytes) = exported.ok_or_else(|| world.why_nobody(caller))?;
    Ok(types::auth::ExportedAuthorization { id, bytes }.into())
}

/// `auth.importAuthorization`: from another data centre.
pub(crate) fn import_authorization(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ImportAuthorization,
) -> Result<enums::auth::Authorization, RpcError> {
    let user = world.import_login(caller, (query.id, &query.bytes))?;
    Ok(types::auth::Authorization::new(world.user(user, user)).into())
}

/// `auth.dropTempAuthKeys`: all temporary keys of this login but these.
pub(crate) fn drop_temp_auth_keys(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::DropTempAuthKeys,
) -> Result<bool, RpcError> {
    let ids: Vec<i64> = world.keys.ids().collect();
    for id in ids {
        let ours = id != caller.login_key && world.keys.permanent(id) == caller.login_key;
        // Not the one over which this is asked.
        if ours && id != caller.key_id && !query.except_auth_keys.contains(&id) {
            world.forget_key(id);
        }
    }
    Ok(true)
}
