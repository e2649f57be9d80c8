//! AES-NI and SHA-NI in one loop. Few rounds of the cipher follow each four of the hash, so that
//! both are within the processor's reach at any time.

use super::aes_ni::Running;
use super::sha_ni::{Hashing, sixteen_times};
use crate::lanes::slots::{Lane, Pair};

/// Decrypts `S` blocks of each of N streams in each of `turns`, and hashes 64 bytes of H messages.
///
/// # Safety
/// The processor has AES-NI, SHA-NI and SSE 4.1. There are `N / 2` pairs of keys, rounded up. Each
/// lane's `data` may be read and written for `16 * S * turns` bytes, each of `blocks` read for `64
/// * turns` bytes, and `turns` is not 0.
#[target_feature(enable = "aes,sha,sse4.1")]
pub(super) unsafe fn decrypt<const N: usize, const H: usize, const S: usize>(
    keys: &[Pair],
    lanes: &mut [Lane; N],
    states: [&mut [u32; 8]; H],
    blocks: [*const u8; H],
    turns: usize,
) {
    // SAFETY: the caller's promise; each turn takes all lanes S blocks further.
    unsafe {
        let mut running = Running::<N, true>::enter(keys, lanes, S * turns);
        let mut hashing = states.each_ref().map(|state| Hashing::enter(state));
        for turn in 0..turns {
            for (hashing, blocks) in hashing.iter_mut().zip(blocks) {
                hashing.begin_block(blocks.add(64 * turn));
            }
            sixteen_times!(four, {
                for hashing in &mut hashing {
                    hashing.four_rounds(four);
                }
                // Of the 14 · S rounds, those whose turn it is.
                for round in four * 14 * S / 16..(four + 1) * 14 * S / 16 {
                    match round % 14 {
                        13 => running.last_round(),
                        round => running.round(round + 1),
                    }
                }
            });
            for hashing in &mut hashing {
                hashing.end_block();
            }
        }
        running.leave(lanes);
        for (state, hashing) in states.into_iter().zip(hashing) {
            hashing.leave(state);
        }
    }
}
