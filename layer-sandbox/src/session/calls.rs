//! Queries that have come and are not answered yet: executed ones whose answers are held back, and
//! ones that wait for others (`invokeAfterMsg`, api/invoking).
//!
//! At most [`MOST_RUNNING`] answers are held back; further ones go out at once. At most
//! [`MOST_WAITING`] queries wait, with at most [`MOST_WAITING_BYTES`]; further ones are refused.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::router::RpcError;

/// So many answers are held back.
pub(crate) const MOST_RUNNING: usize = 256;
/// So many queries wait for others.
pub(crate) const MOST_WAITING: usize = 256;
/// And so many bytes of them.
pub(crate) const MOST_WAITING_BYTES: usize = 2 << 20;
/// So long a query waits for others.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// Queries without an answer.
#[derive(Default)]
pub(crate) struct Calls {
    running: BTreeMap<i64, Running>,
    /// In the order in which they came.
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
}

struct Running {
    due: Duration,
    answer: Result<Vec<u8>, RpcError>,
}

/// A query that waits for others.
pub(crate) struct Waiting {
    pub(crate) msg_id: i64,
    pub(crate) after: Vec<i64>,
    /// Without its wrappers.
    pub(crate) query: Vec<u8>,
    /// When it has waited long enough.
    pub(crate) until: Duration,
}

impl Waiting {
    fn bytes(&self) -> usize {
        self.query.len() + 8 * self.after.len()
    }
}

impl Calls {
    /// Holds an answer back until it is due; gives it back if too many are.
    pub(crate) fn answer_later(
        &mut self,
        msg_id: i64,
        due: Duration,
        answer: Result<Vec<u8>, RpcError>,
    ) -> Result<(), Result<Vec<u8>, RpcError>> {
        if self.running.len() >= MOST_RUNNING {
            return Err(answer);
        }
        self.running.insert(msg_id, Running { due, answer });
        Ok(())
    }

    /// Puts another answer in the place of one that is held back, and has it go out at once. Returns
    /// whether there is one.
    pub(crate) fn settle(&mut self, msg_id: i64, answer: Result<Vec<u8>, RpcError>) -> bool {
        let running = self.running.get_mut(&msg_id);
        running.map(|running| *running = Running { due: Duration::ZERO, answer }).is_some()
    }

    /// The answer that is due first, with its query.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<(i64, Result<Vec<u8>, RpcError>)> {
        let first = self.running.iter().min_by_key(|(msg_id, running)| (running.due, **msg_id));
        let msg_id = first.filter(|(_, running)| running.due <= now).map(|(msg_id, _)| *msg_id)?;
        self.running.remove(&msg_id).map(|running| (msg_id, running.answer))
    }

    /// Lets a query wait. Returns whether there is room.
    pub(crate) fn wait(&mut self, waiting: Waiting) -> bool {
        let bytes = self.waiting_bytes.saturating_add(waiting.bytes());
        let room = self.waiting.len() < MOST_WAITING && bytes <= MOST_WAITING_BYTES;
        if room {
            self.waiting_bytes = bytes;
            self.waiting.push_back(waiting);
        }
        room
    }

    /// Takes out the first of the waiting queries for which it is decided how it goes on.
    pub(crate) fn pop_decided<T>(
        &mut self,
        mut decide: impl FnMut(&Waiting) -> Option<T>,
    ) -> Option<(Waiting, T)> {
        let mut waiting = self.waiting.iter().enumerate();
        let (at, decision) = waiting.find_map(|(at, waiting)| Some((at, decide(waiting)?)))?;
        self.remove_waiting(at).map(|waiting| (waiting, decision))
    }

    /// Forgets a query that has no answer yet. Returns whether it would have succeeded, if there
    /// was one.
    pub(crate) fn drop_call(&mut self, msg_id: i64) -> Option<bool> {
        if let Some(running) = self.running.remove(&msg_id) {
            return Some(running.answer.is_ok());
        }
        let at = self.waiting.iter().position(|waiting| waiting.msg_id == msg_id)?;
        self.remove_waiting(at).map(|_| false)
    }

    fn remove_waiting(&mut self, at: usize) -> Option<Waiting> {
        let waiting = self.waiting.remove(at)?;
        self.waiting_bytes -= waiting.bytes();
        Some(waiting)
    }

    /// When something is to be done.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let running = self.running.values().map(|running| running.due);
        running.chain(self.waiting.iter().map(|waiting| waiting.until)).min()
    }

    /// How many queries have no answer yet.
    pub(crate) fn len(&self) -> usize {
        self.running.len() + self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn answers_are_due_in_the_order_of_their_times() {
        let mut calls = Calls::default();
        for (msg_id, due) in [(4, 3), (8, 1), (12, 1)] {
            calls.answer_later(msg_id, due * SECOND, Ok(vec![])).unwrap();
        }
        assert_eq!(calls.next_due(), Some(SECOND));
        let mut due = |seconds| calls.pop_due(seconds * SECOND).map(|(msg_id, _)| msg_id);
        assert_eq!(
            [due(0), due(2), due(2), due(2), due(3)],
            [None, Some(8), Some(12), None, Some(4)]
        );
        assert_eq!((calls.len(), calls.next_due()), (0, None));
    }

    #[test]
    fn an_answer_that_is_held_back_can_be_settled_before() {
        let mut calls = Calls::default();
        calls.answer_later(4, 10 * SECOND, Ok(vec![1])).unwrap();
        assert!(!calls.settle(8, Ok(vec![2])));
        assert!(calls.settle(4, Ok(vec![2])));
        assert_eq!(calls.pop_due(Duration::ZERO), Some((4, Ok(vec![2]))));
        assert!(!calls.settle(4, Ok(vec![3])));
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_bytes() {
        let mut calls = Calls::default();
        let waiting = |msg_id, len| Waiting {
            msg_id,
            after: vec![1; 100],
            query: vec![0; len],
            until: SECOND,
        };
        assert!(!calls.wait(waiting(4, MOST_WAITING_BYTES)));
        assert!(calls.wait(waiting(4, MOST_WAITING_BYTES - 800)));
        assert!(!calls.wait(waiting(8, 0)));
        assert_eq!(calls.drop_call(4), Some(false));
        for msg_id in 0..MOST_WAITING as i64 {
            assert!(calls.wait(waiting(msg_id, 4)));
        }
        assert!(!calls.wait(waiting(4, 4)));
        while calls.pop_decided(|_| Some(())).is_some() {}
        assert_eq!((calls.len(), calls.waiting_bytes), (0, 0));
        for msg_id in 0..MOST_RUNNING as i64 {
            calls.answer_later(msg_id, SECOND, Ok(vec![])).unwrap();
        }
        assert_eq!(calls.answer_later(-1, SECOND, Ok(vec![5])), Err(Ok(vec![5])));
    }
}
