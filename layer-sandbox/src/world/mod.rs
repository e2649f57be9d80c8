//! What the server knows, as plain data.
//!
//! `accounts` are the users, `people` how they look to each other, `portraits` their photos and those of chats; `logins` who is logged in where,
//! `codes` and `passwords` by what; `names`, `finding` and `preferences` what they are called and have
//! chosen.
//!
//! `posts` is all that was said, `polls` what is voted on in it, `boxes` what each account and channel has been told of it in order,
//! `chats` and `dialogs` where. `talk` holds them together: saying something; `sending`, `reading` and others are
//! the further things that people do, and `acts` the same for who speaks without a client. `fanout` tells
//! all who are concerned, `difference` those who were away; `ears` is for who listens without a client.
//! `files` are photos and documents, whose contents lie outside.
//! `kept` is what is lasting of all this.

mod accounts;
mod acts;
pub(crate) mod boxes;
mod callbacks;
mod channels;
pub(crate) mod chats;
mod codes;
pub(crate) mod dialogs;
pub(crate) mod difference;
#[cfg_attr(not(feature = "listen"), allow(dead_code, reason = "who hears by it are the actors"))]
mod ears;
pub(crate) mod entities;
pub(crate) mod fanout;
pub(crate) mod files;
mod finding;
pub(crate) mod groups;
mod habits;
mod inline;
mod input;
pub(crate) mod invites;
pub(crate) mod kept;
mod logins;
pub(crate) mod marks;
mod names;
mod passwords;
mod peer;
mod people;
pub(crate) mod polls;
mod portraits;
pub(crate) mod posts;
mod preferences;
pub(crate) mod reading;
mod requests;
pub(crate) mod scheduled;
pub(crate) mod sending;
pub(crate) mod shown;
mod talk;
mod terms;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use layer_crypto::rsa::PrivateKey;
use layer_tl_types::{Deserializable, RemoteCall};
use layer_wire::framing::ProxySecret;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::Now;
use crate::dialect;
use crate::exchange::Terms;
use crate::faults::Faults;
use crate::keys::{Keys, well_known_key};
use crate::router::{self, Caller, Reply, RpcError};
use crate::session::{Session, Sessions};
use crate::tally::Tally;

use codes::Codes;
use ears::Ears;
use files::Files;
use logins::Ways;
use passwords::Challenges;

pub use accounts::{Accounts, Bot, Contact, TELEGRAM, User};
pub use codes::CodeKind;
pub use files::{Contents, InMemory};
pub use kept::KeptError;
pub use logins::Login;
pub use passwords::Password;

pub(crate) use accounts::digits;
pub use acts::SendOptions;
pub(crate) use codes::mail_pattern;
pub(crate) use finding::Sought;
pub use habits::Habits;
pub(crate) use names::check_username;
pub use peer::Peer;
pub(crate) use people::test_dc;
pub(crate) use preferences::Preferences;
pub(crate) use talk::Talk;

/// What is fixed when a server is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// On what keys are agreed.
    pub terms: Terms,
    /// The data centre that this is for clients that name none.
    pub dc: i32,
    /// Where clients are told to find every data centre that has no address of its own.
    pub address: SocketAddr,
    /// Addresses of the data centres that have their own. If there are any, data centres stand apart:
    /// there are no others, and a key that was agreed with one is not known to another. Else this
    /// server is all of them.
    pub addresses: BTreeMap<i32, SocketAddr>,
    /// Secrets of the MTProxy that this is too.
    pub secrets: Vec<ProxySecret>,
    /// The data centre that gives out files for the others, with a key of its own. It has an address in
    /// [`Settings::addresses`].
    pub cdn: Option<Cdn>,
    /// What codes, tokens and the like are drawn from. Without one they are the same in every world;
    /// a listener takes one from the system then.
    pub seed: Option<[u8; 32]>,
}

/// A data centre that only gives out files, enciphered.
#[derive(Clone, Debug)]
pub struct Cdn {
    /// Its number.
    pub dc: i32,
    /// The RSA key with which keys are agreed there.
    pub key: Arc<PrivateKey>,
}

impl Default for Settings {
    /// The well-known key, data centre 2, no address yet, no secrets, no seed.
    fn default() -> Self {
        Self {
            terms: Terms::new(well_known_key()),
            dc: 2,
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            addresses: BTreeMap::new(),
            secrets: Vec::new(),
            cdn: None,
            seed: None,
        }
    }
}

/// Data centres that clients are told of where one address is all of them.
const DCS: std::ops::RangeInclusive<i32> = 1..=5;

