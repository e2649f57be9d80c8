//! People: how users are made, how they log in without a code, and how they look to each other.

use layer_tl_types::{enums, types};

use super::accounts::{Bot, TELEGRAM, User, digits};
use super::fanout::Actor;
use super::preferences::Viewer;
use super::{Peer, World};
use crate::Now;
use crate::router::RpcError;

/// Letters of a bot's token, after its id.
const TOKEN: usize = 35;
/// What they are taken from: 64, so that each is as likely.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl World {
    /// Makes a user with this name (first, or first and last) and phone number, and returns its id; that
    /// of the user who has the number, if there is one.
    pub fn add_user(&mut self, name: &str, phone: &str) -> i64 {
        if let Some(known) = self.accounts.by_phone(phone) {
            return known.id;
        }
        let id = self.accounts.next_id();
        let mut user = User { phone: Some(digits(phone)), ..self.accounts.named(id, name) };
        user.dc = test_dc(phone).unwrap_or(user.dc);
        self.accounts.insert(user);
        id
    }

    /// Makes a bot with this name and username, and returns its id and its token.
    pub fn add_bot(&mut self, name: &str, username: &str) -> (i64, String) {
        let id = self.accounts.next_id();
        let letters = self.random::<TOKEN>().map(|byte| {
            let letter = LETTERS.get(usize::from(byte % 64)).copied().unwrap_or_default();
            char::from(letter)
        });
        let token = format!("{id}:{}", String::from_iter(letters));
        (self.add_bot_with(&token, name, username), token)
    }

    /// As [`World::add_bot`], with a token of one's own, whose number before the colon becomes the id.
    /// Returns the id.
    pub fn add_bot_with(&mut self, token: &str, name: &str, username: &str) -> i64 {
        let id = token.split_once(':').and_then(|(id, _)| id.parse().ok());
        let id = id.unwrap_or_else(|| self.accounts.next_id());
        let bot = Bot { token: token.to_owned(), ..Bot::default() };
        let usernames = vec![username.trim_start_matches('@').to_owned()];
        self.accounts.insert(User { usernames, bot: Some(bot), ..self.accounts.named(id, name) });
        id
    }

    /// A random number that is not 0.
    pub(crate) fn random_id(&mut self) -> i64 {
        i64::from_le_bytes(self.random()) | 1
    }

    /// A user as another sees it, or itself. One that is not known is empty.
    pub fn user(&self, viewer: i64, id: i64) -> enums::User {
        let Some(user) = self.accounts.get(id) else {
            return types::UserEmpty { id }.into();
        };
        if user.deleted {
            let access_hash = Some(self.accounts.access_hash(viewer, id));
            let seen = types::User { deleted: true, access_hash, ..types::User::new(id) };
            return enums::User::User(Box::new(seen));
        }
        let own = self.accounts.get(viewer).and_then(|viewer| viewer.contacts.get(&id));
        let is_self = viewer == id;
        let knows_me = user.contacts.contains_key(&viewer);
        let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let (first_name, last_name) = match own {
            Some(own) => (name(&own.first_name), name(&own.last_name)),
            None => (name(&user.first_name), name(&user.last_name)),
        };
        let mut seen = types::User::new(id);
        seen.is_self = is_self;
        seen.contact = own.is_some();
        seen.mutual_contact = own.is_some() && knows_me;
        seen.verified = id == TELEGRAM;
        seen.support = id == TELEGRAM;
        seen.access_hash = Some(self.accounts.access_hash(viewer, id));
        (seen.first_name, seen.last_name) = (first_name, last_name);
        if let [username] = user.usernames.as_slice() {
            seen.username = Some(username.clone());
        } else if !user.usernames.is_empty() {
            seen.usernames = Some(user.list_usernames());
        }
        let asks =
            Viewer { id: viewer, is_contact: knows_me, is_bot: self.accounts.is_bot(viewer) };
        let may_see = |key| is_self || user.preferences.lets_see(&key, asks);
        // Whoever has saved the number knows it.
        let saved = own.is_some_and(|own| !own.phone.is_empty());
        let knows_phone = id == TELEGRAM || saved || may_see(enums::PrivacyKey::PhoneNumber);
        seen.phone = user.phone.clone().filter(|_| knows_phone);
        seen.photo = self.user_portrait(viewer, id);
        match &user.bot {
            Some(bot) => {
                seen.bot = true;
                seen.bot_info_version = Some(1);
                seen.bot_chat_history = bot.chat_history;
                seen.bot_nochats = bot.nochats;
                seen.bot_inline_placeholder = bot.inline_placeholder.clone();
            }
            None if may_see(enums::PrivacyKey::StatusTimestamp) => {
                seen.status = Some(user.status())
            }
            None => seen.status = Some(types::UserStatusRecently { by_me: false }.into()),
        }
        enums::User::User(Box::new(seen))
    }

    /// Users as one sees them, for the list beside an answer.
    pub fn users(&self, viewer: i64, ids: impl IntoIterator<Item = i64>) -> Vec<enums::User> {
        ids.into_iter().map(|id| self.user(viewer, id)).collect()
    }

    /// Whom a viewer means.
    ///
    /// # Errors
    /// `USER_ID_INVALID` if there is no such user, or the access hash is not the viewer's;
    /// `MSG_ID_INVALID` if the message that is to show it does not.
    pub fn user_id(&self, viewer: i64, user: &enums::InputUser) -> Result<i64, RpcError> {
        let invalid = || RpcError::new(400, "USER_ID_INVALID");
        match user {
            enums::InputUser::UserSelf => Ok(viewer),
            enums::InputUser::User(user) => {
                let known = self.may_name(viewer, user.user_id, user.access_hash);
                known.then_some(user.user_id).ok_or_else(invalid)
            }
            enums::InputUser::FromMessage(user) => {
                let actor = Actor { user: viewer, now: Now::default() };
                self.shown_in(&actor, &user.peer, user.msg_id, Peer::User(user.user_id))?;
                Ok(user.user_id)
            }
            enums::InputUser::Empty => Err(invalid()),
        }
    }

    /// Whom a viewer means by a peer that can only be a user.
    ///
    /// # Errors
    /// `PEER_ID_INVALID` if it is none, or the access hash is not the viewer's.
    pub fn user_of_peer(&self, viewer: i64, peer: &enums::InputPeer) -> Result<i64, RpcError> {
        let id = match peer {
            enums::InputPeer::PeerSelf => Some(viewer),
            enums::InputPeer::User(user) => {
                let known = self.may_name(viewer, user.user_id, user.access_hash);
                known.then_some(user.user_id)
            }
            enums::InputPeer::UserFromMessage(user) => {
                let actor = Actor { user: viewer, now: Now::default() };
                let shown = Peer::User(user.user_id);
                self.shown_in(&actor, &user.peer, user.msg_id, shown)?;
                Some(user.user_id)
            }
            _ => None,
        };
        id.ok_or_else(|| RpcError::new(400, "PEER_ID_INVALID"))
    }

    /// Gives up an account: its number and names are free, and nobody is logged in to it.
    pub fn delete_account(&mut self, id: i64) {
        self.revoke(id, |_, _| true);
        self.forget_pending(id);
        let Some(user) = self.accounts.get(id) else { return };
        let empty =
            User { deleted: true, dc: user.dc, ..self.accounts.named(id, "Deleted Account") };
        self.accounts.insert(empty);
    }

    /// Whether there is a user of this id, and the viewer may speak of it by this access hash. Bots may
    /// leave it out.
    pub fn may_name(&self, viewer: i64, id: i64, access_hash: i64) -> bool {
        let right = access_hash == self.accounts.access_hash(viewer, id) || viewer == id;
        self.accounts.get(id).is_some()
            && (right || access_hash == 0 && self.accounts.is_bot(viewer))
    }
}

impl User {
    /// Its usernames, as updates and users with several have them.
    pub(crate) fn list_usernames(&self) -> Vec<enums::Username> {
        let each = self.usernames.iter().enumerate().map(|(at, username)| {
            let (editable, active) = (at == 0, true);
            let username = types::Username::new(username.clone());
            types::Username { editable, active, ..username }.into()
        });
        each.collect()
    }

    /// When it was online, to those who may know.
    pub(crate) fn status(&self) -> enums::UserStatus {
        match self.online_until {
            Some(expires) if self.is_online => types::UserStatusOnline { expires }.into(),
            Some(was_online) => types::UserStatusOffline { was_online }.into(),
            None => types::UserStatusRecently { by_me: false }.into(),
        }
    }
}

/// The data centre at which a test number (99966XYYYY) lives.
pub(crate) fn test_dc(phone: &str) -> Option<i32> {
    let phone = digits(phone);
    let rest = phone.strip_prefix("99966").filter(|rest| rest.len() == 5)?;
    rest.chars()
        .next()
        .and_then(|dc| dc.to_digit(10))
        .filter(|dc| (1..=3).contains(dc))
        .map(|dc| dc as i32)
}
