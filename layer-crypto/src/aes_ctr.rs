//! AES-256 in counter mode as one continuous stream: obfuscated connections and CDN files.
//!
//! The 16-byte iv is a big-endian counter of 128 bits that wraps. However the data is split between
//! calls, the bytes come out the same.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256Enc, Block};
use zeroize::Zeroize;

/// So many key-stream blocks are made at once; a multiple of what the cipher does in parallel.
const BATCH: usize = 64;

/// One direction of a counter-mode stream; encryption and decryption are the same.
///
/// ```
/// use layer_crypto::aes_ctr::AesCtr256;
/// let (key, iv) = ([1; 32], [2; 16]);
/// let mut data = *b"a stream has no blocks";
/// AesCtr256::new(&key, &iv).apply(&mut data);
///
/// let mut back = AesCtr256::new(&key, &iv);
/// let (head, tail) = data.split_at_mut(5);
/// back.apply(head);
/// back.apply(tail);
/// assert_eq!(&data, b"a stream has no blocks");
/// ```
pub struct AesCtr256 {
    cipher: Aes256Enc,
    /// Counter of the next block to be made.
    counter: u128,
    /// The last block made; its first `used` bytes are spent.
    left: [u8; 16],
    used: usize,
}

impl AesCtr256 {
    /// A stream at its beginning.
    pub fn new(key: &[u8; 32], iv: &[u8; 16]) -> Self {
        Self {
            cipher: Aes256Enc::new(key.into()),
            counter: u128::from_be_bytes(*iv),
            left: [0; 16],
            used: 16,
        }
    }

    /// A stream that goes on at `byte_offset`, as if that many bytes had been applied before.
    pub fn new_at(key: &[u8; 32], iv: &[u8; 16], byte_offset: u64) -> Self {
        let mut stream = Self::new(key, iv);
        stream.counter = stream.counter.wrapping_add(u128::from(byte_offset / 16));
        let within = (byte_offset % 16) as usize;
        if within > 0 {
            stream.next_block();
            stream.used = within;
        }
        stream
    }

    /// Xors `data` with the next `data.len()` bytes of the key stream.
    pub fn apply(&mut self, data: &mut [u8]) {
        let (head, data) = data.split_at_mut(data.len().min(16 - self.used));
        self.apply_left(head);

        let (blocks, tail) = data.as_chunks_mut::<16>();
        let mut stream = [Block::default(); BATCH];
        for blocks in blocks.chunks_mut(BATCH) {
            let (stream, _) = stream.split_at_mut(blocks.len());
            for block in stream.iter_mut() {
                *block = self.counter.to_be_bytes().into();
                self.counter = self.counter.wrapping_add(1);
            }
            self.cipher.encrypt_blocks(stream);
            for (block, key) in blocks.iter_mut().zip(stream) {
                *block = (u128::from_ne_bytes(*block) ^ u128::from_ne_bytes((*key).into()))
                    .to_ne_bytes();
            }
        }

        if !tail.is_empty() {
            self.next_block();
            self.apply_left(tail);
        }
    }

    /// Spends as much of the last block as `data` is long; `data` never reaches beyond it.
    fn apply_left(&mut self, data: &mut [u8]) {
        for (byte, key) in data.iter_mut().zip(self.left.iter().skip(self.used)) {
            *byte ^= key;
        }
        self.used += data.len();
    }

    fn next_block(&mut self) {
        let mut block = Block::from(self.counter.to_be_bytes());
        self.cipher.encrypt_block(&mut block);
        self.left = block.into();
        self.used = 0;
        self.counter = self.counter.wrapping_add(1);
    }
}

impl Drop for AesCtr256 {
    fn drop(&mut self) {
        // The cipher wipes its round keys itself.
        self.left.zeroize();
        self.counter.zeroize();
    }
}

