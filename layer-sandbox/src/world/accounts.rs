//! Accounts: users with all that belongs to them alone, and who is logged in under which key.
//!
//! They are plain data with the rules that keep it in one piece: phone numbers, usernames and tokens
//! belong to one each. How a user looks to another is in `people`.

use std::collections::BTreeMap;

use layer_crypto::hash::sha256;
use layer_tl_types::types;
use rand_core::Rng;

/// The account that Telegram speaks through; login codes come from it.
pub const TELEGRAM: i64 = 777_000;

/// The first id that is given out: longer than 32 bits, as those of new users are.
const FIRST_ID: i64 = 5_000_000_001;

/// A user or a bot.
#[derive(Clone)]
#[non_exhaustive]
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
    /// The data centre where the account lives.
    pub dc: i32,
    /// Those that the user has put in its contacts, by id.
    pub contacts: BTreeMap<i64, Contact>,
    /// Those that it has blocked, with the time.
    pub blocked: BTreeMap<i64, i32>,
}

/// What a bot has more.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Bot {
    /// By which it logs in.
    pub token: String,
    /// What is shown before a chat with it begins.
    pub description: String,
    /// Its commands.
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
pub struct Contact {
    /// Never empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// The number under which they are saved; empty if they were added without.
    pub phone: String,
}

/// That somebody is logged in under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// Who.
    pub user_id: i64,
    /// By which the login is told from others in `account.getAuthorizations`.
    pub hash: i64,
    /// It was carried over from the account's own data centre: no updates go to it.
    pub imported: bool,
}

/// All users, and who is logged in.
#[derive(Debug)]
pub struct Accounts {
    users: BTreeMap<i64, User>,
    /// By the id of the permanent key.
    logins: BTreeMap<i64, Login>,
    /// What access hashes are made from.
    secret: [u8; 32],
    dc: i32,
    next_id: i64,
}

impl Accounts {
    /// None but [`TELEGRAM`]'s. New ones will live at `dc`.
    pub(super) fn new(dc: i32, rng: &mut impl Rng) -> Self {
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let (users, logins) = (BTreeMap::new(), BTreeMap::new());
        let mut accounts = Self { users, logins, secret, dc, next_id: FIRST_ID };
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
            dc: self.dc,
            contacts: BTreeMap::new(),
            blocked: BTreeMap::new(),
        }
    }

    /// An id that nobody has.
    pub(super) fn next_id(&mut self) -> i64 {
        while self.users.contains_key(&self.next_id) {
            self.next_id += 1;
        }
        self.next_id
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
