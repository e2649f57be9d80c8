//! The connection machine against a server made by hand, which says whatever a test wants to say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod acks;
mod agreement;
mod bad_messages;
mod checks;
mod clock;
mod course;
mod doubted_key;
mod frames;
mod limits;
mod liveness;
mod lost_link;
mod peer;
mod salts;
mod temporary_keys;
