//! Logging in by code, as a bot, and out.

use layer_tl_types::{enums, functions, types};

use crate::invoke::Route;
use crate::login::{CodeKind, LoginToken, SignInError};
use crate::{Client, InvocationError};

/// How often a login that the server wants begun anew is begun anew.
const MOST_RESTARTS: u32 = 3;

impl Client {
    /// Whether somebody is logged in, as the server sees it.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`] that says something else.
    pub async fn is_authorized(&self) -> Result<bool, InvocationError> {
        match self.get_me().await {
            Ok(_) => Ok(true),
            Err(InvocationError::Rpc(error)) if error.code == 401 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Who is logged in.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// `AUTH_KEY_UNREGISTERED` if nobody is, and any [`InvocationError`].
    pub async fn get_me(&self) -> Result<types::User, InvocationError> {
        let id = vec![enums::InputUser::UserSelf];
        let users = self.invoke(&functions::users::GetUsers { id }).await?;
        match users.into_iter().next() {
            Some(user @ enums::User::User(_)) => {
                self.inner.logged_in_as(&user).await;
                let enums::User::User(user) = user else { return Err(InvocationError::NoAnswer) };
                Ok(*user)
            }
            _ => Err(InvocationError::NoAnswer),
        }
    }

    /// Has a code sent to a user's other apps or by other ways: [`LoginToken::kind`] says how. The
    /// number is in the international form. Whoever's home is elsewhere is asked for there.
    ///
    /// May be dropped midway; a code may have been sent then.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::sync::Arc;
    /// use layer_client::{Client, SignInError};
    ///
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// # let user = sandbox.world().add_user("Alice", "+4930901820");
    /// # sandbox.world().set_password(user, "secret", "");
    /// # let session = Arc::new(layer_client::session::InMemoryBackend::default());
    /// # let builder = Client::builder().api(1, "hash").session_backend(session);
    /// # let builder = builder.dc_addr(sandbox.address(2).to_string());
    /// # let builder = builder.server_key(sandbox.public_key_pem());
    /// # let (client, _shutdown) = builder.connect().await?;
    /// let token = client.request_login_code("+4930901820").await?;
    /// # let code = sandbox.world().code_for("+4930901820").unwrap();
    /// let name = match client.sign_in(&token, &code).await {
    ///     Err(SignInError::PasswordRequired(token)) => client.check_password(*token, "secret").await?,
    ///     done => done?,
    /// };
    /// assert_eq!(name, "Alice");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Any [`InvocationError`]; `PHONE_NUMBER_INVALID`, `PHONE_NUMBER_BANNED` and
    /// `PHONE_NUMBER_FLOOD` among the server's.
    pub async fn request_login_code(&self, phone: &str) -> Result<LoginToken, InvocationError> {
        let config = &self.inner.config;
        let proofs = self.inner.former_logins.all();
        let settings = types::CodeSettings {
            logout_tokens: (!proofs.is_empty()).then_some(proofs),
            ..Default::default()
        };
        let request = functions::auth::SendCode {
            phone_number: phone.to_owned(),
            api_id: config.api_id,
            api_hash: config.api_hash.clone(),
            settings: settings.into(),
        };
        let mut restarts = 0;
        let sent = loop {
            match self.invoke(&request).await {
                Err(error) if error.is("AUTH_RESTART") && restarts < MOST_RESTARTS => restarts += 1,
                sent => break sent?,
            }
        };
        let token = self.sent(phone, sent).await?;
        match token.kind() {
            // What only Telegram's apps can receive is asked for in another way at once.
            CodeKind::Firebase { .. } if token.next().is_some() => self.resend_code(&token).await,
            _ => Ok(token),
        }
    }

    /// Has the code sent in the next way; see [`LoginToken::next`] and [`LoginToken::timeout`].
    ///
    /// May be dropped midway; a code may have been sent then.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn resend_code(&self, token: &LoginToken) -> Result<LoginToken, InvocationError> {
        let request = functions::auth::ResendCode {
            phone_number: token.phone.clone(),
            phone_code_hash: token.hash.clone(),
            reason: None,
        };
        let sent = self.invoke(&request).await?;
        self.sent(&token.phone, sent).await
    }

    /// Makes a code worthless that was sent.
    ///
    /// May be dropped midway; the code may be worthless then.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn cancel_code(&self, token: LoginToken) -> Result<(), InvocationError> {
        let request = functions::auth::CancelCode {
            phone_number: token.phone.clone(),
            phone_code_hash: token.hash.clone(),
        };
        self.invoke(&request).await.map(drop)
    }

