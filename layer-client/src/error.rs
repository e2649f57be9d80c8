//! What a request can end in but its answer.

use std::io;

use layer_crypto::srp::SrpError;
use layer_mtproto::connection;

use crate::config::ConfigError;
use crate::files::FileError;
use crate::peers::UnknownPeer;
use crate::session::SessionError;

/// The server's refusal of a request.
///
/// ```
/// use layer_client::RpcError;
/// let error = RpcError::new(420, "FLOOD_WAIT_31");
/// assert_eq!((error.name.as_str(), error.value), ("FLOOD_WAIT", Some(31)));
/// assert!(error.is("FLOOD_*") && error.is("FLOOD_WAIT") && !error.is("FLOOD"));
/// assert_eq!(error.flood_wait_seconds(), Some(31));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the server refused: {code} {name}{}", value.map(|value| format!(" ({value})")).unwrap_or_default())]
pub struct RpcError {
    /// As HTTP would have it; some are negative.
    pub code: i32,
    /// In capitals, without the number.
    pub name: String,
    /// The number in the name: seconds to wait, a data centre, a file's part.
    pub value: Option<u32>,
}

impl RpcError {
    /// Takes the number out of the name: the first `_`-part that is a number as a whole. So
    /// `FILE_PART_4_MISSING` is `FILE_PART_MISSING` with 4, and `2FA_CONFIRM_WAIT_5` keeps its 2.
    pub fn new(code: i32, text: &str) -> Self {
        let is_number =
            |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.split('_').enumerate().find(|(_, part)| is_number(part));
        let value = number.and_then(|(_, part)| part.parse().ok());
        let Some((place, value)) = number.map(|(place, _)| place).zip(value) else {
            return Self { code, name: text.to_owned(), value: None };
        };
        let rest = text.split('_').enumerate().filter(|(at, _)| *at != place);
        let name = rest.map(|(_, part)| part).collect::<Vec<_>>().join("_");
        Self { code, name, value: Some(value) }
    }

    /// Whether it is this error, or one of these: a `*` at the beginning or end stands for anything.
    pub fn is(&self, pattern: &str) -> bool {
        match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(_), Some(_)) => {
                let inner = pattern.get(1..pattern.len().saturating_sub(1)).unwrap_or_default();
                self.name.contains(inner)
            }
            (Some(suffix), None) => self.name.ends_with(suffix),
            (None, Some(prefix)) => self.name.starts_with(prefix),
            (None, None) => self.name == pattern,
        }
    }

    /// How many seconds to wait before the same is asked again, if that is what it says.
    pub fn flood_wait_seconds(&self) -> Option<u32> {
        let waits = ["FLOOD_WAIT", "FLOOD_PREMIUM_WAIT", "SLOWMODE_WAIT", "FLOOD_TEST_PHONE_WAIT"];
        self.value.filter(|_| waits.contains(&self.name.as_str()))
    }

    /// The data centre to ask instead, if that is what it says.
    pub fn migrate_dc_id(&self) -> Option<i32> {
        let value = self.value.filter(|_| self.code == 303 && self.is("*_MIGRATE"))?;
        i32::try_from(value).ok()
    }
}

