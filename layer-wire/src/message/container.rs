//! Messages inside a message: containers and copies.
//!
//! Specification: mtproto/service_messages, "Containers".

use layer_tl_types::{Cursor, Deserializable, Serializable};

use super::{MSG_CONTAINER, MSG_COPY, MessageError};

/// The most messages that are written into a container, as documented. Some clients stop well short
/// of it.
pub const MAX_MESSAGES: usize = 1024;

/// The most messages that are read from one: a peer that counts otherwise is no harm.
pub(super) const MAX_READ: usize = 2 * MAX_MESSAGES;

/// Count and constructor.
const CONTAINER_HEADER: usize = 8;
/// msg_id, seq_no and length of an inner message.
const MESSAGE_HEADER: usize = 16;

/// A message inside another: `msg_id:8 seq_no:4 len:4 body`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message's own identifier; a container's is above those of all that it holds.
    pub msg_id: i64,
    /// The message's own sequence number.
    pub seq_no: i32,
    /// What it says; see [`Content::read_inner`](super::Content::read_inner).
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    fn take(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), MessageError> {
        let mut cursor = Cursor::new(bytes);
        // As one field, which is read at once.
        let head = u128::from_le_bytes(Deserializable::deserialize(&mut cursor)?);
        let (msg_id, seq_no, len) = (head as i64, (head >> 64) as i32, (head >> 96) as i32);
        let rest = cursor.remaining();
        let parts = usize::try_from(len)
            .ok()
            .filter(|len| len.is_multiple_of(4))
            .and_then(|len| rest.split_at_checked(len));
        let Some((body, rest)) = parts else {
            return Err(MessageError::InnerLength { len, available: rest.len() });
        };
        Ok((Self { msg_id, seq_no, body }, rest))
    }

    /// Whether it can be written.
    fn check(&self) -> Result<(), MessageError> {
        if self.body.len().is_multiple_of(4) {
            return Ok(());
        }
        let available = self.body.len();
        Err(MessageError::InnerLength { len: available as i32, available })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.reserve(MESSAGE_HEADER + self.body.len());
        self.msg_id.serialize(out);
        self.seq_no.serialize(out);
        (self.body.len() as u32).serialize(out);
        out.extend_from_slice(self.body);
    }
}

/// Several messages in one, all checked before the first is handed out: their number, that each
/// one's length is whole words and within, that none is a container or copy, that nothing is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container<'a> {
    count: usize,
    messages: &'a [u8],
}

impl<'a> Container<'a> {
    /// Reads and checks what follows the constructor.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let mut cursor = Cursor::new(bytes);
        let count = u32::deserialize(&mut cursor)? as usize;
        if count > MAX_READ {
            return Err(MessageError::Count { count, limit: MAX_READ });
        }
        let messages = cursor.remaining();
        let mut rest = messages;
        for _ in 0..count {
            let (message, behind) = Message::take(rest)?;
            check_not_nested(message.body)?;
            rest = behind;
        }
        check_end(rest)?;
        Ok(Self { count, messages })
    }
}

impl<'a> Iterator for Container<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let (message, rest) = Message::take(self.messages).ok()?;
        self.messages = rest;
        self.count -= 1;
        Some(message)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for Container<'_> {}

/// Reads what follows the constructor of a copy.
pub(super) fn read_copy(bytes: &[u8]) -> Result<Message<'_>, MessageError> {
    let (message, rest) = Message::take(bytes)?;
    check_not_nested(message.body)?;
    check_end(rest)?;
    Ok(message)
}

pub(super) fn check_not_nested(body: &[u8]) -> Result<(), MessageError> {
    match body.first_chunk().map(|id| u32::from_le_bytes(*id)) {
        Some(MSG_CONTAINER | MSG_COPY) => Err(MessageError::Nested),
        _ => Ok(()),
    }
}

fn check_end(rest: &[u8]) -> Result<(), MessageError> {
    if rest.is_empty() { Ok(()) } else { Err(MessageError::Trailing { left: rest.len() }) }
}

/// How many bytes a container takes around bodies of these lengths.
pub fn container_len(bodies: impl Iterator<Item = usize>) -> usize {
    CONTAINER_HEADER + bodies.map(|len| MESSAGE_HEADER + len).sum::<usize>()
}

