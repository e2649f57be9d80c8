//! Key agreement, the client's half (core mtproto/auth_key).
//!
//! One struct per awaited reply, eaten when the reply has come, and one per piece of work, which a
//! driver may run where it does not hold up others:
//!
//! ```text
//! begin ─ req_pq_multi → AwaitingResPq    ─ resPQ →              Factorisation
//!         req_DH_params ← AwaitingDhParams ─ server_DH_params_ok → KeyComputation
//!  set_client_DH_params ← AwaitingDhGen    ─ dh_gen_* →           Outcome
//! ```
//!
//! Those take and give TL objects. [`Exchange`] is all of them in one, takes and gives packets, and
//! is what a driver wants.

mod config;
mod dh_gen;
mod dh_params;
mod error;
mod reply;
mod res_pq;

use std::sync::Arc;

use layer_crypto::dh::KnownPrimes;
use layer_wire::message::PlainMessage;
use rand_core::CryptoRng;

use crate::Now;
use crate::ids::MsgIds;

pub use config::{Config, InnerData, Lifetime};
pub use dh_gen::{Agreed, AwaitingDhGen, Outcome};
pub use dh_params::{AwaitingDhParams, KeyComputation};
pub use error::ExchangeError;
pub use res_pq::{AwaitingResPq, Factorisation, begin};

/// How often the server may ask for another g_b (`dh_gen_retry`) in one exchange.
pub const MOST_RETRIES: u32 = 5;
/// How often the server may let the exchange begin anew (`dh_gen_fail`).
pub const MOST_RESTARTS: u32 = 3;
/// How many replies to requests that had been answered already are let pass.
pub const MOST_LATE_REPLIES: u32 = 64;

/// A key exchange that waits for a packet.
///
/// All packets must go over one connection. Nothing here waits: whoever drives it gives up after as
/// long as he likes, and a failed or abandoned exchange leaves nothing behind.
///
/// A copy goes on by itself with the same secrets; it is there for tests that try many replies at
/// one point.
///
/// ```
/// # use std::time::Duration;
/// # use layer_mtproto::wire::message::PlainMessage;
/// # use layer_sandbox::{exchange::{self as server, Terms}, keys::well_known_key};
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// # let now = layer_mtproto::Now { monotonic: Duration::ZERO, wall: Duration::from_secs(1_700_000_000) };
/// # let mut server = server::Exchange::new(Terms::new(well_known_key()));
/// # let mut sent_and_answered = |packet: &[u8]| -> Result<Vec<u8>, Box<dyn std::error::Error>> {
/// #     let query = PlainMessage::read(packet)?.body;
/// #     let answer = server.handle(query, 1_700_000_000, &mut ChaCha20Rng::seed_from_u64(2))?;
/// #     let mut packet = Vec::new();
/// #     PlainMessage { msg_id: 1_700_000_000 << 32 | 1, body: &answer.body }.write(&mut packet);
/// #     Ok(packet)
/// # };
/// use layer_crypto::dh::KnownPrimes;
/// use layer_mtproto::exchange::{Config, Exchange, Step};
///
/// let config = Config::new(vec![well_known_key().public().clone()], 2);
/// let mut step = Exchange::begin(config, KnownPrimes::new(), now, &mut rng);
/// let agreed = loop {
///     step = match step {
///         Step::Send { exchange, packet } => {
///             let reply = sent_and_answered(&packet)?;
///             exchange.handle_packet(&reply, now, &mut rng)?
///         }
///         Step::Read(_) => unreachable!("this server says nothing twice"),
///         Step::Work(work) => work.run(now, &mut rng)?,
///         Step::Done { agreed, .. } => break agreed,
///     };
/// };
/// assert_eq!(agreed.time_offset, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Exchange {
    awaiting: Awaiting,
    course: Course,
}

#[derive(Debug, Clone)]
enum Awaiting {
    ResPq(AwaitingResPq),
    DhParams(AwaitingDhParams),
    DhGen(AwaitingDhGen),
}

/// What comes next in an exchange.
#[derive(Debug, Clone)]
pub enum Step {
    /// Send the packet, then read one and [handle](Exchange::handle_packet) it.
    Send {
        /// Goes on with the answer.
        exchange: Exchange,
        /// A plain message.
        packet: Vec<u8>,
    },
    /// Nothing is to be sent (an earlier reply came once more): read the next packet.
    Read(Exchange),
    /// [Run](Work::run) it, on another thread where this one must not be held up. Until then
    /// nothing is to be read: no request is under way.
    Work(Work),
    /// A key is agreed.
    Done {
        /// The key and what goes with it.
        agreed: Agreed,
        /// For the next exchange.
        known_primes: KnownPrimes,
    },
}

/// A piece of computation between a reply and the next request.
#[derive(Debug, Clone)]
#[must_use = "the exchange goes on only when it is run"]
pub struct Work {
    task: Task,
    course: Course,
}

#[derive(Debug, Clone)]
enum Task {
    Factorisation(Factorisation),
    KeyComputation(KeyComputation),
}

/// Which piece of computation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// [`Factorisation`] of pq, about a millisecond.
    Factorisation,
    /// The [powers](KeyComputation) of the DH exchange, about ten milliseconds; longer for a prime
    /// that is new to us.
    KeyComputation,
}

