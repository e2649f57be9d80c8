//! The authorization key, and the numbers derived from it (core mtproto/auth_key, steps 6 to 9).

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::hash::sha1;

/// A 2048-bit authorization key, shared with one data centre. Wiped when dropped; compared in
/// constant time; `Debug` shows its id only.
///
/// ```
/// use layer_crypto::AuthKey;
/// let key = AuthKey::from_bytes(&[7; 256]);
/// assert_eq!(format!("{key:?}"), format!("AuthKey({:016x})", key.id()));
/// ```
#[derive(Clone)]
pub struct AuthKey {
    /// Boxed, because a moved array leaves a copy behind that nobody wipes.
    key: Box<Zeroizing<[u8; 256]>>,
    id: i64,
    aux_hash: i64,
}

/// Which answer to `set_client_DH_params` a `new_nonce_hash` belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DhAnswer {
    /// `dh_gen_ok`, new_nonce_hash1.
    Ok = 1,
    /// `dh_gen_retry`, new_nonce_hash2.
    Retry = 2,
    /// `dh_gen_fail`, new_nonce_hash3.
    Fail = 3,
}

impl AuthKey {
    /// The key from its 256 bytes: g^ab mod p, big-endian, zero-padded on the left.
    pub fn from_bytes(key: &[u8; 256]) -> Self {
        let digest = sha1(&[key]);
        Self {
            key: Box::new(Zeroizing::new(*key)),
            id: long(&digest, 12),
            aux_hash: long(&digest, 0),
        }
    }

    /// The 256 bytes, to be saved.
    pub fn as_bytes(&self) -> &[u8; 256] {
        &self.key
    }

    /// N bytes of the key at one of the protocol's fixed offsets.
    pub(crate) fn part<const N: usize>(&self, at: usize) -> &[u8; N] {
        let part = self.key.get(at..).and_then(|rest| rest.first_chunk());
        debug_assert!(part.is_some(), "fixed offsets into our own 256 bytes, all in tests");
        part.unwrap_or(&[0; N])
    }

    /// `auth_key_id`: SHA1(key)\[12..20\] as a TL long.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// `auth_key_aux_hash`: SHA1(key)\[0..8\] as a TL long; the `retry_id` after `dh_gen_retry`.
    pub fn aux_hash(&self) -> i64 {
        self.aux_hash
    }

    /// new_nonce_hash1, 2 or 3: SHA1(new_nonce, number, aux_hash)\[4..20\]. Compare it in constant
    /// time.
    pub fn new_nonce_hash(&self, new_nonce: &[u8; 32], answer: DhAnswer) -> [u8; 16] {
        let [_, _, _, _, hash @ ..] =
            sha1(&[new_nonce, &[answer as u8], &self.aux_hash.to_le_bytes()]);
        hash
    }
}

/// The first server salt of a new key: new_nonce\[0..8\] xor server_nonce\[0..8\].
pub fn first_salt(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> i64 {
    long(new_nonce, 0) ^ long(server_nonce, 0)
}

/// Eight bytes at a fixed offset as a little-endian long.
pub(crate) fn long<const N: usize>(bytes: &[u8; N], at: usize) -> i64 {
    debug_assert!(at + 8 <= N);
    let mut long = [0; 8];
    for (to, from) in long.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    i64::from_le_bytes(long)
}

impl ConstantTimeEq for AuthKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.key.as_slice().ct_eq(other.key.as_slice())
    }
}

impl PartialEq for AuthKey {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for AuthKey {}

impl std::fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuthKey({:016x})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    fn counting() -> AuthKey {
        AuthKey::from_bytes(&std::array::from_fn(|i| i as u8))
    }

    #[test]
    fn derives_id_and_aux_hash_of_the_vector() {
        assert_eq!(counting().id().to_le_bytes(), hex!("32d1586ea457dfc8"));
        assert_eq!(counting().aux_hash().to_le_bytes(), hex!("4916d6bdb7f78e68"));
    }

    #[test]
    fn shows_no_byte_of_itself() {
        assert_eq!(format!("{:?}", counting()), "AuthKey(c8df57a46e58d132)");
    }

    #[test]
    fn differs_in_any_byte() {
        for i in 0..256 {
            let mut bytes = *counting().as_bytes();
            assert_eq!(AuthKey::from_bytes(&bytes), counting());
            bytes[i] ^= 0x80;
            assert_ne!(AuthKey::from_bytes(&bytes), counting());
        }
    }
}
