//! The calls that have no answer yet: waiting to be sent, sent, or known to have arrived.

use std::collections::VecDeque;
use std::time::Duration;

use crate::rising::Rising;
use crate::slots::Slots;

/// A queue that has had room for more is given back when it is empty.
const KEPT: usize = 128;

/// The name of a call, given by [`Connection::call`](crate::connection::Connection::call) and never
/// given twice by one connection. Later calls have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// How many were made before it.
    number: u64,
    /// Where its entry lies.
    slot: usize,
}

/// A function to be called on the server.
///
/// ```
/// use layer_mtproto::connection::Call;
/// use layer_tl_types::{Serializable, functions};
/// let call = Call::new(functions::help::GetNearestDc {}.to_bytes()).once();
/// ```
#[derive(Clone)]
#[must_use = "a call is made by `Connection::call`"]
pub struct Call {
    pub(crate) body: Vec<u8>,
    pub(crate) once: bool,
    pub(crate) after: Vec<CallId>,
}

impl Call {
    /// A serialised function, its constructor id first, without `invokeWithLayer` and
    /// `initConnection`.
    ///
    /// Where a fault leaves open whether the server has run it, it is sent again, and the answer
    /// says so. That suits what only reads, and what carries a `random_id`.
    pub fn new(body: Vec<u8>) -> Self {
        Self { body, once: false, after: Vec::new() }
    }

    /// It is never run twice: where a fault leaves open whether the server has run it, it fails with
    /// [`Failure::Unknown`](crate::connection::Failure::Unknown).
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The server runs it after `call` (`invokeAfterMsg`), also if that one fails.
    pub fn after(mut self, call: CallId) -> Self {
        self.after.push(call);
        self
    }
}

/// Shows the constructor and the length: what is said is nobody's business.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = self.body.first_chunk().map_or(0, |id| u32::from_le_bytes(*id));
        f.debug_struct("Call")
            .field("function", &format_args!("{id:08x}"))
            .field("len", &self.body.len())
            .field("once", &self.once)
            .field("after", &self.after)
            .finish()
    }
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// To be sent under a new identifier: never sent, refused, or sent to a memory that is gone.
    Queued,
    /// To be sent once more under the identifier that it has, so that a server that has it already
    /// knows it again.
    Again,
    /// It went over a link that is gone, and must not be run twice: the server is asked first.
    Unsure,
    /// Sent.
    Sent,
    /// The server has it.
    Arrived,
}

/// A call without an answer.
#[derive(Clone)]
pub(crate) struct Entry {
    id: CallId,
    /// The function, packed if that makes it smaller.
    pub(crate) body: Vec<u8>,
    pub(crate) once: bool,
    pub(crate) after: Vec<CallId>,
    pub(crate) state: State,
    /// The message in which it was sent last.
    pub(crate) message: Option<Sent>,
    /// Identifiers under which it was sent before, and which may yet be answered.
    former: Vec<i64>,
    /// The number of the link over which it was sent first, unless the server refused it: since
    /// then it may have been run.
    pub(crate) exposed: Option<u64>,
    /// It has gone out more than once under the identifier that it has.
    pub(crate) resent: bool,
    /// It may have been run more than once.
    pub(crate) maybe_repeated: bool,
    /// How often the server has refused the message or asked for it in another form.
    pub(crate) refusals: u32,
    /// It is sent only when those before it are answered: the server would not wait for them.
    pub(crate) waits_here: bool,
    /// When it was sent or the server was asked about it, on the monotonic clock.
    pub(crate) looked_at: Duration,
}

/// The message in which a call went out.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) msg_id: i64,
    pub(crate) seq_no: i32,
    /// The packet's identifier: `msg_id`, or that of the container around it.
    pub(crate) outer: i64,
    /// The how-manyeth of all packets that was.
    pub(crate) turn: u64,
    /// The wrappers before the body.
    pub(crate) prefix: Vec<u8>,
}

/// All calls without an answer.
#[derive(Clone, Default)]
pub(crate) struct Calls {
    entries: Slots<Entry>,
    by_msg_id: Rising<CallId>,
    /// Those to be sent, [`State::Queued`] and [`State::Again`]; in the order in which they were
    /// made.
    queue: VecDeque<CallId>,
    bytes: usize,
    made: u64,
}