/// Appends a container.
///
/// ```
/// use layer_wire::message::{Content, Message, container_len, write_container};
///
/// let messages = [
///     Message { msg_id: 4, seq_no: 1, body: b"ping" },
///     Message { msg_id: 8, seq_no: 2, body: b"acks.." },
/// ];
/// let mut body = Vec::new();
/// assert!(write_container(messages.iter().copied(), &mut body).is_err(), "not whole words");
/// assert!(body.is_empty());
///
/// write_container(messages.iter().copied().take(1), &mut body)?;
/// assert_eq!(body.len(), container_len([4].into_iter()));
/// let Content::Container(container) = Content::read(&body)? else { panic!() };
/// assert!(container.eq(messages.into_iter().take(1)));
/// # Ok::<(), layer_wire::message::MessageError>(())
/// ```
///
/// # Errors
/// If there are more than [`MAX_MESSAGES`], or a body is not whole words, or it is a container or
/// copy. The output is then as it was.
pub fn write_container<'a>(
    messages: impl ExactSizeIterator<Item = Message<'a>>,
    out: &mut Vec<u8>,
) -> Result<(), MessageError> {
    let (count, start) = (messages.len(), out.len());
    if count > MAX_MESSAGES {
        return Err(MessageError::Count { count, limit: MAX_MESSAGES });
    }
    MSG_CONTAINER.serialize(out);
    (count as u32).serialize(out);
    for message in messages {
        if let Err(error) = message.check().and_then(|()| check_not_nested(message.body)) {
            out.truncate(start);
            return Err(error);
        }
        message.write(out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::super::Content;
    use super::*;

    const TWO: [u8; 56] = hex!(
        "dcf8f173 02000000"
        "0400000010f15365 01000000 0c000000 ec77be7a 8877665544332211"
        "0800000010f15365 02000000 04000000 01020304"
    );

    fn messages() -> [Message<'static>; 2] {
        [
            Message { msg_id: 0x6553_f110_0000_0004, seq_no: 1, body: &TWO[24..36] },
            Message { msg_id: 0x6553_f110_0000_0008, seq_no: 2, body: &[1, 2, 3, 4] },
        ]
    }

    fn copy_of(message: &Message<'_>) -> Vec<u8> {
        let mut copy = hex!("b24660e0").to_vec();
        message.write(&mut copy);
        copy
    }

    fn refused(body: &[u8]) -> MessageError {
        Content::read(body).unwrap_err()
    }

    #[test]
    fn a_container_is_written_and_read() {
        let mut body = Vec::new();
        write_container(messages().into_iter(), &mut body).unwrap();
        assert_eq!(body, TWO);
        let Content::Container(container) = Content::read(&TWO).unwrap() else { panic!() };
        assert_eq!(container.len(), 2);
        assert!(container.eq(messages()));
        assert_eq!(container_len([12, 4].into_iter()), TWO.len());
    }

    #[test]
    fn an_empty_container_is_nothing() {
        let mut body = Vec::new();
        write_container([].into_iter(), &mut body).unwrap();
        let Content::Container(mut container) = Content::read(&body).unwrap() else { panic!() };
        assert_eq!(container.next(), None);
        assert_eq!(container.next(), None);
    }

    #[test]
    fn a_copy_is_read() {
        let [message, _] = messages();
        let mut body = copy_of(&message);
        assert_eq!(Content::read(&body).unwrap(), Content::Copy(message));
        body.extend([0; 4]);
        assert_eq!(refused(&body), MessageError::Trailing { left: 4 });
    }

    #[test]
    fn a_container_cut_anywhere_is_refused_as_a_whole() {
        for len in 0..TWO.len() {
            let error = refused(&TWO[..len]);
            assert!(
                matches!(error, MessageError::Cut(_) | MessageError::InnerLength { .. }),
                "{len}: {error}"
            );
        }
        let more = [&TWO[..], &[0; 8]].concat();
        assert_eq!(refused(&more), MessageError::Trailing { left: 8 });
    }

    #[test]
    fn refuses_inner_lengths_beyond_the_end_or_not_of_whole_words() {
        for len in [-4, -1, 1, 14, 36, i32::MAX, i32::MIN] {
            let mut body = TWO;
            body[20..24].copy_from_slice(&len.to_le_bytes());
            assert_eq!(refused(&body), MessageError::InnerLength { len, available: 32 });
        }
        let odd = Message { msg_id: 4, seq_no: 1, body: &[1; 6] };
        let mut out = vec![1];
        let error = write_container([messages()[0], odd].into_iter(), &mut out).unwrap_err();
        assert_eq!(error, MessageError::InnerLength { len: 6, available: 6 });
        assert_eq!(out, [1]);
    }

    #[test]
    fn refuses_more_messages_than_may_be() {
        let empty = Message { msg_id: 4, seq_no: 1, body: &[] };
        let mut out = Vec::new();
        write_container(std::iter::repeat_n(empty, MAX_MESSAGES), &mut out).unwrap();
        assert!(Content::read(&out).is_ok());

        let error = write_container(std::iter::repeat_n(empty, 1025), &mut out).unwrap_err();
        assert_eq!(error, MessageError::Count { count: 1025, limit: 1024 });
        // Twice as many are read.
        out[4..8].copy_from_slice(&2048_u32.to_le_bytes());
        out.resize(8 + 2048 * 16, 0);
        assert!(Content::read(&out).is_ok());
        out[4..8].copy_from_slice(&2049_u32.to_le_bytes());
        out.resize(8 + 2049 * 16, 0);
        assert_eq!(refused(&out), MessageError::Count { count: 2049, limit: 2048 });
        out[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(refused(&out), MessageError::Count { .. }));
    }

    #[test]
    fn containers_and_copies_do_not_nest() {
        for body in [&TWO[..], &copy_of(&messages()[0])] {
            let inner = Message { msg_id: 12, seq_no: 2, body };
            let mut out = Vec::new();
            let error = write_container([inner].into_iter(), &mut out).unwrap_err();
            assert_eq!(error, MessageError::Nested);

            for mut outer in [hex!("dcf8f173 01000000").to_vec(), hex!("b24660e0").to_vec()] {
                inner.write(&mut outer);
                assert_eq!(refused(&outer), MessageError::Nested);
            }
            assert_eq!(Content::read_inner(body).unwrap_err(), MessageError::Nested);
        }
    }
}