impl Settings {
    /// Whether data centres stand apart.
    pub fn apart(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// The data centres that clients are told of, in their order; not the CDN.
    pub fn dcs(&self) -> Vec<i32> {
        let cdn = self.cdn.as_ref().map(|cdn| cdn.dc);
        let each = self.addresses.keys().copied().filter(|dc| Some(*dc) != cdn);
        if self.apart() { each.collect() } else { DCS.collect() }
    }

    /// On what keys are agreed at a data centre.
    pub(crate) fn terms_at(&self, dc: i32) -> Terms {
        match &self.cdn {
            Some(cdn) if cdn.dc == dc => Terms { key: cdn.key.clone(), ..self.terms.clone() },
            _ => self.terms.clone(),
        }
    }

    /// Where clients are told to find a data centre.
    pub fn address_of(&self, dc: i32) -> SocketAddr {
        self.addresses.get(&dc).copied().unwrap_or(self.address)
    }
}

/// All that the connections of a server share.
#[derive(Debug)]
pub struct World {
    /// What is fixed.
    pub settings: Arc<Settings>,
    /// Authorization keys with their salts.
    pub keys: Keys,
    /// The clients' sessions.
    pub sessions: Sessions,
    /// What it does otherwise than it would by itself.
    pub faults: Faults,
    /// What has come and gone.
    pub tally: Tally,
    /// Users, and who is logged in as whom.
    pub accounts: Accounts,
    codes: Codes,
    ways: Ways,
    challenges: Challenges,
    /// How it tells what happens, and how much of it is remembered.
    pub habits: Habits,
    /// All that was said, and where.
    pub(crate) talk: Talk,
    /// Photos and documents, and their contents.
    files: Files,
    contents: Box<dyn Contents>,
    /// How long the answer to the present query is held back, unless it is settled before.
    pub(crate) held_back: Option<Duration>,
    /// What those have heard who speak in a test.
    ears: Ears,
    /// What is drawn by chance in a handler.
    pub(crate) rng: ChaCha20Rng,
    intercept: Intercept,
    last_msg_id: i64,
    connections: u64,
}

/// A test's own methods.
#[derive(Default)]
struct Intercept(Option<Methods>);

type Methods = Box<dyn FnMut(&Caller, &[u8]) -> Option<Reply> + Send>;

impl std::fmt::Debug for Intercept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Intercept" } else { "None" })
    }
}

