//! One key exchange that went well, with a copy of either end at each point: its RSA and Diffie-Hellman are
//! paid for once and not for every input.

use std::sync::LazyLock;
use std::time::Duration;

use layer_crypto::auth_key::DhAnswer;
use layer_crypto::dh::KnownPrimes;
use layer_crypto::{AuthKey, TmpKey};
use layer_mtproto::Now;
use layer_mtproto::exchange::{Agreed, Config, Exchange, Step};
use layer_mtproto::wire::message::PlainMessage;
use layer_sandbox::exchange::{self as server, AwaitingReqPq, Generated, Outcome, Terms};
use layer_sandbox::keys::well_known_key;
use layer_tl_types::{Cursor, Deserializable, Serializable, enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// When all of it takes place, in unix seconds.
pub const UNIX: i64 = 1_700_000_000;

/// The same for the client.
pub const NOW: Now =
    Now { monotonic: Duration::from_secs(1000), wall: Duration::from_secs(UNIX as u64) };

pub struct Recorded {
    /// The client before each of the server's replies.
    pub clients: [Exchange; 3],
    /// The server's replies, plain objects.
    pub replies: [Vec<u8>; 3],
    /// In place of the last reply.
    pub retry: Vec<u8>,
    pub fail: Vec<u8>,
    /// The client's queries, plain objects.
    pub queries: [Vec<u8>; 3],
    /// What is encrypted in the second and third of them, and in the second reply.
    pub inner_data: Vec<u8>,
    pub client_inner: Vec<u8>,
    pub server_inner: Vec<u8>,
    pub nonce: [u8; 16],
    pub server_nonce: [u8; 16],
    pub new_nonce: [u8; 32],
    /// The server before the second and the third query.
    pub awaiting_dh_params: server::AwaitingDhParams,
    pub awaiting_client_dh: server::AwaitingClientDh,
    pub agreed: Agreed,
}

/// The exchange.
pub fn recorded() -> &'static Recorded {
    static RECORDED: LazyLock<Recorded> = LazyLock::new(record);
    &RECORDED
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn terms() -> &'static Terms {
    static TERMS: LazyLock<Terms> = LazyLock::new(|| Terms::new(well_known_key()));
    &TERMS
}

pub fn config() -> Config {
    Config::new(vec![well_known_key().public().clone()], 2)
}

/// A plain message of the server.
pub fn plain(body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PlainMessage { msg_id: UNIX << 32 | 1, body }.write(&mut packet);
    packet
}

impl Recorded {
    pub fn tmp_key(&self) -> TmpKey {
        TmpKey::derive(&self.new_nonce, &self.server_nonce)
    }

    /// `server_DH_params_ok` around anything.
    pub fn dh_params(&self, inner: &[u8]) -> Vec<u8> {
        let (nonce, server_nonce) = (self.nonce, self.server_nonce);
        let encrypted_answer = self.tmp_key().seal(inner, &mut rng(7));
        let params = types::ServerDhParamsOk { nonce, server_nonce, encrypted_answer };
        enums::ServerDhParams::Ok(params).to_bytes()
    }
}

