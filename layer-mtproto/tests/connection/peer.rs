//! A server made by hand, and the client under test with its clocks.

use std::collections::VecDeque;
use std::time::Duration;

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
use layer_mtproto::Now;
use layer_mtproto::connection::{Call, CallId, Config, Connection, Event, Init, Lost, Saved};
use layer_mtproto::exchange;
use layer_mtproto::wire::framing::{Accepted, Detection, Frame, detect};
use layer_mtproto::wire::gzip;
use layer_mtproto::wire::message::{
    Content, Message, PlainMessage, write_container, write_rpc_result,
};
use layer_tl_types::{Deserializable, Identifiable, Serializable, enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// The wall clock at the beginning; the monotonic one begins at 1000 s.
pub(crate) const WALL: u64 = 1_700_000_000;
pub(crate) const SALT: i64 = 7;

/// A message that the client has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) msg_id: i64,
    pub(crate) seq_no: i32,
    /// As it came.
    pub(crate) raw: Vec<u8>,
    /// Unpacked, without wrappers of initConnection.
    pub(crate) body: Vec<u8>,
    /// The packet's identifier: the message's own, or the container's.
    pub(crate) outer: i64,
    pub(crate) salt: i64,
    pub(crate) session_id: i64,
    /// It was wrapped in invokeWithLayer(initConnection(..)).
    pub(crate) initialises: bool,
    pub(crate) was_packed: bool,
    /// Of the packet in which it came.
    pub(crate) key_id: i64,
}

impl Said {
    pub(crate) fn id(&self) -> u32 {
        u32::from_le_bytes(*self.body.first_chunk().unwrap())
    }

    pub(crate) fn in_container(&self) -> bool {
        self.outer != self.msg_id
    }

    /// Reads the fields, if it is such an object.
    pub(crate) fn read<T: Identifiable + Deserializable>(&self) -> Option<T> {
        (self.id() == T::CONSTRUCTOR_ID).then(|| T::from_bytes(&self.body[4..]).unwrap())
    }
}

/// Client and server with a link between them.
pub(crate) struct Peer {
    pub(crate) client: Connection,
    pub(crate) now: Now,
    /// The key under which the client has spoken last.
    pub(crate) key: AuthKey,
    /// All keys that the server knows.
    pub(crate) keys: Vec<AuthKey>,
    pub(crate) session_id: i64,
    /// How far the server's clock is ahead of what the client's showed first, in seconds.
    pub(crate) ahead: i64,
    /// What the client has said outside of sessions.
    pub(crate) plain: VecDeque<Vec<u8>>,
    /// The message in which a question was heard last.
    pub(crate) last_question: i64,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) link: Option<Box<Accepted>>,
    sent: Vec<u8>,
    last_msg_id: i64,
}

pub(crate) fn config() -> Config {
    let server_key = layer_sandbox::keys::well_known_key().public().clone();
    Config::new(exchange::Config::new(vec![server_key], 2), Init::new(1))
}

/// Both clocks at the beginning.
fn start() -> Now {
    Now { monotonic: Duration::from_secs(1000), wall: Duration::from_secs(WALL) }
}

pub(crate) fn key() -> AuthKey {
    AuthKey::from_bytes(&std::array::from_fn(|i| i as u8))
}

impl Peer {
    /// A client with a saved key, on a link on which nothing has been said.
    pub(crate) fn new() -> Self {
        Self::with(config(), 0)
    }

    /// The same, its server `time_offset` seconds ahead of the client's clock as the client thinks.
    pub(crate) fn with(config: Config, time_offset: i64) -> Self {
        let saved = Saved::new(key(), SALT, time_offset, start());
        Self::made(config, Some(saved))
    }

    /// A client that has no key, on a link on which nothing has been said.
    pub(crate) fn without_a_key(config: Config) -> Self {
        Self::made(config, None)
    }

