//! The client's machine under any sequence of operations: calls, cancellations, links that come and go, clocks
//! that jump, work done late, and a server that has the keys and says anything.
//!
//! What must hold at every moment is in [`crate::machine`]; here it is also checked that an answer is one that
//! the server gave to that call.

mod seeds;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use layer_mtproto::connection::{Event, Init, WorkDone};
use layer_mtproto::exchange::WorkKind;
use layer_wire::framing::{FramingKind, Tag, TransportError};

use crate::handshakes::{LINKS, handshakes, settings};
use crate::machine::{CALLS, Machine, Said, Sent, rpc_error};
use crate::recorded::{NOW, UNIX};
use crate::speech::body;
use crate::{Input, memory, show};

pub use seeds::seeds;

/// More tell nothing new.
const MOST_OPERATIONS: usize = 200;
/// What calls may take, so that a few of the longest are too many.
const MOST_CALL_BYTES: usize = 3 << 20;
/// Calls, twice: in the machine and on the way; what is unpacked; what events hold.
const HEAP: usize = 96 << 20;

/// What an operation is, by its first byte.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Operation {
    Call,
    Cancel,
    Calls,
    Pass,
    Jump,
    ToDeadline,
    Connect,
    Disconnect,
    Timeout,
    Transmit,
    Events,
    Work,
    LateWork,
    Bytes,
    Plain,
    Serve,
    Service,
    Say,
    Flood,
    TransportError,
    Packet,
    Other,
}

const OPERATIONS: [Operation; 22] = {
    use Operation::*;
    [
        Call,
        Cancel,
        Calls,
        Pass,
        Jump,
        ToDeadline,
        Connect,
        Disconnect,
        Timeout,
        Transmit,
        Events,
        Work,
        LateWork,
        Bytes,
        Plain,
        Serve,
        Service,
        Say,
        Flood,
        TransportError,
        Packet,
        Other,
    ]
};

/// Errors that mean something to a client.
const ERRORS: [&str; 8] = [
    "CONNECTION_NOT_INITED",
    "CONNECTION_LAYER_INVALID",
    "MSG_WAIT_FAILED",
    "MSG_WAIT_TIMEOUT",
    "AUTH_KEY_PERM_EMPTY",
    "ENCRYPTED_MESSAGE_INVALID",
    "FLOOD_WAIT_3",
    "",
];

/// Why a message is refused.
const CODES: [i32; 14] = [16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64, 0, -1, 1000];

pub fn run(input: &[u8]) {
    handshakes();
    memory::within(HEAP + 600 * input.len(), || {
        let mut input = Input::new(input);
        let mut talk = Talk::new(&mut input);
        for _ in 0..MOST_OPERATIONS {
            if input.is_empty() {
                break;
            }
            talk.act(&mut input);
        }
        talk.transmit();
        talk.events();
        talk.machine.check_debug();
    });
}

/// A client, and a server that has its keys.
struct Talk {
    machine: Machine,
    /// Which of the temporary keys is agreed next.
    next: usize,
    /// Plain packets and messages of the client that are not answered yet.
    plain: Option<Vec<u8>>,
    unanswered: Vec<Said>,
    /// Identifiers that the client has used, and the server.
    theirs: Vec<i64>,
    ours: Vec<i64>,
    last_id: i64,
    /// What was said to be the answer to a call.
    answers: BTreeMap<usize, Vec<Vec<u8>>>,
    /// Sessions that the client has spoken in.
    sessions: Vec<i64>,
    kept: Vec<WorkDone>,
}

