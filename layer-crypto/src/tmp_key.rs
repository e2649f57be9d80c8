//! The AES key under which the two halves of the DH exchange travel (core mtproto/auth_key, step
//! 5): `tmp_aes_key` and `tmp_aes_iv`, derived from the nonces, and SHA1-and-pad around the inner
//! objects.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::aes_ige;
use crate::hash::sha1;

/// Seals and opens `server_DH_inner_data` and `client_DH_inner_data`.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::TmpKey;
/// let key = TmpKey::derive(&[1; 32], &[2; 16]);
/// let sealed = key.seal(b"an inner object", &mut rng);
/// let opened = key.open(&sealed)?;
/// assert!(opened.data().starts_with(b"an inner object"));
/// opened.check(15)?;
/// # Ok::<(), layer_crypto::tmp_key::TmpKeyError>(())
/// ```
#[derive(Clone)]
pub struct TmpKey {
    key: Zeroizing<[u8; 32]>,
    iv: Zeroizing<[u8; 32]>,
}

impl TmpKey {
    /// Derives key and iv from the two nonces.
    pub fn derive(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> Self {
        let new_server = Zeroizing::new(sha1(&[new_nonce, server_nonce]));
        let server_new = Zeroizing::new(sha1(&[server_nonce, new_nonce]));
        let new_new = Zeroizing::new(sha1(&[new_nonce, new_nonce]));
        // key = new_server | server_new[0..12], iv = server_new[12..20] | new_new | new_nonce[0..4]
        let all = new_server.iter().chain(&*server_new).chain(&*new_new).chain(new_nonce);
        let (mut key, mut iv) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        for (to, from) in key.iter_mut().chain(iv.iter_mut()).zip(all) {
            *to = *from;
        }
        Self { key, iv }
    }

    /// IGE(SHA1(inner) | inner | 0..15 random bytes): `encrypted_answer` or `encrypted_data`.
    pub fn seal(&self, inner: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
        let len = (20 + inner.len()).next_multiple_of(16);
        let mut data = Vec::with_capacity(len);
        data.extend_from_slice(&sha1(&[inner]));
        data.extend_from_slice(inner);
        let mut padding = [0; 15];
        rng.fill_bytes(&mut padding);
        data.extend(padding.into_iter().take(len - data.len()));
        let whole = aes_ige::encrypt(&mut data, &self.key, &self.iv);
        debug_assert!(whole.is_ok(), "padded to whole blocks");
        data
    }

    /// Decrypts what the peer sealed. The digest can only be checked by who has parsed the object
    /// and so knows its length: parse, then call [`Opened::check`], then believe.
    ///
    /// # Errors
    /// [`TmpKeyError::WrongLength`].
    pub fn open(&self, sealed: &[u8]) -> Result<Opened, TmpKeyError> {
        let wrong_length = TmpKeyError::WrongLength { len: sealed.len() };
        let mut data = Zeroizing::new(sealed.to_vec());
        aes_ige::decrypt(&mut data, &self.key, &self.iv).map_err(|_| wrong_length)?;
        let digest = *data.first_chunk().ok_or(wrong_length)?;
        Ok(Opened { digest, bytes: data })
    }
}

impl std::fmt::Debug for TmpKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TmpKey").finish_non_exhaustive()
    }
}

/// Decrypted inner data, its SHA-1 not yet checked.
pub struct Opened {
    digest: [u8; 20],
    /// The digest again, then the object and its padding.
    bytes: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The object and up to 15 bytes of padding behind it.
    pub fn data(&self) -> &[u8] {
        self.bytes.get(self.digest.len()..).unwrap_or_default()
    }

    /// Checks that the digest covers exactly the first `len` bytes and that less than 16 follow.
    ///
    /// # Errors
    /// [`TmpKeyError::WrongPadding`], [`TmpKeyError::WrongHash`].
    pub fn check(&self, len: usize) -> Result<(), TmpKeyError> {
        let available = self.data().len();
        let wrong_padding = TmpKeyError::WrongPadding { len, available };
        let object = self.data().get(..len).ok_or(wrong_padding)?;
        if available - len > 15 {
            return Err(wrong_padding);
        }
        if bool::from(sha1(&[object]).ct_eq(&self.digest)) {
            Ok(())
        } else {
            Err(TmpKeyError::WrongHash)
        }
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("len", &self.data().len()).finish_non_exhaustive()
    }
}

