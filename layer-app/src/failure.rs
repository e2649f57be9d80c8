//! What can go wrong, and what to do then.

use std::io;
use std::path::PathBuf;

use layer_client::session::SessionError;
use layer_client::{ConfigError, FileError, InvocationError, RpcError, SignInError};
use layer_sandbox::sandbox::StartError;

use crate::proxy::ProxyError;
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
    #[error("nobody answers, and the standard input has ended")]
    NoAnswer,
    #[error("the account must have an e-mail address for logging in first")]
    EmailRequired,
    #[error("--proxy can't be used: {0}")]
    Proxy(#[from] ProxyError),
    #[error("can't read the key {}: {error}", path.display())]
    Key { path: PathBuf, error: io::Error },
    #[error("can't read {}: {error}", path.display())]
    Source { path: PathBuf, error: io::Error },
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error("there is no message {0} in that chat")]
    NoMessage(i32),
    #[error("message {0} has neither a photo nor a file")]
    NoFile(i32),
    #[error("can't begin: {0}")]
    Runtime(io::Error),
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
    /// Whether nobody reads what is printed, which is no failure that anybody has to be told.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What to do next, if anything is known to help.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Invocation(error) => on_invocation(error),
            Self::SignIn(error) => on_login(error),
            Self::Sandbox(StartError::Listen(_)) => {
                Some("another program may use that port: take another with --port, or none")
            }
            Self::Sandbox(StartError::Folder(_)) => {
                Some("see that the folder can be written to, and that no other sandbox uses it")
            }
            Self::NoCredentials => Some(
                "get them at my.telegram.org and give --api-id and --api-hash, or LAYER_API_ID and \
                 LAYER_API_HASH; a sandbox needs none: `layer sandbox`, then --sandbox ADDRESS",
            ),
            Self::NotLoggedIn => Some(LOG_IN),
            Self::NoAnswer => Some("type the answers, or pipe them in, a line each"),
            Self::EmailRequired => Some("set one in one of Telegram's apps, then log in here"),
            Self::Source { .. } => {
                Some("give the path of a file that you may read, or - for the standard input")
            }
            Self::Exists(_) => Some("give another path, or --force to replace it"),
            Self::NoMessage(_) | Self::NoFile(_) => {
                Some("`layer history PEER` shows what is there, with its ids")
            }
            Self::Output(error) if is_full(error) => Some("make room where it is written to"),
            Self::Key { .. } => Some("it is the file with the public key that the sandbox printed"),
            _ => None,
        }
    }
}

const LOG_IN: &str = "log in first: `layer login`";

fn on_login(error: &SignInError) -> Option<&'static str> {
    match error {
        SignInError::SignUpRequired => Some(
            "on a sandbox --name makes an account; Telegram wants that done in one of its own apps",
        ),
        SignInError::InvalidCode => Some("look at the code again and repeat `layer login`"),
        SignInError::ExpiredCode => Some("`layer login` asks for another"),
        SignInError::WrongPassword(_) => {
            Some("it is the password of two-step verification; repeat `layer login`")
        }
        SignInError::Other(error) => on_invocation(error),
        _ => None,
    }
}

fn on_invocation(error: &InvocationError) -> Option<&'static str> {
    match error {
        InvocationError::Io(_) => Some(
            "is the network up, and the server running? `layer sandbox` prints its address; \
             --proxy leads past a firewall",
        ),
        InvocationError::NotTelegram(_) => {
            Some("another program uses that port; `layer sandbox` prints the right one")
        }
        InvocationError::Link(_) => Some(
            "is it the right server? a sandbox is spoken to with --sandbox ADDRESS, and --key FILE \
             if it has a key of its own; Telegram without both",
        ),
        InvocationError::Proxy(_) => Some("check the address, user and password in --proxy"),
        InvocationError::Timeout(_) => {
            Some("the network or the server is slow; try again, or with a longer --timeout")
        }
        InvocationError::UnknownPeer(_) => {
            Some("name it by @username or phone number, or list your chats first: `layer chats`")
        }
        InvocationError::KeyDead => Some("log in again: `layer login`"),
        InvocationError::Config(ConfigError::ServerKey { .. }) => {
            Some("--key wants the public key in PEM, as `layer sandbox` prints it")
        }
        InvocationError::Config(ConfigError::ApiId(_) | ConfigError::ApiHash) => {
            Some("give --api-id and --api-hash as my.telegram.org shows them")
        }
        InvocationError::Session(error) => Some(on_session(error)),
        InvocationError::File(error) => on_file(error),
        InvocationError::Rpc(error) => on_refusal(error),
        _ => None,
    }
}

fn on_session(error: &SessionError) -> &'static str {
    match error {
        SessionError::Locked { .. } => "or give another file with --session",
        SessionError::Foreign { .. } => "give another file with --session",
        SessionError::Damaged { .. } | SessionError::Newer { .. } => {
            "or give another file with --session and log in there"
        }
        error if error.is_disk_full() => "make room on the disk, then try again: no login is lost",
        _ => "see that the folder exists and can be written to, and that there is room on the disk",
    }
}

