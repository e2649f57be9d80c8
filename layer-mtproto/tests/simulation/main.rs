//! The client's machine and the server's over a simulated link, with everything going wrong that a seed says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    missing_docs
)]

mod book;
mod call;
mod check;
mod client;
mod clock;
mod dice;
mod fault;
mod frames;
mod link;
mod pipe;
mod profile;
mod run;
mod script;
mod seeds;
mod server;
mod story;
mod tap;
mod trouble;
mod user;
