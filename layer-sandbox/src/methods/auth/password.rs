//! The password of two-step verification at a login, and its recovery (core api/srp).

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::methods::account::password::put_password;
use crate::router::{Caller, RpcError};
use crate::world::mail_pattern;

/// `auth.checkPassword`: the last step of a login.
pub(crate) fn check_password(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::CheckPassword,
) -> Result<enums::auth::Authorization, RpcError> {
    let user = world.login_or_pending(caller)?;
    world.check_password(user, &query.password, caller.now.unix())?;
    Ok(world.admit_at_last(caller, user).into())
}

/// `auth.requestPasswordRecovery`: mails a code.
pub(crate) fn request_password_recovery(
    world: &mut World,
    caller: &Caller,
    _: functions::auth::RequestPasswordRecovery,
) -> Result<enums::auth::PasswordRecovery, RpcError> {
    let email = recovery_email(world, caller)?;
    world.mail_code(&email);
    Ok(types::auth::PasswordRecovery { email_pattern: mail_pattern(&email) }.into())
}

/// `auth.checkRecoveryPassword`: whether a code is right. It is not used up.
pub(crate) fn check_recovery_password(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::CheckRecoveryPassword,
) -> Result<bool, RpcError> {
    let email = recovery_email(world, caller)?;
    match world.mailed_code(&email) {
        None => Err(RpcError::new(400, "PASSWORD_RECOVERY_EXPIRED")),
        Some(code) if code == query.code => Ok(true),
        Some(_) => Err(RpcError::new(400, "CODE_INVALID")),
    }
}

/// `auth.recoverPassword`: with the code, the password becomes another one, or none; that is a login, too.
pub(crate) fn recover_password(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::RecoverPassword,
) -> Result<enums::auth::Authorization, RpcError> {
    let user = world.login_or_pending(caller)?;
    let email = recovery_email(world, caller)?;
    if query.code.is_empty() {
        return Err(RpcError::new(400, "CODE_EMPTY"));
    }
    let password = match &query.new_settings {
        Some(enums::account::PasswordInputSettings::Settings(settings)) => {
            world.read_password(user, settings)?
        }
        None => None,
    };
    if world.mailed_code(&email).is_none() {
        return Err(RpcError::new(400, "PASSWORD_RECOVERY_EXPIRED"));
    }
    if !world.take_mailed_code(&email, &query.code) {
        return Err(RpcError::new(400, "CODE_INVALID"));
    }
    put_password(world, user, password);
    Ok(world.admit_at_last(caller, user).into())
}

/// Where codes for the recovery go.
fn recovery_email(world: &World, caller: &Caller) -> Result<String, RpcError> {
    let user = world.login_or_pending(caller)?;
    let password = world.accounts.get(user).and_then(|user| user.password.as_ref());
    let password = password.ok_or_else(|| RpcError::new(400, "PASSWORD_EMPTY"))?;
    password.email.clone().ok_or_else(|| RpcError::new(400, "PASSWORD_RECOVERY_NA"))
}
