//! `contacts.*`: whom a user knows.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};

/// `contacts.getContacts`: all, whatever hash the client has of them.
pub(super) fn get_contacts(
    world: &mut World,
    caller: &Caller,
    _: functions::contacts::GetContacts,
) -> Result<enums::contacts::Contacts, RpcError> {
    let viewer = caller.user()?;
    let known = world.accounts.get(viewer).map(|user| &user.contacts).into_iter().flatten();
    let ids: Vec<i64> = known.map(|(id, _)| *id).collect();
    let contact = |id: &i64| {
        let theirs = world.accounts.get(*id).map(|user| &user.contacts);
        let mutual = theirs.is_some_and(|theirs| theirs.contains_key(&viewer));
        types::Contact { user_id: *id, mutual }.into()
    };
    let contacts = ids.iter().map(contact).collect();
    let saved_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    let users = world.users(viewer, ids);
    Ok(types::contacts::Contacts { contacts, saved_count, users }.into())
}
