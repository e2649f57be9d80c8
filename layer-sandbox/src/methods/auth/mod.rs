//! `auth.*`: how one gets in, and out again (core api/auth).

pub(super) mod bot;
pub(super) mod code;
pub(super) mod password;
pub(super) mod qr;
pub(super) mod session;

use crate::router::RpcError;

/// Whether an application is one; the sandbox takes any that has a number and a hash.
fn check_application(api_id: i32, api_hash: &str) -> Result<(), RpcError> {
    if api_id <= 0 || api_hash.is_empty() {
        return Err(RpcError::new(400, "API_ID_INVALID"));
    }
    Ok(())
}
