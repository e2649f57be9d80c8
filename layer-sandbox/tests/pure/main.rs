//! The pure server: key agreement, and the machine of one link.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod anything;
mod binding;
mod calls;
mod client;
mod connection;
mod exchange;
mod garbage;
mod layers;
mod link;
mod messages;
mod notices;
mod numbers;
mod packing;
mod resending;
mod script;
mod service;
mod states;
mod talking;
mod waiting;
mod world;
