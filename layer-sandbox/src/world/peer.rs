//! A conversation, or who speaks in one.

use layer_tl_types::{enums, types};

/// A user, a basic group or a channel, by the id that Telegram gives it.
///
/// A conversation is named by it from the point of view of one account: the private chat between Ann
/// and Ben is `User(ben)` to Ann and `User(ann)` to Ben.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Peer {
    /// A user or a bot.
    User(i64),
    /// A basic group.
    Chat(i64),
    /// A supergroup or a broadcast channel.
    Channel(i64),
}

impl From<Peer> for enums::Peer {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::User(user_id) => types::PeerUser { user_id }.into(),
            Peer::Chat(chat_id) => types::PeerChat { chat_id }.into(),
            Peer::Channel(channel_id) => types::PeerChannel { channel_id }.into(),
        }
    }
}

impl From<&enums::Peer> for Peer {
    fn from(peer: &enums::Peer) -> Self {
        match peer {
            enums::Peer::User(peer) => Self::User(peer.user_id),
            enums::Peer::Chat(peer) => Self::Chat(peer.chat_id),
            enums::Peer::Channel(peer) => Self::Channel(peer.channel_id),
        }
    }
}
