//! What could differ between two runs of a client: streams, time, randomness, tasks. It comes in from
//! outside, so that a test decides it and a failure can be had again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use tokio::time::Instant;

use crate::config::{Config, ConfigError};
use crate::net::clock::Clock;
use crate::net::dial::{BoxFuture, Dial, Tcp};
use crate::net::work::Blocking;
use crate::random;

/// Starts a task.
pub(crate) type Spawn = Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// What a client is run with.
pub(crate) struct Seams {
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) clock: Clock,
    pub(crate) spawn: Spawn,
    /// For what takes more than a moment.
    pub(crate) blocking: Blocking,
    random: Mutex<ChaCha20Rng>,
}

impl Seams {
    /// The network, the system's clock and randomness, the runtime's tasks.
    pub(crate) fn system(config: &Config) -> Result<Self, ConfigError> {
        let tcp = Tcp {
            proxy: config.proxy(),
            allow_ipv6: config.allow_ipv6,
            timeout: config.connect_timeout,
        };
        let wall = || SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO);
        let clock = Clock { start: Instant::now(), wall: Arc::new(wall) };
        let rng = random::from_system();
        let rng = rng.map_err(|error| ConfigError::NoRandomness(error.to_string()))?;
        Ok(Self::new(Arc::new(tcp), clock, rng))
    }

    /// The runtime's tasks and threads, and all else as it is given.
    pub(crate) fn new(dial: Arc<dyn Dial>, clock: Clock, rng: ChaCha20Rng) -> Self {
        Self {
            dial,
            clock,
            spawn: Arc::new(|task| drop(tokio::spawn(task))),
            blocking: Arc::new(|work| drop(tokio::task::spawn_blocking(work))),
            random: Mutex::new(rng),
        }
    }

    /// A generator of its own for somebody.
    pub(crate) fn rng(&self) -> ChaCha20Rng {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        random::seeded(seed)
    }

    /// Random bytes.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// A number that nobody has given to a message yet, as good as certainly.
    pub(crate) fn random_id(&self) -> i64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        i64::from_le_bytes(bytes)
    }

    /// Runs what takes long where it holds up nobody; `None` if the runtime ends before it is done.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // Nobody may be waiting by then.
        (self.blocking)(Box::new(move || drop(sender.send(work()))));
        receiver.await.ok()
    }
}
