//! The server on loopback ports: two threads for each connection around the pure machine.
//!
//! This module alone knows sockets, the system's clock and its randomness. `listen/hall` is what its
//! threads share, `listen/door` one port, `listen/link` one connection, `listen/wait` how a task waits
//! for the world to change, `listen/keeper` the folder of a world, `listen/disk` the contents of files, `listen/clock` the time, `listen/control` the commands that drive a running
//! server.
#![allow(clippy::disallowed_methods, reason = "this is the edge")]

mod clock;
mod control;
mod disk;
mod door;
mod hall;
mod keeper;
mod link;
mod wait;

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::ops::{Deref, DerefMut};
use std::process;
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use getrandom::SysRng;
use layer_crypto::AuthKey;
use rand_core::{CryptoRng, Rng, UnwrapErr};
use thiserror::Error;
use zeroize::Zeroizing;

pub use clock::Clock;
pub use control::{COMMANDS, CommandError};
pub use keeper::FolderError;

use crate::World;
use crate::exchange::Agreed;
use crate::keys::TooManyKeys;
use crate::sandbox::StartError;
use crate::world::Settings;
use disk::OnDisk;
use door::Door;
use hall::Hall;
pub(crate) use hall::Shared;
pub(crate) use keeper::Keeper;

/// Connections at a time, unless told otherwise; further ones are closed at once.
pub const MOST_CONNECTIONS: usize = 256;

/// The server can't be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address is not a loopback one.
    #[error("{0} is not a loopback address; the sandbox's key is public, so it serves no other")]
    NotLoopback(SocketAddr),
    /// The system refuses.
    #[error("can't listen: {0}")]
    Io(#[from] io::Error),
}

/// A server on a loopback port. It stops when dropped.
///
/// ```
/// use layer_sandbox::{Listener, Settings};
///
/// let server = Listener::bind("127.0.0.1:0", Settings::default())?;
/// let client = std::net::TcpStream::connect(server.address())?;
/// server.advance(std::time::Duration::from_secs(3600));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    doors: Vec<Door>,
    shared: Arc<Shared>,
    /// Ends waits in their time.
    timer: Option<JoinHandle<()>>,
}

/// With what a server is started, beside its [`Settings`].
pub(crate) struct Start {
    pub(crate) clock: Clock,
    pub(crate) rng: Box<dyn CryptoRng + Send>,
    pub(crate) most_connections: usize,
    /// Where the world is kept, if it is.
    pub(crate) keeper: Option<Arc<Keeper>>,
}

impl Default for Start {
    fn default() -> Self {
        let (clock, rng) = (Clock::system(), Box::new(UnwrapErr(SysRng)));
        Self { clock, rng, most_connections: MOST_CONNECTIONS, keeper: None }
    }
}

impl Start {
    /// A world; what is drawn in it comes from our dice, unless the settings say from where.
    fn world(mut self, mut settings: Settings) -> Hall {
        settings.seed.get_or_insert_with(|| {
            let mut seed = [0; 32];
            self.rng.fill_bytes(&mut seed);
            seed
        });
        let mut world = World::new(settings);
        world.keep_contents(match &self.keeper {
            Some(keeper) => OnDisk::new(keeper.contents(), false),
            None => {
                let mut name = [0; 8];
                // Not by the seed: another sandbox may have the same.
                UnwrapErr(SysRng).fill_bytes(&mut name);
                let name =
                    format!("layer-sandbox-files-{}-{:x}", process::id(), u64::from_le_bytes(name));
                OnDisk::new(std::env::temp_dir().join(name), true)
            }
        });
        Hall::new(world, self)
    }
}

impl Listener {
    /// Listens, in the system's time; port 0 takes a free one. The address in the settings is
    /// replaced by what was bound.
    ///
    /// # Errors
    /// If the address is not a loopback one, or the system refuses it.
    pub fn bind(address: impl ToSocketAddrs, settings: Settings) -> Result<Self, ListenError> {
        Self::bind_at(address, settings, Clock::system())
    }

    /// As [`Listener::bind`], in a time of the caller's.
    ///
    /// # Errors
    /// If the address is not a loopback one, or the system refuses it.
    pub fn bind_at(
        address: impl ToSocketAddrs,
        mut settings: Settings,
        clock: Clock,
    ) -> Result<Self, ListenError> {
        let start = Start { clock, ..Start::default() };
        let (socket, address) = door::bind(address)?;
        settings.address = address;
        let doors = vec![(settings.dc, socket, address)];
        Self::open(doors, start.world(settings), false)
    }

