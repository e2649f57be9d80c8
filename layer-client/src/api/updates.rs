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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::sync::Arc;
    /// use layer_client::{Client, update::Update};
    ///
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// # let (bot, token) = sandbox.world().add_bot("Echo", "echo_bot");
    /// # let session = Arc::new(layer_client::session::InMemoryBackend::default());
    /// # let builder = Client::builder().api(1, "hash").session_backend(session);
    /// # let builder = builder.dc_addr(sandbox.address(2).to_string());
    /// # let builder = builder.server_key(sandbox.public_key_pem());
    /// # let (client, _shutdown) = builder.connect().await?;
    /// # client.bot_sign_in(&token).await?;
    /// let mut updates = client.stream_updates();
    /// # let alice = sandbox.user("Alice").await;
    /// # alice.send(layer_sandbox::Peer::User(bot), "Hello").await?;
    /// while let Some(update) = updates.next().await {
    ///     if let Update::NewMessage(message) = update
    ///         && !message.outgoing()
    ///     {
    ///         assert_eq!(message.text(), Some("Hello"));
    ///         message.respond("Hello yourself").await?;
    /// #       break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
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