impl Exchange {
    /// Begins an exchange with a server that has not been spoken to on this connection.
    ///
    /// `known_primes` spares the primality test of a prime that was met before; it comes back at
    /// the end.
    pub fn begin(
        config: Config,
        known_primes: KnownPrimes,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Step {
        let course = Course {
            config: Arc::new(config),
            ids: MsgIds::default(),
            known_primes,
            answered: Vec::new(),
            retries: 0,
            restarts: 0,
            late: 0,
        };
        course.start(now, rng)
    }

    /// Takes a packet that came over the connection, out of its frame.
    ///
    /// # Errors
    /// [`ExchangeError`] says which check failed. The exchange is over then, and the connection is
    /// best closed.
    pub fn handle_packet(
        self,
        packet: &[u8],
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<Step, ExchangeError> {
        let Self { awaiting, mut course } = self;
        let PlainMessage { msg_id, body } = PlainMessage::read(packet)?;
        if msg_id & 1 == 0 {
            return Err(ExchangeError::MsgId { msg_id });
        }
        if course.is_late(body) {
            course.late += 1;
            bounded(course.late, MOST_LATE_REPLIES, |most| ExchangeError::TooManyLateReplies {
                most,
            })?;
            return Ok(Step::Read(Self { awaiting, course }));
        }
        let task = match awaiting {
            Awaiting::ResPq(state) => {
                let task = state.handle(body)?;
                course.note_answer(body, NONCES);
                Task::Factorisation(task)
            }
            Awaiting::DhParams(state) => {
                let task = state.handle(body, now)?;
                course.note_answer(body, NONCES);
                Task::KeyComputation(task)
            }
            Awaiting::DhGen(state) => {
                let outcome = state.handle(body)?;
                course.note_answer(body, NONCES_AND_HASH);
                match outcome {
                    Outcome::Done(agreed) => {
                        return Ok(Step::Done { agreed, known_primes: course.known_primes });
                    }
                    Outcome::Retry(task) => {
                        course.retries += 1;
                        bounded(course.retries, MOST_RETRIES, |most| {
                            ExchangeError::TooManyRetries { most }
                        })?;
                        Task::KeyComputation(task)
                    }
                    Outcome::StartOver => {
                        course.restarts += 1;
                        bounded(course.restarts, MOST_RESTARTS, |most| {
                            ExchangeError::TooManyRestarts { most }
                        })?;
                        return Ok(course.start(now, rng));
                    }
                }
            }
        };
        Ok(Step::Work(Work { task, course }))
    }

    /// What is awaited, as the schema calls it; to be named when it does not come.
    pub fn awaited(&self) -> &'static str {
        match &self.awaiting {
            Awaiting::ResPq(_) => AwaitingResPq::REPLY,
            Awaiting::DhParams(_) => AwaitingDhParams::REPLY,
            Awaiting::DhGen(_) => AwaitingDhGen::REPLY,
        }
    }
}

impl Work {
    /// Which piece it is.
    pub fn kind(&self) -> WorkKind {
        match &self.task {
            Task::Factorisation(_) => WorkKind::Factorisation,
            Task::KeyComputation(_) => WorkKind::KeyComputation,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// [`ExchangeError`], if the server's numbers are no good. The exchange is over then.
    pub fn run(self, now: Now, rng: &mut dyn CryptoRng) -> Result<Step, ExchangeError> {
        let Self { task, mut course } = self;
        let (awaiting, request) = match task {
            Task::Factorisation(task) => {
                let (next, request) = task.run(rng)?;
                (Awaiting::DhParams(next), request)
            }
            Task::KeyComputation(task) => {
                let (next, request) = task.run(&mut course.known_primes, rng)?;
                (Awaiting::DhGen(next), request)
            }
        };
        Ok(course.send(awaiting, &request, now))
    }
}

/// What an exchange carries from one step to the next, whatever the step.
#[derive(Debug, Clone)]
struct Course {
    config: Arc<Config>,
    ids: MsgIds,
    known_primes: KnownPrimes,
    /// How the replies began that have been taken.
    answered: Vec<Vec<u8>>,
    retries: u32,
    restarts: u32,
    late: u32,
}

/// Constructor, nonce and server_nonce: all that tells one reply of a kind from another.
const NONCES: usize = 36;
/// `dh_gen_retry` may come several times with the same nonces, but each time for another key.
const NONCES_AND_HASH: usize = 52;

impl Course {
    fn start(self, now: Now, rng: &mut dyn CryptoRng) -> Step {
        let (next, request) = begin(Arc::clone(&self.config), rng);
        self.send(Awaiting::ResPq(next), &request, now)
    }

    fn send(mut self, awaiting: Awaiting, body: &[u8], now: Now) -> Step {
        let message = PlainMessage { msg_id: self.ids.next(now.wall), body };
        let mut packet = Vec::with_capacity(message.packet_len());
        message.write(&mut packet);
        Step::Send { exchange: Exchange { awaiting, course: self }, packet }
    }

    fn note_answer(&mut self, body: &[u8], identity: usize) {
        self.answered.extend(body.get(..identity).map(<[u8]>::to_vec));
    }

    /// Whether this is a reply that has been taken already: a server may say twice what it was
    /// asked once, and after a new beginning there may be replies from before.
    fn is_late(&self, body: &[u8]) -> bool {
        self.answered.iter().any(|answered| body.starts_with(answered))
    }
}

fn bounded(
    count: u32,
    most: u32,
    error: impl FnOnce(u32) -> ExchangeError,
) -> Result<(), ExchangeError> {
    if count > most { Err(error(most)) } else { Ok(()) }
}
