//! Both machines, joined by a link on which packets get lost, doubled, late and altered, while clocks jump and
//! the server forgets. Calls are made in between; in the end all trouble is over.
//!
//! Then every call has ended, once; with its own answer, or for a reason that there was. Nothing was run twice
//! that must not be, nor without the user being told.
//!
//! It is long because what a play does and what it checks after each step are one state.

mod seeds;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_mtproto::connection::{Event, Failure};
use layer_sandbox::exchange::{Agreed, Terms};
use layer_sandbox::{Connection, Faults, Now, Reply, RpcError, Settings, World};
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind, TransportError};

use crate::handshakes::{LIFE, LINKS, SALT, handshakes, settings};
use crate::machine::{CALLS, Machine};
use crate::recorded::{NOW, UNIX, key, rng, terms};
use crate::{Input, memory, show, show_error};

pub use seeds::seeds;

/// More tell nothing new.
const MOST_OPERATIONS: usize = 200;
/// What the two hold, and what is on the way.
const HEAP: usize = 96 << 20;
/// Links that trouble may cost; the others are for the end of it.
const MOST_LINKS: usize = LINKS / 2;
/// Recorded temporary keys end when they do, so time must not pass beyond.
const LONGEST: Duration = Duration::from_secs(LIFE as u64 - 2 * 3600);
/// Steps in which all calls must end when trouble is over.
const PATIENCE: usize = 600;

pub fn run(input: &[u8]) {
    handshakes();
    memory::within(HEAP + 600 * input.len(), || {
        let mut input = Input::new(input);
        let mut pair = Pair::new(&mut input);
        for _ in 0..MOST_OPERATIONS {
            if input.is_empty() {
                break;
            }
            pair.act(&mut input);
            pair.settle();
        }
        pair.heal();
        pair.client.check_debug();
    });
}

struct Pair {
    client: Machine,
    world: World,
    link: Option<Link>,
    client_has_link: bool,
    /// Which of the temporary keys is agreed next.
    next: usize,
    up: VecDeque<Up>,
    down: VecDeque<Down>,
    /// The calls that were run, since that was looked at; and how often each.
    runs: Arc<Mutex<Vec<u32>>>,
    run_before: BTreeMap<usize, u32>,
    /// What happened on the way that no stream lets happen.
    is_disordered: bool,
    has_forgotten: bool,
    /// What the server refuses once it may take if it comes again.
    refuses_at_will: bool,
    /// The calls in packets that came twice.
    doubled: BTreeSet<usize>,
    forgot_key: bool,
}

/// The server's machine, and a client's end of the framing in front of it.
struct Link {
    server: Connection,
    encoder: Encoder,
    decoder: Decoder,
}

/// A packet on its way to the server, and the calls in it.
#[derive(Clone)]
struct Up {
    packet: Vec<u8>,
    calls: Vec<usize>,
}

/// What is on its way to the client.
enum Down {
    Packet(Vec<u8>),
    Error(TransportError),
    Closed,
}

