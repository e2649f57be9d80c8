//! Sessions: one suite for all backends, and a file on disks that do their worst.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod backends;
mod crash;
mod data;
mod faults;
mod file;
mod format;
mod processes;
mod queue;
mod samples;
mod sim_disk;
mod string;
mod suite;
mod temp;
