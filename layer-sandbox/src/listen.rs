//! The server on a loopback port: a thread for each connection around the pure machine.
//!
//! This is the only module that knows sockets, the system's clock and its randomness.
#![allow(clippy::disallowed_methods, reason = "this is the edge")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use thiserror::Error;

use crate::world::Settings;
use crate::{Connection, Now, World};

/// Connections at a time; further ones are closed at once.
pub const MOST_CONNECTIONS: usize = 256;
/// Bytes read at a time; what they are answered is sent before more are read.
const READ: usize = 64 << 10;
/// How long a client may take nothing of what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

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
    world: Mutex<World>,
    /// Streams of open connections, to be shut down when the server stops.
    open: Mutex<Vec<Option<TcpStream>>>,
    stopping: AtomicBool,
    started: Instant,
}

impl Listener {
    /// Listens; port 0 takes a free one. The address in the settings is replaced by what was bound.
    ///
    /// # Errors
    /// If the address is not a loopback one, or the system refuses it.
    pub fn bind(address: impl ToSocketAddrs, mut settings: Settings) -> Result<Self, ListenError> {
        let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
        if let Some(other) = addresses.iter().find(|address| !address.ip().is_loopback()) {
            return Err(ListenError::NotLoopback(*other));
        }
        let listener = TcpListener::bind(addresses.as_slice())?;
        let address = listener.local_addr()?;
        settings.address = address;
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new(settings)),
            open: Mutex::new(Vec::new()),
            stopping: AtomicBool::new(false),
            started: Instant::now(),
        });
        let acceptor = thread::Builder::new().name("sandbox".into()).spawn({
            let shared = shared.clone();
            move || accept(&listener, &shared)
        })?;
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the server knows. While it is looked at, the server stands still.
    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.shared.world)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for stream in lock(&self.shared.open).iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // The acceptor waits for a connection: this is its last.
        let woken = TcpStream::connect(self.address).is_ok();
        if let (Some(acceptor), true) = (self.acceptor.take(), woken) {
            let _ = acceptor.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.stopping.load(Ordering::SeqCst) {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Too many open files, most likely; some will be closed.
                thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        threads.retain(|thread| !thread.is_finished());
        if shared.stopping.load(Ordering::SeqCst) || threads.len() >= MOST_CONNECTIONS {
            continue;
        }
        let serving = thread::Builder::new().name("sandbox connection".into()).spawn({
            let shared = shared.clone();
            move || {
                let _ = serve(stream, &shared);
            }
        });
        threads.extend(serving);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// One connection, until either side closes it.
fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let _open = Open::new(&stream, shared)?;
    exchange_bytes(&stream, shared)
}

/// The place of an open connection in the list; when dropped, the connection is closed.
struct Open<'a> {
    shared: &'a Shared,
    place: usize,
}

impl<'a> Open<'a> {
    fn new(stream: &TcpStream, shared: &'a Shared) -> io::Result<Self> {
        let stream = Some(stream.try_clone()?);
        let mut open = lock(&shared.open);
        let place = open.iter().position(Option::is_none).unwrap_or(open.len());
        match open.get_mut(place) {
            Some(free) => *free = stream,
            None => open.push(stream),
        }
        Ok(Self { shared, place })
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let stream = lock(&self.shared.open).get_mut(self.place).and_then(Option::take);
        if let Some(stream) = stream {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn exchange_bytes(mut stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut connection = Connection::new(&lock(&shared.world).settings, shared.now());
    let mut rng = UnwrapErr(SysRng);
    let mut bytes = vec![0; READ];
    while !connection.is_closed() && !shared.stopping.load(Ordering::SeqCst) {
        let wait = connection.deadline(&lock(&shared.world)).saturating_sub(shared.now().monotonic);
        // A timeout of zero would mean none at all.
        stream.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(len) => {
                let mut came = bytes.get(..len).unwrap_or_default();
                loop {
                    let now = shared.now();
                    // What the client did wrong is told to it as far as it may know.
                    let _ = connection.receive(came, now, &mut lock(&shared.world), &mut rng);
                    if !connection.is_waiting() {
                        break;
                    }
                    stream.write_all(&connection.take_output())?;
                    came = &[];
                }
            }
            Err(error) if is_timeout(&error) => {
                let world = &mut lock(&shared.world);
                let _ = connection.handle_timeout(shared.now(), world, &mut rng);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        stream.write_all(&connection.take_output())?;
    }
    Ok(())
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

impl Shared {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Now { wall: wall.unwrap_or_default(), monotonic: self.started.elapsed() }
    }
}