impl From<connection::RpcError> for RpcError {
    fn from(error: connection::RpcError) -> Self {
        Self::new(error.code, &error.name)
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvocationError {
    /// The server refused it.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The network failed, and it was not to be tried again.
    #[error("the network failed: {0}")]
    Io(#[from] io::Error),
    /// The answer is not what was asked for.
    #[error("the answer can't be read: {0}")]
    Deserialize(#[from] layer_tl_types::Error),
    /// The answer can be read, and lacks what was asked for.
    #[error("the server's answer lacks {0}")]
    Unexpected(&'static str),
    /// The client was shut down.
    #[error("the client was shut down")]
    Dropped,
    /// Nothing was heard of it for too long.
    #[error("no answer within {0:?} in which the server gave no sign of working on it")]
    Timeout(std::time::Duration),
    /// A fault left open whether the server has done it, and it must not be done twice.
    #[error("a fault left open whether the server has done it, and it must not be done twice")]
    Unknown,
    /// The server does not know our key any more: the login is gone.
    #[error("the server does not know our authorization key any more: log in again")]
    KeyDead,
    /// The server has done it, but the answer was lost with the connection, and can't be had again.
    #[error("the server has done it, but its answer was lost with the connection")]
    AnswerLost,
    /// The request can't be sent as it is.
    #[error("the request can't be sent: {0}")]
    Request(#[from] connection::CallError),
    /// A peer can't be named to the server; nothing was sent.
    #[error(transparent)]
    UnknownPeer(#[from] UnknownPeer),
    /// The server broke the protocol.
    #[error("the server broke the protocol: {0}")]
    Protocol(connection::Failure),
    /// What answers is not the server that is meant, or breaks the protocol.
    #[error("no link to the server: {0}")]
    Link(connection::Lost),
    /// No server of Telegram's answers there.
    #[error("what answers at the server's address is no Telegram server: {0}")]
    NotTelegram(&'static str),
    /// The proxy did not let us through.
    #[error("{0}")]
    Proxy(String),
    /// The server's answer is none to what was asked.
    #[error("the server's answer is none to what was asked")]
    NoAnswer,
    /// The server's terms for proving the password are not safe.
    #[error("the server's terms for proving the password are not safe: {0}")]
    Srp(#[from] SrpError),
    /// The server wants the password proved in a way that is not known here.
    #[error("the server wants the password proved in a way that this version does not know")]
    UnknownPasswordAlgorithm,
    /// Not what a QR code for logging in shows.
    #[error("this is not what a QR code for logging in shows: tg://login?token=…")]
    NotALoginUrl,
    /// Nobody has told where this data centre is.
    #[error("nobody has told where data centre {0} is")]
    UnknownDc(i32),
    /// The configuration can't be.
    #[error("the configuration can't be: {0}")]
    Config(#[from] ConfigError),
    /// A file could not be moved.
    #[error(transparent)]
    File(#[from] FileError),
    /// The session could not be loaded or saved.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<connection::Failure> for InvocationError {
    fn from(failure: connection::Failure) -> Self {
        match failure {
            connection::Failure::Unknown => Self::Unknown,
            connection::Failure::KeyDead => Self::KeyDead,
            other => Self::Protocol(other),
        }
    }
}

impl InvocationError {
    /// Whether the server refused it so; see [`RpcError::is`].
    pub fn is(&self, pattern: &str) -> bool {
        matches!(self, Self::Rpc(error) if error.is(pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Option<u32>) {
        let error = RpcError::new(400, text);
        (error.name, error.value)
    }

    #[test]
    fn a_number_is_taken_out_if_it_is_a_whole_part() {
        let cases = [
            ("FLOOD_WAIT_3", "FLOOD_WAIT", Some(3)),
            ("FILE_PART_4_MISSING", "FILE_PART_MISSING", Some(4)),
            ("2FA_CONFIRM_WAIT_600", "2FA_CONFIRM_WAIT", Some(600)),
            ("SHA256_HASH_INVALID", "SHA256_HASH_INVALID", None),
            ("PHONE_CODE_INVALID", "PHONE_CODE_INVALID", None),
            ("FLOOD_WAIT_99999999999", "FLOOD_WAIT_99999999999", None),
            ("FLOOD_WAIT_", "FLOOD_WAIT_", None),
            ("", "", None),
        ];
        for (text, name, value) in cases {
            assert_eq!(parts(text), (name.to_owned(), value), "{text}");
        }
    }

    #[test]
    fn patterns_match_beginnings_ends_and_middles() {
        let error = RpcError::new(400, "PHONE_CODE_INVALID");
        for pattern in ["PHONE_*", "*_INVALID", "*CODE*", "*", "PHONE_CODE_INVALID"] {
            assert!(error.is(pattern), "{pattern}");
        }
        for pattern in ["PHONE", "INVALID", "CODE*", "*CODE", "", "*WAIT*"] {
            assert!(!error.is(pattern), "{pattern}");
        }
    }

    #[test]
    fn migrations_and_waits_are_told_by_code_and_name() {
        assert_eq!(RpcError::new(303, "PHONE_MIGRATE_4").migrate_dc_id(), Some(4));
        assert_eq!(RpcError::new(400, "PHONE_MIGRATE_4").migrate_dc_id(), None);
        assert_eq!(RpcError::new(303, "FLOOD_WAIT_4").migrate_dc_id(), None);
        assert_eq!(RpcError::new(420, "SLOWMODE_WAIT_9").flood_wait_seconds(), Some(9));
        assert_eq!(RpcError::new(420, "2FA_CONFIRM_WAIT_9").flood_wait_seconds(), None);
    }
}
