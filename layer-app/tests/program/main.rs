//! The program itself, as people run it: its arguments, what it prints, how it ends. Each test has a
//! sandbox on loopback ports and a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod account;
mod files;
mod refused;
mod serving;
mod stage;
mod tour;
