//! From what was said on the command line to a client.

use layer_client::{Client, Config, ShutdownToken};
use layer_sandbox::keys::well_known_key;

use crate::arguments::Account;
use crate::failure::Failure;

/// A client, until [`Connected::close`].
pub(crate) struct Connected {
    pub(crate) client: Client,
    shutdown: ShutdownToken,
}

impl Account {
    /// Connects, whoever is logged in.
    pub(crate) async fn connect(&self) -> Result<Connected, Failure> {
        self.connect_with(false).await
    }

    /// Connects as somebody who is logged in.
    pub(crate) async fn log_on(&self, catch_up: bool) -> Result<Connected, Failure> {
        let connected = self.connect_with(catch_up).await?;
        if connected.client.is_authorized().await? {
            Ok(connected)
        } else {
            Err(Failure::NotLoggedIn)
        }
    }

    async fn connect_with(&self, catch_up: bool) -> Result<Connected, Failure> {
        let config = Config { catch_up, ..self.config()? };
        let (client, shutdown) = Client::connect(config).await?;
        Ok(Connected { client, shutdown })
    }

    fn config(&self) -> Result<Config, Failure> {
        let session_path = self.session.clone().unwrap_or_else(|| {
            // A sandbox's login is of no use elsewhere, and must not take another's place.
            if self.sandbox.is_some() { "sandbox.session" } else { "layer.session" }.into()
        });
        let config = Config {
            session_path,
            device_model: "layer on the command line".to_owned(),
            ..Config::default()
        };
        if let Some(address) = self.sandbox {
            let key = well_known_key().public().to_pem();
            let (api_id, api_hash) = (1, "sandbox".to_owned());
            let dc_addr = Some(address.to_string());
            return Ok(Config { api_id, api_hash, dc_addr, server_keys: vec![key], ..config });
        }
        match (self.api_id, &self.api_hash) {
            (Some(api_id), Some(api_hash)) => {
                Ok(Config { api_id, api_hash: api_hash.clone(), ..config })
            }
            _ => Err(Failure::NoCredentials),
        }
    }
}

impl Connected {
    /// Lets everything that was begun end, and the session be saved.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        let saved = self.client.save_session().await;
        self.shutdown.cancel();
        self.shutdown.closed().await;
        Ok(saved?)
    }
}
