//! The server on a loopback port: two threads for each connection around the pure machine.
//!
//! This module alone knows sockets, the system's clock and its randomness. `listen/link` is one
//! connection, `listen/clock` the time, `listen/control` the commands that drive a running server.
#![allow(clippy::disallowed_methods, reason = "this is the edge")]

mod clock;
mod control;
mod link;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thiserror::Error;

pub use clock::Clock;
pub use control::{COMMANDS, CommandError};

use crate::World;
use crate::world::Settings;
use link::Link;

/// Connections at a time; further ones are closed at once.
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
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    hall: Mutex<Hall>,
}

/// All that the threads share: the world, its time, and the machines of all connections.
#[derive(Debug)]
struct Hall {
    world: World,
    clock: Clock,
    links: BTreeMap<u64, Link>,
    admitted: u64,
    stopping: bool,
}

impl Shared {
    fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hall {
    fn admit(&mut self, link: Link) -> u64 {
        self.admitted += 1;
        self.links.insert(self.admitted, link);
        self.admitted
    }

    /// Wakes connections that something else gave something to do.
    fn wake_who_is_due(&self) {
        for link in self.links.values() {
            link.wake_if_due(&self.world);
        }
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
        let (listener, address) = on_loopback(address)?;
        settings.address = address;
        let world = World::new(settings);
        let hall = Hall { world, clock, links: BTreeMap::new(), admitted: 0, stopping: false };
        let shared = Arc::new(Shared { hall: Mutex::new(hall) });
        let acceptor =
            thread::Builder::new().name(format!("sandbox {}", address.port())).spawn({
                let shared = shared.clone();
                move || accept(&listener, address, &shared)
            })?;
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        self.set_clock(|clock| clock.advance(by));
    }

    /// Sets the server's wall clock forward by so many seconds, or back.
    pub fn shift(&self, seconds: i64) {
        self.set_clock(|clock| clock.shift(seconds));
    }

    fn set_clock(&self, set: impl FnOnce(&mut Clock)) {
        let hall = &mut *self.shared.hall();
        set(&mut hall.clock);
        // Here and not by the writers, lest a client be a little faster than they are.
        let now = hall.clock.now();
        hall.links.retain(|_, link| {
            let open = link.handle_timeout(now, &mut hall.world);
            link.wake();
            open
        });
    }

    /// The server restarts: it loses all connections and what it had in memory, and keeps its keys.
    /// Its port stays open all the while.
    pub fn restart(&self) {
        let mut hall = self.shared.hall();
        hall.links.clear();
        hall.world.restart();
    }

    /// All salts that clients know are worth nothing from now on.
    pub fn stale_salts(&self) {
        let mut world = self.world();
        let keys: Vec<i64> = world.keys.ids().collect();
        for key in keys {
            world.stale_salts(key);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        {
            let mut hall = self.shared.hall();
            hall.stopping = true;
            hall.links.clear();
        }
        // The acceptor waits for a connection: this is its last.
        let woken = TcpStream::connect(self.address).is_ok();
        if let (Some(acceptor), true) = (self.acceptor.take(), woken) {
            let _ = acceptor.join();
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
        self.hall.wake_who_is_due();
    }
}

fn on_loopback(address: impl ToSocketAddrs) -> Result<(TcpListener, SocketAddr), ListenError> {
    let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
    if let Some(other) = addresses.iter().find(|address| !address.ip().is_loopback()) {
        return Err(ListenError::NotLoopback(*other));
    }
    let listener = TcpListener::bind(addresses.as_slice())?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn accept(listener: &TcpListener, address: SocketAddr, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.hall().stopping {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Too many open files, most likely; some will be closed.
                thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        threads.retain(|thread| !thread.is_finished());
        if threads.len() >= MOST_CONNECTIONS {
            continue;
        }
        let name = format!("read {}", address.port());
        let serving = thread::Builder::new().name(name).spawn({
            let shared = shared.clone();
            move || {
                let _ = link::serve(stream, &shared);
            }
        });
        threads.extend(serving);
    }
    for thread in threads {
        let _ = thread.join();
    }
}
