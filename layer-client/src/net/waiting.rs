//! Who waits for which call of a link.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::Poll;
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
pub(super) struct WaitingCalls {
    calls: BTreeMap<CallId, Waiting>,
    /// Whether somebody was taken out since it was last looked.
    were_taken: bool,
}

impl WaitingCalls {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn put(&mut self, call: CallId, waiting: Waiting) {
        self.calls.insert(call, waiting);
    }

    /// Takes whoever waits for this call, to be given the answer.
    pub(super) fn take(&mut self, call: CallId) -> Option<Waiting> {
        self.were_taken = true;
        self.calls.remove(&call)
    }

    /// Lets those run who were given their answers since: what they call next goes out in one packet. Gives
    /// whether there were any. May be dropped midway.
    pub(super) async fn let_them_call(&mut self) -> bool {
        let were_taken = std::mem::take(&mut self.were_taken);
        let mut has_waited = !were_taken;
        poll_fn(|context| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(());
            }
            // Behind all who were woken before.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        were_taken
    }

    /// Takes those with these numbers. All are looked through for them: it is rare, and a second table
    /// would cost each call.
    pub(super) fn give_up(&mut self, numbers: &BTreeSet<u64>) -> Vec<(CallId, Waiting)> {
        self.calls.extract_if(.., |_, waiting| numbers.contains(&waiting.number)).collect()
    }

    /// The calls of those who have waited so long.
    pub(super) fn late(&self, timeout: Duration) -> impl Iterator<Item = CallId> {
        let late = self.calls.iter().filter(move |(_, waiting)| waiting.since.elapsed() >= timeout);
        late.map(|(call, _)| *call)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn those_who_were_woken_before_run_first() {
        let mut waiting = WaitingCalls::default();
        assert!(!waiting.let_them_call().await);
        let has_run = Arc::new(AtomicBool::default());
        let other = Arc::clone(&has_run);
        tokio::spawn(async move { other.store(true, Ordering::Relaxed) });
        waiting.were_taken = true;
        assert!(waiting.let_them_call().await);
        assert!(has_run.load(Ordering::Relaxed));
        assert!(!waiting.let_them_call().await);
    }
}
