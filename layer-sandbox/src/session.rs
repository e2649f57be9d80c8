//! Sessions: which messages of a client have come, and what they were answered.
//!
//! A session belongs to an authorization key and outlives connections, so that a query which comes again
//! is answered from memory and not run twice. Everything in it is bounded: the oldest is forgotten first.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::router::RpcError;

/// Messages that a session remembers.
const MOST_MESSAGES: usize = 1024;
/// Objects that wait to be sent unasked.
const MOST_PUSHES: usize = 1024;
/// Bytes of answers that it keeps until the client has acknowledged them.
const MOST_ANSWERS: usize = 512 << 10;

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
    pub(crate) fn get(&self, key_id: i64, session_id: i64) -> Option<&Session> {
        self.known.get(&(key_id, session_id))
    }

    /// A session, to be changed.
    pub(crate) fn get_mut(&mut self, key_id: i64, session_id: i64) -> Option<&mut Session> {
        self.known.get_mut(&(key_id, session_id))
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

    /// The ids of all sessions, in their order: their keys', and their own.
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

/// One session.
#[derive(Default)]
pub struct Session {
    /// When something came last, on the monotonic clock.
    pub(crate) used: Duration,
    /// The layer that the client speaks, as it told by `invokeWithLayer`.
    pub layer: Option<i32>,
    content_sent: i32,
    received: BTreeMap<i64, Received>,
    /// No message up to this one is remembered.
    forgotten: Option<i64>,
    /// The messages in which answers went out, and the queries that they answer.
    sent: BTreeMap<i64, i64>,
    answers_len: usize,
    /// The connection that spoke in it last.
    pub(crate) connection: Option<u64>,
    /// Answers to queries that have been executed, and when they are to go out.
    running: BTreeMap<i64, (Duration, Result<Vec<u8>, RpcError>)>,
    /// What is to be sent unasked.
    pushes: VecDeque<Vec<u8>>,
}

struct Received {
    content: bool,
    query: bool,
    answer: Option<Answer>,
}

/// An answer, kept until it is acknowledged.
pub(crate) struct Answer {
    pub(crate) msg_id: i64,
    pub(crate) seq_no: i32,
    pub(crate) body: Vec<u8>,
}

/// What a message is to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    New,
    Again,
    /// So old that it would have been forgotten.
    TooOld,
}

impl Session {
    /// Queues what is to be sent unasked. Returns whether there was room.
    pub(crate) fn push(&mut self, object: Vec<u8>) -> bool {
        let room = self.pushes.len() < MOST_PUSHES && object.len().is_multiple_of(4);
        if room {
            self.pushes.push_back(object);
        }
        room
    }

    pub(crate) fn pop_push(&mut self) -> Option<Vec<u8>> {
        self.pushes.pop_front()
    }

    /// Keeps an answer until it is due.
    pub(crate) fn answer_later(
        &mut self,
        query: i64,
        at: Duration,
        answer: Result<Vec<u8>, RpcError>,
    ) {
        if let Some(received) = self.received.get_mut(&query) {
            received.query = true;
        }
        self.running.insert(query, (at, answer));
    }

    pub(crate) fn is_running(&self, query: i64) -> bool {
        self.running.contains_key(&query)
    }

