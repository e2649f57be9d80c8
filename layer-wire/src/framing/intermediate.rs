//! Intermediate framing: `eeeeeeee` once, then each length in four bytes.
//!
//! Bit 31 of a length is a client's wish for a quick acknowledgement, or marks a server's token,
//! which stands in place of a length.

use super::{Head, QUICK_ACK, Role, Status};

pub(super) const PREAMBLE: [u8; 4] = [0xee; 4];

/// The longest frame that 31 bits can say.
pub(super) const LONGEST: usize = 0x7fff_ffff;

pub(super) fn write_head(len: usize, quick_ack: bool, out: &mut Vec<u8>) {
    let asks = if quick_ack { QUICK_ACK } else { 0 };
    out.extend_from_slice(&(len as u32 | asks).to_le_bytes());
}

pub(super) fn write_token(token: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(token | QUICK_ACK).to_le_bytes());
}

pub(super) fn read_head(bytes: &[u8], sender: Role) -> Head {
    let Some(&word) = bytes.first_chunk() else {
        return Head::Partial;
    };
    let word = u32::from_le_bytes(word);
    let marked = word & QUICK_ACK != 0;
    if marked && sender == Role::Server {
        return Head::Bare(Status::QuickAck(word));
    }
    Head::Packet { head: 4, body: (word & !QUICK_ACK) as usize, tail: 0, quick_ack: marked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wish_for_an_acknowledgement_is_bit_31() {
        let mut out = Vec::new();
        write_head(0x0102_0304, true, &mut out);
        assert_eq!(out, [4, 3, 2, 0x81]);
        let expected = Head::Packet { head: 4, body: 0x0102_0304, tail: 0, quick_ack: true };
        assert_eq!(read_head(&out, Role::Client), expected);
    }

    #[test]
    fn a_token_stands_in_place_of_a_length() {
        let mut out = Vec::new();
        write_token(0x4d57_1d02, &mut out);
        assert_eq!(out, [0x02, 0x1d, 0x57, 0xcd]);
        assert_eq!(read_head(&out, Role::Server), Head::Bare(Status::QuickAck(0xcd57_1d02)));
    }
}
