//! The keys of a connection: the permanent one, which is the login, and temporary ones
//! (core api/pfs).

use std::sync::Arc;
use std::time::Duration;

use layer_crypto::AuthKey;

/// A permanent key is not everywhere at once: so long after it was agreed, a server that does not
/// know it may only be slow.
const SPREADING: Duration = Duration::from_secs(60);

/// The keys, and how sure we are of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    pub(super) permanent: Option<Arc<AuthKey>>,
    /// When the permanent key was agreed, if it was here; on the monotonic clock.
    pub(super) agreed_at: Option<Duration>,
    pub(super) temporary: Option<Temporary>,
    /// The one after it, agreed and not in use yet.
    pub(super) next: Option<Next>,
    /// The temporary key that was in use before: what still comes under it is let pass.
    pub(super) retired: Option<i64>,
    /// Somebody said that the permanent key is not known: it is to be found out, by binding a
    /// temporary one to it.
    pub(super) in_doubt: bool,
    /// It is to be destroyed, which the server does under itself only.
    pub(super) is_unwanted: bool,
    /// It is gone, by the server's own authenticated word.
    pub(super) is_dead: bool,
}

/// A temporary key.
#[derive(Debug, Clone)]
pub(super) struct Temporary {
    pub(super) key: Arc<AuthKey>,
    pub(super) is_bound: bool,
    /// Unix time of the server.
    pub(super) expires_at: i32,
    /// When the next is to be agreed; unix time of the server.
    pub(super) renew_at: i64,
}

/// A temporary key that waits until the calls under the one before are answered.
#[derive(Clone)]
pub(super) struct Next {
    pub(super) temporary: Temporary,
    pub(super) first_salt: i64,
    /// It waits so long at most, on the monotonic clock.
    pub(super) until: Duration,
}

/// Without the salt.
impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Next")
            .field("temporary", &self.temporary)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Temporary {
    /// A key that is not bound yet; `now` is unix time of the server.
    pub(super) fn new(key: AuthKey, expires_at: i32, now: i64) -> Self {
        let lifetime = i64::from(expires_at) - now;
        let renew_at = i64::from(expires_at) - (lifetime / 4).min(3600);
        Self { key: Arc::new(key), is_bound: false, expires_at, renew_at }
    }
}

impl Keys {
    /// Whether messages go under a temporary key.
    pub(super) fn are_temporary(&self, forward_secrecy: bool) -> bool {
        (forward_secrecy || self.in_doubt) && !self.is_unwanted
    }

    /// The key under which messages go; `None` if it is to be agreed first.
    pub(super) fn in_use(&self, forward_secrecy: bool) -> Option<&Arc<AuthKey>> {
        let permanent = self.permanent.as_ref()?;
        if self.are_temporary(forward_secrecy) {
            self.temporary.as_ref().map(|temporary| &temporary.key)
        } else {
            Some(permanent)
        }
    }

    /// Gives up the temporary keys. That costs an exchange and no login.
    pub(super) fn drop_temporary(&mut self) {
        self.next = None;
        self.retired = self.temporary.take().map(|temporary| temporary.key.id());
    }

    /// Whether the permanent key is so new that not every server may know it.
    pub(super) fn is_spreading(&self, monotonic: Duration) -> bool {
        self.agreed_at.is_some_and(|at| monotonic < at + SPREADING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_key_nor_salt_of_a_temporary_key_that_waits() {
        let first_salt = 0x0123_4567_89ab_cdef;
        let temporary = Temporary::new(AuthKey::from_bytes(&[0xa7; 256]), 7, 0);
        let next = Next { temporary, first_salt, until: Duration::ZERO };
        let text = format!("{next:?}");
        assert!(text.starts_with("Next { temporary: Temporary"), "{text}");
        let secrets = [first_salt.to_string(), format!("{first_salt:x}"), "a7a7".to_owned()];
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
        assert!(!text.contains("167, 167"), "{text}");
    }
}
