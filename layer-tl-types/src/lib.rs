//! Telegram's API as Rust types, generated at build time from the schemas in `tl/`.
//!
//! * [`types`]: a struct per constructor, without its id on the wire.
//! * [`enums`]: an enum per type, a variant per constructor: what fields and answers hold.
//! * [`functions`]: a struct per function, to be sent.
//! * `secret`: the same three for end-to-end chats (feature `tl-secret`).
//!
//! ```
//! use layer_tl_types::{Deserializable, RemoteCall, Serializable, enums, functions, types};
//!
//! // Fields that may be left out are left out by `new` and set by name.
//! let request = functions::messages::SendMessage {
//!     silent: true,
//!     ..functions::messages::SendMessage::new(enums::InputPeer::PeerSelf, "hello".into(), 42)
//! };
//! let bytes = request.to_bytes();
//!
//! // What it answers is known from its type.
//! type Answer = <functions::messages::SendMessage as RemoteCall>::Return;
//! let answer = Answer::from_bytes(&enums::Updates::TooLong.to_bytes())?;
//! assert_eq!(answer, enums::Updates::TooLong);
//!
//! // Constructor to type and back.
//! let peer: enums::Peer = types::PeerUser { user_id: 7 }.into();
//! assert_eq!(types::PeerUser::try_from(peer).unwrap().user_id, 7);
//! # assert_eq!(bytes.len() % 4, 0);
//! # Ok::<(), layer_tl_types::Error>(())
//! ```
//!
//! # Names
//!
//! | in the schema | here |
//! |---|---|
//! | `auth.sentCode`, `p_q_inner_data`, `AccountDaysTTL` | `auth::SentCode`, `PQInnerData`, `AccountDaysTtl` |
//! | constructor `peerUser` of type `Peer` | `types::PeerUser`, `enums::Peer::User` |
//! | a name that is the type's own: `user`, `auth.sentCode` | its last word: `User::User`, `SentCode::Code` |
//! | a name that would leave `Self`: `inputPeerSelf` | its last two words: `InputPeer::PeerSelf` |
//! | names in one type that would be alike; `sendtype` of `Send` | kept whole |
//! | a constructor without parameters | a variant without value: `InputPeer::Empty` |
//! | a constructor that is large or contains its own type | `Box`ed in its variant |
//! | `type`, `final` and other keywords; `self` | `r#type`, `r#final`; `is_self` |
//! | `name:flags.3?true`, `name:flags.3?string` | `bool`, `Option<String>`; the word of flags is computed |
//! | `int`, `long`, `double`, `int128`, `bytes`, `Bool` | `i32`, `i64`, `f64`, `[u8; 16]`, `Vec<u8>`, `bool` |
//!
//! Fields that share one bit go out together: where only some are given, the others go out as
//! zeros. Two values are equal if their bytes are.
//!
//! # Another layer
//!
//! `cp new-api.tl layer-tl-types/tl/api.tl && cargo build`.
#![forbid(unsafe_code)]
// `extern "C"` is used between Rust functions only: see `read`.
#![allow(improper_ctypes_definitions)]
// With few features, parts of what generated code calls are idle.
#![cfg_attr(not(all(feature = "tl-api", feature = "impl-debug")), allow(dead_code, unused_imports))]

#[cfg(feature = "impl-debug")]
mod debug;
mod error;
#[cfg(feature = "older-layers")]
pub mod layers;
mod raw;
mod read;
mod write;

pub use error::Error;
pub use raw::RawObject;
pub use read::{Cursor, Deserializable, MAX_DEPTH, MAX_MEMORY};
pub use write::Serializable;

/// A constructor or function, which an id names on the wire.
pub trait Identifiable {
    /// The id: the CRC32 of the definition's text.
    const CONSTRUCTOR_ID: u32;
}

/// A function that the other side can be asked to run.
pub trait RemoteCall: Serializable {
    /// What it answers.
    type Return: Deserializable;
}

/// What the generated code names, as no name of a schema is spelled: a constructor may be called
/// `default`, a namespace `write`.
#[allow(unused_imports, reason = "some are for code that a feature asks for")]
mod generated {
    pub(crate) use std::cmp::PartialEq as _PartialEq;
    pub(crate) use std::convert::{From as _From, TryFrom as _TryFrom};
    pub(crate) use std::default::Default as _Default;
    pub(crate) use std::fmt as _fmt;

    #[cfg(feature = "impl-debug")]
    pub(crate) use crate::debug as _debug;
    pub(crate) use crate::{
        Deserializable as _De, Identifiable as _Id, RemoteCall as _RemoteCall,
        Serializable as _Ser, write as _write,
    };
}

include!(concat!(env!("OUT_DIR"), "/tl.rs"));
