//! A server that only answers: every call with the same object, whatever it is.

use std::time::SystemTime;

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
use layer_tl_types::{Cursor, Deserializable, Identifiable, Serializable, enums, functions, types};
use layer_wire::framing::{Accepted, Detection, Frame, detect};
use layer_wire::message::{Content, Message, write_container, write_rpc_result};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub struct Server {
    key: AuthKey,
    salt: i64,
    link: Option<Box<Accepted>>,
    rng: ChaCha20Rng,
    last_msg_id: i64,
    seq_no: i32,
    answer: Vec<u8>,
}

impl Server {
    pub fn new(key: &[u8; 256], salt: i64) -> Self {
        let answer = types::UpdateShortSentMessage {
            out: true,
            id: 4711,
            pts: 100,
            pts_count: 1,
            date: 1_700_000_000,
            media: None,
            entities: None,
            ttl_period: None,
        };
        Self {
            key: AuthKey::from_bytes(key),
            salt,
            link: None,
            rng: ChaCha20Rng::seed_from_u64(2),
            last_msg_id: 0,
            seq_no: 0,
            answer: enums::Updates::from(answer).to_bytes(),
        }
    }

    /// What is said to these bytes: one packet to each.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut link = match self.link.take() {
            Some(mut link) => {
                link.decoder.feed(bytes);
                link
            }
            None => match detect(bytes, &[]).expect("a framing") {
                Detection::Found(link) => link,
                _ => return Vec::new(),
            },
        };
        let mut packets = Vec::new();
        for frame in link.decoder.frames() {
            let Ok(Frame::Packet { bytes, .. }) = frame else { panic!("{frame:?}") };
            let opened = envelope::open(&self.key, Side::Client, bytes).expect("a client's packet");
            packets.push((opened.header, opened.body_of(bytes).to_vec()));
        }
        let mut out = Vec::new();
        for (header, body) in packets {
            let answers = self.answers(&header, &body);
            if let Some(packet) = self.pack(header.session_id, answers) {
                link.encoder.encode(&packet, false, &mut self.rng, &mut out).expect("it fits");
            }
        }
        self.link = Some(link);
        out
    }

    fn answers(&mut self, header: &Header, body: &[u8]) -> Vec<Vec<u8>> {
        match Content::read(body).expect("a message") {
            Content::Container(messages) => {
                messages.filter_map(|message| self.say(message.msg_id, message.body)).collect()
            }
            _ => self.say(header.msg_id, body).into_iter().collect(),
        }
    }

    fn say(&self, msg_id: i64, body: &[u8]) -> Option<Vec<u8>> {
        let mut cursor = Cursor::new(body);
        match cursor.constructor_id().expect("an object") {
            types::MsgsAck::CONSTRUCTOR_ID => None,
            functions::PingDelayDisconnect::CONSTRUCTOR_ID => {
                let ping = functions::PingDelayDisconnect::deserialize(&mut cursor).expect("it");
                Some(enums::Pong::Pong(types::Pong { msg_id, ping_id: ping.ping_id }).to_bytes())
            }
            functions::GetFutureSalts::CONSTRUCTOR_ID => {
                let now = (seconds() >> 32) as i32;
                let salt = |n| types::FutureSalt {
                    valid_since: now + n * 1800,
                    valid_until: now + n * 1800 + 3600,
                    salt: self.salt,
                };
                let salts = (0..32).map(salt).collect();
                let salts = types::FutureSalts { req_msg_id: msg_id, now, salts };
                Some(enums::FutureSalts::Salts(salts).to_bytes())
            }
            _ => {
                let mut result = Vec::new();
                write_rpc_result(msg_id, &self.answer, &mut result);
                Some(result)
            }
        }
    }

    fn pack(&mut self, session_id: i64, bodies: Vec<Vec<u8>>) -> Option<Vec<u8>> {
        let numbered: Vec<_> = bodies.iter().map(|body| (self.next(), body)).collect();
        let mut packet = Vec::new();
        let (body, (msg_id, seq_no)) = match &numbered[..] {
            [] => return None,
            [(number, body)] => ((*body).clone(), *number),
            many => {
                let messages = many.iter().map(|((msg_id, seq_no), body)| Message {
                    msg_id: *msg_id,
                    seq_no: *seq_no,
                    body,
                });
                let mut body = Vec::new();
                write_container(messages, &mut body).expect("not too many");
                (body, self.next())
            }
        };
        let header = Header { salt: self.salt, session_id, msg_id, seq_no };
        let draft = Draft::begin(&mut packet, &header);
        packet.extend_from_slice(&body);
        draft.finish(&mut packet, Padding::Minimal, &mut self.rng).expect("whole words");
        envelope::seal(&self.key, Side::Server, &mut packet).expect("a draft");
        Some(packet)
    }

    fn next(&mut self) -> (i64, i32) {
        self.last_msg_id = (seconds() & !3 | 1).max(self.last_msg_id + 4);
        self.seq_no += 2;
        (self.last_msg_id, self.seq_no - 1)
    }
}

/// The time as identifiers have it.
fn seconds() -> i64 {
    let time = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    (time.as_secs() as i64) << 32 | (i64::from(time.subsec_nanos()) << 32) / 1_000_000_000
}
