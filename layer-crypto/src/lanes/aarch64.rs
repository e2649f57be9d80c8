//! IGE with ARMv8's AES instructions: the round keys, and a kernel for one stream or several in
//! step.
//!
//! `aese` xors with its key before SubBytes and ShiftRows, where x86 xors after MixColumns. So
//! IGE's xors fold into the first round's key, `rk14 ^ last in ^ next in ^ rk0`, and what the last
//! round gives goes into it as it is.

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::slots::{Engine, Lane, Pair};

static AES: [Engine; 2] = [
    Engine {
        expand: expand::<false>,
        one: ige::<1, false>,
        two: ige::<2, false>,
        four: ige::<4, false>,
        eight: ige::<8, false>,
        sixteen: None,
    },
    Engine {
        expand: expand::<true>,
        one: ige::<1, true>,
        two: ige::<2, true>,
        four: ige::<4, true>,
        eight: ige::<8, true>,
        sixteen: None,
    },
];

/// Encryption and decryption with the AES instructions, if this processor has them.
pub(super) fn aes() -> Option<&'static [Engine; 2]> {
    is_aarch64_feature_detected!("aes").then_some(&AES)
}

/// The 15 round keys (FIPS 197, 5.2, and 5.3.5 for decryption) in the order in which a kernel uses
/// them, for one `side` of a pair. `aese` stands for SubWord: on one word four times over its
/// ShiftRows does nothing.
#[target_feature(enable = "neon,aes")]
fn expand<const DECRYPT: bool>(key: &[u8; 32], keys: &mut Pair, side: usize) {
    let zero = vdupq_n_u8(0);
    let last_word = vreinterpretq_u8_u32(vdupq_n_u32(0x0f0e_0d0c));
    let rotated_last_word = vreinterpretq_u8_u32(vdupq_n_u32(0x0c0f_0e0d));
    // SAFETY: both halves of 16 bytes lie in the 32 bytes of the key.
    let (mut even, mut odd) = unsafe { (vld1q_u8(key.as_ptr()), vld1q_u8(key.as_ptr().add(16))) };
    let mut put = |round: usize, key| {
        let (place, key) = match (DECRYPT, round) {
            (false, _) => (round, key),
            (true, 0 | 14) => (14 - round, key),
            (true, _) => (14 - round, vaesimcq_u8(key)),
        };
        keys.0[place][side] = to_u128(key);
    };
    for pair in 0..7 {
        put(2 * pair, even);
        put(2 * pair + 1, odd);
        let word = vaeseq_u8(vqtbl1q_u8(odd, rotated_last_word), zero);
        let word = veorq_u8(word, vreinterpretq_u8_u32(vdupq_n_u32(1 << pair)));
        even = veorq_u8(smear(even), word);
        odd = veorq_u8(smear(odd), vaeseq_u8(vqtbl1q_u8(even, last_word), zero));
    }
    put(14, even);
}

/// Each of the four words xored with all before it.
#[inline]
#[target_feature(enable = "neon")]
fn smear(words: uint8x16_t) -> uint8x16_t {
    let zero = vdupq_n_u8(0);
    let words = veorq_u8(words, vextq_u8::<12>(zero, words));
    veorq_u8(words, vextq_u8::<8>(zero, words))
}

/// `steps` blocks of each of N streams.
///
/// # Safety
/// The processor has the AES instructions. There are `N / 2` pairs of keys, rounded up. Each lane's
/// `data` may be read and written for `16 * steps` bytes, and `steps` is not 0.
#[target_feature(enable = "neon,aes")]
unsafe fn ige<const N: usize, const DECRYPT: bool>(
    keys: &[Pair],
    lanes: &mut [Lane; N],
    steps: usize,
) {
    debug_assert!(keys.len() * 2 >= N && steps > 0);
    let keys = keys.as_ptr();
    // SAFETY: `lane < N` and `round < 15`. A u128 is 16 bytes.
    let key = |lane: usize, round: usize| unsafe {
        vld1q_u8((&raw const (*keys.add(lane / 2)).0[round][lane % 2]).cast())
    };
    let data = lanes.map(|lane| lane.data);
    // SAFETY: `at` is below `16 * steps`.
    let read = |lane: usize, at: usize| unsafe { vld1q_u8(data[lane].add(at)) };

    let mut last_in = lanes.map(|lane| from_u128(lane.last_in));
    let mut state = lanes.map(|lane| from_u128(lane.last_out));
    let mut first_key: [uint8x16_t; N] = std::array::from_fn(|lane| key(lane, 0));
    for (lane, state) in state.iter_mut().enumerate() {
        *state = veorq_u8(*state, read(lane, 0));
    }
    let last = 16 * (steps - 1);
    for at in (0..=last).step_by(16) {
        for round in 0..13 {
            for (lane, state) in state.iter_mut().enumerate() {
                let key = if round == 0 { first_key[lane] } else { key(lane, round) };
                *state = match DECRYPT {
                    false => vaesmcq_u8(vaeseq_u8(*state, key)),
                    true => vaesimcq_u8(vaesdq_u8(*state, key)),
                };
            }
        }
        // Behind the last block any next one will do, for this key is not used any more.
        let next = last.min(at + 16);
        for lane in 0..N {
            state[lane] = match DECRYPT {
                false => vaeseq_u8(state[lane], key(lane, 13)),
                true => vaesdq_u8(state[lane], key(lane, 13)),
            };
            let fold = veorq_u8(last_in[lane], key(lane, 14));
            let next_in = veorq_u8(read(lane, next), key(lane, 0));
            first_key[lane] = veorq_u8(fold, next_in);
            last_in[lane] = read(lane, at);
            // SAFETY: as for reading.
            unsafe { vst1q_u8(data[lane].add(at), veorq_u8(state[lane], fold)) };
        }
    }
    for (i, lane) in lanes.iter_mut().enumerate() {
        lane.last_in = to_u128(last_in[i]);
        lane.last_out = to_u128(read(i, last));
        // SAFETY: the place behind the last block.
        lane.data = unsafe { lane.data.add(last + 16) };
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn from_u128(bits: u128) -> uint8x16_t {
    // SAFETY: a u128 is 16 bytes.
    unsafe { vld1q_u8((&raw const bits).cast()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn to_u128(bits: uint8x16_t) -> u128 {
    let mut to = 0;
    // SAFETY: a u128 is 16 bytes.
    unsafe { vst1q_u8((&raw mut to).cast(), bits) };
    to
}
