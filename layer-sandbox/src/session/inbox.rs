//! What has come from the client in a session: by it a message that comes again is known, and its
//! state told (mtproto/service_messages_about_messages).
//!
//! The last [`MOST`] messages are remembered. Of those below the oldest of them nobody knows any
//! more whether they came.

use std::collections::BTreeMap;

/// So many messages are remembered.
const MOST: usize = 1024;

/// The messages of a client.
#[derive(Default)]
pub(crate) struct Inbox {
    received: BTreeMap<i64, Received>,
    /// Of messages up to this one nothing is known.
    floor: Option<i64>,
}

struct Received {
    seq_no: i32,
    kind: Kind,
}

/// What a message was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A service message.
    Service,
    /// A container, with a digest of what was in it.
    Container(u64),
    /// A query.
    Call(Progress),
}

/// How far a query has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It has no answer yet.
    Running,
    /// It was answered in a message of this identifier; `ok` if by no error.
    Answered { msg_id: i64, ok: bool },
    /// The client has acknowledged the answer.
    Known { ok: bool },
}

/// What a message is to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    New,
    Again(Kind),
    /// So old that it would have been forgotten.
    TooOld,
}

/// Sequence numbers rise with identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutOfOrder {
    TooLow,
    TooHigh,
}

impl Inbox {
    /// The session begins with this message: what is below it belongs to what the server has
    /// forgotten, or never got.
    pub(crate) fn begin(&mut self, first_msg_id: i64) {
        self.floor = Some(first_msg_id.saturating_sub(1));
    }

    /// What a message would be.
    pub(crate) fn arrival(&self, msg_id: i64) -> Arrival {
        match self.received.get(&msg_id) {
            Some(received) => Arrival::Again(received.kind),
            None if self.is_forgotten(msg_id) => Arrival::TooOld,
            None => Arrival::New,
        }
    }

    fn is_forgotten(&self, msg_id: i64) -> bool {
        self.floor.is_some_and(|floor| msg_id <= floor)
    }

    /// Whether the sequence number of a new message fits those of the messages around it.
    pub(crate) fn check_seq_no(&self, msg_id: i64, seq_no: i32) -> Result<(), OutOfOrder> {
        // Two messages with content have not the same number.
        let same = |other: i32| other == seq_no && seq_no & 1 == 1;
        let mut below = self.received.range(..msg_id).map(|(_, received)| received.seq_no);
        if below.any(|other| other > seq_no || same(other)) {
            return Err(OutOfOrder::TooLow);
        }
        let mut above = self.received.range(msg_id..).map(|(_, received)| received.seq_no);
        if above.any(|other| other < seq_no || same(other)) {
            return Err(OutOfOrder::TooHigh);
        }
        Ok(())
    }

    /// Remembers a message; the oldest is forgotten if there are too many.
    pub(crate) fn receive(&mut self, msg_id: i64, seq_no: i32, kind: Kind) {
        self.received.insert(msg_id, Received { seq_no, kind });
        if self.received.len() > MOST
            && let Some((oldest, _)) = self.received.pop_first()
        {
            self.floor = self.floor.max(Some(oldest));
        }
    }

    /// A message turned out to be a query, or has come further.
    pub(crate) fn set(&mut self, msg_id: i64, progress: Progress) {
        if let Some(received) = self.received.get_mut(&msg_id) {
            received.kind = Kind::Call(progress);
        }
    }

    /// The client has the answer to a query.
    pub(crate) fn set_known(&mut self, msg_id: i64) {
        if let Some(Progress::Answered { ok, .. }) = self.progress(msg_id) {
            self.set(msg_id, Progress::Known { ok });
        }
    }

    /// How far a query has come.
    pub(crate) fn progress(&self, msg_id: i64) -> Option<Progress> {
        match self.received.get(&msg_id)?.kind {
            Kind::Call(progress) => Some(progress),
            _ => None,
        }
    }

    /// Whether what comes after a message may be done: `None` if it is not known yet.
    pub(crate) fn is_done(&self, msg_id: i64) -> Option<bool> {
        match self.received.get(&msg_id)?.kind {
            Kind::Call(Progress::Running) => None,
            Kind::Call(Progress::Answered { ok, .. } | Progress::Known { ok }) => Some(ok),
            Kind::Service | Kind::Container(_) => Some(true),
        }
    }

