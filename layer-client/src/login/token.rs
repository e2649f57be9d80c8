//! What a user holds between the steps of a login. None of it shows phone number or code.

use std::fmt;
use std::time::Duration;

use layer_tl_types::{enums, types};

/// A code was sent, or the login was done without one; see [`LoginToken::kind`].
#[derive(Clone)]
pub struct LoginToken {
    pub(crate) phone: String,
    pub(crate) hash: String,
    kind: CodeKind,
    next: Option<NextCode>,
    timeout: Option<Duration>,
}

/// How a code reaches the user, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeKind {
    /// Digits, in a message from Telegram in another app that is logged in.
    App {
        /// How many digits.
        length: i32,
    },
    /// Digits, in an SMS.
    Sms {
        /// How many digits.
        length: i32,
    },
    /// Digits, said in a phone call.
    Call {
        /// How many digits.
        length: i32,
    },
    /// The code is the number that calls and hangs up.
    FlashCall {
        /// What the number looks like.
        pattern: String,
    },
    /// The code is the end of the number that calls and hangs up.
    MissedCall {
        /// How the number begins.
        prefix: String,
        /// How many of its last digits are the code.
        length: i32,
    },
    /// Digits, in an e-mail to the login address.
    Email {
        /// The address, with most of it hidden.
        pattern: String,
        /// How many digits.
        length: i32,
        /// In how many seconds [`Client::reset_login_email`](crate::Client::reset_login_email) would
        /// help, if it can.
        reset_after: Option<i32>,
        /// When a reset that was asked for comes true, in unix seconds.
        reset_pending: Option<i32>,
    },
    /// No code was sent: a login address must be set first, with
    /// [`Client::set_login_email`](crate::Client::set_login_email).
    EmailRequired,
    /// Digits, at Fragment: the number is an anonymous one.
    Fragment {
        /// Where to see the code.
        url: String,
        /// How many digits.
        length: i32,
    },
    /// An SMS that only Telegram's own apps can have sent. Ask for another kind.
    Firebase {
        /// How many digits.
        length: i32,
    },
    /// A word, in an SMS.
    SmsWord {
        /// Its first letter, if it is told.
        beginning: Option<String>,
    },
    /// Words, in an SMS.
    SmsPhrase {
        /// The first of them, if it is told.
        beginning: Option<String>,
    },
    /// No code is needed: a former login has vouched for this one.
    SignedIn {
        /// The user's name.
        name: String,
    },
    /// No code was sent: it has to be paid for in an app of Telegram's.
    Payment {
        /// The currency, as ISO 4217 has it.
        currency: String,
        /// In the currency's smallest units.
        amount: i64,
    },
}

/// How [`Client::resend_code`](crate::Client::resend_code) would send the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextCode {
    /// By SMS.
    Sms,
    /// In a phone call.
    Call,
    /// As the number that calls.
    FlashCall,
    /// As the end of the number that calls.
    MissedCall,
    /// At Fragment.
    Fragment,
}

impl LoginToken {
    /// How the code reaches the user.
    pub fn kind(&self) -> &CodeKind {
        &self.kind
    }

    /// How it can be sent otherwise, if it can.
    pub fn next(&self) -> Option<NextCode> {
        self.next
    }

    /// How long to wait before it can be.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn sent(phone: &str, sent: types::auth::SentCode) -> Self {
        let next = sent.next_type.map(|next| match next {
            enums::auth::CodeType::Sms => NextCode::Sms,
            enums::auth::CodeType::Call => NextCode::Call,
            enums::auth::CodeType::FlashCall => NextCode::FlashCall,
            enums::auth::CodeType::MissedCall => NextCode::MissedCall,
            enums::auth::CodeType::FragmentSms => NextCode::Fragment,
        });
        let seconds = sent.timeout.and_then(|seconds| u64::try_from(seconds).ok());
        Self {
            phone: phone.to_owned(),
            hash: sent.phone_code_hash,
            kind: sent.r#type.into(),
            next,
            timeout: seconds.map(Duration::from_secs),
        }
    }

    /// One that waits for no code.
    pub(crate) fn without_code(phone: &str, hash: String, kind: CodeKind) -> Self {
        Self { phone: phone.to_owned(), hash, kind, next: None, timeout: None }
    }
}

impl From<enums::auth::SentCodeType> for CodeKind {
    fn from(kind: enums::auth::SentCodeType) -> Self {
        use enums::auth::SentCodeType as Sent;
        match kind {
            Sent::App(app) => Self::App { length: app.length },
            Sent::Sms(sms) => Self::Sms { length: sms.length },
            Sent::Call(call) => Self::Call { length: call.length },
            Sent::FlashCall(call) => Self::FlashCall { pattern: call.pattern },
            Sent::MissedCall(call) => Self::MissedCall { prefix: call.prefix, length: call.length },
            Sent::EmailCode(email) => Self::Email {
                pattern: email.email_pattern,
                length: email.length,
                reset_after: email.reset_available_period,
                reset_pending: email.reset_pending_date,
            },
            Sent::SetUpEmailRequired(_) => Self::EmailRequired,
            Sent::FragmentSms(sms) => Self::Fragment { url: sms.url, length: sms.length },
            Sent::FirebaseSms(sms) => Self::Firebase { length: sms.length },
            Sent::SmsWord(sms) => Self::SmsWord { beginning: sms.beginning },
            Sent::SmsPhrase(sms) => Self::SmsPhrase { beginning: sms.beginning },
        }
    }
}

/// Without number and hash.
impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            // It is a name.
            CodeKind::SignedIn { .. } => "SignedIn",
            CodeKind::App { .. } => "App",
            CodeKind::Sms { .. } => "Sms",
            CodeKind::Call { .. } => "Call",
            CodeKind::FlashCall { .. } => "FlashCall",
            CodeKind::MissedCall { .. } => "MissedCall",
            CodeKind::Email { .. } => "Email",
            CodeKind::EmailRequired => "EmailRequired",
            CodeKind::Fragment { .. } => "Fragment",
            CodeKind::Firebase { .. } => "Firebase",
            CodeKind::SmsWord { .. } => "SmsWord",
            CodeKind::SmsPhrase { .. } => "SmsPhrase",
            CodeKind::Payment { .. } => "Payment",
        };
        f.debug_struct("LoginToken")
            .field("kind", &kind)
            .field("next", &self.next)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The server wants to know that we know the password; it never sees it.
#[derive(Clone)]
pub struct PasswordToken {
    pub(crate) password: Box<types::account::Password>,
}

impl PasswordToken {
    /// What the user wrote down to remember the password.
    pub fn hint(&self) -> Option<&str> {
        self.password.hint.as_deref()
    }

    /// Whether the password can be recovered by e-mail.
    pub fn has_recovery(&self) -> bool {
        self.password.has_recovery
    }
}

/// Without the hint, which says something of the password.
impl fmt::Debug for PasswordToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordToken")
            .field("has_recovery", &self.has_recovery())
            .finish_non_exhaustive()
    }
}
