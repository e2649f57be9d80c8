//! Whatever a client does, in whatever order: nothing is executed twice, every query gets one
//! answer, and in the end nothing is left.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_sandbox::{Reply, RpcError};
use layer_tl_types::{Deserializable, RawObject, Serializable, enums, functions, types};
use layer_wire::gzip;
use layer_wire::message::Content;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::link::{Heard, Link};

/// Queries that were executed, by the number in them: how often, in which memory of the server.
type Ledger = Arc<Mutex<BTreeMap<u64, Vec<u64>>>>;

struct Play {
    link: Link,
    rng: ChaCha20Rng,
    seed: u64,
    ledger: Ledger,
    /// How often the server has lost its memory; and in it the session begun by a new message.
    memory: Arc<Mutex<u64>>,
    /// All queries: message id, sequence number, body, number, the memory in which it was first sent.
    queries: Vec<Query>,
    /// Messages of the server's that are not acknowledged, and their bodies.
    heard: BTreeMap<i64, Vec<u8>>,
    answers: BTreeMap<i64, Vec<u8>>,
    /// Messages that were only announced.
    announced: Vec<i64>,
}

#[derive(Clone)]
struct Query {
    msg_id: i64,
    seq_no: i32,
    body: Vec<u8>,
    number: u64,
    memory: u64,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut link = Link::new(seed);
        let ledger = Ledger::default();
        let memory = Arc::new(Mutex::new(0));
        let (book, epoch) = (ledger.clone(), memory.clone());
        link.world.intercept(move |_, query| {
            let (number, rest) = query.get(4..)?.split_first_chunk()?;
            let delay = u64::from(*rest.first()?) * 100;
            let number = u64::from_le_bytes(*number);
            book.lock().unwrap().entry(number).or_default().push(*epoch.lock().unwrap());
            let answer = match number % 5 {
                0 => Err(RpcError::new(400, format!("FAILED_{number}"))),
                1 => Ok(vec![1; 40 << 10]),
                _ => Ok(query.to_vec()),
            };
            Some(if delay == 0 {
                Reply::Now(answer)
            } else {
                Reply::After(Duration::from_millis(delay), answer)
            })
        });
        let rng = ChaCha20Rng::seed_from_u64(seed);
        let (queries, heard, answers, announced) = Default::default();
        Self { link, rng, seed, ledger, memory, queries, heard, answers, announced }
    }

    fn below(&mut self, end: usize) -> usize {
        self.rng.next_u64() as usize % end.max(1)
    }

    fn some_query(&mut self) -> Option<Query> {
        let at = self.below(self.queries.len());
        self.queries.get(at).cloned()
    }

    fn new_query(&mut self) -> Query {
        let number = self.queries.len() as u64;
        let delay = if self.below(2) == 0 { 0 } else { self.below(100) as u8 };
        let mut body = [&[9; 4][..], &number.to_le_bytes(), &[delay, 0, 0, 0]].concat();
        body.resize(body.len() + 4 * self.below(300), 0);
        if let (0, Some(before)) = (self.below(4), self.some_query()) {
            let query = RawObject(body);
            body = functions::InvokeAfterMsg { msg_id: before.msg_id, query }.to_bytes();
        }
        if self.below(4) == 0 {
            body = gzip::pack(&body).unwrap_or(body);
        }
        let (msg_id, seq_no) = (self.link.next_msg_id(), self.link.next_seq_no(true));
        let query = Query { msg_id, seq_no, body, number, memory: *self.memory.lock().unwrap() };
        self.queries.push(query.clone());
        query
    }

    fn act(&mut self) {
        match self.below(24) {
            0..8 => {
                let query = self.new_query();
                self.send(&query);
            }
            8..11 => {
                if let Some(query) = self.some_query() {
                    self.send(&query);
                }
            }
            11 => self.acknowledge(),
            12 => {
                let msg_ids = self.some_ids();
                self.tell(&enums::MsgResendReq::Req(types::MsgResendReq { msg_ids }));
            }
            13 => {
                let msg_ids = self.some_ids();
                self.tell(&enums::MsgResendReq::from(types::MsgResendAnsReq { msg_ids }));
            }
            14 => {
                let msg_ids = self.some_ids();
                self.tell(&enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids }));
            }
            15 => {
                let msg_ids = self.some_ids();
                let state = |msg_id: &i64| if self.heard.contains_key(msg_id) { 4 } else { 1 };
                let info = msg_ids.iter().map(state).collect();
                self.tell(&enums::MsgsAllInfo::Info(types::MsgsAllInfo { msg_ids, info }));
            }
            16 => self.link.reconnect(),
            17 => self.tell(&functions::Ping { ping_id: 1 }),
            18 => {
                let object = vec![5; 4 + 4 * self.below(20_000)];
                let (key_id, session_id) = (self.link.key.id(), self.link.session_id);
                self.link.world.push(key_id, session_id, object);
            }
            19 => self.mischief(),
            _ => {
                let millis = [1, 100, 500, 1000, 10_000, 61_000][self.below(6)];
                self.pass(millis);
            }
        }
        let session = self.link.world.sessions.get(self.link.key.id(), self.link.session_id);
        let holds = session.map(|session| session.footprint()).unwrap_or_default();
        let bounded = holds.kept <= 1024
            && holds.kept_bytes <= (2 << 20)
            && holds.received <= 1024
            && holds.acks <= 16
            && holds.calls <= 512;
        assert!(bounded, "seed {}: {holds:?}", self.seed);
    }

    fn mischief(&mut self) {
        let faults = &mut self.link.world.faults;
        match self.rng.next_u32() % 9 {
            0 => faults.announce ^= true,
            1 => faults.gzip_answers ^= true,
            2 => faults.no_containers ^= true,
            3 => faults.ask_states += 1,
            4 => faults.tell_states += 1,
            5 => faults.ask_resend += 1,
            6 => faults.refuse.push_back(64),
            7 => self.link.world.stale_salts(self.link.key.id()),
            _ => {
                self.link.world.restart();
                *self.memory.lock().unwrap() += 1;
            }
        }
    }

    /// Lets time pass; a client that was silent for too long dials again.
    fn pass(&mut self, millis: u64) {
        self.link.now.monotonic += Duration::from_millis(millis);
        self.link.now.wall += Duration::from_millis(millis);
        if self.link.timeout().is_err() {
            self.link.reconnect();
        }
        let heard = self.link.heard();
        self.note(heard);
    }

    /// Identifiers of the client's and the server's messages.
    fn some_ids(&mut self) -> Vec<i64> {
        let queries = self.queries.iter().map(|query| query.msg_id);
        let ids: Vec<i64> = queries.chain(self.heard.keys().copied()).collect();
        (0..self.below(10)).filter_map(|_| ids.get(self.below(ids.len())).copied()).collect()
    }

    fn tell(&mut self, object: &impl Serializable) {
        let (_, heard) = self.link.tell(object);
        self.note(heard);
    }

    fn send(&mut self, query: &Query) {
        let heard = self.link.send_as(query.msg_id, query.seq_no, &query.body);
        self.note(heard);
    }

    fn acknowledge(&mut self) {
        if !self.heard.is_empty() {
            let msg_ids = std::mem::take(&mut self.heard).into_keys().collect();
            self.tell(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids }));
        }
    }

    fn note(&mut self, heard: Vec<Heard>) {
        for message in heard {
            let Heard::Message { msg_id, seq_no, body } = message else { panic!("{message:?}") };
            if let Ok(enums::BadMsgNotification::BadServerSalt(bad)) =
                Deserializable::from_bytes(&body)
            {
                self.link.salt = bad.new_server_salt;
            }
            match enums::MsgDetailedInfo::from_bytes(&body) {
                Ok(enums::MsgDetailedInfo::Info(info)) => self.announced.push(info.answer_msg_id),
                Ok(enums::MsgDetailedInfo::MsgNewDetailedInfo(info)) => {
                    self.announced.push(info.answer_msg_id);
                }
                Err(_) => {}
            }
            if seq_no % 2 == 1 {
                let before = self.heard.insert(msg_id, body.clone());
                assert!(before.is_none_or(|before| before == body), "seed {}", self.seed);
            }
            if let Ok(Content::RpcResult { req_msg_id, .. }) = Content::read(&body) {
                self.answers.insert(req_msg_id, body);
            }
        }
    }

    /// The client wants to know, and is let.
    fn calm_down(&mut self) {
        self.link.world.faults = layer_sandbox::Faults::default();
        for _ in 0..3 {
            self.tell(&functions::Ping { ping_id: 1 });
        }
        for _ in 0..3 {
            self.pass(11_000);
            let msg_ids = std::mem::take(&mut self.announced);
            self.tell(&enums::MsgResendReq::Req(types::MsgResendReq { msg_ids }));
            self.acknowledge();
        }
    }
}

