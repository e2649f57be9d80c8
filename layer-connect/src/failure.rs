//! What can go wrong, in one line, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use layer_crypto::rsa::KeyError;
use layer_mtproto::connection::{self, CallError, Fault, Lost, RpcError};
use layer_mtproto::exchange::ExchangeError;
use layer_sandbox::listen::ListenError;
use layer_wire::framing::{FrameError, TransportError};
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("no server was named")]
    NoServer,
    #[error("can't start a server of our own: {0}")]
    Listen(#[from] ListenError),
    #[error("can't read the key file {}: {error}", path.display())]
    KeyFile { path: PathBuf, error: io::Error },
    #[error("{} holds no RSA public key: {error}", path.display())]
    Key { path: PathBuf, error: KeyError },
    #[error("can't find {address}: {error}")]
    Resolve { address: String, error: io::Error },
    #[error("can't connect to {address}: {error}")]
    Connect { address: String, error: io::Error },
    #[error("the connection failed: {0}")]
    Io(io::Error),
    #[error("the server closed the connection while {awaited} was awaited")]
    Closed { awaited: &'static str },
    #[error("the server sent nothing for {} s while {awaited} was awaited", timeout.as_secs())]
    Silence { awaited: &'static str, timeout: Duration },
    #[error("the server did not send {awaited} within {} s", timeout.as_secs())]
    Unanswered { awaited: &'static str, timeout: Duration },
    #[error("the server speaks HTTP, not MTProto")]
    Http,
    #[error("the server sent a {0}")]
    Transport(TransportError),
    #[error("the server's stream can't be read: {0}")]
    Frame(FrameError),
    #[error("no key was agreed: {0}")]
    Exchange(ExchangeError),
    #[error("no key was agreed: a sealed packet came in place of a plain reply")]
    Sealed,
    #[error("the temporary key was not bound: the server answered {0}")]
    Binding(RpcError),
    #[error("help.getConfig was not answered: {0}")]
    Lost(Lost),
    #[error("help.getConfig was not answered: the server answered {0}")]
    Rpc(#[from] RpcError),
    #[error("help.getConfig was not answered: {0}")]
    Failed(#[from] connection::Failure),
    #[error("help.getConfig can't be called: {0}")]
    Call(#[from] CallError),
    #[error("the answer to help.getConfig can't be read: {0}")]
    Config(#[from] layer_tl_types::Error),
}

impl Failure {
    /// The connection has given up its link while it waited for `awaited`.
    pub(crate) fn lost(lost: Lost, awaited: &'static str, timeout: Duration) -> Self {
        match lost {
            Lost::Transport(error) => Self::Transport(error),
            Lost::Silent => Self::Silence { awaited, timeout },
            Lost::Exchange(error) => Self::Exchange(error),
            Lost::Binding(error) => Self::Binding(error),
            Lost::Fault(Fault::Frame(error)) => Self::Frame(error),
            Lost::Fault(Fault::NoKey) => Self::Sealed,
            lost => Self::Lost(lost),
        }
    }

    /// What whoever called the program can do.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::NoServer => "give --loopback, or --addr and --key",
            Self::Listen(_) => "see whether 127.0.0.1 can be used here",
            Self::KeyFile { .. } | Self::Key { .. } => {
                "give --key a file with the server's public key as PEM"
            }
            Self::Resolve { .. } => "check --addr, which is HOST:PORT",
            Self::Connect { .. } => "check --addr and whether a server listens there",
            Self::Io(_) => "check the network and try again",
            Self::Closed { .. } => "check that it is an MTProto server that takes this --transport",
            Self::Silence { .. } => {
                "check that it is an MTProto server that takes this --transport, or raise --timeout"
            }
            Self::Unanswered { .. } => "try again, or raise --timeout",
            Self::Http | Self::Frame(_) => "check --addr: the host, and that the port is MTProto's",
            Self::Transport(TransportError::WRONG_DC) => {
                "check --dc, also whether it is a test one"
            }
            Self::Transport(TransportError::FLOOD) => "wait a while before the next try",
            Self::Transport(_) => "check --dc and --key, then try again",
            Self::Exchange(ExchangeError::UnknownKeys { .. }) => {
                "give --key this server's own public key; if you did, this is another server"
            }
            Self::Exchange(_) | Self::Sealed => "don't trust this server, or the network to it",
            Self::Rpc(_) => "check --api-id",
            Self::Binding(_) => "try again, with a longer life or without --temp",
            Self::Lost(_) | Self::Failed(_) | Self::Call(_) | Self::Config(_) => {
                "try again; if it stays so, the server or this program is at fault"
            }
        }
    }
}
