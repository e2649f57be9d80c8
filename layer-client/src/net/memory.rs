//! A sandbox in memory, for tests: dialled like a server, under the runtime's clock, which a test
//! pauses.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use layer_sandbox::{Connection, Settings, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::dial::{BoxFuture, Dial, Stream, Target};
use super::driver::Clock;
use crate::random;

/// The wall clock when the runtime's begins.
const WALL: Duration = Duration::from_secs(1_700_000_000);

/// A server in memory.
pub(crate) struct Memory {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) clock: Clock,
    /// Counts up to cut all links.
    cuts: watch::Sender<u64>,
    /// Counts up when there is something to say.
    pushes: watch::Sender<u64>,
    pub(crate) dialled: AtomicUsize,
    /// So many diallings fail before one succeeds.
    pub(crate) refusals: AtomicUsize,
}

impl Memory {
    pub(crate) fn new() -> Arc<Self> {
        let start = Instant::now();
        let clock = Clock { start, wall: Arc::new(move || WALL + start.elapsed()) };
        let world = Arc::new(Mutex::new(World::new(Settings::default())));
        let (dialled, refusals) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (cuts, pushes) = (watch::Sender::new(0), watch::Sender::new(0));
        Arc::new(Self { world, clock, cuts, pushes, dialled, refusals })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Says something to every session.
    pub(crate) fn push(&self, object: &[u8]) {
        let mut world = self.world();
        let sessions: Vec<_> = world.sessions.ids().collect();
        for (key_id, session_id) in sessions {
            assert!(world.push(key_id, session_id, object.to_vec()));
        }
        self.pushes.send_modify(|pushes| *pushes += 1);
    }

    /// Cuts all links.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Dial for Memory {
    fn dial<'a>(&'a self, _: &'a Target) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let dialled = self.dialled.fetch_add(1, Ordering::Relaxed);
            if self.refusals.load(Ordering::Relaxed) > 0 {
                self.refusals.fetch_sub(1, Ordering::Relaxed);
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = duplex(64 << 10);
            let seed = [dialled as u8; 32];
            let (world, clock) = (Arc::clone(&self.world), self.clock.clone());
            let (cuts, pushes) = (self.cuts.subscribe(), self.pushes.subscribe());
            tokio::spawn(serve(theirs, world, clock, cuts, pushes, seed));
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }
}

async fn serve(
    mut stream: DuplexStream,
    world: Arc<Mutex<World>>,
    clock: Clock,
    mut cuts: watch::Receiver<u64>,
    mut pushes: watch::Receiver<u64>,
    seed: [u8; 32],
) {
    let mut rng = random::seeded(seed);
    let now = || {
        let now = clock.now();
        layer_sandbox::Now { monotonic: now.monotonic, wall: now.wall }
    };
    let mut connection = Connection::new(&world.lock().unwrap().settings.clone(), now());
    let mut bytes = vec![0; 16 << 10];
    while !connection.is_closed() {
        let deadline = clock.start + connection.deadline(&world.lock().unwrap());
        let done = tokio::select! {
            biased;
            _ = cuts.changed() => return,
            Ok(()) = pushes.changed() => Ok(()),
            read = stream.read(&mut bytes) => match read {
                Ok(len) if len > 0 => {
                    let mut world = world.lock().unwrap();
                    connection.receive(&bytes[..len], now(), &mut world, &mut rng)
                }
                _ => return,
            },
            () = sleep_until(deadline) => {
                connection.handle_timeout(now(), &mut world.lock().unwrap(), &mut rng)
            }
        };
        // What it says before it closes is sent.
        let _ = done;
        if stream.write_all(&connection.take_output()).await.is_err() {
            return;
        }
    }
}
