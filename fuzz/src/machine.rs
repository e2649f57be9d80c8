//! The client's machine, driven and watched: all that it sends is opened, read and checked, each call's end is
//! noted, and what it holds stays within its bounds.
//!
//! It is long because what a play does and what it checks after each step are one state.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Side};
use layer_mtproto::Now;
use layer_mtproto::connection::{Call, CallId, Config, Connection, Event, WorkDone};
use layer_tl_types::{Cursor, Deserializable, Identifiable, RawObject, enums, functions, types};
use layer_wire::framing::{Accepted, Detection, Frame, detect};
use layer_wire::gzip;
use layer_wire::message::{Content, PlainMessage};
use rand_chacha::ChaCha20Rng;

use crate::handshakes::{LINKS, handshakes, saved};
use crate::recorded::{NOW, key, rng};
use crate::{show, show_error};

/// What servers take: messages in a container, identifiers in a list.
const MOST_TOGETHER: usize = 1020;
const MOST_IDS: usize = 8192;
/// The machine makes about so much at once.
const MUCH: usize = 2 << 20;
/// An input makes so many calls at most.
const MOST_MADE: usize = 20_000;
/// What a call says, so that it is seen where it must not be.
pub(crate) const SECRET: u8 = 0xb7;

pub(crate) struct Machine {
    pub(crate) connection: Connection,
    pub(crate) now: Now,
    pub(crate) rng: ChaCha20Rng,
    most_calls: usize,
    most_call_bytes: usize,
    /// The server's end of the link.
    end: End,
    pub(crate) links: usize,
    pub(crate) calls: Vec<Made>,
    open: usize,
    numbers: BTreeMap<CallId, usize>,
    /// The number of the call that went in a message, lately and in each session.
    pub(crate) sent_in: BTreeMap<i64, usize>,
    said_in: BTreeMap<(i64, i64), usize>,
    sessions: BTreeMap<i64, Spoken>,
    /// In which session it spoke last, and under which of [`keys`].
    pub(crate) session: Option<(i64, usize)>,
    pub(crate) is_dead: bool,
}

/// A call that was taken.
pub(crate) struct Made {
    pub(crate) id: CallId,
    pub(crate) once: bool,
    pub(crate) is_over: bool,
}

/// What was said in a session.
#[derive(Default)]
struct Spoken {
    seq_nos: BTreeMap<i64, i32>,
    /// The highest identifier before what is being sent.
    top: i64,
    /// A call has gone in it.
    called: bool,
}

enum End {
    None,
    First(Vec<u8>),
    Known(Box<Accepted>),
}

/// What the machine has sent.
pub(crate) struct Sent {
    /// As it was sealed.
    pub(crate) packet: Vec<u8>,
    /// What was in it; nothing if it was plain.
    pub(crate) said: Vec<Said>,
}

/// A message that it has sent.
pub(crate) struct Said {
    pub(crate) msg_id: i64,
    /// Constructor and first field.
    pub(crate) start: [u8; 12],
    pub(crate) len: usize,
    /// The number of the call in it.
    pub(crate) call: Option<usize>,
}

/// The saved key, and those that are agreed.
pub(crate) fn keys() -> &'static [AuthKey; 4] {
    static KEYS: LazyLock<[AuthKey; 4]> = LazyLock::new(|| {
        let [permanent, first, second] = handshakes();
        [key(7), permanent.key.clone(), first.key.clone(), second.key.clone()]
    });
    &KEYS
}

impl Machine {
    pub(crate) fn new(config: Config, has_key: bool) -> Self {
        let mut rng = rng(1);
        let (most_calls, most_call_bytes) = (config.most_calls, config.most_call_bytes);
        let connection = Connection::new(config, has_key.then(saved), NOW, &mut rng);
        Self {
            connection,
            now: NOW,
            rng,
            most_calls,
            most_call_bytes,
            end: End::None,
            links: 0,
            calls: Vec::new(),
            open: 0,
            numbers: BTreeMap::new(),
            sent_in: BTreeMap::new(),
            said_in: BTreeMap::new(),
            sessions: BTreeMap::new(),
            session: None,
            is_dead: false,
        }
    }

