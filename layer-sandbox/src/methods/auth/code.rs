//! Login by a code that is sent to a phone number, and signing up.

use layer_tl_types::{enums, functions, types};

use super::check_application;
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::{CodeKind, digits, test_dc};

/// The longest name that is taken.
const LONGEST_NAME: usize = 64;

/// `auth.sendCode`: sends one, unless a token says that the user was logged in here before.
pub(crate) fn send_code(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::SendCode,
) -> Result<enums::auth::SentCode, RpcError> {
    check_application(query.api_id, &query.api_hash)?;
    let phone = phone_number(&query.phone_number)?;
    if world.accounts.is_banned(&phone) {
        return Err(RpcError::new(400, "PHONE_NUMBER_BANNED"));
    }
    at_home(world, caller, &phone)?;
    let enums::CodeSettings::Settings(settings) = query.settings;
    let user = world.accounts.by_phone(&phone).map(|user| user.id);
    let tokens = settings.logout_tokens.unwrap_or_default();
    if let Some(user) = user
        && world.take_future(&tokens, user)
    {
        let authorization = world.admit(caller, user)?.into();
        return Ok(types::auth::SentCodeSuccess { authorization }.into());
    }
    world.send_code(&phone, caller.now)
}

/// `auth.resendCode`: in the next of the ways that there are.
pub(crate) fn resend_code(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ResendCode,
) -> Result<enums::auth::SentCode, RpcError> {
    let (phone, now) = (phone_number(&query.phone_number)?, caller.now.unix());
    let sent = world.sent_code(&phone, &query.phone_code_hash, now)?;
    world.resend_code(sent, caller.now)
}

/// `auth.resetLoginEmail`: who can't read the mail gets the code in the next of the ways that there are.
pub(crate) fn reset_login_email(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ResetLoginEmail,
) -> Result<enums::auth::SentCode, RpcError> {
    let (phone, now) = (phone_number(&query.phone_number)?, caller.now.unix());
    let sent = world.sent_code(&phone, &query.phone_code_hash, now)?;
    if !matches!(sent.kind, CodeKind::Email(_)) {
        return Err(RpcError::new(400, "EMAIL_INSTALL_MISSING"));
    }
    world.resend_code(sent, caller.now)
}

/// `auth.checkPaidAuth`: it is paid for, and the code is sent in the next of the ways that there are.
pub(crate) fn check_paid_auth(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::CheckPaidAuth,
) -> Result<enums::auth::SentCode, RpcError> {
    let phone = phone_number(&query.phone_number)?;
    let sent = world.sent_code(&phone, &query.phone_code_hash, caller.now.unix())?;
    if sent.kind != CodeKind::Payment {
        return Err(RpcError::new(400, "FORM_ID_EMPTY"));
    }
    world.resend_code(sent, caller.now)
}

/// `auth.cancelCode`: it is worth nothing any more.
pub(crate) fn cancel_code(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::CancelCode,
) -> Result<bool, RpcError> {
    let phone = phone_number(&query.phone_number)?;
    let sent = world.sent_code(&phone, &query.phone_code_hash, caller.now.unix())?;
    Ok(world.forget_code(&sent.hash))
}

/// `auth.reportMissingCode`: noted by nobody.
pub(crate) fn report_missing_code(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::ReportMissingCode,
) -> Result<bool, RpcError> {
    let phone = phone_number(&query.phone_number)?;
    world.sent_code(&phone, &query.phone_code_hash, caller.now.unix())?;
    Ok(true)
}

/// `auth.signIn`: by the code; who has no account yet is asked to sign up.
pub(crate) fn sign_in(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::SignIn,
) -> Result<enums::auth::Authorization, RpcError> {
    let (phone, now) = (phone_number(&query.phone_number)?, caller.now.unix());
    at_home(world, caller, &phone)?;
    if query.phone_code.as_deref().is_none_or(str::is_empty) && query.email_verification.is_none() {
        return Err(RpcError::new(400, "PHONE_CODE_EMPTY"));
    }
    let sent = world.sent_code(&phone, &query.phone_code_hash, now)?;
    let (code, mailed) = (query.phone_code.as_deref(), query.email_verification.as_ref());
    world.try_code(&sent.hash, code, mailed, now)?;
    world.forget_asked_codes(&phone);
    let Some(user) = world.accounts.by_phone(&phone).map(|user| user.id) else {
        let terms_of_service = Some(terms_of_service());
        return Ok(types::auth::AuthorizationSignUpRequired { terms_of_service }.into());
    };
    world.forget_code(&sent.hash);
    Ok(world.admit(caller, user)?.into())
}

/// `auth.signUp`: a new account, for a number whose code was right.
pub(crate) fn sign_up(
    world: &mut World,
    caller: &Caller,
    query: functions::auth::SignUp,
) -> Result<enums::auth::Authorization, RpcError> {
    let phone = phone_number(&query.phone_number)?;
    let sent = world.sent_code(&phone, &query.phone_code_hash, caller.now.unix())?;
    if world.accounts.by_phone(&phone).is_some() {
        return Err(RpcError::new(400, "PHONE_NUMBER_OCCUPIED"));
    }
    if !sent.confirmed {
        return Err(RpcError::new(400, "PHONE_CODE_INVALID"));
    }
    let (first_name, last_name) = (query.first_name.trim(), query.last_name.trim());
    if first_name.is_empty() || first_name.chars().count() > LONGEST_NAME {
        return Err(RpcError::new(400, "FIRSTNAME_INVALID"));
    }
    if last_name.chars().count() > LONGEST_NAME {
        return Err(RpcError::new(400, "LASTNAME_INVALID"));
    }
    if world.accounts.is_full() {
        return Err(RpcError::new(400, "PHONE_NUMBER_FLOOD"));
    }
    world.forget_code(&sent.hash);
    let id = world.add_user("", &phone);
    if let Some(user) = world.accounts.get_mut(id) {
        (user.first_name, user.last_name) = (first_name.to_owned(), last_name.to_owned());
    }
    Ok(world.admit(caller, id)?.into())
}

/// The digits of a phone number that could be one.
pub(crate) fn phone_number(phone: &str) -> Result<String, RpcError> {
    let number = digits(phone);
    let only = phone.chars().all(|char| char.is_ascii_digit() || " +-()".contains(char));
    if !only || !(7..=15).contains(&number.len()) {
        return Err(RpcError::new(400, "PHONE_NUMBER_INVALID"));
    }
    Ok(number)
}

/// Whether this is the data centre where the number's account lives, or would.
fn at_home(world: &World, caller: &Caller, phone: &str) -> Result<(), RpcError> {
    let lives_at = world.accounts.by_phone(phone).map(|user| user.dc).or_else(|| test_dc(phone));
    lives_at.map_or(Ok(()), |dc| world.at_home(caller, dc, "PHONE"))
}

/// What a new user agrees to.
pub(crate) fn terms_of_service() -> enums::help::TermsOfService {
    let id = types::DataJson { data: r#"{"terms":"sandbox"}"#.into() }.into();
    let text = "Nothing here leaves this machine.".to_owned();
    types::help::TermsOfService::new(id, text, Vec::new()).into()
}
