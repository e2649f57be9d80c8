//! Accounts: users with all that belongs to them alone, and who is logged in under which key.
//!
//! They are plain data with the rules that keep it in one piece: phone numbers, usernames and tokens
//! belong to one each. How a user looks to another is in `people`.

use std::collections::{BTreeMap, BTreeSet};

use layer_crypto::hash::sha256;
use layer_tl_types::types;
use rand_core::Rng;

use super::logins::Login;
use super::passwords::{Password, Unconfirmed};
use super::preferences::Preferences;

/// The account that Telegram speaks through; login codes come from it.
pub const TELEGRAM: i64 = 777_000;

/// The first id that is given out: longer than 32 bits, as those of new users are.
const FIRST_ID: i64 = 5_000_000_001;

/// With so many users, no more may sign up.
const MOST_USERS: usize = 100_000;

/// A user or a bot.
#[derive(Clone)]
#[non_exhaustive]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    /// Its id, by which all know it.
    pub id: i64,
    /// Never empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Without the `@`; the first is the one that the user sets. All are active.
    pub usernames: Vec<String>,
    /// Digits; bots have none.
    pub phone: Option<String>,
    /// What the user tells about itself.
    pub about: String,
    /// Set for bots.
    pub bot: Option<Bot>,
    /// Until when the user is online, or was, in unix seconds; `None` if it never was.
    pub online_until: Option<i32>,
    /// It has said that it is online, and not since that it is not.
    pub is_online: bool,
    /// The account was deleted; what others have with it stays.
    pub deleted: bool,
    /// The data centre where the account lives.
    pub dc: i32,
    /// Those that the user has put in its contacts, by id.
    pub contacts: BTreeMap<i64, Contact>,
    /// Those that it has blocked, with the time.
    pub blocked: BTreeMap<i64, i32>,
    /// That of two-step verification.
    pub password: Option<Password>,
    /// Where login codes are mailed to.
    pub login_email: Option<String>,
    /// Its photos, the newest first.
    #[serde(default)]
    pub(crate) photos: Vec<i64>,
    pub(crate) preferences: Preferences,
    /// A password that waits for its address to be confirmed.
    pub(crate) unconfirmed: Option<Unconfirmed>,
    /// When the password will be gone, for a user who has forgotten it.
    pub(crate) reset_password_at: Option<i32>,
    /// Wrong passwords since the last right one, and when the last was given.
    pub(crate) wrong_passwords: u32,
    pub(crate) wrong_password_at: i64,
}

/// What a bot has more.
#[derive(Clone, Default)]
#[non_exhaustive]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Bot {
    /// By which it logs in.
    pub token: String,
    /// What is shown before a chat with it begins.
    pub description: String,
    /// Its commands.
    #[serde(with = "crate::world::kept::tl")]
    pub commands: Vec<types::BotCommand>,
    /// The text in the field when it is asked inline; `None` if it can't be.
    pub inline_placeholder: Option<String>,
    /// It sees all messages in groups, not only what is for it.
    pub chat_history: bool,
    /// It can't be added to groups.
    pub nochats: bool,
}

/// Somebody in a user's contacts, as the user calls them.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// Never empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The number under which they are saved; empty if they were added without.
    pub phone: String,
}

/// All users, and who is logged in.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Accounts {
    users: BTreeMap<i64, User>,
    /// By the id of the permanent key.
    logins: BTreeMap<i64, Login>,
    /// What access hashes are made from.
    secret: [u8; 32],
    /// Phone numbers that get no codes.
    banned: BTreeSet<String>,
    dc: i32,
    next_id: i64,
}

impl Accounts {
    /// None but [`TELEGRAM`]'s. New ones will live at `dc`.
    pub(super) fn new(dc: i32, rng: &mut impl Rng) -> Self {
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let (users, logins, banned) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut accounts = Self { users, logins, secret, banned, dc, next_id: FIRST_ID };
        accounts
            .insert(User { phone: Some("42777".into()), ..accounts.named(TELEGRAM, "Telegram") });
        accounts
    }

    /// A user of this id and name, first or first and last, without anything else.
    pub(super) fn named(&self, id: i64, name: &str) -> User {
        let (first, last) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
        User {
            id,
            first_name: first.to_owned(),
            last_name: last.trim().to_owned(),
            usernames: Vec::new(),
            phone: None,
            about: String::new(),
            bot: None,
            online_until: None,
            is_online: false,
            deleted: false,
            dc: self.dc,
            contacts: BTreeMap::new(),
            blocked: BTreeMap::new(),
            password: None,
            login_email: None,
            photos: Vec::new(),
            preferences: Preferences::default(),
            unconfirmed: None,
            reset_password_at: None,
            wrong_passwords: 0,
            wrong_password_at: 0,
        }
    }

