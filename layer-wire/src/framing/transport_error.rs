//! The four-byte codes that a server sends in place of a packet.
//!
//! Nothing authenticates them: whoever holds the wire can forge one.

use thiserror::Error;

/// A transport error: a negative code, as the server (or somebody between) sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("transport error {0}: {meaning}", meaning = self.meaning())]
pub struct TransportError(pub i32);

impl TransportError {
    /// The server does not know the key, or could not make sense of the packet.
    pub const UNKNOWN_KEY: Self = Self(-404);
    /// Too many connections or packets, or a limit inside a message was passed.
    pub const FLOOD: Self = Self(-429);
    /// The data centre asked for is not this one, or test and production are mixed.
    pub const WRONG_DC: Self = Self(-444);
    /// Access refused.
    pub const FORBIDDEN: Self = Self(-403);

    /// What the code stands for, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::UNKNOWN_KEY => "the server does not know the key or could not read the packet",
            Self::FLOOD => "too many connections or requests, or a limit was passed",
            Self::WRONG_DC => "wrong data centre, or test and production mixed",
            Self::FORBIDDEN => "access refused",
            _ => "not a code that is documented",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_code_means() {
        let text = TransportError(-444).to_string();
        assert_eq!(text, "transport error -444: wrong data centre, or test and production mixed");
        assert!(TransportError(-1).to_string().contains("not a code"));
    }
}
