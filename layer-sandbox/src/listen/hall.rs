//! What the threads of a server share, under one lock: the world, its time and its dice, and the machines
//! of all connections.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_core::CryptoRng;

use super::link::Link;
use super::wait::Waits;
use super::{Clock, Keeper, Start};
use crate::World;

/// The hall behind its lock.
#[derive(Debug)]
pub(crate) struct Shared {
    hall: Mutex<Hall>,
    /// Connections that have threads.
    serving: AtomicUsize,
    most_connections: usize,
    pub(super) waits: Arc<Waits>,
}

pub(crate) struct Hall {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) rng: Box<dyn CryptoRng + Send>,
    pub(super) links: BTreeMap<u64, Link>,
    admitted: u64,
    /// So many connections to come are closed at once.
    pub(super) refusals: u32,
    waits: Arc<Waits>,
    keeper: Option<Arc<Keeper>>,
    pub(super) stopping: bool,
    most_connections: usize,
}

impl Shared {
    pub(super) fn new(hall: Hall) -> Self {
        let most_connections = hall.most_connections;
        let (serving, waits) = (AtomicUsize::new(0), hall.waits.clone());
        Self { hall: Mutex::new(hall), serving, most_connections, waits }
    }

    pub(crate) fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the world; what comes of it is carried out.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Hall) -> T) -> T {
        let mut hall = self.hall();
        let done = act(&mut hall);
        hall.changed();
        done
    }

    /// A place for a connection, unless there are too many.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let place = Place { shared: self.clone() };
        let before = self.serving.fetch_add(1, Ordering::Relaxed);
        (before < self.most_connections).then_some(place)
    }

    /// Tells all threads to end.
    pub(crate) fn stop(&self) {
        let mut hall = self.hall();
        hall.stopping = true;
        hall.cut_links();
        hall.changed();
        self.waits.stop();
        if let Some(keeper) = &hall.keeper {
            keeper.stop();
        }
    }
}

/// One connection of those that there may be; free again when dropped.
pub(super) struct Place {
    shared: Arc<Shared>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.serving.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hall {
    pub(super) fn new(world: World, start: Start) -> Self {
        let Start { clock, rng, most_connections, keeper } = start;
        Self {
            world,
            clock,
            rng,
            links: BTreeMap::new(),
            admitted: 0,
            refusals: 0,
            waits: Arc::default(),
            keeper,
            stopping: false,
            most_connections,
        }
    }

    pub(super) fn admit(&mut self, link: Link) -> u64 {
        self.admitted += 1;
        self.links.insert(self.admitted, link);
        self.admitted
    }

    /// Wakes connections that something else gave something to do.
    pub(super) fn wake_who_is_due(&self) {
        for link in self.links.values() {
            link.wake_if_due(&self.world);
        }
    }

    /// The world may have changed: wakes whoever has something to do by that, or waits for it.
    pub(super) fn changed(&self) {
        self.wake_who_is_due();
        self.waits.wake_all();
        if let Some(keeper) = &self.keeper {
            keeper.changed();
        }
    }

    pub(super) fn cut_links(&mut self) {
        self.links.clear();
    }

    /// Takes note of a connection that came. Returns whether it is to be closed at once.
    pub(super) fn refuses(&mut self) -> bool {
        let refuses = self.refusals > 0;
        self.refusals -= u32::from(refuses);
        refuses
    }

    pub(super) fn set_clock(&mut self, set: impl FnOnce(&mut Clock)) {
        set(&mut self.clock);
        // Here and not by the writers, lest a client be a little faster than they are.
        let now = self.clock.now();
        let Self { links, world, rng, .. } = self;
        links.retain(|_, link| {
            let open = link.handle_timeout(now, world, &mut **rng);
            link.wake();
            open
        });
        self.waits.wake_all();
    }
}

/// Without its dice.
impl fmt::Debug for Hall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hall")
            .field("world", &self.world)
            .field("clock", &self.clock)
            .field("links", &self.links.len())
            .finish_non_exhaustive()
    }
}
