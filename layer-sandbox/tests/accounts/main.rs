//! Accounts: users, logins, and the methods about them, through the router and without a network.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod codes;
mod logins;
mod password;
mod people;
mod room;
mod router;
