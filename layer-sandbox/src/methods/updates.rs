//! `updates.*`: what an account has not heard of yet.

use layer_tl_types::{enums, functions};

use crate::World;
use crate::router::{Caller, RpcError};

/// `updates.getState`: where the account's boxes stand.
pub(super) fn get_state(
    world: &mut World,
    caller: &Caller,
    _: functions::updates::GetState,
) -> Result<enums::updates::State, RpcError> {
    Ok(world.state(&world.actor(caller)?).into())
}

/// `updates.getDifference`: what has happened since.
pub(super) fn get_difference(
    world: &mut World,
    caller: &Caller,
    query: functions::updates::GetDifference,
) -> Result<enums::updates::Difference, RpcError> {
    world.difference(&world.actor(caller)?, &query)
}

/// `updates.getChannelDifference`: what has happened in a channel since.
pub(super) fn get_channel_difference(
    world: &mut World,
    caller: &Caller,
    query: functions::updates::GetChannelDifference,
) -> Result<enums::updates::ChannelDifference, RpcError> {
    world.channel_difference(&world.actor(caller)?, &query)
}
