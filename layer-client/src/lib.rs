//! An async Telegram client: bots and user accounts over MTProto.
//!
//! [`Client::connect`] with a [`Config`] gives a [`Client`], by which any function of the layer is
//! called ([`Client::invoke`]).
#![forbid(unsafe_code)]

mod api;
mod builder;
mod client;
mod config;
mod error;
mod files;
mod invoke;
mod login;
mod net;
pub mod parsers;
mod peers;
mod random;
mod repeat;
mod requests;
mod retry;
mod saver;
mod seams;
pub mod session;
#[cfg(test)]
mod tests;
pub mod types;
mod updates;

/// What the server says by itself, as users see it.
pub mod update {
    pub use crate::updates::{Ack, Delivery, Gap, RawUpdate, Update, UpdateStream};
}

pub use builder::Builder;
pub use client::{Client, ShutdownToken};
pub use config::{Config, ConfigError, Proxy, Socks5Config, TransportKind};
pub use error::{InvocationError, RpcError};
pub use files::{
    DownloadIter, DownloadToFile, Downloadable, FileError, FileLocation, Origin, Progress,
    ProgressStream, RemoteFile, Upload, UploadedFile,
};
pub use layer_tl_types as tl;
pub use login::{
    CodeKind, LoginToken, NextCode, PasswordError, PasswordToken, QrLogin, QrState, SignInError,
};
pub use peers::{PeerRef, UnknownPeer};
pub use requests::{
    DialogIter, ForwardMessages, GlobalSearchBuilder, MessageIter, ParticipantIter, PinMessage,
    SearchBuilder, SendAlbum, SendMessage, TypingGuard,
};
pub use retry::{AutoSleep, NoRetries, RetryContext, RetryPolicy};

/// The README's examples run too.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
