//! What lies in a packet: plain messages, and what the body of a sealed one may be.
//!
//! Four constructors are told apart here because the schema can't express them: their fields are
//! messages or objects of any type. Everything else is an object for the generated types.

mod container;
mod plain;

pub use container::{Container, MAX_MESSAGES, Message, container_len, write_container};
pub use plain::{PLAIN_HEADER, PlainMessage};

use layer_tl_types::{Cursor, Deserializable, Serializable};
use thiserror::Error;

/// `rpc_result#f35c6d01 req_msg_id:long result:Object = RpcResult`
pub const RPC_RESULT: u32 = 0xf35c_6d01;
/// `msg_container#73f1f8dc messages:vector<%Message> = MessageContainer`
pub const MSG_CONTAINER: u32 = 0x73f1_f8dc;
/// `gzip_packed#3072cfa1 packed_data:string = Object`
pub const GZIP_PACKED: u32 = 0x3072_cfa1;
/// `msg_copy#e06046b2 orig_message:%Message = MessageCopy`
pub const MSG_COPY: u32 = 0xe060_46b2;

/// The body of a message, one layer taken off.
///
/// ```
/// use layer_wire::message::{Content, write_rpc_result};
///
/// let mut body = Vec::new();
/// write_rpc_result(7, &[0xb5, 0x75, 0x72, 0x99], &mut body);
/// let Content::RpcResult { req_msg_id: 7, result } = Content::read(&body)? else { panic!() };
/// assert_eq!(Content::read(result)?, Content::Object { id: 0x9972_75b5, bytes: result });
/// # Ok::<(), layer_wire::message::MessageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Several messages.
    Container(Container<'a>),
    /// A message that was sent before, again.
    Copy(Message<'a>),
    /// The answer to a call.
    RpcResult {
        /// The call's message.
        req_msg_id: i64,
        /// The answer, which may be packed, an error, or the call's own type.
        result: &'a [u8],
    },
    /// Packed data, for [`gzip::unpack`](crate::gzip::unpack).
    Packed(&'a [u8]),
    /// Any other object.
    Object {
        /// Its constructor.
        id: u32,
        /// All of it, the constructor too.
        bytes: &'a [u8],
    },
}

impl<'a> Content<'a> {
    /// Reads the body of a message that came in a packet of its own, or such a body unpacked.
    ///
    /// # Errors
    /// If the body ends early, or a container in it is not as it must be; see [`Container`].
    pub fn read(body: &'a [u8]) -> Result<Self, MessageError> {
        let mut cursor = Cursor::new(body);
        let id = cursor.constructor_id()?;
        let rest = cursor.remaining();
        Ok(match id {
            MSG_CONTAINER => Self::Container(Container::read(rest)?),
            MSG_COPY => Self::Copy(container::read_copy(rest)?),
            RPC_RESULT => {
                let req_msg_id = i64::deserialize(&mut cursor)?;
                Self::RpcResult { req_msg_id, result: cursor.remaining() }
            }
            GZIP_PACKED => Self::Packed(cursor.byte_string()?),
            _ => Self::Object { id, bytes: body },
        })
    }

    /// Reads the body of a message out of a container or a copy, or such a body unpacked. It can't
    /// be either of these again, so that messages don't nest without end.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`MessageError::Nested`].
    pub fn read_inner(body: &'a [u8]) -> Result<Self, MessageError> {
        container::check_not_nested(body)?;
        Self::read(body)
    }
}

/// Appends the answer to a call.
pub fn write_rpc_result(req_msg_id: i64, result: &[u8], out: &mut Vec<u8>) {
    RPC_RESULT.serialize(out);
    req_msg_id.serialize(out);
    out.extend_from_slice(result);
}

/// A packet or body is not what it must be. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// A field is cut off.
    #[error("message cut short: {0}")]
    Cut(#[from] layer_tl_types::Error),
    /// The packet is sealed under a key.
    #[error("a plain message was expected: this one names key {key_id:016x}")]
    Sealed {
        /// The key's id.
        key_id: i64,
    },
    /// A plain message's length is not that of what follows.
    #[error("plain message with a length of {len}: {available} bytes follow")]
    PlainLength {
        /// The length field.
        len: i32,
        /// Bytes behind it.
        available: usize,
    },
    /// An inner message's length goes beyond the end or is not whole words.
    #[error("inner message with a length of {len}: expected a multiple of 4 up to {available}")]
    InnerLength {
        /// The length field.
        len: i32,
        /// Bytes behind it.
        available: usize,
    },
    /// Too many messages in a container.
    #[error("container of {count} messages: expected at most {limit}")]
    Count {
        /// The number announced.
        count: usize,
        /// The most that may be.
        limit: usize,
    },
    /// A container or copy inside a container or copy.
    #[error("a container or copy inside another")]
    Nested,
    /// Bytes behind a container's or copy's last message.
    #[error("{left} bytes behind the last inner message: expected none")]
    Trailing {
        /// How many.
        left: usize,
    },
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn tells_the_constructors_apart() {
        let result = hex!("016d5cf3 0400000010f15365 19ca4421 90010000 0345525200000000");
        let read = Content::read(&result).unwrap();
        let req_msg_id = 0x6553_f110_0000_0004;
        assert_eq!(read, Content::RpcResult { req_msg_id, result: &result[12..] });
        let mut written = Vec::new();
        write_rpc_result(req_msg_id, &result[12..], &mut written);
        assert_eq!(written, result);

        let packed = hex!("a1cf7230 0561626364650000");
        assert_eq!(Content::read(&packed).unwrap(), Content::Packed(b"abcde"));
        let object = hex!("59b4d662 15c4b51c 00000000");
        let read = Content::read(&object).unwrap();
        assert_eq!(read, Content::Object { id: 0x62d6_b459, bytes: &object });
        assert_eq!(Content::read_inner(&object).unwrap(), read);
    }

    #[test]
    fn refuses_what_is_cut() {
        for whole in [&hex!("016d5cf3 0400000010f15365")[..], &hex!("a1cf7230 05616263 64650000")] {
            assert!(Content::read(whole).is_ok());
            for len in 0..whole.len() {
                let error = Content::read(&whole[..len]).unwrap_err();
                assert!(matches!(error, MessageError::Cut(_)), "{len}");
            }
        }
    }

    #[test]
    fn garbage_is_an_error_and_never_a_panic() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for _ in 0..100_000 {
            let mut body = vec![0; (rng.next_u32() % 120) as usize];
            rng.fill_bytes(&mut body);
            for byte in &mut body {
                if rng.next_u32() % 4 > 0 {
                    *byte &= 4;
                }
            }
            let ids = [MSG_CONTAINER, MSG_COPY, GZIP_PACKED, RPC_RESULT];
            if let (Some(id), Some(first)) =
                (ids.get(rng.next_u32() as usize % 5), body.first_chunk_mut())
            {
                *first = id.to_le_bytes();
            }
            if let Ok(Content::Container(container)) = Content::read(&body) {
                let count = container.len();
                assert_eq!(container.count(), count);
            }
            let _ = Content::read_inner(&body);
            let _ = PlainMessage::read(&body);
            body.iter_mut().take(8).for_each(|byte| *byte = 0);
            let _ = PlainMessage::read(&body);
        }
    }
}
