//! A call through the machines: queued, sealed, framed; answered by the same server; deframed, opened,
//! matched. Against grammers-mtproto's state machine. The server's own time does not count.

mod server;

use std::time::{Duration, Instant, SystemTime};

use grammers_crypto::DequeBuffer;
use grammers_mtproto::mtp::{Deserialization, Encrypted, Mtp};
use grammers_mtproto::transport::{Abridged, Transport};
use layer_crypto::AuthKey;
use layer_mtproto::Now;
use layer_mtproto::connection::{Call, Config, Connection, Event, Init, Saved};
use layer_mtproto::exchange;
use layer_tl_types::{Serializable, enums, functions};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

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

pub fn rows() -> Vec<Rounds> {
    [1, 64].map(row).into()
}

fn row(in_flight: usize) -> Rounds {
    let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
    // Both say hello first.
    for _ in 0..3 {
        ours.round(in_flight);
        theirs.round(in_flight);
    }
    Rounds {
        name: format!("a call, {in_flight} in flight"),
        of: in_flight,
        ours: Box::new(move || ours.round(in_flight)),
        theirs: Box::new(move || theirs.round(in_flight)),
        aim: Some(2.0),
    }
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
}

impl Ours {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (started, wall) =
            (Instant::now(), SystemTime::UNIX_EPOCH.elapsed().expect("after 1970"));
        let now = Now { monotonic: Duration::ZERO, wall };
        let config = Config::new(exchange::Config::new(Vec::new(), 2), Init::new(1));
        let saved = Saved::new(AuthKey::from_bytes(&KEY), SALT, 0, now);
        let mut connection = Connection::new(config, Some(saved), now, &mut rng);
        connection.handle_connected(now, &mut rng);
        let server = Server::new(&KEY, SALT);
        Self { connection, server, rng, started, wall, request: request() }
    }

    fn now(&self) -> Now {
        let monotonic = self.started.elapsed();
        Now { monotonic, wall: self.wall + monotonic }
    }
}

impl Side for Ours {
    fn round(&mut self, calls: usize) -> Duration {
        let mut bytes = Vec::new();
        let start = Instant::now();
        let now = self.now();
        let Self { connection, server, rng, request, .. } = self;
        for _ in 0..calls {
            connection.call(Call::new(request.clone()), now).expect("room for calls");
        }
        connection.poll_transmit(now, rng, &mut bytes);
        let mut time = start.elapsed();
        let mut answered = 0;
        while answered < calls {
            let answers = server.answer(&bytes);
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
                connection.poll_transmit(now, rng, &mut bytes);
            }
            time += start.elapsed();
        }
        time
    }
}

struct Theirs {
    machine: Encrypted,
    transport: Abridged,
    server: Server,
    request: Vec<u8>,
}

impl Theirs {
    fn new() -> Self {
        let machine = Encrypted::build().first_salt(SALT).finish(KEY);
        let server = Server::new(&KEY, SALT);
        Self { machine, transport: Abridged::new(), server, request: request() }
    }
}

impl Side for Theirs {
    fn round(&mut self, calls: usize) -> Duration {
        let Self { machine, transport, server, request } = self;
        let (mut waiting, mut time) = (Vec::new(), Duration::ZERO);
        let mut answered = 0;
        while answered < calls {
            // As its sender does: as much as fits, then what came, then the rest.
            let start = Instant::now();
            let mut buffer = DequeBuffer::with_capacity(1 << 16, 1 << 10);
            while waiting.len() < calls {
                match machine.push(&mut buffer, request) {
                    Some(msg_id) => waiting.push(msg_id),
                    None => break,
                }
            }
            if machine.finalize(&mut buffer).is_some() {
                transport.pack(&mut buffer);
            }
            time += start.elapsed();
            let mut answers = server.answer(&buffer[..]);
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
            time += start.elapsed();
        }
        time
    }
}
