//! What time it is for a link, and how long it waits before it is dialled again.

use std::sync::Arc;
use std::time::Duration;

use layer_mtproto::Now;
use rand_core::CryptoRng;
use tokio::time::Instant;

/// Both clocks: the runtime's, which tests may drive, and the wall's.
#[derive(Clone)]
pub(crate) struct Clock {
    pub(crate) start: Instant,
    pub(crate) wall: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    pub(crate) fn now(&self) -> Now {
        Now { monotonic: self.start.elapsed(), wall: (self.wall)() }
    }
}

/// How long to wait before dialling again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) last: Duration,
}

impl Backoff {
    /// Doubled with each failure, and up to a fifth more or less, so that many clients don't come
    /// back at one moment.
    pub(super) fn wait(self, failures: u32, rng: &mut dyn CryptoRng) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.min(16)).min(self.last);
        doubled.mul_f64(0.8 + 0.4 * f64::from(rng.next_u32()) / f64::from(u32::MAX))
    }
}
