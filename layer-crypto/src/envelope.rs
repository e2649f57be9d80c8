//! The encrypted envelope of MTProto 2.0 (core mtproto/description), sealed and opened in place,
//! one message or a batch.
//!
//! A packet is `auth_key_id:8 msg_key:16 IGE(salt:8 session_id:8 msg_id:8 seq_no:4 len:4 body
//! padding)`. [`Draft`] lays it out in a buffer with the body written once; sealing and opening
//! then work where it lies. What needs the connection's state (session id, parity and age of
//! msg_id, replay) is checked there.

use std::cmp::Reverse;
use std::ops::Range;

use subtle::ConstantTimeEq;
use zeroize::optimization_barrier;

use crate::aes_ige::Direction;
use crate::auth_key::AuthKey;
use crate::lanes::{Hash, Lanes, Opening, Stream, sha256_alone};

mod draft;
pub mod v1;

pub use draft::{Draft, MOST_BODY, Padding, sealed_len};

/// Bytes before the encrypted part: `auth_key_id` and `msg_key`.
pub const HEAD: usize = 24;

/// Bytes of the encrypted part before the body.
const HEADER: usize = 32;

/// The shortest encrypted part: a header, no body, 12 bytes of padding, in whole blocks.
const LEAST_ENCRYPTED: usize = 48;

/// Who sealed a message: the derivation of its keys differs by direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// From the client to the server (x = 0).
    Client,
    /// From the server to the client (x = 8).
    Server,
}

impl Side {
    fn offset(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 8,
        }
    }
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

/// Encrypts one packet in place ([`HEAD`] bytes of room, then the padded plaintext) and fills in
/// its head. Returns the token with which the server would answer a request for a quick
/// acknowledgement.
///
/// # Errors
/// [`SealError::PacketLength`] if `packet` is not of that shape; [`Draft::finish`] always gives one
/// that is.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
/// let key = layer_crypto::AuthKey::from_bytes(&[7; 256]);
/// let header = Header { session_id: 1, ..Default::default() };
///
/// let mut out = Vec::new();
/// let draft = Draft::begin(&mut out, &header);
/// out.extend_from_slice(b"the body");
/// let packet = draft.finish(&mut out, Padding::Minimal, &mut rng)?;
/// envelope::seal(&key, Side::Client, &mut out[packet.clone()])?;
///
/// let opened = envelope::open(&key, Side::Client, &mut out[packet])?;
/// assert_eq!((opened.header, opened.body_of(&out)), (header, &b"the body"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn seal(key: &AuthKey, from: Side, packet: &mut [u8]) -> Result<u32, SealError> {
    let mut jobs = [SealJob::new(key, from, packet)?];
    seal_batch(&mut jobs);
    let [job] = jobs;
    Ok(job.token)
}

/// Decrypts one packet in place and checks all that does not need the connection's state: key id,
/// lengths, msg_key over the whole plaintext (in constant time and before anything is parsed), then
/// the length field.
///
/// # Errors
/// [`OpenError`] says which check failed; that is for our own log and never for the peer. The bytes
/// of a refused packet are of no use any more.
pub fn open(key: &AuthKey, from: Side, packet: &mut [u8]) -> Result<Opened, OpenError> {
    let mut jobs = [OpenJob::new(key, from, packet)];
    open_batch(&mut jobs);
    let [job] = jobs;
    job.into_result()
}

