//! The server's machine, against a client that has keys and does anything: over several links, in any order,
//! cut anywhere, while time passes and the server forgets.
//!
//! Whatever the server answers is a good stream of frames, sealed with the right key; it runs no message
//! twice, does what is due when it is due, and holds no more than it may.
//!
//! It is long because what a play does and what it checks after each step are one state.

mod seeds;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use layer_crypto::envelope::{self, Draft, Header, Padding, Side, v1};
use layer_sandbox::exchange::{Agreed, Terms};
use layer_sandbox::{Connection, Now, Reply, RpcError, Settings, World};
use layer_tl_types::{Identifiable, Serializable, enums, functions, types};
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind, ProxySecret, Tag};
use layer_wire::message::{Content, Message, PlainMessage, write_container};
use rand_chacha::ChaCha20Rng;

use crate::recorded::{UNIX, key, recorded, rng, terms};
use crate::speech::{body, identifier};
use crate::{Input, memory, show, show_error};

pub use seeds::seeds;

const SALT: i64 = 0x0102_0304_0506_0708;
const SESSION: i64 = 0x1122_3344_5566_7788;
const SECRET: [u8; 16] = [0x11; 16];

/// Seeds of the keys that the server knows: a permanent and a temporary one.
const KEYS: [u8; 2] = [7, 77];
/// Links at most, one after the other or at the same time.
const MOST_LINKS: usize = 6;
/// More tell nothing new.
const MOST_OPERATIONS: usize = 100;

/// A packet unpacks to 2 MiB at most, and its answers wait up to 4 MiB; sessions keep what they have said.
const HEAP: usize = 64 << 20;

/// Calls that are answered here, as their second word wants.
const CALL: u32 = 0x5a17_0001;

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    terms: Terms::clone(terms()),
    secrets: vec![ProxySecret::from(SECRET)],
    ..Settings::default()
});

/// Up to a hundred things happen.
pub fn run(input: &[u8]) {
    recorded();
    memory::within(HEAP + 64 * input.len(), || {
        let mut input = Input::new(input);
        let mut server = Server::new(&kind(input.byte()));
        for _ in 0..MOST_OPERATIONS {
            if input.is_empty() {
                break;
            }
            server.act(&mut input);
        }
        show(&server.world);
    });
}

fn kind(choice: u8) -> FramingKind {
    match choice % 6 {
        0 => FramingKind::Abridged,
        1 => FramingKind::Intermediate,
        2 => FramingKind::Padded,
        3 => FramingKind::Full,
        4 => FramingKind::Obfuscated { inner: Tag::Abridged, secret: None, dc: 2 },
        _ => {
            let secret = Some(ProxySecret::from(SECRET));
            FramingKind::Obfuscated { inner: Tag::Padded, secret, dc: -10_003 }
        }
    }
}

/// A message that was run: its key, session and identifier.
type Run = (i64, i64, i64);

struct Server {
    world: World,
    links: Vec<Link>,
    /// The link over which the client speaks.
    at: usize,
    now: Now,
    rng: ChaCha20Rng,
    /// Identifiers of messages that either end has sent.
    known: Vec<i64>,
    last_id: i64,
    /// Messages of the client that want to be acknowledged, in each of its sessions.
    content_sent: BTreeMap<i64, i32>,
    /// An `auth.bindTempAuthKey` was sent that was right before it was damaged.
    binding_sent: bool,
    /// What was run lately, and all of it, with how many sessions had begun by then.
    runs: Arc<Mutex<Vec<Run>>>,
    run_before: BTreeMap<Run, u64>,
}

/// A link, and the client's end of it.
struct Link {
    server: Connection,
    encoder: Encoder,
    decoder: Decoder,
    /// Bytes went to the server that no framing of ours has made, so nobody knows how it answers.
    foreign: bool,
}

impl Server {
    fn new(kind: &FramingKind) -> Self {
        let wall = Duration::from_secs(UNIX as u64);
        let now = Now { wall, monotonic: Duration::from_secs(1000) };
        let mut world = World::new(SETTINGS.clone());
        for (at, seed) in KEYS.into_iter().enumerate() {
            let expires_at = (at == 1).then_some(UNIX + 3600);
            let agreed = Agreed { key: key(seed), salt: SALT, dc: None, expires_at };
            world.keys.insert(agreed, UNIX).expect("there is room");
        }
        let runs = Arc::<Mutex<Vec<Run>>>::default();
        let noted = Arc::clone(&runs);
        world.intercept(move |caller, query| {
            let run = (caller.key_id, caller.session_id, caller.msg_id);
            noted.lock().expect("nobody panics with it").push(run);
            answer(query)
        });
        let mut server = Self {
            world,
            links: Vec::new(),
            at: 0,
            now,
            rng: rng(1),
            known: vec![(UNIX << 32) + 4],
            last_id: 0,
            content_sent: BTreeMap::new(),
            binding_sent: false,
            runs,
            run_before: BTreeMap::new(),
        };
        server.dial(kind);
        server
    }

