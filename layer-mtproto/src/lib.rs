//! The client's half of MTProto as pure state machines: no socket, no clock, no randomness of its
//! own.
//!
//! - [`exchange`]: key agreement with a server that has an RSA key.
//! - [`query`]: one call under a key, for a program that wants no connection.
//! - [`ids`]: message identifiers.
//! - [`Now`]: the time, which comes in from outside as random bytes do.
//!
//! [`wire`] is `layer-wire`, what both ends speak.
#![forbid(unsafe_code)]

pub mod exchange;
pub mod ids;
mod now;
pub mod query;

pub use layer_wire as wire;
pub use now::Now;
