//! Which check of a query failed. The client is not told.

use layer_crypto::dh::DhError;
use layer_crypto::rsa::DecryptError;
use layer_crypto::tmp_key::TmpKeyError;
use layer_wire::framing::TransportError;
use thiserror::Error;

/// The client broke the exchange, and has to start over.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Not a query of an exchange, or not as the schema says.
    #[error("a query can't be read: {0}")]
    Query(#[from] layer_tl_types::Error),
    /// A query came out of turn.
    #[error("{query} came out of turn")]
    Unexpected {
        /// The query.
        query: &'static str,
    },
    /// More than ten minutes after `req_pq`.
    #[error("the exchange was begun more than ten minutes ago")]
    Expired,
    /// `nonce` is not the client's own.
    #[error("wrong nonce in {place}")]
    Nonce {
        /// The object that holds it.
        place: &'static str,
    },
    /// `server_nonce` is not ours.
    #[error("wrong server_nonce in {place}")]
    ServerNonce {
        /// The object that holds it.
        place: &'static str,
    },
    /// pq, p or q is not ours; p is the smaller one.
    #[error("wrong {which} in {place}")]
    Factor {
        /// `pq`, `p` or `q`.
        which: &'static str,
        /// The object that holds it.
        place: &'static str,
    },
    /// The data is encrypted to a key that we have not.
    #[error("key fingerprint {got:016x}, expected {expected:016x}")]
    Fingerprint {
        /// Ours.
        expected: i64,
        /// The client's.
        got: i64,
    },
    /// The RSA block does not open.
    #[error("encrypted_data of req_DH_params: {0}")]
    Rsa(#[from] DecryptError),
    /// `p_q_inner_data` can't be read.
    #[error("p_q_inner_data can't be read: {0}")]
    InnerData(layer_tl_types::Error),
    /// The client believes that it talks to another data centre.
    #[error("the client wants data centre {named}, this is {ours}")]
    WrongDc {
        /// As named in `p_q_inner_data`.
        named: i32,
        /// As in the terms.
        ours: i32,
    },
    /// A temporary key shall live no time at all.
    #[error("expires_in is {0}, expected at least 1 second")]
    ExpiresIn(i32),
    /// The encrypted `client_DH_inner_data` does not open.
    #[error("encrypted_data of set_client_DH_params: {0}")]
    ClientData(#[from] TmpKeyError),
    /// `client_DH_inner_data` can't be read.
    #[error("client_DH_inner_data can't be read: {0}")]
    ClientInnerData(layer_tl_types::Error),
    /// Not the hash of the attempt before, or not 0 in the first one.
    #[error("retry_id is {got:016x}, expected {expected:016x}")]
    RetryId {
        /// Ours.
        expected: i64,
        /// The client's.
        got: i64,
    },
    /// g_b is out of range.
    #[error("g_b: {0}")]
    PublicValue(#[from] DhError),
}

impl ExchangeError {
    /// What the client is told: -404 whatever failed, or -444 for a wrong data centre.
    pub fn for_peer(&self) -> TransportError {
        match self {
            Self::WrongDc { .. } => TransportError::WRONG_DC,
            _ => TransportError::UNKNOWN_KEY,
        }
    }
}
