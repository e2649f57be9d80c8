//! One call under a key that was just agreed, for a program that asks one thing and leaves.
//!
//! It knows what can come between a call and its answer right after key agreement: a new session,
//! another salt, containers and packed objects. It keeps no session alive and asks for nothing by
//! itself.

use std::time::Duration;

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
use layer_tl_types::{Deserializable, Identifiable, Serializable, enums, types};
use layer_wire::gzip;
use layer_wire::message::{Content, Message};
use rand_core::CryptoRng;

use crate::Now;
use crate::exchange::Agreed;
use crate::ids::MsgIds;

mod error;

pub use error::QueryError;

/// How often the call is sent again because of another salt or a session that began after it.
pub const MOST_RESENDS: u32 = 5;
/// How many messages may come before the answer.
pub const MOST_MESSAGES: usize = 4096;
/// How far a message of the server may lie behind and before its time, in seconds.
const WINDOW: std::ops::RangeInclusive<i64> = -300..=30;

/// A call that waits for its answer.
///
/// ```
/// # use std::time::Duration;
/// # use layer_crypto::{AuthKey, envelope::{self, Draft, Header, Padding, Side}};
/// # use layer_mtproto::{Now, exchange::Agreed, query::Query};
/// # use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// # let now = Now { monotonic: Duration::ZERO, wall: Duration::from_secs(1_700_000_000) };
/// # let auth_key = AuthKey::from_bytes(&[7; 256]);
/// # let agreed =
/// #     Agreed { auth_key: auth_key.clone(), first_salt: 1, time_offset: 0, expires_at: None };
/// # let sent_and_answered = |mut packet: Vec<u8>| -> Result<Vec<u8>, Box<dyn std::error::Error>> {
/// #     let opened = envelope::open(&auth_key, Side::Client, &mut packet)?;
/// #     let Header { session_id, msg_id, .. } = opened.header;
/// #     let pong = enums::Pong::Pong(types::Pong { msg_id, ping_id: 5 });
/// #     let mut answer = Vec::new();
/// #     let header = Header { salt: 1, session_id, msg_id: msg_id | 1, seq_no: 0 };
/// #     let draft = Draft::begin(&mut answer, &header);
/// #     layer_mtproto::wire::message::write_rpc_result(msg_id, &pong.to_bytes(), &mut answer);
/// #     draft.finish(&mut answer, Padding::Minimal, &mut ChaCha20Rng::seed_from_u64(2))?;
/// #     envelope::seal(&auth_key, Side::Server, &mut answer)?;
/// #     Ok(answer)
/// # };
/// let call = functions::Ping { ping_id: 5 }.to_bytes();
/// let (mut query, packet) = Query::begin(&agreed, call, now, &mut rng)?;
/// let mut packet = sent_and_answered(packet)?;
/// let progress = query.handle_packet(&mut packet, now, &mut rng)?;
/// let enums::Pong::Pong(pong) = enums::Pong::from_bytes(&progress.answer.expect("the answer"))?;
/// assert_eq!(pong.ping_id, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Query {
    key: AuthKey,
    salt: i64,
    session_id: i64,
    time_offset: i64,
    ids: MsgIds,
    /// Messages sent so far that ask for an acknowledgement.
    content_related: i32,
    call: Vec<u8>,
    /// The identifiers under which the call was sent.
    sent: Vec<i64>,
    seen: Vec<i64>,
    acks: Vec<i64>,
    resend: bool,
    answer: Option<Vec<u8>>,
}

/// What a packet has brought about.
#[derive(Default)]
pub struct Progress {
    /// Packets to be sent, in this order, also if the answer is there.
    pub send: Vec<Vec<u8>>,
    /// What the call answered, unpacked, with its constructor; `None` while it has not.
    pub answer: Option<Vec<u8>>,
}

impl Query {
    /// Opens a session and makes the call (a function with its constructor): the state to go on
    /// from, and the packet to send.
    ///
    /// # Errors
    /// [`QueryError::Seal`], if the call is not whole words or beyond 16 MiB.
    pub fn begin(
        agreed: &Agreed,
        call: Vec<u8>,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Vec<u8>), QueryError> {
        let mut session_id = [0; 8];
        rng.fill_bytes(&mut session_id);
        let mut query = Self {
            key: agreed.auth_key.clone(),
            salt: agreed.first_salt,
            session_id: i64::from_le_bytes(session_id),
            time_offset: agreed.time_offset,
            ids: MsgIds::default(),
            content_related: 0,
            call,
            sent: Vec::new(),
            seen: Vec::new(),
            acks: Vec::new(),
            resend: false,
            answer: None,
        };
        let packet = query.send_call(now, rng)?;
        Ok((query, packet))
    }

