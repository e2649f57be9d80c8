//! The connection: a pure machine that speaks MTProto over one link after another, so that nothing
//! above it has to think of salts, acknowledgements, sequence numbers or keys.
//!
//! A driver tells it what happened (`handle_*`) and what the user wants ([`call`](Connection::call),
//! [`cancel`](Connection::cancel)); after each of these it asks what is to be done (`poll_*`).
//!
//! | file | what happens there |
//! |---|---|
//! | `agreement`, `keys` | keys are agreed, bound, renewed, verified |
//! | `send`, `packets` | what is queued becomes packets, sealed in one go |
//! | `receive`, `service/` | what comes is opened in one go, checked, and taken one message at a time |
//! | `resend` | what becomes of calls when a message is refused, or a link or session is gone |
//! | `session`, `requests`, `link` | what is remembered, in this session and on this link |

mod agreement;
mod config;
mod event;
mod keys;
mod link;
mod packets;
mod receive;
mod requests;
mod resend;
mod send;
mod service;
mod session;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use layer_crypto::dh::KnownPrimes;
use layer_tl_types::{Identifiable, RawObject, functions};
use layer_wire::framing::Decoder;
use layer_wire::gzip;
use rand_core::CryptoRng;

use crate::Now;
use crate::acks::Acks;
use crate::calls::{Calls, State};
use crate::clock::ServerClock;
use crate::ids::MsgIds;
use crate::salts::Salts;
use keys::Keys;
use link::{LOOK_EVERY, Link};
use packets::Packets;
use requests::{Request, Requests};
use session::Session;

pub use crate::calls::{Call, CallId};
pub use agreement::{Work, WorkDone};
pub use config::{Config, Init, Saved};
pub use event::{CallError, Event, Failure, Fault, Lost, RpcError};

/// The longest call, in bytes: what servers take in one packet, less what goes around it.
pub const MOST_CALL: usize = 1_040_000;
/// Shorter functions are not packed.
const LEAST_PACKED: usize = 256;

/// Answers to the server's questions that wait to be sent.
const MOST_REPLIES: usize = 64;

/// A connection to a data centre, across all links.
///
/// All times are [`Now`]s from outside, all randomness is, too. Nothing waits in it that has no
/// bound: calls by [`Config::most_calls`] and [`Config::most_call_bytes`], everything else by
/// constants. Events are to be polled after each `handle_*`.
///
/// ```
/// # use std::time::Duration;
/// # use layer_mtproto::Now;
/// # use layer_tl_types::{Deserializable, Serializable, enums, functions};
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// # let now = Now { monotonic: Duration::ZERO, wall: Duration::from_secs(1_700_000_000) };
/// # let theirs = layer_sandbox::Now { monotonic: now.monotonic, wall: now.wall };
/// # let mut world = layer_sandbox::World::new(layer_sandbox::Settings::default());
/// # let mut server = layer_sandbox::Connection::new(&world.settings, theirs);
/// use layer_mtproto::connection::{Call, Config, Connection, Event, Init};
/// use layer_mtproto::exchange;
///
/// # let server_key = layer_sandbox::keys::well_known_key().public().clone();
/// let exchange = exchange::Config::new(vec![server_key], 2);
/// let mut connection = Connection::new(Config::new(exchange, Init::new(1)), None, now, &mut rng);
/// let call = connection.call(Call::new(functions::help::GetNearestDc {}.to_bytes()), now)?;
/// connection.handle_connected(now, &mut rng);
/// let result = loop {
///     let mut to_server = Vec::new();
///     connection.poll_transmit(now, &mut rng, &mut to_server);
/// #   server.receive(&to_server, theirs, &mut world, &mut rng)?;
/// #   let from_server = server.take_output();
///     connection.handle_bytes(&from_server, now, &mut rng);
///     if let Some(work) = connection.poll_work() {
///         let done = work.run(now, &mut rng);
///         connection.handle_work(done, now, &mut rng);
///     }
///     match connection.poll_event() {
///         Some(Event::Answer { call: answered, result, .. }) if answered == call => break result,
///         _ => {}
///     }
/// };
/// let enums::NearestDc::Dc(nearest) = enums::NearestDc::from_bytes(&result?)?;
/// assert_eq!(nearest.this_dc, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Connection {
    config: Config,
    /// invokeWithLayer and initConnection, up to the query.
    init: Vec<u8>,
    clock: ServerClock,
    ids: MsgIds,
    keys: Keys,
    known_primes: KnownPrimes,
    session: Session,
    /// The session under the permanent key, put aside while that is verified.
    parked: Option<Session>,
    /// Sessions of ours that are over: what still comes of them is let pass.
    former: VecDeque<i64>,
    calls: Calls,
    requests: Requests,
    packets: Packets,
    /// Service messages that say something and are not answered.
    replies: Vec<Vec<u8>>,
    /// Messages of the server's that it is to send once more.
    wanted: Vec<i64>,
    link: Option<Link>,
    /// Beside the link, so that frames can be read from it while the machine works on them.
    decoder: Option<Box<Decoder>>,
    /// How many links there have been.
    links: u64,
    ping_id: i64,
    work: Option<Work>,
    events: VecDeque<Event>,
    /// What may still be unpacked of the bytes that came last.
    unpack_budget: usize,
    /// Room for what is sent next; empty in between.
    scratch: (Vec<send::Planned>, Vec<send::Packet>),
}

