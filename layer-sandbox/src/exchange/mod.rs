//! The server's half of key agreement (core mtproto/auth_key): plain queries in, plain answers out.
//!
//! [`Exchange`] is what a connection keeps: it knows which message is awaited, answers a query that
//! comes again as it did the first time, and starts over with every new `req_pq`. The steps are in
//! `stages`, one struct per awaited message. What clients of the field send is all taken: `req_pq` and
//! `req_pq_multi`, the four forms of `p_q_inner_data`, both paddings.

mod error;
mod inner_data;
mod pq;
mod query;
mod reply;
mod stages;

use std::collections::VecDeque;
use std::sync::Arc;

use layer_crypto::AuthKey;
use layer_crypto::dh::Group;
use layer_crypto::hash::sha256;
use layer_crypto::rsa::PrivateKey;
use layer_tl_types::Cursor;
use rand_core::CryptoRng;

pub use error::ExchangeError;
use query::Query;
pub use reply::Reply;
pub use stages::{AwaitingClientDh, AwaitingDhParams, AwaitingReqPq, Generated};

/// How long a stage is remembered, in seconds.
pub const STAGE_SECONDS: i64 = 600;

/// Answers remembered for queries that come again; a regular exchange has three.
const ANSWERS: usize = 8;

/// On what the server agrees.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The key whose fingerprint `resPQ` lists.
    pub key: Arc<PrivateKey>,
    /// The group of the Diffie-Hellman step.
    pub group: Group,
    /// The data centre that a client must name where it names one: its id, plus 10000 for test; the sign,
    /// which tells media-only connections, is not looked at. `None` takes any.
    pub dc: Option<i32>,
    /// Whether random bytes follow the answers' objects, as they do on Telegram's servers.
    pub tail: bool,
}

impl Terms {
    /// The well-known group, any data centre, random tails.
    pub fn new(key: Arc<PrivateKey>) -> Self {
        Self { key, group: Group::well_known(), dc: None, tail: true }
    }
}

/// How an otherwise good `set_client_DH_params` ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// `dh_gen_ok`: the key is agreed.
    #[default]
    Ok,
    /// `dh_gen_retry`: the client shall come with another g_b.
    Retry,
    /// `dh_gen_fail`: the client shall start over.
    Fail,
}

/// What a finished exchange has agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The authorization key.
    pub key: AuthKey,
    /// The key's first server salt.
    pub salt: i64,
    /// The data centre that the client named, as it named it (test: plus 10000, media-only: negative).
    pub dc: Option<i32>,
    /// When a temporary key expires, in unix seconds; `None` for a permanent one.
    pub expires_at: Option<i64>,
}

/// An answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The body of the plain message: an object, and random bytes behind it if the terms say so.
    pub body: Vec<u8>,
    /// The key, if this answer is the `dh_gen_ok` that agrees it. Not set when the same answer is given again.
    pub agreed: Option<Agreed>,
}

/// The server's side of key agreement on one connection.
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_sandbox::exchange::{Exchange, Terms};
/// use layer_tl_types::{Deserializable, Serializable, enums, functions};
///
/// let mut server = Exchange::new(Terms::new(layer_sandbox::keys::well_known_key()));
/// let query = functions::ReqPqMulti { nonce: [7; 16] };
/// let answer = server.handle(&query.to_bytes(), 1_700_000_000, &mut rng)?;
/// let enums::ResPq::Pq(res_pq) = enums::ResPq::from_bytes(&answer.body)?;
/// assert_eq!(res_pq.nonce, [7; 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Exchange {
    terms: Terms,
    stage: Stage,
    started: i64,
    answered: VecDeque<Answered>,
    outcomes: VecDeque<Outcome>,
    alter: Option<Alter>,
}

type Alter = Box<dyn FnMut(&mut Reply) + Send>;

/// What is awaited; a new `req_pq` always is.
enum Stage {
    ReqPq,
    DhParams(Box<AwaitingDhParams>),
    ClientDh(Box<AwaitingClientDh>),
}

struct Answered {
    query: [u8; 32],
    body: Vec<u8>,
}

