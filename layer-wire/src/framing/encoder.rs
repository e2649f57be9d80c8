//! The sending half: packets into a stream.
//!
//! A frame is written around its packet where it lies, so that a packet can be sealed in the output
//! itself, several at once, and is copied nowhere.

use std::ops::Range;

use layer_crypto::aes_ctr::AesCtr256;
use rand_core::CryptoRng;

use super::{
    EncodeError, Layout, MAX_PACKET, Role, TransportError, abridged, full, intermediate,
    padded::{self, Tail},
};

/// Appends frames to an output buffer.
///
/// [`encode`](Self::encode) takes a ready packet. To make packets in place: [`begin`](Self::begin),
/// append the packet to the output, [`end`](Self::end); so for each packet of a batch; seal them
/// where they lie; then [`finish`](Self::finish) once. Between `begin` and `finish` nothing may be
/// taken from the output.
///
/// ```
/// use layer_wire::framing::FramingKind;
/// # use rand_core::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
/// let (mut encoder, _) = FramingKind::Full.client(&mut rng);
/// let mut out = Vec::new();
///
/// let frame = encoder.begin(8, false, &mut rng, &mut out)?;
/// out.extend_from_slice(b"not yet ");
/// let packet = encoder.end(frame, &mut out)?;
/// out[packet].copy_from_slice(b"sealed!!");
/// encoder.finish(&mut out);
///
/// let (mut another, _) = FramingKind::Full.client(&mut rng);
/// let mut same = Vec::new();
/// another.encode(b"sealed!!", false, &mut rng, &mut same)?;
/// assert_eq!(out, same);
/// # Ok::<(), layer_wire::framing::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    layout: Layout,
    role: Role,
    /// Sent before the first frame, then empty.
    preamble: Vec<u8>,
    cipher: Option<AesCtr256>,
    limit: usize,
    next_seq: u32,
    /// Bytes at the end of the output that wait for `finish`.
    unfinished: usize,
}

/// A frame that was begun and waits for its packet.
#[derive(Debug)]
#[must_use = "a frame is not whole until it is ended"]
pub struct Opened {
    /// Where the frame begins in the output, and where its packet does.
    frame: usize,
    packet: usize,
    /// Bytes that the packet shall have.
    len: usize,
    tail: Tail,
}

impl Encoder {
    pub(super) fn new(
        layout: Layout,
        role: Role,
        preamble: &[u8],
        cipher: Option<AesCtr256>,
    ) -> Self {
        let preamble = preamble.to_vec();
        Self { layout, role, preamble, cipher, limit: MAX_PACKET, next_seq: 0, unfinished: 0 }
    }

    /// Sets the longest packet that is sent, in bytes; [`MAX_PACKET`] at first.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Appends a whole frame around `packet`. A client may ask for a quick acknowledgement of it.
    ///
    /// Finishes frames that were ended before, too.
    ///
    /// # Errors
    /// If the packet is too long, not a multiple of 4 bytes (padded framing: any length goes), or a
    /// quick acknowledgement is asked for by a server or in the full framing. The output is then as
    /// it was.
    pub fn encode(
        &mut self,
        packet: &[u8],
        quick_ack: bool,
        rng: &mut dyn CryptoRng,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let opened = self.begin(packet.len(), quick_ack, rng, out)?;
        out.extend_from_slice(packet);
        self.end(opened, out)?;
        self.finish(out);
        Ok(())
    }

    /// Appends what comes before a packet of `len` bytes. Append exactly those, then
    /// [`end`](Self::end).
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn begin(
        &mut self,
        len: usize,
        quick_ack: bool,
        rng: &mut dyn CryptoRng,
        out: &mut Vec<u8>,
    ) -> Result<Opened, EncodeError> {
        if quick_ack {
            self.check_quick_ack(Role::Client)?;
        }
        let tail = match self.layout {
            Layout::Padded => Tail::draw(self.role, rng),
            _ => Tail::NONE,
        };
        self.begin_with(tail, len, quick_ack, out)
    }