/// How much a connection holds, for tests and for a watchful eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Footprint {
    /// Calls without an answer.
    pub calls: usize,
    /// Those of them that wait to be sent.
    pub queued: usize,
    /// Identifiers under which calls were sent.
    pub msg_ids: usize,
    /// Bytes of calls.
    pub call_bytes: usize,
    /// Service messages that wait to be sent or answered.
    pub requests: usize,
    /// Packets that may yet be refused; the next pong ends all before it.
    pub packets: usize,
    /// Messages that are to be acknowledged.
    pub acks: usize,
    /// Events that wait to be polled.
    pub events: usize,
    /// Bytes received that are not a whole packet yet.
    pub received: usize,
}

impl Connection {
    /// A connection without a link. `saved` is what [`Connection::saved`] gave; without it a key is
    /// agreed on the first link.
    pub fn new(config: Config, saved: Option<Saved>, now: Now, rng: &mut dyn CryptoRng) -> Self {
        let time_offset = saved.as_ref().map_or(0, |saved| saved.time_offset);
        let salts = saved.as_ref().map(|saved| Salts::new(saved.salts.clone())).unwrap_or_default();
        let permanent = saved.map(|saved| Arc::new(saved.auth_key));
        Self {
            init: config.init.prefix(),
            config,
            clock: ServerClock::new(time_offset, now),
            ids: MsgIds::default(),
            keys: Keys { permanent, ..Keys::default() },
            known_primes: KnownPrimes::new(),
            session: Session::new(salts, 0, rng),
            parked: None,
            former: VecDeque::new(),
            calls: Calls::default(),
            requests: Requests::default(),
            packets: Packets::default(),
            replies: Vec::new(),
            wanted: Vec::new(),
            link: None,
            decoder: None,
            links: 0,
            ping_id: 0,
            work: None,
            events: VecDeque::new(),
            unpack_budget: 0,
            scratch: Default::default(),
        }
    }

    /// A link is there. Whatever went over an earlier one and may be lost is taken up again.
    pub fn handle_connected(&mut self, now: Now, rng: &mut dyn CryptoRng) {
        if self.link.is_some() {
            self.handle_disconnected(now);
        }
        if self.keys.is_dead {
            return;
        }
        self.clock.look(now);
        self.links += 1;
        let (encoder, decoder) = self.config.framing.client(rng);
        self.link = Some(Link::new(encoder, now.monotonic));
        self.decoder = Some(Box::new(decoder));
        let proceeded = self.proceed(now, rng);
        self.settle(proceeded);
    }