impl std::fmt::Debug for AesCtr256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AesCtr256").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    fn key() -> [u8; 32] {
        std::array::from_fn(|i| i as u8)
    }

    fn iv() -> [u8; 16] {
        std::array::from_fn(|i| 0x40 + i as u8)
    }

    /// As for a CDN file: the iv's last four bytes are the number of the block.
    fn iv_at(block: u32) -> [u8; 16] {
        let mut iv = iv();
        iv[12..].copy_from_slice(&block.to_be_bytes());
        iv
    }

    #[test]
    fn equals_the_vectors_at_both_offsets() {
        let at_0 = hex!("4758e9a52057954384e29d0eb6aa1b36d9a2d02daad87fd3dac161d962fe560f");
        let at_4096 = hex!("3b8c3e2bbcabda415db05762dae4a9a9b32dbb897d3135dd5b8b0b7a64599c3b");
        for (offset, cipher) in [(0, at_0), (4096, at_4096)] {
            let mut data: [u8; 32] = key();
            AesCtr256::new(&key(), &iv_at(offset / 16)).apply(&mut data);
            assert_eq!(data, cipher);
            let mut data: [u8; 32] = key();
            AesCtr256::new_at(&key(), &iv_at(0), offset.into()).apply(&mut data);
            assert_eq!(data, cipher);
        }
    }

    #[test]
    fn counts_blocks_past_256_mebibytes() {
        let (mut far, mut seek) = ([0; 32], [0; 32]);
        AesCtr256::new(&key(), &iv_at(0x0100_0000)).apply(&mut far);
        AesCtr256::new_at(&key(), &iv_at(0), 268_435_456).apply(&mut seek);
        assert_eq!(far, seek);
        // Past 64 GiB the number of the block takes more than 32 bits.
        let mut iv = iv_at(0);
        iv[11] += 1;
        AesCtr256::new(&key(), &iv).apply(&mut far);
        AesCtr256::new_at(&key(), &iv_at(0), 1 << 36).apply(&mut seek);
        assert_eq!(far, seek);
    }

    #[test]
    fn any_split_gives_the_same_bytes() {
        let seed = 0xc7;
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut whole = vec![0; 5000];
        rng.fill_bytes(&mut whole);
        let plain = whole.clone();
        AesCtr256::new(&key(), &iv()).apply(&mut whole);
        for round in 0..200 {
            let mut parts = plain.clone();
            let mut stream = AesCtr256::new(&key(), &iv());
            let mut rest = parts.as_mut_slice();
            while !rest.is_empty() {
                let most = [3, 40, 2000][rng.next_u32() as usize % 3];
                let len = (rng.next_u32() as usize % most).min(rest.len());
                let (head, tail) = rest.split_at_mut(len);
                stream.apply(head);
                rest = tail;
            }
            assert_eq!(parts, whole, "seed {seed}, round {round}");
        }
    }

    #[test]
    fn seeks_to_any_offset() {
        let mut whole = [0; 100];
        AesCtr256::new(&key(), &iv()).apply(&mut whole);
        for offset in 0..100 {
            let mut rest = [0; 100];
            let rest = &mut rest[offset..];
            AesCtr256::new_at(&key(), &iv(), offset as u64).apply(rest);
            assert_eq!(rest, &whole[offset..], "offset {offset}");
        }
    }

    #[test]
    fn the_counter_wraps_over_all_128_bits() {
        let mut whole = [0; 32];
        AesCtr256::new(&key(), &[0xff; 16]).apply(&mut whole);
        let mut second = [0; 16];
        AesCtr256::new(&key(), &[0; 16]).apply(&mut second);
        assert_eq!(whole[16..], second);
        for offset in 0..32 {
            let mut rest = [0; 32];
            let rest = &mut rest[offset..];
            AesCtr256::new_at(&key(), &[0xff; 16], offset as u64).apply(rest);
            assert_eq!(rest, &whole[offset..], "offset {offset}");
        }
    }
}
