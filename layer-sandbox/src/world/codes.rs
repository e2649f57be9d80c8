//! Login codes: which were sent, how, and what a test is to type.

use std::collections::{BTreeMap, VecDeque};

use layer_tl_types::{enums, types};
use rand_core::Rng;

use super::accounts::{TELEGRAM, digits};
use super::people::test_dc;
use super::{Peer, SendOptions, World};
use crate::Now;
use crate::router::RpcError;

/// How a login code comes to a person (core api/auth).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeKind {
    /// As a message from Telegram to the account's other sessions.
    App,
    /// As a text message.
    Sms,
    /// Spoken by a caller.
    Call,
    /// The number of a call that is not to be answered, which fits the pattern.
    FlashCall,
    /// The last digits of the number of a call that is not to be answered.
    MissedCall,
    /// By mail to this address, to be given as `email_verification`.
    Email(String),
    /// Not at all, before an address for mail is set.
    SetUpEmail,
    /// To be looked up on the web.
    FragmentSms,
    /// A word in a text message.
    SmsWord,
    /// Some words in a text message.
    SmsPhrase,
    /// Not at all: what proves a real phone is wanted first, which only official apps have. Others ask
    /// for the code to be sent again.
    FirebaseSms,
    /// Not at all, before the login is paid for.
    Payment,
}

impl CodeKind {
    /// Whether nothing is sent to the user.
    fn is_silent(&self) -> bool {
        matches!(self, Self::SetUpEmail | Self::FirebaseSms | Self::Payment)
    }
}

/// A code that was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    /// By which the client speaks of it.
    pub(crate) hash: String,
    pub(crate) phone: String,
    pub(crate) kind: CodeKind,
    code: String,
    /// In which ways it can be sent again.
    rest: VecDeque<CodeKind>,
    /// When, in unix seconds.
    at: i64,
    wrong: u32,
    /// The right code was given, and only the name is missing.
    pub(crate) confirmed: bool,
}

/// All codes that were sent.
#[derive(Default)]
pub(crate) struct Codes {
    sent: VecDeque<Sent>,
    /// By address.
    mailed: BTreeMap<String, String>,
    /// What a test wants, by phone number.
    fixed: BTreeMap<String, String>,
    kinds: BTreeMap<String, Vec<CodeKind>>,
    /// Codes that were asked for since somebody last logged in with one.
    asked: BTreeMap<String, u32>,
}

/// So long a code is worth something, in seconds.
const LIFE: i64 = 600;
/// So long a client waits before it asks for the code in another way, in seconds.
const TIMEOUT: i32 = 60;
/// So many wrong codes may be tried.
const MOST_WRONG: u32 = 5;
/// So many codes may be asked for a number, if nobody logs in with one.
const MOST_ASKED: u32 = 20;
/// So many codes are kept.
const MOST_SENT: usize = 256;
/// Of so many phone numbers and addresses something is remembered.
const MOST_NUMBERS: usize = 10_000;
/// Digits of a code.
const DIGITS: usize = 5;
/// Digits of a mailed code.
pub(super) const MAILED: usize = 6;
/// The calling number before the last digits.
const CALLER: &str = "4930";
/// What phrases are made of.
const WORDS: [&str; 16] = [
    "apple", "bridge", "candle", "desert", "engine", "forest", "garden", "harbor", "island",
    "jacket", "kettle", "lantern", "meadow", "needle", "orange", "pebble",
];

impl World {
    /// What is to be typed at a login with this phone number: the last code that was sent to it and not
    /// used yet.
    pub fn code_for(&self, phone: &str) -> Option<String> {
        let phone = digits(phone);
        let sent = self.codes.sent.iter().rev().find(|sent| sent.phone == phone)?;
        (!sent.kind.is_silent()).then(|| sent.code.clone())
    }

