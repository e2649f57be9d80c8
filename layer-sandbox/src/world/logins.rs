//! Logins: who is logged in under which key, and what leads there or away from it: passwords that are
//! still wanted, tokens in QR codes, transfers between data centres.

use std::collections::{BTreeMap, VecDeque};

use layer_tl_types::{Serializable, enums, types};

use super::World;
use crate::router::{Caller, RpcError};

/// That somebody is logged in under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Login {
    /// Who.
    pub user_id: i64,
    /// By which the login is told from others in `account.getAuthorizations`. Those that were carried
    /// over from one have the same, and end with it.
    pub hash: i64,
    /// It was carried over from the account's own data centre: no updates go to it.
    pub imported: bool,
    /// When it began, in unix seconds.
    pub created: i64,
    /// When it was used last.
    pub active: i64,
}

/// What leads to logins.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    /// Under these keys the password of a user is awaited.
    pending: BTreeMap<i64, i64>,
    /// Logins under these keys were ended from elsewhere.
    revoked: VecDeque<i64>,
    tokens: VecDeque<Token>,
    exports: VecDeque<Export>,
    /// By which logged-out clients log in again without a code.
    future: VecDeque<(Vec<u8>, i64)>,
}

/// A token in a QR code.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) bytes: Vec<u8>,
    /// The key that asked for it.
    pub(crate) login_key: i64,
    pub(crate) expires: i64,
    pub(crate) except: Vec<i64>,
    /// Who has accepted it.
    pub(crate) accepted: Option<i64>,
}

/// An authorization on its way to another data centre.
#[derive(Debug)]
struct Export {
    id: i64,
    bytes: Vec<u8>,
    login: Login,
    dc: i32,
    until: i64,
}

/// So long a token in a QR code lives, in seconds.
const TOKEN_LIFE: i64 = 30;
/// So long an authorization may be on its way, in seconds.
const EXPORT_LIFE: i64 = 60;
/// So many of each are kept.
const MOST: usize = 256;

/// Puts an element in, and takes the oldest out if there are too many.
fn push_bounded<T>(all: &mut VecDeque<T>, new: T) {
    if all.len() >= MOST {
        all.pop_front();
    }
    all.push_back(new);
}

impl World {
    /// Logs a user in under a key, without a code. If the key is a temporary one, under the permanent one
    /// to which it is bound.
    pub fn log_in(&mut self, key_id: i64, user_id: i64) {
        let key_id = self.keys.permanent(key_id);
        self.begin_login(key_id, user_id, 0);
    }

    fn begin_login(&mut self, login_key: i64, user_id: i64, now: i64) {
        let hash = self.random_id();
        let login = Login { user_id, hash, imported: false, created: now, active: now };
        self.put_login(login_key, login);
    }

    fn put_login(&mut self, login_key: i64, login: Login) {
        self.ways.pending.remove(&login_key);
        self.ways.revoked.retain(|key| *key != login_key);
        self.accounts.log_in(login_key, login);
    }

    /// Logs a user in who has proved who it is, but for its password: if it has one, that is awaited.
    pub(crate) fn admit(
        &mut self,
        caller: &Caller,
        user_id: i64,
    ) -> Result<types::auth::Authorization, RpcError> {
        if self.accounts.get(user_id).is_some_and(|user| user.password.is_some()) {
            self.ways.pending.insert(caller.login_key, user_id);
            return Err(RpcError::new(401, "SESSION_PASSWORD_NEEDED"));
        }
        Ok(self.admit_at_last(caller, user_id))
    }

    /// Logs a user in who has proved who it is.
    pub(crate) fn admit_at_last(
        &mut self,
        caller: &Caller,
        user_id: i64,
    ) -> types::auth::Authorization {
        let known = self.accounts.login(caller.login_key);
        if known.is_none_or(|login| login.user_id != user_id) {
            self.begin_login(caller.login_key, user_id, caller.now.unix());
        }
        types::auth::Authorization::new(self.user(user_id, user_id))
    }

    /// Whose password is awaited where this is asked, or who is logged in.
    pub(crate) fn login_or_pending(&self, caller: &Caller) -> Result<i64, RpcError> {
        let pending = self.ways.pending.get(&caller.login_key).copied();
        caller.user.or(pending).ok_or_else(|| self.why_nobody(caller))
    }

    /// Whose password is awaited where this is asked.
    pub(crate) fn pending(&self, caller: &Caller) -> Option<i64> {
        self.ways.pending.get(&caller.login_key).copied()
    }

