//! Several independent AES-IGE streams in one core, and SHA-256 beside them: the one place with
//! `unsafe`.
//!
//! IGE is serial within a stream, so one stream waits for the latency of each round while most of
//! the cipher's unit lies idle; other streams fill it. The same holds for SHA-256. What the
//! processor has is found out at run time; [`aes_ige`]'s
//! portable loop is the reference and works everywhere.
//!
//! `slots` deals streams out to lanes, `sha256` pairs hashes, `derive` gives a message its key, `open`
//! runs cipher and hash in one loop; `x86` and `aarch64` hold the kernels, which do what their callers
//! promise them they may.
#![allow(unsafe_code, reason = "the processors' instructions, and nothing else")]
#![warn(clippy::undocumented_unsafe_blocks)]
#![allow(clippy::indexing_slicing, reason = "indices into our own fixed-size arrays")]

use std::sync::LazyLock;

use crate::aes_ige::{self, Direction, NotWholeBlocks};

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod derive;
mod open;
mod sha256;
mod slots;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use open::Opening;
use sha256::Hasher;
pub(crate) use sha256::{Hash, sha256_alone};
use slots::{Engine, Lane};

/// How much of a processor is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// One stream after another, by the portable loop.
    Portable,
    /// The AES instructions of x86-64 (AES-NI) or ARMv8: up to eight streams at a time.
    Aes,
    /// VAES of x86-64, two streams in a register: up to sixteen at a time.
    Vaes,
}

impl Level {
    /// All levels, the slowest first. Not every processor has each.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Aes, Self::Vaes];
}

/// The streams' way through the processor, at a level that it is known to have.
///
/// ```
/// use layer_crypto::lanes::{Lanes, Stream};
/// let (mut one, mut two) = ([1; 64], [2; 32]);
/// let mut streams =
///     [Stream::new(&[3; 32], &[4; 32], &mut one)?, Stream::new(&[5; 32], &[6; 32], &mut two)?];
/// Lanes::best().encrypt(&mut streams);
///
/// layer_crypto::aes_ige::decrypt(&mut two, &[5; 32], &[6; 32])?;
/// assert_eq!(two, [2; 32]);
/// # Ok::<(), layer_crypto::aes_ige::NotWholeBlocks>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Lanes {
    level: Level,
    /// For encryption and for decryption. Only [`Lanes::at`] sets these two, after it has asked
    /// the processor: that they are there is why using them is sound.
    engines: Option<&'static [Engine; 2]>,
    hasher: Option<&'static Hasher>,
}

impl Lanes {
    /// The highest level that this processor has.
    pub fn best() -> Self {
        static BEST: LazyLock<Lanes> = LazyLock::new(|| {
            let portable = Lanes { level: Level::Portable, engines: None, hasher: None };
            Level::ALL.into_iter().rev().find_map(Lanes::at).unwrap_or(portable)
        });
        *BEST
    }

    /// A given level, if this processor has it.
    pub fn at(level: Level) -> Option<Self> {
        let (engines, hasher) = match level {
            Level::Portable => (None, None),
            #[cfg(target_arch = "x86_64")]
            Level::Aes => (Some(x86::aes_ni()?), x86::sha_ni()),
            #[cfg(target_arch = "x86_64")]
            Level::Vaes => (Some(x86::vaes()?), x86::sha_ni()),
            #[cfg(target_arch = "aarch64")]
            Level::Aes => (Some(aarch64::aes()?), None),
            #[cfg(not(target_arch = "x86_64"))]
            _ => return None,
        };
        Some(Self { level, engines, hasher })
    }

    /// Which level this is.
    pub fn level(self) -> Level {
        self.level
    }

    /// Whether a hash runs beside the cipher of the same message.
    pub(crate) fn stitches(self) -> bool {
        self.engines.is_some() && self.hasher.is_some()
    }

    /// Encrypts all streams in place. They end where they lay, but their order in the slice may
    /// change.
    pub fn encrypt(self, streams: &mut [Stream<'_>]) {
        self.run(Direction::Encrypt, streams);
    }

    /// Decrypts all streams in place; as [`encrypt`](Self::encrypt).
    pub fn decrypt(self, streams: &mut [Stream<'_>]) {
        self.run(Direction::Decrypt, streams);
    }

    fn run(self, direction: Direction, streams: &mut [Stream<'_>]) {
        if streams.len() > 1 {
            // The longest first, so that it doesn't go on alone in the end.
            streams.sort_unstable_by_key(|stream| std::cmp::Reverse(stream.data.len()));
        }
        self.run_sorted(direction, streams.len(), streams.iter_mut());
    }

    /// `count` streams, the longest first (for speed only).
    pub(crate) fn run_sorted<'s, 'd: 's>(
        self,
        direction: Direction,
        count: usize,
        streams: impl Iterator<Item = &'s mut Stream<'d>>,
    ) {
        match self.engines {
            // SAFETY: `Lanes::at` has asked the processor for what this engine is made of.
            Some(engines) => unsafe { engines[direction as usize].run(direction, count, streams) },
            None => streams.for_each(|stream| stream.run_portable(direction)),
        }
    }
}

/// One message's data under a key and iv of its own.
pub struct Stream<'a> {
    key: &'a [u8; 32],
    iv: &'a [u8; 32],
    data: &'a mut [[u8; 16]],
}

impl<'a> Stream<'a> {
    /// `data` to be encrypted or decrypted in place; `iv` as [`aes_ige`] has it.
    ///
    /// # Errors
    /// [`NotWholeBlocks`] if the length is not a multiple of 16.
    pub fn new(
        key: &'a [u8; 32],
        iv: &'a [u8; 32],
        data: &'a mut [u8],
    ) -> Result<Self, NotWholeBlocks> {
        Ok(Self { key, iv, data: aes_ige::whole_blocks(data)? })
    }

    fn run_portable(&mut self, direction: Direction) {
        match direction {
            Direction::Encrypt => aes_ige::encrypt_portable(self.data, self.key, self.iv),
            Direction::Decrypt => aes_ige::decrypt_portable(self.data, self.key, self.iv),
        }
    }

    /// The stream's start, as a kernel wants it. The iv's first half is the ciphertext before the
    /// first block.
    fn lane(&mut self, direction: Direction) -> Lane {
        let [cipher, plain] = aes_ige::halves(self.iv).map(u128::from_ne_bytes);
        let (last_in, last_out) = match direction {
            Direction::Encrypt => (plain, cipher),
            Direction::Decrypt => (cipher, plain),
        };
        Lane { data: self.data.as_mut_ptr().cast(), last_in, last_out }
    }
}

#[cfg(test)]
mod tests;
