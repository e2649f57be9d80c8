//! Sessions: which messages of a client have come, and what they were answered.
//!
//! A session belongs to an authorization key and outlives connections, so that a query which comes again
//! is answered from memory and not run twice. Everything in it is bounded: the oldest is forgotten first.

use std::collections::BTreeMap;
use std::time::Duration;

/// Messages that a session remembers.
const MOST_MESSAGES: usize = 1024;
/// Bytes of answers that it keeps until the client has acknowledged them.
const MOST_ANSWERS: usize = 2 << 20;
/// Sessions of one key.
const MOST_SESSIONS: usize = 32;

/// The sessions of one authorization key, by their ids.
#[derive(Debug, Default)]
pub struct Sessions {
    known: BTreeMap<i64, Session>,
}

impl Sessions {
    /// Takes a session out, to be worked on and put back.
    pub(crate) fn take(&mut self, id: i64) -> Option<Session> {
        self.known.remove(&id)
    }

    /// Puts a session in; the one that was silent longest goes if there are too many.
    pub(crate) fn put(&mut self, id: i64, session: Session) {
        if self.known.len() >= MOST_SESSIONS {
            let silent = self.known.iter().min_by_key(|(_, session)| session.used);
            if let Some(id) = silent.map(|(id, _)| *id) {
                self.known.remove(&id);
            }
        }
        self.known.insert(id, session);
    }

    /// Forgets a session. Returns whether it was known.
    pub fn destroy(&mut self, id: i64) -> bool {
        self.known.remove(&id).is_some()
    }
}

/// One session.
#[derive(Debug, Default)]
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
}

#[derive(Debug)]
struct Received {
    content: bool,
    query: bool,
    answer: Option<Answer>,
}

/// An answer, kept until it is acknowledged.
#[derive(Debug)]
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
    /// Remembers that a message has come.
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

    /// The query that a message of ours answers, if the answer is still kept.
    pub(crate) fn answered_by(&self, msg_id: i64) -> Option<i64> {
        self.sent.get(&msg_id).copied()
    }

    /// The body of the answer to a query, if it is still kept.
    pub(crate) fn answer(&self, query: i64) -> Option<&Answer> {
        self.received.get(&query)?.answer.as_ref()
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
