//! The encrypted envelope of MTProto 2.0, sealed and opened in place.
//!
//! A packet is `auth_key_id:8 msg_key:16 IGE(salt:8 session_id:8 msg_id:8 seq_no:4 len:4 body padding)`.

use std::ops::Range;

use rand_core::CryptoRng;

use crate::auth_key::AuthKey;

pub mod v1;

/// Bytes before the encrypted part: `auth_key_id` and `msg_key`.
pub const HEAD: usize = 24;

/// Who sealed a message: the derivation of its keys differs by direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Sent by the client (x = 0).
    Client,
    /// Sent by the server (x = 8).
    Server,
}

/// What stands before a message's body inside the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// The server's salt.
    pub salt: i64,
    /// The session.
    pub session_id: i64,
    /// The message's identifier.
    pub msg_id: i64,
    /// The message's sequence number.
    pub seq_no: i32,
}

/// How much random padding follows the body; the encrypted part is always whole 16-byte blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// As little as is allowed: 12 to 27 bytes.
    #[default]
    Minimal,
    /// Up to the next of a few sizes (64, 128, 192, 256, 384, 512, 768, 1024, 1280, then steps of 448), so
    /// that the length tells less of the content.
    Buckets,
}

/// A packet being written at the end of a buffer: head room and header are there, the body is to follow.
#[derive(Debug)]
#[must_use = "a draft becomes a packet by `finish`"]
pub struct Draft {
    start: usize,
}

impl Draft {
    /// Starts a packet at the end of `out`; whatever `out` holds already (a frame's length, earlier packets)
    /// stays. Append the body to `out`, then call [`Draft::finish`].
    pub fn begin(out: &mut Vec<u8>, header: &Header) -> Self {
        let _ = (&out, header);
        todo!()
    }

    /// Ends the body: fills in its length and appends the padding. Returns where the packet lies in `out`,
    /// ready for [`seal`] or [`SealJob::new`].
    ///
    /// # Errors
    /// [`SealError::BodyLength`] if the body is not whole 4-byte words or beyond 16 MiB.
    pub fn finish(
        self,
        out: &mut Vec<u8>,
        padding: Padding,
        rng: &mut dyn CryptoRng,
    ) -> Result<Range<usize>, SealError> {
        let _ = (out, padding, rng, self.start);
        todo!()
    }
}

/// Encrypts one packet in place ([`HEAD`] bytes of room, then the padded plaintext) and fills in its head.
/// Returns the quick-ack token that the server would answer with.
///
/// # Errors
/// [`SealError::PacketLength`] if `packet` is not of that shape.
pub fn seal(key: &AuthKey, from: Side, packet: &mut [u8]) -> Result<u32, SealError> {
    let mut job = [SealJob::new(key, from, packet)?];
    seal_batch(&mut job);
    let [job] = job;
    Ok(job.token())
}

/// Decrypts one packet in place and checks all that does not need the connection's state.
///
/// # Errors
/// [`OpenError`] says which check failed; that is for our own log and never for the peer.
pub fn open(key: &AuthKey, from: Side, packet: &mut [u8]) -> Result<Opened, OpenError> {
    let mut job = [OpenJob::new(key, from, packet)];
    open_batch(&mut job);
    let [job] = job;
    job.into_result()
}

/// One packet of a batch to be sealed.
pub struct SealJob<'a> {
    key: &'a AuthKey,
    from: Side,
    packet: &'a mut [u8],
    token: u32,
}

impl<'a> SealJob<'a> {
    /// A packet as [`Draft::finish`] leaves it.
    ///
    /// # Errors
    /// [`SealError::PacketLength`].
    pub fn new(key: &'a AuthKey, from: Side, packet: &'a mut [u8]) -> Result<Self, SealError> {
        Ok(Self { key, from, packet, token: 0 })
    }

    /// The quick-ack token; 0 before [`seal_batch`] has run.
    pub fn token(&self) -> u32 {
        let _ = (self.key, self.from, &self.packet);
        self.token
    }
}

/// One packet of a batch to be opened.
pub struct OpenJob<'a> {
    key: &'a AuthKey,
    from: Side,
    packet: &'a mut [u8],
    result: Result<Opened, OpenError>,
}

impl<'a> OpenJob<'a> {
    /// A packet as it was taken out of its frame.
    pub fn new(key: &'a AuthKey, from: Side, packet: &'a mut [u8]) -> Self {
        Self { key, from, packet, result: Err(OpenError::NotOpened) }
    }

    /// What [`open_batch`] found.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::NotOpened`] before [`open_batch`] has run.
    pub fn into_result(self) -> Result<Opened, OpenError> {
        let _ = (self.key, self.from, &self.packet);
        self.result
    }
}

/// Seals all packets; they may have different keys and lengths.
pub fn seal_batch(jobs: &mut [SealJob<'_>]) {
    let _ = jobs;
    todo!()
}

/// Opens all packets, each with its own result; they may have different keys and lengths.
pub fn open_batch(jobs: &mut [OpenJob<'_>]) {
    let _ = jobs;
    todo!()
}

/// Length of a packet without what follows its last whole cipher block: padded framings add up to 15 bytes.
pub const fn without_tail(packet_len: usize) -> usize {
    packet_len - packet_len.saturating_sub(HEAD) % 16
}

/// The key id that a packet names, if it is long enough to name one. 0 means a plain message.
pub fn key_id(packet: &[u8]) -> Option<i64> {
    packet.first_chunk().map(|id| i64::from_le_bytes(*id))
}

/// An opened packet. The body stays where it was decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What stands before the body; none of it is checked here beyond the envelope's own rules.
    pub header: Header,
    /// Where the body lies in the packet.
    pub body: Range<usize>,
    /// The token with which a server answers a request for a quick acknowledgement.
    pub quick_ack: u32,
}

impl Opened {
    /// The body, out of the same packet that was opened; empty if it is another one.
    pub fn body_of<'p>(&self, packet: &'p [u8]) -> &'p [u8] {
        packet.get(self.body.clone()).unwrap_or_default()
    }
}

/// A misuse by our own side: the packet has not the shape of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The body is not whole words or too long.
    #[error("a body of {len} bytes, expected a multiple of 4 up to 16 MiB")]
    BodyLength {
        /// Bytes of the body.
        len: usize,
    },
    /// Not head room and whole blocks.
    #[error("a packet of {len} bytes to be sealed, expected 24 and a multiple of 16, at least 72")]
    PacketLength {
        /// Bytes of the packet.
        len: usize,
    },
}

/// Which check of a received packet failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The batch has not been opened yet: our own misuse.
    #[error("the packet has not been opened yet")]
    NotOpened,
    /// Shorter than any message can be.
    #[error("a packet of {len} bytes, expected at least 72")]
    TooShort {
        /// Bytes that came.
        len: usize,
    },
    /// The encrypted part is not whole cipher blocks.
    #[error("a packet of {len} bytes, expected 24 and a multiple of 16")]
    NotWholeBlocks {
        /// Bytes that came.
        len: usize,
    },
    /// Sealed with another key.
    #[error("the packet names another authorization key")]
    OtherKey,
    /// msg_key is not that of the plaintext: forged, damaged, or sealed with another key.
    #[error("msg_key does not match the decrypted message")]
    WrongMsgKey,
    /// The length field is negative, not whole words, or leaves not 12 to 1024 bytes of padding.
    #[error(
        "message length {len} in {available} bytes, expected whole words and 12 to 1024 bytes of padding"
    )]
    WrongLength {
        /// The length field.
        len: i32,
        /// Bytes after the header.
        available: usize,
    },
}
