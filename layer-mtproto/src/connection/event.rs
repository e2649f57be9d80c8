//! What a connection tells its driver.

use layer_wire::framing::{FrameError, TransportError};
use layer_wire::gzip::GzipError;
use layer_wire::message::MessageError;

use crate::calls::CallId;
use crate::exchange::ExchangeError;
use layer_crypto::envelope::OpenError;

/// Something that the driver, or the user behind it, wants to know.
#[derive(Clone)]
#[non_exhaustive]
pub enum Event {
    /// A permanent key was agreed: it is to be [saved](super::Connection::saved) before anything
    /// else is done with it.
    KeyAgreed,
    /// The server has told its salts to come or what time it is: what is
    /// [saved](super::Connection::saved) now spares the next process a round trip.
    Learnt,
    /// Calls are under way from now on: keys are agreed and bound.
    Ready,
    /// A call was answered, and is done.
    Answer {
        /// Which.
        call: CallId,
        /// The boxed object that it answered, unpacked.
        result: Result<Vec<u8>, RpcError>,
        /// A fault has made us send it again without knowing whether it was run already.
        maybe_repeated: bool,
    },
    /// A call has no answer and gets none.
    Failed {
        /// Which.
        call: CallId,
        /// Why.
        reason: Failure,
    },
    /// What the server says of itself: a boxed object, updates as a rule.
    Push(Vec<u8>),
    /// The server may have said something that did not reach us: what is missing is to be asked
    /// for.
    UpdatesMissed,
    /// The link is given up: the driver closes its socket and dials again after a while.
    LinkLost(Lost),
    /// The server says, authenticated, that it does not know the permanent key: the login is gone.
    /// All calls fail, and this connection does nothing more.
    KeyDead,
    /// The server has destroyed the permanent key, as was wished. Nothing more is done.
    KeyDestroyed,
    /// The server would not destroy the permanent key.
    KeyKept,
}

/// Shows how long answers and pushed objects are, not what they say.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::KeyAgreed => f.write_str("KeyAgreed"),
            Self::Learnt => f.write_str("Learnt"),
            Self::Ready => f.write_str("Ready"),
            Self::Answer { call, result, maybe_repeated } => f
                .debug_struct("Answer")
                .field("call", call)
                .field("result", &result.as_ref().map(Vec::len))
                .field("maybe_repeated", maybe_repeated)
                .finish(),
            Self::Failed { call, reason } => {
                f.debug_struct("Failed").field("call", call).field("reason", reason).finish()
            }
            Self::Push(object) => write!(f, "Push({} bytes)", object.len()),
            Self::UpdatesMissed => f.write_str("UpdatesMissed"),
            Self::LinkLost(lost) => f.debug_tuple("LinkLost").field(lost).finish(),
            Self::KeyDead => f.write_str("KeyDead"),
            Self::KeyDestroyed => f.write_str("KeyDestroyed"),
            Self::KeyKept => f.write_str("KeyKept"),
        }
    }
}

/// The server's answer to a call that it did not run, or that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {name}")]
pub struct RpcError {
    /// As HTTP would have it; some are negative.
    pub code: i32,
    /// In capitals.
    pub name: String,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It was to be run once, and nobody can tell whether it was.
    #[error("a fault left open whether the server has run the call, and it must not run twice")]
    Unknown,
    /// The server refuses the message in which it is sent, whatever its number.
    #[error("the server refused the call's message too often, the last time with code {code}")]
    Refused {
        /// As in `bad_msg_notification`; 0 for an answer that asked for another form.
        code: i32,
    },
    /// The answer can't be unpacked.
    #[error("the answer can't be unpacked: {0}")]
    Answer(#[from] GzipError),
    /// The answer is an error that can't be read.
    #[error("the answer is an error that can't be read: {0}")]
    Malformed(#[from] layer_tl_types::Error),
    /// The server does not know the key any more.
    #[error("the server does not know our authorization key")]
    KeyDead,
}

/// Why a call is not taken. Our side's matter: the server is not concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Too many wait for their answers.
    #[error("{calls} calls of {bytes} bytes wait for their answers: no more are taken")]
    Full {
        /// How many.
        calls: usize,
        /// What they take.
        bytes: usize,
    },
    /// No server takes so much at once.
    #[error("a call of {len} bytes: at most {most} are taken")]
    TooLong {
        /// Its length, packed if it can be.
        len: usize,
        /// The most.
        most: usize,
    },
    /// Not a serialised function.
    #[error("a call of {len} bytes: expected whole words and at least one")]
    NotAFunction {
        /// Its length.
        len: usize,
    },
    /// The key is gone; see [`Event::KeyDead`].
    #[error("the server does not know our authorization key")]
    KeyDead,
}

/// Why a link was given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lost {
    /// A code in place of a packet. Anybody on the way can forge it, so it ends the link and
    /// nothing else.
    #[error(transparent)]
    Transport(TransportError),
    /// Nothing was heard for too long.
    #[error("nothing was heard for too long")]
    Silent,
    /// No key was agreed.
    #[error("key exchange: {0}")]
    Exchange(#[from] ExchangeError),
    /// The temporary key could not be bound.
    #[error("the temporary key was not bound: {0}")]
    Binding(RpcError),
    /// The server refuses all that we send.
    #[error("the server refuses our messages, the last time with code {code}")]
    Refused {
        /// As in `bad_msg_notification`.
        code: i32,
    },
    /// The peer broke the protocol, or is somebody else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What of a received packet is not as it must be. For our own eyes: the peer is told nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A frame is wrong.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Forged, damaged, or sealed with another key.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A sealed packet where there is no key.
    #[error("a sealed packet came before a key was agreed")]
    NoKey,
    /// A message of another session.
    #[error("a message of another session came")]
    OtherSession,
    /// An identifier that no server gives.
    #[error("message identifier {msg_id:#x} is even")]
    EvenMsgId {
        /// What came.
        msg_id: i64,
    },
    /// An identifier of too long ago or from the future.
    #[error("message identifier {msg_id:#x} is {seconds} s from the server's time")]
    MsgIdTime {
        /// What came.
        msg_id: i64,
        /// Below zero: ago.
        seconds: i64,
    },
    /// A container or plain message is not as it must be.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A service message can't be read.
    #[error("a service message can't be read: {0}")]
    Malformed(#[from] layer_tl_types::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_answer_and_no_update() {
        let mut calls = crate::calls::Calls::default();
        let call = calls.insert(vec![0; 4], false, Vec::new());
        let answer = Event::Answer { call, result: Ok(vec![0x5a; 8]), maybe_repeated: false };
        for event in [answer, Event::Push(vec![0x5a; 8])] {
            let text = format!("{event:?}");
            assert!(text.contains('8') && !text.contains("90"), "{text}");
        }
    }
}