    fn made(config: Config, saved: Option<Saved>) -> Self {
        let now = start();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let client = Connection::new(config, saved, now, &mut rng);
        let mut peer = Self {
            client,
            now,
            key: key(),
            keys: vec![key()],
            session_id: 0,
            ahead: 0,
            plain: VecDeque::new(),
            last_question: 0,
            rng,
            link: None,
            sent: Vec::new(),
            last_msg_id: 0,
        };
        peer.connect();
        peer
    }

    /// A client that has said hello, and to whom the server has answered all of it.
    pub(crate) fn greeted() -> Self {
        let mut peer = Self::new();
        peer.greet();
        peer
    }

    /// Answers ping and salts, and tells of the new session.
    pub(crate) fn greet(&mut self) {
        let said = self.listen();
        let first_msg_id = said.iter().map(|said| said.msg_id).min().unwrap();
        self.say_new_session(first_msg_id, 77);
        for said in said {
            self.answer_service(&said);
        }
        // What is acknowledged now is not acknowledged later.
        self.advance(Duration::from_secs(30));
        self.listen();
        while self.event().is_some() {}
    }

    /// Answers a ping, or a question for salts.
    pub(crate) fn answer_service(&mut self, said: &Said) {
        if let Some(ping) = said.read::<functions::PingDelayDisconnect>() {
            let pong = types::Pong { msg_id: said.msg_id, ping_id: ping.ping_id };
            self.say(&enums::Pong::Pong(pong));
        } else if said.read::<functions::GetFutureSalts>().is_some() {
            let since = self.server_time() as i32;
            let salt = |n: i32| types::FutureSalt {
                valid_since: since + n * 1800,
                valid_until: since + n * 1800 + 3600,
                salt: SALT + i64::from(n),
            };
            let salts = (0..64).map(salt).collect();
            let answer = types::FutureSalts { req_msg_id: said.msg_id, now: since, salts };
            self.say(&enums::FutureSalts::Salts(answer));
        }
    }

    pub(crate) fn connect(&mut self) {
        self.link = None;
        self.sent.clear();
        self.plain.clear();
        self.client.handle_connected(self.now, &mut self.rng);
    }

    pub(crate) fn disconnect(&mut self) {
        self.client.handle_disconnected(self.now);
    }

