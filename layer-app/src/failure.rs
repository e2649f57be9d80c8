//! What can go wrong, and what to do then.

use std::io;

use layer_client::session::SessionError;
use layer_client::{InvocationError, SignInError};
use layer_sandbox::sandbox::StartError;

use crate::tour::Trouble;

/// Why the program ends without having done what it was to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Invocation(#[from] InvocationError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Sandbox(#[from] StartError),
    #[error("no api_id and api_hash were given")]
    NoCredentials,
    #[error("nobody is logged in")]
    NotLoggedIn,
    #[error("{0}")]
    Usage(String),
    #[error("can't write to the standard output: {0}")]
    Output(io::Error),
    #[error("can't read the standard input: {0}")]
    Input(io::Error),
    #[error("the tour failed at the step \"{name}\": {trouble}")]
    Step { name: &'static str, trouble: Trouble },
}

impl Failure {
    /// What to do next, if anything is known to help.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoCredentials => Some(
                "get them at my.telegram.org and give --api-id and --api-hash, or LAYER_API_ID and \
                 LAYER_API_HASH; a sandbox needs none: `layer sandbox`, then --sandbox ADDRESS",
            ),
            Self::NotLoggedIn => Some("log in first: `layer login`"),
            Self::SignIn(error) => advice_on_login(error),
            Self::Invocation(error) => advice_on_invocation(error),
            _ => None,
        }
    }
}

fn advice_on_login(error: &SignInError) -> Option<&'static str> {
    match error {
        SignInError::SignUpRequired => Some(
            "make an account with one of Telegram's apps first; on a sandbox: `layer sandbox --user NAME:PHONE`",
        ),
        SignInError::InvalidCode => Some("look at the code again and repeat `layer login`"),
        SignInError::ExpiredCode => Some("`layer login` asks for another"),
        SignInError::WrongPassword(_) => {
            Some("it is the password of two-step verification; repeat `layer login`")
        }
        SignInError::Other(error) => advice_on_invocation(error),
        _ => None,
    }
}

fn advice_on_invocation(error: &InvocationError) -> Option<&'static str> {
    match error {
        InvocationError::Io(_) => {
            Some("is the server running, and the address right? `layer sandbox` prints its own")
        }
        InvocationError::NotTelegram(_) => {
            Some("another program uses that port; `layer sandbox` prints the right one")
        }
        InvocationError::Link(_) => {
            Some("a sandbox is spoken to with --sandbox ADDRESS, Telegram without it")
        }
        InvocationError::Proxy(_) => Some("check the proxy's address and password"),
        InvocationError::Timeout(_) => Some("the network or the server is slow; try again"),
        InvocationError::UnknownPeer(_) => {
            Some("name it by @username or phone number, or list your chats first: `layer chats`")
        }
        InvocationError::KeyDead => Some("log in again: `layer login`"),
        InvocationError::Session(SessionError::Locked { .. }) => {
            Some("another program uses it; end that one, or give another file with --session")
        }
        InvocationError::Session(SessionError::Foreign { .. }) => Some(
            "it is no session of this program and is left as it is; give another file with --session",
        ),
        InvocationError::Session(SessionError::Damaged { .. } | SessionError::Newer { .. }) => {
            Some("it is left as it is; give another file with --session and log in anew")
        }
        InvocationError::Session(_) => Some(
            "see that the folder exists and can be written to, and that there is room on the disk",
        ),
        InvocationError::Rpc(error) if error.is("FLOOD_*") => {
            Some("wait as long as it says, then try again")
        }
        InvocationError::Rpc(error) if error.is("PHONE_NUMBER_INVALID") => {
            Some("give the number with the country's code, as +491701234567")
        }
        InvocationError::Rpc(error) if error.is("API_ID_*") => {
            Some("check api_id and api_hash at my.telegram.org")
        }
        InvocationError::Rpc(error) if error.is("ACCESS_TOKEN_*") => {
            Some("@BotFather tells the token; the sandbox prints those of its bots")
        }
        InvocationError::Rpc(error) if error.code == 401 => Some("log in first: `layer login`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use layer_client::RpcError;

    use super::*;

    #[test]
    fn common_failures_say_what_to_do() {
        let rpc = |code, name| Failure::Invocation(RpcError::new(code, name).into());
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let failures = [
            (Failure::NoCredentials, "my.telegram.org"),
            (Failure::NotLoggedIn, "layer login"),
            (Failure::SignIn(SignInError::InvalidCode), "code"),
            (rpc(420, "FLOOD_WAIT_9"), "wait"),
            (rpc(401, "AUTH_KEY_UNREGISTERED"), "layer login"),
            (rpc(400, "PHONE_NUMBER_INVALID"), "country"),
            (Failure::Invocation(refused.into()), "address"),
        ];
        for (failure, word) in failures {
            let advice = failure.advice().unwrap_or_default();
            assert!(advice.contains(word), "{failure}: {advice}");
        }
    }
}