    /// Both clocks go on.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.wall = self.now.wall.saturating_add(time);
    }

    /// Makes a call of `len` bytes or more that begins with `id`, and says its number.
    pub(crate) fn call(&mut self, id: u32, len: usize, once: bool, after: Option<usize>) {
        let number = self.calls.len();
        if number >= MOST_MADE {
            return;
        }
        let mut body = [id.to_le_bytes(), (number as u32).to_le_bytes()].concat();
        // Noise that can't be packed, unless there is only a little.
        let mut noise = number as u64 | 1;
        while body.len() < len {
            noise = noise.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            body.extend([SECRET, SECRET, (noise >> 48) as u8, (noise >> 56) as u8]);
        }
        let mut call = Call::new(body);
        if once {
            call = call.once();
        }
        if let Some(before) = after.and_then(|at| self.calls.get(at)) {
            call = call.after(before.id);
        }
        show(&call);
        match self.connection.call(call, self.now) {
            Ok(id) => {
                assert!(self.numbers.insert(id, number).is_none(), "a name was given twice");
                self.calls.push(Made { id, once, is_over: false });
                self.open += 1;
            }
            Err(error) => show_error(&error),
        }
    }

    pub(crate) fn cancel(&mut self, number: usize) {
        let Some(made) = self.calls.get_mut(number) else { return };
        let was_there = self.connection.cancel(made.id, self.now);
        // An event may wait that has ended it already.
        assert!(!(was_there && made.is_over), "a call that is over was there");
        made.is_over |= was_there;
        self.open -= usize::from(was_there);
    }

    pub(crate) fn connect(&mut self) {
        if self.links < LINKS {
            self.links += 1;
            self.end = End::First(Vec::new());
            self.connection.handle_connected(self.now, &mut self.rng);
        }
    }

    pub(crate) fn disconnect(&mut self) {
        self.end = End::None;
        self.connection.handle_disconnected(self.now);
    }

    /// How many calls have not ended.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    pub(crate) fn timeout(&mut self) {
        self.connection.handle_timeout(self.now, &mut self.rng);
    }

    pub(crate) fn work_done(&mut self, done: WorkDone) {
        show(&done);
        self.connection.handle_work(done, self.now, &mut self.rng);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.connection.handle_bytes(bytes, self.now, &mut self.rng);
    }

    /// The server's half of the link, if the machine has said on it how it frames.
    pub(crate) fn server_end(&mut self) -> Option<&mut Accepted> {
        if let End::Known(end) = &mut self.end { Some(end) } else { None }
    }

    /// The machine gets a packet; nothing comes of it if it has not said how it frames.
    pub(crate) fn packet(&mut self, packet: &[u8]) {
        let mut bytes = Vec::new();
        let End::Known(end) = &mut self.end else { return };
        match end.encoder.encode(packet, false, &mut self.rng, &mut bytes) {
            Ok(()) => self.bytes(&bytes),
            Err(error) => show_error(&error),
        }
    }

    /// All events. Of calls there is one at most, and none after a cancellation.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.connection.poll_event() {
            match &event {
                Event::Answer { call, .. } | Event::Failed { call, .. } => {
                    let made = &mut self.calls[self.numbers[call]];
                    assert!(!made.is_over, "a call has ended twice: {event:?}");
                    made.is_over = true;
                    self.open -= 1;
                }
                Event::KeyDead | Event::KeyDestroyed => self.is_dead = true,
                _ => {}
            }
            events.push(event);
        }
        assert_eq!(self.connection.footprint().calls, self.open, "no call is lost or left over");
        events
    }

    /// The number of a call.
    pub(crate) fn number(&self, call: CallId) -> usize {
        self.numbers[&call]
    }

    /// Everything that is to be sent now: until nothing comes any more, which must be soon.
    pub(crate) fn transmit(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        // Two thousand calls, or two mebibytes, are made at once.
        let holds = self.connection.footprint();
        let mut left = 4 + holds.call_bytes / MUCH + holds.queued / 2000;
        loop {
            let mut out = Vec::new();
            self.connection.poll_transmit(self.now, &mut self.rng, &mut out);
            self.received(&out, &mut sent);
            if out.is_empty() {
                break;
            }
            assert!(left > 0, "there is always more to be sent");
            left -= 1;
        }
        for session in self.sessions.values_mut() {
            session.top = session.seq_nos.keys().next_back().copied().unwrap_or_default();
        }
        sent
    }

    /// The bytes come to the server's end.
    fn received(&mut self, bytes: &[u8], sent: &mut Vec<Sent>) {
        if bytes.is_empty() {
            return;
        }
        let mut end = match std::mem::replace(&mut self.end, End::None) {
            End::None => panic!("there is no link to send over"),
            End::First(mut first) => {
                first.extend_from_slice(bytes);
                match detect(&first, &[]).expect("a framing") {
                    Detection::Found(end) => end,
                    Detection::NeedMore(_) => panic!("less than a packet was sent"),
                }
            }
            End::Known(mut end) => {
                end.decoder.feed(bytes);
                end
            }
        };
        for frame in end.decoder.frames() {
            match frame.expect("a good frame") {
                Frame::Packet { bytes, .. } => sent.push(self.read(bytes)),
                other => panic!("clients send packets: {other:?}"),
            }
        }
        assert_eq!(end.decoder.held(), 0, "whole frames are sent");
        self.end = End::Known(end);
    }

    /// A packet that was sent can be opened and read, and is as it must be.
    fn read(&mut self, bytes: &mut [u8]) -> Sent {
        let id = envelope::key_id(bytes);
        if id == Some(0) {
            let message = PlainMessage::read(bytes).expect("a plain message");
            let packet = bytes[..message.packet_len()].to_vec();
            return Sent { packet, said: Vec::new() };
        }
        let len = envelope::without_tail(bytes.len());
        let bytes = &mut bytes[..len];
        let mut sent = Sent { packet: bytes.to_vec(), said: Vec::new() };
        let keys = keys();
        let used = keys.iter().position(|key| Some(key.id()) == id).expect("a key of ours");
        let opened = envelope::open(&keys[used], Side::Client, bytes).expect("sealed by us");
        let (header, body) = (opened.header, opened.body_of(bytes));
        self.session = Some((header.session_id, used));
        match Content::read(body).expect("what we say can be read") {
            Content::Container(messages) => {
                assert!(messages.len() > 0 && messages.len() <= MOST_TOGETHER);
                assert!(header.seq_no & 1 == 0, "a container is not acknowledged");
                for message in messages {
                    assert!(message.msg_id < header.msg_id, "a container is above what it holds");
                    Content::read_inner(message.body).expect("what we say can be read");
                    let (msg_id, seq_no) = (message.msg_id, message.seq_no);
                    sent.said.push(self.said(header.session_id, msg_id, seq_no, message.body));
                }
                self.numbered(header.session_id, header.msg_id, header.seq_no, None);
            }
            _ => {
                let said = self.said(header.session_id, header.msg_id, header.seq_no, body);
                sent.said.push(said);
            }
        }
        sent
    }

    fn said(&mut self, session_id: i64, msg_id: i64, seq_no: i32, body: &[u8]) -> Said {
        let id = u32::from_le_bytes(*body.first_chunk().expect("an object"));
        if let types::MsgsAck::CONSTRUCTOR_ID
        | types::MsgsStateReq::CONSTRUCTOR_ID
        | types::MsgResendReq::CONSTRUCTOR_ID = id
        {
            let listed = u32::from_le_bytes(body[8..12].try_into().expect("four bytes")) as usize;
            assert!(listed <= MOST_IDS && body.len() == 12 + 8 * listed, "{listed} are listed");
        }
        let call = self.call_in(session_id, body);
        assert_eq!(call.is_some() || is_bind(id), seq_no & 1 == 1, "calls are acknowledged");
        self.numbered(session_id, msg_id, seq_no, call);
        if let Some(number) = call {
            assert!(!self.calls[number].is_over, "a call that is over is sent");
            // Where time stands still, a new session may have an identifier that an earlier one had.
            self.sent_in.insert(msg_id, number);
            let before = self.said_in.insert((session_id, msg_id), number);
            assert!(before.is_none_or(|before| before == number), "two calls share a message");
        }
        let start = std::array::from_fn(|at| body.get(at).copied().unwrap_or(0));
        Said { msg_id, start, len: body.len(), call }
    }

    /// Identifiers rise within a session, and sequence numbers with them.
    fn numbered(&mut self, session_id: i64, msg_id: i64, seq_no: i32, call: Option<usize>) {
        assert_eq!(msg_id % 4, 0);
        let session = self.sessions.entry(session_id).or_default();
        if let Some(before) = session.seq_nos.insert(msg_id, seq_no) {
            assert_eq!(before, seq_no, "a message is sent again as it was");
            assert!(call.is_some() && self.said_in.get(&(session_id, msg_id)).copied() == call);
            return;
        }
        assert!(msg_id > session.top, "{msg_id:#x} after {:#x}", session.top);
        if let Some((_, before)) = session.seq_nos.range(..msg_id).next_back() {
            assert!(*before + (before & 1) <= seq_no, "{seq_no} after {before}");
        }
        if let Some((_, after)) = session.seq_nos.range(msg_id + 1..).next() {
            assert!(seq_no + (seq_no & 1) <= *after, "{seq_no} before {after}");
        }
    }

    /// The number of the call in a message, out of its wrappers.
    fn call_in(&mut self, session_id: i64, body: &[u8]) -> Option<usize> {
        let mut query = RawObject(body.to_vec());
        let (mut layer, mut init, mut after) = (false, false, Vec::new());
        let query = loop {
            let object = gzip::unpack_object(&query.0, gzip::MAX_UNPACKED).expect("packed by us");
            let mut cursor = Cursor::new(&object);
            let id = cursor.constructor_id().expect("an object");
            macro_rules! wrapper {
                ($function:ident) => {
                    functions::$function::<RawObject>::deserialize(&mut cursor).expect("a wrapper")
                };
            }
            let inner = match id {
                functions::InvokeWithLayer::<RawObject>::CONSTRUCTOR_ID => {
                    layer = true;
                    wrapper!(InvokeWithLayer).query
                }
                functions::InitConnection::<RawObject>::CONSTRUCTOR_ID => {
                    init = true;
                    wrapper!(InitConnection).query
                }
                functions::InvokeAfterMsg::<RawObject>::CONSTRUCTOR_ID => {
                    let wrapper = wrapper!(InvokeAfterMsg);
                    after.push(wrapper.msg_id);
                    wrapper.query
                }
                functions::InvokeAfterMsgs::<RawObject>::CONSTRUCTOR_ID => {
                    let wrapper = wrapper!(InvokeAfterMsgs);
                    after.extend(wrapper.msg_ids);
                    wrapper.query
                }
                _ if CALLS.contains(&id) => break object.into_owned(),
                _ => return None,
            };
            query = inner;
        };
        let session = self.sessions.entry(session_id).or_default();
        assert_eq!(layer, init);
        assert!(init || session.called, "the first call of a session says who we are");
        session.called = true;
        let known = |id| session.seq_nos.contains_key(id);
        assert!(after.iter().all(known), "what is waited for was sent in this session before");
        let number = u32::from_le_bytes(query[4..8].try_into().expect("four bytes"));
        Some(number as usize)
    }

    /// Goes to the deadline and does what is due: then it moves on, or has ended with the link.
    pub(crate) fn await_deadline(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        let Some(at) = self.connection.poll_deadline() else { return sent };
        let wait = at.saturating_sub(self.now.monotonic);
        // Who sets the clock to the end of time does not wait for it.
        if wait > Duration::from_secs(1 << 32) {
            return sent;
        }
        self.pass(wait);
        for _ in 0..8 {
            self.timeout();
            self.events();
            sent.extend(self.transmit());
            match self.connection.poll_deadline() {
                Some(next) if next <= self.now.monotonic => {}
                _ => return sent,
            }
        }
        panic!(
            "the deadline stays at {:?}: {:?}",
            self.connection.poll_deadline(),
            self.connection
        );
    }

    /// What is held is within its bounds.
    pub(crate) fn check(&self) {
        let holds = self.connection.footprint();
        show(&holds);
        assert!(holds.calls <= self.most_calls && holds.queued <= holds.calls, "{holds:?}");
        assert!(holds.call_bytes <= self.most_call_bytes, "{holds:?}");
        assert!(holds.msg_ids <= 20 * holds.calls, "{holds:?}");
        // As many requests as wait, and are answered, and replies, and wanted messages.
        assert!(holds.requests <= 1024 + 1024 + 64 + MOST_IDS, "{holds:?}");
        assert!(holds.packets <= 1024, "{holds:?}");
    }

    /// Nothing of what is printed is a secret.
    pub(crate) fn check_debug(&self) {
        let mut text = format!("{:?}", self.connection);
        if let Some(saved) = self.connection.saved(self.now) {
            text += &format!("{saved:?}");
            assert!(saved.salts.len() <= 64);
        }
        let keys = keys();
        for key in keys {
            let bytes = key.as_bytes();
            let hex: String = bytes[..4].iter().map(|byte| format!("{byte:02x}")).collect();
            let list = format!("{}, {}, {}", bytes[0], bytes[1], bytes[2]);
            assert!(!text.contains(&hex) && !text.contains(&list), "{text}");
        }
        let salts = handshakes().each_ref().map(|handshake| handshake.salt);
        for salt in salts.into_iter().chain([crate::handshakes::SALT]) {
            let shown = [salt.to_string(), format!("{salt:x}")];
            assert!(!shown.iter().any(|salt| text.contains(salt)), "{shown:?} in {text}");
        }
        assert!(!text.contains(&format!("{SECRET}, {SECRET}")), "{text}");
    }
}

/// What begins the calls that are made here: something, a download, a part of a file.
pub(crate) const CALLS: [u32; 3] = [
    0x5a17_0001,
    functions::upload::GetFile::CONSTRUCTOR_ID,
    functions::upload::SaveFilePart::CONSTRUCTOR_ID,
];

/// Requests of the machine's own that are acknowledged as calls are.
fn is_bind(id: u32) -> bool {
    matches!(
        id,
        functions::auth::BindTempAuthKey::CONSTRUCTOR_ID
            | functions::DestroyAuthKey::CONSTRUCTOR_ID
    )
}

/// What answers a call with an error.
pub(crate) fn rpc_error(code: i32, name: &str) -> Vec<u8> {
    use layer_tl_types::Serializable;
    let error = types::RpcError { error_code: code, error_message: name.to_owned() };
    enums::RpcError::Error(error).to_bytes()
}
