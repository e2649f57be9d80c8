//! Abridged framing: `ef` once, then each length in words, in one byte or four.
//!
//! The high bit of a first byte is a client's wish for a quick acknowledgement, or marks a server's
//! token, which comes with its bytes swapped so that this bit is in front.

use super::{Head, QUICK_ACK, Role, Status};

pub(super) const PREAMBLE: [u8; 1] = [0xef];

/// In place of a length in one byte: three bytes of length follow.
const LONG: u8 = 0x7f;
const ASKS: u8 = 0x80;

/// The longest packet that three bytes of words can say.
pub(super) const LONGEST: usize = 0xff_ffff * 4;

pub(super) fn write_head(len: usize, quick_ack: bool, out: &mut Vec<u8>) {
    let words = (len / 4) as u32;
    let asks = if quick_ack { ASKS } else { 0 };
    if words < u32::from(LONG) {
        out.push(words as u8 | asks);
    } else {
        out.extend_from_slice(&(words << 8 | u32::from(LONG | asks)).to_le_bytes());
    }
}

pub(super) fn write_token(token: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(token | QUICK_ACK).to_be_bytes());
}

pub(super) fn read_head(bytes: &[u8], sender: Role) -> Head {
    let Some(&first) = bytes.first() else {
        return Head::Partial;
    };
    let marked = first & ASKS != 0;
    let short = first & !ASKS;
    if short != LONG && !(marked && sender == Role::Server) {
        return Head::Packet { head: 1, body: usize::from(short) * 4, tail: 0, quick_ack: marked };
    }
    let Some(&word) = bytes.first_chunk() else {
        return Head::Partial;
    };
    if marked && sender == Role::Server {
        return Head::Bare(Status::QuickAck(u32::from_be_bytes(word)));
    }
    let words = u32::from_le_bytes(word) >> 8;
    Head::Packet { head: 4, body: words as usize * 4, tail: 0, quick_ack: marked }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(len: usize, quick_ack: bool) -> Vec<u8> {
        let mut out = Vec::new();
        write_head(len, quick_ack, &mut out);
        out
    }

    #[test]
    fn lengths_take_one_byte_up_to_126_words() {
        assert_eq!(head(0, false), [0]);
        assert_eq!(head(126 * 4, false), [126]);
        assert_eq!(head(127 * 4, false), [0x7f, 127, 0, 0]);
        assert_eq!(head(LONGEST, false), [0x7f, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn the_wish_for_an_acknowledgement_is_the_high_bit_of_the_first_byte() {
        assert_eq!(head(4, true), [0x81]);
        assert_eq!(head(0x10203 * 4, true), [0xff, 3, 2, 1]);
        for len in [0, 4, 126 * 4, 127 * 4, LONGEST] {
            let bytes = head(len, true);
            let expected = Head::Packet { head: bytes.len(), body: len, tail: 0, quick_ack: true };
            assert_eq!(read_head(&bytes, Role::Client), expected);
        }
    }

    #[test]
    fn a_token_is_swapped_and_its_marked_byte_comes_first() {
        let mut out = Vec::new();
        write_token(0x4d57_1d02, &mut out);
        assert_eq!(out, [0xcd, 0x57, 0x1d, 0x02]);
        assert_eq!(read_head(&out, Role::Server), Head::Bare(Status::QuickAck(0xcd57_1d02)));
        // A token may begin with the byte that means a long length from a client.
        let token = [0xff, 1, 2, 3];
        assert_eq!(read_head(&token, Role::Server), Head::Bare(Status::QuickAck(0xff01_0203)));
    }
}
