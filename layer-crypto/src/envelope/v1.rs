//! The envelope of MTProto 1.0 (core mtproto/description_v1), which `auth.bindTempAuthKey` still
//! uses for its `encrypted_message`. Always in the client's direction (x = 0). Its msg_key leaves
//! the padding out, so it serves for nothing else.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{HEAD, HEADER, OpenError, key_id};
use crate::aes_ige;
use crate::auth_key::AuthKey;
use crate::hash::sha1;

/// An opened message of version 1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// For a binding: that of the request around it.
    pub msg_id: i64,
    /// For a binding: 0.
    pub seq_no: i32,
    /// For a binding: a boxed `bind_auth_key_inner`.
    pub body: Vec<u8>,
}

/// Seals `body` under the permanent key: `auth_key_id | msg_key | IGE(16 random bytes | msg_id |
/// seq_no 0 | len | body | 0..15 random bytes)`. The 40 bytes of a boxed `bind_auth_key_inner` make
/// 104. `msg_id` is that of the request around it, so a request that is sent anew is sealed anew.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::envelope::v1;
/// let perm_key = layer_crypto::AuthKey::from_bytes(&[7; 256]);
/// let encrypted_message = v1::seal(&perm_key, 4, &[1; 40], &mut rng);
/// assert_eq!(encrypted_message.len(), 104);
/// assert_eq!(v1::open(&perm_key, &encrypted_message)?.body, [1; 40]);
/// # Ok::<(), layer_crypto::envelope::OpenError>(())
/// ```
pub fn seal(key: &AuthKey, msg_id: i64, body: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
    let message_len = HEADER + body.len();
    let encrypted_len = message_len.next_multiple_of(16);
    let mut plain = Vec::with_capacity(encrypted_len);
    let mut random = [0; 16];
    rng.fill_bytes(&mut random);
    plain.extend_from_slice(&random);
    plain.extend_from_slice(&msg_id.to_le_bytes());
    plain.extend_from_slice(&0_i32.to_le_bytes());
    plain.extend_from_slice(&(body.len() as u32).to_le_bytes());
    plain.extend_from_slice(body);
    let msg_key = msg_key(&plain);
    rng.fill_bytes(&mut random);
    plain.extend(random.into_iter().take(encrypted_len - message_len));

    let (aes_key, iv) = aes_key(key, &msg_key);
    let whole = aes_ige::encrypt(&mut plain, &aes_key, &iv);
    debug_assert!(whole.is_ok(), "padded to whole blocks");
    [key.id().to_le_bytes().as_slice(), &msg_key, &plain].concat()
}

/// Opens what [`seal`] made: the server's side of a binding.
///
/// # Errors
/// [`OpenError`], as for version 2.0 but with 0 to 15 bytes of padding.
pub fn open(key: &AuthKey, packet: &[u8]) -> Result<Opened, OpenError> {
    let len = packet.len();
    let too_short = OpenError::TooShort { len };
    let (head, encrypted) = packet.split_first_chunk::<HEAD>().ok_or(too_short)?;
    let claimed = head.last_chunk::<16>().ok_or(too_short)?;
    if key_id(packet) != Some(key.id()) {
        return Err(OpenError::OtherKey);
    }
    let (aes_key, iv) = aes_key(key, claimed);
    let mut plain = Zeroizing::new(encrypted.to_vec());
    aes_ige::decrypt(&mut plain, &aes_key, &iv).map_err(|_| OpenError::NotWholeBlocks { len })?;

    // Here the length comes before the key: the hash covers the message without its padding.
    let (header, rest) = plain.split_first_chunk::<HEADER>().ok_or(too_short)?;
    let (header, body_len) = super::Header::read(header);
    let wrong_length = OpenError::WrongLength { len: body_len, available: rest.len() };
    let body = usize::try_from(body_len).map_err(|_| wrong_length)?;
    let Some(0..16) = rest.len().checked_sub(body) else {
        return Err(wrong_length);
    };
    let message = plain.get(..HEADER + body).ok_or(wrong_length)?;
    if !bool::from(msg_key(message).ct_eq(claimed)) {
        return Err(OpenError::WrongMsgKey);
    }
    let body = message.get(HEADER..).unwrap_or_default().to_vec();
    Ok(Opened { msg_id: header.msg_id, seq_no: header.seq_no, body })
}

/// SHA1(message without padding)\[4..20\].
fn msg_key(message: &[u8]) -> [u8; 16] {
    let [_, _, _, _, msg_key @ ..] = sha1(&[message]);
    msg_key
}

fn aes_key(key: &AuthKey, msg_key: &[u8; 16]) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
    let a = Zeroizing::new(sha1(&[msg_key, key.part::<32>(0)]));
    let b = Zeroizing::new(sha1(&[key.part::<16>(32), msg_key, key.part::<16>(48)]));
    let c = Zeroizing::new(sha1(&[key.part::<32>(64), msg_key]));
    let d = Zeroizing::new(sha1(&[msg_key, key.part::<32>(96)]));
    let gather = |parts: [(&[u8; 20], std::ops::Range<usize>); 4]| {
        let mut gathered = Zeroizing::new([0; 32]);
        let bytes = parts.into_iter().flat_map(|(from, range)| from.get(range).unwrap_or_default());
        gathered.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        gathered
    };
    let aes_key = gather([(&a, 0..8), (&b, 8..20), (&c, 4..16), (&d, 0..0)]);
    let iv = gather([(&a, 8..20), (&b, 0..8), (&c, 16..20), (&d, 0..8)]);
    (aes_key, iv)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message whose msg_key fits as much of it as its length field claims, if that is there.
    fn sealed(key: &AuthKey, len: i32, body_and_padding: usize) -> Vec<u8> {
        let mut plain = vec![5; HEADER];
        plain[HEADER - 4..].copy_from_slice(&len.to_le_bytes());
        plain.resize(HEADER + body_and_padding, 6);
        let claimed = usize::try_from(len).ok().and_then(|len| plain.get(..HEADER + len));
        let msg_key = msg_key(claimed.unwrap_or(&plain));
        let (aes_key, iv) = aes_key(key, &msg_key);
        aes_ige::encrypt(&mut plain, &aes_key, &iv).unwrap();
        [key.id().to_le_bytes().as_slice(), &msg_key, &plain].concat()
    }

    #[test]
    fn refuses_every_wrong_length_field_under_a_right_msg_key() {
        let key = AuthKey::from_bytes(&[7; 256]);
        for available in [0, 16, 48, 64] {
            for len in (-20..100).chain([i32::MIN, i32::MAX]) {
                let opened = open(&key, &sealed(&key, len, available));
                if len >= 0 && (0..16).contains(&(available as i64 - i64::from(len))) {
                    assert_eq!(opened.unwrap().body, vec![6; len as usize]);
                } else {
                    assert_eq!(opened, Err(OpenError::WrongLength { len, available }));
                }
            }
        }
    }
}
