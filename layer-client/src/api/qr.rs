//! Logging in by a QR code that another device of the user's scans.

use layer_tl_types::{enums, functions, types};

use crate::login::{QrLogin, SignInError, token_of};
use crate::{Client, InvocationError};

impl Client {
    /// Begins a login by QR code: [`QrLogin::url`] is to be shown as such a code, and
    /// [`QrLogin::wait`] says what becomes of it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::sync::Arc;
    /// use layer_client::{Client, QrState};
    ///
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// # sandbox.world().add_user("Alice", "+4930901820");
    /// # let builder = || {
    /// #     let session = Arc::new(layer_client::session::InMemoryBackend::default());
    /// #     let builder = Client::builder().api(1, "hash").session_backend(session);
    /// #     let builder = builder.dc_addr(sandbox.address(2).to_string());
    /// #     builder.server_key(sandbox.public_key_pem())
    /// # };
    /// # let (phone, _shutdown) = builder().connect().await?;
    /// # let token = phone.request_login_code("+4930901820").await?;
    /// # let code = sandbox.world().code_for("+4930901820").unwrap();
    /// # phone.sign_in(&token, &code).await?;
    /// # let (client, _shutdown) = builder().connect().await?;
    /// let mut login = client.qr_login().await?;
    /// loop {
    ///     let shown = login.url();
    /// #   phone.accept_qr_login(&shown).await?;
    ///     match login.wait().await? {
    ///         QrState::SignedIn(name) => break assert_eq!(name, "Alice"),
    ///         _ => continue,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`SignInError::PasswordRequired`] if another device has accepted a former code and the
    /// account has a password; any other [`SignInError`].
    pub async fn qr_login(&self) -> Result<QrLogin, SignInError> {
        QrLogin::begin(self.clone()).await
    }

    /// Lets another device in that shows such a code, of which this is the address.
    ///
    /// May be dropped midway: then the other device is let in or not.
    ///
    /// # Errors
    /// `AUTH_TOKEN_INVALID`, `AUTH_TOKEN_EXPIRED` and `AUTH_TOKEN_ALREADY_ACCEPTED` among the
    /// server's, and any other [`InvocationError`].
    pub async fn accept_qr_login(
        &self,
        url: &str,
    ) -> Result<types::Authorization, InvocationError> {
        let token = token_of(url)?;
        let accepted = self.invoke(&functions::auth::AcceptLoginToken { token }).await?;
        let enums::Authorization::Authorization(authorization) = accepted;
        Ok(*authorization)
    }
}