    /// Logs in with the code, and gives the user's name. For a missed call the code is the last
    /// digits of the number, for a flash call all of it.
    ///
    /// May be dropped midway: then we may be logged in, which [`Client::is_authorized`] finds out.
    ///
    /// # Errors
    /// [`SignInError`]; after [`SignInError::InvalidCode`] the same token can be tried again.
    pub async fn sign_in(&self, token: &LoginToken, code: &str) -> Result<String, SignInError> {
        match token.kind() {
            CodeKind::SignedIn { name } => return Ok(name.clone()),
            CodeKind::Payment { .. } => return Err(SignInError::PaymentRequired),
            _ => {}
        }
        let code = code.trim().to_owned();
        let by_email = matches!(token.kind(), CodeKind::Email { .. });
        let mailed = types::EmailVerificationCode { code: code.clone() };
        let request = functions::auth::SignIn {
            phone_number: token.phone.clone(),
            phone_code_hash: token.hash.clone(),
            phone_code: (!by_email).then_some(code),
            email_verification: by_email.then(|| mailed.into()),
        };
        match self.invoke(&request).await {
            Ok(authorization) => self.inner.take_authorization(authorization).await,
            Err(error) => Err(self.inner.sign_in_error(error).await),
        }
    }

    /// Makes an account for the number after [`SignInError::SignUpRequired`], and gives the name.
    /// Telegram takes new accounts from its own apps as a rule.
    ///
    /// May be dropped midway: then there may be an account, and [`Client::is_authorized`] finds
    /// out.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_up(
        &self,
        token: &LoginToken,
        first_name: &str,
        last_name: &str,
    ) -> Result<String, SignInError> {
        let request = functions::auth::SignUp {
            no_joined_notifications: false,
            phone_number: token.phone.clone(),
            phone_code_hash: token.hash.clone(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
        };
        match self.invoke(&request).await {
            Ok(authorization) => self.inner.take_authorization(authorization).await,
            Err(error) => Err(self.inner.sign_in_error(error).await),
        }
    }

    /// Has a code sent to an address that is to become the login address, where
    /// [`CodeKind::EmailRequired`] asks for one. Gives the address with most of it hidden, and the
    /// code's length.
    ///
    /// May be dropped midway; a code may have been sent then.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `EMAIL_NOT_ALLOWED` among the server's.
    pub async fn set_login_email(
        &self,
        token: &LoginToken,
        email: &str,
    ) -> Result<(String, i32), InvocationError> {
        let request = functions::account::SendVerifyEmailCode {
            purpose: setup(token),
            email: email.to_owned(),
        };
        let enums::account::SentEmailCode::Code(sent) = self.invoke(&request).await?;
        Ok((sent.email_pattern, sent.length))
    }

    /// Confirms the login address with the code that it was sent. The login goes on with the token
    /// that this gives.
    ///
    /// May be dropped midway; the address may be confirmed then.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`], and any other [`SignInError`].
    pub async fn verify_login_email(
        &self,
        token: &LoginToken,
        code: &str,
    ) -> Result<LoginToken, SignInError> {
        let verification = types::EmailVerificationCode { code: code.trim().to_owned() };
        let request = functions::account::VerifyEmail {
            purpose: setup(token),
            verification: verification.into(),
        };
        match self.invoke(&request).await {
            Ok(enums::account::EmailVerified::Login(verified)) => {
                Ok(self.sent(&token.phone, verified.sent_code).await?)
            }
            Ok(enums::account::EmailVerified::Verified(_)) => Err(InvocationError::NoAnswer.into()),
            Err(error) => Err(self.inner.sign_in_error(error).await),
        }
    }

    /// Asks to go without the login address, to which the user has no access any more: at once, or
    /// after the time that [`CodeKind::Email`] names.
    ///
    /// May be dropped midway; it may be asked for then.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `TASK_ALREADY_EXISTS` if it was asked for already.
    pub async fn reset_login_email(
        &self,
        token: &LoginToken,
    ) -> Result<LoginToken, InvocationError> {
        let request = functions::auth::ResetLoginEmail {
            phone_number: token.phone.clone(),
            phone_code_hash: token.hash.clone(),
        };
        let sent = self.invoke(&request).await?;
        self.sent(&token.phone, sent).await
    }

    /// Logs in as a bot, and gives its name. If the bot is logged in already, that is all.
    ///
    /// May be dropped midway, and called again then.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `ACCESS_TOKEN_INVALID` and `ACCESS_TOKEN_EXPIRED` among the server's.
    pub async fn bot_sign_in(&self, token: &str) -> Result<String, InvocationError> {
        let token = token.trim();
        let bot: Option<i64> = token.split(':').next().and_then(|id| id.parse().ok());
        let saved = self.inner.saver.read(|session| session.user);
        if saved.is_some_and(|user| user.is_bot && Some(user.id) == bot) {
            match self.get_me().await {
                Ok(me) if Some(me.id) == bot => return Ok(crate::login::full_name(&me)),
                Err(InvocationError::Rpc(error)) if error.code == 401 => {}
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        let config = &self.inner.config;
        let request = functions::auth::ImportBotAuthorization {
            flags: 0,
            api_id: config.api_id,
            api_hash: config.api_hash.clone(),
            bot_auth_token: token.to_owned(),
        };
        let authorization = self.inner.invoke_by(Route::home(), &request).await?;
        match self.inner.take_authorization(authorization).await {
            Ok(name) => Ok(name),
            Err(SignInError::Other(error)) => Err(error),
            Err(_) => Err(InvocationError::NoAnswer),
        }
    }

    /// Logs out, and forgets the account. Gives whether somebody was logged in.
    ///
    /// All keys are destroyed, here and, as far as they can be reached within ten seconds, at the data
    /// centres: a copy of the session opens nothing any more. The client can be used further; it agrees
    /// other keys. Calls that are under way meanwhile may end with [`InvocationError::Unknown`].
    ///
    /// What the server gives for the next login of the same account is kept while the client lives.
    ///
    /// May be dropped midway: then it is as before, or the next call finds out that nobody is
    /// logged in.
    ///
    /// # Errors
    /// Any [`InvocationError`]; nothing is forgotten then.
    pub async fn sign_out(&self) -> Result<bool, InvocationError> {
        let was_logged_in = match self.invoke(&functions::auth::LogOut {}).await {
            Ok(enums::auth::LoggedOut::Out(out)) => {
                out.future_auth_token
                    .into_iter()
                    .for_each(|proof| self.inner.former_logins.add(proof));
                true
            }
            Err(InvocationError::Rpc(error)) if error.code == 401 => false,
            Err(error) => return Err(error),
        };
        self.inner.forget_login().await;
        Ok(was_logged_in)
    }

    async fn sent(
        &self,
        phone: &str,
        sent: enums::auth::SentCode,
    ) -> Result<LoginToken, InvocationError> {
        Ok(match sent {
            enums::auth::SentCode::Code(sent) => LoginToken::sent(phone, *sent),
            enums::auth::SentCode::Success(done) => {
                match self.inner.take_authorization(done.authorization).await {
                    Ok(name) => {
                        LoginToken::without_code(phone, String::new(), CodeKind::SignedIn { name })
                    }
                    Err(SignInError::Other(error)) => return Err(error),
                    Err(_) => return Err(InvocationError::NoAnswer),
                }
            }
            enums::auth::SentCode::PaymentRequired(payment) => {
                let kind = CodeKind::Payment { currency: payment.currency, amount: payment.amount };
                LoginToken::without_code(phone, payment.phone_code_hash, kind)
            }
        })
    }
}

fn setup(token: &LoginToken) -> enums::EmailVerifyPurpose {
    types::EmailVerifyPurposeLoginSetup {
        phone_number: token.phone.clone(),
        phone_code_hash: token.hash.clone(),
    }
    .into()
}
