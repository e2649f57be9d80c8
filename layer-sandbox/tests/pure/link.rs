//! A link between a client that has a key and the server's machine.

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
use layer_sandbox::connection::Fault;
use layer_sandbox::exchange::Agreed;
use layer_sandbox::{Connection, Now, Reply, RpcError, Settings, World};
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind, TransportError};
use layer_wire::message::{Content, Message, write_container};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::client::NOW;

pub(crate) const SALT: i64 = 0x0102_0304_0506_0708;
pub(crate) const SESSION: i64 = 0x1122_3344_5566_7788;

pub(crate) struct Link {
    pub(crate) world: World,
    pub(crate) connection: Connection,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) now: Now,
    pub(crate) encoder: Encoder,
    pub(crate) decoder: Decoder,
    pub(crate) key: AuthKey,
    pub(crate) salt: i64,
    pub(crate) session_id: i64,
    /// How many messages were in each container that was heard last; 0 for one alone.
    pub(crate) containers: Vec<usize>,
    last_msg_id: i64,
    content: i32,
}

/// What the server said in one message, or outside of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Message { msg_id: i64, seq_no: i32, body: Vec<u8> },
    QuickAck(u32),
    Error(TransportError),
}

impl Heard {
    pub(crate) fn body(&self) -> &[u8] {
        match self {
            Self::Message { body, .. } => body,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn msg_id(&self) -> i64 {
        match self {
            Self::Message { msg_id, .. } => *msg_id,
            other => panic!("{other:?}"),
        }
    }

    /// As a boxed object.
    pub(crate) fn is<T: Deserializable + Serializable>(&self) -> Option<T> {
        let object = T::from_bytes(self.body()).ok()?;
        (object.to_bytes() == self.body()).then_some(object)
    }

    /// The query and the result of an `rpc_result`.
    pub(crate) fn result(&self) -> Option<(i64, &[u8])> {
        match Content::read(self.body()).unwrap() {
            Content::RpcResult { req_msg_id, result } => Some((req_msg_id, result)),
            _ => None,
        }
    }
}

/// A key; in one of equal bytes both directions would be the same.
pub(crate) fn key(seed: u8) -> AuthKey {
    AuthKey::from_bytes(&std::array::from_fn(|at| seed.wrapping_add(at as u8)))
}

pub(crate) fn moment(unix: i64) -> Now {
    let wall = Duration::from_secs(unix as u64) + Duration::from_millis(250);
    Now { wall, monotonic: Duration::from_secs(1000) }
}

impl Link {
    /// A link with a key that the server knows.
    pub(crate) fn new(seed: u64) -> Self {
        let mut link = Self::over(seed, &FramingKind::Intermediate, Settings::default());
        let (key, salt) = (link.key.clone(), link.salt);
        let agreed = Agreed { key, salt, dc: None, expires_at: None };
        link.world.keys.insert(agreed, NOW).unwrap();
        link
    }

    /// A link with a key that the server does not know.
    pub(crate) fn over(seed: u64, kind: &FramingKind, settings: Settings) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let world = World::new(settings);
        let now = moment(NOW);
        let (encoder, decoder) = kind.client(&mut rng);
        Self {
            connection: Connection::new(&world.settings, now),
            world,
            rng,
            now,
            encoder,
            decoder,
            key: key(7),
            salt: SALT,
            session_id: SESSION,
            containers: Vec::new(),
            last_msg_id: 0,
            content: 0,
        }
    }

    /// Another connection to the same server.
    pub(crate) fn reconnect(&mut self) {
        self.connection = Connection::new(&self.world.settings, self.now);
        (self.encoder, self.decoder) = FramingKind::Intermediate.client(&mut self.rng);
    }

    pub(crate) fn next_msg_id(&mut self) -> i64 {
        let time = (self.now.wall.as_secs() as i64) << 32 | 0x1000;
        self.last_msg_id = time.max(self.last_msg_id + 4);
        self.last_msg_id
    }

    pub(crate) fn next_seq_no(&mut self, content: bool) -> i32 {
        let seq_no = 2 * self.content + i32::from(content);
        self.content += i32::from(content);
        seq_no
    }

    /// A packet sealed with the client's key.
    pub(crate) fn seal(&mut self, header: &Header, body: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, header);
        packet.extend_from_slice(body);
        draft.finish(&mut packet, Padding::Minimal, &mut self.rng).unwrap();
        envelope::seal(&self.key, Side::Client, &mut packet).unwrap();
        packet
    }

