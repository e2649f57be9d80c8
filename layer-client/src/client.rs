//! The client: a cheap handle, what stands behind it, how it begins and how it ends.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use layer_mtproto::connection::Lost;
use layer_tl_types::enums;
use tokio::sync::{Notify, watch};

use crate::config::Config;
use crate::files::Origins;
use crate::login::FormerLogins;
use crate::net::dcs::{Dcs, Purpose};
use crate::net::why::Why;
use crate::peers::Peers;
use crate::saver::Saver;
use crate::seams::Seams;
use crate::session::{
    BinaryFileBackend, SavedSession, SessionBackend, SessionError, StringServer, StringSession,
    StringSessionBackend,
};
use crate::updates::{Asked, Feed, Listening};
use crate::{Builder, InvocationError};

/// A connected client. Clones are cheap and stand for the same one; it ends when the last of them is
/// dropped, when [`Client::disconnect`] is called, or by its [`ShutdownToken`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use layer_client::{Client, Config};
///
/// # let sandbox = layer_sandbox::Sandbox::start().await?;
/// # let (_, token) = sandbox.world().add_bot("Echo", "echo_bot");
/// # let folder = std::env::temp_dir().join(format!("layer-doc-client-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let config = Config {
///     session_path: "bot.session".into(),
///     api_id: 12345,
///     api_hash: "abc123".into(),
/// #   dc_addr: Some(sandbox.address(2).to_string()),
/// #   server_keys: vec![sandbox.public_key_pem()],
///     ..Config::default()
/// };
/// # let config = Config { session_path: folder.join("bot.session"), ..config };
/// let (client, shutdown) = Client::connect(config).await?;
/// assert_eq!(client.bot_sign_in(&token).await?, "Echo");
/// assert!(client.get_me().await?.bot);
///
/// // What was agreed and logged in is saved by itself.
/// shutdown.cancel();
/// shutdown.closed().await;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
    alive: Arc<Alive>,
}

/// All handles that users hold share it: with the last one the client ends. Tasks hold [`Inner`] only.
struct Alive(Arc<Inner>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A handle that keeps no client alive: for what is handed out and may be kept for long.
#[derive(Clone)]
pub(crate) struct WeakClient {
    inner: Weak<Inner>,
    alive: Weak<Alive>,
}

impl WeakClient {
    /// The client, if it is still there.
    pub(crate) fn upgrade(&self) -> Option<Client> {
        Some(Client { inner: self.inner.upgrade()?, alive: self.alive.upgrade()? })
    }

    /// A message that is handed out: where its file is is remembered.
    pub(crate) fn saw(&self, message: &enums::Message) {
        if let Some(inner) = self.inner.upgrade() {
            inner.origins.saw(message);
        }
    }
}

/// What the core of a client tells its updates. None of it may wait.
pub(crate) trait Ears: Send + Sync {
    /// The server said something by itself.
    fn pushed(&self, object: Vec<u8>);
    /// The server may have said something that did not arrive.
    fn missed(&self);
    /// What was asked at home has this answer; whoever called gets it after this.
    fn answered(&self, asked: &Asked, object: &[u8]);
    /// Somebody has logged in, or nobody is any more.
    fn logged_in(&self, is_logged_in: bool);
    /// What has changed can't be saved.
    fn not_saved(&self, error: &SessionError);
}

/// How often a client begins anew to connect, because its key is not known any more.
const MOST_BEGINNINGS: u32 = 4;

/// All that a client has.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) seams: Seams,
    pub(crate) saver: Arc<Saver>,
    pub(crate) dcs: Dcs,
    pub(crate) peers: Peers,
    pub(crate) origins: Origins,
    /// The updates.
    pub(crate) feed: Arc<Feed>,
    /// Set once, before anything can be heard.
    pub(crate) ears: OnceLock<Box<dyn Ears>>,
    /// Another device has said something to the login by QR code.
    pub(crate) login_token: Notify,
    pub(crate) former_logins: FormerLogins,
    closing: watch::Sender<bool>,
}

