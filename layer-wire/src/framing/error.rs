//! What can be wrong with a frame, coming in or going out.

use thiserror::Error;

/// The peer broke the framing. The stream can't be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length announced is over the limit.
    #[error("a packet of {len} bytes was announced: at most {limit} are taken")]
    TooLong {
        /// Bytes announced.
        len: usize,
        /// Bytes taken at most.
        limit: usize,
    },
    /// The length announced is under what the frame itself takes.
    #[error("a full frame of {len} bytes was announced: its own fields take 12")]
    TooShort {
        /// Bytes announced.
        len: usize,
    },
    /// The length announced is not a whole number of 32-bit words.
    #[error("a packet of {len} bytes was announced: expected a multiple of 4")]
    Misaligned {
        /// Bytes announced.
        len: usize,
    },
    /// A frame is missing or doubled.
    #[error("full frame number {got} came: expected {expected}")]
    Sequence {
        /// The number due.
        expected: u32,
        /// The number that came.
        got: u32,
    },
    /// The frame was damaged on its way.
    #[error("full frame with CRC32 {got:08x}: expected {expected:08x}")]
    Checksum {
        /// Computed over the frame.
        expected: u32,
        /// The frame's own.
        got: u32,
    },
    /// Too short for any message, and neither an error code, nor a quick acknowledgement, nor zero.
    #[error("a packet of {len} bytes came that is neither a message nor a status")]
    NoMessage {
        /// Bytes in the packet.
        len: usize,
    },
}

/// A frame can't be written as asked. Nothing of it stays in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The packet is over the limit, or over what the framing can express.
    #[error("packet of {len} bytes: at most {limit} can be sent")]
    TooLong {
        /// Bytes in the packet.
        len: usize,
        /// Bytes sent at most.
        limit: usize,
    },
    /// The packet is not a whole number of 32-bit words.
    #[error("packet of {len} bytes: expected a multiple of 4")]
    Misaligned {
        /// Bytes in the packet.
        len: usize,
    },
    /// Other than the announced number of bytes was appended to a frame.
    #[error("{written} bytes were written to a frame for {announced}")]
    Length {
        /// Bytes said to come.
        announced: usize,
        /// Bytes that were appended.
        written: usize,
    },
    /// The full framing has no quick acknowledgements.
    #[error("the full framing has no quick acknowledgements")]
    NoQuickAcks,
    /// Clients ask for quick acknowledgements; servers send them, and errors.
    #[error("that is for the other end of the connection to send")]
    WrongEnd,
}