/// Seals all packets that are not sealed yet, several at a time. They may differ in key, direction
/// and length.
pub fn seal_batch(jobs: &mut [SealJob<'_>]) {
    seal_at(Lanes::best(), jobs);
}

/// Opens all packets that are not opened yet, several at a time, each with its own result. They may
/// differ in key, direction and length.
pub fn open_batch(jobs: &mut [OpenJob<'_>]) {
    open_at(Lanes::best(), jobs);
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
    /// [`SealError::PacketLength`] if it is not [`HEAD`] bytes and at least 48 in blocks of 16.
    pub fn new(key: &'a AuthKey, from: Side, packet: &'a mut [u8]) -> Result<Self, SealError> {
        let len = packet.len();
        if len < HEAD + LEAST_ENCRYPTED || !(len - HEAD).is_multiple_of(16) {
            return Err(SealError::PacketLength { len });
        }
        Ok(Self { key, from, packet, token: 0 })
    }

    fn write_head(&mut self, (msg_key, token): ([u8; 16], u32)) {
        if let Some(head) = self.packet.first_chunk_mut::<HEAD>() {
            let (id, rest) = head.split_at_mut(8);
            id.copy_from_slice(&self.key.id().to_le_bytes());
            rest.copy_from_slice(&msg_key);
        }
        self.token = token;
    }

    /// The quick-ack token; 0 before [`seal_batch`] has run.
    pub fn token(&self) -> u32 {
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
    /// A packet as it was taken out of its frame (see [`without_tail`]).
    pub fn new(key: &'a AuthKey, from: Side, packet: &'a mut [u8]) -> Self {
        let len = packet.len();
        let result = if len < HEAD + LEAST_ENCRYPTED {
            OpenError::TooShort { len }
        } else if !(len - HEAD).is_multiple_of(16) {
            OpenError::NotWholeBlocks { len }
        } else if key_id(packet) != Some(key.id()) {
            OpenError::OtherKey
        } else {
            OpenError::NotOpened
        };
        Self { key, from, packet, result: Err(result) }
    }

    /// What [`open_batch`] found.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::NotOpened`] if [`open_batch`] has not run.
    pub fn into_result(self) -> Result<Opened, OpenError> {
        self.result
    }

    /// The same, with the body.
    ///
    /// # Errors
    /// As [`into_result`](Self::into_result).
    pub fn into_body(self) -> Result<(Header, &'a [u8]), OpenError> {
        let opened = self.result?;
        Ok((opened.header, self.packet.get(opened.body).unwrap_or_default()))
    }
}

/// Length of a packet without what follows its last whole cipher block: padded framings add up to
/// 15 bytes.
///
/// ```
/// assert_eq!(layer_crypto::envelope::without_tail(24 + 64 + 15), 24 + 64);
/// ```
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
    /// What stands before the body, as it came: nothing in it has been compared with anything.
    pub header: Header,
    /// Where the body lies in the packet.
    pub body: Range<usize>,
    /// The token with which a server answers a request for a quick acknowledgement.
    pub quick_ack: u32,
}

impl Opened {
    /// The body, out of the same packet that was opened; empty out of a shorter one.
    pub fn body_of<'p>(&self, packet: &'p [u8]) -> &'p [u8] {
        packet.get(self.body.clone()).unwrap_or_default()
    }
}

/// Messages that are worked on together: as many as there are lanes at the most. More would push
/// each other out of the cache between the hash and the cipher.
const GROUP: usize = 16;

/// So many bytes in several packets are sealed together; fewer take less time one by one.
const SEALED_TOGETHER: usize = 1200;

/// Packets of this length are opened together, if there are four. What is shorter is opened one by one
/// where its hash and cipher share the processor already.
const OPENED_TOGETHER: usize = 8 << 10;

