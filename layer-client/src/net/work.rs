//! Computations that take more than a moment, run where they hold up nobody.

use std::sync::Arc;

use layer_mtproto::Now;
use layer_mtproto::connection::{Work, WorkDone};
use tokio::sync::oneshot;

/// Runs a computation where it holds up nobody.
pub(crate) type Blocking = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;

/// The one that is under way, if any is.
#[derive(Default)]
pub(super) struct Computation(Option<oneshot::Receiver<WorkDone>>);

impl Computation {
    /// Begins one. What was under way is not wanted any more.
    pub(super) fn begin(&mut self, work: Work, blocking: &Blocking, now: Now, seed: [u8; 32]) {
        let (sender, receiver) = oneshot::channel();
        blocking(Box::new(move || {
            let mut rng = crate::random::seeded(seed);
            // If the link is lost meanwhile, nobody wants it.
            let _ = sender.send(work.run(now, &mut rng));
        }));
        self.0 = Some(receiver);
    }

    /// What has come of it; never ends while none is under way. May be dropped midway.
    pub(super) async fn done(&mut self) -> Option<WorkDone> {
        let Some(receiver) = &mut self.0 else { return std::future::pending().await };
        let done = receiver.await;
        self.0 = None;
        done.ok()
    }
}
