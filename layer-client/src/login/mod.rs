//! Logging in: what a user holds between its steps, how a step fails, and what is written down when
//! it succeeds or ends.

mod error;
mod qr;
mod srp;
mod token;

use std::sync::{Arc, Mutex, PoisonError};

use layer_tl_types::{enums, functions, types};

pub use error::{PasswordError, SignInError};
pub(crate) use qr::token_of;
pub use qr::{QrLogin, QrState};
pub(crate) use srp::Secret;
pub use token::{CodeKind, LoginToken, NextCode, PasswordToken};

use crate::InvocationError;
use crate::client::Inner;
use crate::invoke::Route;
use crate::session::{Change, DcEntry, SavedSession, SavedUser};

/// So many proofs of former logins are sent at most.
const MOST_PROOFS: usize = 20;

/// What logouts gave: with it the next login of the same account needs no code.
#[derive(Default)]
pub(crate) struct FormerLogins(Mutex<Vec<Vec<u8>>>);

impl FormerLogins {
    pub(crate) fn add(&self, proof: Vec<u8>) {
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if proofs.len() >= MOST_PROOFS {
            proofs.remove(0);
        }
        proofs.push(proof);
    }

    #[cfg(test)]
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(crate) fn all(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Inner {
    /// Takes the outcome of a step; gives the user's name if that was the last.
    pub(crate) async fn take_authorization(
        self: &Arc<Self>,
        authorization: enums::auth::Authorization,
    ) -> Result<String, SignInError> {
        match authorization {
            enums::auth::Authorization::Authorization(done) => {
                if let Some(proof) = done.future_auth_token {
                    self.former_logins.add(proof);
                }
                Ok(self.logged_in_as(&done.user).await)
            }
            enums::auth::Authorization::SignUpRequired(_) => Err(SignInError::SignUpRequired),
        }
    }

    /// Writes down who is logged in, and gives the name.
    pub(crate) async fn logged_in_as(self: &Arc<Self>, user: &enums::User) -> String {
        let (id, is_bot, name) = match user {
            enums::User::User(user) => (user.id, user.bot, full_name(user)),
            enums::User::Empty(user) => (user.id, false, String::new()),
        };
        let saved = SavedUser { id, is_bot };
        let before = self.saver.read(|session| session.user);
        let is_new = before != Some(saved);
        if before.is_some_and(|before| before.id != id) {
            // Another account, to which nothing that was known belongs.
            self.peers.clear();
            self.saver.change(SavedSession::without_account);
            if let Some(ears) = self.ears.get() {
                ears.logged_in(false);
            }
        }
        self.peers.set_me(Some(saved));
        self.learn(std::slice::from_ref(user), &[]);
        let home = self.dcs.home();
        if is_new {
            self.saver.change(|_| vec![Change::HomeDc(home), Change::User(Some(saved))]);
        }
        self.set_authorized(home, true);
        // Before anything is waited for: updates may be under way.
        if is_new && let Some(ears) = self.ears.get() {
            ears.logged_in(true);
        }
        // A login outlives the process from here on. Whether it could be saved is told elsewhere.
        let _ = self.saver.flush().await;
        name
    }

    /// Nobody is logged in any more, as was wished: all is forgotten but where the servers are.
    pub(crate) async fn forget_login(self: &Arc<Self>) {
        self.destroy_keys().await;
        self.saver.change(|session: &SavedSession| {
            let mut changes = vec![Change::Clear];
            changes.extend(session.home_dc.map(Change::HomeDc));
            changes.extend(session.dcs.iter().map(|entry| {
                let mut kept = DcEntry::new(entry.id);
                kept.addresses.clone_from(&entry.addresses);
                kept.time_offset = entry.time_offset;
                Change::Dc(Box::new(kept))
            }));
            changes
        });
        self.peers.clear();
        self.dcs.forget_logins();
        let _ = self.saver.flush().await;
        if let Some(ears) = self.ears.get() {
            ears.logged_in(false);
        }
    }

    /// What the server asks to prove that we know the password.
    pub(crate) async fn password_token(self: &Arc<Self>) -> Result<PasswordToken, InvocationError> {
        let password = self.invoke_by(Route::home(), &functions::account::GetPassword {}).await?;
        let enums::account::Password::Password(password) = password;
        Ok(PasswordToken { password })
    }

    /// What of a step's refusal is no error of ours.
    pub(crate) async fn sign_in_error(self: &Arc<Self>, error: InvocationError) -> SignInError {
        let InvocationError::Rpc(rpc) = &error else { return SignInError::Other(error) };
        match rpc.name.as_str() {
            // Told by its text: its code is written as 400 and as 401.
            "SESSION_PASSWORD_NEEDED" => match self.password_token().await {
                Ok(token) => SignInError::PasswordRequired(Box::new(token)),
                Err(error) => SignInError::Other(error),
            },
            "PHONE_CODE_INVALID"
            | "PHONE_CODE_EMPTY"
            | "EMAIL_CODE_INVALID"
            | "CODE_INVALID"
            | "EMAIL_VERIFY_CODE_INVALID" => SignInError::InvalidCode,
            "PHONE_CODE_EXPIRED" | "EMAIL_VERIFY_EXPIRED" | "PASSWORD_RECOVERY_EXPIRED" => {
                SignInError::ExpiredCode
            }
            "PHONE_NUMBER_UNOCCUPIED" => SignInError::SignUpRequired,
            _ => SignInError::Other(error),
        }
    }
}

/// First and last name.
pub(crate) fn full_name(user: &types::User) -> String {
    let names = [user.first_name.as_deref(), user.last_name.as_deref()];
    let names: Vec<&str> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    names.join(" ")
}
