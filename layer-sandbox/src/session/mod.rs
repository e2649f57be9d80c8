//! Sessions: what has come from a client, what it was answered, and what is still to be said.
//!
//! A session belongs to an authorization key and outlives connections, so that a query which comes
//! again is answered from memory and not run twice. It speaks through one connection at a time, the
//! one that spoke last. Everything in it is bounded; the parts say by what.

mod calls;
mod inbox;
mod outbox;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use layer_wire::message::{MSG_CONTAINER, MSG_COPY};

pub(crate) use calls::{Calls, PATIENCE, Waiting};
pub(crate) use inbox::{Arrival, Inbox, Kind, OutOfOrder, Progress};
pub(crate) use outbox::{Kept, Outbox};

/// All sessions, by their keys' ids and their own.
#[derive(Debug, Default)]
pub struct Sessions {
    known: BTreeMap<(i64, i64), Session>,
}

impl Sessions {
    /// So many sessions are kept.
    pub const MOST: usize = 1024;

    /// Takes a session out, to be worked on and put back.
    pub(crate) fn take(&mut self, key_id: i64, session_id: i64) -> Option<Session> {
        self.known.remove(&(key_id, session_id))
    }

    /// A session, to be looked at.
    pub fn get(&self, key_id: i64, session_id: i64) -> Option<&Session> {
        self.known.get(&(key_id, session_id))
    }

    /// A session, to be changed.
    pub(crate) fn get_mut(&mut self, key_id: i64, session_id: i64) -> Option<&mut Session> {
        self.known.get_mut(&(key_id, session_id))
    }

    /// An update found no room in a session.
    pub(crate) fn missed(&mut self, key_id: i64, session_id: i64) {
        if let Some(session) = self.get_mut(key_id, session_id) {
            session.missed = true;
        }
    }

    /// Puts a session in; the one that was silent longest goes if there are too many.
    pub(crate) fn put(&mut self, key_id: i64, session_id: i64, session: Session) {
        if self.known.len() >= Self::MOST {
            let silent = self.known.iter().min_by_key(|(_, session)| session.used);
            if let Some(ids) = silent.map(|(ids, _)| *ids) {
                self.known.remove(&ids);
            }
        }
        self.known.insert((key_id, session_id), session);
    }

    /// Forgets a session. Returns whether it was known.
    pub fn destroy(&mut self, key_id: i64, session_id: i64) -> bool {
        self.known.remove(&(key_id, session_id)).is_some()
    }

    /// Forgets all sessions of a key.
    pub fn destroy_all(&mut self, key_id: i64) {
        self.known.retain(|(key, _), _| *key != key_id);
    }

    /// The ids of all sessions: their keys' and their own.
    pub fn ids(&self) -> impl Iterator<Item = (i64, i64)> {
        self.known.keys().copied()
    }

    /// How many sessions are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether no session is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// So many acknowledgements are held back; one more, and they go out at once.
const MOST_ACKS: usize = 16;
/// So long they are held back, unless something else goes out before.
pub(crate) const ACK_DELAY: Duration = Duration::from_millis(200);

/// One session.
#[derive(Default)]
pub struct Session {
    /// When something came last, on the monotonic clock.
    pub(crate) used: Duration,
    /// The connection that it speaks through: the one that spoke last.
    pub(crate) connection: Option<u64>,
    /// Updates go to it: it has asked something outside of an `invokeWithoutUpdates`.
    pub(crate) hears: bool,
    pub(crate) inbox: Inbox,
    pub(crate) outbox: Outbox,
    pub(crate) calls: Calls,
    /// What the server has asked for the states of: its `msgs_state_req`, and what was in it.
    pub(crate) asked: Option<(i64, Vec<i64>)>,
    content_sent: i32,
    /// Messages to be acknowledged, and when at the latest.
    acks: BTreeSet<i64>,
    acks_due: Option<Duration>,
    /// Objects to be sent unasked, not numbered yet.
    pushes: VecDeque<Vec<u8>>,
    push_bytes: usize,
    /// An update found no room.
    missed: bool,
}

impl Session {
    /// The sequence number of a message that is about to be sent.
    pub(crate) fn next_seq_no(&mut self, content: bool) -> i32 {
        let seq_no = self.content_sent.wrapping_mul(2) | i32::from(content);
        self.content_sent = self.content_sent.wrapping_add(i32::from(content));
        seq_no
    }

    /// Queues an object to be sent unasked. Returns whether it is one, and there is room: so that
    /// nothing that waits for its acknowledgement is pushed out.
    pub(crate) fn push(&mut self, object: Vec<u8>) -> bool {
        let nests = [MSG_CONTAINER, MSG_COPY].map(u32::to_le_bytes);
        let is_object = object.len().is_multiple_of(4)
            && object.first_chunk().is_some_and(|id| !nests.contains(id));
        let bytes = self.push_bytes.saturating_add(object.len());
        let room = is_object && self.outbox.has_room(self.pushes.len() + 1, bytes);
        if room {
            self.push_bytes = bytes;
            self.pushes.push_back(object);
        }
        room
    }

    /// A session that hears updates and has no connection.
    pub(crate) fn listening() -> Self {
        Self { hears: true, ..Self::default() }
    }

    /// Whether the client is to be told that an update found no room, or was pushed out by an answer:
    /// once, when there is some again.
    pub(crate) fn take_missed(&mut self) -> bool {
        self.missed |= self.outbox.take_lost();
        let tell = self.missed && self.pushes.is_empty() && self.outbox.has_room(1, 4);
        self.missed &= !tell;
        tell
    }

