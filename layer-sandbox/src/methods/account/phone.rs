//! The phone number of an account: changed, or given up with the account.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::methods::auth::code::phone_number;
use crate::router::{Caller, RpcError};

/// So long a user who has forgotten its password waits until the account is deleted, in seconds.
const WAIT: u32 = 7 * 86_400;

/// `account.sendChangePhoneCode`: to the new number.
pub(crate) fn send_change_phone_code(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SendChangePhoneCode,
) -> Result<enums::auth::SentCode, RpcError> {
    let phone = free_number(world, &query.phone_number)?;
    world.send_code(&phone, caller.now)
}

/// `account.changePhone`: with the code that was sent there.
pub(crate) fn change_phone(
    world: &mut World,
    caller: &Caller,
    query: functions::account::ChangePhone,
) -> Result<enums::User, RpcError> {
    let (id, now) = (caller.user()?, caller.now.unix());
    let phone = free_number(world, &query.phone_number)?;
    let sent = world.sent_code(&phone, &query.phone_code_hash, now)?;
    world.try_code(&sent.hash, Some(&query.phone_code), None, now)?;
    world.forget_code(&sent.hash);
    world.forget_asked_codes(&phone);
    if let Some(user) = world.accounts.get_mut(id) {
        user.phone = Some(phone.clone());
    }
    let update: enums::Update = types::UpdateUserPhone { user_id: id, phone }.into();
    world.notify(id, update, now);
    Ok(world.user(id, id))
}

/// `account.deleteAccount`: at once, for who knows the password.
pub(crate) fn delete_account(
    world: &mut World,
    caller: &Caller,
    query: functions::account::DeleteAccount,
) -> Result<bool, RpcError> {
    let id = world.login_or_pending(caller)?;
    let protected = world.accounts.get(id).is_some_and(|user| user.password.is_some());
    if protected {
        let proof = query.password;
        let proof = proof.ok_or_else(|| RpcError::new(420, format!("2FA_CONFIRM_WAIT_{WAIT}")))?;
        world.check_password(id, &proof, caller.now.unix())?;
    }
    world.delete_account(id);
    world.tell_of(id, &types::UpdateUser { user_id: id }.into(), caller.now.unix());
    Ok(true)
}

/// A number that nobody has.
fn free_number(world: &World, phone: &str) -> Result<String, RpcError> {
    let phone = phone_number(phone)?;
    if world.accounts.by_phone(&phone).is_some() {
        return Err(RpcError::new(400, "PHONE_NUMBER_OCCUPIED"));
    }
    Ok(phone)
}
