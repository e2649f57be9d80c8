//! The pure server: key agreement, and the machine of one link.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod client;
mod exchange;
mod script;
