//! One page of messages, however the server packs it.

use layer_tl_types::enums;
use layer_tl_types::enums::messages::Messages;

use crate::Client;

/// A page of messages; who is in it is remembered.
pub(crate) struct Page {
    pub(crate) messages: Vec<enums::Message>,
    /// How many there are in all, as far as the server says.
    pub(crate) total: i32,
    /// By which a global search goes on.
    pub(crate) next_rate: Option<i32>,
    /// Whether the server says that this is all. A page that is merely short is not.
    pub(crate) is_all: bool,
}

impl Page {
    pub(crate) fn read(client: &Client, answer: Messages) -> Self {
        let (messages, users, chats, total, next_rate, is_all) = match answer {
            Messages::Messages(all) => {
                let total = i32::try_from(all.messages.len()).unwrap_or(i32::MAX);
                (all.messages, all.users, all.chats, total, None, true)
            }
            Messages::Slice(slice) => {
                let slice = *slice;
                (slice.messages, slice.users, slice.chats, slice.count, slice.next_rate, false)
            }
            Messages::ChannelMessages(page) => {
                (page.messages, page.users, page.chats, page.count, None, false)
            }
            Messages::NotModified(same) => {
                (Vec::new(), Vec::new(), Vec::new(), same.count, None, true)
            }
        };
        client.met(&users, &chats, &messages);
        Self { messages, total, next_rate, is_all }
    }
}