/// Why inner data of the exchange is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TmpKeyError {
    /// Not whole blocks, or shorter than its digest.
    #[error("encrypted inner data has {len} bytes, expected a multiple of 16 and at least 32")]
    WrongLength {
        /// Bytes that came.
        len: usize,
    },
    /// The SHA-1 before the object is not that of the object.
    #[error("the SHA-1 of the inner data does not match")]
    WrongHash,
    /// The object leaves 16 or more bytes behind it, or claims more than there is.
    #[error("inner object of {len} bytes in {available}, expected 0 to 15 bytes of padding")]
    WrongPadding {
        /// Length of the object as parsed.
        len: usize,
        /// Bytes after the digest.
        available: usize,
    },
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn derives_the_vectors_with_and_without_leading_zero() {
        let new_nonce = hex!("a8bbc849512dac6c67b6efd9157d6ca7377a1776307d84265c6be9bdcf802ac1");
        let tmp = TmpKey::derive(&new_nonce, &hex!("e11dbc3bc97d91a26154f932af019943"));
        assert_eq!(
            *tmp.key,
            hex!("5ea702f743e850f5546e857f08b7d5337bbaedf9b61248751594851be2e8c297")
        );
        assert_eq!(
            *tmp.iv,
            hex!("1cef8e372a63d97ebfa805c0dbb018bc7c1e0931693fbcb1a1afc0c0a8bbc849")
        );

        let new_nonce = std::array::from_fn(|i| i as u8);
        let tmp = TmpKey::derive(&new_nonce, &hex!("002122232425262728292a2b2c2d2e2f"));
        assert_eq!(
            *tmp.key,
            hex!("0a2d0f607499a866848e41798a34315e4922c39fe55c6caf5bc322c4b8c08c6a")
        );
        assert_eq!(
            *tmp.iv,
            hex!("9cb702d4fd6e5d25e864070e166e6218f6783e8511471a5ab7802cf200010203")
        );
    }

    #[test]
    fn opens_what_it_sealed_at_every_length() {
        let key = TmpKey::derive(&[1; 32], &[2; 16]);
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        for len in 0..100 {
            let inner = vec![len as u8; len];
            let opened = key.open(&key.seal(&inner, &mut rng)).unwrap();
            assert_eq!(opened.data()[..len], inner);
            assert_eq!(opened.check(len), Ok(()));
            for other in (0..len).chain(len + 1..len + 200) {
                assert!(opened.check(other).is_err(), "{len} bytes taken for {other}");
            }
        }
    }

    #[test]
    fn refuses_a_reply_shorter_than_its_digest_or_not_in_blocks() {
        let key = TmpKey::derive(&[1; 32], &[2; 16]);
        for len in (0..70).filter(|len| *len < 32 || len % 16 != 0) {
            let wrong = TmpKeyError::WrongLength { len };
            assert_eq!(key.open(&vec![0; len]).unwrap_err(), wrong);
        }
    }

    #[test]
    fn refuses_16_bytes_of_padding_even_under_a_right_hash() {
        let key = TmpKey::derive(&[1; 32], &[2; 16]);
        let inner = [7; 28];
        let mut data = [sha1(&[&inner]).as_slice(), &inner, &[0; 16]].concat();
        aes_ige::encrypt(&mut data, &key.key, &key.iv).unwrap();
        let opened = key.open(&data).unwrap();
        assert_eq!(opened.check(28), Err(TmpKeyError::WrongPadding { len: 28, available: 44 }));
        assert_eq!(opened.check(45), Err(TmpKeyError::WrongPadding { len: 45, available: 44 }));
    }

    #[test]
    fn refuses_any_altered_bit() {
        let key = TmpKey::derive(&[1; 32], &[2; 16]);
        let sealed = key.seal(&[3; 60], &mut ChaCha20Rng::seed_from_u64(6));
        // The last block carries no bit of padding here, so all 80 bytes are covered.
        assert_eq!(sealed.len(), 80);
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(&altered).unwrap().check(60), Err(TmpKeyError::WrongHash));
        }
    }
}
