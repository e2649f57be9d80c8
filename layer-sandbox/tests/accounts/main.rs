//! Accounts: users, logins, and the methods about them, through the router and without a network.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod account;
mod bots;
mod codes;
mod contacts;
mod logins;
mod password;
mod people;
mod questions;
mod room;
mod router;