    /// Both clocks go on.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.now.monotonic += by;
        self.now.wall += by;
        self.client.handle_timeout(self.now, &mut self.rng);
    }

    pub(crate) fn advance_secs(&mut self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// The server's clock is set, so much further than it was.
    pub(crate) fn jump(&mut self, seconds: i64) {
        self.ahead += seconds;
        self.last_msg_id = 0;
    }

    /// The server's clock, which is right as a rule: it shows what the client's showed first.
    pub(crate) fn server_time(&self) -> i64 {
        (WALL + self.now.monotonic.as_secs() - 1000) as i64 + self.ahead
    }

    pub(crate) fn call(&mut self, call: Call) -> CallId {
        self.client.call(call, self.now).unwrap()
    }

    /// A call that is recognised by its number.
    pub(crate) fn ask(&mut self, number: u32) -> CallId {
        self.call(Call::new(question(number)))
    }

    pub(crate) fn event(&mut self) -> Option<Event> {
        self.client.poll_event()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        self.all_events().filter(|event| !matches!(event, Event::Learnt)).collect()
    }

    fn all_events(&mut self) -> impl Iterator<Item = Event> {
        std::iter::from_fn(|| self.client.poll_event())
    }

    /// How often what is to be saved has changed.
    pub(crate) fn learnt(&mut self) -> usize {
        self.all_events().filter(|event| matches!(event, Event::Learnt)).count()
    }

    /// Why the client has given up the link, if it has.
    pub(crate) fn lost(&mut self) -> Option<Lost> {
        self.events().into_iter().find_map(|event| match event {
            Event::LinkLost(lost) => Some(lost),
            _ => None,
        })
    }

    /// Takes what the client wants to send and reads it.
    pub(crate) fn listen(&mut self) -> Vec<Said> {
        self.listen_to_packets().into_iter().flatten().collect()
    }

    /// The same as it is sent, apart from containers.
    pub(crate) fn listen_raw(&mut self) -> Vec<Vec<u8>> {
        self.listen().into_iter().map(|said| said.raw).collect()
    }

    /// The same, packet by packet.
    pub(crate) fn listen_to_packets(&mut self) -> Vec<Vec<Said>> {
        let mut bytes = Vec::new();
        self.client.poll_transmit(self.now, &mut self.rng, &mut bytes);
        self.sent.append(&mut bytes);
        let link = match &mut self.link {
            Some(link) => link,
            None => match detect(&self.sent, &[]) {
                Ok(Detection::Found(link)) => {
                    self.sent.clear();
                    self.link.insert(link)
                }
                _ => return Vec::new(),
            },
        };
        link.decoder.feed(&std::mem::take(&mut self.sent));
        let mut packets = Vec::new();
        for frame in link.decoder.frames() {
            let Ok(Frame::Packet { bytes, .. }) = frame else { panic!("{frame:?}") };
            let key_id = envelope::key_id(bytes).unwrap();
            if key_id == 0 {
                self.plain.push_back(PlainMessage::read(bytes).unwrap().body.to_vec());
                continue;
            }
            let key = self.keys.iter().find(|key| key.id() == key_id).expect("a known key");
            self.key = key.clone();
            let len = envelope::without_tail(bytes.len());
            let opened = envelope::open(key, Side::Client, &mut bytes[..len]).unwrap();
            self.session_id = opened.header.session_id;
            packets.push(messages(key_id, &opened.header, opened.body_of(bytes)));
        }
        packets
    }

    /// The next identifier of the server; `reply` for one that answers.
    pub(crate) fn next_msg_id(&mut self, reply: bool) -> i64 {
        let time = self.server_time() << 32;
        self.last_msg_id = time.max((self.last_msg_id & !3) + 4) | if reply { 1 } else { 3 };
        self.last_msg_id
    }

    /// A header as it must be: for tests that make one thing wrong.
    pub(crate) fn header(&mut self, content: bool) -> Header {
        let msg_id = self.next_msg_id(true);
        Header { salt: SALT, session_id: self.session_id, msg_id, seq_no: i32::from(content) }
    }

    /// Says an object that is not to be acknowledged. Returns its identifier.
    pub(crate) fn say(&mut self, object: &dyn Serializable) -> i64 {
        let header = self.header(false);
        self.say_body(header, &object.to_bytes());
        header.msg_id
    }

    /// Says an object that is to be acknowledged. Returns its identifier.
    pub(crate) fn say_content(&mut self, object: &[u8]) -> i64 {
        let header = self.header(true);
        self.say_body(header, object);
        header.msg_id
    }

    pub(crate) fn say_new_session(&mut self, first_msg_id: i64, unique_id: i64) -> i64 {
        let server_salt = SALT;
        let new = types::NewSessionCreated { first_msg_id, unique_id, server_salt };
        self.say_content(&enums::NewSession::Created(new).to_bytes())
    }

    pub(crate) fn say_bad_message(&mut self, msg_id: i64, error_code: i32) {
        let bad = types::BadMsgNotification { bad_msg_id: msg_id, bad_msg_seqno: 0, error_code };
        self.say(&enums::BadMsgNotification::Notification(bad));
    }

    pub(crate) fn say_bad_salt(&mut self, msg_id: i64, new_server_salt: i64) {
        let bad = types::BadServerSalt {
            bad_msg_id: msg_id,
            bad_msg_seqno: 0,
            error_code: 48,
            new_server_salt,
        };
        self.say(&enums::BadMsgNotification::BadServerSalt(bad));
    }

    /// Answers the call in a message. Returns the answer's identifier.
    pub(crate) fn answer(&mut self, req_msg_id: i64, result: &[u8]) -> i64 {
        let mut body = Vec::new();
        write_rpc_result(req_msg_id, result, &mut body);
        self.say_content(&body)
    }

    pub(crate) fn answer_error(&mut self, req_msg_id: i64, code: i32, name: &str) {
        let error = types::RpcError { error_code: code, error_message: name.to_owned() };
        self.answer(req_msg_id, &enums::RpcError::Error(error).to_bytes());
    }

    pub(crate) fn say_container(&mut self, messages: &[(i64, i32, Vec<u8>)]) {
        let messages = messages.iter().map(|(msg_id, seq_no, body)| Message {
            msg_id: *msg_id,
            seq_no: *seq_no,
            body,
        });
        let mut body = Vec::new();
        write_container(messages, &mut body).unwrap();
        let header = self.header(false);
        self.say_body(header, &body);
    }

    /// Seals a message and gives it to the client.
    pub(crate) fn say_body(&mut self, header: Header, body: &[u8]) {
        let key = self.key.clone();
        let packet = self.seal(&key, header, body);
        self.say_packet(&packet);
    }

    pub(crate) fn seal(&mut self, key: &AuthKey, header: Header, body: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, &header);
        packet.extend_from_slice(body);
        draft.finish(&mut packet, Padding::Minimal, &mut self.rng).unwrap();
        envelope::seal(key, Side::Server, &mut packet).unwrap();
        packet
    }

    /// Frames a packet and gives it to the client.
    pub(crate) fn say_packet(&mut self, packet: &[u8]) {
        let mut bytes = Vec::new();
        let link = self.link.as_mut().expect("the client speaks first");
        link.encoder.encode(packet, false, &mut self.rng, &mut bytes).unwrap();
        self.client.handle_bytes(&bytes, self.now, &mut self.rng);
    }

    pub(crate) fn say_transport_error(&mut self, code: i32) {
        let mut bytes = Vec::new();
        let link = self.link.as_mut().expect("the client speaks first");
        let error = layer_mtproto::wire::framing::TransportError(code);
        link.encoder.transport_error(error, &mut bytes).unwrap();
        self.client.handle_bytes(&bytes, self.now, &mut self.rng);
    }

    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        self.client.handle_bytes(bytes, self.now, &mut self.rng);
    }
}

