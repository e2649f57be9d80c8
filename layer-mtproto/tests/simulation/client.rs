//! The client's driver: what a program around the machine does. It dials, reads and writes, runs the work
//! that the machine hands out, and keeps the book on what it is told.

use std::collections::VecDeque;
use std::time::Duration;

use layer_crypto::AuthKey;
use layer_mtproto::connection::{Config, Connection, Event, Init, Saved, Work};
use layer_mtproto::exchange;
use layer_sandbox::keys::well_known_key;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use crate::call::read_push;
use crate::check::is_within_bounds;
use crate::clock::Clock;
use crate::dice::{Purpose, rng};
use crate::frames::Towards;
use crate::link::Link;
use crate::profile::Profile;
use crate::run::Run;
use crate::story::size;
use crate::tap;

/// Bytes that may wait in front of what is written.
const WAITING: u64 = 64 << 10;
/// Bytes that the machine makes at once, at most.
const MOST_OUTPUT: usize = 4 << 20;
/// The shortest and the longest time between two dials.
const BACKOFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];

pub struct Client {
    pub machine: Connection,
    pub rng: ChaCha20Rng,
    /// The link that it holds.
    pub link: Option<u64>,
    /// When it dials, or when what was dialled is there.
    pub dial: Dial,
    backoff: Duration,
    /// Work that is being done, until when.
    pub work: VecDeque<(Duration, Work)>,
    slow_work: u64,
    /// When it may write again.
    pub writes_at: Option<Duration>,
    /// How often it had something to send.
    pub sends: u64,
    pub dials: u64,
    /// Nothing more is expected of it.
    pub dead: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dial {
    Idle,
    At(Duration),
    Connected(Duration),
}

impl Client {
    /// A client for a run, and the key that it begins with, with its salt.
    pub fn new(seed: u64, profile: &Profile, clock: &Clock) -> (Self, Option<(AuthKey, i64)>) {
        let mut rng = rng(seed, Purpose::Client);
        let exchange = exchange::Config::new(vec![well_known_key().public().clone()], 2);
        let mut config = Config::new(exchange, Init::new(1));
        config.framing = profile.framing.clone();
        config.temporary_keys = profile.temporary_keys;
        let key = profile.has_key.then(|| {
            let mut bytes = [0; 256];
            rng.fill_bytes(&mut bytes);
            (AuthKey::from_bytes(&bytes), rng.next_u64() as i64)
        });
        let saved =
            key.as_ref().map(|(key, salt)| Saved::new(key.clone(), *salt, 0, clock.client()));
        let machine = Connection::new(config, saved, clock.client(), &mut rng);
        let client = Self {
            machine,
            rng,
            link: None,
            dial: Dial::At(Duration::ZERO),
            backoff: BACKOFF[0],
            work: VecDeque::new(),
            slow_work: profile.slow_work,
            writes_at: None,
            sends: 0,
            dials: 0,
            dead: false,
        };
        (client, key)
    }

    /// The id of the key that is to be saved.
    pub fn permanent_key(&self, clock: &Clock) -> Option<i64> {
        self.machine.saved(clock.client()).map(|saved| saved.auth_key.id())
    }

    /// All that it waits for, for a story in which time stands still.
    pub fn due(&self) -> String {
        let (deadline, holds) = (self.machine.poll_deadline(), self.machine.footprint());
        format!("{deadline:?}, {:?}, {:?}; {holds:?}", self.dial, self.writes_at)
    }

    /// When the driver has something to do.
    pub fn next(&self, clock: &Clock) -> Option<Duration> {
        let dial = match self.dial {
            Dial::Idle => None,
            Dial::At(at) | Dial::Connected(at) => Some(at),
        };
        // A deadline is met by writing, so it waits until that is possible.
        let writable = self.writes_at.unwrap_or_default();
        let deadline = self.machine.poll_deadline();
        let deadline = deadline.map(|deadline| clock.when_client_shows(deadline).max(writable));
        let work = self.work.iter().map(|(at, _)| *at);
        deadline.into_iter().chain(dial).chain(self.writes_at).chain(work).min()
    }
}

impl Run {
    /// Something that the driver waited for is due.
    pub fn client_is_due(&mut self) {
        let now = self.clock.at();
        match self.client.dial {
            Dial::At(at) if at <= now => self.dial(),
            Dial::Connected(at) if at <= now => self.connected(),
            _ => {}
        }
        if let Some(index) = self.client.work.iter().position(|(at, _)| *at <= now)
            && let Some((_, work)) = self.client.work.remove(index)
        {
            let client = &mut self.client;
            let done = work.run(self.clock.client(), &mut client.rng);
            client.machine.handle_work(done, self.clock.client(), &mut client.rng);
        }
        let deadline = self.client.machine.poll_deadline();
        if deadline.is_some_and(|deadline| deadline <= self.clock.client().monotonic) {
            let client = &mut self.client;
            client.machine.handle_timeout(self.clock.client(), &mut client.rng);
        }
        self.pump_client();
    }

    pub fn client_receives(&mut self, bytes: &[u8]) {
        let client = &mut self.client;
        client.machine.handle_bytes(bytes, self.clock.client(), &mut client.rng);
        self.pump_client();
    }

    /// The socket says that the link is gone.
    pub fn client_is_told(&mut self) {
        self.client.machine.handle_disconnected(self.clock.client());
        self.story.tell("client", || "is told that the link is lost");
        self.redial();
        self.pump_client();
    }

