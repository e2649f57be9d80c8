//! Why there is no link.

use std::io;
use std::sync::Arc;

use layer_mtproto::connection::Lost;

use crate::InvocationError;
use crate::session::SessionError;

/// Why a link was lost or never came to be, for all who want to know.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Why {
    #[error("{0}")]
    Io(Arc<io::Error>),
    #[error("{0}")]
    Lost(Lost),
    #[error("the server speaks HTTP, not MTProto")]
    Http,
    /// A key was agreed that can't be saved, so nothing is done under it.
    #[error("the new key is not saved: {0}")]
    Unsaved(SessionError),
}

/// A proxy's refusal, inside of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ProxyRefusal(pub(crate) String);

impl From<io::Error> for Why {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl From<&Why> for InvocationError {
    fn from(why: &Why) -> Self {
        match why {
            Why::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(ProxyRefusal(text)) => Self::Proxy(text.clone()),
                None => Self::Io(io::Error::new(error.kind(), error.to_string())),
            },
            Why::Lost(Lost::Silent) => {
                Self::Io(io::Error::new(io::ErrorKind::TimedOut, Lost::Silent))
            }
            Why::Lost(lost) => Self::Link(lost.clone()),
            Why::Http => Self::NotTelegram("it speaks HTTP"),
            Why::Unsaved(error) => Self::Session(error.clone()),
        }
    }
}
