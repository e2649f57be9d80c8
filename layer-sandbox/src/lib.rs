//! A Telegram server in the process or on a loopback port, for tests and demos.
//!
//! * [`exchange`]: the server's half of key agreement.
//! * [`connection`]: the pure machine of one link: bytes in, bytes out.
//! * [`router`] and `methods`: from a constructor id to what answers it.
//! * [`world`]: what the server knows; [`keys`], [`salts`] and [`session`] are its parts, and
//!   [`tally`] counts what happens.
//! * [`faults`]: knobs by which a test makes it behave worse.
//! * `listen` (feature `listen`): the same on loopback ports, with threads; `Sandbox` is all of it for
//!   a test, and `actors` are the people and bots in it.
//!
//! All but these is pure: time comes in as [`Now`], random bytes as an argument. It is written apart
//! from the client and shares with it no more than `layer-tl-types`, `layer-crypto` and `layer-wire`.
#![forbid(unsafe_code)]

#[cfg(feature = "listen")]
pub mod actors;
mod clock;
pub mod connection;
mod dialect;
pub mod exchange;
pub mod faults;
pub mod keys;
#[cfg(feature = "listen")]
pub mod listen;
mod methods;
pub mod router;
pub mod salts;
#[cfg(feature = "listen")]
pub mod sandbox;
pub mod session;
pub mod tally;
pub mod world;

pub use clock::Now;
pub use connection::Connection;
pub use faults::Faults;
#[cfg(feature = "listen")]
pub use listen::Listener;
pub use router::{Caller, Reply, RpcError};
#[cfg(feature = "listen")]
pub use sandbox::Sandbox;
pub use world::{Cdn, Contents, Habits, InMemory, Peer, SendOptions, Settings, World};
