//! How a step of logging in ends that is not its success.

use super::PasswordToken;
use crate::InvocationError;

/// Why a login is not done yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The number has no account: [`Client::sign_up`](crate::Client::sign_up) makes one.
    #[error("the phone number has no account yet")]
    SignUpRequired,
    /// The account has a password: [`Client::check_password`](crate::Client::check_password).
    #[error("the account has a password, which is asked for too")]
    PasswordRequired(Box<PasswordToken>),
    /// Not the code that was sent. It can be tried again.
    #[error("the code is not the one that was sent")]
    InvalidCode,
    /// The code is not good any more: another must be requested.
    #[error("the code has expired: request another")]
    ExpiredCode,
    /// Not the account's password. It can be tried again with this.
    #[error("the password is wrong")]
    WrongPassword(Box<PasswordToken>),
    /// A code is sent to this number only if somebody pays for it in an app of Telegram's.
    #[error("this login has to be paid for in an app of Telegram's")]
    PaymentRequired,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] InvocationError),
}

/// Why a password was not set, changed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Not the present password.
    #[error("the present password is wrong")]
    Wrong,
    /// There is a password: the present one must be given.
    #[error("the account has a password already: the present one is needed to change it")]
    Missing,
    /// There is no password that could be removed or changed.
    #[error("the account has no password")]
    NoPassword,
    /// The address for recovery has been sent a code of so many digits:
    /// [`Client::confirm_password_email`](crate::Client::confirm_password_email). The password holds
    /// from then on.
    #[error("the e-mail address for recovery must be confirmed with the code that it was sent")]
    EmailUnconfirmed {
        /// Its digits, if the server said how many.
        code_length: Option<u32>,
    },
    /// Documents in Telegram Passport are sealed with the password and would be lost.
    #[error("the account keeps Telegram Passport documents, which another password would lose")]
    HasPassport,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] InvocationError),
}
