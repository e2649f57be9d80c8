//! The connection machine against a server made by hand, which says whatever a test wants to say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod agreement;
mod bad_messages;
mod checks;
mod clock;
mod course;
mod doubted_key;
mod lost_link;
mod peer;
mod temporary_keys;
