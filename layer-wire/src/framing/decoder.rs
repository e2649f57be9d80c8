//! The receiving half: a stream into packets.
//!
//! Packets are handed out as slices of the receive buffer, all whole ones at once, so that they can
//! be opened in place, several at a time.

use std::fmt;

use layer_crypto::aes_ctr::AesCtr256;

use super::{
    FrameError, Head, Layout, MAX_PACKET, Role, Status, TransportError, abridged, full,
    intermediate, padded,
};
use crate::message::PLAIN_HEADER;

/// Takes a stream in pieces of any size and gives out frames.
///
/// ```
/// use layer_wire::framing::{Frame, FramingKind, TransportError};
/// # use rand_core::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
/// let (_, mut decoder) = FramingKind::Abridged.client(&mut rng);
/// decoder.feed(&[1, 0x6c, 0xfe, 0xff]);
/// assert!(decoder.frames().next().is_none());
/// decoder.feed(&[0xff]);
/// let frame = decoder.frames().next().expect("whole")?;
/// assert_eq!(frame, Frame::Error(TransportError::UNKNOWN_KEY));
/// # Ok::<(), layer_wire::framing::FrameError>(())
/// ```
pub struct Decoder {
    /// Received bytes: consumed up to `start`, deciphered up to `clear`.
    buffer: Vec<u8>,
    start: usize,
    clear: usize,
    cipher: Option<AesCtr256>,
    reader: Reader,
}

/// What came in a frame.
#[derive(PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// A packet, to be opened in place.
    Packet {
        /// The packet without its framing.
        bytes: &'a mut [u8],
        /// Whether the client asks for a quick acknowledgement; never set on a client.
        quick_ack: bool,
    },
    /// The server has the packet with this token, bit 31 set. Only on a client.
    QuickAck(u32),
    /// The server gives up on what was sent. Not authenticated. Only on a client.
    Error(TransportError),
    /// The server says nothing. Only on a client.
    Nop,
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packet { bytes, quick_ack } => {
                write!(f, "Packet({} bytes, quick_ack: {quick_ack})", bytes.len())
            }
            Self::QuickAck(token) => write!(f, "QuickAck({token:#010x})"),
            Self::Error(error) => f.debug_tuple("Error").field(&error.0).finish(),
            Self::Nop => f.write_str("Nop"),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("reader", &self.reader)
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// For a stream that `sender` sends.
    pub(super) fn new(layout: Layout, sender: Role, cipher: Option<AesCtr256>) -> Self {
        let reader = Reader { layout, sender, limit: MAX_PACKET, next_seq: 0 };
        Self { buffer: Vec::new(), start: 0, clear: 0, cipher, reader }
    }

    /// Sets the longest packet that is taken, in bytes; [`MAX_PACKET`] at first. In the padded
    /// framing the frame may be longer by the longest tail, 15 bytes.
    pub fn set_limit(&mut self, limit: usize) {
        self.reader.limit = limit;
    }

    /// Takes received bytes. Take the [`frames`](Self::frames) out before more are fed: what is fed
    /// is held until then.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.receive_buffer().extend_from_slice(bytes);
    }

    /// The buffer to append received bytes to, for a caller that reads without a copy. It may hold
    /// earlier bytes, which are not to be touched.
    pub fn receive_buffer(&mut self) -> &mut Vec<u8> {
        // Moving the rest to the front only when it is the lesser half bounds the moves by the
        // bytes fed.
        if self.start > 0 && self.start >= self.held() {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.clear = self.clear.saturating_sub(self.start);
            self.start = 0;
        }
        &mut self.buffer
    }

    /// How many bytes are held that did not come out in a frame yet.
    pub fn held(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    /// Gives the buffer's memory back if nothing is held in it; for a connection that falls idle.
    pub fn release(&mut self) {
        if self.held() == 0 {
            self.buffer = Vec::new();
            self.start = 0;
            self.clear = 0;
        }
    }

    /// All frames that are whole. What the iterator has handed out is consumed; packets stay valid
    /// until the decoder is used again.
    ///
    /// After an error nothing more comes out but the same error, once each time.
    pub fn frames(&mut self) -> Frames<'_> {
        if let Some(new) = self.buffer.get_mut(self.clear..) {
            if let Some(cipher) = &mut self.cipher {
                cipher.apply(new);
            }
            self.clear = self.buffer.len();
        }
        let rest = self.buffer.get_mut(self.start..).unwrap_or_default();
        Frames { rest, consumed: &mut self.start, reader: &mut self.reader }
    }
}

