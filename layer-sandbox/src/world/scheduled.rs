//! Messages that are to be sent later: kept apart from those that were, with identifiers of their own.

use std::collections::BTreeMap;

use super::Peer;
use super::posts::Content;

/// An account's scheduled messages.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Scheduled {
    /// By their identifiers.
    pub(crate) known: BTreeMap<i32, Later>,
    last_id: i32,
}

/// One of them.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Later {
    pub(crate) peer: Peer,
    /// When, in unix seconds.
    pub(crate) date: i32,
    pub(crate) content: Content,
}

impl Scheduled {
    /// So many may wait in one conversation.
    const MOST: usize = 100;

    /// Keeps a message; returns its identifier, or `None` if too many wait.
    pub(crate) fn put(&mut self, later: Later) -> Option<i32> {
        let others = self.known.values().filter(|other| other.peer == later.peer);
        if others.count() >= Self::MOST {
            return None;
        }
        self.last_id = self.last_id.saturating_add(1);
        self.known.insert(self.last_id, later);
        Some(self.last_id)
    }
}
