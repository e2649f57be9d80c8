//! Whole clients against a sandbox in memory, under a paused clock, every task counted.

mod acting;
mod bots;
mod channel_updates;
mod connect;
mod contract;
mod dcs;
mod ends;
mod groups;
mod lists;
mod login;
mod password;
mod sending;
mod talk;
mod updates;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_sandbox::router::RpcError;
use layer_sandbox::{Caller, Reply};
use layer_tl_types::{Identifiable, Serializable, enums, functions, types};

use crate::net::memory::Memory;
use crate::seams::Seams;
use crate::session::{Change, InMemoryBackend, SavedUser, SessionBackend};
use crate::{Client, Config, InvocationError, ShutdownToken, random};

/// A client's surroundings: the server, the session, and how many tasks there are.
pub(crate) struct Rig {
    pub(crate) server: Arc<Memory>,
    pub(crate) session: Arc<InMemoryBackend>,
    pub(crate) tasks: Arc<AtomicUsize>,
    pub(crate) calls: Arc<Mutex<Vec<(i32, u32)>>>,
    /// How many clients there have been: each draws other dice.
    clients: Arc<AtomicUsize>,
}

/// Counts a task while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        let server = Memory::of(&[2, 1, 3, 4, 5]);
        let rig = Self {
            server,
            session: Arc::default(),
            tasks: Arc::default(),
            calls: Arc::default(),
            clients: Arc::default(),
        };
        rig.answer(|_, _, _| None);
        rig
    }

    /// Another client's surroundings, with the same server.
    pub(crate) fn another(&self) -> Self {
        let (server, calls) = (Arc::clone(&self.server), Arc::clone(&self.calls));
        let clients = Arc::clone(&self.clients);
        Self { server, calls, clients, session: Arc::default(), tasks: Arc::default() }
    }

    /// Sets what is answered instead of the sandbox: by data centre, function and query.
    pub(crate) fn answer(
        &self,
        mut answer: impl FnMut(&Caller, u32, &[u8]) -> Option<Reply> + Send + 'static,
    ) {
        let calls = Arc::clone(&self.calls);
        self.server.world().intercept(move |caller, query| {
            let function = u32::from_le_bytes(*query.first_chunk()?);
            // Somebody of whom only the session says that he is logged in has updates, too.
            if function == functions::updates::GetState::CONSTRUCTOR_ID && caller.user.is_none() {
                let (pts, qts, date, seq, unread_count) = (1, 0, 1, 0, 0);
                let state = types::updates::State { pts, qts, date, seq, unread_count };
                return object(&enums::updates::State::from(state));
            }
            calls.lock().unwrap().push((caller.dc, function));
            answer(caller, function, query)
        });
    }

    /// At which data centres this function was called.
    pub(crate) fn called<F: Identifiable>(&self) -> Vec<i32> {
        let calls = self.calls.lock().unwrap();
        let of = calls.iter().filter(|(_, function)| *function == F::CONSTRUCTOR_ID);
        of.map(|(dc, _)| *dc).collect()
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            api_id: 1,
            api_hash: "hash".to_owned(),
            dc_addr: Some(Memory::address(2)),
            server_keys: vec![self.server.public_key_pem()],
            session_backend: Some(Arc::clone(&self.session) as _),
            ..Config::default()
        }
    }

    pub(crate) fn seams(&self) -> Seams {
        let clock = self.server.clock.clone();
        let mut seed = [3; 32];
        seed[0] = self.clients.fetch_add(1, Ordering::Relaxed) as u8;
        let mut seams = Seams::new(Arc::clone(&self.server) as _, clock, random::seeded(seed));
        let tasks = Arc::clone(&self.tasks);
        seams.spawn = Arc::new(move |task| {
            let counted = Counted::new(&tasks);
            tokio::spawn(async move {
                let _counted = counted;
                task.await;
            });
        });
        seams
    }

    pub(crate) async fn connect(&self) -> Result<(Client, ShutdownToken), InvocationError> {
        Client::connect_with(self.config(), self.seams()).await
    }

    /// A client whose session says that somebody is logged in.
    pub(crate) async fn logged_in(&self) -> (Client, ShutdownToken) {
        self.session.load().await.unwrap();
        let user = SavedUser { id: 4711, is_bot: false };
        self.session.save(&[Change::User(Some(user))]).await.unwrap();
        self.connect().await.unwrap()
    }

    /// How many tasks there are when all have had time to end.
    pub(crate) async fn tasks_left(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.tasks.load(Ordering::Relaxed)
    }
}

/// An answer that is this object.
pub(crate) fn object(object: &impl Serializable) -> Option<Reply> {
    Some(Reply::Now(Ok(object.to_bytes())))
}

/// An answer that is an error.
pub(crate) fn refusal(code: i32, name: &str) -> Option<Reply> {
    Some(Reply::Now(Err(RpcError::new(code, name))))
}
