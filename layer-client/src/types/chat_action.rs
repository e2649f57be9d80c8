//! Somebody types, records or uploads.

use std::fmt;

use layer_tl_types::{enums, types};

/// What somebody does in a chat just now. It is over after about six seconds.
///
/// `Debug` shows no draft.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ChatActionUpdate {
    /// The chat: the user, the group or the channel.
    pub peer: enums::Peer,
    /// Who does it.
    pub sender: enums::Peer,
    /// The topic, by its first message.
    pub top_message_id: Option<i32>,
    /// What.
    pub action: enums::SendMessageAction,
}

impl From<types::UpdateUserTyping> for ChatActionUpdate {
    fn from(raw: types::UpdateUserTyping) -> Self {
        let peer: enums::Peer = types::PeerUser { user_id: raw.user_id }.into();
        let sender = peer.clone();
        Self { peer, sender, top_message_id: raw.top_msg_id, action: raw.action }
    }
}

impl From<types::UpdateChatUserTyping> for ChatActionUpdate {
    fn from(raw: types::UpdateChatUserTyping) -> Self {
        let peer = types::PeerChat { chat_id: raw.chat_id }.into();
        Self { peer, sender: raw.from_id, top_message_id: None, action: raw.action }
    }
}

impl From<types::UpdateChannelUserTyping> for ChatActionUpdate {
    fn from(raw: types::UpdateChannelUserTyping) -> Self {
        let peer = types::PeerChannel { channel_id: raw.channel_id }.into();
        Self { peer, sender: raw.from_id, top_message_id: raw.top_msg_id, action: raw.action }
    }
}

impl fmt::Debug for ChatActionUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatActionUpdate")
            .field("peer", &self.peer)
            .field("sender", &self.sender)
            .field("top_message_id", &self.top_message_id)
            .finish_non_exhaustive()
    }
}
