//! Who waits for which call of a link.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use layer_mtproto::connection::CallId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::link::Answered;
use crate::updates::Asked;

/// Somebody who waits.
pub(super) struct Waiting {
    /// By which the handle knows the call.
    pub(super) number: u64,
    pub(super) asked: Asked,
    pub(super) answer: oneshot::Sender<Answered>,
    pub(super) since: Instant,
}

/// All of them.
#[derive(Default)]
pub(super) struct WaitingCalls(BTreeMap<CallId, Waiting>);

impl WaitingCalls {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn put(&mut self, call: CallId, waiting: Waiting) {
        self.0.insert(call, waiting);
    }

    pub(super) fn take(&mut self, call: CallId) -> Option<Waiting> {
        self.0.remove(&call)
    }

    /// Takes those with these numbers. All are looked through for them: it is rare, and a second table
    /// would cost each call.
    pub(super) fn give_up(&mut self, numbers: &BTreeSet<u64>) -> Vec<(CallId, Waiting)> {
        self.0.extract_if(.., |_, waiting| numbers.contains(&waiting.number)).collect()
    }

    /// The calls of those who have waited so long.
    pub(super) fn late(&self, timeout: Duration) -> impl Iterator<Item = CallId> {
        let late = self.0.iter().filter(move |(_, waiting)| waiting.since.elapsed() >= timeout);
        late.map(|(call, _)| *call)
    }
}
