//! A server by the book, whose every reply can be had before it is sent, to be altered.

use std::sync::LazyLock;
use std::time::Duration;

use layer_crypto::auth_key::DhAnswer;
use layer_crypto::dh::{Group, KnownPrimes, Secret};
use layer_crypto::rsa::PrivateKey;
use layer_crypto::{AuthKey, TmpKey};
use layer_mtproto::Now;
use layer_mtproto::exchange::{Agreed, Config, Exchange, ExchangeError, Step, Work};
use layer_mtproto::wire::message::PlainMessage;
use layer_tl_types::{Cursor, Deserializable, Identifiable, Serializable, enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub const SERVER_TIME: i32 = 1_707_425_105;
/// The client's clock is an hour behind.
pub const NOW: Now =
    Now { monotonic: Duration::from_secs(5), wall: Duration::from_secs(SERVER_TIME as u64 - 3600) };

pub const NONCE: [u8; 16] = [0x5e; 16];
pub const PQ: u64 = 0x2565_95ed_b776_6797;

/// The RSA key of this server.
pub fn server_key() -> &'static PrivateKey {
    static KEY: LazyLock<PrivateKey> =
        LazyLock::new(|| PrivateKey::from_pem(include_str!("server.pem")).unwrap());
    &KEY
}

pub fn config() -> Config {
    Config::new(vec![server_key().public().clone()], 2)
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A plain message of the server around an object.
pub fn packet(object: &impl Serializable) -> Vec<u8> {
    packet_around(&object.to_bytes())
}

pub fn packet_around(body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PlainMessage { msg_id: i64::from(SERVER_TIME) << 32 | 1, body }.write(&mut packet);
    packet
}

/// The function in a client's packet.
pub fn function<F: Identifiable + Deserializable>(packet: &[u8]) -> F {
    read(PlainMessage::read(packet).unwrap().body)
}

pub fn read<F: Identifiable + Deserializable>(body: &[u8]) -> F {
    let mut cursor = Cursor::new(body);
    assert_eq!(cursor.constructor_id().unwrap(), F::CONSTRUCTOR_ID);
    let function = F::deserialize(&mut cursor).unwrap();
    assert!(cursor.remaining().is_empty());
    function
}

pub fn sent(step: Step) -> (Exchange, Vec<u8>) {
    let Step::Send { exchange, packet } = step else { panic!("to send, not {step:?}") };
    (exchange, packet)
}

pub fn work(step: Step) -> Work {
    let Step::Work(work) = step else { panic!("work, not {step:?}") };
    work
}

pub fn done(step: Step) -> Agreed {
    let Step::Done { agreed, .. } = step else { panic!("done, not {step:?}") };
    agreed
}

/// Begins with the client's randomness from `seed`.
pub fn begin(config: Config, seed: u64) -> (Exchange, functions::ReqPqMulti) {
    let (exchange, packet) = sent(Exchange::begin(config, KnownPrimes::new(), NOW, &mut rng(seed)));
    (exchange, function(&packet))
}

/// Handles a reply that leads to work, and does the work.
pub fn answer(
    exchange: &Exchange,
    reply: &impl Serializable,
    seed: u64,
) -> Result<(Exchange, Vec<u8>), ExchangeError> {
    let step = exchange.clone().handle_packet(&packet(reply), NOW, &mut rng(seed))?;
    work(step).run(NOW, &mut rng(seed)).map(sent)
}

pub fn refused(exchange: &Exchange, object: &impl Serializable) -> ExchangeError {
    refused_packet(exchange, &packet(object))
}

pub fn refused_packet(exchange: &Exchange, packet: &[u8]) -> ExchangeError {
    exchange.clone().handle_packet(packet, NOW, &mut rng(1)).unwrap_err()
}

pub fn res_pq(nonce: [u8; 16]) -> types::ResPq {
    types::ResPq {
        nonce,
        server_nonce: NONCE,
        pq: PQ.to_be_bytes().to_vec(),
        server_public_key_fingerprints: vec![-1, server_key().public().fingerprint(), 7],
    }
}

/// An exchange that went well, with a copy of the client at each point, and what the server would send
/// there.
pub struct Recorded {
    pub nonce: [u8; 16],
    pub new_nonce: [u8; 32],
    /// What the client encrypted to the server's key.
    pub inner: enums::PQInnerData,
    pub tmp_key: TmpKey,
    pub awaiting_res_pq: Exchange,
    pub res_pq: types::ResPq,
    pub awaiting_dh_params: Exchange,
    pub answer: types::ServerDhInnerData,
    pub awaiting_dh_gen: Exchange,
    /// As the server computes it.
    pub auth_key: AuthKey,
    pub client_inner: types::ClientDhInnerData,
    a: Secret,
}

impl Recorded {
    pub fn new(config: Config, seed: u64) -> Self {
        let (awaiting_res_pq, request) = begin(config, seed);
        let nonce = request.nonce;
        let res_pq = res_pq(nonce);
        let (awaiting_dh_params, packet) =
            answer(&awaiting_res_pq, &enums::ResPq::Pq(res_pq.clone()), seed + 1).unwrap();
        let request: functions::ReqDhParams = function(&packet);
        let inner = Self::decrypt(&request);
        let new_nonce = match &inner {
            enums::PQInnerData::Data(inner) => inner.new_nonce,
            enums::PQInnerData::Dc(inner) => inner.new_nonce,
            enums::PQInnerData::Temp(inner) => inner.new_nonce,
            enums::PQInnerData::TempDc(inner) => inner.new_nonce,
        };
        let tmp_key = TmpKey::derive(&new_nonce, &NONCE);

        let group = Group::well_known();
        let a = Secret::generate(&group, &mut rng(seed + 2));
        let inner_answer = types::ServerDhInnerData {
            nonce,
            server_nonce: NONCE,
            g: group.g(),
            dh_prime: group.prime().to_vec(),
            g_a: a.public().to_vec(),
            server_time: SERVER_TIME,
        };
        let sealed = seal(&tmp_key, nonce, &inner_answer);
        let (awaiting_dh_gen, packet) = answer(&awaiting_dh_params, &sealed, seed + 3).unwrap();
        let client_inner = open(&tmp_key, &function(&packet));
        let auth_key = a.shared(&client_inner.g_b).unwrap();
        Self {
            nonce,
            new_nonce,
            inner,
            tmp_key,
            awaiting_res_pq,
            res_pq,
            awaiting_dh_params,
            answer: inner_answer,
            awaiting_dh_gen,
            auth_key,
            client_inner,
            a,
        }
    }

    /// `server_DH_params_ok` around the recorded answer.
    pub fn dh_params(&self) -> enums::ServerDhParams {
        seal(&self.tmp_key, self.nonce, &self.answer)
    }

    /// The hash for this outcome.
    pub fn hash(&self, answer: DhAnswer) -> [u8; 16] {
        self.auth_key.new_nonce_hash(&self.new_nonce, answer)
    }

    pub fn dh_gen_ok(&self) -> enums::SetClientDhParamsAnswer {
        self.dh_gen(DhAnswer::Ok)
    }

    pub fn dh_gen(&self, answer: DhAnswer) -> enums::SetClientDhParamsAnswer {
        dh_gen(answer, self.nonce, NONCE, self.hash(answer))
    }

    /// What the server makes of another half of the client's.
    pub fn take_half(&mut self, packet: &[u8]) {
        self.client_inner = open(&self.tmp_key, &function(packet));
        self.auth_key = self.a.shared(&self.client_inner.g_b).unwrap();
    }

    fn decrypt(request: &functions::ReqDhParams) -> enums::PQInnerData {
        assert_eq!(request.public_key_fingerprint, server_key().public().fingerprint());
        let opened = server_key().decrypt(&request.encrypted_data).unwrap();
        assert_eq!(opened.padding(), layer_crypto::rsa::Padding::Modern);
        let mut cursor = Cursor::new(opened.data());
        let inner = enums::PQInnerData::deserialize(&mut cursor).unwrap();
        opened.check(cursor.position()).unwrap();
        inner
    }
}

/// `server_DH_params_ok` around any answer.
pub fn seal(
    tmp_key: &TmpKey,
    nonce: [u8; 16],
    answer: &types::ServerDhInnerData,
) -> enums::ServerDhParams {
    let inner = enums::ServerDhInnerData::Data(answer.clone()).to_bytes();
    seal_bytes(tmp_key, nonce, &inner)
}

pub fn seal_bytes(tmp_key: &TmpKey, nonce: [u8; 16], inner: &[u8]) -> enums::ServerDhParams {
    enums::ServerDhParams::Ok(types::ServerDhParamsOk {
        nonce,
        server_nonce: NONCE,
        encrypted_answer: tmp_key.seal(inner, &mut rng(77)),
    })
}

fn open(tmp_key: &TmpKey, request: &functions::SetClientDhParams) -> types::ClientDhInnerData {
    let opened = tmp_key.open(&request.encrypted_data).unwrap();
    let mut cursor = Cursor::new(opened.data());
    let enums::ClientDhInnerData::Data(inner) =
        enums::ClientDhInnerData::deserialize(&mut cursor).unwrap();
    opened.check(cursor.position()).unwrap();
    inner
}

pub fn dh_gen(
    answer: DhAnswer,
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    hash: [u8; 16],
) -> enums::SetClientDhParamsAnswer {
    use enums::SetClientDhParamsAnswer as Answer;
    match answer {
        DhAnswer::Ok => {
            Answer::DhGenOk(types::DhGenOk { nonce, server_nonce, new_nonce_hash1: hash })
        }
        DhAnswer::Retry => {
            Answer::DhGenRetry(types::DhGenRetry { nonce, server_nonce, new_nonce_hash2: hash })
        }
        DhAnswer::Fail => {
            Answer::DhGenFail(types::DhGenFail { nonce, server_nonce, new_nonce_hash3: hash })
        }
    }
}