impl Talk {
    fn new(input: &mut Input<'_>) -> Self {
        let choice = input.byte();
        let framing = match choice & 7 {
            0..=3 => FramingKind::Abridged,
            4 => FramingKind::Intermediate,
            5 => FramingKind::Padded,
            6 => FramingKind::Full,
            _ => FramingKind::Obfuscated { inner: Tag::Padded, secret: None, dc: 2 },
        };
        let (forward_secrecy, has_key) = (choice & 8 != 0, choice & 16 == 0);
        let mut config = settings(framing, forward_secrecy);
        config.most_call_bytes = MOST_CALL_BYTES;
        if choice & 32 != 0 {
            config.most_calls = 5;
        }
        Self {
            machine: Machine::new(config, has_key),
            next: 0,
            plain: None,
            unanswered: Vec::new(),
            theirs: Vec::new(),
            ours: Vec::new(),
            last_id: 0,
            answers: BTreeMap::new(),
            sessions: Vec::new(),
            kept: Vec::new(),
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        match OPERATIONS[usize::from(choice & 0x3f) % OPERATIONS.len()] {
            Operation::Call => {
                let flags = input.byte();
                let len =
                    [8, 8, 300, 5000, 33_000, 1_039_990, 1_040_008, 9][usize::from(flags >> 5)];
                let after = (flags & 2 != 0).then(|| usize::from(input.byte()));
                // To find out that noise can't be packed takes long.
                let id = if len > 5000 { CALLS[2] } else { CALLS[usize::from(flags >> 2 & 7) % 3] };
                self.machine.call(id, len, flags & 1 != 0, after);
            }
            Operation::Cancel => self.machine.cancel(input.word()),
            Operation::Calls => {
                let flags = input.byte();
                // What takes long must not be met by every other change of an input.
                let count = if flags | 16 == 0xff { 8200 } else { 1 << (flags & 15).min(8) };
                for _ in 0..count {
                    self.machine.call(CALLS[0], 8, flags & 16 != 0, None);
                }
                if flags & 0x60 == 0x20 {
                    self.transmit();
                    (0..self.machine.calls.len()).for_each(|number| self.machine.cancel(number));
                }
            }
            Operation::Pass => {
                let time = u64::from(input.byte());
                let unit = [1, 1000, 60_000, 3_600_000][input.below(4)];
                self.machine.pass(Duration::from_millis(time * unit));
            }
            Operation::Jump => {
                let wall = i64::try_from(self.machine.now.wall.as_secs()).unwrap_or(i64::MAX);
                let wall = wall.saturating_add(i64::from(input.int()) >> input.below(32));
                self.machine.now.wall = Duration::from_secs(wall.max(0) as u64);
            }
            Operation::ToDeadline => {
                self.events();
                let sent = self.machine.await_deadline();
                self.heard(sent);
            }
            Operation::Connect => self.machine.connect(),
            Operation::Disconnect => self.machine.disconnect(),
            Operation::Timeout => self.machine.timeout(),
            Operation::Transmit => self.transmit(),
            Operation::Events => self.events(),
            Operation::Work => self.work(input.byte()),
            Operation::LateWork => match self.kept.pop() {
                Some(done) if input.flag() => self.machine.work_done(done),
                _ => {
                    let (variant, link) = (input.below(3), 1 + input.below(LINKS));
                    let kind = [WorkKind::Factorisation, WorkKind::KeyComputation][input.below(2)];
                    let mut done = handshakes()[variant].done(link, kind);
                    if variant > 0 && self.machine.connection.saved(self.machine.now).is_none() {
                        // What an exchange for another kind of key would make, no work of this one does.
                        done = handshakes()[0].done(link, kind);
                    }
                    self.kept.push(done);
                }
            },
            Operation::Bytes => self.machine.bytes(input.piece()),
            Operation::Plain => self.plain(input),
            Operation::Serve => self.serve(input),
            Operation::Service => {
                let object = self.service(input);
                self.say(&object, input);
            }
            Operation::Say => {
                let object = body(input, &self.known());
                self.say(&object, input);
            }
            Operation::Flood => self.flood(input),
            Operation::TransportError => {
                let code = [-404, -429, -444, input.int()][input.below(4)];
                let mut bytes = Vec::new();
                if let Some(end) = self.machine.server_end() {
                    let error = TransportError(code);
                    let _ = end.encoder.transport_error(error, &mut bytes);
                }
                self.machine.bytes(&bytes);
            }
            Operation::Packet => self.machine.packet(input.piece()),
            Operation::Other => match input.below(8) {
                0 => self.machine.connection.destroy_key(&mut self.machine.rng),
                1 => self.machine.connection.set_init(Init::new(input.int())),
                2 => self.machine.bytes(&[]),
                3 => show(&self.machine.connection.saved(self.machine.now)),
                _ => show(&self.machine.connection),
            },
        }
        // Whoever drives the machine polls its events; in which order, is his.
        if choice & 0x40 != 0 {
            self.transmit();
        }
        if choice & 0x80 == 0 || self.machine.connection.footprint().events > 16 {
            self.events();
        }
        self.machine.check();
    }

    fn transmit(&mut self) {
        let sent = self.machine.transmit();
        self.heard(sent);
    }

    fn heard(&mut self, sent: Vec<Sent>) {
        for sent in sent {
            if sent.said.is_empty() {
                self.plain = Some(sent.packet);
            }
            for said in sent.said {
                self.theirs.push(said.msg_id);
                self.unanswered.push(said);
            }
        }
        if let Some((session, _)) = self.machine.session
            && self.sessions.last() != Some(&session)
        {
            self.sessions.push(session);
        }
        // What was said long ago is not answered any more.
        let old = self.unanswered.len().saturating_sub(20_000);
        self.unanswered.drain(..old);
    }

    fn events(&mut self) {
        for event in self.machine.events() {
            show(&event);
            let Event::Answer { call, result, .. } = event else { continue };
            let number = self.machine.number(call);
            let result = result.map_err(|error| rpc_error(error.code, &error.name));
            let given = self.answers.remove(&number).unwrap_or_default();
            let found = given.iter().any(|object| match &result {
                Ok(result) => result == object,
                Err(error) => object.starts_with(error),
            });
            assert!(found, "call {number} was not answered so: {result:02x?}");
        }
    }

    /// What the machine wants computed is taken from what was computed before.
    fn work(&mut self, choice: u8) {
        let Some(work) = self.machine.connection.poll_work() else { return };
        show(&work);
        let has_key = self.machine.connection.saved(self.machine.now).is_some();
        let variant = if has_key { 1 + self.next % 2 } else { 0 };
        let done = handshakes()[variant].done(self.machine.links, work.kind());
        match choice & 7 {
            0 => {}
            1 => self.kept.push(done),
            _ => self.machine.work_done(done),
        }
    }

    /// Answers a step of the key exchange.
    fn plain(&mut self, input: &mut Input<'_>) {
        let Some(query) = self.plain.take() else { return };
        let has_key = self.machine.connection.saved(self.machine.now).is_some();
        let variant = if has_key { 1 + self.next % 2 } else { 0 };
        let (mut answer, is_last) = handshakes()[variant].answer(&query);
        let damaged = input.byte() == 0xff;
        if damaged {
            input.damage(&mut answer);
        }
        self.machine.packet(&answer);
        if is_last && has_key && !damaged {
            self.next += 1;
        }
    }

    /// Identifiers that mean something: of messages either end has sent, and of sessions.
    fn known(&self) -> Vec<i64> {
        let last = |ids: &[i64], most: usize| ids[ids.len().saturating_sub(most)..].to_vec();
        let mut known = last(&self.theirs, 120);
        known.reverse();
        known.extend(last(&self.ours, 60));
        known.extend(last(&self.sessions, 8));
        known
    }

    /// The server's clock goes as the client's monotonic one does.
    fn server_time(&self) -> i64 {
        UNIX + (self.machine.now.monotonic - NOW.monotonic).as_secs() as i64
    }

    fn next_id(&mut self) -> i64 {
        self.last_id = (self.server_time() << 32 | 1).max(self.last_id + 4);
        self.ours.push(self.last_id);
        self.last_id
    }
}
