//! The client's half of MTProto as pure state machines: no socket, no clock, no randomness of its
//! own.
//!
//! - [`connection`]: all that a driver of a link sees: calls, their answers, and what the server says.
//! - [`exchange`]: key agreement with a server that has an RSA key; a connection does it by itself.
//! - [`ids`]: message identifiers.
//! - [`Now`]: the time, which comes in from outside as random bytes do.
//!
//! [`wire`] is `layer-wire`, what both ends speak.
#![forbid(unsafe_code)]

mod acks;
mod calls;
mod clock;
pub mod connection;
pub mod exchange;
pub mod ids;
mod now;
mod rising;
mod salts;
mod slots;

pub use layer_wire as wire;
pub use now::Now;