fn record() -> Recorded {
    let mut rng = rng(1);
    let (first, query) = sent(Exchange::begin(config(), KnownPrimes::new(), NOW, &mut rng));
    let req_pq: functions::ReqPqMulti = read(&query);
    let (res_pq, awaiting_dh_params) = AwaitingReqPq.handle(req_pq.nonce, terms(), &mut rng);
    let (nonce, server_nonce) = (res_pq.nonce, res_pq.server_nonce);
    let res_pq = enums::ResPq::Pq(res_pq).to_bytes();

    let (second, query_2) = answered(&first, &res_pq);
    let req_dh_params: functions::ReqDhParams = read(&query_2);
    let unpadded = well_known_key().decrypt(&req_dh_params.encrypted_data).expect("our key");
    let mut cursor = Cursor::new(unpadded.data());
    let Ok(enums::PQInnerData::Dc(inner)) = Deserializable::deserialize(&mut cursor) else {
        panic!("the form that names a data centre")
    };
    let inner_data = unpadded.data()[..cursor.position()].to_vec();
    let (server_inner, awaiting_client_dh) = awaiting_dh_params
        .clone()
        .handle(req_dh_params, terms(), UNIX, &mut rng)
        .expect("a good query");
    let server_inner = enums::ServerDhInnerData::Data(server_inner).to_bytes();
    let dh_params = awaiting_client_dh.seal(&server_inner, &mut rng).to_bytes();

    let (third, query_3) = answered(&second, &dh_params);
    let client_dh: functions::SetClientDhParams = read(&query_3);
    let tmp_key = TmpKey::derive(&inner.new_nonce, &server_nonce);
    let opened = tmp_key.open(&client_dh.encrypted_data).expect("whole blocks");
    let mut cursor = Cursor::new(opened.data());
    enums::ClientDhInnerData::deserialize(&mut cursor).expect("as the client made it");
    let client_inner = opened.data()[..cursor.position()].to_vec();
    let generated = Box::new(awaiting_client_dh.clone()).handle(client_dh, Outcome::Ok);
    let Ok(Generated::Ok(ok, theirs)) = generated else { panic!("a good query") };
    let dh_gen_ok = enums::SetClientDhParamsAnswer::DhGenOk(ok).to_bytes();

    let last = third.clone().handle_packet(&plain(&dh_gen_ok), NOW, &mut rng);
    let Ok(Step::Done { agreed, .. }) = last else { panic!("a good reply: {last:?}") };
    assert_eq!(agreed.auth_key, theirs.key);

    let hash = |answer| agreed.auth_key.new_nonce_hash(&inner.new_nonce, answer);
    let new_nonce_hash2 = hash(DhAnswer::Retry);
    let retry = types::DhGenRetry { nonce, server_nonce, new_nonce_hash2 };
    let fail = types::DhGenFail { nonce, server_nonce, new_nonce_hash3: hash(DhAnswer::Fail) };
    Recorded {
        clients: [first, second, third],
        replies: [res_pq, dh_params, dh_gen_ok],
        retry: enums::SetClientDhParamsAnswer::DhGenRetry(retry).to_bytes(),
        fail: enums::SetClientDhParamsAnswer::DhGenFail(fail).to_bytes(),
        queries: [query, query_2, query_3].map(|packet| body(&packet).to_vec()),
        inner_data,
        client_inner,
        server_inner,
        nonce,
        server_nonce,
        new_nonce: inner.new_nonce,
        awaiting_dh_params,
        awaiting_client_dh,
        agreed,
    }
}

/// What a client says to a good reply.
fn answered(client: &Exchange, reply: &[u8]) -> (Exchange, Vec<u8>) {
    let mut rng = rng(2);
    let step = client.clone().handle_packet(&plain(reply), NOW, &mut rng);
    let Ok(Step::Work(work)) = step else { panic!("a good reply: {step:?}") };
    sent(work.run(NOW, &mut rng).expect("good numbers"))
}

fn sent(step: Step) -> (Exchange, Vec<u8>) {
    let Step::Send { exchange, packet } = step else { panic!("to be sent: {step:?}") };
    (exchange, packet)
}

fn body(packet: &[u8]) -> &[u8] {
    PlainMessage::read(packet).expect("a plain message").body
}

/// The query in a client's packet.
fn read<Q: Deserializable>(packet: &[u8]) -> Q {
    Q::from_bytes(&body(packet)[4..]).expect("a query of ours")
}

/// A key that both ends have agreed, and that costs nothing.
pub fn key(seed: u8) -> AuthKey {
    AuthKey::from_bytes(&std::array::from_fn(|at| seed.wrapping_add(at as u8)))
}
