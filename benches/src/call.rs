//! A call through the machines: queued, sealed, framed; answered by the same server; deframed, opened,
//! matched. Against grammers-mtproto's state machine. The server's own time does not count, nor what
//! callers do: requests lie serialised, and buffers for the output are there. Nor does the clock that
//! measures: what it takes itself is taken off each span.

mod floor;
mod server;

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use grammers_crypto::DequeBuffer;
use grammers_mtproto::mtp::{Deserialization, Encrypted, Mtp};
use grammers_mtproto::transport::{Abridged, Transport};
use layer_crypto::AuthKey;
use layer_crypto::envelope::Padding;
use layer_mtproto::Now;
use layer_mtproto::connection::{Call, Config, Connection, Event, Init, Saved};
use layer_mtproto::exchange;
use layer_tl_types::{Serializable, enums, functions};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use floor::Floor;
use server::Server;

use crate::table::{Rounds, Side};

/// The key that both have agreed on with the server.
const KEY: [u8; 256] = {
    let mut key = [0; 256];
    let mut i = 0;
    while i < 256 {
        key[i] = i as u8;
        i += 1;
    }
    key
};
const SALT: i64 = 7;

/// Each with what bounds it: the same bytes through framing and envelope alone.
pub fn rows() -> Vec<Rounds> {
    let rows = [1, 64].map(|in_flight| {
        let name = format!("a call, {in_flight} in flight");
        let machine = row(name, in_flight, Ours::new(Padding::Buckets), Some(2.0));
        let name = "  padded as little as theirs".to_owned();
        let alike = row(name, in_flight, Ours::new(Padding::Minimal), None);
        let floor = row("  of it framing and sealing".to_owned(), in_flight, Floor::new(), None);
        [machine, alike, floor]
    });
    rows.into_iter().flatten().collect()
}

fn row(name: String, in_flight: usize, mut ours: impl Side + 'static, aim: Option<f64>) -> Rounds {
    let mut theirs = Theirs::new();
    // Both say hello first.
    for _ in 0..3 {
        ours.round(in_flight);
        theirs.round(in_flight);
    }
    Rounds {
        name,
        of: in_flight,
        ours: Box::new(move || ours.round(in_flight)),
        theirs: Box::new(move || theirs.round(in_flight)),
        aim,
    }
}

/// How long it has been since `start`, without the looks at the clock themselves, which are a
/// twentieth of a call.
fn since(start: Instant) -> Duration {
    static LOOK: LazyLock<Duration> = LazyLock::new(|| {
        let looks = (0..10_000).map(|_| Instant::now().elapsed());
        looks.min().unwrap_or_default()
    });
    start.elapsed().saturating_sub(*LOOK)
}

/// What is called: a message as a bot sends it.
fn request() -> Vec<u8> {
    let text = "Echo: what somebody said".to_owned();
    functions::messages::SendMessage::new(enums::InputPeer::PeerSelf, text, 42).to_bytes()
}

struct Ours {
    connection: Connection,
    server: Server,
    rng: ChaCha20Rng,
    started: Instant,
    wall: Duration,
    request: Vec<u8>,
    output: Vec<u8>,
}

impl Ours {
    fn new(padding: Padding) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (started, wall) =
            (Instant::now(), SystemTime::UNIX_EPOCH.elapsed().expect("after 1970"));
        let now = Now { monotonic: Duration::ZERO, wall };
        let mut config = Config::new(exchange::Config::new(Vec::new(), 2), Init::new(1));
        config.padding = padding;
        let saved = Saved::new(AuthKey::from_bytes(&KEY), SALT, 0, now);
        let mut connection = Connection::new(config, Some(saved), now, &mut rng);
        connection.handle_connected(now, &mut rng);
        let server = Server::new(&KEY, SALT);
        let output = Vec::new();
        Self { connection, server, rng, started, wall, request: request(), output }
    }

    fn now(&self) -> Now {
        let monotonic = self.started.elapsed();
        Now { monotonic, wall: self.wall + monotonic }
    }
}

impl Side for Ours {
    fn round(&mut self, calls: usize) -> Duration {
        let requests = vec![self.request.clone(); calls];
        let start = Instant::now();
        let now = self.now();
        let Self { connection, server, rng, output: bytes, .. } = self;
        bytes.clear();
        for request in requests {
            connection.call(Call::new(request), now).expect("room for calls");
        }
        connection.poll_transmit(now, rng, bytes);
        let mut time = since(start);
        let mut answered = 0;
        while answered < calls {
            let answers = server.answer(bytes);
            let start = Instant::now();
            connection.handle_bytes(&answers, now, rng);
            while let Some(event) = connection.poll_event() {
                match event {
                    Event::Answer { result, .. } => answered += usize::from(result.is_ok()),
                    Event::LinkLost(lost) => panic!("{lost}"),
                    _ => {}
                }
            }
            bytes.clear();
            if answered < calls {
                connection.poll_transmit(now, rng, bytes);
            }
            time += since(start);
        }
        time
    }
}

struct Theirs {
    machine: Encrypted,
    transport: Abridged,
    server: Server,
    request: Vec<u8>,
    output: DequeBuffer<u8>,
}

impl Theirs {
    fn new() -> Self {
        let machine = Encrypted::build().first_salt(SALT).finish(KEY);
        let server = Server::new(&KEY, SALT);
        let output = DequeBuffer::with_capacity(1 << 16, 1 << 10);
        Self { machine, transport: Abridged::new(), server, request: request(), output }
    }
}

impl Side for Theirs {
    fn round(&mut self, calls: usize) -> Duration {
        let Self { machine, transport, server, request, output } = self;
        let (mut waiting, mut time) = (Vec::new(), Duration::ZERO);
        let mut answered = 0;
        while answered < calls {
            // As its sender does: as much as fits, then what came, then the rest.
            let start = Instant::now();
            output.clear();
            while waiting.len() < calls {
                match machine.push(output, request) {
                    Some(msg_id) => waiting.push(msg_id),
                    None => break,
                }
            }
            if machine.finalize(output).is_some() {
                transport.pack(output);
            }
            time += since(start);
            let mut answers = server.answer(&output[..]);
            let start = Instant::now();
            let mut rest = &mut answers[..];
            while let Ok(offset) = transport.unpack(rest) {
                let (packet, behind) = rest.split_at_mut(offset.next_offset);
                let packet = &mut packet[offset.data_range];
                for told in machine.deserialize(packet).expect("what a server says") {
                    if let Deserialization::RpcResult(result) = told {
                        answered += usize::from(waiting.contains(&result.msg_id));
                    }
                }
                rest = behind;
            }
            time += since(start);
        }
        time
    }
}