fn on_file(error: &FileError) -> Option<&'static str> {
    match error {
        FileError::Disk(error) if is_full(error) => {
            Some("make room; the same command goes on where it ended")
        }
        FileError::Disk(_) => Some("see that the folder exists and can be written to"),
        FileError::Busy => Some("wait until it has ended, or give another path"),
        FileError::Empty => Some("see that it is the right file, and not still being written"),
        FileError::TooLarge { .. } => Some("send it in pieces: `split` makes them"),
        FileError::Source(_) => Some("see that it can be read to its end, then try again"),
        FileError::SourceEnded { .. } | FileError::SourceGoesOn { .. } => {
            Some("something writes to it; wait until that has ended, or pipe it in with --file -")
        }
        _ => Some("try again; if it is the same then, the server has no more of it"),
    }
}

/// Whether there is no room, or no more may be written.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn on_refusal(error: &RpcError) -> Option<&'static str> {
    let advice = [
        ("FLOOD_*", "wait as many seconds as it says, then try again"),
        ("PHONE_NUMBER_INVALID", "give the number with the country's code, as +491701234567"),
        ("PHONE_NUMBER_*", "this number can't log in; Telegram's own apps tell why"),
        ("API_ID_*", "check api_id and api_hash at my.telegram.org"),
        ("ACCESS_TOKEN_*", "@BotFather tells the token; a sandbox prints those of its bots"),
        ("MESSAGE_TOO_LONG", "a message has 4096 characters at most: send it in parts"),
        ("MEDIA_CAPTION_TOO_LONG", "a caption has 1024 characters at most: send the rest apart"),
        ("FILE_PARTS_INVALID", "Telegram takes 2 GB, of premium accounts 4 GB: send it in pieces"),
        ("FILE_PART_MISSING", "Telegram has forgotten a part of the file: send it again"),
        ("IMAGE_PROCESS_FAILED", "send it as it is, without --photo"),
        ("PHOTO_*", "send it as it is, without --photo"),
        ("CHAT_WRITE_FORBIDDEN", "nobody but its admins can write there"),
        ("*PEER_ID_INVALID", "list your chats to see their ids: `layer chats`"),
        ("FIRSTNAME_INVALID", "give a name: --name \"First Last\""),
    ];
    let known = advice.iter().find(|(name, _)| error.is(name)).map(|(_, advice)| *advice);
    known.or_else(|| (error.code == 401).then_some(LOG_IN))
}

#[cfg(test)]
mod tests {
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
            (rpc(400, "ACCESS_TOKEN_INVALID"), "@BotFather"),
            (rpc(400, "MESSAGE_TOO_LONG"), "4096"),
            (rpc(400, "MEDIA_CAPTION_TOO_LONG"), "1024"),
            (rpc(400, "FILE_PARTS_INVALID"), "pieces"),
            (rpc(400, "FILE_PART_3_MISSING"), "again"),
            (rpc(400, "PHOTO_INVALID_DIMENSIONS"), "--photo"),
            (Failure::NoFile(7), "layer history"),
            (Failure::Exists("a".into()), "--force"),
        ];
        for (failure, word) in failures {
            let advice = failure.advice().unwrap_or_default();
            assert!(advice.contains(word), "{failure}: {advice}");
        }
    }

    #[test]
    fn a_full_disk_is_told_from_other_trouble_with_files() {
        let advice = |kind: io::ErrorKind| {
            let source = std::sync::Arc::new(io::Error::from(kind));
            on_session(&SessionError::Io { path: "a".into(), action: "write", source })
        };
        assert!(advice(io::ErrorKind::StorageFull).contains("room on the disk, then try again"));
        assert!(advice(io::ErrorKind::PermissionDenied).contains("written to"));
    }

    #[test]
    fn a_transfer_that_fails_says_what_helps() {
        let disk = |kind: io::ErrorKind| FileError::Disk(kind.into());
        let failures = [
            (disk(io::ErrorKind::StorageFull), "make room"),
            (disk(io::ErrorKind::NotFound), "folder"),
            (FileError::Busy, "wait"),
            (FileError::Empty, "right file"),
            (FileError::TooLarge { most: 1 }, "pieces"),
            (FileError::SourceEnded { expected: 2, came: 1 }, "writes"),
            (FileError::SourceGoesOn { expected: 1 }, "writes"),
            (FileError::WrongSize { offset: 0, expected: 2, came: 1 }, "try again"),
        ];
        for (error, word) in failures {
            let failure = Failure::Invocation(error.into());
            let advice = failure.advice().unwrap_or_default();
            assert!(advice.contains(word), "{failure}: {advice}");
        }
        let full = Failure::Output(io::ErrorKind::StorageFull.into());
        assert!(full.advice().unwrap_or_default().contains("room"));
    }

    #[test]
    fn a_closed_pipe_is_nobody_s_fault() {
        let output = |kind: io::ErrorKind| Failure::Output(kind.into());
        assert!(output(io::ErrorKind::BrokenPipe).is_broken_pipe());
        assert!(!output(io::ErrorKind::StorageFull).is_broken_pipe());
    }
}
