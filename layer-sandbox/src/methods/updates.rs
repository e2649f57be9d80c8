//! `updates.*`: what an account has not heard of yet.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};

/// `updates.getState`: nothing has happened yet. Accounts begin at pts 1, for some clients take 0 for no
/// state at all.
pub(super) fn get_state(
    _: &mut World,
    caller: &Caller,
    _: functions::updates::GetState,
) -> Result<enums::updates::State, RpcError> {
    let date = caller.now.unix() as i32;
    Ok(types::updates::State { pts: 1, qts: 0, date, seq: 1, unread_count: 0 }.into())
}
