//! Just enough of a client to talk to the server's half, made from the cryptography and the types alone.

use layer_crypto::auth_key::{DhAnswer, first_salt};
use layer_crypto::dh::{Group, KnownPrimes, Secret};
use layer_crypto::rsa::PublicKey;
use layer_crypto::{AuthKey, TmpKey, factorize};
use layer_sandbox::exchange::{Answer, Exchange, ExchangeError, Terms};
use layer_sandbox::keys::well_known_key;
use layer_tl_types::{Cursor, Deserializable, Serializable, enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// When all tests take place, in unix seconds.
pub(crate) const NOW: i64 = 1_700_000_000;

/// How a client agrees a key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dialect {
    /// `req_pq` and not `req_pq_multi`.
    pub(crate) single: bool,
    /// The old padding and not RSA_PAD.
    pub(crate) legacy: bool,
    pub(crate) dc: Option<i32>,
    pub(crate) expires_in: Option<i32>,
}

impl Dialect {
    /// All that a server has to take.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let dcs = [None, Some(2), Some(10_002), Some(-4)];
        [false, true].into_iter().flat_map(move |single| {
            [false, true].into_iter().flat_map(move |legacy| {
                dcs.into_iter().flat_map(move |dc| {
                    let lives = [None, Some(86_400)];
                    lives.map(move |expires_in| Self { single, legacy, dc, expires_in })
                })
            })
        })
    }
}

/// The four forms have their first six fields in common.
pub(crate) type InnerData = types::PQInnerDataTempDc;

/// A client in the midst of an exchange, and its server.
pub(crate) struct Scene {
    pub(crate) server: Exchange,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) now: i64,
    pub(crate) dialect: Dialect,
    pub(crate) nonce: [u8; 16],
    pub(crate) new_nonce: [u8; 32],
    pub(crate) public: PublicKey,
    pub(crate) res_pq: Option<types::ResPq>,
    pub(crate) dh: Option<types::ServerDhInnerData>,
}

/// What a client ends with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) key: AuthKey,
    pub(crate) salt: i64,
}

impl Scene {
    pub(crate) fn new(seed: u64, dialect: Dialect) -> Self {
        Self::with(seed, dialect, Terms::new(well_known_key()))
    }

