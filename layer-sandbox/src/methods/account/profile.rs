//! What a user tells about itself.

use layer_tl_types::{enums, functions};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::check_username;

/// The longest name, and the longest text about oneself.
const LONGEST: (usize, usize) = (64, 70);

/// `account.updateProfile`: what is given of it.
pub(crate) fn update_profile(
    world: &mut World,
    caller: &Caller,
    query: functions::account::UpdateProfile,
) -> Result<enums::User, RpcError> {
    let id = caller.user()?;
    let (name, about) = LONGEST;
    let long =
        |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
    let nameless = query.first_name.as_ref().is_some_and(|name| name.trim().is_empty());
    if nameless || long(&query.first_name, name) || long(&query.last_name, name) {
        return Err(RpcError::new(400, "FIRSTNAME_INVALID"));
    }
    if long(&query.about, about) {
        return Err(RpcError::new(400, "ABOUT_TOO_LONG"));
    }
    let renamed = query.first_name.is_some() || query.last_name.is_some();
    if let Some(user) = world.accounts.get_mut(id) {
        let put = |new: Option<String>, old: &mut String| {
            if let Some(new) = new {
                *old = new.trim().to_owned();
            }
        };
        put(query.first_name, &mut user.first_name);
        put(query.last_name, &mut user.last_name);
        put(query.about, &mut user.about);
    }
    if renamed {
        world.tell_name_of(id, caller.now.unix());
    }
    Ok(world.user(id, id))
}

/// `account.updateStatus`: online, or not.
pub(crate) fn update_status(
    world: &mut World,
    caller: &Caller,
    query: functions::account::UpdateStatus,
) -> Result<bool, RpcError> {
    world.set_online(caller.user()?, !query.offline, caller.now.unix());
    Ok(true)
}

/// `account.checkUsername`: whether it is free.
pub(crate) fn check_free(
    world: &mut World,
    _: &Caller,
    query: functions::account::CheckUsername,
) -> Result<bool, RpcError> {
    Ok(world.owner_of(check_username(&query.username)?).is_none())
}

/// `account.updateUsername`: another one, or none.
pub(crate) fn update_username(
    world: &mut World,
    caller: &Caller,
    query: functions::account::UpdateUsername,
) -> Result<enums::User, RpcError> {
    let id = caller.user()?;
    let own = world.accounts.get(id).and_then(|user| user.usernames.first().cloned());
    if own.clone().unwrap_or_default() == query.username {
        return Err(RpcError::new(400, "USERNAME_NOT_MODIFIED"));
    }
    let new = match query.username.as_str() {
        "" => None,
        name => Some(check_username(name)?.to_owned()),
    };
    if let Some(new) = &new {
        let only_case = own.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(new));
        if !only_case && world.owner_of(new).is_some() {
            return Err(RpcError::new(400, "USERNAME_OCCUPIED"));
        }
    }
    if let Some(user) = world.accounts.get_mut(id) {
        let rest = user.usernames.drain(..).skip(1).collect::<Vec<_>>();
        user.usernames = new.into_iter().chain(rest).collect();
    }
    world.tell_name_of(id, caller.now.unix());
    Ok(world.user(id, id))
}