/// An iterator over whole frames, made by [`Decoder::frames`].
#[derive(Debug)]
pub struct Frames<'a> {
    rest: &'a mut [u8],
    consumed: &'a mut usize,
    reader: &'a mut Reader,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        // What is not whole stays in front of the buffer; so does what is wrong, and its error with
        // it. Either way nothing is left in `rest`, and the next time there is nothing to read.
        let taken = self.reader.read(std::mem::take(&mut self.rest)).transpose()?;
        Some(taken.map(|(frame, taken, rest)| {
            self.rest = rest;
            *self.consumed += taken;
            frame
        }))
    }
}

impl std::iter::FusedIterator for Frames<'_> {}

/// A frame, the bytes that it took, and what lies behind it.
type Taken<'a> = (Frame<'a>, usize, &'a mut [u8]);

#[derive(Debug)]
struct Reader {
    layout: Layout,
    sender: Role,
    limit: usize,
    /// Number of the next frame, which only the full framing writes down.
    next_seq: u32,
}

impl Reader {
    /// Takes one frame from the front of clear bytes; nothing if it is not whole.
    fn read<'a>(&mut self, bytes: &'a mut [u8]) -> Result<Option<Taken<'a>>, FrameError> {
        let head = match self.layout {
            Layout::Abridged => abridged::read_head(bytes, self.sender),
            Layout::Intermediate | Layout::Padded => intermediate::read_head(bytes, self.sender),
            Layout::Full => full::read_head(bytes, self.sender)?,
        };
        let (head, body, tail, quick_ack) = match head {
            Head::Partial => return Ok(None),
            Head::Bare(status) => {
                let (_, rest) = bytes.split_at_mut_checked(4).unwrap_or_default();
                return Ok(Some((status.into(), 4, rest)));
            }
            Head::Packet { head, body, tail, quick_ack } => (head, body, tail, quick_ack),
        };
        self.check_len(body)?;
        let whole = head + body + tail;
        let Some((frame, rest)) = bytes.split_at_mut_checked(whole) else {
            return Ok(None);
        };
        if self.layout == Layout::Full {
            full::check(frame, self.next_seq)?;
        }
        let payload = frame.get_mut(head..head + body).unwrap_or_default();
        let frame = match self.status(payload)? {
            Some(frame) => frame,
            None => Frame::Packet { bytes: self.cut(payload), quick_ack },
        };
        // Only now that nothing can be wrong with it: a refused frame is looked at again.
        self.next_seq = self.next_seq.wrapping_add(1);
        Ok(Some((frame, whole, rest)))
    }

    fn check_len(&self, len: usize) -> Result<(), FrameError> {
        let padded = self.layout == Layout::Padded;
        let limit = if padded { self.limit.saturating_add(padded::MAX_TAIL) } else { self.limit };
        if len > limit {
            return Err(FrameError::TooLong { len, limit });
        }
        if !len.is_multiple_of(4) && !padded {
            return Err(FrameError::Misaligned { len });
        }
        Ok(())
    }

    /// What a server says in a packet that is too short for a message.
    fn status(&self, payload: &[u8]) -> Result<Option<Frame<'static>>, FrameError> {
        if self.sender == Role::Client || payload.len() >= PLAIN_HEADER {
            return Ok(None);
        }
        if self.layout == Layout::Padded
            && let Some(token) = padded::read_token(payload)
        {
            return Ok(Some(Frame::QuickAck(token)));
        }
        match payload.first_chunk().map(|code| i32::from_le_bytes(*code)) {
            Some(0) => Ok(Some(Frame::Nop)),
            Some(code) if code < 0 => Ok(Some(Frame::Error(TransportError(code)))),
            _ => Err(FrameError::NoMessage { len: payload.len() }),
        }
    }

    fn cut<'a>(&self, payload: &'a mut [u8]) -> &'a mut [u8] {
        match self.layout {
            Layout::Padded => {
                let len = padded::packet_len(payload);
                payload.get_mut(..len).unwrap_or_default()
            }
            _ => payload,
        }
    }
}

impl From<Status> for Frame<'_> {
    fn from(status: Status) -> Self {
        match status {
            Status::QuickAck(token) => Self::QuickAck(token),
            Status::Error(error) => Self::Error(error),
        }
    }
}
