//! The server's machine of one link, against a client that has a key and sends anything, cut anywhere.
//!
//! Whatever the server answers is a good stream of frames, sealed with the right key.

use std::sync::LazyLock;
use std::time::Duration;

use layer_crypto::envelope::{self, Draft, Header, Padding, Side, v1};
use layer_sandbox::exchange::{Agreed, Terms};
use layer_sandbox::{Connection, Now, Settings, World};
use layer_tl_types::{Identifiable, Serializable, enums, functions, types};
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind, ProxySecret, Tag};
use layer_wire::message::{Content, PlainMessage};
use rand_chacha::ChaCha20Rng;

use crate::recorded::{UNIX, key, recorded, rng, terms};
use crate::speech::{body, identifier};
use crate::{Input, Seeds, memory, show, show_error};

const SALT: i64 = 0x0102_0304_0506_0708;
const SESSION: i64 = 0x1122_3344_5566_7788;
const SECRET: [u8; 16] = [0x11; 16];

/// Seeds of the keys that the server knows: a permanent and a temporary one.
const KEYS: [u8; 2] = [7, 77];

/// A packet unpacks to 2 MiB at most, and its answers wait up to 4 MiB.
const HEAP: usize = 32 << 20;

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    terms: Terms::clone(terms()),
    secrets: vec![ProxySecret::from(SECRET)],
    ..Settings::default()
});

/// A link over one of the framings, on which up to sixteen things happen.
pub fn run(input: &[u8]) {
    recorded();
    memory::within(HEAP + 64 * input.len(), || {
        let mut input = Input::new(input);
        let mut link = Link::new(&kind(&mut input));
        for _ in 0..16 {
            if input.is_empty() || link.server.is_closed() {
                return;
            }
            link.act(&mut input);
        }
    });
}