    /// Appends what comes behind the packet and says where in `out` the packet lies, to be sealed
    /// there.
    ///
    /// # Errors
    /// If other than the announced number of bytes was appended. The frame is then taken back.
    pub fn end(&mut self, opened: Opened, out: &mut Vec<u8>) -> Result<Range<usize>, EncodeError> {
        let Opened { frame, packet, len, tail } = opened;
        let end = out.len();
        if end.checked_sub(packet) != Some(len) {
            out.truncate(frame);
            let written = end.saturating_sub(packet);
            return Err(EncodeError::Length { announced: len, written });
        }
        match self.layout {
            Layout::Padded => out.extend_from_slice(tail.bytes()),
            Layout::Full => {
                out.extend_from_slice(&[0; full::TAIL]);
                self.next_seq = self.next_seq.wrapping_add(1);
            }
            Layout::Abridged | Layout::Intermediate => {}
        }
        self.unfinished += out.len() - frame;
        Ok(packet..end)
    }

    /// Sums and enciphers all that was ended since the last time. The packets must be as they shall
    /// go out.
    pub fn finish(&mut self, out: &mut [u8]) {
        let from = out.len().saturating_sub(std::mem::take(&mut self.unfinished));
        let (_, frames) = out.split_at_mut(from);
        if self.layout == Layout::Full {
            full::write_checksums(frames);
        }
        if let Some(cipher) = &mut self.cipher {
            cipher.apply(frames);
        }
    }

    /// Appends a server's quick acknowledgement. Bit 31 of a token is always set on the wire.
    ///
    /// # Errors
    /// On a client, and in the full framing.
    pub fn quick_ack(
        &mut self,
        token: u32,
        rng: &mut dyn CryptoRng,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.check_quick_ack(Role::Server)?;
        let from = out.len();
        match self.layout {
            Layout::Padded => {
                let tail = Tail::draw(self.role, rng);
                padded::write_token(token, &tail, out);
            }
            Layout::Abridged => abridged::write_token(token, out),
            Layout::Intermediate | Layout::Full => intermediate::write_token(token, out),
        }
        self.unfinished += out.len() - from;
        self.finish(out);
        Ok(())
    }

    /// Appends a server's transport error: a packet of four bytes, never padded, as some clients
    /// know it by its length.
    ///
    /// # Errors
    /// On a client.
    pub fn transport_error(
        &mut self,
        error: TransportError,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if self.role != Role::Server {
            return Err(EncodeError::WrongEnd);
        }
        let code = error.0.to_le_bytes();
        let opened = self.begin_with(Tail::NONE, code.len(), false, out)?;
        out.extend_from_slice(&code);
        self.end(opened, out)?;
        self.finish(out);
        Ok(())
    }

    fn begin_with(
        &mut self,
        tail: Tail,
        len: usize,
        quick_ack: bool,
        out: &mut Vec<u8>,
    ) -> Result<Opened, EncodeError> {
        let limit = self.limit.min(match self.layout {
            Layout::Abridged => abridged::LONGEST,
            Layout::Intermediate => intermediate::LONGEST,
            Layout::Padded => intermediate::LONGEST - padded::MAX_TAIL,
            Layout::Full => full::LONGEST,
        });
        if len > limit {
            return Err(EncodeError::TooLong { len, limit });
        }
        if !len.is_multiple_of(4) && self.layout != Layout::Padded {
            return Err(EncodeError::Misaligned { len });
        }
        out.append(&mut self.preamble);
        let frame = out.len();
        // Room for the longest head and tail, so that the buffer grows once.
        out.reserve(8 + len + padded::MAX_TAIL);
        match self.layout {
            Layout::Abridged => abridged::write_head(len, quick_ack, out),
            Layout::Intermediate => intermediate::write_head(len, quick_ack, out),
            Layout::Padded => intermediate::write_head(len + tail.bytes().len(), quick_ack, out),
            Layout::Full => full::write_head(len, self.next_seq, out),
        }
        Ok(Opened { frame, packet: out.len(), len, tail })
    }

    fn check_quick_ack(&self, sender: Role) -> Result<(), EncodeError> {
        if self.layout == Layout::Full {
            return Err(EncodeError::NoQuickAcks);
        }
        if self.role != sender {
            return Err(EncodeError::WrongEnd);
        }
        Ok(())
    }
}