fn seal_at(lanes: Lanes, jobs: &mut [SealJob<'_>]) {
    let several = jobs.len() > 1;
    let bytes: usize = jobs.iter().map(|job| job.packet.len()).sum();
    let jobs = jobs.iter_mut().filter(|job| job.token == 0);
    if several && bytes >= SEALED_TOGETHER {
        let mut jobs: Vec<_> = jobs.collect();
        jobs.sort_unstable_by_key(|job| Reverse(job.packet.len()));
        jobs.chunks_mut(GROUP).for_each(|group| seal_group(lanes, group));
    } else {
        jobs.for_each(|job| seal_one(lanes, job));
    }
}

fn open_at(lanes: Lanes, jobs: &mut [OpenJob<'_>]) {
    let (short, several) = if lanes.stitches() { (OPENED_TOGETHER, 4) } else { (0, 2) };
    let mut long = Vec::new();
    for job in jobs.iter_mut().filter(|job| job.result == Err(OpenError::NotOpened)) {
        if job.packet.len() < short {
            open_one(lanes, job);
        } else {
            long.push(job);
        }
    }
    if long.len() < several {
        long.into_iter().for_each(|job| open_one(lanes, job));
    } else {
        long.sort_unstable_by_key(|job| Reverse(job.packet.len()));
        long.chunks_mut(GROUP).for_each(|group| open_group(lanes, group));
    }
}

fn seal_one(lanes: Lanes, job: &mut SealJob<'_>) {
    let plain = job.packet.get_mut(HEAD..).unwrap_or_default();
    let msg_key = msg_key(&sha256_alone(msg_key_part(job.key, job.from), plain));
    let keys = MessageKey::derive(lanes, job.key, job.from, &msg_key.0);
    if let Ok(mut stream) = Stream::new(&keys.key, &keys.iv, plain) {
        lanes.run_sorted(Direction::Encrypt, 1, std::iter::once(&mut stream));
    }
    job.write_head(msg_key);
}

fn open_one(lanes: Lanes, job: &mut OpenJob<'_>) {
    let keys = MessageKey::derive(lanes, job.key, job.from, &claimed_msg_key(job.packet));
    let encrypted = job.packet.get_mut(HEAD..).unwrap_or_default();
    if let Ok(stream) = Stream::new(&keys.key, &keys.iv, encrypted) {
        let digest = lanes.open_one(Opening::new(stream, msg_key_part(job.key, job.from)));
        job.result = check(job.packet, &digest);
    }
}

/// Seals up to [`GROUP`] packets, the longest first. `SealJob::new` has checked that each is a head and
/// whole blocks.
// Its room on the stack is not that of a single packet.
#[inline(never)]
fn seal_group(lanes: Lanes, jobs: &mut [&mut SealJob<'_>]) {
    let count = jobs.len();
    let mut hashes = gather(jobs.iter().map(|job| {
        let plain = job.packet.get(HEAD..).unwrap_or_default();
        Hash::new(msg_key_part(job.key, job.from), plain)
    }));
    lanes.sha256(hashes.iter_mut().flatten());
    let msg_keys = hashes.map(|hash| hash.map(|hash| msg_key(&hash.digest())));

    let keys = gather(jobs.iter_mut().zip(msg_keys.iter().flatten()).map(|(job, msg_key)| {
        job.write_head(*msg_key);
        MessageKey::derive(lanes, job.key, job.from, &msg_key.0)
    }));
    let streams = jobs.iter_mut().zip(keys.iter().flatten()).filter_map(|(job, keys)| {
        let plain = job.packet.get_mut(HEAD..)?;
        Stream::new(&keys.key, &keys.iv, plain).ok()
    });
    let mut streams = gather(streams);
    lanes.run_sorted(Direction::Encrypt, count, streams.iter_mut().flatten());
}

/// Opens up to [`GROUP`] packets, the longest first. `OpenJob::new` has checked that each is a head,
/// under its key's id, and whole blocks.
// As above.
#[inline(never)]
fn open_group(lanes: Lanes, jobs: &mut [&mut OpenJob<'_>]) {
    let keys = gather(jobs.iter().map(|job| {
        let claimed = claimed_msg_key(job.packet);
        MessageKey::derive(lanes, job.key, job.from, &claimed)
    }));
    let openings = jobs.iter_mut().zip(keys.iter().flatten()).filter_map(|(job, keys)| {
        let encrypted = job.packet.get_mut(HEAD..)?;
        let stream = Stream::new(&keys.key, &keys.iv, encrypted).ok()?;
        Some(Opening::new(stream, msg_key_part(job.key, job.from)))
    });
    let mut openings = gather(openings);
    lanes.open(&mut openings);
    let digests = openings.map(|opening| opening.map(|opening| *opening.digest()));
    for (job, digest) in jobs.iter_mut().zip(digests.iter().flatten()) {
        job.result = check(job.packet, digest);
    }
}

/// What remains once a packet is decrypted, and `digest` is that of msg_key over it.
fn check(packet: &[u8], digest: &[u8; 32]) -> Result<Opened, OpenError> {
    let too_short = OpenError::TooShort { len: packet.len() };
    let (msg_key, quick_ack) = msg_key(digest);
    // As one number, for which the comparison is one step and not sixteen.
    let [msg_key, claimed] = [msg_key, claimed_msg_key(packet)].map(u128::from_ne_bytes);
    if !bool::from(msg_key.ct_eq(&claimed)) {
        return Err(OpenError::WrongMsgKey);
    }

    let plain = packet.get(HEAD..).ok_or(too_short)?;
    let (header, rest) = plain.split_first_chunk::<HEADER>().ok_or(too_short)?;
    let (header, body_len) = Header::read(header);
    let wrong_length = OpenError::WrongLength { len: body_len, available: rest.len() };
    let body = usize::try_from(body_len).map_err(|_| wrong_length)?;
    match rest.len().checked_sub(body) {
        Some(12..=1024) if body.is_multiple_of(4) => {}
        _ => return Err(wrong_length),
    }
    Ok(Opened { header, body: HEAD + HEADER..HEAD + HEADER + body, quick_ack })
}

/// The first [`GROUP`] of `items`, without an allocation.
fn gather<T>(mut items: impl Iterator<Item = T>) -> [Option<T>; GROUP] {
    std::array::from_fn(|_| items.next())
}

impl Header {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.salt.to_le_bytes());
        out.extend_from_slice(&self.session_id.to_le_bytes());
        out.extend_from_slice(&self.msg_id.to_le_bytes());
        out.extend_from_slice(&self.seq_no.to_le_bytes());
    }

    /// The header and the length field behind it.
    fn read(bytes: &[u8; HEADER]) -> (Self, i32) {
        let mut words = bytes.as_chunks::<8>().0.iter().map(|word| i64::from_le_bytes(*word));
        let mut next = || words.next().unwrap_or_default();
        let (salt, session_id, msg_id, last) = (next(), next(), next(), next());
        (Self { salt, session_id, msg_id, seq_no: last as i32 }, (last >> 32) as i32)
    }
}

/// The part of the key that is hashed before the plaintext and its padding to give msg_key.
fn msg_key_part(key: &AuthKey, from: Side) -> &[u8; 32] {
    key.part(88 + from.offset())
}

/// msg_key and quick-ack token: bytes 8..24 and 0..4 of that hash.
fn msg_key(large: &[u8; 32]) -> ([u8; 16], u32) {
    let [t0, t1, t2, t3, _, _, _, _, msg_key @ .., _, _, _, _, _, _, _, _] = *large;
    (msg_key, u32::from_le_bytes([t0, t1, t2, t3]) | 0x8000_0000)
}

/// The msg_key in a packet's head.
fn claimed_msg_key(packet: &[u8]) -> [u8; 16] {
    packet.get(8..HEAD).and_then(|msg_key| msg_key.first_chunk()).copied().unwrap_or_default()
}

/// AES key and iv of one message, wiped when dropped.
struct MessageKey {
    key: [u8; 32],
    iv: [u8; 32],
}

impl MessageKey {
    fn derive(lanes: Lanes, key: &AuthKey, from: Side, msg_key: &[u8; 16]) -> Self {
        let x = from.offset();
        let parts = [key.part(x), key.part(40 + x)];
        let mut keys = Self { key: [0; 32], iv: [0; 32] };
        lanes.derive(msg_key, parts, &mut keys.key, &mut keys.iv);
        keys
    }
}

/// By plain stores and a barrier, which is many times faster than a volatile store for each byte.
impl Drop for MessageKey {
    fn drop(&mut self) {
        (self.key, self.iv) = ([0; 32], [0; 32]);
        optimization_barrier(self);
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
    #[error("a packet of {len} bytes is too short to hold a message")]
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
    /// msg_key is not that of the plaintext: forged, damaged, or sealed by the other side.
    #[error("msg_key does not match the decrypted message")]
    WrongMsgKey,
    /// The length field is negative, not whole words, or does not leave the padding that the
    /// protocol wants (12 to 1024 bytes).
    #[error("a message length of {len} does not fit {available} bytes with their padding")]
    WrongLength {
        /// The length field.
        len: i32,
        /// Bytes after the header, body and padding.
        available: usize,
    },
}

#[cfg(test)]
mod tests;
