//! The client. So far: the order of updates.
#![forbid(unsafe_code)]

pub mod session;
mod updates;
