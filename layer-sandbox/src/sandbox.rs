//! A Telegram in the process: several data centres on loopback ports over one world, and a handle by
//! which a test looks into it, lets time pass and makes trouble.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use layer_crypto::rsa::PrivateKey;
use layer_wire::framing::ProxySecret;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::exchange::Terms;
use crate::keys::TooManyKeys;
use crate::keys::cdn_key;
use crate::listen::{Clock, FolderError, Held, Keeper, ListenError, Shared, Start};
use crate::{Cdn, Listener, Now, Settings, World};

/// The data centre that is home where nothing else is said.
const HOME: i32 = 2;

/// A running Telegram. Everything of it stops when it is dropped.
///
/// It needs no async runtime and works with each.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use layer_sandbox::Sandbox;
///
/// let sandbox = Sandbox::start().await?;
/// let client = std::net::TcpStream::connect(sandbox.address(sandbox.home()))?;
/// assert!(sandbox.public_key_pem().contains("RSA PUBLIC KEY"));
/// sandbox.advance(std::time::Duration::from_secs(3600));
/// sandbox.cut_links();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sandbox {
    server: Listener,
    keeper: Option<Arc<Keeper>>,
    /// Writes what changes.
    keeping: Option<JoinHandle<()>>,
}

/// An authorization key that was [taken out](Sandbox::take_key).
#[non_exhaustive]
pub struct TakenKey {
    /// The data centre that it was agreed with, if that is known.
    pub dc: Option<i32>,
    /// The key.
    pub key: Zeroizing<[u8; 256]>,
    /// Who was logged in under it.
    pub user: Option<i64>,
}

/// Without the key.
impl fmt::Debug for TakenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dc, user, .. } = self;
        f.debug_struct("TakenKey").field("dc", dc).field("user", user).finish_non_exhaustive()
    }
}

/// A sandbox can't be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A port can't be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The data centres are none, or not all numbers from 1 to 9999, or the home is none of them.
    #[error("{0:?} is not some different numbers from 1 to 9999, the home {1} among them")]
    DataCentres(Vec<i32>, i32),
}

/// How a [`Sandbox`] is to be.
pub struct Builder {
    data_centres: Vec<i32>,
    home: Option<i32>,
    together: bool,
    addresses: Vec<(i32, SocketAddr)>,
    key: Option<Arc<PrivateKey>>,
    secrets: Vec<ProxySecret>,
    folder: Option<PathBuf>,
    cdn: Option<i32>,
    start: Start,
}

impl Sandbox {
    /// Starts one with five data centres, of which 2 is home, in the system's time.
    ///
    /// May be dropped midway: nothing is left then.
    ///
    /// # Errors
    /// If no loopback port is to be had.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// One with choices.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use layer_sandbox::{Sandbox, listen::Clock};
    /// use std::time::Duration;
    ///
    /// let clock = Clock::standing(Duration::from_secs(1_800_000_000));
    /// let builder = Sandbox::builder().data_centres([1, 4]).home(4).clock(clock).seed(7);
    /// let sandbox = builder.start().await?;
    /// assert_eq!(sandbox.now().unix(), 1_800_000_000);
    /// assert_ne!(sandbox.address(1), sandbox.address(4));
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where a data centre is found.
    ///
    /// # Panics
    /// If there is no such data centre: they are those that the builder was told.
    #[allow(clippy::panic, reason = "a mistake in a test")]
    pub fn address(&self, dc: i32) -> SocketAddr {
        let settings = self.world().settings.clone();
        if settings.apart() && !settings.addresses.contains_key(&dc) {
            panic!("the sandbox has data centres {:?}, not {dc}", settings.dcs());
        }
        settings.address_of(dc)
    }

    /// The data centre where accounts are unless told otherwise, and that clients should dial first.
    pub fn home(&self) -> i32 {
        self.world().settings.dc
    }

    /// All data centres, in their order.
    pub fn data_centres(&self) -> Vec<i32> {
        self.world().settings.dcs()
    }

    /// The server's RSA key, as clients are configured with it: PKCS#1 in PEM.
    pub fn public_key_pem(&self) -> String {
        self.world().settings.terms.key.public().to_pem()
    }