    /// An answer that is due.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<(i64, Result<Vec<u8>, RpcError>)> {
        let query = *self.running.iter().find(|(_, (at, _))| *at <= now)?.0;
        self.running.remove(&query).map(|(_, answer)| (query, answer))
    }

    /// When something is to be sent.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        if !self.pushes.is_empty() {
            return Some(Duration::ZERO);
        }
        self.running.values().map(|(at, _)| *at).min()
    }

    /// Remembers that a message has come; `content` if it is to be acknowledged.
    pub(crate) fn receive(&mut self, msg_id: i64, content: bool) -> Arrival {
        if self.received.contains_key(&msg_id) {
            return Arrival::Again;
        }
        if self.forgotten.is_some_and(|forgotten| msg_id <= forgotten) {
            return Arrival::TooOld;
        }
        self.received.insert(msg_id, Received { content, query: false, answer: None });
        if self.received.len() > MOST_MESSAGES {
            self.forget_oldest();
        }
        Arrival::New
    }

    /// The sequence number of a message that is about to be sent.
    pub(crate) fn next_seq_no(&mut self, content: bool) -> i32 {
        let seq_no = self.content_sent.wrapping_mul(2) | i32::from(content);
        self.content_sent = self.content_sent.wrapping_add(i32::from(content));
        seq_no
    }

    /// Keeps the answer to a query until it is acknowledged; in place of the one before if it is sent again.
    pub(crate) fn keep_answer(&mut self, query: i64, answer: Answer) {
        self.drop_answer(query);
        let Some(received) = self.received.get_mut(&query) else { return };
        received.query = true;
        self.sent.insert(answer.msg_id, query);
        self.answers_len += answer.body.len();
        received.answer = Some(answer);
        while self.answers_len > MOST_ANSWERS
            && let Some(oldest) = self.sent.first_key_value().map(|(_, query)| *query)
        {
            self.drop_answer(oldest);
        }
    }

    /// Forgets the answer to a query and returns it, if it is still kept.
    pub(crate) fn drop_answer(&mut self, query: i64) -> Option<Answer> {
        let answer = self.received.get_mut(&query)?.answer.take()?;
        self.sent.remove(&answer.msg_id);
        self.answers_len -= answer.body.len();
        Some(answer)
    }

    /// Whether a message was a query, and so is not to be run again.
    pub(crate) fn is_query(&self, msg_id: i64) -> bool {
        self.received.get(&msg_id).is_some_and(|received| received.query)
    }

    /// The query that a message of ours answers, if the answer is still kept.
    pub(crate) fn answered_by(&self, msg_id: i64) -> Option<i64> {
        self.sent.get(&msg_id).copied()
    }

    /// The client has got a message of ours.
    pub(crate) fn acknowledge(&mut self, msg_id: i64) {
        if let Some(query) = self.answered_by(msg_id) {
            self.drop_answer(query);
        }
    }

    /// The state of a client's message as `msgs_state_info` tells it; `latest` is the highest identifier
    /// that may be used by now.
    pub(crate) fn state(&self, msg_id: i64, latest: i64) -> u8 {
        match self.received.get(&msg_id) {
            // Received; then acknowledged, or none needed; for queries, done and answered.
            Some(received) => {
                let acknowledged = if received.content { 8 } else { 16 };
                4 | acknowledged | if received.query { 32 | 64 } else { 0 }
            }
            None if msg_id > latest => 3,
            None if self.forgotten.is_some_and(|forgotten| msg_id <= forgotten) => 1,
            None => 2,
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.received.first_key_value().map(|(msg_id, _)| *msg_id) {
            self.drop_answer(oldest);
            self.received.remove(&oldest);
            self.forgotten = Some(oldest);
        }
    }
}

/// Without what was said in it.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("layer", &self.layer)
            .field("received", &self.received.len())
            .field("answers_kept", &self.sent.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(msg_id: i64, len: usize) -> Answer {
        Answer { msg_id, seq_no: 1, body: vec![0; len] }
    }

    #[test]
    fn a_message_is_new_once_and_too_old_when_forgotten() {
        let mut session = Session::default();
        assert_eq!(session.receive(40, true), Arrival::New);
        assert_eq!(session.receive(40, true), Arrival::Again);
        assert_eq!(session.receive(36, true), Arrival::New, "the order of coming is free");
        for msg_id in 1..=MOST_MESSAGES as i64 {
            session.receive(1000 + msg_id * 4, false);
        }
        assert_eq!(session.received.len(), MOST_MESSAGES);
        assert_eq!(session.receive(40, true), Arrival::TooOld);
        assert_eq!(session.receive(44, true), Arrival::New);
    }

    #[test]
    fn states_are_those_of_the_specification() {
        let mut session = Session::default();
        session.receive(40, true);
        session.receive(44, false);
        session.receive(48, true);
        session.keep_answer(48, answer(49, 4));
        let states = [36, 40, 44, 48, 52, 1000].map(|msg_id| session.state(msg_id, 100));
        assert_eq!(states, [2, 4 + 8, 4 + 16, 4 + 8 + 32 + 64, 2, 3]);
        session.forgotten = Some(36);
        assert_eq!(session.state(36, 100), 1);
    }

    #[test]
    fn an_answer_is_kept_until_it_is_acknowledged() {
        let mut session = Session::default();
        session.receive(40, true);
        session.keep_answer(40, answer(41, 4));
        session.acknowledge(45);
        assert_eq!(session.answered_by(41), Some(40));
        session.keep_answer(40, answer(49, 4));
        assert_eq!((session.answered_by(41), session.answered_by(49)), (None, Some(40)));
        session.acknowledge(49);
        assert!(session.drop_answer(40).is_none());
        assert_eq!((session.sent.len(), session.answers_len), (0, 0));
    }

    #[test]
    fn answers_are_bounded_and_the_oldest_goes_first() {
        let mut session = Session::default();
        for msg_id in (4..4000).step_by(4) {
            session.receive(msg_id, true);
            session.keep_answer(msg_id, answer(msg_id + 1, 1000));
            assert!(session.answers_len <= MOST_ANSWERS);
        }
        assert_eq!(session.answered_by(5), None);
        assert_eq!(session.answered_by(3997), Some(3996));
        assert_eq!(session.sent.len() * 1000, session.answers_len);
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
        session.receive(4, true);
        session.keep_answer(4, Answer { msg_id: 5, seq_no: 1, body: vec![0x5a; 8] });
        let text = format!("{session:?}");
        assert!(!text.contains("90") && text.contains("answers_kept: 1"), "{text}");
    }
}
