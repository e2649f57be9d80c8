//! Transport framings: how packets lie in a byte stream.
//!
//! A client picks a [`FramingKind`] and gets an [`Encoder`] and a [`Decoder`] from it; a server
//! gets the same two from [`detect`]. Both are incremental: however the stream is split, the frames
//! are the same. Specification: core.telegram.org/mtproto/mtproto-transports.

mod abridged;
mod decoder;
mod detect;
mod encoder;
mod error;
mod full;
mod intermediate;
mod obfuscated;
mod padded;
mod transport_error;

pub use decoder::{Decoder, Frame, Frames};
pub use detect::{Accepted, DetectError, Detection, detect};
pub use encoder::{Encoder, Opened};
pub use error::{EncodeError, FrameError};
pub use obfuscated::{ProxySecret, Tag};
pub use transport_error::TransportError;

use rand_core::CryptoRng;

/// The longest packet that is taken or sent unless another limit is set: 16 MiB.
pub const MAX_PACKET: usize = 16 << 20;

/// The framing of one connection, as its client chooses it.
///
/// ```
/// use layer_wire::framing::{Detection, Frame, FramingKind, detect};
/// # use rand_core::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
///
/// let (mut encoder, _) = FramingKind::Intermediate.client(&mut rng);
/// let mut stream = Vec::new();
/// encoder.encode(b"a packet", false, &mut rng, &mut stream)?;
///
/// let Detection::Found(mut server) = detect(&stream, &[])? else {
///     panic!("four bytes suffice");
/// };
/// assert_eq!(server.kind, FramingKind::Intermediate);
/// let mut frames = server.decoder.frames();
/// let frame = frames.next().expect("one whole frame")?;
/// assert!(matches!(frame, Frame::Packet { bytes, quick_ack: false } if bytes == b"a packet"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FramingKind {
    /// One byte of length for packets under 508 bytes, four otherwise. The smallest.
    Abridged,
    /// Four bytes of length.
    Intermediate,
    /// Four bytes of length and a random tail that hides the packet's own.
    Padded,
    /// Length, sequence number and CRC32. No quick acknowledgements.
    Full,
    /// One of the first three under AES-CTR, so that the stream looks random.
    Obfuscated {
        /// The framing inside the cipher.
        inner: Tag,
        /// The secret shared with an MTProxy; without one the stream is not secret, only random to
        /// look at.
        secret: Option<ProxySecret>,
        /// The data centre that a proxy shall dial: the id, plus 10000 for test, negated for
        /// media-only.
        dc: i16,
    },
}

impl FramingKind {
    /// The client's two halves. The connection's opening bytes go out before the encoder's first
    /// frame.
    pub fn client(&self, rng: &mut dyn CryptoRng) -> (Encoder, Decoder) {
        let layout = self.layout();
        match self {
            Self::Obfuscated { inner, secret, dc } => {
                let init = obfuscated::draw_init(rng);
                let opening = obfuscated::open(init, *inner, secret.as_ref(), *dc);
                (
                    Encoder::new(layout, Role::Client, &opening.preamble, Some(opening.sending)),
                    Decoder::new(layout, Role::Server, Some(opening.receiving)),
                )
            }
            _ => (
                Encoder::new(layout, Role::Client, layout.preamble(), None),
                Decoder::new(layout, Role::Server, None),
            ),
        }
    }

    /// Whether quick acknowledgements can be asked for on such a connection.
    pub fn has_quick_acks(&self) -> bool {
        self.layout() != Layout::Full
    }

    fn layout(&self) -> Layout {
        match self {
            Self::Abridged => Layout::Abridged,
            Self::Intermediate => Layout::Intermediate,
            Self::Padded => Layout::Padded,
            Self::Full => Layout::Full,
            Self::Obfuscated { inner, .. } => inner.layout(),
        }
    }
}

/// The end of a connection that sends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

/// How a frame lies in the (deciphered) stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Abridged,
    Intermediate,
    Padded,
    Full,
}

impl Layout {
    /// What a client sends first when nothing hides it.
    fn preamble(self) -> &'static [u8] {
        match self {
            Self::Abridged => &abridged::PREAMBLE,
            Self::Intermediate => &intermediate::PREAMBLE,
            Self::Padded => &padded::PREAMBLE,
            Self::Full => &[],
        }
    }
}

/// What the first bytes of a frame say.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    /// Not all of it is there.
    Partial,
    /// A status that has no frame around it.
    Bare(Status),
    /// `head` bytes, then `body` bytes of payload, then `tail` bytes.
    Packet { head: usize, body: usize, tail: usize, quick_ack: bool },
}

/// What a server says in four bytes without a frame.
#[derive(Debug, PartialEq, Eq)]
enum Status {
    QuickAck(u32),
    Error(TransportError),
}

/// The bit that asks for a quick acknowledgement in a length, and that every token carries.
const QUICK_ACK: u32 = 1 << 31;
