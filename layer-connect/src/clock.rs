//! The system's clocks, as the protocol wants them.

use std::time::{Instant, SystemTime};

use layer_mtproto::Now;

/// Reads both clocks.
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            monotonic: self.start.elapsed(),
            // A clock before 1970 is as wrong as can be; the server's time corrects it.
            wall: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
        }
    }
}
