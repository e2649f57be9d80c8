//! Full framing: total length, sequence number from 0 in each direction, payload, CRC32 of all
//! before.
//!
//! Servers in the field have been seen to send an error code without a frame, where a length would
//! be; a negative length is taken as that.

use super::{FrameError, Head, Role, Status, TransportError};

/// Length and sequence number.
pub(super) const HEAD: usize = 8;
/// The checksum.
pub(super) const TAIL: usize = 4;

/// The longest packet that a signed length can say.
pub(super) const LONGEST: usize = 0x7fff_ffff - HEAD - TAIL;

pub(super) fn write_head(len: usize, seq: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&((len + HEAD + TAIL) as u32).to_le_bytes());
    out.extend_from_slice(&seq.to_le_bytes());
}

/// Fills in the checksum of each frame in `frames`, which are whole but for that.
pub(super) fn write_checksums(mut frames: &mut [u8]) {
    while let Some(&len) = frames.first_chunk() {
        let len = u32::from_le_bytes(len) as usize;
        let Some((frame, rest)) = frames.split_at_mut_checked(len) else {
            return;
        };
        let Some((summed, checksum)) = frame.split_last_chunk_mut() else {
            return;
        };
        *checksum = crc32fast::hash(summed).to_le_bytes();
        frames = rest;
    }
}

pub(super) fn read_head(bytes: &[u8], sender: Role) -> Result<Head, FrameError> {
    let Some(&word) = bytes.first_chunk() else {
        return Ok(Head::Partial);
    };
    let code = i32::from_le_bytes(word);
    if code < 0 && sender == Role::Server {
        return Ok(Head::Bare(Status::Error(TransportError(code))));
    }
    let len = u32::from_le_bytes(word) as usize;
    let Some(body) = len.checked_sub(HEAD + TAIL) else {
        return Err(FrameError::TooShort { len });
    };
    Ok(Head::Packet { head: HEAD, body, tail: TAIL, quick_ack: false })
}

/// Checks a whole frame's checksum and that it is number `expected`.
pub(super) fn check(frame: &[u8], expected: u32) -> Result<(), FrameError> {
    let Some((summed, checksum)) = frame.split_last_chunk() else {
        return Err(FrameError::TooShort { len: frame.len() });
    };
    let (computed, got) = (crc32fast::hash(summed), u32::from_le_bytes(*checksum));
    if computed != got {
        return Err(FrameError::Checksum { expected: computed, got });
    }
    let seq = summed.get(4..HEAD).and_then(|seq| seq.first_chunk());
    let got = u32::from_le_bytes(*seq.unwrap_or(&[0; 4]));
    if got != expected {
        return Err(FrameError::Sequence { expected, got });
    }
    Ok(())
}
