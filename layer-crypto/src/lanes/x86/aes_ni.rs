//! IGE with AES-NI: the round keys, and a kernel for one stream or several in step.

use std::arch::x86_64::*;

use crate::lanes::slots::{Lane, Pair};

/// The 15 round keys (FIPS 197, 5.2, and 5.3.5 for decryption) in the order in which a kernel uses
/// them, for one `side` of a pair. `aesenclast` stands for SubWord: on one word four times over its
/// ShiftRows does nothing.
#[target_feature(enable = "aes,ssse3")]
pub(super) fn expand<const DECRYPT: bool>(key: &[u8; 32], keys: &mut Pair, side: usize) {
    let rotated_last_word = _mm_set1_epi32(0x0c0f_0e0d);
    // SAFETY: both halves of 16 bytes lie in the 32 bytes of the key.
    let (mut even, mut odd) = unsafe { (load(key.as_ptr()), load(key.as_ptr().add(16))) };
    let mut put = |round: usize, key| {
        let (place, key) = match (DECRYPT, round) {
            (false, _) => (round, key),
            (true, 0 | 14) => (14 - round, key),
            (true, _) => (14 - round, _mm_aesimc_si128(key)),
        };
        // SAFETY: a u128 is 16 aligned bytes.
        unsafe { _mm_store_si128((&raw mut keys.0[place][side]).cast(), key) };
    };
    for pair in 0..7 {
        put(2 * pair, even);
        put(2 * pair + 1, odd);
        let word = _mm_shuffle_epi8(odd, rotated_last_word);
        even = _mm_xor_si128(smear(even), _mm_aesenclast_si128(word, _mm_set1_epi32(1 << pair)));
        let word = _mm_shuffle_epi32::<0xff>(even);
        odd = _mm_xor_si128(smear(odd), _mm_aesenclast_si128(word, _mm_setzero_si128()));
    }
    put(14, even);
}

/// Each of the four words xored with all before it.
#[inline]
#[target_feature(enable = "sse2")]
fn smear(words: __m128i) -> __m128i {
    let words = _mm_xor_si128(words, _mm_slli_si128::<4>(words));
    _mm_xor_si128(words, _mm_slli_si128::<8>(words))
}

/// `steps` blocks of each of N streams.
///
/// # Safety
/// The processor has AES-NI. There are `N / 2` pairs of keys, rounded up. Each lane's `data` may be
/// read and written for `16 * steps` bytes, and `steps` is not 0.
#[target_feature(enable = "aes")]
pub(super) unsafe fn ige<const N: usize, const DECRYPT: bool>(
    keys: &[Pair],
    lanes: &mut [Lane; N],
    steps: usize,
) {
    // SAFETY: the caller's promise; each turn takes all lanes one block further.
    unsafe {
        let mut running = Running::<N, DECRYPT>::enter(keys, lanes, steps);
        for _ in 0..steps {
            for round in 1..14 {
                running.round(round);
            }
            running.last_round();
        }
        running.leave(lanes);
    }
}

/// N streams between two blocks or in the middle of one: what a kernel holds in registers.
///
/// The xors around the cipher fold into its last round: `aesenclast(s, rk14 ^ last in ^ next in ^
/// rk0)` is the state with which the next block enters its first round, so that a block costs the
/// latency of 14 rounds and nothing else. What is written out is that state with `next in ^ rk0`
/// taken away again, which nobody waits for.
pub(super) struct Running<const N: usize, const DECRYPT: bool> {
    keys: *const Pair,
    data: [*mut u8; N],
    /// Where in `data` the block that is under way lies, and the last one.
    at: usize,
    last: usize,
    state: [__m128i; N],
    last_in: [__m128i; N],
}