    /// All codes that were sent to phones and not used yet, the oldest first: the hash by which the client
    /// speaks of it, the number and the code.
    pub fn codes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let known = self.codes.sent.iter().filter(|sent| sent.kind != CodeKind::SetUpEmail);
        known.map(|sent| (&*sent.hash, &*sent.phone, &*sent.code))
    }

    /// The last code that was mailed to an address and not used yet.
    pub fn mailed_code(&self, address: &str) -> Option<String> {
        self.codes.mailed.get(address).cloned()
    }

    /// Has all codes to come for a phone number be this one.
    pub fn set_code(&mut self, phone: &str, code: &str) {
        self.codes.fixed.insert(digits(phone), code.to_owned());
    }

    /// In which ways codes are sent to a phone number: first the first, and with each `auth.resendCode` the
    /// next. If there are none, again as the server would by itself: in the app if the user is logged in
    /// somewhere, then by text message, then by a call.
    pub fn send_codes_by(&mut self, phone: &str, kinds: impl IntoIterator<Item = CodeKind>) {
        let kinds: Vec<_> = kinds.into_iter().collect();
        if kinds.is_empty() {
            self.codes.kinds.remove(&digits(phone));
        } else {
            self.codes.kinds.insert(digits(phone), kinds);
        }
    }

    /// Sends a code, and returns its description for the client.
    pub(crate) fn send_code(
        &mut self,
        phone: &str,
        now: Now,
    ) -> Result<enums::auth::SentCode, RpcError> {
        make_room(&mut self.codes.asked);
        let asked = self.codes.asked.entry(phone.to_owned()).or_default();
        if *asked >= MOST_ASKED {
            return Err(RpcError::new(406, "PHONE_PASSWORD_FLOOD"));
        }
        *asked += 1;
        let logged_in = self.accounts.by_phone(phone).is_some_and(|user| {
            self.accounts.logins().any(|(_, login)| login.user_id == user.id && !login.imported)
        });
        let kinds = self.codes.kinds.get(phone).cloned().unwrap_or_else(|| {
            let app = logged_in.then_some(CodeKind::App);
            app.into_iter().chain([CodeKind::Sms, CodeKind::Call]).collect()
        });
        let mut rest = VecDeque::from(kinds);
        let kind = rest.pop_front().unwrap_or(CodeKind::Sms);
        let hash = hex(&self.random::<9>());
        let (phone, code) = (phone.to_owned(), String::new());
        let at = now.unix();
        let sent = Sent { hash, phone, kind, code, rest, at, wrong: 0, confirmed: false };
        Ok(self.send(sent, now))
    }

    /// Sends a code in the next of its ways.
    pub(crate) fn resend_code(
        &mut self,
        mut sent: Sent,
        now: Now,
    ) -> Result<enums::auth::SentCode, RpcError> {
        let next = sent.rest.pop_front();
        sent.kind = next.ok_or_else(|| RpcError::new(406, "SEND_CODE_UNAVAILABLE"))?;
        sent.at = now.unix();
        self.forget_code(&sent.hash);
        Ok(self.send(sent, now))
    }

    /// As [`World::resend_code`], by mail to an address that has just been set.
    pub(crate) fn mail_login_code(
        &mut self,
        mut sent: Sent,
        address: &str,
        now: Now,
    ) -> enums::auth::SentCode {
        sent.kind = CodeKind::Email(address.to_owned());
        self.forget_code(&sent.hash);
        self.send(sent, now)
    }

    fn send(&mut self, mut sent: Sent, now: Now) -> enums::auth::SentCode {
        sent.code = self.draw_code(&sent);
        match &sent.kind {
            CodeKind::Email(address) => {
                make_room(&mut self.codes.mailed);
                self.codes.mailed.insert(address.clone(), sent.code.clone());
            }
            CodeKind::App => self.tell_code(&sent, now),
            _ => {}
        }
        let answer = sent.describe();
        if self.codes.sent.len() >= MOST_SENT {
            self.codes.sent.pop_front();
        }
        self.codes.sent.push_back(sent);
        answer
    }

    fn draw_code(&mut self, sent: &Sent) -> String {
        if let Some(fixed) = self.codes.fixed.get(&sent.phone) {
            return fixed.clone();
        }
        if let Some(dc) = test_dc(&sent.phone) {
            return dc.to_string().repeat(DIGITS);
        }
        match sent.kind {
            CodeKind::Email(_) => self.draw_digits(MAILED),
            CodeKind::FlashCall => format!("{CALLER}{}", self.draw_digits(DIGITS)),
            CodeKind::SmsWord => self.draw_words(1),
            CodeKind::SmsPhrase => self.draw_words(4),
            _ => self.draw_digits(DIGITS),
        }
    }

    fn draw_digits(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b'0' + (self.rng.next_u32() % 10) as u8)).collect()
    }

    fn draw_words(&mut self, len: usize) -> String {
        let words = (0..len).filter_map(|_| WORDS.get(self.rng.next_u32() as usize % WORDS.len()));
        words.copied().collect::<Vec<_>>().join(" ")
    }

    /// Mails a code, and returns how the client is told of it.
    pub(crate) fn mail_code(&mut self, address: &str) -> types::account::SentEmailCode {
        let code = self.draw_digits(MAILED);
        make_room(&mut self.codes.mailed);
        self.codes.mailed.insert(address.to_owned(), code);
        let (email_pattern, length) = (mail_pattern(address), MAILED as i32);
        types::account::SentEmailCode { email_pattern, length }
    }

    /// To which address a code was mailed.
    pub(crate) fn address_of_code(&self, code: &str) -> Option<String> {
        let found = self.codes.mailed.iter().find(|(_, mailed)| *mailed == code);
        found.map(|(address, _)| address.clone())
    }

    /// Takes a mailed code. It is used up if it is right.
    pub(crate) fn take_mailed_code(&mut self, address: &str, code: &str) -> bool {
        let right = self.codes.mailed.get(address).is_some_and(|mailed| mailed == code);
        if right {
            self.codes.mailed.remove(address);
        }
        right
    }

    /// The code that a client speaks of, by phone number and hash.
    pub(crate) fn sent_code(&self, phone: &str, hash: &str, now: i64) -> Result<Sent, RpcError> {
        if hash.is_empty() {
            return Err(RpcError::new(400, "PHONE_CODE_HASH_EMPTY"));
        }
        let known = self.codes.sent.iter().find(|sent| sent.phone == phone && sent.hash == hash);
        let alive = known.filter(|sent| now - sent.at < LIFE);
        alive.cloned().ok_or_else(|| RpcError::new(400, "PHONE_CODE_EXPIRED"))
    }

    /// Looks at what was typed for a code.
    pub(crate) fn try_code(
        &mut self,
        hash: &str,
        code: Option<&str>,
        mailed: Option<&enums::EmailVerification>,
        now: i64,
    ) -> Result<(), RpcError> {
        let known = self.codes.sent.iter_mut().find(|sent| sent.hash == hash);
        let sent = known.ok_or_else(|| RpcError::new(400, "PHONE_CODE_EXPIRED"))?;
        if sent.wrong >= MOST_WRONG {
            let left = (LIFE - (now - sent.at)).max(1);
            return Err(RpcError::new(420, format!("FLOOD_WAIT_{left}")));
        }
        let typed = match (&sent.kind, mailed) {
            (CodeKind::Email(_), Some(enums::EmailVerification::Code(mailed))) => {
                mailed.code.as_str()
            }
            // Codes by mail are all that there is.
            (CodeKind::Email(_), Some(_)) => return Err(RpcError::new(400, "EMAIL_NOT_ALLOWED")),
            (CodeKind::Email(_), None) => "",
            _ => code.unwrap_or_default(),
        };
        if typed.is_empty() {
            return Err(RpcError::new(400, "PHONE_CODE_EMPTY"));
        }
        // Words are told by whoever types them in whatever case.
        if sent.kind.is_silent() || !sent.code.eq_ignore_ascii_case(typed.trim()) {
            sent.wrong += 1;
            return Err(RpcError::new(400, "PHONE_CODE_INVALID"));
        }
        sent.confirmed = true;
        Ok(())
    }

    /// Telegram writes a user its code, to be read where it is logged in already.
    fn tell_code(&mut self, sent: &Sent, now: Now) {
        let Some(user) = self.accounts.by_phone(&sent.phone).map(|user| user.id) else { return };
        let code = &sent.code;
        let text = format!(
            "Login code: {code}. Do not give this code to anyone, even if they say they are from Telegram!"
        );
        // Who has blocked it gets none.
        let _ = self.send_text(now, TELEGRAM, Peer::User(user), text, SendOptions::default());
    }

    /// Forgets a code: it is used, or not wanted. Returns whether it was known.
    pub(crate) fn forget_code(&mut self, hash: &str) -> bool {
        let before = self.codes.sent.len();
        self.codes.sent.retain(|sent| sent.hash != hash);
        self.codes.sent.len() < before
    }

    /// Somebody has logged in with this number.
    pub(crate) fn forget_asked_codes(&mut self, phone: &str) {
        self.codes.asked.remove(phone);
    }
}

