//! The password of two-step verification, for who is logged in (core api/srp).

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Password;

/// So long a forgotten password lasts after its owner has asked for its end, in seconds.
const RESET: i32 = 7 * 86_400;

/// `account.getPassword`: also for who is not in yet, for want of it.
pub(crate) fn get_password(
    world: &mut World,
    caller: &Caller,
    _: functions::account::GetPassword,
) -> Result<enums::account::Password, RpcError> {
    let user = world.login_or_pending(caller)?;
    Ok(enums::account::Password::Password(Box::new(world.describe_password(user))))
}

/// `account.getPasswordSettings`: what only who knows the password may see.
pub(crate) fn get_password_settings(
    world: &mut World,
    caller: &Caller,
    query: functions::account::GetPasswordSettings,
) -> Result<enums::account::PasswordSettings, RpcError> {
    let user = caller.user()?;
    world.check_password(user, &query.password, caller.now.unix())?;
    let password = world.accounts.get(user).and_then(|user| user.password.as_ref());
    let email = password.and_then(|password| password.email.clone());
    Ok(types::account::PasswordSettings { email, secure_settings: None }.into())
}

/// `account.updatePasswordSettings`: sets, changes or removes the password, its hint and its address. A new
/// address is to be confirmed first; until then all is as before.
pub(crate) fn update_password_settings(
    world: &mut World,
    caller: &Caller,
    query: functions::account::UpdatePasswordSettings,
) -> Result<bool, RpcError> {
    let user = caller.user()?;
    let before = world.accounts.get(user).and_then(|user| user.password.clone());
    if before.is_some() {
        world.check_password(user, &query.password, caller.now.unix())?;
    }
    let enums::account::PasswordInputSettings::Settings(new) = query.new_settings;
    if new.new_algo.is_none() && new.email.is_none() {
        return Err(RpcError::new(400, "NEW_SETTINGS_EMPTY"));
    }
    let mut password = match new.new_algo {
        Some(_) => world.read_password(user, &new)?,
        None => before.clone(),
    };
    if let (Some(password), Some(before)) = (&mut password, before) {
        password.email = before.email;
    }
    match (new.email.as_deref(), &mut password) {
        (Some(""), Some(password)) => password.email = None,
        (Some(email), Some(password)) => {
            let address = email_address(email)?;
            if password.email.as_deref() != Some(address) {
                let password = Password { email: Some(address.to_owned()), ..password.clone() };
                return Err(world.confirm_first(user, address, password));
            }
        }
        (Some(_), None) if new.new_algo.is_none() => {
            return Err(RpcError::new(400, "NEW_SETTINGS_INVALID"));
        }
        _ => {}
    }
    put_password(world, user, password);
    Ok(true)
}

/// `account.confirmPasswordEmail`: the code that was mailed.
pub(crate) fn confirm_password_email(
    world: &mut World,
    caller: &Caller,
    query: functions::account::ConfirmPasswordEmail,
) -> Result<bool, RpcError> {
    let user = caller.user()?;
    let email = unconfirmed(world, user)?;
    if !world.take_mailed_code(&email, &query.code) {
        return Err(RpcError::new(400, "CODE_INVALID"));
    }
    let waiting = world.accounts.get_mut(user).and_then(|user| user.unconfirmed.take());
    put_password(world, user, waiting.map(|waiting| waiting.password));
    Ok(true)
}

/// `account.resendPasswordEmail`: another code.
pub(crate) fn resend_password_email(
    world: &mut World,
    caller: &Caller,
    _: functions::account::ResendPasswordEmail,
) -> Result<bool, RpcError> {
    let email = unconfirmed(world, caller.user()?)?;
    world.mail_code(&email);
    Ok(true)
}

/// `account.cancelPasswordEmail`: all stays as it was.
pub(crate) fn cancel_password_email(
    world: &mut World,
    caller: &Caller,
    _: functions::account::CancelPasswordEmail,
) -> Result<bool, RpcError> {
    let user = caller.user()?;
    unconfirmed(world, user)?;
    if let Some(user) = world.accounts.get_mut(user) {
        user.unconfirmed = None;
    }
    Ok(true)
}

/// `account.resetPassword`: for who is logged in and has forgotten it; it takes a week.
pub(crate) fn reset_password(
    world: &mut World,
    caller: &Caller,
    _: functions::account::ResetPassword,
) -> Result<enums::account::ResetPasswordResult, RpcError> {
    // A TL int.
    let (user, now) = (caller.user()?, caller.now.unix() as i32);
    let account = world.accounts.get_mut(user).filter(|user| user.password.is_some());
    let account = account.ok_or_else(|| RpcError::new(400, "PASSWORD_EMPTY"))?;
    let until_date = *account.reset_password_at.get_or_insert(now.saturating_add(RESET));
    if now < until_date {
        return Ok(types::account::ResetPasswordRequestedWait { until_date }.into());
    }
    put_password(world, user, None);
    Ok(enums::account::ResetPasswordResult::ResetPasswordOk)
}

/// `account.declinePasswordReset`: it was remembered.
pub(crate) fn decline_password_reset(
    world: &mut World,
    caller: &Caller,
    _: functions::account::DeclinePasswordReset,
) -> Result<bool, RpcError> {
    let user = world.accounts.get_mut(caller.user()?);
    let pending = user.and_then(|user| user.reset_password_at.take());
    pending.map(|_| true).ok_or_else(|| RpcError::new(400, "RESET_REQUEST_MISSING"))
}

/// From now on this is the password.
pub(crate) fn put_password(world: &mut World, user: i64, password: Option<Password>) {
    if let Some(user) = world.accounts.get_mut(user) {
        user.password = password;
        (user.unconfirmed, user.reset_password_at) = (None, None);
        user.wrong_passwords = 0;
    }
}

/// What could be an address.
pub(crate) fn email_address(email: &str) -> Result<&str, RpcError> {
    let email = email.trim();
    let is_one = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains('@') && email.len() <= 256
    });
    if is_one { Ok(email) } else { Err(RpcError::new(400, "EMAIL_INVALID")) }
}

/// The address that is to be confirmed.
fn unconfirmed(world: &World, user: i64) -> Result<String, RpcError> {
    let waiting = world.accounts.get(user).and_then(|user| user.unconfirmed.as_ref());
    let waiting = waiting.ok_or_else(|| RpcError::new(400, "EMAIL_HASH_EXPIRED"))?;
    Ok(waiting.email.clone())
}