impl Client {
    /// Connects: loads the session, reaches the data centre at home, and agrees a key if there is
    /// none. It does not log in. [`Config::await_server`] says whether it waits for the server.
    ///
    /// May be dropped midway: nothing is left behind but what was saved.
    ///
    /// # Errors
    /// [`InvocationError::Config`] for what can't be, [`InvocationError::Session`] if the session
    /// can't be used, [`InvocationError::Io`] and [`InvocationError::Proxy`] if the server can't be
    /// reached, [`InvocationError::Link`] and [`InvocationError::NotTelegram`] if somebody else
    /// answers. The session is as it was then.
    pub async fn connect(config: Config) -> Result<(Self, ShutdownToken), InvocationError> {
        config.check()?;
        let seams = Seams::system(&config)?;
        Self::connect_with(config, seams).await
    }

    /// All that can be told before connecting, in a chain.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Connects with a login that [`Client::export_session_string`] gave. What changes is kept in
    /// memory; export it again to keep it.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`InvocationError::Session`] if the string is not whole, and as [`Client::connect`].
    pub async fn with_string_session(text: &str) -> Result<(Self, ShutdownToken), InvocationError> {
        Self::connect(Config::from_string_session(text)?).await
    }

    /// Connects with other seams than the system's.
    pub(crate) async fn connect_with(
        config: Config,
        seams: Seams,
    ) -> Result<(Self, ShutdownToken), InvocationError> {
        config.check()?;
        let backend = config.session_backend.clone();
        let backend: Arc<dyn SessionBackend> =
            backend.unwrap_or_else(|| Arc::new(BinaryFileBackend::new(&config.session_path)));
        let session = backend.load().await?;
        let client = Self::start(config, seams, backend, session);
        let connected = match client.inner.config.await_server {
            true => client.inner.connect().await,
            false => {
                client.inner.connect_meanwhile();
                Ok(())
            }
        };
        let token = ShutdownToken { inner: Arc::clone(&client.inner) };
        if let Err(error) = connected {
            drop(client);
            // So that it can be tried again at once.
            token.closed().await;
            return Err(error);
        }
        Ok((client, token))
    }

    fn start(
        config: Config,
        seams: Seams,
        backend: Arc<dyn SessionBackend>,
        session: SavedSession,
    ) -> Self {
        let home = session.home_dc.unwrap_or(config.dc_id);
        let peers = Peers::new(&session);
        let saver = Saver::new(backend, session);
        let inner = Arc::new(Inner {
            peers,
            origins: Origins::default(),
            feed: Feed::of(&saver, config.update_queue),
            saver,
            dcs: Dcs::new(home),
            ears: OnceLock::new(),
            login_token: Notify::new(),
            former_logins: FormerLogins::default(),
            closing: watch::Sender::new(false),
            config,
            seams,
        });
        let told = Arc::downgrade(&inner);
        let saving = Arc::clone(&inner.saver).run(move |error| {
            let inner = told.upgrade();
            if let Some(ears) = inner.as_ref().and_then(|inner| inner.ears.get()) {
                ears.not_saved(error);
            }
        });
        (inner.seams.spawn)(Box::pin(saving));
        // It is new, so nobody has set them.
        let _ = inner.ears.set(Box::new(Listening(Arc::clone(&inner.feed))));
        inner.feed.run_for(&inner);
        Self { alive: Arc::new(Alive(Arc::clone(&inner))), inner }
    }

    /// Ends the client, as the last handle's end does: calls in flight get their answer or
    /// [`InvocationError::Dropped`], streams of updates end, what is not saved yet is saved.
    pub fn disconnect(&self) {
        self.inner.close();
    }

    /// The network is back: a lost connection is dialled again at once, whatever the wait.
    pub fn signal_network_restored(&self) {
        self.inner.dcs.redial();
    }

    /// Waits until all that has changed by now is saved. What changes is saved by itself; this is
    /// for knowing.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`InvocationError::Session`] if it can't be saved. It is tried again later.
    pub async fn save_session(&self) -> Result<(), InvocationError> {
        Ok(self.inner.saver.flush().await?)
    }

    /// The login as a text, to go on with it elsewhere. It is as secret as a password. The server is
    /// in it only if it was configured.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`InvocationError::Session`] if nothing can be saved any more.
    pub async fn export_session_string(&self) -> Result<String, InvocationError> {
        let config = &self.inner.config;
        let session = self.inner.saver.read(SavedSession::clone);
        let mut text = StringSession::new(session, config.api_id, &config.api_hash);
        if config.dc_addr.is_some() || !config.server_keys.is_empty() || config.test_dcs {
            let (address, public_keys) = (config.dc_addr.clone(), config.server_keys.clone());
            let (dc_id, is_test) = (config.dc_id, config.test_dcs);
            let server = StringServer { address, dc_id, public_keys, is_test };
            text.server = Some(server);
        }
        Ok(text.encode())
    }