impl Pair {
    fn new(input: &mut Input<'_>) -> Self {
        let choice = input.byte();
        let (forward_secrecy, has_key) = (choice & 1 != 0, choice & 2 == 0);
        let framing = if choice & 4 == 0 { FramingKind::Abridged } else { FramingKind::Full };
        let config = settings(framing, forward_secrecy);
        let mut world =
            World::new(Settings { terms: Terms::clone(terms()), ..Settings::default() });
        let agreed = Agreed { key: key(7), salt: SALT, dc: None, expires_at: None };
        world.keys.insert(agreed, UNIX).expect("there is room");
        let runs = Arc::<Mutex<Vec<u32>>>::default();
        let noted = Arc::clone(&runs);
        world.intercept(move |_, query| {
            let (id, rest) = query.split_first_chunk()?;
            let number = u32::from_le_bytes(*rest.first_chunk()?);
            if !CALLS.contains(&u32::from_le_bytes(*id)) {
                return None;
            }
            noted.lock().expect("nobody panics with it").push(number);
            let answer =
                answer_to(number as usize).map_err(|(code, name)| RpcError::new(code, name));
            Some(match number % 8 {
                0 => Reply::After(Duration::from_secs(3), answer),
                3 => Reply::After(Duration::from_secs(100), answer),
                _ => Reply::Now(answer),
            })
        });
        Self {
            client: Machine::new(config, has_key),
            world,
            link: None,
            client_has_link: false,
            next: 0,
            up: VecDeque::new(),
            down: VecDeque::new(),
            runs,
            run_before: BTreeMap::new(),
            is_disordered: false,
            has_forgotten: false,
            refuses_at_will: false,
            doubled: BTreeSet::new(),
            forgot_key: false,
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        match choice & 31 {
            0 | 1 => {
                let flags = input.byte();
                let len = [8, 8, 300, 5000, 40_000, 8, 8, 8][usize::from(flags >> 5)];
                let after = (flags & 2 != 0).then(|| usize::from(input.byte()));
                let id = CALLS[usize::from(flags >> 2 & 7) % 3];
                self.client.call(id, len, flags & 1 != 0, after);
            }
            2 => self.client.cancel(input.word()),
            3 => (0..input.byte()).for_each(|_| self.client.call(CALLS[0], 8, false, None)),
            4 => {
                let unit = [1, 1000, 1000, 20_000][input.below(4)];
                self.pass(Duration::from_millis(u64::from(input.byte()) * unit));
            }
            5 => {
                let wall = i64::try_from(self.client.now.wall.as_secs()).unwrap_or(i64::MAX);
                let wall = wall.saturating_add(i64::from(input.int()) >> input.below(32));
                self.client.now.wall = Duration::from_secs(wall.max(0) as u64);
            }
            6 => {
                self.await_deadline();
            }
            7 if self.client.links < MOST_LINKS => self.connect(),
            8 => self.cut(),
            9 => self.disconnect(),
            // What is on the way.
            10 => drop(self.up.pop_front()),
            11 => drop(self.down.pop_front()),
            12 => {
                self.is_disordered = true;
                if let Some(again) = self.up.front().cloned() {
                    self.doubled.extend(&again.calls);
                    self.up.push_back(again);
                }
            }
            13 => {
                let again = match self.down.front() {
                    Some(Down::Packet(packet)) => Some(Down::Packet(packet.clone())),
                    _ => None,
                };
                self.is_disordered = true;
                self.down.extend(again);
            }
            14 => {
                self.is_disordered = true;
                self.up.rotate_left(usize::from(self.up.len() > 1));
            }
            15 => {
                self.is_disordered = true;
                self.down.rotate_left(usize::from(self.down.len() > 1));
            }
            16 => {
                if let Some(Up { packet, .. }) = self.up.front_mut() {
                    let at = input.word() % packet.len();
                    packet[at] ^= 1 + input.byte() % 255;
                }
            }
            17 => {
                if let Some(Down::Packet(packet)) = self.down.front_mut() {
                    let at = input.word() % packet.len();
                    packet[at] ^= 1 + input.byte() % 255;
                }
            }
            18 => {
                let code = [-404, -429, -444, input.int()][input.below(4)];
                self.down.push_back(Down::Error(TransportError(code)));
            }
            // What the server does.
            19 => {
                self.world.restart();
                self.has_forgotten = true;
                self.cut();
            }
            20 => {
                let ids: Vec<i64> = self.world.keys.ids().collect();
                ids.into_iter().for_each(|id| self.world.stale_salts(id));
            }
            21 => {
                let known: Vec<_> = self.world.sessions.ids().collect();
                for (key_id, session_id) in known {
                    self.world.sessions.destroy(key_id, session_id);
                }
                self.has_forgotten = true;
            }
            22 if input.byte() == 0xff => {
                let ids: Vec<i64> = self.world.keys.ids().collect();
                let wanted = input.below(4);
                ids.into_iter().skip(wanted).take(1).for_each(|id| self.world.forget_key(id));
                self.forgot_key = true;
            }
            23 => {
                let known: Vec<_> = self.world.sessions.ids().collect();
                for (key_id, session_id) in known {
                    let object = 0x7abc_0001_u32.to_le_bytes().repeat(1 + input.below(256));
                    self.world.push(key_id, session_id, object);
                }
            }
            24 => {
                let faults = &mut self.world.faults;
                match input.below(8) {
                    0 => {
                        faults.refuse_containers = u32::from(input.byte() & 3);
                        self.refuses_at_will = true;
                    }
                    1 => {
                        let code = [16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64, 1][input.below(12)];
                        faults.refuse.push_back(code);
                        self.refuses_at_will = true;
                    }
                    2 => faults.gzip_answers ^= true,
                    3 => faults.announce ^= true,
                    4 => faults.no_containers ^= true,
                    5 => faults.ask_states = u32::from(input.byte()),
                    6 => faults.tell_states = u32::from(input.byte()),
                    _ => faults.ask_resend = u32::from(input.byte()),
                }
            }
            25 => self.carry_up(input.below(8)),
            26 => self.carry_down(input.below(8)),
            _ => {
                self.carry_up(usize::MAX);
                self.carry_down(usize::MAX);
            }
        }
        if choice & 0x20 == 0 {
            self.send();
        }
        if choice & 0x40 == 0 {
            self.carry_up(usize::MAX);
        }
        if choice & 0x80 == 0 {
            self.carry_down(usize::MAX);
        }
    }

    fn elapsed(&self) -> Duration {
        self.client.now.monotonic - NOW.monotonic
    }

    /// The server's clock is right.
    fn now(&self) -> Now {
        let monotonic = self.client.now.monotonic;
        Now { monotonic, wall: Duration::from_secs(UNIX as u64) + self.elapsed() }
    }

    fn pass(&mut self, time: Duration) {
        if self.elapsed() + time <= LONGEST {
            self.client.pass(time);
        }
    }

    /// Time goes on until one of the two has something to do. Returns whether there is anything.
    fn await_deadline(&mut self) -> bool {
        let server = self.link.as_ref().map(|link| link.server.deadline(&self.world));
        let client = self.client.connection.poll_deadline();
        let Some(at) = client.into_iter().chain(server).min() else { return false };
        self.client.pass(at.saturating_sub(self.client.now.monotonic));
        if client.is_some_and(|at| at <= self.client.now.monotonic) {
            self.client.timeout();
        }
        true
    }

    fn connect(&mut self) {
        self.up.clear();
        self.down.clear();
        let (encoder, decoder) = FramingKind::Abridged.client(&mut rng(9));
        let server = Connection::new(&self.world.settings, self.now());
        self.link = Some(Link { server, encoder, decoder });
        self.client.connect();
        self.client_has_link = true;
    }

    /// The link is lost at the server's end; the client is told by and by.
    fn cut(&mut self) {
        if self.link.take().is_some() {
            self.up.clear();
            self.down.clear();
            self.down.push_back(Down::Closed);
        }
    }

    fn disconnect(&mut self) {
        self.link = None;
        self.up.clear();
        self.down.clear();
        self.client_has_link = false;
        self.client.disconnect();
    }

    /// The client says what it has to say. Returns whether it was anything.
    fn send(&mut self) -> bool {
        let all = self.client.transmit();
        let any = !all.is_empty();
        for sent in all {
            if self.link.is_none() {
                continue;
            }
            if !sent.said.is_empty() {
                let calls = sent.said.iter().filter_map(|said| said.call).collect();
                self.up.push_back(Up { packet: sent.packet, calls });
                continue;
            }
            // A step of an exchange, which is recorded.
            let variant = self.variant();
            let handshake = &handshakes()[variant];
            let (answer, is_last) = handshake.answer(&sent.packet);
            self.down.push_back(Down::Packet(answer));
            if is_last {
                let expires_at = (variant > 0).then_some(UNIX + i64::from(LIFE));
                let (key, salt) = (handshake.key.clone(), handshake.salt);
                let agreed = Agreed { key, salt, dc: None, expires_at };
                let now = self.now().unix();
                self.world.keys.insert(agreed, now).expect("there is room");
                self.next += usize::from(variant > 0);
            }
        }
        any
    }

    /// Which of the recorded exchanges the client is in.
    fn variant(&self) -> usize {
        let has_key = self.client.connection.saved(self.client.now).is_some();
        if has_key { 1 + self.next % 2 } else { 0 }
    }

    fn carry_up(&mut self, most: usize) {
        for _ in 0..most {
            let Some(Up { packet, .. }) = self.up.pop_front() else { return };
            let now = self.now();
            let Some(link) = &mut self.link else { return };
            let mut bytes = Vec::new();
            link.encoder.encode(&packet, false, &mut rng(9), &mut bytes).expect("a packet");
            let (world, rng) = (&mut self.world, &mut self.client.rng);
            if let Err(fault) = link.server.receive(&bytes, now, world, rng) {
                show_error(&fault);
            }
            self.listen();
            while let Some(link) = &mut self.link
                && link.server.is_waiting()
            {
                let (world, rng) = (&mut self.world, &mut self.client.rng);
                let _ = link.server.receive(&[], now, world, rng);
                self.listen();
            }
        }
    }

    /// What the server says is on its way.
    fn listen(&mut self) {
        let Some(link) = &mut self.link else { return };
        link.decoder.feed(&link.server.take_output());
        for frame in link.decoder.frames() {
            self.down.push_back(match frame.expect("a good frame") {
                Frame::Packet { bytes, .. } => Down::Packet(bytes.to_vec()),
                Frame::Error(error) => Down::Error(error),
                other => panic!("nobody asked for {other:?}"),
            });
        }
        if link.server.is_closed() {
            self.link = None;
            self.up.clear();
            self.down.push_back(Down::Closed);
        }
    }

    fn carry_down(&mut self, most: usize) {
        for _ in 0..most {
            match self.down.pop_front() {
                None => return,
                Some(Down::Packet(packet)) => self.client.packet(&packet),
                Some(Down::Error(error)) => {
                    let mut bytes = Vec::new();
                    if let Some(end) = self.client.server_end() {
                        end.encoder.transport_error(error, &mut bytes).expect("a server may");
                    }
                    self.client.bytes(&bytes);
                }
                Some(Down::Closed) => self.disconnect(),
            }
        }
    }

    /// What is due or asked for is done; events are looked at, and what was run.
    fn settle(&mut self) {
        let now = self.now();
        if let Some(link) = &mut self.link {
            let (world, rng) = (&mut self.world, &mut self.client.rng);
            if let Err(fault) = link.server.handle_timeout(now, world, rng) {
                show_error(&fault);
            }
            self.listen();
        }
        self.look_at_runs();
        loop {
            for event in self.client.events() {
                self.happened(event);
            }
            let Some(work) = self.client.connection.poll_work() else { break };
            let done = handshakes()[self.variant()].done(self.client.links, work.kind());
            self.client.work_done(done);
        }
        self.client.check();
    }

    fn look_at_runs(&mut self) {
        for number in std::mem::take(&mut *self.runs.lock().expect("nobody panics with it")) {
            let number = number as usize;
            let runs = self.run_before.entry(number).or_default();
            *runs += 1;
            // A packet that comes twice, with the loss of all memory in between, or of which one copy is
            // refused at will and the other taken, is beyond any client.
            let is_taken_late = self.refuses_at_will && self.doubled.contains(&number);
            let may_be = self.is_disordered && self.has_forgotten || is_taken_late;
            let once = self.client.calls[number].once;
            assert!(!once || *runs == 1 || may_be, "call {number} was to be run once");
        }
    }

    fn happened(&mut self, event: Event) {
        show(&event);
        match event {
            Event::Answer { call, result, maybe_repeated } => {
                let number = self.client.number(call);
                let result = result.map_err(|error| (error.code, error.name));
                assert!(result == answer_to(number), "call {number} got another's answer");
                let runs = self.run_before.get(&number).copied().unwrap_or_default();
                assert!(runs > 0, "call {number} was not run");
                assert!(
                    runs == 1 || maybe_repeated || self.is_disordered,
                    "call {number} was run {runs} times, and nobody is told"
                );
                assert!(!maybe_repeated || !self.client.calls[number].once);
            }
            Event::Failed { call, reason } => {
                let once = self.client.calls[self.client.number(call)].once;
                match reason {
                    Failure::Unknown => assert!(once, "it might be run again"),
                    Failure::KeyDead => assert!(self.forgot_key),
                    Failure::Refused { .. } => {}
                    other => panic!("the server answers well: {other}"),
                }
            }
            Event::LinkLost(lost) => {
                show_error(&lost);
                self.link = None;
                self.up.clear();
                self.down.clear();
                self.client_has_link = false;
            }
            Event::KeyDead => assert!(self.forgot_key, "nobody but the server can say so"),
            _ => {}
        }
    }

    /// All trouble is over: every call ends.
    fn heal(&mut self) {
        self.world.faults = Faults::default();
        for _ in 0..PATIENCE {
            self.settle();
            if self.client.open() == 0 {
                break;
            }
            if !self.client_has_link {
                if self.client.links >= LINKS {
                    // There are no more recorded exchanges.
                    return;
                }
                self.client.pass(Duration::from_secs(20));
                self.connect();
            }
            let is_quiet = !self.send() && self.up.is_empty() && self.down.is_empty();
            self.carry_up(usize::MAX);
            self.carry_down(usize::MAX);
            if is_quiet && !self.await_deadline() {
                break;
            }
            if self.elapsed() > LONGEST + Duration::from_secs(3600) {
                // Temporary keys are about to end.
                return;
            }
        }
        let holds = self.client.connection.footprint();
        assert_eq!(holds.calls, 0, "calls without an end: {holds:?} {:?}", self.client.connection);
        assert_eq!((holds.queued, holds.msg_ids, holds.call_bytes), (0, 0, 0), "{holds:?}");
    }
}

/// What a call is answered with.
fn answer_to(number: usize) -> Result<Vec<u8>, (i32, String)> {
    let words = match number % 16 {
        1 | 9 => return Err((400, format!("NUMBER_{number}"))),
        // More than a server sends again unasked.
        2 => 8_200,
        5 => 800,
        _ => 1,
    };
    let number = number as u32;
    let words = (0..words).map(|at| number ^ (at & !15));
    Ok([0x0bad_f00d, number].into_iter().chain(words).flat_map(u32::to_le_bytes).collect())
}
