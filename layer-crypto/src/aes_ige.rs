//! AES-256 in IGE mode, in place: the cipher of every MTProto message.
//!
//! Each block is xored with the previous ciphertext before the cipher and with the previous
//! plaintext after it. The first half of the 32-byte iv stands for the ciphertext before the first
//! block, the second half for the plaintext before it. IGE does not authenticate; `envelope` and
//! `tmp_key` do.

use aes::cipher::typenum::U16;
use aes::cipher::{
    BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncBackend,
    BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit,
};
use aes::{Aes256Dec, Aes256Enc, Block};

use crate::lanes::{Lanes, Stream};

/// The data is not a whole number of 16-byte blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("AES-IGE works on whole blocks of 16 bytes, got {len} bytes")]
pub struct NotWholeBlocks {
    /// The length that came, in bytes.
    pub len: usize,
}

/// Encrypts `data` in place.
///
/// # Errors
/// [`NotWholeBlocks`] if the length is not a multiple of 16; `data` is then untouched.
///
/// ```
/// use layer_crypto::aes_ige;
/// let (key, iv) = ([1; 32], [2; 32]);
/// let mut data = *b"two blocks of 16 bytes in place.";
/// aes_ige::encrypt(&mut data, &key, &iv)?;
/// assert_ne!(&data, b"two blocks of 16 bytes in place.");
/// aes_ige::decrypt(&mut data, &key, &iv)?;
/// assert_eq!(&data, b"two blocks of 16 bytes in place.");
/// # Ok::<(), aes_ige::NotWholeBlocks>(())
/// ```
pub fn encrypt(data: &mut [u8], key: &[u8; 32], iv: &[u8; 32]) -> Result<(), NotWholeBlocks> {
    Lanes::best().encrypt(&mut [Stream::new(key, iv, data)?]);
    Ok(())
}

/// Decrypts `data` in place.
///
/// # Errors
/// [`NotWholeBlocks`] if the length is not a multiple of 16; `data` is then untouched.
pub fn decrypt(data: &mut [u8], key: &[u8; 32], iv: &[u8; 32]) -> Result<(), NotWholeBlocks> {
    Lanes::best().decrypt(&mut [Stream::new(key, iv, data)?]);
    Ok(())
}

/// Which way a stream goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

/// The reference, and the way where `lanes` knows nothing of the processor.
pub(crate) fn encrypt_portable(blocks: &mut [[u8; 16]], key: &[u8; 32], iv: &[u8; 32]) {
    encrypt_with(&Aes256Enc::new(key.into()), blocks, iv);
}

/// As [`encrypt_portable`].
pub(crate) fn decrypt_portable(blocks: &mut [[u8; 16]], key: &[u8; 32], iv: &[u8; 32]) {
    decrypt_with(&Aes256Dec::new(key.into()), blocks, iv);
}

fn encrypt_with<C>(cipher: &C, blocks: &mut [[u8; 16]], iv: &[u8; 32])
where
    C: BlockCipherEncrypt<BlockSize = U16>,
{
    let [cipher_before, plain_before] = halves(iv);
    cipher.encrypt_with_backend(Chain { blocks, out: cipher_before, before: plain_before });
}

fn decrypt_with<C>(cipher: &C, blocks: &mut [[u8; 16]], iv: &[u8; 32])
where
    C: BlockCipherDecrypt<BlockSize = U16>,
{
    let [cipher_before, plain_before] = halves(iv);
    cipher.decrypt_with_backend(Chain { blocks, out: plain_before, before: cipher_before });
}

/// `data` as blocks, if it is whole ones.
pub(crate) fn whole_blocks(data: &mut [u8]) -> Result<&mut [[u8; 16]], NotWholeBlocks> {
    let len = data.len();
    match data.as_chunks_mut() {
        (blocks, []) => Ok(blocks),
        _ => Err(NotWholeBlocks { len }),
    }
}

/// The ciphertext and the plaintext before the first block.
pub(crate) fn halves(iv: &[u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    halves.as_flattened_mut().copy_from_slice(iv);
    halves
}

/// The chained loop. It is handed to the cipher as a whole, so that one check of the processor's
/// features serves all blocks and the round keys stay in registers.
struct Chain<'a> {
    blocks: &'a mut [[u8; 16]],
    /// What came out of the mode before the first block, and what went in.
    out: [u8; 16],
    before: [u8; 16],
}

impl BlockSizeUser for Chain<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Chain<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        self.run(|block| backend.encrypt_block(block.into()));
    }
}

