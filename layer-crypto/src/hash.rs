//! SHA-1, SHA-256 and MD5 over the concatenation of several parts.
//!
//! MTProto hashes joined pieces everywhere (`SHA256(msg_key | key part)`); taking the pieces as
//! they lie saves the caller a buffer in which key material would linger.

use md5::Md5;
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// SHA-1 of all `parts`, one after the other.
///
/// ```
/// use layer_crypto::hash::sha1;
/// assert_eq!(sha1(&[b"ab", b"c"]), sha1(&[b"abc"]));
/// ```
pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    digest::<Sha1>(parts).into()
}

/// SHA-256 of all `parts`, one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest::<Sha256>(parts).into()
}

/// MD5 of all `parts`, one after the other: it protects nothing, but small uploads are checked by it.
///
/// ```
/// use layer_crypto::hash::md5;
/// assert_eq!(md5(&[b"ab", b"c"])[..4], [0x90, 0x01, 0x50, 0x98]);
/// ```
pub fn md5(parts: &[&[u8]]) -> [u8; 16] {
    digest::<Md5>(parts).into()
}

fn digest<D: Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    // FIPS 180-4, the one-block example "abc".
    #[test]
    fn hashes_the_concatenation() {
        let parts: [&[u8]; 3] = [b"a", b"", b"bc"];
        assert_eq!(sha1(&parts), hex!("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert_eq!(
            sha256(&parts),
            hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
    }
}
