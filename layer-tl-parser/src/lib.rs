//! Parser and canonical printer for TL, the language of Telegram's schemas.
//!
//! [`parse_tl_file`] turns the text of a `.tl` file into [`tl::Definition`]s; printing a definition
//! gives back the one canonical line that parses to it again, and [`tl::Definition::computed_id`]
//! is the CRC32 from which Telegram takes its ids.
//! The language: <https://core.telegram.org/mtproto/TL>.
//!
//! ```
//! use layer_tl_parser::{parse_tl_file, tl::Category};
//!
//! let text = "peerUser user_id:long = Peer;
//! ---functions---
//! ping#7abe77ec ping_id:long = Pong;";
//! let definitions = parse_tl_file(text).collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(definitions[0].id, 0x5951_1722); // computed: the text gives none
//! assert_eq!(definitions[1].category, Category::Functions);
//! assert_eq!(definitions[1].to_string(), "ping#7abe77ec ping_id:long = Pong;");
//! # Ok::<(), layer_tl_parser::ParseError>(())
//! ```
#![forbid(unsafe_code)]

mod definition;
mod error;
mod file;
mod parameter;
mod scanner;
mod ty;

pub use error::ParseError;
pub use file::{TlFile, parse_tl_file, schema_layer};

/// The parts of a TL schema.
pub mod tl {
    pub use crate::definition::{Category, Definition};
    pub use crate::parameter::{Flag, Parameter, ParameterType};
    pub use crate::ty::Type;
}