/// A function that no schema has.
pub(crate) const QUESTION: u32 = 0x6c61_7965;

/// It has a number in it.
pub(crate) fn question(number: u32) -> Vec<u8> {
    [QUESTION.to_le_bytes(), number.to_le_bytes()].concat()
}

fn messages(key_id: i64, header: &Header, body: &[u8]) -> Vec<Said> {
    let outer = header.msg_id;
    let said = |message: Message<'_>| {
        let init = functions::InvokeWithLayer::<layer_tl_types::RawObject>::CONSTRUCTOR_ID;
        let mut body = message.body.to_vec();
        let initialises = body.starts_with(&init.to_le_bytes());
        if initialises {
            body = without_init(&body);
        }
        let unpacked = gzip::unpack_object(&body, gzip::MAX_UNPACKED).unwrap().into_owned();
        Said {
            msg_id: message.msg_id,
            seq_no: message.seq_no,
            raw: message.body.to_vec(),
            was_packed: unpacked != body,
            body: unpacked,
            outer,
            salt: header.salt,
            session_id: header.session_id,
            initialises,
            key_id,
        }
    };
    match Content::read(body).unwrap() {
        Content::Container(messages) => messages.map(said).collect(),
        _ => vec![said(Message { msg_id: header.msg_id, seq_no: header.seq_no, body })],
    }
}

fn without_init(body: &[u8]) -> Vec<u8> {
    use layer_tl_types::RawObject;
    let with_layer = functions::InvokeWithLayer::<RawObject>::from_bytes(&body[4..]).unwrap();
    let query = with_layer.query.0;
    assert!(
        query.starts_with(&functions::InitConnection::<RawObject>::CONSTRUCTOR_ID.to_le_bytes())
    );
    functions::InitConnection::<RawObject>::from_bytes(&query[4..]).unwrap().query.0
}
