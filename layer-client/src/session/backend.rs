//! Whoever keeps a session.

use std::pin::Pin;

use super::{Change, SavedSession, SessionError};

/// A future in a box, as methods of trait objects return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Keeps a session: a file, a database, memory. Used as `Arc<dyn SessionBackend>`.
///
/// A client loads once, saves what changes as it changes, and closes at its end. It is the only one
/// that uses the backend meanwhile.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use layer_client::session::{BoxFuture, Change, SavedSession, SessionBackend, SessionError};
///
/// /// Keeps nothing beyond the process.
/// #[derive(Default)]
/// struct Mine(Mutex<SavedSession>);
///
/// impl SessionBackend for Mine {
///     fn load(&self) -> BoxFuture<'_, Result<SavedSession, SessionError>> {
///         Box::pin(async { Ok(self.0.lock().unwrap().clone()) })
///     }
///
///     fn save<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<(), SessionError>> {
///         Box::pin(async move {
///             let mut session = self.0.lock().unwrap();
///             changes.iter().for_each(|change| session.apply(change));
///             Ok(())
///         })
///     }
///
///     fn close(&self) -> BoxFuture<'_, Result<(), SessionError>> {
///         Box::pin(async { Ok(()) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SessionError> {
/// let backend: Arc<dyn SessionBackend> = Arc::new(Mine::default());
/// backend.save(&[Change::HomeDc(2)]).await?;
/// assert_eq!(backend.load().await?.home_dc, Some(2));
/// # Ok(())
/// # }
/// ```
pub trait SessionBackend: Send + Sync + 'static {
    /// Gives all that is saved; the default of [`SavedSession`] if nothing was yet. Opens what must
    /// be opened, also after [`SessionBackend::close`].
    ///
    /// May be dropped at any time.
    ///
    /// # Errors
    ///
    /// If it can't be read, or is in use elsewhere. What is saved is left as it is.
    fn load(&self) -> BoxFuture<'_, Result<SavedSession, SessionError>>;

    /// Saves these changes, in their order, as one: after a crash all of them are there or none is.
    /// When it returns they are durable. What several futures save is kept in the order in which
    /// they were first polled.
    ///
    /// May be dropped at any time: then the changes are saved, all or none. A future that was never
    /// polled saves nothing.
    ///
    /// # Errors
    ///
    /// If it can't be written: what was saved before is still there. As each change sets what it
    /// names, the same may be saved again.
    fn save<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<(), SessionError>>;

    /// Waits for what is being saved and lets go of what is held: afterwards another may open it.
    /// Saving is an error from then on, until it is loaded again.
    ///
    /// May be dropped at any time; it is closed nevertheless once it has been polled.
    ///
    /// # Errors
    ///
    /// If what was under way could not be finished.
    fn close(&self) -> BoxFuture<'_, Result<(), SessionError>>;
}