impl Sent {
    /// What is to be paid.
    fn bill(&self) -> enums::auth::SentCode {
        let bill = types::auth::SentCodePaymentRequired {
            store_product: "sandbox.login".into(),
            phone_code_hash: self.hash.clone(),
            support_email_address: "support@example.org".into(),
            support_email_subject: "Login".into(),
            premium_days: 7,
            currency: "EUR".into(),
            amount: 100,
        };
        enums::auth::SentCode::PaymentRequired(Box::new(bill))
    }

    fn describe(&self) -> enums::auth::SentCode {
        let length = i32::try_from(self.code.chars().count()).unwrap_or(i32::MAX);
        let beginning = || self.code.split_inclusive(' ').next().map(str::to_owned);
        let kind: enums::auth::SentCodeType = match &self.kind {
            CodeKind::App => types::auth::SentCodeTypeApp { length }.into(),
            CodeKind::Sms => types::auth::SentCodeTypeSms { length }.into(),
            CodeKind::Call => types::auth::SentCodeTypeCall { length }.into(),
            CodeKind::FlashCall => {
                let pattern = format!("{CALLER}*");
                types::auth::SentCodeTypeFlashCall { pattern }.into()
            }
            CodeKind::MissedCall => {
                types::auth::SentCodeTypeMissedCall { prefix: CALLER.into(), length }.into()
            }
            CodeKind::Email(address) => {
                types::auth::SentCodeTypeEmailCode::new(mail_pattern(address), length).into()
            }
            CodeKind::SetUpEmail => types::auth::SentCodeTypeSetUpEmailRequired::default().into(),
            CodeKind::FragmentSms => {
                let url = "https://fragment.com/login".into();
                types::auth::SentCodeTypeFragmentSms { url, length }.into()
            }
            CodeKind::SmsWord => {
                let beginning = self.code.chars().next().map(String::from);
                types::auth::SentCodeTypeSmsWord { beginning }.into()
            }
            CodeKind::SmsPhrase => {
                types::auth::SentCodeTypeSmsPhrase { beginning: beginning() }.into()
            }
            CodeKind::FirebaseSms => types::auth::SentCodeTypeFirebaseSms::new(length).into(),
            CodeKind::Payment => return self.bill(),
        };
        let next_type = self.rest.front().and_then(CodeKind::next_type);
        let timeout = next_type.is_some().then_some(TIMEOUT);
        let sent = types::auth::SentCode::new(kind, self.hash.clone());
        types::auth::SentCode { next_type, timeout, ..sent }.into()
    }
}

