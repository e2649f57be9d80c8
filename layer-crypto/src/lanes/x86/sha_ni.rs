//! SHA-256's compression with SHA-NI (FIPS 180-4, 6.2.2), two messages at a time.

use std::arch::x86_64::*;

use crate::lanes::sha256::START;
use crate::lanes::x86::aes_ni::load;

#[repr(align(16))]
struct Constants([u32; 64]);

static K: Constants = Constants([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/// A message under way.
#[derive(Clone, Copy)]
pub(super) struct Hashing {
    /// As the instructions want it.
    abef: __m128i,
    cdgh: __m128i,
    /// What it was before the block.
    start: [__m128i; 2],
    /// The last 16 words of the message schedule.
    words: [__m128i; 4],
}

impl Hashing {
    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    pub(super) fn enter(state: &[u32; 8]) -> Self {
        let from = state.as_ptr().cast::<u8>();
        // SAFETY: two halves of 16 bytes of a state of 32.
        let (abcd, efgh) = unsafe { (load(from), load(from.add(16))) };
        let (cdab, hgfe) = (_mm_shuffle_epi32::<0xb1>(abcd), _mm_shuffle_epi32::<0x1b>(efgh));
        let zero = _mm_setzero_si128();
        Self {
            abef: _mm_alignr_epi8::<8>(cdab, hgfe),
            cdgh: _mm_blend_epi16::<0xf0>(hgfe, cdab),
            start: [zero; 2],
            words: [zero; 4],
        }
    }

    /// # Safety
    /// 64 bytes may be read at `block`.
    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    pub(super) unsafe fn begin_block(&mut self, block: *const u8) {
        // SAFETY: four times 16 bytes of 64.
        self.begin(std::array::from_fn(|i| unsafe { load(block.add(16 * i)) }));
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    fn begin(&mut self, block: [__m128i; 4]) {
        self.start = [self.abef, self.cdgh];
        self.words = block.map(|words| big_endian(words));
    }

    /// Four rounds, the `four`th of 16; from the fifth on with the message schedule before them.
    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    pub(super) fn four_rounds(&mut self, four: usize) {
        if four >= 4 {
            let word = |back: usize| self.words[(four + 4 - back) % 4];
            let sum = _mm_sha256msg1_epu32(word(4), word(3));
            let sum = _mm_add_epi32(sum, _mm_alignr_epi8::<4>(word(1), word(2)));
            self.words[four % 4] = _mm_sha256msg2_epu32(sum, word(1));
        }
        // SAFETY: `four` is below 16: four of 64 constants, and they are aligned.
        let k = unsafe { _mm_load_si128(K.0.as_ptr().cast::<__m128i>().add(four)) };
        let wk = _mm_add_epi32(self.words[four % 4], k);
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, wk);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, _mm_shuffle_epi32::<0x0e>(wk));
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    pub(super) fn end_block(&mut self) {
        self.abef = _mm_add_epi32(self.abef, self.start[0]);
        self.cdgh = _mm_add_epi32(self.cdgh, self.start[1]);
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    pub(super) fn leave(self, to: &mut [u32; 8]) {
        let (to, [abcd, efgh]) = (to.as_mut_ptr().cast::<__m128i>(), self.state());
        // SAFETY: as in `enter`.
        unsafe {
            _mm_storeu_si128(to, abcd);
            _mm_storeu_si128(to.add(1), efgh);
        }
    }

    /// As everybody else has it.
    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    fn state(&self) -> [__m128i; 2] {
        let feba = _mm_shuffle_epi32::<0x1b>(self.abef);
        let dchg = _mm_shuffle_epi32::<0xb1>(self.cdgh);
        [_mm_blend_epi16::<0xf0>(feba, dchg), _mm_alignr_epi8::<8>(dchg, feba)]
    }
}

/// Words of the hash as bytes, and the other way.
#[inline]
#[target_feature(enable = "sha,sse4.1")]
fn big_endian(words: __m128i) -> __m128i {
    _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203))
}

/// `$body` for each of the 16 times four rounds, with a number that the compiler knows.
macro_rules! sixteen_times {
    ($four:ident, $body:expr) => {
        sixteen_times!($four, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($four:ident, $body:expr, $($number:literal)*) => {
        $({
            let $four: usize = $number;
            $body
        })*
    };
}
pub(super) use sixteen_times;

/// As many blocks of two messages as the shorter has, interleaved: the rounds of one wait for each
/// other, those of the other fill the gaps.
///
/// # Safety
/// The processor has SHA-NI and SSE 4.1.
#[target_feature(enable = "sha,sse4.1")]
pub(super) unsafe fn two(states: [&mut [u32; 8]; 2], blocks: [&[[u8; 64]]; 2]) {
    let mut hashing = states.each_ref().map(|state| Hashing::enter(state));
    for (one, other) in blocks[0].iter().zip(blocks[1]) {
        // SAFETY: they are blocks.
        unsafe {
            hashing[0].begin_block(one.as_ptr());
            hashing[1].begin_block(other.as_ptr());
        }
        sixteen_times!(four, {
            hashing[0].four_rounds(four);
            hashing[1].four_rounds(four);
        });
        hashing[0].end_block();
        hashing[1].end_block();
    }
    for (state, hashing) in states.into_iter().zip(hashing) {
        hashing.leave(state);
    }
}

/// Key and iv of a message: SHA-256 of `msg_key | parts[0]` and of `parts[1] | msg_key`, of which each
/// takes the outer quarters of one and the inner quarters of the other. All of it stays in registers:
/// what is put together in memory must wait there before it can be read as a whole.
///
/// # Safety
/// The processor has SHA-NI and SSE 4.1.
#[target_feature(enable = "sha,sse4.1")]
pub(super) unsafe fn derive(
    msg_key: &[u8; 16],
    parts: [&[u8; 36]; 2],
    key: &mut [u8; 32],
    iv: &mut [u8; 32],
) {
    // Behind the last four of 52 bytes: the end mark, and the length in bits.
    let end = _mm_set_epi32((8_i32 * 52).swap_bytes(), 0, 0x80, 0);
    // SAFETY: they are 16 bytes, and 36.
    let (msg_key, [a, b]) = unsafe {
        let of_part = |part: &[u8; 36]| {
            let last = part.as_ptr().add(32).cast::<i32>().read_unaligned();
            [load(part.as_ptr()), load(part.as_ptr().add(16)), _mm_cvtsi32_si128(last)]
        };
        (load(msg_key.as_ptr()), parts.map(of_part))
    };
    let mut hashing = [Hashing::enter(&START), Hashing::enter(&START)];
    hashing[0].begin([msg_key, a[0], a[1], _mm_or_si128(a[2], end)]);
    let (behind, rest) = (_mm_slli_si128::<4>(msg_key), _mm_srli_si128::<12>(msg_key));
    hashing[1].begin([b[0], b[1], _mm_or_si128(b[2], behind), _mm_or_si128(rest, end)]);
    sixteen_times!(four, {
        hashing[0].four_rounds(four);
        hashing[1].four_rounds(four);
    });
    hashing.iter_mut().for_each(|hashing| hashing.end_block());
    let [[a01, a23], [b01, b23]] = hashing.map(|hashing| hashing.state().map(|w| big_endian(w)));
    let [key, iv] = [key, iv].map(|to| to.as_mut_ptr().cast::<__m128i>());
    // SAFETY: two halves of 16 bytes each.
    unsafe {
        _mm_storeu_si128(key, _mm_blend_epi16::<0xf0>(a01, b01));
        _mm_storeu_si128(key.add(1), _mm_blend_epi16::<0xf0>(b23, a23));
        _mm_storeu_si128(iv, _mm_blend_epi16::<0xf0>(b01, a01));
        _mm_storeu_si128(iv.add(1), _mm_blend_epi16::<0xf0>(a23, b23));
    }
}
