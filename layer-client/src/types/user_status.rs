//! Somebody came or went.

use layer_tl_types::{enums, types};

/// A user is online, or was last seen then.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UserStatusUpdate {
    /// Who.
    pub user_id: i64,
    /// The status as Telegram has it; its times are unix seconds.
    pub status: enums::UserStatus,
}

impl From<types::UpdateUserStatus> for UserStatusUpdate {
    fn from(raw: types::UpdateUserStatus) -> Self {
        Self { user_id: raw.user_id, status: raw.status }
    }
}
