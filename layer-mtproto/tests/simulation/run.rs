//! A run: everything that a seed makes happen, in the order of virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::client::Client;
use crate::clock::Clock;
use crate::dice::{Dice, Purpose};
use crate::fault::Kind;
use crate::frames::Towards;
use crate::link::{Due, Link};
use crate::pipe::Arrival;
use crate::profile::Profile;
use crate::script::Script;
use crate::server::Server;
use crate::story::{Story, size};
use crate::tap;
use crate::user::User;

/// Bytes that may wait in front of what the server writes.
const WAITING: u64 = 256 << 10;
/// So many things may happen at one moment.
const MOST_AT_ONCE: u32 = 20_000;
/// So many things may happen in a run.
const MOST_STEPS: u64 = 500_000;

/// All there is in a run.
pub struct Run {
    pub profile: Profile,
    pub clock: Clock,
    pub story: Story,
    /// For what happens on the links.
    pub dice: Dice,
    pub links: BTreeMap<u64, Link>,
    pub next_link: u64,
    pub client: Client,
    pub server: Server,
    pub user: User,
    pub script: Script,
    /// Whether the script is still at work.
    pub troubled: bool,
    pub key_forgotten: bool,
    /// What the client knows of how often the server has lost its memory; nothing before it has had an
    /// answer in its session.
    pub known_memory: Option<u64>,
    /// How often the client has said that the thread to the server's memory of its session is broken.
    pub breaks: u64,
    /// In which sessions calls were executed.
    pub sessions: BTreeSet<i64>,
    pub pushes_missed_below: usize,
    /// The first thing that must not be.
    pub wrong: Option<String>,
    at_once: u32,
    steps: u64,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Link(u64, Due),
    Server(u64),
    Wake,
    Client,
    Script,
    User,
}

impl Run {
    pub fn new(seed: u64, told: bool) -> Self {
        let profile = Profile::new(seed);
        let mut clock = Clock::default();
        clock.jump(profile.ahead);
        let mut story = Story::new(told);
        story.tell("seed", || format!("{seed}: {profile}"));
        if let Some(kind) = profile.clock {
            story.fault(kind, "client", || format!("{} s", profile.ahead / 1000));
        }
        let mut server = Server::new(seed);
        let (client, key) = Client::new(seed, &profile, &clock);
        if let Some((key, salt)) = key {
            server.insert_key(key, salt, clock.server());
        }
        Self {
            clock,
            story,
            dice: Dice::new(seed, Purpose::Link),
            links: BTreeMap::new(),
            next_link: 1,
            client,
            server,
            user: User::new(seed, profile.calls, profile.call_gap),
            script: Script::new(seed, &profile),
            profile,
            troubled: true,
            key_forgotten: false,
            known_memory: None,
            breaks: 0,
            sessions: BTreeSet::new(),
            pushes_missed_below: 0,
            wrong: None,
            at_once: 0,
            steps: 0,
        }
    }

    /// Notes that something must not be.
    pub fn wrong(&mut self, what: impl FnOnce() -> String) {
        let what = what();
        self.story.tell("WRONG", || &what);
        self.wrong.get_or_insert(what);
    }

    /// Lets things happen until a moment, or until `done`, or until something is wrong. Returns whether it
    /// is done.
    pub fn go_on(&mut self, until: Duration, done: impl Fn(&Self) -> bool) -> bool {
        while self.wrong.is_none() {
            if done(self) {
                return true;
            }
            let Some((at, turn)) = self.next().filter(|(at, _)| *at <= until) else {
                self.clock.go_to(until);
                self.story.at(until);
                return done(self);
            };
            let at = at.max(self.clock.at());
            self.at_once = if at == self.clock.at() { self.at_once + 1 } else { 0 };
            self.steps += 1;
            if self.steps > MOST_STEPS {
                self.wrong(|| format!("{MOST_STEPS} things have happened and there is no end"));
            }
            if self.at_once > MOST_AT_ONCE {
                let due = self.client.due();
                self.wrong(|| format!("time stands still at {turn:?}, client due at {due}"));
            }
            self.clock.go_to(at);
            self.story.at(at);
            self.take(turn);
            self.read_ledger();
            self.links.retain(|_, link| !link.is_over());
        }
        false
    }

