//! The connection machine against a server made by hand, which says whatever a test wants to say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod acks;
mod agreement;
mod answers;
mod bad_messages;
mod checks;
mod clock;
mod containers;
mod course;
mod doubted_key;
mod frames;
mod init;
mod limits;
mod liveness;
mod lost_link;
mod order;
mod peer;
mod salts;
mod secrets;
mod service;
mod sessions;
mod temporary_keys;
