//! Why a call has no answer.

use layer_crypto::envelope::{OpenError, SealError};
use layer_wire::framing::TransportError;
use layer_wire::gzip::GzipError;
use layer_wire::message::MessageError;

/// Why a call has no answer. Only for our own eyes: nothing of it is sent to the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The server answered with an error.
    #[error("the server answered {code} {name}")]
    Rpc {
        /// Like an HTTP status.
        code: i32,
        /// In capitals, as documented for each function.
        name: String,
    },
    /// A code in place of a packet. Anybody on the way can forge it.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// Our own misuse: the call is not whole words, or too long.
    #[error("{0}")]
    Seal(#[from] SealError),
    /// A packet that is forged, damaged, or sealed with another key.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// A packet of another session.
    #[error("a message of another session came")]
    OtherSession,
    /// A message identifier that no server gives, or one from too long ago or from the future.
    #[error("message identifier {msg_id:#x} is even or too far from the server's time")]
    MsgId {
        /// The identifier that came.
        msg_id: i64,
    },
    /// A container that is not as it must be.
    #[error("{0}")]
    Message(#[from] MessageError),
    /// Packed data that can't be unpacked.
    #[error("{0}")]
    Gzip(#[from] GzipError),
    /// An object that can't be read.
    #[error("an object of the server can't be read: {0}")]
    Malformed(#[from] layer_tl_types::Error),
    /// `bad_msg_notification` for our call.
    #[error("the server refused the message that carried the call, code {code}")]
    BadMessage {
        /// 16 to 64, as documented under service messages.
        code: i32,
    },
    /// One salt or session after the other.
    #[error("the call was sent again {most} times and is still not accepted")]
    TooManyResends {
        /// How often it may be.
        most: u32,
    },
    /// Everything but an answer.
    #[error("{most} messages came, and no answer among them")]
    TooManyMessages {
        /// How many there may be.
        most: usize,
    },
}
