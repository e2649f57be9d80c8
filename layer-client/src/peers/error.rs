//! Why a peer can't be named to the server.

use crate::session::{PeerKey, PeerKind};

/// A peer that can't be named to the server. Nothing has been sent to anybody.
///
/// ```
/// use layer_client::UnknownPeer;
/// use layer_client::session::{PeerKey, PeerKind};
///
/// let error = UnknownPeer::NoAccessHash(PeerKey { kind: PeerKind::User, id: 5 });
/// assert!(error.to_string().contains("user 5"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownPeer {
    /// Its id alone says nothing to the server, which wants a proof that we have met.
    #[error("{} was never met: get its dialog, a message of it, or use its username", shown(*.0))]
    NoAccessHash(PeerKey),
    /// Nobody has this username.
    #[error("nobody has the username @{0}")]
    NoSuchUsername(String),
    /// Nobody has this phone number, or nobody whom we may find by it.
    #[error("nobody can be found by this phone number")]
    NoSuchPhone,
    /// It is another kind of peer than the method takes.
    #[error("{expected} was expected, and this is another kind of peer")]
    WrongKind {
        /// What the method takes.
        expected: &'static str,
    },
    /// An invitation names no peer; it has to be accepted first.
    #[error("an invite link names nobody before it is accepted: see `accept_invite_link`")]
    InviteLink,
    /// A text that is no username, phone number, id or link to a peer.
    #[error("not a username, a +phone number, an id or a link to a peer: {0}")]
    Unreadable(&'static str),
}

fn shown(key: PeerKey) -> String {
    let kind = match key.kind {
        PeerKind::User => "user",
        PeerKind::Chat => "group",
        PeerKind::Channel => "channel",
    };
    format!("{kind} {}", key.id)
}
