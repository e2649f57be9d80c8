//! The client. So far: the order of updates.
#![forbid(unsafe_code)]

mod updates;
