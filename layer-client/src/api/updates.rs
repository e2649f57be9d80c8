//! Updates: streams of them, and whether any were missed.

use layer_tl_types::functions;

use crate::client::Client;
use crate::update::UpdateStream;
use crate::{InvocationError, updates};

impl Client {
    /// A stream of all that the server says from now on. There may be several; each gets everything.
    /// The first also gets what has come since the client logged in, or since what was acknowledged
    /// last with [`Config::catch_up`](crate::Config::catch_up).
    ///
    /// While no stream is there nothing is fetched and nothing acknowledged: the next one goes on
    /// where the last has ended.
    ///
    /// ```
    /// use layer_client::{Client, InvocationError, update::Update};
    ///
    /// async fn echo(client: Client) -> Result<(), InvocationError> {
    ///     let mut updates = client.stream_updates();
    ///     while let Some(update) = updates.next().await {
    ///         if let Update::NewMessage(message) = update {
    ///             tracing::info!(id = message.id(), "a message has come");
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn stream_updates(&self) -> UpdateStream {
        self.inner.feed.stream(Some(self.downgrade()))
    }

    /// Asks the server how far it is (`updates.getState`) and fetches what lies between that and us.
    /// Nothing is skipped: what comes of it is delivered as all updates are. Returns when it has been
    /// fetched, or when it waits for a slow stream, or for one to be made.
    ///
    /// May be dropped midway: it is fetched nevertheless.
    ///
    /// # Errors
    /// Any [`InvocationError`] of asking.
    pub async fn sync_update_state(&self) -> Result<(), InvocationError> {
        let state = self.invoke(&functions::updates::GetState {}).await?;
        self.inner.feed.sync(updates::state(state)).await;
        Ok(())
    }
}