fn kind(input: &mut Input<'_>) -> FramingKind {
    match input.below(6) {
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

struct Link {
    world: World,
    server: Connection,
    now: Now,
    rng: ChaCha20Rng,
    encoder: Encoder,
    decoder: Decoder,
    /// Identifiers of messages that either end has sent.
    known: Vec<i64>,
    /// Bytes went to the server that no framing of ours has made, so nobody knows how it answers.
    foreign: bool,
    /// An `auth.bindTempAuthKey` was sent that was right before it was damaged.
    binding_sent: bool,
}

impl Link {
    fn new(kind: &FramingKind) -> Self {
        let mut rng = rng(1);
        let wall = Duration::from_secs(UNIX as u64);
        let now = Now { wall, monotonic: Duration::from_secs(1000) };
        let mut world = World::new(SETTINGS.clone());
        for (at, seed) in KEYS.into_iter().enumerate() {
            let expires_at = (at == 1).then_some(UNIX + 3600);
            let agreed = Agreed { key: key(seed), salt: SALT, dc: None, expires_at };
            world.keys.insert(agreed, UNIX).expect("there is room");
        }
        let (encoder, decoder) = kind.client(&mut rng);
        let server = Connection::new(&world.settings, now);
        Self {
            world,
            server,
            now,
            rng,
            encoder,
            decoder,
            known: vec![(UNIX << 32) + 4],
            foreign: false,
            binding_sent: false,
        }
    }

    fn act(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        self.now.monotonic += Duration::from_secs(u64::from(choice >> 4));
        self.now.wall += Duration::from_secs(u64::from(choice >> 4));
        match choice % 8 {
            0 => {
                self.foreign = true;
                let bytes = input.piece();
                return self.receive(bytes, input);
            }
            1 => self.now.monotonic += Duration::from_secs(input.word() as u64),
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
                let temporary = self.world.keys.get(key(KEYS[1]).id(), UNIX);
                let bound = temporary.and_then(|known| known.temporary?.bound_to);
                assert!(bound.is_none() || self.binding_sent, "a wrong binding was taken");
            }
            _ => {
                let body = body(input, &self.known);
                let seed = KEYS[usize::from(choice >> 3 & 1)];
                self.seal(seed, &body, input);
            }
        }
        show(&self.server);
        let (world, rng) = (&mut self.world, &mut self.rng);
        if let Err(fault) = self.server.handle_timeout(self.now, world, rng) {
            show_error(&fault);
        }
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
    fn next_id(&self) -> i64 {
        let time = self.now.wall.as_secs() as i64;
        (time << 32) + 4 * self.known.len() as i64
    }

    fn seal(&mut self, seed: u8, body: &[u8], input: &mut Input<'_>) {
        let mut header =
            Header { salt: SALT, session_id: SESSION, msg_id: self.next_id(), seq_no: 1 };
        match input.below(12) {
            0 => header.salt = input.long(),
            1 => header.session_id ^= i64::from(input.byte()),
            2 => header.msg_id = identifier(input, &self.known),
            3 => header.seq_no = input.int(),
            _ => {}
        }
        self.known.push(header.msg_id);
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, &header);
        packet.extend_from_slice(body);
        draft.finish(&mut packet, Padding::Minimal, &mut self.rng).expect("whole words");
        envelope::seal(&key(seed), Side::Client, &mut packet).expect("a packet");
        self.send(&packet, input);
    }

    fn send(&mut self, packet: &[u8], input: &mut Input<'_>) {
        let mut bytes = Vec::new();
        match self.encoder.encode(packet, input.flag(), &mut self.rng, &mut bytes) {
            Ok(()) => self.receive(&bytes, input),
            Err(error) => show_error(&error),
        }
    }

    /// Gives bytes to the server, in one or two pieces, and listens to what it says.
    fn receive(&mut self, bytes: &[u8], input: &mut Input<'_>) {
        let cut = input.word().min(bytes.len());
        let (first, second) = bytes.split_at(cut);
        for piece in [first, second] {
            let (world, rng) = (&mut self.world, &mut self.rng);
            if let Err(fault) = self.server.receive(piece, self.now, world, rng) {
                show_error(&fault);
                assert!(self.server.is_closed());
            }
            self.listen();
            while self.server.is_waiting() && !self.server.is_closed() {
                let (world, rng) = (&mut self.world, &mut self.rng);
                let _ = self.server.receive(&[], self.now, world, rng);
                self.listen();
            }
        }
        show(&self.world);
    }

    fn listen(&mut self) {
        let output = self.server.take_output();
        if self.foreign {
            return;
        }
        let mut heard = Vec::new();
        self.decoder.feed(&output);
        for frame in self.decoder.frames() {
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
                    heard.push(opened.header.msg_id);
                }
            }
        }
        self.known.extend(heard);
        assert_eq!(self.decoder.held(), 0, "the server sends whole frames");
    }
}

/// Queries of all kinds over all framings.
pub fn seeds() -> Seeds {
    let config = functions::help::GetConfig::CONSTRUCTOR_ID;
    assert_eq!(config, 0xc4f9_186b, "the query in the seeds below");
    let mut seeds = Vec::new();
    for kind in 0..6 {
        // Asks for a config, plain and wrapped; pings; acknowledges; binds; begins an exchange.
        seeds.push(vec![kind, 5, 11, 5, 0, 0, 9, 0, 0, 0]);
        seeds.push(vec![
            kind, 5, 9, 230, 0, 0, 0, 11, 5, 0, 0, 9, 0, 0, 0, 5, 7, 0, 1, 0, 0, 9, 0, 0,
        ]);
        seeds.push(vec![
            kind, 5, 3, 2, 0, 0, 0, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 1, 11, 5, 0, 0, 9, 1, 0,
        ]);
        seeds.push(vec![kind, 13, 8, 11, 0, 0, 4, 0, 60, 0, 0, 0, 9, 0, 0, 0]);
        seeds.push(vec![kind, 4, 7, 0, 9, 0, 0, 0]);
        seeds.push(vec![kind, 4, 7, 1, 3, 0, 5, 1, 9, 0, 0, 0]);
        seeds.push(vec![kind, 2, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0]);
        seeds.push([&[kind, 3, 80, 0][..], &[7; 80], &[0, 3, 0]].concat());
        seeds.push([&[kind, 0, 70, 0][..], &[0xef; 70], &[0, 0]].concat());
        for choice in 0..12 {
            seeds.push(
                [&[kind, 5, choice][..], &[1, 0, 0, 2, 0, 0], &[0; 16], &[9, 0, 0, 0]].concat(),
            );
        }
    }
    seeds
}
