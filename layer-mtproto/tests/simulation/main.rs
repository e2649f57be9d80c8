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

mod call;
mod clock;
mod dice;
mod fault;
mod frames;
mod link;
mod pipe;
mod story;
mod tap;
