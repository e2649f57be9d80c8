//! What the server has said with content, kept until the client has acknowledged it and sent
//! again under the same identifier (mtproto/service_messages_about_messages).
//!
//! A message goes out again when the session moves to another connection, when the client asks for
//! it, and on a live connection each [`AGAIN_AFTER`], at most [`MOST_TIMES`]. At most [`MOST`]
//! messages and [`MOST_BYTES`] are kept. When there are more, the oldest that was said unasked goes
//! (updates are found again by their difference, and the client is told to look), and if there is none
//! the oldest answer; never the newest message, however large.

use std::collections::BTreeMap;
use std::time::Duration;

/// So many messages are kept.
pub(super) const MOST: usize = 1024;
/// And so many bytes of them.
pub(super) const MOST_BYTES: usize = 2 << 20;
/// After so long without an acknowledgement a message is sent again.
pub(crate) const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// So often a message is sent through one connection without being asked for.
pub(crate) const MOST_TIMES: u32 = 5;

/// Messages that are not acknowledged yet, by their identifiers.
#[derive(Default)]
pub(crate) struct Outbox {
    kept: BTreeMap<i64, Kept>,
    bytes: usize,
    /// Something that was said unasked had to go.
    has_lost: bool,
}

/// One of them.
pub(crate) struct Kept {
    pub(crate) seq_no: i32,
    pub(crate) body: Vec<u8>,
    /// The query that it answers.
    pub(crate) query: Option<i64>,
    /// When it is to be sent, first or again.
    next: Option<Duration>,
    /// How often it was sent through the present connection since it was asked for last.
    times: u32,
    /// It was sent before, through whatever connection.
    sent: bool,
    /// Only the message itself will do, no announcement.
    whole: bool,
}

impl Outbox {
    /// Keeps a message, which is due at once.
    pub(crate) fn put(&mut self, msg_id: i64, seq_no: i32, body: Vec<u8>, query: Option<i64>) {
        self.bytes += body.len();
        let next = Some(Duration::ZERO);
        let kept = Kept { seq_no, body, query, next, times: 0, sent: false, whole: false };
        self.kept.insert(msg_id, kept);
        while self.kept.len() > 1 && (self.kept.len() > MOST || self.bytes > MOST_BYTES) {
            let others = || self.kept.iter().filter(|(other, _)| **other != msg_id);
            let unasked = others().find(|(_, kept)| kept.query.is_none());
            let Some((goes, kept)) = unasked.or_else(|| others().next()) else { return };
            self.has_lost |= kept.query.is_none();
            self.remove(*goes);
        }
    }

    /// Whether something of this length that is said unasked would push nothing out.
    pub(crate) fn has_room(&self, messages: usize, bytes: usize) -> bool {
        self.kept.len() + messages <= MOST && self.bytes.saturating_add(bytes) <= MOST_BYTES
    }

    /// Whether something that was said unasked had to go since this was last asked.
    pub(crate) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.has_lost)
    }

    /// Forgets a message and returns it.
    pub(crate) fn remove(&mut self, msg_id: i64) -> Option<Kept> {
        let kept = self.kept.remove(&msg_id)?;
        self.bytes -= kept.body.len();
        Some(kept)
    }

    /// Whether a message is kept.
    pub(crate) fn contains(&self, msg_id: i64) -> bool {
        self.kept.contains_key(&msg_id)
    }

    /// Has a message sent at once, and `whole` from now on if no announcement will do. Returns
    /// whether it is kept.
    pub(crate) fn send_again(&mut self, msg_id: i64, whole: bool) -> bool {
        let Some(kept) = self.kept.get_mut(&msg_id) else { return false };
        kept.next = Some(Duration::ZERO);
        kept.times = 0;
        kept.whole |= whole;
        true
    }

    /// Has all sent again: the session speaks through another connection.
    pub(crate) fn send_all_again(&mut self) {
        for kept in self.kept.values_mut() {
            kept.next = Some(Duration::ZERO);
            kept.times = 0;
        }
    }

    /// The identifiers of those that are due, in their order.
    pub(crate) fn due(&self, now: Duration) -> Vec<i64> {
        let due = self.kept.iter().filter(|(_, kept)| kept.next.is_some_and(|next| next <= now));
        due.map(|(msg_id, _)| *msg_id).collect()
    }

    /// When the next is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.kept.values().filter_map(|kept| kept.next).min()
    }

    /// A message that is about to be sent or announced, as it was before.
    pub(crate) fn sending(&mut self, msg_id: i64, now: Duration) -> Option<Sending<'_>> {
        let kept = self.kept.get_mut(&msg_id)?;
        kept.times += 1;
        kept.next = (kept.times < MOST_TIMES).then_some(now + AGAIN_AFTER);
        let again = std::mem::replace(&mut kept.sent, true);
        let Kept { seq_no, body, query, whole, .. } = kept;
        Some(Sending { seq_no: *seq_no, body, query: *query, again, whole: *whole })
    }

    /// Identifiers of all that is kept.
    pub(crate) fn msg_ids(&self) -> impl Iterator<Item = i64> {
        self.kept.keys().copied()
    }

    /// How many messages are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Bytes of what is kept.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What goes out.
