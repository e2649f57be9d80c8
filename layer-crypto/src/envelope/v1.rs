//! The envelope of MTProto 1.0, which `auth.bindTempAuthKey` still uses for its `encrypted_message`.

use rand_core::CryptoRng;

use crate::auth_key::AuthKey;

/// Seals `body` under the permanent key: `perm_key_id | msg_key | IGE(random 16 | msg_id | 0 | len | body | pad)`.
/// For the 40 bytes of a boxed `bind_auth_key_inner` that makes 104 bytes. `msg_id` is that of the outer
/// request.
pub fn seal(key: &AuthKey, msg_id: i64, body: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
    let _ = (key, msg_id, body, rng);
    todo!()
}

/// Opens what [`seal`] made: the server's side of a binding.
///
/// # Errors
/// [`super::OpenError`].
pub fn open(key: &AuthKey, packet: &[u8]) -> Result<Opened, super::OpenError> {
    let _ = (key, packet);
    todo!()
}

/// An opened message of version 1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Must be that of the outer request.
    pub msg_id: i64,
    /// Must be 0 for a binding.
    pub seq_no: i32,
    /// The body.
    pub body: Vec<u8>,
}