    /// The driver has lost the link.
    pub fn handle_disconnected(&mut self, now: Now) {
        self.clock.look(now);
        self.drop_link();
    }

    /// [`Connection::poll_deadline`] has passed.
    pub fn handle_timeout(&mut self, now: Now, rng: &mut dyn CryptoRng) {
        self.clock.look(now);
        let Some(link) = &mut self.link else { return };
        if link.dead_at(&self.config).is_some_and(|at| at <= now.monotonic) {
            self.lose(Lost::Silent);
            return;
        }
        if link.look_at <= now.monotonic {
            link.look_at = now.monotonic + LOOK_EVERY;
            self.look_after_calls(now);
        }
        let renewed = self.renew(now, rng);
        self.settle(renewed);
    }

    /// Makes a call. Its answer, or why it has none, comes as an event.
    ///
    /// # Errors
    /// [`CallError`], if it can't be taken; nothing has happened then.
    pub fn call(&mut self, call: Call, now: Now) -> Result<CallId, CallError> {
        self.clock.look(now);
        let Call { body, once, after } = call;
        let len = body.len();
        if self.keys.is_dead {
            return Err(CallError::KeyDead);
        }
        if len < 4 || !len.is_multiple_of(4) {
            return Err(CallError::NotAFunction { len });
        }
        let packed = may_be_packed(&body).then(|| gzip::pack(&body)).flatten();
        let body = packed.unwrap_or(body);
        if body.len() > MOST_CALL {
            return Err(CallError::TooLong { len: body.len(), most: MOST_CALL });
        }
        let (calls, bytes) = (self.calls.len(), self.calls.bytes());
        if calls >= self.config.most_calls || bytes + body.len() > self.config.most_call_bytes {
            return Err(CallError::Full { calls, bytes });
        }
        Ok(self.calls.insert(body, once, after))
    }

    /// Ends a call without an answer: nothing more is heard of it. If it was sent, the server is
    /// told that nobody waits. Returns whether the call was there.
    pub fn cancel(&mut self, call: CallId, now: Now) -> bool {
        self.clock.look(now);
        let Some(entry) = self.calls.remove(call) else { return false };
        if let (Some(sent), Some(_)) = (entry.message, entry.exposed) {
            self.requests.push(Request::DropAnswer(sent.msg_id));
        }
        true
    }

    /// Whether the server is known to have a call that it has not answered yet.
    pub fn has_arrived(&self, call: CallId) -> bool {
        self.calls.get(call).is_some_and(|entry| entry.state == State::Arrived)
    }

    /// Lets the server destroy the permanent key: the login ends, and [`Event::KeyDestroyed`] says
    /// when. Calls under way may get no answer.
    pub fn destroy_key(&mut self, rng: &mut dyn CryptoRng) {
        if self.forward_secrecy() {
            self.give_up_temporary_key(rng);
        } else if self.unpark() {
            self.keys.drop_temporary();
        }
        // Whether it is known need not be found out any more, nor a temporary key be agreed.
        if let (Some(link), Some(_)) = (&mut self.link, &self.keys.permanent) {
            link.agreement = None;
            link.plain.clear();
        }
        self.keys.is_unwanted = true;
        self.requests.push(Request::DestroyKey);
    }

    /// Says anew what we say of ourselves, with the next call.
    pub fn set_init(&mut self, init: Init) {
        self.init = init.prefix();
        self.config.init = init;
        self.session.is_initialised = false;
    }

    /// What happened, in its order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// A computation that the key exchange waits for.
    pub fn poll_work(&mut self) -> Option<Work> {
        self.work.take()
    }

