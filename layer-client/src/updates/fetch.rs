//! A difference that is fetched, or will be, and what must not be taken for old when it comes.

use std::time::Duration;

/// After a failure a difference is fetched again, first so soon, then later and later.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// Whether a difference is under way, or when it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fetch {
    pub(super) under_way: bool,
    /// Nothing is known of the account yet: its state is asked for, and no difference.
    pub(super) for_state: bool,
    /// Something was missed since it began: it is to be done once more.
    pub(super) again: bool,
    pub(super) retry_at: Option<Duration>,
    pub(super) failures: u32,
}

impl Fetch {
    pub(super) fn failed(&mut self, now: Duration) {
        let wait = FIRST_RETRY.saturating_mul(1 << self.failures.min(6)).min(LAST_RETRY);
        self.under_way = false;
        self.failures += 1;
        self.retry_at = Some(now + wait);
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.under_way && self.retry_at.is_none()
    }
}

/// The lowest places seen while the state was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Floor {
    pub(super) pts: Option<i32>,
    pub(super) qts: Option<i32>,
    pub(super) seq: Option<i32>,
}

/// The lower of a place and what may be a lower one.
pub(super) fn lower(at: i32, floor: Option<i32>) -> i32 {
    floor.map_or(at, |floor| floor.min(at))
}
