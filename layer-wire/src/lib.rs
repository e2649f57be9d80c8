//! What both ends of an MTProto connection speak, below sessions and above bytes.
//!
//! [`framing`] cuts a byte stream into packets and back, [`message`] reads and writes what lies in a
//! packet, [`gzip`] packs and unpacks bodies. Nothing here does I/O, looks at a clock or makes its own
//! randomness, and nothing that a peer sends can panic, allocate or recurse without bound.

#![forbid(unsafe_code)]

pub mod framing;
pub mod message;
