//! What both ends of an MTProto connection speak, below sessions and above bytes.
//!
//! - [`framing`]: packets out of a byte stream and into one, quick acknowledgements, transport
//!   errors.
//! - [`message`]: plain messages, containers, and the other constructors that no schema can
//!   express.
//! - [`gzip`]: packed objects.
//!
//! The header inside a sealed packet is `layer_crypto::envelope`'s. Nothing here does I/O, looks at
//! a clock or makes its own randomness, and nothing that a peer sends can panic, allocate or
//! recurse without bound.

#![forbid(unsafe_code)]

pub mod framing;
pub mod gzip;
pub mod message;
