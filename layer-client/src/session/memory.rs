//! A session that ends with the process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{BoxFuture, Change, SavedSession, SessionBackend, SessionError};

/// Keeps a session in memory: for tests, and for logins that shall leave no trace.
///
/// ```
/// use layer_client::session::{Change, InMemoryBackend, SessionBackend};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), layer_client::session::SessionError> {
/// let backend = InMemoryBackend::default();
/// backend.save(&[Change::HomeDc(4)]).await?;
/// assert_eq!(backend.session().home_dc, Some(4));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct InMemoryBackend {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: SavedSession,
    is_closed: bool,
}

impl InMemoryBackend {
    /// With a session to begin with.
    pub fn new(session: SavedSession) -> Self {
        Self { state: Mutex::new(State { session, is_closed: false }) }
    }

    /// What is saved at this moment.
    pub fn session(&self) -> SavedSession {
        self.state().session.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionBackend for InMemoryBackend {
    fn load(&self) -> BoxFuture<'_, Result<SavedSession, SessionError>> {
        Box::pin(async {
            let mut state = self.state();
            state.is_closed = false;
            Ok(state.session.clone())
        })
    }

    fn save<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<(), SessionError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.is_closed {
                return Err(SessionError::Closed);
            }
            changes.iter().for_each(|change| state.session.apply(change));
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(async {
            self.state().is_closed = true;
            Ok(())
        })
    }
}