impl Calls {
    /// Takes a call, which then waits to be sent.
    pub(crate) fn insert(&mut self, body: Vec<u8>, once: bool, after: Vec<CallId>) -> CallId {
        let number = self.made;
        self.made += 1;
        self.bytes += body.len();
        let entry = |slot| Entry {
            id: CallId { number, slot },
            body,
            once,
            after,
            state: State::Queued,
            message: None,
            former: Vec::new(),
            exposed: None,
            resent: false,
            maybe_repeated: false,
            refusals: 0,
            waits_here: false,
            looked_at: Duration::ZERO,
        };
        let id = CallId { number, slot: self.entries.put(entry) };
        self.queue.push_back(id);
        id
    }

    /// Ends a call: nothing of it stays.
    pub(crate) fn remove(&mut self, id: CallId) -> Option<Entry> {
        self.get(id)?;
        let entry = self.entries.take(id.slot)?;
        if matches!(entry.state, State::Queued | State::Again) {
            self.dequeue(id);
        }
        self.bytes -= entry.body.len();
        let present = entry.message.as_ref().map(|sent| sent.msg_id);
        for msg_id in entry.former.iter().copied().chain(present) {
            // In a later session another call may have got the same identifier.
            self.by_msg_id.remove_if(msg_id, |call| *call == id);
        }
        Some(entry)
    }