    /// What the server knows, with its faults ([`World::faults`]) and a test's own methods.
    /// While it is held, the server stands still; what was done to it is carried out when it is let
    /// go. It is not to be held while anything of this sandbox is awaited or called.
    pub fn world(&self) -> Held<'_> {
        self.server.world()
    }

    /// The server's time.
    pub fn now(&self) -> Now {
        self.server.now()
    }

    /// Moves the server's clocks on, wall and monotonic. What falls due by that is done at once.
    pub fn advance(&self, by: Duration) {
        self.server.advance(by);
    }

    /// Sets the server's wall clock forward by so many seconds, or back.
    pub fn shift(&self, seconds: i64) {
        self.server.shift(seconds);
    }

    /// The servers restart: they lose all connections and what they had in memory, and keep what is
    /// lasting. Their ports stay open all the while.
    pub fn restart(&self) {
        self.server.restart();
    }

    /// All salts that clients know are worth nothing from now on.
    pub fn stale_salts(&self) {
        self.server.stale_salts();
    }

    /// Cuts all connections. Clients may come again at once.
    pub fn cut_links(&self) {
        self.server.cut_links();
    }

    /// Closes the next `count` connections, to whatever data centre, as soon as they are there.
    pub fn refuse_links(&self, count: u32) {
        self.server.refuse_links(count);
    }

    /// Waits until `look` finds something in the world; it is asked at once and whenever something may
    /// have changed. `None` if it finds nothing within `patience`, in the system's time. May be dropped
    /// midway.
    pub async fn until<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut(&World) -> Option<T>,
    ) -> Option<T> {
        self.shared().wait_for(patience, |world| look(world)).await
    }

    /// Puts an authorization key in, as if a client had agreed it with this data centre; nobody is logged
    /// in under it, or this user. Returns its id. So clients whose server keys are fixed, or that shall
    /// not agree any, are given one. A server salt they are told.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// let alice = sandbox.user("Alice").await;
    /// let id = sandbox.insert_key(2, [7; 256], Some(alice.id()))?;
    /// let taken = sandbox.take_key(id).expect("it was put in");
    /// assert_eq!((taken.dc, *taken.key, taken.user), (Some(2), [7; 256], Some(alice.id())));
    /// assert!(sandbox.take_key(id).is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If as many keys are known as there may be.
    pub fn insert_key(
        &self,
        dc: i32,
        key: [u8; 256],
        user: Option<i64>,
    ) -> Result<i64, TooManyKeys> {
        self.server.insert_key(dc, key, user)
    }

    /// Takes an authorization key out, with all that belongs to it: to who has it the server does not
    /// know it any more. `None` if it is not known.
    pub fn take_key(&self, id: i64) -> Option<TakenKey> {
        self.shared().act(|hall| {
            let known = hall.world.keys.get(id, hall.clock.now().unix())?;
            let (dc, key) = (known.dc, Zeroizing::new(*known.key.as_bytes()));
            let user = hall.world.accounts.login(id).map(|login| login.user_id);
            hall.world.forget_key(id);
            Some(TakenKey { dc, key, user })
        })
    }

    /// The ids of all authorization keys under which a user is logged in.
    pub fn keys_of(&self, user: i64) -> Vec<i64> {
        let world = self.world();
        let logins = world.accounts.logins();
        logins.filter(|(_, login)| login.user_id == user).map(|(key_id, _)| key_id).collect()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        self.server.shared()
    }

    /// Serves nobody any more: all connections are closed, and who waits is told that nothing comes.
    /// What is lasting is written to the folder, if there is one.
    ///
    /// # Errors
    /// If the folder can't be written to.
    pub fn stop(&self) -> Result<(), FolderError> {
        self.shared().stop();
        self.save()
    }

    /// Writes what is lasting to the folder, if there is one, and if it is not written yet. It blocks
    /// until it is on the disk.
    ///
    /// # Errors
    /// If the folder can't be written to.
    pub fn save(&self) -> Result<(), FolderError> {
        self.keeper.as_ref().map_or(Ok(()), |keeper| keeper.write(self.shared()))
    }

    /// Carries out one of [`COMMANDS`](crate::listen::COMMANDS).
    ///
    /// # Errors
    /// If the line is no command. Nothing was done then.
    pub fn command(&self, line: &str) -> Result<String, crate::listen::CommandError> {
        self.server.command(line)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Whoever wants to know why it could not be written stops it first.
        let _ = self.stop();
        if let Some(keeping) = self.keeping.take() {
            let _ = keeping.join();
        }
    }
}

impl Builder {
    /// Which data centres there are: different numbers from 1 to 9999. Each gets a free port.
    pub fn data_centres(mut self, ids: impl IntoIterator<Item = i32>) -> Self {
        self.data_centres = ids.into_iter().collect();
        self
    }

    /// Which of them is home; else it is 2, or the first if 2 is none of them.
    pub fn home(mut self, dc: i32) -> Self {
        self.home = Some(dc);
        self
    }

    /// One address is all data centres, whichever a client asks for, and a key is good for each.
    pub fn together(mut self) -> Self {
        self.together = true;
        self
    }

