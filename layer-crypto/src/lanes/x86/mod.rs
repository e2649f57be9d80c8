//! What x86-64 has: AES-NI, VAES and SHA-NI. The three functions here ask the processor, and give
//! out nothing that it doesn't have.

use super::open::Stitches;
use super::sha256::Hasher;
use super::slots::Engine;

mod aes_ni;
mod sha_ni;
mod stitch;
mod vaes;

static AES_NI: [Engine; 2] = [ENCRYPT, DECRYPT];

const ENCRYPT: Engine = Engine {
    expand: aes_ni::expand::<false>,
    one: aes_ni::ige::<1, false>,
    two: aes_ni::ige::<2, false>,
    four: aes_ni::ige::<4, false>,
    eight: aes_ni::ige::<8, false>,
    sixteen: None,
};

const DECRYPT: Engine = Engine {
    expand: aes_ni::expand::<true>,
    one: aes_ni::ige::<1, true>,
    two: aes_ni::ige::<2, true>,
    four: aes_ni::ige::<4, true>,
    eight: aes_ni::ige::<8, true>,
    sixteen: None,
};

/// Up to four streams wait for latency alone, whichever instructions they use.
static VAES: [Engine; 2] = [
    Engine { eight: vaes::ige::<8, 4, false>, sixteen: Some(vaes::ige::<16, 8, false>), ..ENCRYPT },
    Engine { eight: vaes::ige::<8, 4, true>, sixteen: Some(vaes::ige::<16, 8, true>), ..DECRYPT },
];

/// The stitches need AES-NI too.
static SHA_NI: Hasher = Hasher {
    two: sha_ni::two,
    derive: sha_ni::derive,
    stitched: Stitches {
        one: stitch::decrypt::<1, 1, 4>,
        two: stitch::decrypt::<2, 2, 4>,
        four: stitch::decrypt::<4, 2, 2>,
    },
};

/// Encryption and decryption with AES-NI.
pub(super) fn aes_ni() -> Option<&'static [Engine; 2]> {
    let has = is_x86_feature_detected!("aes") && is_x86_feature_detected!("ssse3");
    has.then_some(&AES_NI)
}

/// Encryption and decryption with VAES, and AES-NI for few streams.
pub(super) fn vaes() -> Option<&'static [Engine; 2]> {
    aes_ni()?;
    let has = is_x86_feature_detected!("vaes") && is_x86_feature_detected!("avx2");
    has.then_some(&VAES)
}

/// Hashing with SHA-NI, alone and beside AES-NI.
pub(super) fn sha_ni() -> Option<&'static Hasher> {
    aes_ni()?;
    let has = is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1");
    has.then_some(&SHA_NI)
}