    /// When [`Connection::handle_timeout`] is to be called, and [`Connection::poll_transmit`] after
    /// it, on the monotonic clock; `None` while there is no link.
    pub fn poll_deadline(&self) -> Option<Duration> {
        let link = self.link.as_ref()?;
        let open = self.is_open();
        let calls = self.calls.len() > self.calls.queued_len();
        let deadlines = [
            link.dead_at(&self.config),
            open.then_some(link.ping_at),
            open.then(|| self.session.acks.deadline(self.config.ack_delay)).flatten(),
            (open && calls).then_some(link.look_at),
            self.renewal_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// What a session file keeps; `None` while there is no permanent key.
    pub fn saved(&self, now: Now) -> Option<Saved> {
        let auth_key = self.keys.permanent.as_deref()?.clone();
        let session = self.parked.as_ref().unwrap_or(&self.session);
        // Those of a temporary key are of no use to the next process.
        let salts = if self.forward_secrecy() { Vec::new() } else { session.salts.to_vec() };
        Some(Saved { auth_key, salts, time_offset: self.clock.time_offset(now) })
    }

    /// How much is held.
    pub fn footprint(&self) -> Footprint {
        Footprint {
            calls: self.calls.len(),
            queued: self.calls.queued_len(),
            msg_ids: self.calls.msg_ids_len(),
            call_bytes: self.calls.bytes(),
            requests: self.requests.len() + self.replies.len() + self.wanted.len(),
            packets: self.packets.len(),
            acks: self.session.acks.len(),
            events: self.events.len(),
            received: self.decoder.as_ref().map_or(0, |decoder| decoder.held()),
        }
    }

    /// Whether messages can go over the link: it is there, and the key in use is agreed and bound.
    fn is_open(&self) -> bool {
        self.link.is_some()
            && self.keys.in_use(self.forward_secrecy()).is_some()
            && !self.is_binding()
    }

    /// Queues a service message that is not answered. A server that asks for more than is good gets
    /// no more than that.
    fn reply(&mut self, message: Vec<u8>) {
        if self.replies.len() < MOST_REPLIES {
            self.replies.push(message);
        }
    }

    /// Asks the server to send a message of its own once more.
    fn want(&mut self, msg_id: i64) {
        if self.wanted.len() < Acks::MOST && !self.wanted.contains(&msg_id) {
            self.wanted.push(msg_id);
        }
    }

    fn settle(&mut self, done: Result<(), Lost>) {
        if let Err(lost) = done {
            self.lose(lost);
        }
    }

    fn lose(&mut self, lost: Lost) {
        self.drop_link();
        self.events.push_back(Event::LinkLost(lost));
    }

    /// The permanent key is gone, and all with it.
    fn die(&mut self, event: Event) {
        self.keys = Keys { is_dead: true, ..Keys::default() };
        for call in self.calls.which(|_| true) {
            self.fail(call, Failure::KeyDead);
        }
        self.drop_link();
        self.requests = Requests::default();
        // Nobody is left to be told what has come.
        self.session.acks = Acks::default();
        self.parked = None;
        self.events.push_back(event);
    }
}

/// Whether packing may pay: what is short is not worth it, and media is packed already.
fn may_be_packed(body: &[u8]) -> bool {
    const WITHOUT_UPDATES: u32 = functions::InvokeWithoutUpdates::<RawObject>::CONSTRUCTOR_ID;
    // Parts of files go out in this wrapper, which is its id and then the query.
    let query = body.strip_prefix(&WITHOUT_UPDATES.to_le_bytes()).unwrap_or(body);
    let id = query.first_chunk().map(|id| u32::from_le_bytes(*id));
    let is_media = matches!(
        id,
        Some(
            functions::upload::SaveFilePart::CONSTRUCTOR_ID
                | functions::upload::SaveBigFilePart::CONSTRUCTOR_ID
        )
    );
    body.len() >= LEAST_PACKED && !is_media
}

/// Shows how much is held, and no key.
impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("keys", &self.keys)
            .field("links", &self.links)
            .field("has_link", &self.link.is_some())
            .field("holds", &self.footprint())
            .finish_non_exhaustive()
    }
}
