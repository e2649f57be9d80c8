//! IGE with VAES: the kernel of `aes_ni` with two streams in each register.
//!
//! Registers of 32 bytes, which every processor with VAES has; those of 64 need AVX-512, and on
//! the processors known they move no more bytes in a cycle, for they keep two ports busy.

use std::arch::x86_64::*;

use crate::lanes::slots::{Lane, Pair};
use crate::lanes::x86::aes_ni::{from_u128, load, to_u128};

/// `steps` blocks of each of N = 2 · P streams.
///
/// # Safety
/// The processor has VAES and AVX2. There are P pairs of keys. Each lane's `data` may be read and
/// written for `16 * steps` bytes, and `steps` is not 0.
#[target_feature(enable = "vaes,avx2")]
pub(super) unsafe fn ige<const N: usize, const P: usize, const DECRYPT: bool>(
    keys: &[Pair],
    lanes: &mut [Lane; N],
    steps: usize,
) {
    debug_assert!(keys.len() >= P && N == 2 * P && steps > 0);
    let keys = keys.as_ptr();
    // SAFETY: `pair < P` and `round < 15`. A pair's two keys of a round are 32 aligned bytes.
    let key = |pair: usize, round: usize| unsafe {
        _mm256_load_si256((&raw const (*keys.add(pair)).0[round]).cast())
    };
    let data = lanes.map(|lane| lane.data);
    // SAFETY: `at` is below `16 * steps`.
    let read = |pair: usize, at: usize| unsafe {
        both(load(data[2 * pair].add(at)), load(data[2 * pair + 1].add(at)))
    };

    let mut last_in: [__m256i; P] = std::array::from_fn(|pair| {
        both(from_u128(lanes[2 * pair].last_in), from_u128(lanes[2 * pair + 1].last_in))
    });
    let mut state: [__m256i; P] = std::array::from_fn(|pair| {
        let last_out =
            both(from_u128(lanes[2 * pair].last_out), from_u128(lanes[2 * pair + 1].last_out));
        _mm256_xor_si256(_mm256_xor_si256(read(pair, 0), key(pair, 0)), last_out)
    });
    let last = 16 * (steps - 1);
    for at in (0..=last).step_by(16) {
        for round in 1..14 {
            for (pair, state) in state.iter_mut().enumerate() {
                *state = match DECRYPT {
                    false => _mm256_aesenc_epi128(*state, key(pair, round)),
                    true => _mm256_aesdec_epi128(*state, key(pair, round)),
                };
            }
        }
        let next = last.min(at + 16);
        for pair in 0..P {
            let next_in = _mm256_xor_si256(read(pair, next), key(pair, 0));
            let fold = _mm256_xor_si256(_mm256_xor_si256(last_in[pair], key(pair, 14)), next_in);
            state[pair] = match DECRYPT {
                false => _mm256_aesenclast_epi128(state[pair], fold),
                true => _mm256_aesdeclast_epi128(state[pair], fold),
            };
            last_in[pair] = read(pair, at);
            let out = _mm256_xor_si256(state[pair], next_in);
            // SAFETY: as for reading.
            unsafe {
                let (low, high) = (data[2 * pair].add(at), data[2 * pair + 1].add(at));
                _mm_storeu_si128(low.cast(), _mm256_castsi256_si128(out));
                _mm_storeu_si128(high.cast(), _mm256_extracti128_si256::<1>(out));
            }
        }
    }
    for (i, lane) in lanes.iter_mut().enumerate() {
        let halves = last_in[i / 2];
        lane.last_in = to_u128(match i % 2 {
            0 => _mm256_castsi256_si128(halves),
            _ => _mm256_extracti128_si256::<1>(halves),
        });
        // SAFETY: the last block, and the place behind it.
        unsafe {
            lane.last_out = to_u128(load(lane.data.add(last)));
            lane.data = lane.data.add(last + 16);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn both(low: __m128i, high: __m128i) -> __m256i {
    _mm256_set_m128i(high, low)
}