impl BlockCipherDecClosure for Chain<'_> {
    #[inline(always)]
    fn call<B: BlockCipherDecBackend<BlockSize = U16>>(self, backend: &B) {
        self.run(|block| backend.decrypt_block(block.into()));
    }
}

impl Chain<'_> {
    /// Both directions are the same loop: in ^ last out, through the cipher, ^ last in. The xor
    /// with the last in is taken together with the next in, so that between one use of the cipher
    /// and the next there is a single xor to wait for.
    #[inline(always)]
    fn run(self, cipher: impl Fn(&mut Block)) {
        let Self { blocks, out, mut before } = self;
        let (mut state, mut pending) = (Block::from(out), [0; 16]);
        for block in blocks {
            let input = *block;
            state = xor(state.into(), xor(pending, input)).into();
            cipher(&mut state);
            *block = xor(state.into(), before);
            (pending, before) = (before, input);
        }
    }
}

/// Byte by byte: the compiler makes one vector instruction of it, where a 128-bit integer would
/// travel through general registers on the way from block to block.
#[inline(always)]
fn xor(a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
    let mut sum = a;
    for (a, b) in sum.iter_mut().zip(b) {
        *a ^= b;
    }
    sum
}

#[cfg(test)]
mod tests {
    use aes::{Aes128Dec, Aes128Enc};
    use hex_literal::hex;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    fn counting<const N: usize>() -> [u8; N] {
        std::array::from_fn(|i| i as u8)
    }

    #[test]
    fn equals_openssl_igetest_of_128_bits() {
        let mut data = [0; 32];
        let blocks = whole_blocks(&mut data).unwrap();
        encrypt_with(&Aes128Enc::new(&counting::<16>().into()), blocks, &counting());
        assert_eq!(data, hex!("1a8519a6557be652e9da8e43da4ef4453cf456b4ca488aa383c79c98b34797cb"));

        let key = hex!("5468697320697320616e20696d706c65");
        let iv = hex!("6d656e746174696f6e206f6620494745206d6f646520666f72204f70656e5353");
        let plain = hex!("99706487a1cde613bc6de0b6f24b1c7aa448c8b9c3403e3467a8cad89340f53b");
        let cipher = hex!("4c2e204c6574277320686f70652042656e20676f74206974207269676874210a");
        let mut data = plain;
        let blocks = whole_blocks(&mut data).unwrap();
        encrypt_with(&Aes128Enc::new(&key.into()), blocks, &iv);
        assert_eq!(data, cipher);
        let blocks = whole_blocks(&mut data).unwrap();
        decrypt_with(&Aes128Dec::new(&key.into()), blocks, &iv);
        assert_eq!(data, plain);
    }

    #[test]
    fn equals_grammers_vector_of_256_bits() {
        let bytes = counting::<32>();
        let mut data = bytes;
        encrypt(&mut data, &bytes, &bytes).unwrap();
        assert_eq!(data, hex!("e28112a53e5c89c7b1ea8071c133699fd4e86b26c4bac9fc5af1ab8ce27a44a4"));
        decrypt(&mut data, &bytes, &bytes).unwrap();
        assert_eq!(data, bytes);
    }

    #[test]
    fn decrypts_what_it_encrypted_at_every_length() {
        let seed = 0x1_6e;
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        for blocks in 0..70 {
            let (mut key, mut iv) = ([0; 32], [0; 32]);
            let mut plain = vec![0; blocks * 16];
            rng.fill_bytes(&mut key);
            rng.fill_bytes(&mut iv);
            rng.fill_bytes(&mut plain);
            let mut data = plain.clone();
            encrypt(&mut data, &key, &iv).unwrap();
            assert!(blocks == 0 || data != plain, "seed {seed}, {blocks} blocks");
            decrypt(&mut data, &key, &iv).unwrap();
            assert_eq!(data, plain, "seed {seed}, {blocks} blocks");
        }
    }

    #[test]
    fn refuses_a_broken_block_and_leaves_it_alone() {
        for len in [1, 15, 17, 31, 33] {
            let mut data = vec![7; len];
            assert_eq!(encrypt(&mut data, &[0; 32], &[0; 32]), Err(NotWholeBlocks { len }));
            assert_eq!(decrypt(&mut data, &[0; 32], &[0; 32]), Err(NotWholeBlocks { len }));
            assert_eq!(data, vec![7; len]);
        }
    }
}
