//! `users.*`: people as others see them.

use layer_tl_types::{enums, functions};

use crate::World;
use crate::router::{Caller, RpcError};

/// `users.getUsers`: those whose access hash is right; the others are empty.
pub(super) fn get_users(
    world: &mut World,
    caller: &Caller,
    query: functions::users::GetUsers,
) -> Result<Vec<enums::User>, RpcError> {
    let viewer = caller.user()?;
    let user = |id: &enums::InputUser| world.user(viewer, world.user_id(viewer, id).unwrap_or(0));
    Ok(query.id.iter().map(user).collect())
}
