//! `account.*`: what belongs to the one who asks.

pub(super) mod email;
pub(super) mod password;
pub(super) mod phone;
pub(super) mod profile;
pub(super) mod sessions;
pub(super) mod settings;