    /// What who is not logged in is told.
    pub(crate) fn why_nobody(&self, caller: &Caller) -> RpcError {
        let name = if self.ways.pending.contains_key(&caller.login_key) {
            "SESSION_PASSWORD_NEEDED"
        } else if self.ways.revoked.contains(&caller.login_key) {
            "SESSION_REVOKED"
        } else {
            "AUTH_KEY_UNREGISTERED"
        };
        RpcError::new(401, name)
    }

    /// Whether who asks does it where the account lives; `what` begins the error, as `PHONE`. A server
    /// that does not know which data centre was dialled takes everybody.
    pub(crate) fn at_home(&self, caller: &Caller, dc: i32, what: &str) -> Result<(), RpcError> {
        let known = self.keys.get(caller.key_id, caller.now.unix());
        let named = known.and_then(|known| known.dc).is_some();
        let here = caller.dc.rem_euclid(10_000);
        let elsewhere = here != dc && self.settings.dcs().contains(&dc);
        if elsewhere && (named || self.settings.apart()) {
            return Err(RpcError::new(303, format!("{what}_MIGRATE_{dc}")));
        }
        Ok(())
    }

    /// Ends the login under a key, by who is logged in. Returns a token for the next one.
    pub(crate) fn log_out(&mut self, caller: &Caller) -> Option<Vec<u8>> {
        self.ways.pending.remove(&caller.login_key);
        let login = self.accounts.log_out(caller.login_key)?;
        self.accounts.retain_logins(|_, other| other.hash != login.hash);
        let token = self.random::<32>().to_vec();
        push_bounded(&mut self.ways.future, (token.clone(), login.user_id));
        Some(token)
    }

    /// Who may log in by a token that [`World::log_out`] gave. It is used up.
    pub(crate) fn take_future(&mut self, tokens: &[Vec<u8>], user_id: i64) -> bool {
        let future = &mut self.ways.future;
        let at = future.iter().position(|(token, id)| *id == user_id && tokens.contains(token));
        at.and_then(|at| future.remove(at)).is_some()
    }

    /// Ends logins of a user from elsewhere: those of which this says so. Returns how many.
    pub fn revoke(&mut self, user_id: i64, which: impl Fn(i64, &Login) -> bool) -> usize {
        let ends = |(key, login): &(i64, &Login)| login.user_id == user_id && which(*key, login);
        let ended: Vec<i64> = self.accounts.logins().filter(ends).map(|(key, _)| key).collect();
        for key in &ended {
            self.accounts.log_out(*key);
            push_bounded(&mut self.ways.revoked, *key);
        }
        ended.len()
    }

    /// A token for a QR code: the same one, as long as it lives.
    pub(crate) fn login_token(&mut self, caller: &Caller, except: &[i64]) -> &Token {
        let now = caller.now.unix();
        let tokens = &self.ways.tokens;
        let ours = |token: &Token| token.login_key == caller.login_key;
        let alive = tokens.iter().position(|token| ours(token) && token.is_alive(now));
        let at = alive.unwrap_or_else(|| {
            let bytes = self.random::<32>().to_vec();
            let (login_key, expires) = (caller.login_key, now + TOKEN_LIFE);
            self.ways.tokens.retain(|token| token.login_key != login_key);
            let except = except.iter().take(MOST).copied().collect();
            let token = Token { bytes, login_key, expires, except, accepted: None };
            push_bounded(&mut self.ways.tokens, token);
            self.ways.tokens.len() - 1
        });
        #[allow(clippy::indexing_slicing, reason = "it was found or put in just before")]
        &self.ways.tokens[at]
    }

    /// The token of these bytes.
    pub(crate) fn token(&mut self, bytes: &[u8], now: i64) -> Result<&mut Token, RpcError> {
        let token = self.ways.tokens.iter_mut().find(|token| token.bytes == bytes);
        let token = token.ok_or_else(|| RpcError::new(400, "AUTH_TOKEN_INVALID"))?;
        if token.is_alive(now) { Ok(token) } else { Err(RpcError::new(400, "AUTH_TOKEN_EXPIRED")) }
    }

    /// Forgets the token that a key asked for, or any of these bytes.
    pub(crate) fn forget_token(&mut self, bytes: &[u8]) {
        self.ways.tokens.retain(|token| token.bytes != bytes);
    }