    /// The address of a data centre, a loopback one; port 0 takes a free one.
    pub fn address(mut self, dc: i32, address: SocketAddr) -> Self {
        self.addresses.push((dc, address));
        self
    }

    /// The server's time, in place of the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.start.clock = clock;
        self
    }

    /// Takes all random bytes from a generator with this seed. Everything can be foreseen then.
    pub fn seed(mut self, seed: u64) -> Self {
        self.start.rng = Box::new(ChaCha20Rng::seed_from_u64(seed));
        self
    }

    /// The server's RSA key, in place of the [well-known one](crate::keys::well_known_key).
    pub fn key(mut self, key: Arc<PrivateKey>) -> Self {
        self.key = Some(key);
        self
    }

    /// A secret of the MTProxy that this is too.
    pub fn proxy_secret(mut self, secret: ProxySecret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Keeps what is lasting in a folder: accounts and logins, messages, keys. It is read at the start, and
    /// written within a second of a change and when the sandbox stops. Only its owner can read the files.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use layer_sandbox::Sandbox;
    /// # let folder = std::env::temp_dir().join(format!("layer-sandbox-doc-{}", std::process::id()));
    ///
    /// let sandbox = Sandbox::builder().folder(&folder).start().await?;
    /// let alice = sandbox.user_with_phone("Alice", "+49 151 0000001").await.id();
    /// drop(sandbox);
    /// let sandbox = Sandbox::builder().folder(&folder).start().await?;
    /// assert!(sandbox.world().accounts.get(alice).is_some());
    /// # drop(sandbox);
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// A CDN, too, under this number: files are given out by it to clients that take that, enciphered. It
    /// has a port and a [key](crate::keys::cdn_key) of its own, so data centres stand apart then.
    pub fn cdn(mut self, dc: i32) -> Self {
        self.cdn = Some(dc);
        self
    }

    /// So many connections are served at a time, in place of
    /// [`MOST_CONNECTIONS`](crate::listen::MOST_CONNECTIONS). Each takes two threads.
    pub fn most_connections(mut self, most: usize) -> Self {
        self.start.most_connections = most;
        self
    }

    /// Starts it.
    ///
    /// May be dropped midway: nothing is left then.
    ///
    /// # Errors
    /// If a port is not to be had, the data centres make no sense, or what is in the folder can't be
    /// read.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        let Self {
            mut data_centres,
            home,
            together,
            addresses,
            key,
            secrets,
            folder,
            cdn,
            mut start,
        } = self;
        if together {
            data_centres = vec![home.unwrap_or(HOME)];
        }
        let together = together && cdn.is_none();
        data_centres.extend(cdn);
        data_centres.sort_unstable();
        let first = data_centres.first().copied().unwrap_or_default();
        let home = home.unwrap_or(if data_centres.contains(&HOME) { HOME } else { first });
        let twice = data_centres.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        let named = addresses.iter().map(|(dc, _)| dc).chain([&home]);
        let known = named.clone().all(|dc| data_centres.contains(dc));
        if twice || !known || data_centres.iter().any(|dc| !(1..10_000).contains(dc)) {
            return Err(StartError::DataCentres(data_centres, home));
        }
        let address = |dc: &i32| {
            let named = addresses.iter().rev().find(|(named, _)| named == dc);
            let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
            (*dc, named.map_or(any, |(_, address)| *address))
        };
        let addresses: Vec<_> = data_centres.iter().map(address).collect();
        let mut settings = Settings { dc: home, secrets, ..Settings::default() };
        settings.cdn = cdn.map(|dc| Cdn { dc, key: cdn_key() });
        if let Some(key) = key {
            settings.terms = Terms { key, ..settings.terms };
        }
        let keeper = folder.map(|folder| Keeper::open(&folder)).transpose()?.map(Arc::new);
        start.keeper = keeper.clone();
        let server = Listener::bind_each(&addresses, !together, settings, start)?;
        let mut sandbox = Sandbox { server, keeper, keeping: None };
        if let Some(keeper) = sandbox.keeper.clone() {
            let shared = sandbox.shared().clone();
            let thread = thread::Builder::new().name("sandbox keeper".into());
            let keeping = thread.spawn(move || keeper.keep(&shared));
            sandbox.keeping = Some(keeping.map_err(ListenError::from)?);
        }
        Ok(sandbox)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            data_centres: (1..=5).collect(),
            home: None,
            together: false,
            addresses: Vec::new(),
            key: None,
            secrets: Vec::new(),
            folder: None,
            cdn: None,
            start: Start::default(),
        }
    }
}

/// Without its secrets.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("data_centres", &self.data_centres)
            .field("home", &self.home)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}