    pub(crate) fn with(seed: u64, dialect: Dialect, terms: Terms) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (mut nonce, mut new_nonce) = ([0; 16], [0; 32]);
        rng.fill_bytes(&mut nonce);
        rng.fill_bytes(&mut new_nonce);
        let public = terms.key.public().clone();
        let server = Exchange::new(terms);
        Self { server, rng, now: NOW, dialect, nonce, new_nonce, public, res_pq: None, dh: None }
    }

    pub(crate) fn ask(&mut self, query: &[u8]) -> Result<Answer, ExchangeError> {
        self.server.handle(query, self.now, &mut self.rng)
    }

    /// Has `resPQ`.
    pub(crate) fn begun(mut self) -> Self {
        let answer = self.ask(&self.req_pq()).unwrap();
        self.read_res_pq(&answer.body);
        self
    }

    /// Has `server_DH_params_ok`.
    pub(crate) fn halfway(self) -> Self {
        let mut scene = self.begun();
        let query = scene.req_dh_params(|_| {});
        let answer = scene.ask(&query.to_bytes()).unwrap();
        scene.read_dh_params(&answer.body);
        scene
    }

    pub(crate) fn req_pq(&self) -> Vec<u8> {
        let nonce = self.nonce;
        match self.dialect.single {
            true => functions::ReqPq { nonce }.to_bytes(),
            false => functions::ReqPqMulti { nonce }.to_bytes(),
        }
    }

    pub(crate) fn read_res_pq(&mut self, body: &[u8]) {
        let enums::ResPq::Pq(res_pq) = enums::ResPq::from_bytes(body).unwrap();
        assert_eq!(res_pq.nonce, self.nonce);
        assert_eq!(res_pq.server_public_key_fingerprints, [self.public.fingerprint()]);
        self.res_pq = Some(res_pq);
    }

    pub(crate) fn server_nonce(&self) -> [u8; 16] {
        self.res_pq.as_ref().unwrap().server_nonce
    }

    pub(crate) fn factors(&self) -> (Vec<u8>, Vec<u8>) {
        let pq = &self.res_pq.as_ref().unwrap().pq;
        let pq = pq.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let (p, q) = factorize(pq).unwrap();
        let minimal =
            |number: u64| number.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
        (minimal(p), minimal(q))
    }

    /// The query, its inner data altered before it is encrypted.
    pub(crate) fn req_dh_params(
        &mut self,
        alter: impl FnOnce(&mut InnerData),
    ) -> functions::ReqDhParams {
        let (p, q) = self.factors();
        let (nonce, server_nonce) = (self.nonce, self.server_nonce());
        let pq = self.res_pq.as_ref().unwrap().pq.clone();
        let new_nonce = self.new_nonce;
        let Dialect { dc, expires_in, .. } = self.dialect;
        let (dc_sent, expires) = (dc.unwrap_or_default(), expires_in.unwrap_or_default());
        let mut sent = InnerData {
            pq,
            p: p.clone(),
            q: q.clone(),
            nonce,
            server_nonce,
            new_nonce,
            dc: dc_sent,
            expires_in: expires,
        };
        alter(&mut sent);
        let InnerData { pq, p: inner_p, q: inner_q, nonce: inner_nonce, .. } = sent.clone();
        let InnerData { server_nonce: inner_server_nonce, new_nonce, .. } = sent;
        macro_rules! form {
            ($form:ident { $($field:ident),* }) => {
                enums::PQInnerData::from(types::$form {
                    pq,
                    p: inner_p,
                    q: inner_q,
                    nonce: inner_nonce,
                    server_nonce: inner_server_nonce,
                    new_nonce,
                    $($field: sent.$field),*
                })
            };
        }
        let inner = match (dc, expires_in) {
            (None, None) => form!(PQInnerData {}),
            (Some(_), None) => form!(PQInnerDataDc { dc }),
            (None, Some(_)) => form!(PQInnerDataTemp { expires_in }),
            (Some(_), Some(_)) => form!(PQInnerDataTempDc { dc, expires_in }),
        };
        let encrypted_data = self.encrypt(&inner.to_bytes());
        let public_key_fingerprint = self.public.fingerprint();
        functions::ReqDhParams { nonce, server_nonce, p, q, public_key_fingerprint, encrypted_data }
    }

    pub(crate) fn encrypt(&mut self, data: &[u8]) -> Vec<u8> {
        let encrypted = match self.dialect.legacy {
            true => self.public.encrypt_legacy(data, &mut self.rng),
            false => self.public.encrypt(data, &mut self.rng),
        };
        encrypted.unwrap().to_vec()
    }

    pub(crate) fn tmp_key(&self) -> TmpKey {
        TmpKey::derive(&self.new_nonce, &self.server_nonce())
    }

    pub(crate) fn read_dh_params(&mut self, body: &[u8]) {
        let params = enums::ServerDhParams::from_bytes(body).unwrap();
        let enums::ServerDhParams::Ok(params) = params else { panic!("{params:?}") };
        assert_eq!((params.nonce, params.server_nonce), (self.nonce, self.server_nonce()));
        let opened = self.tmp_key().open(&params.encrypted_answer).unwrap();
        let mut cursor = Cursor::new(opened.data());
        let inner = enums::ServerDhInnerData::deserialize(&mut cursor).unwrap();
        opened.check(cursor.position()).unwrap();
        let enums::ServerDhInnerData::Data(inner) = inner;
        assert_eq!((inner.nonce, inner.server_nonce), (self.nonce, self.server_nonce()));
        self.dh = Some(inner);
    }

    pub(crate) fn secret(&mut self) -> Secret {
        let dh = self.dh.as_ref().unwrap();
        let mut primes = KnownPrimes::new();
        let group = Group::check(dh.g, &dh.dh_prime, &mut primes, &mut self.rng).unwrap();
        Secret::generate(&group, &mut self.rng)
    }

    /// The query, its inner data altered before it is encrypted.
    pub(crate) fn set_client_dh(
        &mut self,
        secret: &Secret,
        retry_id: i64,
        alter: impl FnOnce(&mut types::ClientDhInnerData),
    ) -> functions::SetClientDhParams {
        let (nonce, server_nonce) = (self.nonce, self.server_nonce());
        let g_b = secret.public().to_vec();
        let mut inner = types::ClientDhInnerData { nonce, server_nonce, retry_id, g_b };
        alter(&mut inner);
        let inner = enums::ClientDhInnerData::Data(inner).to_bytes();
        let encrypted_data = self.tmp_key().seal(&inner, &mut self.rng);
        functions::SetClientDhParams { nonce, server_nonce, encrypted_data }
    }

    /// The key as the client has it.
    pub(crate) fn key(&self, secret: &Secret) -> Key {
        let key = secret.shared(&self.dh.as_ref().unwrap().g_a).unwrap();
        Key { key, salt: first_salt(&self.new_nonce, &self.server_nonce()) }
    }

    /// Checks an answer to `set_client_DH_params` and its hash; says which it is.
    pub(crate) fn read_dh_gen(&self, body: &[u8], key: &AuthKey) -> DhAnswer {
        use enums::SetClientDhParamsAnswer::{DhGenFail, DhGenOk, DhGenRetry};
        let (answer, nonce, server_nonce, hash) =
            match enums::SetClientDhParamsAnswer::from_bytes(body).unwrap() {
                DhGenOk(ok) => (DhAnswer::Ok, ok.nonce, ok.server_nonce, ok.new_nonce_hash1),
                DhGenRetry(retry) => {
                    (DhAnswer::Retry, retry.nonce, retry.server_nonce, retry.new_nonce_hash2)
                }
                DhGenFail(fail) => {
                    (DhAnswer::Fail, fail.nonce, fail.server_nonce, fail.new_nonce_hash3)
                }
            };
        assert_eq!((nonce, server_nonce), (self.nonce, self.server_nonce()));
        assert_eq!(hash, key.new_nonce_hash(&self.new_nonce, answer));
        answer
    }
}
