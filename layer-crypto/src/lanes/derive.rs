//! The AES key and iv of one message (core mtproto/description, "Defining AES Key and Initialization
//! Vector"): two hashes of one block each, and what they give dealt out in quarters.

use super::Lanes;
use crate::hash::sha256;

/// Out of msg_key and two parts of the authorization key, into key and iv.
pub(super) type Derive = unsafe fn(&[u8; 16], [&[u8; 36]; 2], &mut [u8; 32], &mut [u8; 32]);

impl Lanes {
    /// Fills in key and iv, out of msg_key and the two parts of the authorization key.
    pub(crate) fn derive(
        self,
        msg_key: &[u8; 16],
        parts: [&[u8; 36]; 2],
        key: &mut [u8; 32],
        iv: &mut [u8; 32],
    ) {
        match self.hasher {
            // SAFETY: `Lanes::at` has asked the processor for what the hasher is made of.
            Some(hasher) => unsafe { (hasher.derive)(msg_key, parts, key, iv) },
            None => {
                let [part_a, part_b] = parts;
                *key = sha256(&[msg_key, part_a]);
                *iv = sha256(&[part_b, msg_key]);
                key[8..24].swap_with_slice(&mut iv[8..24]);
            }
        }
    }
}
