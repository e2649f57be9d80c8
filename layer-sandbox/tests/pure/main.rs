//! The pure server: key agreement, and the machine of one link.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod binding;
mod client;
mod connection;
mod exchange;
mod garbage;
mod link;
mod messages;
mod script;
mod service;
mod world;
