//! Messages: what people say to each other, and what each of them is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod anything;
mod buttons;
mod cdn;
mod channels;
mod difference;
mod files;
mod groups;
mod inline;
mod invites;
mod lists;
mod marks;
mod media;
mod members;
mod polls;
mod portraits;
mod private;
mod room;
