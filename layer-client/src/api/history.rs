//! The messages of a chat, and those that are searched for.

use crate::requests::{GlobalSearchBuilder, MessageIter, SearchBuilder};
use crate::{Client, PeerRef};

impl Client {
    /// All messages of a chat, newest first.
    pub fn iter_messages(&self, peer: impl Into<PeerRef>) -> MessageIter {
        MessageIter::new(self, peer.into())
    }

    /// Messages of a chat that hold this text; an empty one finds all, for filters.
    pub fn search(&self, peer: impl Into<PeerRef>, query: impl Into<String>) -> SearchBuilder {
        SearchBuilder::new(self, peer.into(), query.into())
    }

    /// Messages of all chats that hold this text.
    pub fn search_global(&self, query: impl Into<String>) -> GlobalSearchBuilder {
        GlobalSearchBuilder::new(self, query.into())
    }
}
