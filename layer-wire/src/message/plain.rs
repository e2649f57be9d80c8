//! Plain messages: what key agreement is spoken in.
//!
//! Specification: mtproto/description, "Unencrypted message".

use layer_tl_types::{Cursor, Deserializable, Serializable};

use super::MessageError;

/// Bytes before the body of a plain message: eight zeros, msg_id, length. No packet that carries a
/// message is shorter.
pub const PLAIN_HEADER: usize = 20;

/// A message that no key protects: `0:8 msg_id:8 len:4 body`.
///
/// ```
/// use layer_wire::message::PlainMessage;
///
/// let mut packet = Vec::new();
/// PlainMessage { msg_id: 5, body: b"body" }.write(&mut packet);
/// assert_eq!(PlainMessage::read(&packet)?.body, b"body");
/// # Ok::<(), layer_wire::message::MessageError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainMessage<'a> {
    /// When it was sent, as all message identifiers say it.
    pub msg_id: i64,
    /// The object. Random bytes may follow it in here.
    pub body: &'a [u8],
}

impl<'a> PlainMessage<'a> {
    /// Reads a packet.
    ///
    /// # Errors
    /// If it is sealed, cut short, or its length is not that of its body.
    pub fn read(packet: &'a [u8]) -> Result<Self, MessageError> {
        let mut cursor = Cursor::new(packet);
        let key_id = i64::deserialize(&mut cursor)?;
        if key_id != 0 {
            return Err(MessageError::Sealed { key_id });
        }
        let msg_id = i64::deserialize(&mut cursor)?;
        let len = i32::deserialize(&mut cursor)?;
        let body = cursor.remaining();
        if usize::try_from(len) != Ok(body.len()) {
            return Err(MessageError::PlainLength { len, available: body.len() });
        }
        Ok(Self { msg_id, body })
    }

    /// Bytes in the packet.
    pub fn packet_len(&self) -> usize {
        PLAIN_HEADER + self.body.len()
    }

    /// Appends the packet.
    pub fn write(&self, out: &mut Vec<u8>) {
        0_i64.serialize(out);
        self.msg_id.serialize(out);
        // More than 31 bits is more than any framing takes.
        (self.body.len() as u32).serialize(out);
        out.extend_from_slice(self.body);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    const REQ_PQ: [u8; 40] = hex!(
        "0000000000000000 d4720600503dc565 14000000 f18e7ebe 406709f612fadfbec3f0289d0aa67eef"
    );

    #[test]
    fn the_published_first_packet_is_written_and_read() {
        let (_, body) = REQ_PQ.split_at(PLAIN_HEADER);
        let message = PlainMessage { msg_id: 0x65c5_3d50_0006_72d4, body };
        let mut packet = Vec::new();
        message.write(&mut packet);
        assert_eq!(packet, REQ_PQ);
        assert_eq!(packet.len(), message.packet_len());
        assert_eq!(PlainMessage::read(&REQ_PQ).unwrap(), message);
    }

    #[test]
    fn refuses_a_length_that_is_not_the_bodys() {
        for len in [0, 16, 19, 21, 24, i32::MAX, -1, i32::MIN] {
            let mut packet = REQ_PQ;
            packet[16..20].copy_from_slice(&len.to_le_bytes());
            let refused = MessageError::PlainLength { len, available: 20 };
            assert_eq!(PlainMessage::read(&packet).unwrap_err(), refused);
        }
    }

    #[test]
    fn refuses_what_is_cut_or_sealed() {
        for len in 0..PLAIN_HEADER {
            let error = PlainMessage::read(&REQ_PQ[..len]).unwrap_err();
            assert!(matches!(error, MessageError::Cut(_)), "{len}: {error}");
        }
        for (at, key_id) in [(7, i64::MIN), (0, 0x80)] {
            let mut packet = REQ_PQ;
            packet[at] = 0x80;
            assert_eq!(PlainMessage::read(&packet).unwrap_err(), MessageError::Sealed { key_id });
        }
    }
}