    fn next(&self) -> Option<(Duration, Turn)> {
        let asleep = self.clock.asleep_until();
        let awake = |at: Duration| asleep.map_or(at, |until| at.max(until));
        let links = self.links.iter().filter_map(|(id, link)| {
            let (at, due) = link.next()?;
            let at = if matches!(due, Due::Down | Due::TellClient) { awake(at) } else { at };
            Some((at, Turn::Link(*id, due)))
        });
        let servers = self.links.iter().filter_map(|(id, link)| {
            let deadline = link.server.as_ref()?.deadline(&self.server.world);
            let deadline = self.clock.when_server_shows(deadline).max(link.server_writes_at);
            Some((deadline, Turn::Server(*id)))
        });
        let client = self.client.next(&self.clock).map(|at| (awake(at), Turn::Client));
        let script = self.troubled.then_some((self.script.next_at, Turn::Script));
        let user = self.user.next().map(|at| (awake(at), Turn::User));
        let wake = asleep.map(|at| (at, Turn::Wake));
        // The first of several at one moment.
        let all = wake.into_iter().chain(links).chain(servers).chain(client);
        all.chain(script).chain(user).min_by_key(|(at, _)| *at)
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Link(id, due) => self.link_is_due(id, due),
            Turn::Server(id) => self.serve(id, None),
            Turn::Client => self.client_is_due(),
            Turn::Wake => {
                self.clock.wake();
                self.story.tell("client", || "wakes");
            }
            Turn::Script => self.act(),
            Turn::User => self.use_it(),
        }
    }

    fn link_is_due(&mut self, id: u64, due: Due) {
        let now = self.clock.at();
        let Some(link) = self.links.get_mut(&id) else { return };
        let arrival = match due {
            Due::Up => link.up.take(now, &mut self.dice, &mut self.story),
            Due::Down => link.down.take(now, &mut self.dice, &mut self.story),
            Due::TellServer => {
                link.told(due);
                link.server = None;
                return;
            }
            Due::TellClient => {
                link.told(due);
                if link.client {
                    self.client_is_told();
                }
                return;
            }
        };
        match (arrival, due) {
            (Some(Arrival::Bytes(bytes)), Due::Up) => self.serve(id, Some(&bytes)),
            (Some(Arrival::Bytes(bytes)), _) if link.client => self.client_receives(&bytes),
            (Some(Arrival::End), Due::Up) => link.server = None,
            (Some(Arrival::End), _) if link.client => self.client_is_told(),
            (Some(Arrival::Broken(carried)), _) => {
                link.lose(now, &mut self.script.dice);
                let side = if due == Due::Up { Towards::Server } else { Towards::Client };
                self.story.fault(Kind::LinkLost, "link", || {
                    format!("{id} lost after {} towards the {side:?}", size(carried as usize))
                });
            }
            _ => {}
        }
    }

    /// The server's end of a link takes bytes, or does what is due.
    fn serve(&mut self, id: u64, bytes: Option<&[u8]>) {
        let now = self.clock.server();
        let Self { links, server, story, .. } = self;
        let Some(link) = links.get_mut(&id) else { return };
        let Some(connection) = &mut link.server else { return };
        let before = server.world.faults.clone();
        server.ledger().is_late = !link.client;
        let done = match bytes {
            Some(bytes) => connection.receive(bytes, now, &mut server.world, &mut server.rng),
            None => connection.handle_timeout(now, &mut server.world, &mut server.rng),
        };
        if let Err(fault) = done {
            story.tell("server", || format!("closes link {id}: {fault}"));
        }
        let faults = &server.world.faults;
        for _ in faults.ask_states..before.ask_states {
            story.fault(Kind::StateAsked, "server", || "of all that is not acknowledged");
        }
        for _ in faults.refuse_containers..before.refuse_containers {
            story.fault(Kind::ContainerRefused, "server", || "code 64");
            link.up.may_double = true;
        }
        self.server_writes(id);
    }

    fn server_writes(&mut self, id: u64) {
        let (at, now) = (self.clock.at(), self.clock.server());
        let Self { links, server, story, dice, .. } = self;
        let Some(link) = links.get_mut(&id) else { return };
        while let Some(connection) = &mut link.server {
            let writable_at = link.down.writable_at(WAITING);
            link.server_writes_at = writable_at;
            if writable_at > at {
                return;
            }
            let out = connection.take_output();
            let (keys, unix) = (&server.world.keys, now.unix());
            link.down.send(&out, at, dice, story, |packet| {
                tap::read(packet, Towards::Client, keys, unix)
            });
            for _ in 0..std::mem::take(&mut link.down.splits) {
                story.fault(Kind::Split, "  <--", || "comes in crumbs");
            }
            if connection.is_closed() {
                link.down.close(at);
                link.server = None;
            } else if connection.is_waiting() {
                let done = connection.receive(&[], now, &mut server.world, &mut server.rng);
                if let Err(fault) = done {
                    story.tell("server", || format!("closes link {id}: {fault}"));
                }
            } else {
                return;
            }
        }
    }
}
