//! An async Telegram client: bots and user accounts over MTProto.
//!
//! So far: links to data centres, the order of updates, sessions. The client on top of them comes next.
#![forbid(unsafe_code)]

mod config;
mod error;
#[allow(dead_code, reason = "what uses it comes next")]
mod net;
#[allow(dead_code, reason = "what uses it comes next")]
mod peers;
#[allow(dead_code, reason = "what uses it comes next")]
mod random;
mod retry;
pub mod session;
pub mod types;
#[allow(dead_code, reason = "what uses it comes next")]
mod updates;

/// What the server says by itself, as users see it.
pub mod update {
    pub use crate::updates::{Gap, RawUpdate, Update};
}

pub use config::{Proxy, Socks5Config, TransportKind};
pub use error::{InvocationError, RpcError};
pub use layer_tl_types as tl;
pub use peers::{PeerRef, UnknownPeer};
pub use retry::{AutoSleep, NoRetries, RetryContext, RetryPolicy};
