//! The authorization key, and the numbers derived from it.

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// A 2048-bit authorization key, shared with one data centre.
pub struct AuthKey {
    key: Box<Zeroizing<[u8; 256]>>,
    id: i64,
    aux_hash: i64,
}

impl AuthKey {
    /// The key from its 256 bytes (big-endian, zero-padded on the left).
    pub fn from_bytes(key: &[u8; 256]) -> Self {
        let _ = key;
        todo!()
    }
    /// The 256 bytes, to be saved.
    pub fn as_bytes(&self) -> &[u8; 256] {
        &self.key
    }
    /// `auth_key_id`: SHA1(key)[12..20] as a TL long.
    pub fn id(&self) -> i64 {
        self.id
    }
    /// `auth_key_aux_hash`: SHA1(key)[0..8] as a TL long; the `retry_id` after `dh_gen_retry`.
    pub fn aux_hash(&self) -> i64 {
        self.aux_hash
    }
    /// `new_nonce_hash1`, `2` or `3`, for each answer to `set_client_DH_params`.
    pub fn new_nonce_hash(&self, new_nonce: &[u8; 32], answer: DhAnswer) -> [u8; 16] {
        let _ = (new_nonce, answer);
        todo!()
    }
}

/// Which answer to `set_client_DH_params` a `new_nonce_hash` belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DhAnswer {
    /// `dh_gen_ok`
    Ok = 1,
    /// `dh_gen_retry`
    Retry = 2,
    /// `dh_gen_fail`
    Fail = 3,
}

/// The first server salt of a new key: new_nonce[0..8] xor server_nonce[0..8].
pub fn first_salt(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> i64 {
    let _ = (new_nonce, server_nonce);
    todo!()
}

impl Clone for AuthKey {
    fn clone(&self) -> Self {
        Self::from_bytes(&self.key)
    }
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
