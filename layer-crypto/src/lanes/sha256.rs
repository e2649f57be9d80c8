//! SHA-256 of several messages, two at a time where the processor has a kernel for it. Each is the
//! hash of a short piece and a long one, which is all that the envelope needs.

use sha2::block_api::compress256;
use zeroize::optimization_barrier;

use super::Lanes;

/// FIPS 180-4, 5.3.3.
pub(super) const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

type Block = [u8; 64];

/// What a processor has beside what the `sha2` crate makes of it.
#[derive(Debug)]
pub(super) struct Hasher {
    /// As many blocks of two messages as the shorter has.
    pub(super) two: unsafe fn([&mut [u32; 8]; 2], [&[Block]; 2]),
    pub(super) derive: super::derive::Derive,
    pub(super) stitched: super::open::Stitches,
}

/// A hash on its way, wiped when dropped.
pub(crate) struct Hash<'a> {
    state: [u32; 8],
    run: Run,
    /// The block of a run that doesn't lie in the data.
    buffer: Block,
    /// What no run has taken yet.
    data: &'a [u8],
    /// Bytes in all.
    total: usize,
}

/// Blocks that lie one behind the other. They are hashed in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    /// The short piece and what of the long one fills its block, in the buffer.
    First,
    /// Whole blocks of the long piece, where they lie.
    Whole,
    /// The rest and the end mark, in the buffer, if the length has no room behind them.
    Mark,
    /// What remains of these three, in the buffer.
    Length,
    Done,
}

impl<'a> Hash<'a> {
    /// SHA-256 of `short`, at most 64 bytes, and `long` behind it.
    pub(crate) fn new(short: &[u8], long: &'a [u8]) -> Self {
        let mut buffer = [0; 64];
        buffer[..short.len()].copy_from_slice(short);
        let total = short.len() + long.len();
        let mut hash = Self { state: START, run: Run::First, buffer, data: long, total };
        match long.split_at_checked(64 - short.len()) {
            Some((head, data)) => {
                hash.buffer[short.len()..].copy_from_slice(head);
                hash.data = data;
            }
            None => hash.mark(short.len()),
        }
        hash
    }

    /// Goes on with a hash of `total` bytes that has come to `state` before `data`.
    pub(super) fn resume(state: [u32; 8], data: &'a [u8], total: usize) -> Self {
        let mut hash = Self { state, run: Run::Whole, buffer: [0; 64], data, total };
        hash.advance(0);
        hash
    }

    /// The digest; of a hash that [`Lanes::sha256`] has not seen to, no digest of anything.
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(&self.state)
    }

    fn blocks(&self) -> &[Block] {
        match self.run {
            Run::Whole => self.data.as_chunks().0,
            _ => std::slice::from_ref(&self.buffer),
        }
    }

    /// After `count` of the blocks have been hashed.
    fn advance(&mut self, count: usize) {
        match self.run {
            Run::First => self.run = Run::Whole,
            Run::Whole => self.data = &self.data[64 * count..],
            Run::Mark => {
                self.buffer = [0; 64];
                return self.length();
            }
            Run::Length | Run::Done => return self.run = Run::Done,
        }
        if self.data.len() < 64 {
            self.mark(0);
        }
    }

    /// Lays out the rest behind `start` bytes that are in the buffer already.
    fn mark(&mut self, start: usize) {
        let end = start + self.data.len();
        self.buffer[start..end].copy_from_slice(self.data);
        self.buffer[end..].fill(0);
        self.buffer[end] = 0x80;
        self.data = &[];
        self.run = Run::Mark;
        if end < 64 - 8 {
            self.length();
        }
    }

    fn length(&mut self) {
        self.buffer[64 - 8..].copy_from_slice(&(8 * self.total as u64).to_be_bytes());
        self.run = Run::Length;
    }

    fn is_done(&self) -> bool {
        self.run == Run::Done
    }
}

impl Drop for Hash<'_> {
    fn drop(&mut self) {
        (self.state, self.buffer) = ([0; 8], [0; 64]);
        optimization_barrier(self);
    }
}

/// SHA-256 of `prefix` and `data` behind it, with nothing beside.
pub(crate) fn sha256_alone(prefix: &[u8; 32], data: &[u8]) -> [u8; 32] {
    match data.split_first_chunk() {
        Some((head, rest)) => {
            let state = first_block(prefix, head);
            finish_alone(state, rest, 32 + data.len())
        }
        // Less than a block.
        None => crate::hash::sha256(&[prefix, data]),
    }
}

/// The state after a first block of these two.
pub(super) fn first_block(prefix: &[u8; 32], head: &[u8; 32]) -> [u32; 8] {
    let mut state = START;
    let mut block = [*prefix, *head];
    compress256(&mut state, block.as_flattened().as_chunks().0);
    block = [[0; 32]; 2];
    optimization_barrier(&block);
    state
}

/// The digest of `total` bytes whose last are `data`, and that have come to `state` before them.
pub(super) fn finish_alone(mut state: [u32; 8], data: &[u8], total: usize) -> [u8; 32] {
    let (blocks, rest) = data.as_chunks();
    compress256(&mut state, blocks);
    let mut last: [Block; 2] = [[0; 64]; 2];
    let bytes = last.as_flattened_mut();
    bytes[..rest.len()].copy_from_slice(rest);
    bytes[rest.len()] = 0x80;
    let count = if rest.len() < 64 - 8 { 1 } else { 2 };
    bytes[64 * count - 8..64 * count].copy_from_slice(&(8 * total as u64).to_be_bytes());
    compress256(&mut state, &last[..count]);
    last = [[0; 64]; 2];
    optimization_barrier(&last);
    digest(&state)
}

fn digest(state: &[u32; 8]) -> [u8; 32] {
    let mut digest = [0; 32];
    for (to, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_be_bytes();
    }
    digest
}

impl Lanes {
    /// Hashes all to their ends.
    pub(crate) fn sha256<'h, 'd: 'h>(self, hashes: impl Iterator<Item = &'h mut Hash<'d>>) {
        let mut waiting = hashes;
        let mut next = || waiting.find(|hash| !hash.is_done());
        let (mut one, mut other) = (next(), None);
        if let Some(hasher) = self.hasher {
            other = next();
            while let (Some(a), Some(b)) = (&mut one, &mut other) {
                let (mut state_a, mut state_b) = (a.state, b.state);
                let count = a.blocks().len().min(b.blocks().len());
                // SAFETY: `Lanes::at` has asked the processor for what the hasher is made of.
                unsafe { (hasher.two)([&mut state_a, &mut state_b], [a.blocks(), b.blocks()]) };
                (a.state, b.state) = (state_a, state_b);
                a.advance(count);
                b.advance(count);
                if a.is_done() {
                    one = next();
                }
                if b.is_done() {
                    other = next();
                }
            }
        }
        let mut alone = one.or(other);
        while let Some(hash) = alone {
            while !hash.is_done() {
                let mut state = hash.state;
                compress256(&mut state, hash.blocks());
                hash.state = state;
                hash.advance(hash.blocks().len());
            }
            alone = next();
        }
    }
}
