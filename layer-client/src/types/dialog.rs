//! A dialog: a chat in the list of chats.

use std::fmt;

use layer_tl_types::{enums, types};

use super::Message;

/// A chat in the list of chats, with what is unread in it and its last message.
///
/// `Debug` shows no text and no names.
#[derive(Clone, PartialEq)]
pub struct Dialog {
    raw: types::Dialog,
    user: Option<enums::User>,
    chat: Option<enums::Chat>,
    last_message: Option<Message>,
}

impl Dialog {
    pub(crate) fn new(
        raw: types::Dialog,
        user: Option<enums::User>,
        chat: Option<enums::Chat>,
        last_message: Option<Message>,
    ) -> Self {
        Self { raw, user, chat, last_message }
    }

    /// With whom, or where.
    pub fn peer(&self) -> &enums::Peer {
        &self.raw.peer
    }

    /// The other user, in a private chat.
    pub fn user(&self) -> Option<&enums::User> {
        self.user.as_ref()
    }

    /// The group or channel, elsewhere.
    pub fn chat(&self) -> Option<&enums::Chat> {
        self.chat.as_ref()
    }

    /// The title of a group or channel, or a user's name; empty for a deleted account.
    pub fn name(&self) -> String {
        if let Some(enums::User::User(user)) = &self.user {
            let parts = [user.first_name.as_deref(), user.last_name.as_deref()];
            let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
            return parts.collect::<Vec<_>>().join(" ");
        }
        let title = match &self.chat {
            Some(enums::Chat::Chat(chat)) => &chat.title,
            Some(enums::Chat::Forbidden(chat)) => &chat.title,
            Some(enums::Chat::Channel(channel)) => &channel.title,
            Some(enums::Chat::ChannelForbidden(channel)) => &channel.title,
            _ => return String::new(),
        };
        title.clone()
    }

    /// The newest message, if there is one.
    pub fn last_message(&self) -> Option<&Message> {
        self.last_message.as_ref()
    }

    /// How many messages of others are unread.
    pub fn unread_count(&self) -> i32 {
        self.raw.unread_count
    }

    /// How many unread messages mention us.
    pub fn unread_mentions_count(&self) -> i32 {
        self.raw.unread_mentions_count
    }

    /// Whether it is pinned to the top of the list.
    pub fn pinned(&self) -> bool {
        self.raw.pinned
    }

    /// The folder that it lies in: 1 is the archive.
    pub fn folder_id(&self) -> Option<i32> {
        self.raw.folder_id
    }

    /// As Telegram has it.
    pub fn raw(&self) -> &types::Dialog {
        &self.raw
    }
}

impl fmt::Debug for Dialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialog")
            .field("peer", &self.raw.peer)
            .field("top_message", &self.raw.top_message)
            .field("unread_count", &self.raw.unread_count)
            .field("pinned", &self.raw.pinned)
            .finish_non_exhaustive()
    }
}
