//! The server: its world, and a ledger of what it has executed, kept by the world's interceptor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use layer_crypto::AuthKey;
use layer_sandbox::exchange::Agreed;
use layer_sandbox::router::{Caller, Reply, RpcError};
use layer_sandbox::{Now, Settings, World};
use rand_chacha::ChaCha20Rng;

use crate::call::Question;
use crate::dice::{Purpose, rng};

/// What the server is, apart from its links.
pub struct Server {
    pub world: World,
    pub rng: ChaCha20Rng,
    ledger: Arc<Mutex<Ledger>>,
    /// How often it has lost the memory of what it had executed.
    pub memory: u64,
    /// It answers no dialling before.
    pub down_until: Duration,
}

/// What the server has executed.
#[derive(Default)]
pub struct Ledger {
    /// By the calls' numbers, each time.
    pub executions: BTreeMap<u64, Vec<Execution>>,
    /// In whose session the last call came.
    pub caller: Option<Caller>,
    /// What has happened since the last look.
    pub news: Vec<News>,
    /// As in [`Server::memory`].
    memory: u64,
    /// What comes now comes over a link that the client has given up.
    pub is_late: bool,
}

/// One execution of a call.
#[derive(Clone, Copy, Debug)]
pub struct Execution {
    /// How often memory had been lost before.
    pub memory: u64,
    /// The client's session: in another one the server does not know a message again.
    pub session_id: i64,
    /// The message in which it came.
    pub msg_id: i64,
    /// It came over a link that the client had given up by then.
    pub is_late: bool,
}

impl Execution {
    /// Whether the server still knew of this one when the other was done.
    pub fn remembers(&self, later: &Self) -> bool {
        (self.memory, self.session_id) == (later.memory, later.session_id)
    }

    /// Whether nobody can help it that the same message is executed a second time: the first time it came
    /// late, when the server may have told on the next link that it had not come, and what was sent again
    /// then met a memory that had lost the first.
    pub fn overtaken_by(&self, later: &Self) -> bool {
        self.is_late && self.msg_id == later.msg_id && !self.remembers(later)
    }
}

/// What the interceptor has seen.
pub enum News {
    Executed(Question, Execution),
    Altered(String),
}

impl Server {
    pub fn new(seed: u64) -> Self {
        let mut world = World::new(Settings::default());
        let ledger = Arc::<Mutex<Ledger>>::default();
        let book = Arc::clone(&ledger);
        world.intercept(move |caller, query| {
            let question = Question::read(query)?;
            Some(book.lock().unwrap().execute(caller, question))
        });
        let rng = rng(seed, Purpose::Server);
        Self { world, rng, ledger, memory: 0, down_until: Duration::ZERO }
    }

    /// Knows a key from an earlier exchange.
    pub fn insert_key(&mut self, key: AuthKey, salt: i64, now: Now) {
        let agreed = Agreed { key, salt, dc: Some(2), expires_at: None };
        self.world.keys.insert(agreed, now.unix()).unwrap();
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// What it had executed is forgotten, or what of that it would know again.
    pub fn lose_memory(&mut self) {
        self.memory += 1;
        self.ledger().memory = self.memory;
    }
}

impl Ledger {
    fn execute(&mut self, caller: &Caller, question: Result<Question, String>) -> Reply {
        self.caller = Some(*caller);
        let question = match question {
            Ok(question) => question,
            Err(why) => {
                self.news.push(News::Altered(why));
                return Reply::Now(Err(RpcError::new(400, "ALTERED")));
            }
        };
        let Caller { session_id, msg_id, .. } = *caller;
        let (memory, is_late) = (self.memory, self.is_late);
        let execution = Execution { memory, session_id, msg_id, is_late };
        self.executions.entry(question.number).or_default().push(execution);
        self.news.push(News::Executed(question, execution));
        let answer = question.answer().map_err(|(code, name)| RpcError::new(code, name));
        if question.delay.is_zero() {
            Reply::Now(answer)
        } else {
            Reply::After(question.delay, answer)
        }
    }
}
