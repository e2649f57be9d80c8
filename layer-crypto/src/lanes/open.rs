//! Decryption and the hash of what it gives, in one loop: the cipher waits for its latency while
//! the hash works, on what earlier turns of the same loop have laid open.

use zeroize::optimization_barrier;

use super::sha256::{Hash, START, finish_alone, first_block, sha256_alone};
use super::slots::{Engine, Kernel, Lane, Pair, SCRATCH, Slots};
use super::{Lanes, Stream};
use crate::aes_ige::Direction;

/// A message to be decrypted in place, and the SHA-256 of 32 other bytes and its plaintext.
pub(crate) struct Opening<'a> {
    stream: Stream<'a>,
    prefix: &'a [u8; 32],
    /// Bytes of the plaintext that are in `state`.
    hashed: usize,
    state: [u32; 8],
    digest: [u8; 32],
}

/// Takes N lanes `count * S` blocks of 16 bytes further, and H hashes `count` blocks of 64. What is
/// hashed in a turn must have been decrypted before that turn.
pub(super) type Stitch<const N: usize, const H: usize> =
    unsafe fn(&[Pair], &mut [Lane; N], [&mut [u32; 8]; H], [*const u8; H], usize);

/// The kernels, each with as many bytes decrypted as hashed in a turn: S is 4, 4 and 2.
#[derive(Debug)]
pub(super) struct Stitches {
    pub(super) one: Stitch<1, 1>,
    pub(super) two: Stitch<2, 2>,
    pub(super) four: Stitch<4, 2>,
}

/// Blocks from which on a loop for both is worth its beginning and end, alone and beside others.
const LONG_ALONE: usize = 6;
const LONG: usize = 32;

/// Blocks that four lanes decrypt before the two pairs of them take turns in hashing.
const LEAD: usize = 128;

impl Lanes {
    /// Decrypts and hashes one. Returns the hash.
    pub(crate) fn open_one(self, mut message: Opening<'_>) -> [u8; 32] {
        match (self.engines, self.hasher) {
            (Some([_, engine]), Some(hasher)) if message.stream.data.len() >= LONG_ALONE => {
                // SAFETY: `Lanes::at` has asked the processor for what both are made of; the message
                // is long.
                unsafe { stitch_one(engine, hasher.stitched.one, &mut message) }
            }
            _ => self.run_sorted(Direction::Decrypt, 1, std::iter::once(&mut message.stream)),
        }
        let plain = message.stream.data.as_flattened();
        match message.hashed {
            0 => sha256_alone(message.prefix, plain),
            hashed => finish_alone(message.state, &plain[hashed..], 32 + plain.len()),
        }
    }

    /// Decrypts and hashes all; the longest first, and what is `None` at the end.
    pub(crate) fn open(self, messages: &mut [Option<Opening<'_>>]) {
        let is_long = |message: &Option<Opening<'_>>| {
            message.as_ref().is_some_and(|message| message.stream.data.len() >= LONG)
        };
        let mut short = &mut *messages;
        if let (Some([_, engine]), Some(hasher)) = (self.engines, self.hasher) {
            let (long, rest) = short.split_at_mut(short.partition_point(is_long));
            for group in long.chunks_mut(4) {
                let stitched = &hasher.stitched;
                // SAFETY: `Lanes::at` has asked the processor for what both are made of; each of
                // the group is long.
                unsafe {
                    match group {
                        [Some(message)] => stitch_one(engine, stitched.one, message),
                        [_, _] => stitch::<2, 1, 2, 4>(engine, engine.two, stitched.two, group),
                        _ => stitch::<4, 2, 2, 2>(engine, engine.four, stitched.four, group),
                    }
                }
            }
            short = rest;
        }
        let count = short.iter().flatten().count();
        let streams = short.iter_mut().flatten().map(|message| &mut message.stream);
        self.run_sorted(Direction::Decrypt, count, streams);
        for pair in messages.chunks_mut(2) {
            let mut hashes = [const { None }; 2];
            for (hash, message) in hashes.iter_mut().zip(pair.iter().flatten()) {
                *hash = Some(message.hash());
            }
            self.sha256(hashes.iter_mut().flatten());
            let digests = hashes.map(|hash| hash.map(|hash| hash.digest()));
            for (message, digest) in pair.iter_mut().flatten().zip(digests.iter().flatten()) {
                message.digest = *digest;
            }
        }
    }
}

impl<'a> Opening<'a> {
    pub(crate) fn new(stream: Stream<'a>, prefix: &'a [u8; 32]) -> Self {
        Self { stream, prefix, hashed: 0, state: START, digest: [0; 32] }
    }

    /// What [`Lanes::open`] has found.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Once it is decrypted: its hash from where the loop for both has left it.
    fn hash(&self) -> Hash<'_> {
        let plain = self.stream.data.as_flattened();
        match self.hashed {
            0 => Hash::new(self.prefix, plain),
            hashed => Hash::resume(self.state, &plain[hashed..], 32 + plain.len()),
        }
    }
}

/// A lane's message beside the lane.
#[derive(Clone, Copy)]
struct Beside {
    start: *const u8,
    /// Bytes that are decrypted, and of these, that are hashed.
    opened: usize,
    hashed: usize,
    state: [u32; 8],
}

impl Beside {
    /// Blocks of 64 that can be hashed.
    fn ready(&self) -> usize {
        (self.opened - self.hashed) / 64
    }
}

