//! The account's password: proving it, setting, changing and removing it. It never leaves the
//! process.

use std::sync::Arc;

use layer_tl_types::{enums, functions, types};
use zeroize::Zeroizing;

use crate::login::{PasswordError, PasswordToken, Secret, SignInError};
use crate::{Client, InvocationError};

/// How often a proof is made anew because the server has forgotten what it was for.
const MOST_PROOFS: u32 = 3;

/// What `account.passwordInputSettings` says of a new password: none of it is to be changed.
const UNCHANGED: types::account::PasswordInputSettings = types::account::PasswordInputSettings {
    new_algo: None,
    new_password_hash: None,
    hint: None,
    email: None,
    new_secure_settings: None,
};

impl Client {
    /// Ends a login that asks for the account's password, and gives the user's name.
    ///
    /// May be dropped midway; another token is had by logging in again.
    ///
    /// # Errors
    /// [`SignInError::WrongPassword`] with a token for another try, and any other [`SignInError`].
    pub async fn check_password(
        &self,
        token: PasswordToken,
        password: impl AsRef<[u8]>,
    ) -> Result<String, SignInError> {
        let secret = secret(password);
        let mut token = token;
        let mut proofs = 0;
        loop {
            proofs += 1;
            let password = self.inner.prove(&token.password, &secret).await?;
            let request = functions::auth::CheckPassword { password };
            let error = match self.invoke(&request).await {
                Ok(authorization) => return self.inner.take_authorization(authorization).await,
                Err(error) => error,
            };
            if error.is("PASSWORD_HASH_INVALID") {
                // A proof is good for once, so what the next is for is asked for; else as it was.
                let next = self.inner.password_token().await.unwrap_or(token);
                return Err(SignInError::WrongPassword(Box::new(next)));
            }
            if !is_outdated(&error) || proofs >= MOST_PROOFS {
                return Err(error.into());
            }
            token = self.inner.password_token().await?;
        }
    }

    /// Gives an account a password that has none. With an e-mail address it can be recovered; the
    /// address must be confirmed then.
    ///
    /// May be dropped midway: then the password is set or not.
    ///
    /// # Errors
    /// [`PasswordError::Missing`] if there is one already, [`PasswordError::EmailUnconfirmed`] where
    /// a code was sent, and any other [`PasswordError`].
    pub async fn set_password(
        &self,
        password: impl AsRef<[u8]>,
        hint: &str,
        email: Option<&str>,
    ) -> Result<(), PasswordError> {
        let email = email.map(str::to_owned);
        self.update_password(None, Some((secret(password), hint.to_owned(), email))).await
    }

    /// Gives the account another password.
    ///
    /// May be dropped midway: then it is changed or not.
    ///
    /// # Errors
    /// [`PasswordError::Wrong`] if `present` is not its password, and any other [`PasswordError`].
    pub async fn change_password(
        &self,
        present: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
        hint: &str,
    ) -> Result<(), PasswordError> {
        let new = (secret(password), hint.to_owned(), None);
        self.update_password(Some(secret(present)), Some(new)).await
    }

    /// Takes the account's password away.
    ///
    /// May be dropped midway: then it is gone or not.
    ///
    /// # Errors
    /// [`PasswordError::Wrong`] if `present` is not its password, and any other [`PasswordError`].
    pub async fn remove_password(&self, present: impl AsRef<[u8]>) -> Result<(), PasswordError> {
        self.update_password(Some(secret(present)), None).await
    }

    /// Confirms the address for recovery with the code that it was sent.
    ///
    /// May be dropped midway: then it is confirmed or not.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `CODE_INVALID` and `EMAIL_HASH_EXPIRED` among the server's.
    pub async fn confirm_password_email(&self, code: &str) -> Result<(), InvocationError> {
        let code = code.trim().to_owned();
        self.invoke(&functions::account::ConfirmPasswordEmail { code }).await.map(drop)
    }

    /// Has a code sent to the address for recovery, where a login asks for a password that is
    /// forgotten. Gives the address with most of it hidden.
    ///
    /// May be dropped midway; a code may have been sent then.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `PASSWORD_RECOVERY_NA` if there is no such address.
    pub async fn request_password_recovery(&self) -> Result<String, InvocationError> {
        let sent = self.invoke(&functions::auth::RequestPasswordRecovery {}).await?;
        let enums::auth::PasswordRecovery::Recovery(sent) = sent;
        Ok(sent.email_pattern)
    }

    /// Ends a login with the code for recovery, and gives the user's name. The account has no
    /// password then.
    ///
    /// May be dropped midway: then we may be logged in, which [`Client::is_authorized`] finds out.
    ///
    /// # Errors
    /// [`SignInError::InvalidCode`], [`SignInError::ExpiredCode`], and any other [`SignInError`].
    pub async fn recover_password(&self, code: &str) -> Result<String, SignInError> {
        let code = code.trim().to_owned();
        match self.invoke(&functions::auth::RecoverPassword { code, new_settings: None }).await {
            Ok(authorization) => self.inner.take_authorization(authorization).await,
            Err(error) => Err(self.inner.sign_in_error(error).await),
        }
    }

    async fn update_password(
        &self,
        present: Option<Secret>,
        new: Option<(Secret, String, Option<String>)>,
    ) -> Result<(), PasswordError> {
        let mut proofs = 0;
        loop {
            proofs += 1;
            let told = self.inner.password_token().await?.password;
            if told.has_secure_values {
                return Err(PasswordError::HasPassport);
            }
            let password = match (&present, told.has_password) {
                (None, false) => enums::InputCheckPasswordSrp::InputCheckPasswordEmpty,
                (None, true) => return Err(PasswordError::Missing),
                (Some(_), false) => return Err(PasswordError::NoPassword),
                (Some(present), true) => self.inner.prove(&told, present).await?,
            };
            let new_settings = match &new {
                Some((secret, hint, email)) => {
                    let (algo, hash) = self.inner.verifier(&told, secret).await?;
                    types::account::PasswordInputSettings {
                        new_algo: Some(algo),
                        new_password_hash: Some(hash),
                        hint: Some(hint.clone()),
                        email: email.clone(),
                        ..UNCHANGED
                    }
                }
                None => types::account::PasswordInputSettings {
                    new_algo: Some(enums::PasswordKdfAlgo::Unknown),
                    new_password_hash: Some(Vec::new()),
                    hint: Some(String::new()),
                    ..UNCHANGED
                },
            };
            let new_settings = new_settings.into();
            let request = functions::account::UpdatePasswordSettings { password, new_settings };
            let Err(error) = self.invoke(&request).await else { return Ok(()) };
            if !is_outdated(&error) || proofs >= MOST_PROOFS {
                return Err(refused(error));
            }
        }
    }
}

fn secret(password: impl AsRef<[u8]>) -> Secret {
    Arc::new(Zeroizing::new(password.as_ref().to_vec()))
}

/// Whether the server has forgotten what a proof was for, or has another password by now.
fn is_outdated(error: &InvocationError) -> bool {
    error.is("SRP_ID_INVALID") || error.is("SRP_PASSWORD_CHANGED")
}

fn refused(error: InvocationError) -> PasswordError {
    match &error {
        InvocationError::Rpc(rpc) if rpc.is("PASSWORD_HASH_INVALID") => PasswordError::Wrong,
        InvocationError::Rpc(rpc) if rpc.is("EMAIL_UNCONFIRMED") => {
            PasswordError::EmailUnconfirmed { code_length: rpc.value }
        }
        _ => PasswordError::Other(error),
    }
}