    pub(crate) fn get(&self, id: CallId) -> Option<&Entry> {
        self.entries.get(id.slot).filter(|entry| entry.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: CallId) -> Option<&mut Entry> {
        self.entries.get_mut(id.slot).filter(|entry| entry.id == id)
    }

    /// The call that was sent in a message, now or before.
    pub(crate) fn sent_in(&self, msg_id: i64) -> Option<CallId> {
        self.by_msg_id.get(msg_id).copied()
    }

    /// A call is sent in a message.
    pub(crate) fn send(&mut self, id: CallId, message: Sent, link: u64, monotonic: Duration) {
        self.dequeue(id);
        let Some(entry) = self.entries.get_mut(id.slot).filter(|entry| entry.id == id) else {
            return;
        };
        self.by_msg_id.insert(message.msg_id, id);
        let before = entry.message.replace(message);
        let present = entry.message.as_ref().map(|sent| sent.msg_id);
        let before = before.map(|sent| sent.msg_id);
        entry.resent = before == present;
        entry.former.extend(before.filter(|_| before != present));
        entry.state = State::Sent;
        entry.exposed.get_or_insert(link);
        entry.looked_at = monotonic;
    }

    /// A call waits to be sent: [`State::Queued`] or [`State::Again`].
    pub(crate) fn enqueue(&mut self, id: CallId, state: State) {
        if let Some(entry) = self.get_mut(id) {
            // What has no message yet has none to be sent again.
            entry.state = if entry.message.is_some() { state } else { State::Queued };
            if let Err(place) = self.queue.binary_search(&id) {
                self.queue.insert(place, id);
            }
        }
    }

    /// A call that waited to be sent, or was sent, is in another state now.
    pub(crate) fn hold(&mut self, id: CallId, state: State) {
        if let Some(entry) = self.get_mut(id) {
            entry.state = state;
            self.dequeue(id);
        }
    }

    /// The oldest that waits to be sent, but for so many before it.
    pub(crate) fn queued(&self, before: usize) -> Option<CallId> {
        self.queue.get(before).copied()
    }

    fn dequeue(&mut self, id: CallId) {
        if self.queue.front() == Some(&id) {
            self.queue.pop_front();
        } else if let Ok(place) = self.queue.binary_search(&id) {
            self.queue.remove(place);
        }
        if self.queue.is_empty() && self.queue.capacity() > KEPT {
            self.queue = VecDeque::new();
        }
    }

    /// All of them, in no order that has a meaning.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Those whose entries are as asked for, the oldest first.
    pub(crate) fn which(&self, filter: impl Fn(&Entry) -> bool) -> Vec<CallId> {
        let mut which: Vec<_> =
            self.iter().filter(|entry| filter(entry)).map(|entry| entry.id).collect();
        which.sort_unstable();
        which
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn queued_len(&self) -> usize {
        self.queue.len()
    }

    /// Identifiers by which calls are found.
    pub(crate) fn msg_ids_len(&self) -> usize {
        self.by_msg_id.len()
    }

    /// Bytes of all functions.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(msg_id: i64) -> Sent {
        Sent { msg_id, seq_no: 1, outer: msg_id, turn: 0, prefix: Vec::new() }
    }

    #[test]
    fn a_call_that_ends_leaves_nothing() {
        let mut calls = Calls::default();
        let ids = [0, 4, 8].map(|len| calls.insert(vec![0; len], false, Vec::new()));
        assert_eq!((calls.len(), calls.queued_len(), calls.bytes()), (3, 3, 12));
        calls.send(ids[0], message(40), 1, Duration::ZERO);
        calls.send(ids[1], message(44), 1, Duration::ZERO);
        calls.enqueue(ids[0], State::Queued);
        calls.send(ids[0], message(48), 2, Duration::ZERO);
        assert_eq!(calls.sent_in(40), Some(ids[0]));
        assert_eq!(calls.sent_in(48), Some(ids[0]));
        assert_eq!(calls.get(ids[0]).unwrap().exposed, Some(1));
        for id in ids {
            assert!(calls.remove(id).is_some() && calls.remove(id).is_none());
        }
        let left = [calls.len(), calls.queued_len(), calls.msg_ids_len(), calls.bytes()];
        assert_eq!(left, [0; 4]);
    }

    #[test]
    fn the_room_of_a_long_queue_is_given_back_and_that_of_a_short_one_kept() {
        for (count, is_kept) in [(KEPT, true), (KEPT + 1, false)] {
            let mut calls = Calls::default();
            calls.queue.reserve_exact(count);
            let ids: Vec<_> = (0..count).map(|_| calls.insert(Vec::new(), true, vec![])).collect();
            for (n, id) in ids.into_iter().enumerate() {
                calls.send(id, message(4 * n as i64), 1, Duration::ZERO);
            }
            assert_eq!(calls.queue.capacity() > 0, is_kept, "{count}");
        }
    }

    #[test]
    fn an_identifier_that_another_call_has_now_stays_that_calls() {
        let mut calls = Calls::default();
        let ids = [0, 4].map(|len| calls.insert(vec![0; len], false, Vec::new()));
        calls.send(ids[0], message(40), 1, Duration::ZERO);
        calls.enqueue(ids[0], State::Queued);
        calls.send(ids[1], message(40), 2, Duration::ZERO);
        assert!(calls.remove(ids[0]).is_some());
        assert_eq!(calls.sent_in(40), Some(ids[1]));
        assert!(calls.remove(ids[1]).is_some());
        assert_eq!(calls.msg_ids_len(), 0);
    }

    #[test]
    fn what_is_sent_again_comes_before_what_was_called_later() {
        let mut calls = Calls::default();
        let ids = [1, 2, 3].map(|_| calls.insert(vec![0; 4], false, Vec::new()));
        let queued =
            |calls: &Calls| (0..).map_while(|before| calls.queued(before)).collect::<Vec<_>>();
        calls.send(ids[0], message(40), 1, Duration::ZERO);
        assert_eq!(queued(&calls), [ids[1], ids[2]]);
        calls.enqueue(ids[0], State::Again);
        assert_eq!(queued(&calls), ids);
        calls.enqueue(ids[1], State::Again);
        assert_eq!(calls.get(ids[1]).unwrap().state, State::Queued, "it was never sent");
        calls.hold(ids[0], State::Unsure);
        assert_eq!(queued(&calls), [ids[1], ids[2]]);
    }

    #[test]
    fn a_name_is_not_that_of_a_later_call_in_the_same_place() {
        let mut calls = Calls::default();
        let mut ids = vec![calls.insert(vec![0; 4], false, Vec::new())];
        for _ in 0..3 {
            assert!(calls.remove(*ids.last().unwrap()).is_some());
            ids.push(calls.insert(vec![0; 4], false, Vec::new()));
        }
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(ids[..3].iter().all(|id| calls.get(*id).is_none() && calls.remove(*id).is_none()));
        assert!(calls.get(ids[3]).is_some());
    }

    #[test]
    fn the_oldest_come_first_wherever_they_lie() {
        let mut calls = Calls::default();
        let ids = [1, 2, 3].map(|_| calls.insert(vec![0; 4], false, Vec::new()));
        assert!(calls.remove(ids[0]).is_some());
        let last = calls.insert(vec![0; 4], false, Vec::new());
        assert_eq!(calls.which(|_| true), [ids[1], ids[2], last]);
    }

    #[test]
    fn debug_shows_the_function_and_not_what_it_says() {
        let mut body = 0x1234_5678_u32.to_le_bytes().to_vec();
        body.extend([0x5a; 8]);
        let text = format!("{:?}", Call::new(body));
        assert!(text.contains("12345678") && text.contains("12") && !text.contains("90"), "{text}");
    }
}
