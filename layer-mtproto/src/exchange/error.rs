//! Why a key was not agreed.

use layer_crypto::dh::DhError;
use layer_crypto::rsa::DataTooLong;
use layer_crypto::tmp_key::TmpKeyError;
use layer_wire::framing::TransportError;
use layer_wire::message::MessageError;

/// Which check of the server's replies failed. Only for our own eyes: nothing of it is sent to the
/// server.
///
/// All but [`Transport`](Self::Transport) and [`TooManyRestarts`](Self::TooManyRestarts) mean that
/// the other end breaks the protocol or is not who it should be. None of them says anything about a
/// key that was agreed before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A code in place of a reply. -404: the query could not be read, or the server has forgotten
    /// the exchange; begin again on a new connection. -444: the data centre or test/production is
    /// wrong. Anybody on the way can forge it.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// Not a plain message.
    #[error("in place of a plain reply: {0}")]
    Plain(#[from] MessageError),
    /// A message identifier that no server gives.
    #[error("the reply has message identifier {msg_id:#x}, expected an odd one")]
    MsgId {
        /// The identifier that came.
        msg_id: i64,
    },
    /// Another object than the one awaited.
    #[error("{name}#{id:08x} came, expected {expected}")]
    UnexpectedConstructor {
        /// What was awaited, as the schema calls it.
        expected: &'static str,
        /// The constructor that came.
        id: u32,
        /// Its name in the schema; `unknown` if it is not there.
        name: &'static str,
    },
    /// The object awaited, but cut short or damaged.
    #[error("{reply} can't be read: {error}")]
    Malformed {
        /// The reply, as the schema calls it.
        reply: &'static str,
        /// What is wrong with it.
        error: layer_tl_types::Error,
    },
    /// Not our nonce.
    #[error("{reply} carries another nonce than ours")]
    Nonce {
        /// The reply, as the schema calls it.
        reply: &'static str,
    },
    /// Not the server's nonce from `resPQ`.
    #[error("{reply} carries another server_nonce than resPQ did")]
    ServerNonce {
        /// The reply, as the schema calls it.
        reply: &'static str,
    },
    /// The server has none of the RSA keys that we trust: it is another server, or has changed its
    /// keys.
    #[error("the server's RSA keys are {}, none of which we have", fingerprints(.offered))]
    UnknownKeys {
        /// The fingerprints it offers, the first sixteen of them.
        offered: Vec<i64>,
    },
    /// pq is beyond 2^63 - 1.
    #[error("pq has {len} bytes or its highest bit set, expected at most 63 bits")]
    PqTooLarge {
        /// Its length in bytes.
        len: usize,
    },
    /// pq is zero, or no bytes at all.
    #[error("pq is zero")]
    PqZero,
    /// pq is even, so not a product of two odd primes.
    #[error("pq = {pq} is even")]
    PqEven {
        /// The number that came.
        pq: u64,
    },
    /// pq is a prime, a square, 1, or has more than two prime factors.
    #[error("pq = {pq} is not the product of two different primes")]
    PqNotTwoPrimes {
        /// The number that came.
        pq: u64,
    },
    /// The inner data does not fit under RSA_PAD: our own fault.
    #[error("p_q_inner_data: {0}")]
    InnerData(#[from] DataTooLong),
    /// `server_DH_params_fail`: the server did not like the answer to its pq.
    #[error("the server answered server_DH_params_fail")]
    DhParamsFail,
    /// `encrypted_answer` has a wrong length, SHA-1 or padding.
    #[error("encrypted_answer: {0}")]
    Answer(#[from] TmpKeyError),
    /// The prime, the generator or g_a fails a check.
    #[error("{0}")]
    Dh(#[from] DhError),
    /// `new_nonce_hash` is not that of the key just computed: the server has another key, or
    /// somebody in the middle has none.
    #[error("{reply} carries a wrong new_nonce_hash")]
    NewNonceHash {
        /// The reply, as the schema calls it.
        reply: &'static str,
    },
    /// `dh_gen_retry` over and over.
    #[error("the server asked for another g_b {most} times and still does")]
    TooManyRetries {
        /// How often it may.
        most: u32,
    },
    /// `dh_gen_fail` over and over.
    #[error("the server let the key agreement fail {most} times and does so again")]
    TooManyRestarts {
        /// How often it may.
        most: u32,
    },
    /// Replies to earlier requests over and over.
    #[error("more than {most} replies to requests that had been answered")]
    TooManyLateReplies {
        /// How many there may be.
        most: u32,
    },
}

fn fingerprints(offered: &[i64]) -> String {
    let list: Vec<String> = offered.iter().map(|key| format!("{key:016x}")).collect();
    if list.is_empty() { "none at all".to_owned() } else { list.join(", ") }
}
