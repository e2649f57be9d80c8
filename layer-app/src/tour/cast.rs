//! Who takes part: clients of the tour's Telegram, with what they hear.

use std::sync::Arc;

use layer_client::session::InMemoryBackend;
use layer_client::types::Message;
use layer_client::update::{Update, UpdateStream};
use layer_client::{Client, Config, ShutdownToken};
use layer_sandbox::Sandbox;

use super::Trouble;

/// A client and what it hears.
pub(super) struct Player {
    pub(super) client: Client,
    pub(super) updates: UpdateStream,
    session: Arc<InMemoryBackend>,
    shutdown: ShutdownToken,
}

impl Player {
    /// Connects a new client.
    pub(super) async fn connect(sandbox: &Sandbox) -> Result<Self, Trouble> {
        Self::with(sandbox, Arc::default()).await
    }

    /// Connects with a session that there was before, and hears what was missed.
    pub(super) async fn again(self, sandbox: &Sandbox) -> Result<Self, Trouble> {
        Self::with(sandbox, self.session).await
    }

    async fn with(sandbox: &Sandbox, session: Arc<InMemoryBackend>) -> Result<Self, Trouble> {
        let config = Config {
            session_backend: Some(session.clone()),
            api_id: 1,
            api_hash: "sandbox".to_owned(),
            dc_addr: Some(sandbox.address(sandbox.home()).to_string()),
            server_keys: vec![sandbox.public_key_pem()],
            catch_up: true,
            ..Config::default()
        };
        let (client, shutdown) = Client::connect(config).await?;
        let updates = client.stream_updates();
        Ok(Self { client, updates, session, shutdown })
    }

    /// Ends the client and waits until it has ended.
    pub(super) async fn leave(&self) {
        self.shutdown.cancel();
        self.shutdown.closed().await;
    }

    /// The next update in which something is found; others are passed over.
    pub(super) async fn hears<T>(
        &mut self,
        mut find: impl FnMut(Update) -> Option<T>,
    ) -> Result<T, Trouble> {
        while let Some(update) = self.updates.next().await {
            if let Some(found) = find(update) {
                return Ok(found);
            }
        }
        Err(Trouble::Unexpected("its updates have ended".to_owned()))
    }

    /// The next message of somebody else.
    pub(super) async fn hears_message(&mut self) -> Result<Message, Trouble> {
        self.hears(|update| match update {
            Update::NewMessage(message) if !message.outgoing() && message.text().is_some() => {
                Some(message)
            }
            _ => None,
        })
        .await
    }
}