    /// Packs a login for another data centre.
    pub(crate) fn export_login(&mut self, caller: &Caller, dc: i32) -> Option<(i64, Vec<u8>)> {
        let login = self.accounts.login(caller.login_key)?;
        let (login, id) = (Login { imported: true, ..login.clone() }, login.user_id);
        let bytes = self.random::<128>().to_vec();
        let until = caller.now.unix() + EXPORT_LIFE;
        push_bounded(&mut self.ways.exports, Export { id, bytes: bytes.clone(), login, dc, until });
        Some((id, bytes))
    }

    /// Takes a login that was packed at another data centre. It is used up.
    pub(crate) fn import_login(
        &mut self,
        caller: &Caller,
        (id, bytes): (i64, &[u8]),
    ) -> Result<i64, RpcError> {
        let invalid = || RpcError::new(400, "AUTH_BYTES_INVALID");
        let exports = &mut self.ways.exports;
        let at = exports.iter().position(|export| export.bytes == bytes).ok_or_else(invalid)?;
        let export = exports.remove(at).ok_or_else(invalid)?;
        if export.id != id {
            return Err(RpcError::new(400, "USER_ID_INVALID"));
        }
        self.at_home(caller, export.dc, "").map_err(|_| invalid())?;
        let now = caller.now.unix();
        let origin = self.accounts.logins().any(|(_, login)| login.hash == export.login.hash);
        if now > export.until || !origin {
            return Err(invalid());
        }
        let lives_at = self.accounts.get(id).map(|user| user.dc);
        let imported = lives_at.is_some_and(|dc| self.at_home(caller, dc, "").is_err());
        self.put_login(
            caller.login_key,
            Login { imported, created: now, active: now, ..export.login },
        );
        Ok(id)
    }

    /// A key is forgotten, and what was under way under it.
    pub(super) fn forget_ways_of(&mut self, key_id: i64) {
        self.accounts.log_out(key_id);
        self.ways.pending.remove(&key_id);
        self.ways.revoked.retain(|key| *key != key_id);
        self.ways.tokens.retain(|token| token.login_key != key_id);
    }

    /// Nobody awaits the password of a user any more.
    pub(super) fn forget_pending(&mut self, user_id: i64) {
        self.ways.pending.retain(|_, user| *user != user_id);
    }

    /// The sessions to which updates for a user go, as the ids of key and session for [`World::push`].
    /// The session that asks at the moment is not among them: it has its answer.
    pub fn sessions_of(&self, user_id: i64) -> Vec<(i64, i64)> {
        let mut sessions = self.sessions_where(|key| {
            let login = self.accounts.login(key);
            login.is_some_and(|login| login.user_id == user_id && !login.imported)
        });
        sessions.extend(self.ear_of(user_id));
        sessions
    }

    /// Sessions under permanent keys of which this says so, if they want to hear of updates.
    fn sessions_where(&self, wanted: impl Fn(i64) -> bool) -> Vec<(i64, i64)> {
        let hears = |&(key_id, session_id): &(i64, i64)| {
            wanted(self.keys.permanent(key_id))
                && self.sessions.get(key_id, session_id).is_some_and(|session| session.hears)
        };
        self.sessions.ids().filter(hears).collect()
    }

    /// Tells all sessions of a user something that is not counted. The caller's own has its answer.
    pub(crate) fn notify(&mut self, user_id: i64, update: enums::Update, date: i64) {
        self.push_short(&self.sessions_of(user_id), update, date);
    }

    /// Tells the sessions under a permanent key, whether or not anybody is logged in.
    pub(crate) fn notify_key(&mut self, login_key: i64, update: enums::Update, date: i64) {
        self.push_short(&self.sessions_where(|key| key == login_key), update, date);
    }

    /// Tells all sessions of a user what has happened. The caller's own has its answer.
    pub(crate) fn push_to(&mut self, user_id: i64, updates: &enums::Updates) {
        self.push_each(&self.sessions_of(user_id), updates);
    }

    fn push_short(&mut self, sessions: &[(i64, i64)], update: enums::Update, date: i64) {
        // A TL int.
        let short = types::UpdateShort { update, date: date as i32 };
        self.push_each(sessions, &enums::Updates::UpdateShort(Box::new(short)));
    }

    fn push_each(&mut self, sessions: &[(i64, i64)], updates: &enums::Updates) {
        let bytes = updates.to_bytes();
        for (key_id, session_id) in sessions {
            self.push(*key_id, *session_id, bytes.clone());
        }
    }
}

impl Token {
    fn is_alive(&self, now: i64) -> bool {
        now < self.expires
    }
}
