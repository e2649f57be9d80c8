//! Message boxes: what an account or a channel has been told, in order, each event with the number
//! that its box had then (api/updates).
//!
//! Every account has a common box, whose identifiers private chats and basic groups share, and every
//! channel has one of its own. An event is stamped the moment it happens and kept in a [`Log`]; old
//! ones are dropped, and who comes later than that is told so. Boxes begin at 1: clients take 0 for
//! "not known yet".

use std::collections::{BTreeMap, VecDeque};

use layer_tl_types::enums;

use super::Peer;
use super::dialogs::Dialog;
use super::scheduled::Scheduled;

/// What happened in a box, in the terms of that box.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Event {
    /// A message came, or was sent.
    New(i32),
    Edit(i32),
    Delete(Vec<i32>),
    /// The box's owner has read up to a message, and so many are left.
    ReadInbox {
        peer: Peer,
        max_id: i32,
        unread: i32,
    },
    /// Somebody has read what the box's owner wrote.
    ReadOutbox {
        peer: Peer,
        max_id: i32,
    },
    ReadContents(Vec<i32>),
    Pinned {
        peer: Peer,
        ids: Vec<i32>,
        pinned: bool,
    },
}

impl Event {
    /// By how much it moves the number of its box.
    fn count(&self) -> i32 {
        let count = match self {
            Self::Delete(ids) | Self::ReadContents(ids) | Self::Pinned { ids, .. } => ids.len(),
            _ => 1,
        };
        i32::try_from(count).unwrap_or(i32::MAX)
    }
}

/// Numbered events, of which the latest are kept.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Log<E> {
    /// The number of the latest event.
    at: i32,
    /// What was later than this is still known.
    floor: i32,
    events: VecDeque<Stamped<E>>,
}

/// An event with its number.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stamped<E> {
    pub(crate) at: i32,
    pub(crate) count: i32,
    pub(crate) event: E,
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self { at: 1, floor: 1, events: VecDeque::new() }
    }
}

impl<E> Log<E> {
    /// The number of the latest event.
    pub(crate) fn at(&self) -> i32 {
        self.at
    }

    fn push(&mut self, count: i32, event: impl FnOnce(i32) -> E, keep: usize) -> i32 {
        self.at = self.at.saturating_add(count);
        self.events.push_back(Stamped { at: self.at, count, event: event(self.at) });
        while self.events.len() > keep {
            if let Some(dropped) = self.events.pop_front() {
                self.floor = dropped.at;
            }
        }
        self.at
    }

    /// What came after a number; `None` if some of it is not known any more.
    pub(crate) fn since(&self, at: i32) -> Option<impl ExactSizeIterator<Item = &Stamped<E>>> {
        if at < self.floor {
            return None;
        }
        let first = self.events.partition_point(|event| event.at <= at);
        Some(self.events.range(first..))
    }
}

impl Log<Event> {
    /// Numbers an event and keeps it, with at most `keep - 1` others.
    pub(crate) fn stamp(&mut self, event: Event, keep: usize) -> Stamped<Event> {
        let count = event.count();
        let at = self.push(count, |_| event.clone(), keep);
        Stamped { at, count, event }
    }
}

/// A log of updates as it is kept: each as its bytes.
mod updates {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Log, Stamped, enums};
    use crate::world::kept::Tl;

    pub(super) fn serialize<S: Serializer>(
        log: &Log<enums::Update>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let Log { at, floor, events } = log;
        let events = events.iter().map(|stamped| {
            let Stamped { at, count, event } = stamped.clone();
            Stamped { at, count, event: Tl(event) }
        });
        Log { at: *at, floor: *floor, events: events.collect() }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Log<enums::Update>, D::Error> {
        let Log { at, floor, events } = Log::<Tl<enums::Update>>::deserialize(deserializer)?;
        let events = events.into_iter();
        let events =
            events.map(|Stamped { at, count, event: Tl(event) }| Stamped { at, count, event });
        Ok(Log { at, floor, events: events.collect() })
    }
}

impl Log<enums::Update> {
    /// Numbers an update by its qts and keeps it.
    pub(crate) fn stamp(
        &mut self,
        update: impl FnOnce(i32) -> enums::Update,
        keep: usize,
    ) -> enums::Update {
        self.push(1, update, keep);
        self.events.back().map_or(enums::Update::PtsChanged, |stamped| stamped.event.clone())
    }
}