pub(crate) struct Sending<'a> {
    pub(crate) seq_no: i32,
    pub(crate) body: &'a [u8],
    pub(crate) query: Option<i64>,
    /// Not for the first time.
    pub(crate) again: bool,
    /// Only the message itself will do.
    pub(crate) whole: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_message_is_sent_again_until_it_was_often_enough() {
        let mut outbox = Outbox::default();
        outbox.put(41, 1, vec![0; 4], Some(40));
        let mut now = SECOND;
        for times in 0..MOST_TIMES {
            assert_eq!(outbox.due(now), [41]);
            assert_eq!(outbox.sending(41, now).unwrap().again, times > 0);
            assert!(outbox.due(now + AGAIN_AFTER - SECOND).is_empty());
            now += AGAIN_AFTER;
        }
        assert_eq!(outbox.next_due(), None);
        outbox.send_all_again();
        assert_eq!(outbox.next_due(), Some(Duration::ZERO));
        outbox.sending(41, now).unwrap();
        assert_eq!(outbox.next_due(), Some(now + AGAIN_AFTER));
        outbox.put(45, 3, vec![], None);
        outbox.sending(45, now - SECOND).unwrap();
        assert_eq!(outbox.next_due(), Some(now + AGAIN_AFTER - SECOND), "the earlier of two");
        outbox.remove(45);
        assert!(outbox.remove(41).is_some() && outbox.remove(41).is_none());
        assert_eq!((outbox.len(), outbox.bytes(), outbox.next_due()), (0, 0, None));
    }

    #[test]
    fn what_was_said_unasked_goes_first_and_the_newest_never() {
        let mut outbox = Outbox::default();
        let part = MOST_BYTES / 4;
        outbox.put(1, 1, vec![0; part], Some(4));
        outbox.put(3, 3, vec![0; part], None);
        outbox.put(7, 5, vec![0; part], None);
        outbox.put(9, 7, vec![0; part], Some(8));
        assert_eq!(outbox.len(), 4);
        assert!(!outbox.take_lost());
        outbox.put(13, 9, vec![0; part], Some(12));
        assert!(outbox.take_lost() && !outbox.take_lost());
        assert_eq!(outbox.msg_ids().collect::<Vec<_>>(), [1, 7, 9, 13]);
        outbox.put(17, 11, vec![0; 2 * part], Some(16));
        assert_eq!(outbox.msg_ids().collect::<Vec<_>>(), [9, 13, 17]);
        outbox.put(21, 13, vec![0; 2 * MOST_BYTES], None);
        assert_eq!(outbox.msg_ids().collect::<Vec<_>>(), [21]);
        assert!(outbox.take_lost());
        assert_eq!(outbox.bytes(), 2 * MOST_BYTES);
        assert!(!outbox.has_room(1, 0));
        outbox.put(25, 15, vec![], None);
        assert_eq!((outbox.len(), outbox.bytes()), (1, 0));
        outbox.remove(25);
        assert!(outbox.take_lost());
        for msg_id in 0..2 * MOST as i64 {
            outbox.put(100 + 4 * msg_id, 1, vec![], Some(msg_id));
        }
        assert_eq!(outbox.len(), MOST);
        assert!(!outbox.has_room(1, 0) && !outbox.contains(100));
        assert!(!outbox.take_lost(), "only answers went");
    }
}