    /// The state of a client's message as `msgs_state_info` tells it; `latest` is the highest
    /// identifier that may be used by now.
    pub(crate) fn state(&self, msg_id: i64, latest: i64) -> u8 {
        let Some(Received { seq_no, kind }) = self.received.get(&msg_id) else {
            return match msg_id {
                _ if msg_id > latest => 3,
                _ if self.is_forgotten(msg_id) => 1,
                _ => 2,
            };
        };
        // What has content is acknowledged in the same packet at the latest.
        let acknowledged = if seq_no & 1 == 1 { 8 } else { 16 };
        let progress = match kind {
            Kind::Call(Progress::Running) => 32,
            Kind::Call(Progress::Answered { .. }) => 32 | 64,
            Kind::Call(Progress::Known { .. }) => 32 | 64 | 128,
            Kind::Service | Kind::Container(_) => 0,
        };
        4 | acknowledged | progress
    }

    /// Identifiers of what has come, the newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (i64, Kind)> {
        self.received.iter().rev().map(|(msg_id, received)| (*msg_id, received.kind))
    }

    /// How many messages are remembered.
    pub(crate) fn len(&self) -> usize {
        self.received.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(messages: &[(i64, i32)]) -> Inbox {
        let mut inbox = Inbox::default();
        for (msg_id, seq_no) in messages {
            inbox.receive(*msg_id, *seq_no, Kind::Service);
        }
        inbox
    }

    #[test]
    fn a_message_is_new_once_and_too_old_when_forgotten() {
        let mut inbox = with(&[(40, 1)]);
        assert_eq!(inbox.arrival(40), Arrival::Again(Kind::Service));
        assert_eq!(inbox.arrival(36), Arrival::New, "the order of coming is free");
        for msg_id in 1..=MOST as i64 {
            inbox.receive(1000 + msg_id * 4, 2, Kind::Service);
        }
        assert_eq!(inbox.len(), MOST);
        assert_eq!(inbox.arrival(40), Arrival::TooOld);
        assert_eq!(inbox.arrival(36), Arrival::TooOld);
        assert_eq!(inbox.arrival(44), Arrival::New);
    }

    #[test]
    fn what_is_below_the_first_message_is_too_old() {
        let mut inbox = Inbox::default();
        inbox.begin(40);
        assert_eq!([36, 40].map(|msg_id| inbox.arrival(msg_id)), [Arrival::TooOld, Arrival::New]);
        assert_eq!([36, 40].map(|msg_id| inbox.state(msg_id, 100)), [1, 2]);
    }

    #[test]
    fn sequence_numbers_rise_with_identifiers() {
        let inbox = with(&[(40, 1), (44, 2), (48, 3), (60, 6), (64, 7)]);
        for (msg_id, seq_no, expected) in [
            (52, 4, Ok(())),
            (52, 5, Ok(())),
            (52, 6, Ok(())),
            (52, 3, Err(OutOfOrder::TooLow)),
            (52, 2, Err(OutOfOrder::TooLow)),
            (52, 1, Err(OutOfOrder::TooLow)),
            (52, 7, Err(OutOfOrder::TooHigh)),
            (36, 1, Err(OutOfOrder::TooHigh)),
            (36, 2, Err(OutOfOrder::TooHigh)),
            (36, 0, Ok(())),
            (46, 2, Ok(())),
            (62, 7, Err(OutOfOrder::TooHigh)),
            (68, 7, Err(OutOfOrder::TooLow)),
            (68, 8, Ok(())),
            (68, i32::MAX, Ok(())),
            (68, i32::MIN, Err(OutOfOrder::TooLow)),
        ] {
            assert_eq!(inbox.check_seq_no(msg_id, seq_no), expected, "{msg_id} {seq_no}");
        }
    }

    #[test]
    fn states_are_those_of_the_specification() {
        let mut inbox = with(&[(40, 1), (44, 2), (48, 3), (52, 5), (56, 7)]);
        inbox.set(48, Progress::Running);
        inbox.set(52, Progress::Answered { msg_id: 53, ok: true });
        inbox.set(56, Progress::Answered { msg_id: 57, ok: false });
        inbox.set_known(56);
        let states = [36, 40, 44, 48, 52, 56, 100, 101].map(|msg_id| inbox.state(msg_id, 100));
        assert_eq!(states, [2, 12, 20, 12 + 32, 12 + 96, 12 + 96 + 128, 2, 3]);
        inbox.begin(38);
        assert_eq!(inbox.state(36, 100), 1);
        let done = [36, 40, 48, 52, 56].map(|msg_id| inbox.is_done(msg_id));
        assert_eq!(done, [None, Some(true), None, Some(true), Some(false)]);
    }
}