    fn dial(&mut self, kind: &FramingKind) {
        if self.links.len() < MOST_LINKS {
            let (encoder, decoder) = kind.client(&mut self.rng);
            let server = Connection::new(&self.world.settings, self.now);
            self.at = self.links.len();
            self.links.push(Link { server, encoder, decoder, foreign: false });
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        self.pass(Duration::from_secs(u64::from(choice >> 4)));
        match choice % 16 {
            0 => {
                self.links[self.at].foreign = true;
                let bytes = input.piece();
                self.receive(bytes, input);
            }
            1 => self.pass(Duration::from_millis((input.word() as u64) << input.below(12))),
            2 => {
                let query = self.exchange(input);
                let mut packet = Vec::new();
                PlainMessage { msg_id: 4, body: &query }.write(&mut packet);
                self.send(&packet, input);
            }
            3 => {
                let packet = input.piece().to_vec();
                self.send(&packet, input);
            }
            4 => {
                let query = self.binding(input);
                self.seal(KEYS[1], &query, input);
                let temporary = self.world.keys.get(key(KEYS[1]).id(), self.now.unix());
                let bound = temporary.and_then(|known| known.temporary?.bound_to);
                assert!(bound.is_none() || self.binding_sent, "a wrong binding was taken");
            }
            8 => self.forget(input),
            9 => {
                let faults = &mut self.world.faults;
                match input.below(9) {
                    0 => faults.refuse_containers = u32::from(input.byte()),
                    1 => faults.refuse.push_back(input.int()),
                    2 => faults.gzip_answers ^= true,
                    3 => faults.announce ^= true,
                    4 => faults.no_containers ^= true,
                    5 => faults.ask_states = u32::from(input.byte()),
                    6 => faults.tell_states = u32::from(input.byte()),
                    7 => faults.ask_resend = u32::from(input.byte()),
                    _ => faults.want_init ^= true,
                }
            }
            10 => {
                let (key_id, session_id) = (key(KEYS[input.below(2)]).id(), self.session(input));
                let object = body(input, &self.recently());
                let known = self.world.sessions.get(key_id, session_id).is_some();
                assert!(!self.world.push(key_id, session_id, object) || known);
            }
            11 => match input.below(4) {
                0 => drop(self.links.remove(self.at)),
                1 => self.at = usize::from(input.byte()),
                _ => self.dial(&kind(input.byte())),
            },
            12 => self.await_deadline(),
            13 => self.calls(input),
            _ => {
                let body = body(input, &self.recently());
                let seed = KEYS[usize::from(choice >> 3 & 1)];
                self.seal(seed, &body, input);
            }
        }
        if self.links.is_empty() {
            self.dial(&FramingKind::Abridged);
        }
        self.at %= self.links.len();
        self.due();
        self.check();
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.wall += time;
    }

    fn forget(&mut self, input: &mut Input<'_>) {
        let key_id = key(KEYS[input.below(2)]).id();
        match input.below(8) {
            0 => self.world.forget_key(key_id),
            1 | 2 => self.world.restart(),
            3 | 4 => self.world.stale_salts(key_id),
            5 => self.world.forget_init(key_id),
            6 => {
                let session_id = self.session(input);
                self.world.sessions.destroy(key_id, session_id);
            }
            _ => {
                let jump = i64::from(input.int()) >> input.below(32);
                let wall = (self.now.wall.as_secs() as i64).saturating_add(jump);
                self.now.wall = Duration::from_secs(wall.clamp(0, 1 << 40) as u64);
            }
        }
    }

    /// Whatever is due is done, on every link.
    fn due(&mut self) {
        for at in 0..self.links.len() {
            let server = &mut self.links[at].server;
            show(server);
            if let Err(fault) = server.handle_timeout(self.now, &mut self.world, &mut self.rng) {
                show_error(&fault);
                assert!(self.links[at].server.is_closed());
            }
            self.listen(at);
        }
    }

    /// Goes to the next deadline of a link and does what is due: then it moves on, or the link is closed.
    fn await_deadline(&mut self) {
        let at = self.at;
        let wait = self.links[at].server.deadline(&self.world).saturating_sub(self.now.monotonic);
        self.pass(wait);
        for _ in 0..8 {
            let server = &mut self.links[at].server;
            let _ = server.handle_timeout(self.now, &mut self.world, &mut self.rng);
            self.listen(at);
            let server = &self.links[at].server;
            if server.is_closed() || server.deadline(&self.world) > self.now.monotonic {
                return;
            }
        }
        let deadline = self.links[at].server.deadline(&self.world);
        panic!("the deadline stays at {deadline:?} of {:?}", self.now.monotonic);
    }

    /// Nothing was run twice, and what is held is within its bounds.
    fn check(&mut self) {
        let begun = self.world.tally.sessions;
        for run in std::mem::take(&mut *self.runs.lock().expect("nobody panics with it")) {
            let before = self.run_before.insert(run, begun);
            assert!(before != Some(begun), "{run:x?} was run twice, and nothing was forgotten");
        }
        for (key_id, session_id) in self.world.sessions.ids() {
            let session = self.world.sessions.get(key_id, session_id).expect("it is listed");
            let holds = session.footprint();
            show(session);
            assert!(
                holds.received <= 1024 && holds.kept <= 1024 && holds.calls <= 512,
                "{holds:?}"
            );
            assert!(holds.kept_bytes <= 16 << 20 && holds.pushes <= 1024, "{holds:?}");
            assert!(holds.acks <= 1024, "{holds:?}");
        }
    }

    /// One of the client's sessions.
    fn session(&self, input: &mut Input<'_>) -> i64 {
        SESSION ^ i64::from(input.byte() & 3)
    }

    /// Calls that are answered at once, late, at length or with an error; together or each alone.
    fn calls(&mut self, input: &mut Input<'_>) {
        let together = input.flag();
        let seed = KEYS[input.below(2)];
        let calls: Vec<Vec<u8>> =
            (0..1 + input.below(8)).map(|_| [CALL.to_le_bytes(), input.array()].concat()).collect();
        if !together {
            calls.iter().for_each(|call| self.seal(seed, call, input));
            return;
        }
        let messages: Vec<(i64, i32)> =
            calls.iter().map(|_| (self.next_id(), self.seq_no(SESSION, true))).collect();
        let messages = messages.iter().zip(&calls);
        let messages = messages.map(|((msg_id, seq_no), body)| Message {
            msg_id: *msg_id,
            seq_no: *seq_no,
            body,
        });
        let mut container = Vec::new();
        write_container(messages, &mut container).expect("few and short");
        self.seal(seed, &container, input);
    }

    fn seq_no(&mut self, session_id: i64, content: bool) -> i32 {
        let sent = self.content_sent.entry(session_id).or_default();
        let seq_no = (*sent * 2) | i32::from(content);
        *sent += i32::from(content);
        seq_no
    }

    fn recently(&self) -> Vec<i64> {
        let mut known = self.known[self.known.len().saturating_sub(200)..].to_vec();
        known.reverse();
        known
    }

    /// A query of key agreement. The server's nonces are fresh, so that none comes to a power.
    fn exchange(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let mut query = recorded().queries[input.below(3)].clone();
        input.damage(&mut query);
        query
    }

    /// `auth.bindTempAuthKey`, right or wrong in some place.
    fn binding(&mut self, input: &mut Input<'_>) -> Vec<u8> {
        let msg_id = self.next_id();
        let (permanent, temporary) = (key(KEYS[0]), key(KEYS[1]));
        let mut inner = types::BindAuthKeyInner {
            nonce: 5,
            temp_auth_key_id: temporary.id(),
            perm_auth_key_id: permanent.id(),
            temp_session_id: SESSION,
            expires_at: UNIX as i32 + 3600,
        };
        let right = inner.clone();
        match input.below(8) {
            0 => inner.nonce ^= input.long(),
            1 => inner.temp_auth_key_id ^= input.long(),
            2 => inner.perm_auth_key_id ^= input.long(),
            3 => inner.temp_session_id ^= input.long(),
            4 => inner.expires_at ^= input.int(),
            _ => {}
        }
        self.binding_sent |= inner == right;
        let bytes = enums::BindAuthKeyInner::Inner(inner).to_bytes();
        let mut encrypted_message = v1::seal(&permanent, msg_id, &bytes, &mut self.rng);
        input.damage(&mut encrypted_message);
        functions::auth::BindTempAuthKey {
            perm_auth_key_id: permanent.id(),
            nonce: 5,
            expires_at: UNIX as i32 + 3600,
            encrypted_message,
        }
        .to_bytes()
    }

    /// What [`Self::seal`] takes if the input wants no other.
    fn next_id(&mut self) -> i64 {
        let time = self.now.wall.as_secs() as i64;
        self.last_id = (time << 32 | 4).max(self.last_id + 4);
        self.known.push(self.last_id);
        self.last_id
    }

    fn seal(&mut self, seed: u8, body: &[u8], input: &mut Input<'_>) {
        let choice = input.below(16);
        let session_id = if choice == 1 { self.session(input) } else { SESSION };
        let id = body.first_chunk().map(|id| u32::from_le_bytes(*id));
        let content = !matches!(
            id,
            Some(layer_wire::message::MSG_CONTAINER | types::MsgsAck::CONSTRUCTOR_ID)
        );
        let seq_no = self.seq_no(session_id, content);
        let mut header = Header { salt: SALT, session_id, msg_id: self.next_id(), seq_no };
        match choice {
            0 => header.salt = input.long(),
            2 => header.msg_id = identifier(input, &self.recently()),
            3 => header.seq_no = input.int(),
            // A salt that the server has told, if it is true that it keeps it.
            4 => {
                let (now, rng) = (self.now.unix(), &mut self.rng);
                if let Some(known) = self.world.keys.get_mut(key(seed).id(), now) {
                    header.salt = known.salts.current(now, rng);
                }
            }
            _ => {}
        }
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, &header);
        packet.extend_from_slice(body);
        draft.finish(&mut packet, Padding::Minimal, &mut self.rng).expect("whole words");
        envelope::seal(&key(seed), Side::Client, &mut packet).expect("a packet");
        self.send(&packet, input);
        if choice == 5 {
            self.send(&packet, input);
        }
    }