impl Exchange {
    /// Awaits a first query.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            stage: Stage::ReqPq,
            started: 0,
            answered: VecDeque::new(),
            outcomes: VecDeque::new(),
            alter: None,
        }
    }

    /// From now on clients that name a data centre must name this one.
    pub(crate) fn set_dc(&mut self, dc: i32) {
        self.terms.dc = Some(dc);
    }

    /// Decides how the next good `set_client_DH_params` end, in order; all further ones end well.
    pub fn plan(&mut self, outcomes: impl IntoIterator<Item = Outcome>) {
        self.outcomes.extend(outcomes);
    }

    /// Lets a test alter every answer before it is written.
    pub fn alter_with(&mut self, alter: impl FnMut(&mut Reply) + Send + 'static) {
        self.alter = Some(Box::new(alter));
    }

    /// Answers the body of a plain message. `now` is in unix seconds.
    ///
    /// What follows the query's object is ignored; some clients pad.
    ///
    /// # Errors
    /// Which check failed, for our own log: the client is told no more than
    /// [`ExchangeError::for_peer`]. It has to start over.
    pub fn handle(
        &mut self,
        query: &[u8],
        now: i64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Answer, ExchangeError> {
        let answer = self.answer(query, now, rng);
        if answer.is_err() {
            self.stage = Stage::ReqPq;
            self.answered.clear();
        }
        answer
    }

    fn answer(
        &mut self,
        query: &[u8],
        now: i64,
        rng: &mut dyn CryptoRng,
    ) -> Result<Answer, ExchangeError> {
        let mut cursor = Cursor::new(query);
        let parsed = Query::read(&mut cursor)?;
        if now - self.started > STAGE_SECONDS {
            self.answered.clear();
            if let (Stage::DhParams(_) | Stage::ClientDh(_), false) = (&self.stage, parsed.starts())
            {
                return Err(ExchangeError::Expired);
            }
        }
        let (object, _) = query.split_at_checked(cursor.position()).unwrap_or_default();
        let digest = sha256(&[object]);
        if let Some(known) = self.answered.iter().find(|answered| answered.query == digest) {
            return Ok(Answer { body: known.body.clone(), agreed: None });
        }

        let mut agreed = None;
        let mut body = match (parsed, std::mem::replace(&mut self.stage, Stage::ReqPq)) {
            (Query::ReqPq(nonce), _) => {
                self.answered.clear();
                self.started = now;
                let (res_pq, next) = AwaitingReqPq.handle(nonce, &self.terms, rng);
                self.stage = Stage::DhParams(Box::new(next));
                self.write(Reply::ResPq(res_pq))
            }
            (Query::DhParams(query), Stage::DhParams(stage)) => {
                let (inner, next) = stage.handle(query, &self.terms, now, rng)?;
                let inner = self.write(Reply::ServerDhInnerData(inner));
                let params = next.seal(&inner, rng);
                self.stage = Stage::ClientDh(Box::new(next));
                self.write(Reply::ServerDhParams(params))
            }
            (Query::ClientDh(query), Stage::ClientDh(stage)) => {
                let outcome = self.outcomes.pop_front().unwrap_or_default();
                let answer = match stage.handle(query, outcome)? {
                    Generated::Ok(answer, key) => {
                        self.answered.clear();
                        agreed = Some(*key);
                        answer.into()
                    }
                    Generated::Retry(answer, stage) => {
                        self.stage = Stage::ClientDh(stage);
                        answer.into()
                    }
                    Generated::Fail(answer) => {
                        self.answered.clear();
                        answer.into()
                    }
                };
                self.write(Reply::ClientDhAnswer(answer))
            }
            (query, _) => return Err(ExchangeError::Unexpected { query: query.name() }),
        };
        if self.terms.tail {
            random_tail(&mut body, rng);
        }
        if self.answered.len() >= ANSWERS {
            self.answered.pop_front();
        }
        self.answered.push_back(Answered { query: digest, body: body.clone() });
        Ok(Answer { body, agreed })
    }

    /// The bytes of a reply, altered if a test wants so.
    fn write(&mut self, mut reply: Reply) -> Vec<u8> {
        if let Some(alter) = &mut self.alter {
            alter(&mut reply);
        }
        reply.to_bytes()
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let awaits = match self.stage {
            Stage::ReqPq => "req_pq",
            Stage::DhParams(_) => "req_DH_params",
            Stage::ClientDh(_) => "set_client_DH_params",
        };
        f.debug_struct("Exchange").field("awaits", &awaits).finish_non_exhaustive()
    }
}

/// Up to 256 random bytes in whole words.
fn random_tail(body: &mut Vec<u8>, rng: &mut dyn CryptoRng) {
    let mut tail = [0; 256];
    rng.fill_bytes(&mut tail);
    let [words, ..] = tail;
    body.extend(tail.into_iter().take(4 * usize::from(words % 64)));
}
