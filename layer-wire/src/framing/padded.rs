//! Padded intermediate framing: intermediate with a random tail inside the length.
//!
//! The frame does not say how long the tail is; the packet's own shape does. Here it is cut off, so
//! that the rest of the house sees the same packets whatever the framing.

use layer_crypto::envelope;
use rand_core::CryptoRng;

use super::{QUICK_ACK, Role, intermediate};
use crate::message::PLAIN_HEADER;

pub(super) const PREAMBLE: [u8; 4] = [0xdd; 4];

/// The longest tail that may come in.
pub(super) const MAX_TAIL: usize = 15;

/// In front of a token.
const TOKEN_MARK: [u8; 4] = [0xff; 4];

/// The random end of a frame.
#[derive(Debug)]
pub(super) struct Tail {
    bytes: [u8; MAX_TAIL],
    len: usize,
}

impl Tail {
    pub(super) const NONE: Self = Self { bytes: [0; MAX_TAIL], len: 0 };

    /// Clients use all of 0..=15 bytes. Servers keep to 0..=3, as proxies in the field do: several
    /// clients cut no more than what is over a multiple of 4.
    pub(super) fn draw(sender: Role, rng: &mut dyn CryptoRng) -> Self {
        let mut drawn = [0; MAX_TAIL + 1];
        rng.fill_bytes(&mut drawn);
        let [len, bytes @ ..] = drawn;
        let mask = match sender {
            Role::Client => 15,
            Role::Server => 3,
        };
        Self { bytes, len: usize::from(len & mask) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// A token is a packet that begins like an error of −1.
pub(super) fn write_token(token: u32, tail: &Tail, out: &mut Vec<u8>) {
    intermediate::write_head(8 + tail.len, false, out);
    out.extend_from_slice(&TOKEN_MARK);
    out.extend_from_slice(&(token | QUICK_ACK).to_le_bytes());
    out.extend_from_slice(tail.bytes());
}

/// The token of a packet that is one.
pub(super) fn read_token(payload: &[u8]) -> Option<u32> {
    let token = payload.strip_prefix(&TOKEN_MARK)?.first_chunk()?;
    Some(u32::from_le_bytes(*token))
}

/// How many bytes of `payload` are the packet: a plain message says so itself, a sealed one is
/// whole cipher blocks behind its header. What is neither is left as it came, for others to refuse.
pub(super) fn packet_len(payload: &[u8]) -> usize {
    if payload.starts_with(&[0; 8]) {
        plain_len(payload).unwrap_or(payload.len())
    } else {
        envelope::without_tail(payload.len())
    }
}

fn plain_len(payload: &[u8]) -> Option<usize> {
    let (header, rest) = payload.split_first_chunk::<PLAIN_HEADER>()?;
    let len = u32::from_le_bytes(*header.last_chunk()?) as usize;
    let tail = rest.len().checked_sub(len)?;
    (tail <= MAX_TAIL).then_some(PLAIN_HEADER + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_the_tail_of_a_sealed_packet_at_the_last_whole_block() {
        for tail in 0..=MAX_TAIL {
            let packet = vec![7; envelope::HEAD + 48 + tail];
            assert_eq!(packet_len(&packet), envelope::HEAD + 48);
        }
    }

    #[test]
    fn cuts_the_tail_of_a_plain_packet_where_it_says() {
        for len in [0_u32, 4, 20, 40] {
            for tail in 0..=MAX_TAIL {
                let mut packet = vec![0; 16];
                packet.extend(len.to_le_bytes());
                packet.resize(PLAIN_HEADER + len as usize + tail, 1);
                assert_eq!(packet_len(&packet), PLAIN_HEADER + len as usize);
            }
        }
    }

    #[test]
    fn a_key_id_of_which_half_is_zero_is_no_plain_message() {
        for half in [0..4, 4..8] {
            let mut packet = vec![7; envelope::HEAD + 48 + 9];
            packet[half].fill(0);
            packet[16..20].copy_from_slice(&60_u32.to_le_bytes());
            assert_eq!(packet_len(&packet), envelope::HEAD + 48);
        }
    }

    #[test]
    fn leaves_what_does_not_fit_as_it_came() {
        assert_eq!(packet_len(&[]), 0);
        assert_eq!(packet_len(&[9; 23]), 23);
        let mut lies = vec![0; 16];
        lies.extend(100_u32.to_le_bytes());
        lies.resize(PLAIN_HEADER + 116, 0);
        assert_eq!(packet_len(&lies), PLAIN_HEADER + 116);
        lies.resize(PLAIN_HEADER + 96, 0);
        assert_eq!(packet_len(&lies), PLAIN_HEADER + 96);
    }
}