    pub(crate) fn send_packet(&mut self, packet: &[u8], quick_ack: bool) -> Result<(), Fault> {
        let mut bytes = Vec::new();
        self.encoder.encode(packet, quick_ack, &mut self.rng, &mut bytes).unwrap();
        self.connection.receive(&bytes, self.now, &mut self.world, &mut self.rng)
    }

    /// What falls due at this time is done.
    pub(crate) fn timeout(&mut self) -> Result<(), Fault> {
        self.connection.handle_timeout(self.now, &mut self.world, &mut self.rng)
    }

    /// What is heard when so many milliseconds have passed.
    pub(crate) fn later(&mut self, millis: u64) -> Vec<Heard> {
        self.now.monotonic += Duration::from_millis(millis);
        self.now.wall += Duration::from_millis(millis);
        self.timeout().unwrap();
        self.heard()
    }

    /// Sends a message with these numbers.
    pub(crate) fn send_as(&mut self, msg_id: i64, seq_no: i32, body: &[u8]) -> Vec<Heard> {
        let header = Header { salt: self.salt, session_id: self.session_id, msg_id, seq_no };
        let packet = self.seal(&header, body);
        self.send_packet(&packet, false).unwrap();
        self.heard()
    }

    /// Sends a query or another message with content; its id and all that is heard.
    pub(crate) fn ask(&mut self, object: &impl Serializable) -> (i64, Vec<Heard>) {
        let (msg_id, seq_no) = (self.next_msg_id(), self.next_seq_no(true));
        (msg_id, self.send_as(msg_id, seq_no, &object.to_bytes()))
    }

    /// As [`Self::ask`], for bytes.
    pub(crate) fn ask_bytes(&mut self, body: &[u8]) -> (i64, Vec<Heard>) {
        let (msg_id, seq_no) = (self.next_msg_id(), self.next_seq_no(true));
        (msg_id, self.send_as(msg_id, seq_no, body))
    }

    /// Sends a message without content.
    pub(crate) fn tell(&mut self, object: &impl Serializable) -> (i64, Vec<Heard>) {
        let (msg_id, seq_no) = (self.next_msg_id(), self.next_seq_no(false));
        (msg_id, self.send_as(msg_id, seq_no, &object.to_bytes()))
    }

    /// Sends bodies with content in a container; their ids and all that is heard.
    pub(crate) fn ask_all(&mut self, bodies: &[Vec<u8>]) -> (Vec<i64>, Vec<Heard>) {
        let numbers: Vec<_> =
            bodies.iter().map(|_| (self.next_msg_id(), self.next_seq_no(true))).collect();
        let messages = numbers.iter().zip(bodies);
        let messages: Vec<_> = messages
            .map(|((msg_id, seq_no), body)| Message { msg_id: *msg_id, seq_no: *seq_no, body })
            .collect();
        let mut container = Vec::new();
        write_container(messages.into_iter(), &mut container).unwrap();
        let (msg_id, seq_no) = (self.next_msg_id(), self.next_seq_no(false));
        let heard = self.send_as(msg_id, seq_no, &container);
        (numbers.into_iter().map(|(msg_id, _)| msg_id).collect(), heard)
    }

    /// All that the server has said, containers taken apart.
    pub(crate) fn heard(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        self.containers.clear();
        self.decoder.feed(&self.connection.take_output());
        for frame in self.decoder.frames() {
            match frame.unwrap() {
                Frame::Packet { bytes, .. } => {
                    let whole = envelope::without_tail(bytes.len());
                    let packet = &mut bytes[..whole];
                    let opened = envelope::open(&self.key, Side::Server, packet).unwrap();
                    assert_eq!(opened.header.session_id, self.session_id);
                    let len = unpack(&opened.header, opened.body_of(packet), &mut heard);
                    self.containers.push(len);
                }
                Frame::QuickAck(token) => heard.push(Heard::QuickAck(token)),
                Frame::Error(error) => heard.push(Heard::Error(error)),
                other => panic!("{other:?}"),
            }
        }
        heard
    }