    pub(crate) fn downgrade(&self) -> WeakClient {
        WeakClient { inner: Arc::downgrade(&self.inner), alive: Arc::downgrade(&self.alive) }
    }
}

impl Config {
    /// What a string of [`Client::export_session_string`] holds: login, credentials, server. The
    /// rest can be set before connecting.
    ///
    /// # Errors
    /// [`SessionError::BadString`] if it is not such a string.
    pub fn from_string_session(text: &str) -> Result<Self, SessionError> {
        let string = StringSession::decode(text)?;
        let server = string.server.clone().unwrap_or_default();
        let first = Self::default();
        Ok(Self {
            dc_id: if server.dc_id > 0 { server.dc_id } else { first.dc_id },
            api_id: string.api_id,
            api_hash: string.api_hash.clone(),
            dc_addr: server.address,
            server_keys: server.public_keys,
            test_dcs: server.is_test,
            session_backend: Some(Arc::new(StringSessionBackend::new(string))),
            ..first
        })
    }
}

impl Inner {
    /// Reaches home, and learns where the others are.
    async fn connect(self: &Arc<Self>) -> Result<(), InvocationError> {
        let mut last = InvocationError::KeyDead;
        for _ in 0..MOST_BEGINNINGS {
            let link = self.link(self.dcs.home(), Purpose::Main).await?;
            let why = tokio::select! {
                biased;
                told = self.refresh_addresses(None) => match told {
                    // The key was dead, and is put aside: another is agreed.
                    Err(InvocationError::KeyDead | InvocationError::Dropped)
                        if !self.is_closing() => continue,
                    // Nothing goes without a valid number.
                    Err(InvocationError::Rpc(error)) if !error.is("*API_ID_*") => {
                        tracing::warn!(%error, "help.getConfig");
                        return Ok(());
                    }
                    told => return told,
                },
                lost = link.lost() => match lost {
                    Ok(why) => why,
                    Err(_) if self.is_closing() => return Err(InvocationError::Dropped),
                    Err(_) => continue,
                },
            };
            // Where somebody says that our key is unknown, the next link finds out if it is so.
            let is_doubt = matches!(why, Why::Lost(Lost::Transport(_)));
            if !is_doubt || self.saved_key(self.dcs.home()).is_none() {
                return Err((&why).into());
            }
            link.redial();
            last = (&why).into();
        }
        Err(last)
    }

    /// The same while others call already: they are told what is wrong.
    fn connect_meanwhile(self: &Arc<Self>) {
        let inner = Arc::clone(self);
        self.spawn(async move {
            if let Err(error) = inner.connect().await {
                tracing::debug!(%error, "connecting");
            }
        });
    }

    /// Ends everything, once.
    fn close(&self) {
        self.closing.send_replace(true);
        self.dcs.close();
        self.saver.close();
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Waits until the client ends.
    pub(crate) async fn until_closing(&self) {
        // The sender is ours.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Starts a task that ends with the client.
    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let inner = Arc::clone(self);
        // Boxed by itself: what is given to a future by value takes its room twice.
        let mut task = Box::pin(task);
        (self.seams.spawn)(Box::pin(async move {
            tokio::select! {
                biased;
                () = inner.until_closing() => {}
                () = &mut task => {}
            }
        }));
    }

    /// Remembers users and chats that the server has shown.
    pub(crate) fn learn(&self, users: &[enums::User], chats: &[enums::Chat]) {
        // In the order in which they are learnt.
        self.saver.change(|_| self.peers.learn(users, chats));
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

/// Ends a client from anywhere. Dropping it does nothing.
#[derive(Clone)]
pub struct ShutdownToken {
    inner: Arc<Inner>,
}

impl ShutdownToken {
    /// Ends the client, as [`Client::disconnect`] does.
    pub fn cancel(&self) {
        self.inner.close();
    }

    /// Whether the client has ended or is about to.
    pub fn is_cancelled(&self) -> bool {
        self.inner.is_closing()
    }

    /// Waits until the client has ended, all is saved and the session can be used by another.
    ///
    /// May be dropped midway.
    pub async fn closed(&self) {
        self.inner.saver.closed().await;
    }
}

impl fmt::Debug for ShutdownToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}
