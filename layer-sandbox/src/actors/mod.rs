//! People and bots of a test, who speak without a client: `alice.send(&bot, "/start")`, and then
//! `alice.expect_reply()`.
//!
//! What they do runs through the code that answers clients' queries, so that all who are concerned hear of
//! it; what they are told they hear as a client of theirs would. Waiting is for a change of the world, in
//! the system's time, and on any runtime.

mod acts;
mod hearing;
mod message;

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use layer_tl_types::RemoteCall;
use thiserror::Error;

pub use message::{Message, Press};

use crate::listen::Shared;
use crate::{Now, Peer, RpcError, Sandbox, World};

/// So long an actor waits for what is expected, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody who speaks in a test. Clones speak as the same one and hear together.
#[derive(Clone)]
pub struct Actor {
    shared: Arc<Shared>,
    id: i64,
    name: String,
    patience: Duration,
    /// To whom it has written last.
    last: Arc<Mutex<Option<Peer>>>,
}

/// A person in a test: an [`Actor`] with a phone number.
#[derive(Clone, Debug)]
pub struct User {
    actor: Actor,
    phone: String,
}

/// A bot in a test: an [`Actor`] with a token.
#[derive(Clone)]
pub struct Bot {
    actor: Actor,
    token: String,
}

/// What an actor wanted has not come about.
///
/// Its text says what did come, messages with what is in them: it is for who wrote them, in a test.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ActorError {
    /// The server refuses it.
    #[error("{name} is refused: {error}")]
    Refused {
        /// Who.
        name: String,
        /// With what.
        error: RpcError,
    },
    /// What was expected has not come in time.
    #[error("{name} waited {patience:?} for {wanted}; what came is {heard:?}")]
    Nothing {
        /// Who waited.
        name: String,
        /// For what.
        wanted: String,
        /// How long.
        patience: Duration,
        /// What came instead, in words.
        heard: Vec<String>,
    },
    /// A message has no such button.
    #[error("no button is called {wanted:?}; there are {buttons:?}")]
    NoButton {
        /// The text that was looked for.
        wanted: String,
        /// Those that there are.
        buttons: Vec<String>,
    },
    /// An actor expects a reply and has written to nobody.
    #[error("{0} has written to nobody, so nobody can reply")]
    NobodyAsked(String),
    /// An answer of the server does not hold what it should.
    #[error("the server's answer does not tell of {0}")]
    Answer(&'static str),
}

impl Sandbox {
    /// A new person, with a phone number of its own. Its name is the first, or the first and the last.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// let alice = sandbox.user("Alice").await;
    /// let bob = sandbox.user("Bob").await;
    /// let id = alice.send(&bob, "hello").await?;
    /// let heard = bob.expect_message(|message| message.from == alice.peer()).await?;
    /// assert_eq!(heard.text, "hello");
    /// bob.send(&alice, "hi").await?;
    /// assert_eq!(alice.expect_reply().await?.text, "hi");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn user(&self, name: &str) -> User {
        let shared = self.shared();
        let (id, phone) = shared.act(|hall| {
            let accounts = &hall.world.accounts;
            // No country has this code.
            let mut phones = (1_u64..).map(|number| format!("999000{number:05}"));
            let free = phones.find(|phone| accounts.by_phone(phone).is_none());
            let phone = free.unwrap_or_default();
            (hall.world.add_user(name, &phone), phone)
        });
        User { actor: Actor::new(shared, id, name), phone }
    }

    /// A new person with this phone number.
    pub async fn user_with_phone(&self, name: &str, phone: &str) -> User {
        let shared = self.shared();
        let id = shared.act(|hall| hall.world.add_user(name, phone));
        User { actor: Actor::new(shared, id, name), phone: phone.to_owned() }
    }

    /// A new bot with a token of its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// let alice = sandbox.user("Alice").await;
    /// let bot = sandbox.bot("Echo", "echo_bot").await;
    /// assert!(bot.token().contains(':'));
    ///
    /// // Where no program speaks for the bot, the test does.
    /// alice.send(&bot, "/start").await?;
    /// let started = bot.expect_message(|message| message.text == "/start").await?;
    /// bot.send_buttons(started.from, "Ready?", &[&[("Yes", "y"), ("No", "n")]]).await?;
    /// let asked = alice.expect_reply().await?;
    /// assert_eq!(asked.buttons(), ["Yes", "No"]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bot(&self, name: &str, username: &str) -> Bot {
        let shared = self.shared();
        let (id, token) = shared.act(|hall| hall.world.add_bot(name, username));
        Bot { actor: Actor::new(shared, id, name), token }
    }

    /// The login code that was sent to a phone number last and is not used yet; waits for it. May be
    /// dropped midway.
    ///
    /// # Errors
    /// If none is sent in time.
    pub async fn login_code(&self, phone: &str) -> Result<String, ActorError> {
        let code = self.until(PATIENCE, |world| world.code_for(phone)).await;
        code.ok_or_else(|| ActorError::Nothing {
            name: "the sandbox".into(),
            wanted: "a login code to be asked for".into(),
            patience: PATIENCE,
            heard: Vec::new(),
        })
    }
}

impl Actor {
    fn new(shared: &Arc<Shared>, id: i64, name: &str) -> Self {
        shared.act(|hall| hall.world.open_ear(id));
        let (shared, name) = (shared.clone(), name.to_owned());
        Self { shared, id, name, patience: PATIENCE, last: Arc::default() }
    }

    /// Its id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// By which others name it, and the conversation with it.
    pub fn peer(&self) -> Peer {
        Peer::User(self.id)
    }

    /// As it was called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, waiting so long for what is expected, in place of 10 seconds.
    pub fn patient(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Has the server answer any query of this one.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn invoke<Q: RemoteCall>(&self, query: &Q) -> Result<Q::Return, ActorError> {
        self.act(|world, now| world.invoke_as(self.id, now, query))
    }

    fn act<T>(
        &self,
        act: impl FnOnce(&mut World, Now) -> Result<T, RpcError>,
    ) -> Result<T, ActorError> {
        let done = self.shared.act(|hall| {
            let now = hall.clock.now();
            act(&mut hall.world, now)
        });
        done.map_err(|error| ActorError::Refused { name: self.name.clone(), error })
    }

    fn last(&self) -> MutexGuard<'_, Option<Peer>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl User {
    /// Its phone number.
    pub fn phone(&self) -> &str {
        &self.phone
    }

    /// The login code that was sent to its phone last and is not used yet; waits for it. May be dropped
    /// midway.
    ///
    /// # Errors
    /// If none is sent in time.
    pub async fn login_code(&self) -> Result<String, ActorError> {
        let code = self.shared.wait_for(self.patience, |world| world.code_for(&self.phone)).await;
        code.ok_or_else(|| self.nothing("a login code to be asked for"))
    }

    /// Gives it a password, which clients ask for at the next login. It takes a tenth of a second.
    pub async fn set_password(&self, password: &str) {
        self.shared.act(|hall| hall.world.set_password(self.id, password, ""));
    }
}

impl Bot {
    /// By which a client logs in as it.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl Deref for User {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Deref for Bot {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl From<&Actor> for Peer {
    fn from(actor: &Actor) -> Self {
        actor.peer()
    }
}

impl From<&User> for Peer {
    fn from(user: &User) -> Self {
        user.peer()
    }
}

impl From<&Bot> for Peer {
    fn from(bot: &Bot) -> Self {
        bot.peer()
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Without the token.
impl fmt::Debug for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bot").field("id", &self.id).finish_non_exhaustive()
    }
}

/// As it is displayed: tests that end with an error show this.
impl fmt::Debug for ActorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
