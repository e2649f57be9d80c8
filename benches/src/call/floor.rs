//! What no machine can do without: the bytes of the same round written, sealed, framed, and taken out
//! of their frames, opened, found and copied. No clock, no salts, nothing remembered but the numbers.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, sealed_len};
use layer_tl_types::{Serializable, enums, types};
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind};
use layer_wire::message::{Content, Message, container_len, write_container};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{KEY, SALT, Server, request, since};
use crate::table::Side;

/// So many acknowledgements go along, fewer wait.
const MANY: usize = 8;

pub struct Floor {
    key: AuthKey,
    encoder: Encoder,
    decoder: Decoder,
    server: Server,
    rng: ChaCha20Rng,
    last_msg_id: i64,
    acks: Vec<i64>,
    request: Vec<u8>,
    output: Vec<u8>,
}

impl Floor {
    pub fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let (encoder, decoder) = FramingKind::Abridged.client(&mut rng);
        Self {
            key: AuthKey::from_bytes(&KEY),
            encoder,
            decoder,
            server: Server::new(&KEY, SALT),
            rng,
            last_msg_id: 0,
            acks: Vec::new(),
            request: request(),
            output: Vec::new(),
        }
    }

    fn next(&mut self) -> i64 {
        self.last_msg_id += 4;
        self.last_msg_id
    }

    /// All requests, and the acknowledgements of what came if there are many; in a container, if that
    /// is more than one message.
    fn send(&mut self, calls: usize) -> VecDeque<i64> {
        let numbers: VecDeque<_> = (0..calls).map(|_| self.next()).collect();
        let acks = (self.acks.len() >= MANY).then(|| {
            let msg_ids = std::mem::take(&mut self.acks);
            (self.next(), enums::MsgsAck::Ack(types::MsgsAck { msg_ids }).to_bytes())
        });
        let outer = self.next();
        let message = |place: usize| {
            let request = numbers.get(place).map(|id| (*id, 1, &self.request));
            let acks = acks.as_ref().map(|(id, acks)| (*id, 0, acks));
            let (msg_id, seq_no, body) = request.or(acks).expect("one of them");
            Message { msg_id, seq_no, body }
        };
        let count = calls + usize::from(acks.is_some());
        let alone = (count == 1).then(|| message(0));
        let lens = (0..count).map(|place| message(place).body.len());
        let len = alone.map_or_else(|| container_len(lens), |message| message.body.len());
        let msg_id = alone.map_or(outer, |message| message.msg_id);

        let out = &mut self.output;
        out.clear();
        let len = sealed_len(len, Padding::Buckets);
        let frame = self.encoder.begin(len, false, &mut self.rng, out).expect("it fits");
        let draft = Draft::begin(out, &Header { salt: SALT, session_id: 1, msg_id, seq_no: 0 });
        match alone {
            Some(message) => out.extend_from_slice(message.body),
            None => write_container((0..count).map(message), out).expect("not too many"),
        }
        draft.finish(out, Padding::Buckets, &mut self.rng).expect("whole words");
        let packet = self.encoder.end(frame, out).expect("as long as announced");
        envelope::seal(&self.key, envelope::Side::Client, &mut out[packet]).expect("a draft");
        self.encoder.finish(out);
        numbers
    }

    /// Takes the answers out. Returns how many there are.
    fn receive(&mut self, answers: &[u8], numbers: &mut VecDeque<i64>) -> usize {
        let mut results = Vec::new();
        self.decoder.feed(answers);
        for frame in self.decoder.frames() {
            let Ok(Frame::Packet { bytes, .. }) = frame else { panic!("{frame:?}") };
            let opened = envelope::open(&self.key, envelope::Side::Server, bytes);
            let opened = opened.expect("a server's packet");
            let (header, body) = (opened.header, opened.body_of(bytes));
            let mut take = |msg_id, content: Content<'_>| {
                self.acks.push(msg_id);
                if let Content::RpcResult { req_msg_id, result } = content
                    && numbers.pop_front() == Some(req_msg_id)
                {
                    results.push(result.to_vec());
                }
            };
            match Content::read(body).expect("a message") {
                Content::Container(messages) => messages.for_each(|message| {
                    take(message.msg_id, Content::read_inner(message.body).expect("a message"));
                }),
                content => take(header.msg_id, content),
            }
        }
        results.len()
    }
}

impl Side for Floor {
    fn round(&mut self, calls: usize) -> Duration {
        let start = Instant::now();
        let mut numbers = self.send(calls);
        let time = since(start);
        let answers = self.server.answer(&self.output);
        let start = Instant::now();
        let answered = self.receive(&answers, &mut numbers);
        assert_eq!(answered, calls, "the server answers at once and in order");
        time + since(start)
    }
}
