//! Which stream goes in which lane: those in the lanes advance together by what the shortest has
//! left, the finished leave, the next move in. Lanes that nobody is left for run on a scratch block
//! of their own: a lane more costs little where all wait for the latency of a round.

use zeroize::optimization_barrier;

use super::Stream;
use crate::aes_ige::Direction;

/// The round keys of two neighbouring lanes, side by side, so that one load fetches both.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(super) struct Pair(pub(super) [[u128; 2]; 15]);

/// Where a kernel finds a stream, and the chain up to there.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    pub(super) data: *mut u8,
    /// The blocks that last went in and came out.
    pub(super) last_in: u128,
    pub(super) last_out: u128,
}

/// Takes each lane a number of blocks further, and moves its `data` behind them.
pub(super) type Kernel<const N: usize> = unsafe fn(&[Pair], &mut [Lane; N], usize);

/// What a processor has for one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Engine {
    /// The round keys of a key, in the order of their use, for one of a pair's two lanes.
    pub(super) expand: unsafe fn(&[u8; 32], &mut Pair, usize),
    pub(super) one: Kernel<1>,
    pub(super) two: Kernel<2>,
    pub(super) four: Kernel<4>,
    pub(super) eight: Kernel<8>,
    pub(super) sixteen: Option<Kernel<16>>,
}

/// The most blocks that a lane without a stream runs on.
pub(super) const SCRATCH: usize = 64;

/// Blocks from which on streams go eight at a time: long ones tend to lie at the same place of their
/// pages, and then a near cache of eight ways keeps eight of them.
const LONG: usize = 1024;

impl Engine {
    /// Runs all of the `count` streams, the longest first, to their ends.
    ///
    /// # Safety
    /// The processor has what the engine is made of.
    pub(super) unsafe fn run<'s, 'd: 's>(
        &self,
        direction: Direction,
        count: usize,
        streams: impl Iterator<Item = &'s mut Stream<'d>>,
    ) {
        let mut streams = streams.peekable();
        let long = streams.peek().is_some_and(|longest| longest.data.len() > LONG);
        // SAFETY: the caller's promise.
        unsafe {
            match (count, self.sixteen) {
                (0 | 1, _) => self.lanes::<1, 1>(self.one, direction, streams),
                (2, _) => self.lanes::<2, 1>(self.two, direction, streams),
                (3 | 4, _) => self.lanes::<4, 2>(self.four, direction, streams),
                (9.., Some(sixteen)) if !long => self.lanes::<16, 8>(sixteen, direction, streams),
                _ => self.lanes::<8, 4>(self.eight, direction, streams),
            }
        }
    }

    /// # Safety
    /// As for [`Engine::run`]. `P` is half of `N`, rounded up.
    unsafe fn lanes<'s, 'd: 's, const N: usize, const P: usize>(
        &self,
        kernel: Kernel<N>,
        direction: Direction,
        streams: impl Iterator<Item = &'s mut Stream<'d>>,
    ) {
        // A single lane is never idle.
        let mut room;
        let scratch = if N == 1 {
            std::ptr::null_mut()
        } else {
            room = [0; 16 * SCRATCH];
            room.as_mut_ptr()
        };
        let mut slots = Slots::<N, P>::new(scratch);
        let mut waiting = streams.filter(|stream| !stream.data.is_empty());
        loop {
            for lane in 0..N {
                if slots.left[lane] == 0 {
                    let Some(stream) = waiting.next() else { break };
                    // SAFETY: the caller's promise.
                    unsafe { slots.fill(lane, self, direction, stream) };
                }
            }
            let steps = slots.steps();
            if steps == 0 {
                return;
            }
            // SAFETY: there are P pairs of keys; each lane has `steps` blocks before it.
            unsafe { kernel(&slots.keys, &mut slots.lanes, steps) };
            slots.advance(steps);
        }
    }
}

/// Lanes with what is in them.
pub(super) struct Slots<const N: usize, const P: usize> {
    pub(super) keys: [Pair; P],
    pub(super) lanes: [Lane; N],
    /// Blocks that each stream has before it.
    pub(super) left: [usize; N],
    scratch: *mut u8,
}

impl<const N: usize, const P: usize> Slots<N, P> {
    /// Lanes that run on `scratch`, which is [`SCRATCH`] blocks long.
    pub(super) fn new(scratch: *mut u8) -> Self {
        Self {
            keys: [Pair([[0; 2]; 15]); P],
            lanes: [Lane { data: scratch, last_in: 0, last_out: 0 }; N],
            left: [0; N],
            scratch,
        }
    }

    /// # Safety
    /// The processor has what the engine is made of.
    pub(super) unsafe fn fill(
        &mut self,
        lane: usize,
        engine: &Engine,
        direction: Direction,
        stream: &mut Stream<'_>,
    ) {
        // First what is put together in memory, and must wait there before a kernel can read it.
        self.lanes[lane] = stream.lane(direction);
        self.left[lane] = stream.data.len();
        // SAFETY: the caller's promise.
        unsafe { (engine.expand)(stream.key, &mut self.keys[lane / 2], lane % 2) };
    }

    /// How far all can go together: 0 at the end.
    pub(super) fn steps(&self) -> usize {
        let shortest = self.left.iter().copied().filter(|left| *left > 0).min().unwrap_or(0);
        if self.left.contains(&0) { shortest.min(SCRATCH) } else { shortest }
    }

    /// After a kernel has taken all lanes `steps` further: those at their ends become idle.
    pub(super) fn advance(&mut self, steps: usize) {
        for (left, lane) in self.left.iter_mut().zip(&mut self.lanes) {
            *left = left.saturating_sub(steps);
            if *left == 0 {
                lane.data = self.scratch;
            }
        }
    }
}

/// By plain stores and a barrier, which is many times faster than a volatile store for each word.
impl<const N: usize, const P: usize> Drop for Slots<N, P> {
    fn drop(&mut self) {
        self.keys = [Pair([[0; 2]; 15]); P];
        optimization_barrier(self);
    }
}
