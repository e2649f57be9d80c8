//! From what was said on the command line to a client, and to its orderly end.

use std::path::PathBuf;

use layer_client::{Client, Config};
use layer_sandbox::keys::well_known_key;

use crate::arguments::Account;
use crate::failure::Failure;
use crate::proxy;

/// What a sandbox takes for an application.
const SANDBOX_API: (i32, &str) = (1, "sandbox");

impl Account {
    /// Does something as whoever is logged in.
    pub(crate) async fn logged_in<T>(
        &self,
        work: impl AsyncFnOnce(&Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        logged_in(self.config()?, work).await
    }

    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let config = Config {
            session_path: self.session_path(),
            device_model: "layer on the command line".to_owned(),
            proxy: self.proxy.as_deref().map(proxy::read).transpose()?,
            ..Config::default()
        };
        let config = match self.timeout {
            Some(timeout) => Config { connect_timeout: timeout, rpc_timeout: timeout, ..config },
            None => config,
        };
        if let Some(address) = self.sandbox {
            let (api_id, api_hash) = (SANDBOX_API.0, SANDBOX_API.1.to_owned());
            let (dc_addr, server_keys) = (Some(address.to_string()), vec![self.key_pem()?]);
            return Ok(Config { api_id, api_hash, dc_addr, server_keys, ..config });
        }
        match (self.api_id, self.api_hash.clone()) {
            (Some(api_id), Some(api_hash)) => Ok(Config { api_id, api_hash, ..config }),
            _ => Err(Failure::NoCredentials),
        }
    }

    fn session_path(&self) -> PathBuf {
        self.session.clone().unwrap_or_else(|| {
            // A sandbox's login is of no use elsewhere, and must not take another's place.
            if self.sandbox.is_some() { "sandbox.session" } else { "layer.session" }.into()
        })
    }

    /// The key of the sandbox.
    fn key_pem(&self) -> Result<String, Failure> {
        let Some(path) = &self.key else { return Ok(well_known_key().public().to_pem()) };
        std::fs::read_to_string(path).map_err(|error| Failure::Key { path: path.clone(), error })
    }
}

/// Does something as whoever is logged in.
pub(crate) async fn logged_in<T>(
    config: Config,
    work: impl AsyncFnOnce(&Client) -> Result<T, Failure>,
) -> Result<T, Failure> {
    connected(config, async |client| {
        if client.is_authorized().await? { work(client).await } else { Err(Failure::NotLoggedIn) }
    })
    .await
}

/// Connects and does something. Whatever comes of it, what was begun ends and the session is saved.
pub(crate) async fn connected<T>(
    config: Config,
    work: impl AsyncFnOnce(&Client) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (client, shutdown) = Client::connect(config).await?;
    let done = work(&client).await;
    let saved = client.save_session().await;
    shutdown.cancel();
    shutdown.closed().await;
    let done = done?;
    saved?;
    Ok(done)
}
