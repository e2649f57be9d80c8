//! A login by QR code under way.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use layer_tl_types::{enums, functions};
use tokio::time::{Instant, sleep_until};

use super::SignInError;
use crate::{Client, InvocationError};

/// A token is shown so long at least and at most, whatever the clocks say.
const LEAST: Duration = Duration::from_secs(3);
const MOST: Duration = Duration::from_secs(300);
/// What stands before the token.
const PREFIX: &str = "tg://login?token=";

/// A login by QR code under way.
pub struct QrLogin {
    client: Client,
    token: Vec<u8>,
    until: Instant,
    signed_in: Option<String>,
}

/// What has become of a code that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QrState {
    /// Nobody has scanned it in time: [`QrLogin::url`] is another one now.
    Renewed,
    /// It was scanned and accepted: the user of this name is logged in.
    SignedIn(String),
}

/// The token in what a QR code shows.
pub(crate) fn token_of(url: &str) -> Result<Vec<u8>, InvocationError> {
    let token = url.trim().strip_prefix(PREFIX).unwrap_or(url.trim());
    let token = BASE64_URL_SAFE_NO_PAD.decode(token.trim_end_matches('='));
    token.map_err(|_| InvocationError::NotALoginUrl)
}

impl QrLogin {
    /// Begins one.
    pub(crate) async fn begin(client: Client) -> Result<Self, SignInError> {
        let mut login = Self { client, token: Vec::new(), until: Instant::now(), signed_in: None };
        login.export().await?;
        Ok(login)
    }

    /// What to show as a QR code. It is good for half a minute or so.
    pub fn url(&self) -> String {
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(&self.token))
    }

    /// How long it is still good.
    pub fn expires_in(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits until somebody has scanned the code, or it must be shown anew.
    ///
    /// May be dropped midway, and called again then.
    ///
    /// # Errors
    /// [`SignInError::PasswordRequired`] if the account has a password, and any other
    /// [`SignInError`].
    pub async fn wait(&mut self) -> Result<QrState, SignInError> {
        loop {
            if let Some(name) = &self.signed_in {
                return Ok(QrState::SignedIn(name.clone()));
            }
            let inner = &self.client.inner;
            tokio::select! {
                biased;
                () = inner.until_closing() => return Err(InvocationError::Dropped.into()),
                () = inner.login_token.notified() => {}
                () = sleep_until(self.until) => {}
            }
            let shown = self.token.clone();
            self.export().await?;
            if self.signed_in.is_none() && self.token != shown {
                return Ok(QrState::Renewed);
            }
        }
    }

    /// Asks for a token, or what has become of the last one.
    async fn export(&mut self) -> Result<(), SignInError> {
        let inner = &self.client.inner;
        let request = functions::auth::ExportLoginToken {
            api_id: inner.config.api_id,
            api_hash: inner.config.api_hash.clone(),
            except_ids: Vec::new(),
        };
        let mut told = match self.client.invoke(&request).await {
            Ok(told) => told,
            Err(error) => return Err(inner.sign_in_error(error).await),
        };
        if let enums::auth::LoginToken::MigrateTo(elsewhere) = told {
            // Who has accepted it lives there, and so do we from now on.
            inner.move_home(elsewhere.dc_id).await?;
            let request = functions::auth::ImportLoginToken { token: elsewhere.token };
            told = match self.client.invoke(&request).await {
                Ok(told) => told,
                Err(error) => return Err(inner.sign_in_error(error).await),
            };
        }
        match told {
            enums::auth::LoginToken::Token(token) => {
                self.until = Instant::now() + self.lifetime(token.expires);
                self.token = token.token;
            }
            enums::auth::LoginToken::Success(done) => {
                self.signed_in = Some(inner.take_authorization(done.authorization).await?);
            }
            enums::auth::LoginToken::MigrateTo(_) => return Err(InvocationError::NoAnswer.into()),
        }
        Ok(())
    }

    /// How long a token is good, as the server's clock has it.
    fn lifetime(&self, expires: i32) -> Duration {
        let inner = &self.client.inner;
        let home = inner.dcs.home();
        let offset =
            inner.saver.read(|session| session.dc(home).map_or(0, |entry| entry.time_offset));
        let wall = i64::try_from(inner.seams.clock.now().wall.as_secs()).unwrap_or(i64::MAX);
        let left = i64::from(expires).saturating_sub(wall.saturating_add(offset));
        Duration::from_secs(u64::try_from(left).unwrap_or_default()).clamp(LEAST, MOST)
    }
}

/// Without the token, which is the login.
impl fmt::Debug for QrLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed_in = self.signed_in.is_some();
        f.debug_struct("QrLogin").field("signed_in", &signed_in).finish_non_exhaustive()
    }
}
