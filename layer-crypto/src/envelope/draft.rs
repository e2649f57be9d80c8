//! A packet being written: head room, header, body and padding in one buffer, so that it can be
//! sealed where it lies.

use std::ops::Range;

use rand_core::CryptoRng;

use super::{HEAD, HEADER, Header, SealError};

/// The longest body that is sealed: 16 MiB. A framing has a limit of its own, on the whole packet.
pub const MOST_BODY: usize = 1 << 24;

/// How much random padding follows the body; the encrypted part is always whole 16-byte blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// As little as is allowed: 12 to 27 bytes.
    #[default]
    Minimal,
    /// To an encrypted part of 64, 128, 192, 256, 384, 512, 768, 1024, 1280 bytes, then steps of
    /// 448, as the official client's library does: the length then tells less of the content.
    Buckets,
}

/// A packet begun at the end of a buffer: head room and header are there, the body is to be
/// appended.
#[derive(Debug)]
#[must_use = "a draft becomes a packet by `finish`"]
pub struct Draft {
    start: usize,
}

impl Draft {
    /// Begins a packet at the end of `out`. What `out` holds already (a frame's length, earlier
    /// packets) stays. Append the body to `out`, then call [`Draft::finish`]; [`sealed_len`] tells
    /// what to reserve.
    pub fn begin(out: &mut Vec<u8>, header: &Header) -> Self {
        let start = out.len();
        out.resize(start + HEAD, 0);
        header.write(out);
        // The length, filled in by `finish`.
        out.extend_from_slice(&[0; 4]);
        Self { start }
    }

    /// Ends the body: fills in its length and appends the padding. Returns where the packet lies in
    /// `out`, ready for [`seal`](super::seal) or [`SealJob::new`](super::SealJob::new).
    ///
    /// # Errors
    /// [`SealError::BodyLength`] if the body is not whole 4-byte words or longer than
    /// [`MOST_BODY`]; `out` is then as it was.
    pub fn finish(
        self,
        out: &mut Vec<u8>,
        padding: Padding,
        rng: &mut dyn CryptoRng,
    ) -> Result<Range<usize>, SealError> {
        let body_start = self.start + HEAD + HEADER;
        let len = out.len().wrapping_sub(body_start);
        if !len.is_multiple_of(4) || len > MOST_BODY {
            return Err(SealError::BodyLength { len });
        }
        if let Some(field) = out.get_mut(body_start - 4..body_start) {
            field.copy_from_slice(&(len as u32).to_le_bytes());
        }
        let (body_end, end) = (out.len(), self.start + sealed_len(len, padding));
        out.resize(end, 0);
        rng.fill_bytes(out.get_mut(body_end..).unwrap_or_default());
        Ok(self.start..end)
    }
}

/// Length of the whole packet for a body of `body_len` bytes.
pub const fn sealed_len(body_len: usize, padding: Padding) -> usize {
    let least = HEADER + body_len + 12;
    let encrypted = match padding {
        Padding::Minimal => least.next_multiple_of(16),
        Padding::Buckets => match least {
            0..=64 => 64,
            65..=128 => 128,
            129..=192 => 192,
            193..=256 => 256,
            257..=384 => 384,
            385..=512 => 512,
            513..=768 => 768,
            769..=1024 => 1024,
            1025..=1280 => 1280,
            _ => 1280 + (least - 1280).next_multiple_of(448),
        },
    };
    HEAD + encrypted
}