    /// The next object to be sent unasked.
    pub(crate) fn pop_push(&mut self) -> Option<Vec<u8>> {
        let object = self.pushes.pop_front()?;
        self.push_bytes -= object.len();
        Some(object)
    }

    /// Has a message acknowledged soon.
    pub(crate) fn acknowledge(&mut self, msg_id: i64, now: Duration) {
        self.acks.insert(msg_id);
        let due = if self.acks.len() > MOST_ACKS { now } else { now + ACK_DELAY };
        self.acks_due = Some(self.acks_due.map_or(due, |before| before.min(due)));
    }

    /// A message needs no acknowledgement any more: it has its answer.
    pub(crate) fn forget_ack(&mut self, msg_id: i64) {
        self.acks.remove(&msg_id);
        if self.acks.is_empty() {
            self.acks_due = None;
        }
    }

    /// What is to be acknowledged, if it is time to, or if it can go with something else.
    pub(crate) fn take_acks(&mut self, now: Duration, with_other: bool) -> Vec<i64> {
        if !with_other && self.acks_due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.acks_due = None;
        std::mem::take(&mut self.acks).into_iter().collect()
    }

    /// The client has got a message of ours. Returns whether it was still kept.
    pub(crate) fn acknowledged(&mut self, msg_id: i64) -> bool {
        let kept = self.outbox.remove(msg_id);
        if let Some(Kept { query: Some(query), .. }) = kept {
            self.inbox.set_known(query);
        }
        kept.is_some()
    }

    /// When something is to be sent.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let pushes = (!self.pushes.is_empty()).then_some(Duration::ZERO);
        let dues = [pushes, self.acks_due, self.outbox.next_due(), self.calls.next_due()];
        dues.into_iter().flatten().min()
    }

    /// What is held in memory.
    pub fn footprint(&self) -> Footprint {
        Footprint {
            received: self.inbox.len(),
            kept: self.outbox.len(),
            kept_bytes: self.outbox.bytes(),
            calls: self.calls.len(),
            acks: self.acks.len(),
            pushes: self.pushes.len(),
        }
    }
}

/// How much a session holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// Messages of the client that are remembered.
    pub received: usize,
    /// Messages of the server that are not acknowledged yet.
    pub kept: usize,
    /// Bytes of them.
    pub kept_bytes: usize,
    /// Queries that are not answered yet.
    pub calls: usize,
    /// Messages of the client that are yet to be acknowledged.
    pub acks: usize,
    /// Objects that wait to be sent for the first time.
    pub pushes: usize,
}

/// Without what was said in it.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("connection", &self.connection)
            .field("footprint", &self.footprint())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn acknowledgements_go_by_time_by_number_or_with_something_else() {
        let mut session = Session::default();
        session.acknowledge(4, SECOND);
        session.acknowledge(4, 2 * SECOND);
        assert_eq!(session.next_due(), Some(SECOND + ACK_DELAY));
        assert!(session.take_acks(SECOND, false).is_empty());
        assert_eq!(session.take_acks(SECOND, true), [4]);
        assert_eq!(session.next_due(), None);
        session.acknowledge(8, SECOND);
        session.forget_ack(8);
        assert_eq!(session.next_due(), None);
        for msg_id in 0..=MOST_ACKS as i64 {
            assert_eq!(session.take_acks(SECOND, false), []);
            session.acknowledge(msg_id, SECOND);
        }
        assert_eq!(session.take_acks(SECOND, false).len(), MOST_ACKS + 1);
    }

    #[test]
    fn an_acknowledged_answer_is_known() {
        let mut session = Session::default();
        session.inbox.receive(40, 1, Kind::Service);
        session.inbox.set(40, Progress::Answered { msg_id: 41, ok: true });
        session.outbox.put(41, 1, vec![0; 4], Some(40));
        assert!(!session.acknowledged(45));
        assert!(session.acknowledged(41) && !session.acknowledged(41));
        assert_eq!(session.inbox.progress(40), Some(Progress::Known { ok: true }));
    }

    #[test]
    fn what_is_pushed_is_an_object_and_bounded() {
        let mut session = Session::default();
        let container = MSG_CONTAINER.to_le_bytes().repeat(2);
        for wrong in [vec![], vec![1; 3], vec![1; 6], container] {
            assert!(!session.push(wrong));
        }
        let mut pushed = 0;
        while session.push(vec![1; 64 << 10]) {
            pushed += 1;
        }
        assert_eq!(pushed, 32);
        while session.pop_push().is_some() {}
        while session.push(vec![1; 4]) {
            pushed += 1;
        }
        assert_eq!((pushed, session.push_bytes), (32 + 1024, 4096));
        assert_eq!(session.footprint().pushes, 1024);
    }

    #[test]
    fn the_session_that_was_silent_longest_makes_room() {
        let mut sessions = Sessions::default();
        for id in 0..=Sessions::MOST as i64 {
            let used = Duration::from_secs(if id == 7 { 0 } else { 10 });
            sessions.put(1, id, Session { used, ..Session::default() });
        }
        assert_eq!(sessions.len(), Sessions::MOST);
        assert!(sessions.take(1, 7).is_none());
        assert!(sessions.destroy(1, 8) && !sessions.destroy(1, 8));
        sessions.destroy_all(2);
        assert!(!sessions.is_empty());
        sessions.destroy_all(1);
        assert!(sessions.is_empty());
    }

    #[test]
    fn what_was_said_is_not_shown() {
        let mut session = Session::default();
        session.outbox.put(5, 1, vec![0x5a; 8], Some(4));
        let text = format!("{session:?}");
        assert!(!text.contains("90") && text.contains("kept: 1"), "{text}");
    }
}