impl CodeKind {
    /// As clients are told that it is what comes next. Some they are not told of.
    fn next_type(&self) -> Option<enums::auth::CodeType> {
        match self {
            Self::Sms | Self::SmsWord | Self::SmsPhrase => Some(enums::auth::CodeType::Sms),
            Self::Call => Some(enums::auth::CodeType::Call),
            Self::FlashCall => Some(enums::auth::CodeType::FlashCall),
            Self::MissedCall => Some(enums::auth::CodeType::MissedCall),
            Self::FragmentSms => Some(enums::auth::CodeType::FragmentSms),
            Self::App | Self::Email(_) | Self::SetUpEmail | Self::FirebaseSms | Self::Payment => {
                None
            }
        }
    }
}

/// Without codes and phone numbers.
impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codes").field("sent", &self.sent.len()).finish_non_exhaustive()
    }
}

/// Forgets the first entry of a full table.
fn make_room<T>(table: &mut BTreeMap<String, T>) {
    if table.len() >= MOST_NUMBERS {
        table.pop_first();
    }
}

/// An address as it is shown to who may not know it: `a***@example.org`.
pub(crate) fn mail_pattern(address: &str) -> String {
    let (name, host) = address.split_once('@').unwrap_or((address, ""));
    let first = name.chars().next().map(String::from).unwrap_or_default();
    format!("{first}***@{host}")
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