    /// Acknowledges messages of the server's.
    pub(crate) fn ack(&mut self, heard: &[Heard]) {
        let msg_ids = heard.iter().map(Heard::msg_id).collect();
        let (_, heard) = self.tell(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids }));
        assert_eq!(heard, []);
    }

    /// Begins the session, so that later answers stand alone.
    pub(crate) fn greeted(mut self) -> Self {
        let ping = layer_tl_types::functions::Ping { ping_id: 1 };
        let (_, heard) = self.tell(&ping);
        assert!(heard[0].is::<enums::NewSession>().is_some(), "{heard:?}");
        assert!(heard[1].is::<enums::Pong>().is_some(), "{heard:?}");
        self.ack(&heard[..1]);
        self
    }

    /// Begins the session so long ago that all identifiers a server may take lie in it.
    pub(crate) fn greeted_long_ago(mut self) -> Self {
        let now = self.now;
        self.now.wall -= Duration::from_secs(3000);
        self.now.monotonic -= Duration::from_secs(500);
        let mut link = self.greeted();
        link.now = now;
        link
    }
}

fn unpack(header: &Header, body: &[u8], heard: &mut Vec<Heard>) -> usize {
    assert!(header.msg_id % 4 == 1 || header.msg_id % 4 == 3);
    match Content::read(body).unwrap() {
        Content::Container(messages) => {
            let len = messages.len();
            for Message { msg_id, seq_no, body } in messages {
                assert!(msg_id < header.msg_id && msg_id % 2 == 1);
                heard.push(Heard::Message { msg_id, seq_no, body: body.to_vec() });
            }
            len
        }
        _ => {
            let Header { msg_id, seq_no, .. } = *header;
            heard.push(Heard::Message { msg_id, seq_no, body: body.to_vec() });
            0
        }
    }
}

/// Has queries that begin with [`OWN`] answered by themselves, after a delay that their next four
/// bytes tell in milliseconds; with an error if they end with [`FAIL`]. Counts the executions.
pub(crate) fn intercept(link: &mut Link) -> Arc<AtomicU32> {
    let executed = Arc::new(AtomicU32::new(0));
    let count = executed.clone();
    link.world.intercept(move |_, query| {
        let delay = query.strip_prefix(&OWN)?.first_chunk().map(|delay| u32::from_le_bytes(*delay));
        count.fetch_add(1, Ordering::SeqCst);
        let fails = query.ends_with(&FAIL);
        let answer = if fails { Err(RpcError::new(400, "FAILED")) } else { Ok(query.to_vec()) };
        Some(match delay.unwrap_or_default() {
            0 => Reply::Now(answer),
            delay => Reply::After(Duration::from_millis(delay.into()), answer),
        })
    });
    executed
}

const OWN: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
const FAIL: [u8; 4] = [0xff; 4];

/// A query that [`intercept`] answers with itself.
pub(crate) fn own(delay: u32, more: usize) -> Vec<u8> {
    [&OWN[..], &delay.to_le_bytes(), &vec![7; more]].concat()
}

/// A query that [`intercept`] answers with an error.
pub(crate) fn failing(delay: u32) -> Vec<u8> {
    [&OWN[..], &delay.to_le_bytes(), &FAIL].concat()
}

pub(crate) const GET_CONFIG: functions::help::GetConfig = functions::help::GetConfig {};

pub(crate) fn config(heard: &Heard) -> types::Config {
    let (_, result) = heard.result().unwrap();
    let enums::Config::Config(config) = enums::Config::from_bytes(result).unwrap();
    *config
}

pub(crate) fn rpc_error(heard: &Heard) -> (i32, String) {
    let (_, result) = heard.result().unwrap();
    let enums::RpcError::Error(error) = enums::RpcError::from_bytes(result).unwrap();
    (error.error_code, error.error_message)
}

pub(crate) fn bad_code(heard: &[Heard]) -> (i64, i32, i32) {
    let [only] = heard else { panic!("{heard:?}") };
    let Some(enums::BadMsgNotification::Notification(bad)) = only.is() else { panic!("{only:?}") };
    (bad.bad_msg_id, bad.bad_msg_seqno, bad.error_code)
}