#[test]
fn nothing_is_executed_twice_and_nothing_is_left() {
    let (mut executions, mut restarts, mut repeats) = (0, 0, 0);
    for seed in 0..300 {
        let mut play = Play::new(seed);
        let acts = 20 + play.below(200);
        for _ in 0..acts {
            play.act();
        }
        play.calm_down();
        let memory = *play.memory.lock().unwrap();
        let ledger = play.ledger.lock().unwrap().clone();
        for (number, times) in &ledger {
            let mut once = times.clone();
            once.dedup();
            assert_eq!(&once, times, "seed {seed}: query {number}");
            executions += times.len();
            repeats += times.len() - 1;
        }
        restarts += memory;
        // What was sent to a server that has not forgotten it since is answered.
        let remembered = play.queries.iter().filter(|query| query.memory == memory);
        for query in remembered.filter(|query| ledger.contains_key(&query.number)) {
            assert!(play.answers.contains_key(&query.msg_id), "seed {seed}: {}", query.number);
        }
        let (key_id, session_id) = (play.link.key.id(), play.link.session_id);
        let holds = play.link.world.sessions.get(key_id, session_id).unwrap().footprint();
        let left = (holds.kept, holds.kept_bytes, holds.calls, holds.acks, holds.pushes);
        assert_eq!(left, (0, 0, 0, 0, 0), "seed {seed}: {holds:?}");
        let quiet = play.link.connection.deadline(&play.link.world) - play.link.now.monotonic;
        assert!(quiet > Duration::from_secs(300), "seed {seed}: {quiet:?}");
    }
    // It was worth looking at.
    assert!(executions > 10_000 && restarts > 100, "{executions} {restarts} {repeats}");
}