    /// An id that nobody has.
    pub(super) fn next_id(&mut self) -> i64 {
        while self.users.contains_key(&self.next_id) {
            self.next_id += 1;
        }
        self.next_id
    }

    /// Whether no more people may sign up.
    pub(crate) fn is_full(&self) -> bool {
        self.users.len() >= MOST_USERS
    }

    /// Puts a user in, in the place of the one that has its id.
    pub fn insert(&mut self, user: User) {
        self.users.insert(user.id, user);
    }

    /// The user of an id.
    pub fn get(&self, id: i64) -> Option<&User> {
        self.users.get(&id)
    }

    /// As [`Accounts::get`], to be changed.
    pub fn get_mut(&mut self, id: i64) -> Option<&mut User> {
        self.users.get_mut(&id)
    }

    /// All users, by their ids.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// Whether there is such a user and it is a bot.
    pub fn is_bot(&self, id: i64) -> bool {
        self.get(id).is_some_and(|user| user.bot.is_some())
    }

    /// The user with a phone number, however it is written.
    pub fn by_phone(&self, phone: &str) -> Option<&User> {
        let phone = digits(phone);
        self.iter().find(|user| user.phone.as_ref() == Some(&phone))
    }

    /// The user with a username, in whatever case.
    pub fn by_username(&self, name: &str) -> Option<&User> {
        let has = |user: &&User| user.usernames.iter().any(|own| own.eq_ignore_ascii_case(name));
        self.iter().find(has)
    }

    /// The bot with a token.
    pub fn by_token(&self, token: &str) -> Option<&User> {
        self.iter().find(|user| user.bot.as_ref().is_some_and(|bot| bot.token == token))
    }

    /// Lets a phone number have no codes any more.
    pub fn ban(&mut self, phone: &str) {
        self.banned.insert(digits(phone));
    }

    /// Whether a phone number has no codes.
    pub fn is_banned(&self, phone: &str) -> bool {
        self.banned.contains(&digits(phone))
    }

    /// Who is logged in under a permanent key.
    pub fn login(&self, key_id: i64) -> Option<&Login> {
        self.logins.get(&key_id)
    }

    /// All logins, with their keys' ids.
    pub fn logins(&self) -> impl Iterator<Item = (i64, &Login)> {
        self.logins.iter().map(|(key_id, login)| (*key_id, login))
    }

    /// Logs a user in under a permanent key, in the place of who was before.
    pub(super) fn log_in(&mut self, key_id: i64, login: Login) {
        self.logins.insert(key_id, login);
    }

    /// Logs out who is logged in under a permanent key.
    pub(crate) fn log_out(&mut self, key_id: i64) -> Option<Login> {
        self.logins.remove(&key_id)
    }

    /// Ends all logins but those of which this says so.
    pub(super) fn retain_logins(&mut self, mut keep: impl FnMut(i64, &Login) -> bool) {
        self.logins.retain(|key, login| keep(*key, login));
    }

    /// Somebody has asked something under a permanent key.
    pub(super) fn used(&mut self, key_id: i64, now: i64) {
        if let Some(login) = self.logins.get_mut(&key_id) {
            login.active = now;
        }
    }

    /// What is made from this nobody can guess.
    pub(super) fn secret(&self) -> [u8; 32] {
        self.secret
    }

    /// The access hash by which a viewer speaks of a user, or of a channel: each has another, and knowing
    /// one is of no use to others.
    pub fn access_hash(&self, viewer: i64, id: i64) -> i64 {
        let digest = sha256(&[&self.secret, &viewer.to_le_bytes(), &id.to_le_bytes()]);
        let [a, b, c, d, e, f, g, h, ..] = digest;
        // No hash is 0, which stands for none.
        i64::from_le_bytes([a, b, c, d, e, f, g, h]) | 1
    }
}

/// Without what is secret or private.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_bot = self.bot.is_some();
        f.debug_struct("User").field("id", &self.id).field("bot", &is_bot).finish_non_exhaustive()
    }
}

/// The digits of a phone number, however it is written.
pub(crate) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}
