//! What a client can do, a file for each family of methods.

mod auth;
mod password;
pub(crate) mod qr;
mod updates;
