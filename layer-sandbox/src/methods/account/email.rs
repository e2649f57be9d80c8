//! The address for mail to which login codes go (core api/auth).

use layer_tl_types::{enums, functions, types};

use super::password::email_address;
use crate::World;
use crate::methods::auth::code::phone_number;
use crate::router::{Caller, RpcError};
use crate::world::CodeKind;

/// `account.sendVerifyEmailCode`: during a login that wants an address, or in a logged-in client.
pub(crate) fn send_verify_email_code(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SendVerifyEmailCode,
) -> Result<enums::account::SentEmailCode, RpcError> {
    let email = email_address(&query.email)?;
    match &query.purpose {
        enums::EmailVerifyPurpose::LoginSetup(purpose) => {
            let phone = phone_number(&purpose.phone_number)?;
            let sent = world.sent_code(&phone, &purpose.phone_code_hash, caller.now.unix());
            let sent = sent.map_err(|_| RpcError::new(400, "PHONE_HASH_EXPIRED"))?;
            if sent.kind != CodeKind::SetUpEmail {
                return Err(RpcError::new(400, "EMAIL_NOT_SETUP"));
            }
        }
        enums::EmailVerifyPurpose::LoginChange | enums::EmailVerifyPurpose::Passport => {
            caller.user.ok_or_else(|| world.why_nobody(caller))?;
        }
    }
    Ok(world.mail_code(email).into())
}

/// `account.verifyEmail`: a login that wanted an address goes on with a code that is mailed there.
pub(crate) fn verify_email(
    world: &mut World,
    caller: &Caller,
    query: functions::account::VerifyEmail,
) -> Result<enums::account::EmailVerified, RpcError> {
    let enums::EmailVerification::Code(code) = &query.verification else {
        return Err(RpcError::new(400, "EMAIL_NOT_ALLOWED"));
    };
    // The query does not name the address again.
    let email = world.address_of_code(&code.code);
    let email = email.ok_or_else(|| RpcError::new(400, "EMAIL_VERIFY_EXPIRED"));
    match &query.purpose {
        enums::EmailVerifyPurpose::LoginSetup(purpose) => {
            let phone = phone_number(&purpose.phone_number)?;
            let sent = world.sent_code(&phone, &purpose.phone_code_hash, caller.now.unix())?;
            let email = email?;
            world.take_mailed_code(&email, &code.code);
            let user = world.accounts.by_phone(&phone).map(|user| user.id);
            if let Some(user) = user.and_then(|id| world.accounts.get_mut(id)) {
                user.login_email = Some(email.clone());
            }
            let sent_code = world.mail_login_code(sent, &email, caller.now);
            Ok(types::account::EmailVerifiedLogin { email, sent_code }.into())
        }
        enums::EmailVerifyPurpose::LoginChange | enums::EmailVerifyPurpose::Passport => {
            let user = caller.user.ok_or_else(|| world.why_nobody(caller))?;
            let email = email?;
            world.take_mailed_code(&email, &code.code);
            if let Some(user) = world.accounts.get_mut(user)
                && query.purpose == enums::EmailVerifyPurpose::LoginChange
            {
                user.login_email = Some(email.clone());
            }
            Ok(types::account::EmailVerified { email }.into())
        }
    }
}