    /// Lets the machine say all that it has to say.
    pub fn pump_client(&mut self) {
        for _ in 0..1000 {
            let mut quiet = true;
            while let Some(work) = self.client.machine.poll_work() {
                quiet = false;
                let time = self.script.dice.time(0..=self.client.slow_work);
                self.client.work.push_back((self.clock.at() + time, work));
            }
            quiet &= !self.transmit();
            let machine = &mut self.client.machine;
            let events: Vec<Event> = std::iter::from_fn(|| machine.poll_event()).collect();
            // What becomes of calls when a session is left may be told before that.
            let left = events.iter().filter(|event| matches!(event, Event::UpdatesMissed)).count();
            self.breaks += left as u64;
            quiet &= events.is_empty();
            events.into_iter().for_each(|event| self.event(event));
            if quiet {
                if !is_within_bounds(self) {
                    let holds = self.client.machine.footprint();
                    self.wrong(|| format!("too much is held: {holds:?}"));
                }
                return;
            }
        }
        self.wrong(|| "the client has something to say again and again".to_owned());
    }

    /// Writes what is to be sent, as far as the link takes it. Returns whether there was anything.
    fn transmit(&mut self) -> bool {
        let now = self.clock.at();
        let link = self.client.link.and_then(|id| self.links.get_mut(&id));
        let Some(link) = link else {
            let mut out = Vec::new();
            let client = &mut self.client;
            client.machine.poll_transmit(self.clock.client(), &mut client.rng, &mut out);
            if !out.is_empty() {
                self.wrong(|| format!("the client sends {} without a link", size(out.len())));
            }
            return false;
        };
        let writable_at = link.up.writable_at(WAITING);
        self.client.writes_at = (writable_at > now).then_some(writable_at);
        if writable_at > now {
            return false;
        }
        let mut out = Vec::new();
        let client = &mut self.client;
        client.machine.poll_transmit(self.clock.client(), &mut client.rng, &mut out);
        if out.is_empty() {
            return false;
        }
        client.sends += 1;
        let (keys, unix) = (&self.server.world.keys, self.clock.server().unix());
        link.up.send(&out, now, &mut self.dice, &mut self.story, |packet| {
            tap::read(packet, Towards::Server, keys, unix)
        });
        if out.len() > MOST_OUTPUT {
            self.wrong(|| format!("{} to be sent at once", size(out.len())));
        }
        true
    }

    fn dial(&mut self) {
        let now = self.clock.at();
        if self.server.down_until > now {
            self.story.tell("client", || "dials, and nobody is there");
            return self.redial();
        }
        let way = self.profile.route.latency * 3;
        self.client.dial = Dial::Connected(now + way);
    }

    fn connected(&mut self) {
        let settings = &self.server.world.settings;
        let server = layer_sandbox::Connection::new(settings, self.clock.server());
        let mut link = Link::new(&self.profile.framing, self.profile.route, server);
        link.up.may_double = self.server.world.faults.refuse_containers == 0;
        let id = self.next_link;
        self.next_link += 1;
        self.links.insert(id, link);
        self.story.tell("client", || format!("is connected by link {id}"));
        let client = &mut self.client;
        client.dials += 1;
        (client.link, client.dial) = (Some(id), Dial::Idle);
        client.machine.handle_connected(self.clock.client(), &mut client.rng);
    }

    /// Leaves the link and dials again after a while, unless there is nothing to dial for.
    fn redial(&mut self) {
        let now = self.clock.at();
        if let Some(link) = self.client.link.take().and_then(|id| self.links.get_mut(&id)) {
            link.client = false;
            link.up.close(now);
        }
        let client = &mut self.client;
        client.writes_at = None;
        if client.dead {
            client.dial = Dial::Idle;
            return;
        }
        client.dial = Dial::At(now + client.backoff);
        client.backoff = (client.backoff * 2).min(BACKOFF[1]);
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::KeyAgreed => self.story.tell("client", || "has agreed a key"),
            Event::Learnt => self.story.tell("client", || "has learnt salts or the time"),
            Event::Ready => {
                self.client.backoff = BACKOFF[0];
                self.story.tell("client", || "is ready");
            }
            Event::Answer { call, result, maybe_repeated } => {
                let result = result.map_err(|error| (error.code, error.name));
                self.answered(call, result, maybe_repeated);
            }
            Event::Failed { call, reason } => self.failed(call, &reason),
            Event::Push(object) => match read_push(&object) {
                Some(number) => self.pushed(number),
                None => self.wrong(|| format!("a push of {} that nobody sent", size(object.len()))),
            },
            Event::UpdatesMissed => {
                self.known_memory = None;
                self.pushes_missed_below = self.script.pushes.len();
                self.story.tell("client", || "may have missed updates");
            }
            Event::LinkLost(lost) => {
                self.story.tell("client", || format!("gives the link up: {lost}"));
                self.redial();
            }
            Event::KeyDead => {
                self.story.tell("client", || "is told that its key is dead");
                if !self.key_forgotten {
                    self.wrong(|| "the key is dead for the client, not for the server".to_owned());
                }
                self.client.dead = true;
                self.redial();
            }
            other => self.wrong(|| format!("the client tells of {other:?}")),
        }
    }
}