    /// Takes a packet that came over the connection, out of its frame, and decrypts it in place.
    ///
    /// # Errors
    /// [`QueryError::Rpc`] is the server's answer to the call. After any other error the connection
    /// is best closed.
    pub fn handle_packet(
        &mut self,
        packet: &mut [u8],
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<Progress, QueryError> {
        let len = envelope::without_tail(packet.len());
        let packet = packet.get_mut(..len).unwrap_or_default();
        let opened = envelope::open(&self.key, Side::Server, packet)?;
        let Header { session_id, msg_id, seq_no, .. } = opened.header;
        if session_id != self.session_id {
            return Err(QueryError::OtherSession);
        }
        let message = Message { msg_id, seq_no, body: opened.body_of(packet) };
        self.take(message, now, |body| Content::read(body))?;

        let mut send = Vec::new();
        if !self.acks.is_empty() {
            send.push(self.send_acks(now, rng)?);
        }
        if std::mem::take(&mut self.resend) && self.answer.is_none() {
            send.push(self.send_call(now, rng)?);
        }
        Ok(Progress { send, answer: self.answer.take() })
    }

    fn take(&mut self, message: Message<'_>, now: Now, read: Read) -> Result<(), QueryError> {
        let Message { msg_id, seq_no, body } = message;
        let in_time = WINDOW.contains(&((msg_id >> 32).saturating_sub(self.server_time(now))));
        if msg_id & 1 == 0 || !in_time {
            return Err(QueryError::MsgId { msg_id });
        }
        if seq_no & 1 == 1 {
            // Also for what came before: the acknowledgement may have been lost.
            self.acks.push(msg_id);
        }
        if self.seen.contains(&msg_id) {
            return Ok(());
        }
        if self.seen.len() >= MOST_MESSAGES {
            return Err(QueryError::TooManyMessages { most: MOST_MESSAGES });
        }
        self.seen.push(msg_id);
        match read(body)? {
            Content::Packed(data) => {
                let body = gzip::unpack(data, gzip::MAX_UNPACKED)?;
                self.take_content(read(&body)?, now)
            }
            content => self.take_content(content, now),
        }
    }

    fn take_content(&mut self, content: Content<'_>, now: Now) -> Result<(), QueryError> {
        match content {
            Content::Container(messages) => {
                for message in messages {
                    self.take(message, now, |body| Content::read_inner(body))?;
                }
                Ok(())
            }
            Content::Copy(message) => self.take(message, now, |body| Content::read_inner(body)),
            Content::RpcResult { req_msg_id, result } => self.take_result(req_msg_id, result),
            Content::Object { id, bytes } => self.take_service(id, bytes),
            // A packed object in a packed one is refused where it is unpacked.
            Content::Packed(_) => Ok(()),
        }
    }

    fn take_result(&mut self, req_msg_id: i64, result: &[u8]) -> Result<(), QueryError> {
        if !self.sent.contains(&req_msg_id) {
            return Ok(());
        }
        let result = gzip::unpack_object(result, gzip::MAX_UNPACKED)?;
        if result.starts_with(&types::RpcError::CONSTRUCTOR_ID.to_le_bytes()) {
            let enums::RpcError::Error(error) = enums::RpcError::from_bytes(&result)?;
            return Err(QueryError::Rpc { code: error.error_code, name: error.error_message });
        }
        self.answer = Some(result.into_owned());
        Ok(())
    }

    fn take_service(&mut self, id: u32, object: &[u8]) -> Result<(), QueryError> {
        match id {
            types::NewSessionCreated::CONSTRUCTOR_ID => {
                let enums::NewSession::Created(new) = enums::NewSession::from_bytes(object)?;
                self.salt = new.server_salt;
                // What was sent before the session began is unknown in it.
                self.resend |= self.sent.iter().all(|sent| *sent < new.first_msg_id);
            }
            types::BadServerSalt::CONSTRUCTOR_ID | types::BadMsgNotification::CONSTRUCTOR_ID => {
                match enums::BadMsgNotification::from_bytes(object)? {
                    enums::BadMsgNotification::BadServerSalt(bad) => {
                        self.salt = bad.new_server_salt;
                        self.resend |= self.sent.contains(&bad.bad_msg_id);
                    }
                    enums::BadMsgNotification::Notification(bad)
                        if self.sent.contains(&bad.bad_msg_id) =>
                    {
                        return Err(QueryError::BadMessage { code: bad.error_code });
                    }
                    enums::BadMsgNotification::Notification(_) => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn send_call(&mut self, now: Now, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, QueryError> {
        if self.sent.len() > MOST_RESENDS as usize {
            return Err(QueryError::TooManyResends { most: MOST_RESENDS });
        }
        let msg_id = self.ids.next(Duration::from_secs(self.server_time(now).max(0) as u64));
        self.sent.push(msg_id);
        let seq_no = self.content_related * 2 + 1;
        self.content_related += 1;
        let call = self.call.clone();
        self.seal(msg_id, seq_no, &call, rng)
    }

    fn send_acks(&mut self, now: Now, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, QueryError> {
        let msg_ids = std::mem::take(&mut self.acks);
        let acks = enums::MsgsAck::Ack(types::MsgsAck { msg_ids }).to_bytes();
        let msg_id = self.ids.next(Duration::from_secs(self.server_time(now).max(0) as u64));
        self.seal(msg_id, self.content_related * 2, &acks, rng)
    }

    fn seal(
        &self,
        msg_id: i64,
        seq_no: i32,
        body: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, QueryError> {
        let header = Header { salt: self.salt, session_id: self.session_id, msg_id, seq_no };
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, &header);
        packet.extend_from_slice(body);
        draft.finish(&mut packet, Padding::Buckets, rng)?;
        envelope::seal(&self.key, Side::Client, &mut packet)?;
        Ok(packet)
    }

    fn server_time(&self, now: Now) -> i64 {
        i64::try_from(now.wall.as_secs()).unwrap_or(i64::MAX).saturating_add(self.time_offset)
    }
}

type Read = for<'a> fn(&'a [u8]) -> Result<Content<'a>, layer_wire::message::MessageError>;

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let call = self.call.first_chunk().map_or(0, |id| u32::from_le_bytes(*id));
        f.debug_struct("Query")
            .field("key", &self.key)
            .field("call", &format_args!("{call:08x}"))
            .field("sent", &self.sent.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress")
            .field("send", &self.send.len())
            .field("answer", &self.answer.as_ref().map(Vec::len))
            .finish()
    }
}