    /// Listens as [`Sandbox`](crate::Sandbox) does: at one address for all data centres, or at one for each
    /// of several, which stand apart then. The settings are told what was bound.
    ///
    /// # Errors
    /// If an address is not a loopback one, the system refuses it, or what is kept can't be read.
    pub(crate) fn bind_each(
        addresses: &[(i32, SocketAddr)],
        apart: bool,
        mut settings: Settings,
        start: Start,
    ) -> Result<Self, StartError> {
        let mut doors = Vec::new();
        for (dc, address) in addresses {
            let (socket, address) = door::bind(*address)?;
            if apart {
                settings.addresses.insert(*dc, address);
            }
            if *dc == settings.dc {
                settings.address = address;
            }
            doors.push((*dc, socket, address));
        }
        let keeper = start.keeper.clone();
        let mut hall = start.world(settings);
        if let Some(keeper) = keeper {
            keeper.read(&mut hall.world)?;
            hall.world.forget_unknown_contents();
        }
        Ok(Self::open(doors, hall, true)?)
    }

    /// Opens the doors to a world. Tasks can wait for it if time is kept for them.
    fn open(
        doors: Vec<(i32, TcpListener, SocketAddr)>,
        hall: Hall,
        keep_time: bool,
    ) -> Result<Self, ListenError> {
        let mut server =
            Self { doors: Vec::new(), shared: Arc::new(Shared::new(hall)), timer: None };
        if keep_time {
            let waits = server.shared.waits.clone();
            let timer = thread::Builder::new().name("sandbox timer".into());
            server.timer = Some(timer.spawn(move || waits.keep_time())?);
        }
        for (dc, socket, address) in doors {
            server.doors.push(Door::open(dc, socket, address, &server.shared)?);
        }
        Ok(server)
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.shared.hall().world.settings.address
    }

    /// What the server knows. While it is held, the server stands still; what was done to it is
    /// carried out when it is let go.
    pub fn world(&self) -> Held<'_> {
        Held { hall: self.shared.hall() }
    }

    /// The server's time.
    pub fn now(&self) -> crate::Now {
        self.shared.hall().clock.now()
    }

    /// Moves the server's clocks on, wall and monotonic. What falls due by that is done at once:
    /// clients that were silent too long lose their connections.
    pub fn advance(&self, by: Duration) {
        self.shared.hall().set_clock(|clock| clock.advance(by));
    }

    /// Sets the server's wall clock forward by so many seconds, or back.
    pub fn shift(&self, seconds: i64) {
        self.shared.hall().set_clock(|clock| clock.shift(seconds));
    }

    /// The server restarts: it loses all connections and what it had in memory, and keeps its keys.
    /// Its port stays open all the while.
    pub fn restart(&self) {
        let mut hall = self.shared.hall();
        hall.cut_links();
        hall.world.restart();
        hall.changed();
    }

    /// All salts that clients know are worth nothing from now on.
    pub fn stale_salts(&self) {
        self.shared.act(|hall| {
            let keys: Vec<i64> = hall.world.keys.ids().collect();
            keys.into_iter().for_each(|key| hall.world.stale_salts(key));
        });
    }

    /// Cuts all connections.
    pub fn cut_links(&self) {
        self.shared.hall().cut_links();
    }

    /// Closes the next `count` connections as soon as they are there.
    pub fn refuse_links(&self, count: u32) {
        self.shared.hall().refusals = count;
    }

    /// Puts an authorization key in, as [`Sandbox::insert_key`](crate::Sandbox::insert_key) does.
    pub(crate) fn insert_key(
        &self,
        dc: i32,
        key: [u8; 256],
        user: Option<i64>,
    ) -> Result<i64, TooManyKeys> {
        let key = AuthKey::from_bytes(&Zeroizing::new(key));
        let id = key.id();
        self.shared.act(|hall| {
            let mut salt = [0; 8];
            hall.rng.fill_bytes(&mut salt);
            let salt = i64::from_le_bytes(salt);
            let agreed = Agreed { key, salt, dc: Some(dc), expires_at: None };
            hall.world.keys.insert(agreed, hall.clock.now().unix())?;
            if let Some(user) = user {
                hall.world.log_in(id, user);
            }
            Ok(id)
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stop();
        // Here and not with the field, after all of them know that they are to stop.
        self.doors.clear();
        if let Some(timer) = self.timer.take() {
            let _ = timer.join();
        }
    }
}

/// The [`World`] of a [`Listener`], which stands still as long as this lives.
#[derive(Debug)]
pub struct Held<'a> {
    hall: MutexGuard<'a, Hall>,
}

impl Deref for Held<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.hall.world
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.hall.world
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.hall.changed();
    }
}
