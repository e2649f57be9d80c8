//! Login by a token in a QR code, which another client of the user accepts (core api/qr-login).

use layer_tl_types::{enums, functions, types};

use super::check_application;
use crate::World;
use crate::methods::account::sessions::describe;
use crate::router::{Caller, RpcError};

/// `auth.exportLoginToken`: one to be shown; or the login, once it was accepted.
pub(crate) fn export_login_token(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ExportLoginToken,
) -> Result<enums::auth::LoginToken, RpcError> {
    check_application(query.api_id, &query.api_hash)?;
    // It was accepted, and the password is still awaited.
    if world.pending(caller).is_some() {
        return Err(world.why_nobody(caller));
    }
    let token = world.login_token(caller, &query.except_ids);
    let (bytes, accepted, expires) = (token.bytes.clone(), token.accepted, token.expires);
    match accepted {
        Some(user) => finish(world, caller, user, bytes),
        None => {
            // A TL int.
            Ok(types::auth::LoginToken { expires: expires as i32, token: bytes }.into())
        }
    }
}

/// `auth.importLoginToken`: what was accepted at another data centre.
pub(crate) fn import_login_token(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ImportLoginToken,
) -> Result<enums::auth::LoginToken, RpcError> {
    let token = world.token(&query.token, caller.now.unix())?;
    let user = token.accepted.ok_or_else(|| RpcError::new(400, "AUTH_TOKEN_INVALID"))?;
    finish(world, caller, user, query.token)
}

/// `auth.acceptLoginToken`: the user lets in who shows it.
pub(crate) fn accept_login_token(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::AcceptLoginToken,
) -> Result<enums::Authorization, RpcError> {
    let (user, now) = (caller.user()?, caller.now.unix());
    let token = world.token(&query.token, now)?;
    if token.accepted.is_some() {
        return Err(RpcError::new(400, "AUTH_TOKEN_ALREADY_ACCEPTED"));
    }
    if token.except.contains(&user) {
        return Err(RpcError::new(400, "AUTH_TOKEN_EXCEPTION"));
    }
    token.accepted = Some(user);
    let login_key = token.login_key;
    world.notify_key(login_key, enums::Update::LoginToken, now);
    Ok(describe(world, login_key, None).into())
}

/// Logs in who has accepted, where the account lives.
fn finish(
    world: &mut World,
    caller: &Caller,
    user: i64,
    token: Vec<u8>,
) -> Result<enums::auth::LoginToken, RpcError> {
    let lives_at = world.accounts.get(user).map(|user| user.dc);
    if let Some(dc_id) = lives_at.filter(|dc| world.at_home(caller, *dc, "USER").is_err()) {
        return Ok(types::auth::LoginTokenMigrateTo { dc_id, token }.into());
    }
    world.forget_token(&token);
    let authorization = world.admit(caller, user)?.into();
    Ok(types::auth::LoginTokenSuccess { authorization }.into())
}