/// What a message of ours is, as the low bits of its identifier tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// In answer to a message of the client.
    InReply = 1,
    /// On our own account.
    Unasked = 3,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(settings: Settings) -> Self {
        let mut rng = ChaCha20Rng::from_seed(settings.seed.unwrap_or_default());
        Self {
            accounts: Accounts::new(settings.dc, &mut rng),
            codes: Codes::default(),
            ways: Ways::default(),
            challenges: Challenges::default(),
            rng,
            settings: Arc::new(settings),
            keys: Keys::default(),
            sessions: Sessions::default(),
            faults: Faults::default(),
            tally: Tally::default(),
            habits: Habits::default(),
            talk: Talk::default(),
            files: Files::default(),
            contents: Box::new(InMemory::default()),
            held_back: None,
            ears: Ears::default(),
            intercept: Intercept::default(),
            last_msg_id: 0,
            connections: 0,
        }
    }

    /// Sets a test's own methods, which are asked before the server's: with who calls, and the query
    /// without its wrappers. Where they return `None` the server answers. They take the place of those that
    /// were set before.
    ///
    /// ```
    /// use layer_sandbox::{Reply, RpcError, Settings, World};
    ///
    /// let mut world = World::new(Settings::default());
    /// world.intercept(|caller, query| {
    ///     assert!(caller.msg_id > 0);
    ///     let known = query.starts_with(&[1, 2, 3, 4]);
    ///     known.then(|| Reply::Now(Err(RpcError::new(420, "FLOOD_WAIT_3"))))
    /// });
    /// ```
    pub fn intercept(
        &mut self,
        methods: impl FnMut(&Caller, &[u8]) -> Option<Reply> + Send + 'static,
    ) {
        self.intercept.0 = Some(Box::new(methods));
    }

    /// Runs an unwrapped query: by the test's own methods, else by the router.
    pub(crate) fn run(&mut self, caller: &Caller, query: &[u8]) -> Reply {
        let caller = &self.known(caller);
        if let Some(error) = self.faults.refused(caller.user, query) {
            return Reply::Now(Err(error));
        }
        let own = self.intercept.0.as_mut().and_then(|methods| methods(caller, query));
        if let Some(own) = own {
            return own;
        }
        self.send_scheduled(caller.now);
        self.close_due_polls(caller.now);
        let answer = router::call(self, caller, query);
        match self.held_back.take() {
            Some(delay) => Reply::After(delay, answer),
            None => Reply::Now(answer),
        }
    }

    /// Has the server answer a query as if it had come over a connection, but at once: for tests, and for
    /// who speaks in a test. Who is logged in under the caller's key is looked up.
    ///
    /// ```
    /// use layer_sandbox::{Caller, Now, Settings, World};
    /// use layer_tl_types::{enums, functions};
    ///
    /// let mut world = World::new(Settings::default());
    /// let alice = world.add_user("Alice", "+49 151 0000001");
    /// world.log_in(7, alice);
    /// let caller = Caller::new(7, 1, 2, Now::default());
    /// let me = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
    /// let me = world.invoke(&caller, &me)?;
    /// assert!(matches!(&me[0], enums::User::User(user) if user.id == alice && user.is_self));
    /// # Ok::<(), layer_sandbox::RpcError>(())
    /// ```
    ///
    /// # Errors
    /// What the server answers.
    pub fn invoke<Q: RemoteCall>(
        &mut self,
        caller: &Caller,
        query: &Q,
    ) -> Result<Q::Return, RpcError> {
        let (Reply::Now(answer) | Reply::After(_, answer)) = self.run(caller, &query.to_bytes());
        Q::Return::from_bytes(&answer?).map_err(|_| RpcError::new(500, "ANSWER_UNREADABLE"))
    }

    /// What is known of who asks.
    fn known(&mut self, caller: &Caller) -> Caller {
        let login_key = self.keys.permanent(caller.key_id);
        let user = self.accounts.login(login_key).map(|login| login.user_id);
        let now = caller.now.unix();
        let known = self.keys.get(caller.key_id, now);
        self.accounts.used(login_key, now);
        Caller { login_key, user, layer: known.and_then(|known| known.layer), ..*caller }
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Has an object (whole words, such as an update) sent in a session, by whatever connection it uses: at
    /// once if there is one, else when there is. Returns whether it is taken: it is not if the session is
    /// not known or has too much to send already.
    pub fn push(&mut self, key_id: i64, session_id: i64, object: Vec<u8>) -> bool {
        if self.hear(key_id, session_id, &object).is_some() {
            return true;
        }
        let session = self.sessions.get_mut(key_id, session_id);
        session.is_some_and(|session| session.push(object))
    }

    /// Answers a query that was held back, named by its key, its session and its message, in the words of
    /// whoever asked. Returns whether it still waits.
    pub(crate) fn answer_pending(
        &mut self,
        (key_id, session_id, msg_id): (i64, i64, i64),
        now: Now,
        object: Vec<u8>,
    ) -> bool {
        let layer = self.keys.get(key_id, now.unix()).and_then(|known| known.layer);
        let answer = dialect::push(layer, object);
        let answer = answer.ok_or_else(|| RpcError::new(500, "ANSWER_NOT_SENDABLE"));
        let session = self.sessions.get_mut(key_id, session_id);
        session.is_some_and(|session| session.calls.settle(msg_id, answer))
    }

    /// Begins a session that has no connection, so that what is pushed to it collects, within the bounds
    /// of sessions, until [`World::take_pushes`] takes it.
    pub fn open_session(&mut self, key_id: i64, session_id: i64) {
        self.sessions.put(key_id, session_id, Session::listening());
    }

    /// Takes what was pushed to a session and was not sent yet, as boxed objects in their order.
    pub fn take_pushes(&mut self, key_id: i64, session_id: i64) -> Vec<Vec<u8>> {
        let session = self.sessions.get_mut(key_id, session_id);
        let mut pushes = Vec::new();
        if let Some(session) = session {
            pushes.extend(std::iter::from_fn(|| session.pop_push()));
        }
        pushes
    }

    /// Forgets what a server forgets when it is started again: all sessions with all that is in them. Keys
    /// and salts are kept, and so are the test's methods and faults. The links are the caller's to cut.
    pub fn restart(&mut self) {
        self.sessions = Sessions::default();
    }

    /// Makes all salts of a key that are known so far worth nothing.
    pub fn stale_salts(&mut self, key_id: i64) {
        self.keys.stale_salts(key_id);
    }

    /// Forgets what a client told about itself under a key: its layer, and by `initConnection`.
    pub fn forget_init(&mut self, key_id: i64) {
        self.keys.forget_init(key_id);
    }

    /// A number for a connection, which no other has.
    pub(crate) fn next_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// Forgets a key and all that belongs to it.
    pub fn forget_key(&mut self, id: i64) {
        self.keys.remove(id);
        self.sessions.destroy_all(id);
        // A temporary key has no login of its own.
        self.forget_ways_of(id);
    }

    /// The identifier of a message that is about to be sent: the time in 2^-32 seconds, its low two bits as
    /// [`Said`], above all that were given out before.
    pub fn next_msg_id(&mut self, said: Said, now: Now) -> i64 {
        let fraction = (u64::from(now.wall.subsec_nanos()) << 32) / 1_000_000_000;
        let time = (now.wall.as_secs() << 32 | fraction) as i64 & !3;
        let next = time.max((self.last_msg_id & !3) + 4);
        self.last_msg_id = next | said as i64;
        self.last_msg_id
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn identifiers_tell_the_time_and_never_go_back() {
        let mut world = World::new(Settings::default());
        let at = |wall| Now { wall, ..Now::default() };
        let now = at(Duration::from_millis(1_700_000_000_500));
        let first = world.next_msg_id(Said::InReply, now);
        assert_eq!(first, 1_700_000_000 << 32 | 0x8000_0000 | 1);
        let second = world.next_msg_id(Said::Unasked, now);
        assert_eq!(second, first + 4 + 2);
        let earlier = world.next_msg_id(Said::InReply, at(Duration::ZERO));
        assert_eq!((earlier > second, earlier % 4), (true, 1));
        let later = world.next_msg_id(Said::Unasked, at(Duration::from_secs(1_700_000_001)));
        assert_eq!(later, 1_700_000_001 << 32 | 3);
    }
}