/// A message in an account's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Held {
    /// In which conversation, from the account's point of view.
    pub(crate) peer: Peer,
    pub(crate) post: u64,
}

/// What belongs to one account: its common box and its conversations.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct AccountBox {
    pub(crate) pts: Log<Event>,
    #[serde(with = "updates")]
    pub(crate) qts: Log<enums::Update>,
    /// How many numbered batches there were.
    pub(crate) seq: i32,
    pub(crate) held: BTreeMap<i32, Held>,
    last_id: i32,
    pub(crate) dialogs: BTreeMap<Peer, Dialog>,
    pub(crate) sent: Sent,
    pub(crate) scheduled: Scheduled,
}

impl AccountBox {
    /// The number of the latest batch that is numbered by seq.
    pub(crate) fn seq(&self) -> i32 {
        self.seq.saturating_add(1)
    }

    /// Takes a message in and gives it the next identifier.
    pub(crate) fn hold(&mut self, peer: Peer, post: u64) -> i32 {
        self.last_id = self.last_id.saturating_add(1);
        self.held.insert(self.last_id, Held { peer, post });
        self.dialogs.entry(peer).or_default().ids.insert(self.last_id);
        self.last_id
    }

    /// Lets a message go. Returns where it was.
    pub(crate) fn let_go(&mut self, id: i32) -> Option<Held> {
        let held = self.held.remove(&id)?;
        if let Some(dialog) = self.dialogs.get_mut(&held.peer) {
            dialog.ids.remove(&id);
        }
        Some(held)
    }
}

/// Without what was said.
impl std::fmt::Debug for AccountBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountBox")
            .field("pts", &self.pts.at)
            .field("qts", &self.qts.at)
            .field("seq", &self.seq)
            .field("messages", &self.held.len())
            .finish_non_exhaustive()
    }
}

/// What an account sent lately, by the client's own identifiers, so that nothing is sent twice.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sent {
    order: VecDeque<i64>,
    known: BTreeMap<i64, SentMessage>,
}

/// A message that was sent, and its number in the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct SentMessage {
    pub(crate) peer: Peer,
    pub(crate) id: i32,
    pub(crate) pts: i32,
}

impl Sent {
    /// So many are remembered.
    const MOST: usize = 2000;

    pub(crate) fn get(&self, random_id: i64) -> Option<SentMessage> {
        self.known.get(&random_id).copied()
    }

    pub(crate) fn put(&mut self, random_id: i64, sent: SentMessage) {
        if self.known.insert(random_id, sent).is_none() {
            self.order.push_back(random_id);
        }
        if self.order.len() > Self::MOST {
            let oldest = self.order.pop_front();
            oldest.and_then(|oldest| self.known.remove(&oldest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_holes_and_old_events_are_dropped() {
        let mut log = Log::<Event>::default();
        assert_eq!(log.stamp(Event::New(1), 2).at, 2);
        let deleted = log.stamp(Event::Delete(vec![1, 2, 3]), 2);
        assert_eq!((deleted.at, deleted.count), (5, 3));
        assert_eq!(log.since(1).unwrap().len(), 2);
        assert_eq!(log.stamp(Event::New(2), 2).at, 6);
        assert!(log.since(1).is_none());
        assert_eq!(log.since(2).unwrap().len(), 2);
        assert_eq!(log.since(3).unwrap().len(), 2, "a number in the midst of an event");
        assert_eq!(log.since(5).unwrap().len(), 1);
        assert_eq!(log.since(6).unwrap().len(), 0);
    }

    #[test]
    fn so_many_sends_are_remembered() {
        let mut sent = Sent::default();
        let message = |id| SentMessage { peer: Peer::User(1), id, pts: 5 };
        for random_id in 0..=Sent::MOST as i64 {
            sent.put(random_id, message(7));
            sent.put(random_id, message(8));
        }
        assert_eq!((sent.get(0), sent.get(1)), (None, Some(message(8))));
        assert_eq!(sent.known.len(), Sent::MOST);
    }
}