/// Decrypts a message, and hashes it as far as that can be done beside.
///
/// # Safety
/// The processor has what the engine and the kernel are made of. The message has [`LONG_ALONE`] blocks at
/// least.
unsafe fn stitch_one(engine: &Engine, stitched: Stitch<1, 1>, message: &mut Opening<'_>) {
    let mut slots = Slots::<1, 1>::new(std::ptr::null_mut());
    // SAFETY: the caller's promise.
    unsafe { slots.fill(0, engine, Direction::Decrypt, &mut message.stream) };
    let start: *const u8 = slots.lanes[0].data;
    // Two blocks fill the first of the hash, behind the prefix.
    // SAFETY: there is a pair of keys, and two blocks before the lane.
    unsafe { (engine.one)(&slots.keys, &mut slots.lanes, 2) };
    slots.advance(2);
    // SAFETY: these 32 bytes have just been decrypted.
    let mut first: [[u8; 32]; 2] = [*message.prefix, unsafe { *start.cast() }];
    let mut turns = |block, turns| {
        // SAFETY: the caller's promise; in each turn 64 bytes are hashed that were decrypted before.
        unsafe {
            stitched(&slots.keys, &mut slots.lanes, [&mut message.state], [block], turns);
        }
        slots.advance(4 * turns);
        slots.left[0]
    };
    let left = turns(first.as_ptr().cast(), 1);
    first = [[0; 32]; 2];
    optimization_barrier(&first);
    message.hashed = 32;
    let more = left / 4;
    if more > 0 {
        // SAFETY: inside the message.
        turns(unsafe { start.add(32) }, more);
        message.hashed += 64 * more;
    }
    let rest = slots.left[0];
    if rest > 0 {
        // SAFETY: there is a pair of keys, and so many blocks before the lane.
        unsafe { (engine.one)(&slots.keys, &mut slots.lanes, rest) };
    }
}

/// Decrypts up to N messages, and hashes them as far as that can be done beside.
///
/// # Safety
/// The processor has what the engine and the kernels are made of. P is half of N, rounded up; S is
/// the stitch's. Each message has two blocks at least.
unsafe fn stitch<const N: usize, const P: usize, const H: usize, const S: usize>(
    engine: &Engine,
    kernel: Kernel<N>,
    stitched: Stitch<N, H>,
    messages: &mut [Option<Opening<'_>>],
) {
    let mut scratch = [0; 16 * SCRATCH];
    let mut slots = Slots::<N, P>::new(scratch.as_mut_ptr());
    for (lane, message) in messages.iter_mut().flatten().enumerate().take(N) {
        // SAFETY: the caller's promise.
        unsafe { slots.fill(lane, engine, Direction::Decrypt, &mut message.stream) };
    }
    let mut beside =
        slots.lanes.map(|lane| Beside { start: lane.data, opened: 0, hashed: 0, state: START });
    // Two blocks of each fill the first block of its hash, behind the prefix.
    // SAFETY: there are P pairs of keys, and two blocks or scratch before each lane.
    unsafe { kernel(&slots.keys, &mut slots.lanes, 2) };
    slots.advance(2);
    for (lane, message) in beside.iter_mut().zip(messages.iter().flatten()) {
        // SAFETY: these 32 bytes have just been decrypted.
        lane.state = first_block(message.prefix, unsafe { &*lane.start.cast() });
        (lane.opened, lane.hashed) = (32, 32);
    }

    loop {
        let left = slots.steps();
        if left == 0 {
            break;
        }
        let going = slots.left.map(|left| left > 0);
        // Where each turn opens as much of every lane as it hashes, one block of lead is enough.
        let can = |lane: usize| match beside[lane].ready() {
            1.. if N == H && going[lane] => usize::MAX,
            ready => ready,
        };
        let turns_of = |first: usize| {
            (first..first + H).map(can).filter(|turns| *turns > 0).min().unwrap_or(0).min(left / S)
        };
        let first = (0..N).step_by(H).max_by_key(|first| turns_of(*first)).unwrap_or(0);
        let turns = turns_of(first);
        let steps = match turns {
            0 if N == H => left.min(S),
            0 => left.min(LEAD),
            turns => turns * S,
        };
        if turns == 0 {
            // SAFETY: as above, for `steps` blocks.
            unsafe { kernel(&slots.keys, &mut slots.lanes, steps) };
        } else {
            // One with nothing to hash does what its neighbour does.
            let busy: [bool; H] = std::array::from_fn(|i| can(first + i) > 0);
            let lanes: [usize; H] =
                std::array::from_fn(|i| if busy[i] { first + i } else { first + (i ^ 1) });
            let mut states = lanes.map(|lane| beside[lane].state);
            // SAFETY: as above; each of `turns` blocks of 64 is decrypted by its turn, see `can`.
            unsafe {
                let blocks = lanes.map(|lane| beside[lane].start.add(beside[lane].hashed));
                stitched(&slots.keys, &mut slots.lanes, states.each_mut(), blocks, turns);
            }
            for (lane, state) in lanes.into_iter().zip(states) {
                beside[lane].state = state;
            }
            for (i, busy) in busy.into_iter().enumerate() {
                beside[first + i].hashed += if busy { 64 * turns } else { 0 };
            }
        }
        slots.advance(steps);
        for (lane, going) in beside.iter_mut().zip(going) {
            lane.opened += if going { 16 * steps } else { 0 };
        }
    }
    for (message, lane) in messages.iter_mut().flatten().zip(&beside) {
        (message.hashed, message.state) = (lane.hashed, lane.state);
    }
}