impl<const N: usize, const DECRYPT: bool> Running<N, DECRYPT> {
    /// # Safety
    /// As for [`ige`], for as long as this runs; [`last_round`](Self::last_round) comes no more
    /// than `steps` times.
    #[inline]
    #[target_feature(enable = "aes")]
    pub(super) unsafe fn enter(keys: &[Pair], lanes: &[Lane; N], steps: usize) -> Self {
        debug_assert!(keys.len() * 2 >= N && steps > 0);
        let mut running = Self {
            keys: keys.as_ptr(),
            data: lanes.map(|lane| lane.data),
            at: 0,
            last: 16 * (steps - 1),
            state: lanes.map(|lane| from_u128(lane.last_out)),
            last_in: lanes.map(|lane| from_u128(lane.last_in)),
        };
        for lane in 0..N {
            // SAFETY: the caller's promise.
            let first = unsafe { _mm_xor_si128(running.read(lane, 0), running.key(lane, 0)) };
            running.state[lane] = _mm_xor_si128(running.state[lane], first);
        }
        running
    }

    /// One of the rounds 1 to 13.
    ///
    /// # Safety
    /// As promised to [`enter`](Self::enter).
    #[inline]
    #[target_feature(enable = "aes")]
    pub(super) unsafe fn round(&mut self, round: usize) {
        for lane in 0..N {
            // SAFETY: the caller's promise.
            let key = unsafe { self.key(lane, round) };
            self.state[lane] = match DECRYPT {
                false => _mm_aesenc_si128(self.state[lane], key),
                true => _mm_aesdec_si128(self.state[lane], key),
            };
        }
    }

    /// Round 14, which is the next block's round 0 too.
    ///
    /// # Safety
    /// As promised to [`enter`](Self::enter).
    #[inline]
    #[target_feature(enable = "aes")]
    pub(super) unsafe fn last_round(&mut self) {
        // Behind the last block any next one will do, for it is taken away again.
        let next = self.last.min(self.at + 16);
        for lane in 0..N {
            // SAFETY: the caller's promise; `at` and `next` are no further than `last`.
            unsafe {
                let next_in = _mm_xor_si128(self.read(lane, next), self.key(lane, 0));
                let fold = _mm_xor_si128(self.last_in[lane], self.key(lane, 14));
                let fold = _mm_xor_si128(fold, next_in);
                self.state[lane] = match DECRYPT {
                    false => _mm_aesenclast_si128(self.state[lane], fold),
                    true => _mm_aesdeclast_si128(self.state[lane], fold),
                };
                self.last_in[lane] = self.read(lane, self.at);
                let out = _mm_xor_si128(self.state[lane], next_in);
                _mm_storeu_si128(self.data[lane].add(self.at).cast(), out);
            }
        }
        self.at += 16;
    }

    /// # Safety
    /// As promised to [`enter`](Self::enter); all steps have been taken.
    #[inline]
    #[target_feature(enable = "aes")]
    pub(super) unsafe fn leave(self, lanes: &mut [Lane; N]) {
        for (i, lane) in lanes.iter_mut().enumerate() {
            lane.last_in = to_u128(self.last_in[i]);
            // SAFETY: the caller's promise: the last block, and the place behind it.
            unsafe {
                lane.last_out = to_u128(self.read(i, self.last));
                lane.data = self.data[i].add(self.at);
            }
        }
    }

    /// # Safety
    /// As promised to [`enter`](Self::enter); `round` is below 15.
    #[inline]
    #[target_feature(enable = "aes")]
    unsafe fn key(&self, lane: usize, round: usize) -> __m128i {
        // SAFETY: the caller's promise. A u128 is 16 aligned bytes.
        unsafe { _mm_load_si128((&raw const (*self.keys.add(lane / 2)).0[round][lane % 2]).cast()) }
    }

    /// # Safety
    /// As promised to [`enter`](Self::enter); `at` is no further than the last block.
    #[inline]
    #[target_feature(enable = "aes")]
    unsafe fn read(&self, lane: usize, at: usize) -> __m128i {
        // SAFETY: the caller's promise.
        unsafe { load(self.data[lane].add(at)) }
    }
}

/// # Safety
/// 16 bytes may be read at `from`.
#[inline]
#[target_feature(enable = "sse2")]
pub(super) unsafe fn load(from: *const u8) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe { _mm_loadu_si128(from.cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn from_u128(bits: u128) -> __m128i {
    // SAFETY: it is read from 16 bytes.
    unsafe { load((&raw const bits).cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn to_u128(bits: __m128i) -> u128 {
    let mut to = 0;
    // SAFETY: a u128 is 16 aligned bytes.
    unsafe { _mm_store_si128((&raw mut to).cast(), bits) };
    to
}