    fn send(&mut self, packet: &[u8], input: &mut Input<'_>) {
        let mut bytes = Vec::new();
        let link = &mut self.links[self.at];
        match link.encoder.encode(packet, input.flag(), &mut self.rng, &mut bytes) {
            Ok(()) => self.receive(&bytes, input),
            Err(error) => show_error(&error),
        }
    }

    /// Gives bytes to the server, in one or two pieces, and listens to what it says.
    fn receive(&mut self, bytes: &[u8], input: &mut Input<'_>) {
        let cut = input.word().min(bytes.len());
        let (first, second) = bytes.split_at(cut);
        let at = self.at;
        for piece in [first, second] {
            let mut piece = piece;
            loop {
                let server = &mut self.links[at].server;
                if server.is_closed() {
                    break;
                }
                let (world, rng) = (&mut self.world, &mut self.rng);
                if let Err(fault) = server.receive(piece, self.now, world, rng) {
                    show_error(&fault);
                    assert!(server.is_closed());
                }
                let waits = server.is_waiting();
                self.listen(at);
                if !waits {
                    break;
                }
                piece = &[];
            }
        }
    }

    /// What the server says can be opened and read.
    fn listen(&mut self, at: usize) {
        let Link { server, decoder, foreign, .. } = &mut self.links[at];
        let output = server.take_output();
        if *foreign {
            return;
        }
        decoder.feed(&output);
        for frame in decoder.frames() {
            let Ok(Frame::Packet { bytes, .. }) = frame else {
                assert!(frame.is_ok(), "{frame:?}");
                continue;
            };
            match envelope::key_id(bytes) {
                Some(0) => {
                    PlainMessage::read(bytes).expect("a plain message");
                }
                id => {
                    let key = KEYS.map(key).into_iter().find(|key| Some(key.id()) == id);
                    let len = envelope::without_tail(bytes.len());
                    let packet = &mut bytes[..len];
                    let opened = envelope::open(&key.expect("a known key"), Side::Server, packet);
                    let opened = opened.expect("sealed by the server");
                    Content::read(opened.body_of(packet))
                        .expect("what the server says can be read");
                    assert_eq!(opened.header.msg_id & 1, 1);
                    self.known.push(opened.header.msg_id);
                }
            }
        }
        assert_eq!(decoder.held(), 0, "the server sends whole frames");
    }
}

/// What answers a call of [`CALL`]; the router answers all others.
fn answer(query: &[u8]) -> Option<Reply> {
    let (id, wish) = query.split_first_chunk()?;
    let [kind, delay, size, ..] = *wish.first_chunk::<4>()?;
    if u32::from_le_bytes(*id) != CALL {
        return None;
    }
    // Up to 64 KiB: a session keeps hundreds of them.
    let object = vec![0x11; 4 + 4 * (usize::from(size) << (kind >> 5).min(6))];
    Some(match kind & 3 {
        0 => Reply::Now(Err(RpcError::new(i32::from(size), "WISHED_FOR"))),
        1 => Reply::After(Duration::from_secs(delay.into()), Ok(object)),
        _ => Reply::Now(Ok(object)),
    })
}
