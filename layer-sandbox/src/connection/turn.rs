//! One packet's turn: its messages are checked, taken apart, and answered (core mtproto/description and
//! mtproto/service_messages_about_messages).
//!
//! Sequence numbers are not checked here yet.

use std::collections::BTreeSet;
use std::time::Duration;

use layer_crypto::envelope::Header;
use layer_tl_types::{Serializable, enums, types};
use layer_wire::gzip;
use layer_wire::message::{Content, MSG_CONTAINER, Message, write_rpc_result};
use rand_core::CryptoRng;

use super::outbox::Outgoing;
use super::{MAX_PACKET, bind};
use crate::World;
use crate::router::{self, Caller, Reply, RpcError};
use crate::session::{Answer, Arrival, Session};
use crate::world::Said;

/// How many seconds a message's identifier may lie behind or before the server's clock.
const BEHIND: i64 = 300;
const BEFORE: i64 = 30;

/// The codes of `bad_msg_notification` and `bad_server_salt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    TooLow = 16,
    TooHigh = 17,
    LowBits = 18,
    TooOld = 20,
    Salt = 48,
    Container = 64,
}

/// All that answering one packet takes.
pub(super) struct Turn<'a> {
    pub(super) world: &'a mut World,
    pub(super) rng: &'a mut dyn CryptoRng,
    pub(super) caller: Caller,
    pub(super) session: Session,
    /// The session has not begun yet: nothing good has come in it.
    is_new: bool,
    connection: u64,
    salt: i64,
    out: Vec<Outgoing>,
    acks: Vec<i64>,
    /// Queries whose answers went out in this turn: once is enough, however often it is asked for.
    answered: BTreeSet<i64>,
    /// Bytes that were unpacked.
    unpacked: usize,
    pub(super) disconnect_at: Option<Duration>,
    /// The key is to be forgotten once this packet is answered.
    pub(super) forget_key: bool,
}

/// What a packed object that is refused counts for: as much as is unpacked of a small one before its
/// ratio tells against it.
const COST_OF_REFUSED: usize = 1 << 20;

impl<'a> Turn<'a> {
    /// Takes the session out of the world, until [`Turn::end`].
    pub(super) fn new(
        caller: Caller,
        (salt, connection): (i64, u64),
        disconnect_at: Option<Duration>,
        world: &'a mut World,
        rng: &'a mut dyn CryptoRng,
    ) -> Self {
        let session = world.sessions.take(caller.key_id, caller.session_id);
        Self {
            world,
            rng,
            caller,
            is_new: session.is_none(),
            session: session.unwrap_or_default(),
            connection,
            salt,
            out: Vec::new(),
            acks: Vec::new(),
            answered: BTreeSet::new(),
            unpacked: 0,
            disconnect_at,
            forget_key: false,
        }
    }

    /// Puts the session back. Returns what is to be sent, and when the connection is to be closed.
    pub(super) fn end(self) -> (Vec<Outgoing>, Option<Duration>) {
        let Caller { key_id, session_id, .. } = self.caller;
        // A session in which nothing good has come yet is none.
        if !self.is_new {
            self.world.sessions.put(key_id, session_id, self.session);
        }
        if self.forget_key {
            self.world.forget_key(key_id);
        }
        self.out.iter().for_each(|message| self.world.tally.sent(&message.body));
        (self.out, self.disconnect_at)
    }

    /// Answers a packet.
    pub(super) fn packet(&mut self, header: &Header, body: &[u8], good_salt: bool) {
        if let Some(bad) = self.check_id(header.msg_id) {
            return self.refuse(header, bad);
        }
        if !good_salt {
            return self.refuse(header, Bad::Salt);
        }
        self.world.tally.packet(header.salt);
        let message = Message { msg_id: header.msg_id, seq_no: header.seq_no, body };
        let refuse_containers = &mut self.world.faults.refuse_containers;
        match Content::read(body) {
            Ok(Content::Container(_)) if *refuse_containers > 0 => {
                *refuse_containers -= 1;
                return self.refuse(header, Bad::Container);
            }
            Ok(Content::Container(inner)) => {
                // A container's identifier is above those of its messages, which may be older than others
                // may: so a client sends them again.
                let fits =
                    |inner: Message<'_>| inner.msg_id % 4 == 0 && inner.msg_id < header.msg_id;
                if !inner.clone().all(fits) {
                    return self.refuse(header, Bad::Container);
                }
                let first = inner.clone().map(|message| message.msg_id).min();
                self.begin_session(first.unwrap_or(header.msg_id));
                self.session.receive(header.msg_id, false);
                self.world.tally.container(inner.clone().count());
                for message in inner {
                    self.message(message);
                }
            }
            Err(_) if body.starts_with(&MSG_CONTAINER.to_le_bytes()) => {
                return self.refuse(header, Bad::Container);
            }
            _ => {
                self.begin_session(header.msg_id);
                self.message(message);
            }
        }
        self.session.connection = Some(self.connection);
        self.due();
        if !self.acks.is_empty() {
            let msg_ids = std::mem::take(&mut self.acks);
            self.say(Said::Unasked, false, &enums::MsgsAck::Ack(types::MsgsAck { msg_ids }));
        }
    }

    /// Sends what is due.
    pub(super) fn due(&mut self) {
        while let Some((query, answer)) = self.session.pop_due(self.caller.now.monotonic) {
            self.caller.msg_id = query;
            self.answer(answer);
        }
        while let Some(body) = self.session.pop_push() {
            let (msg_id, seq_no) = self.number(Said::Unasked, true);
            self.out.push(Outgoing { msg_id, seq_no, body });
        }
    }

    fn check_id(&self, msg_id: i64) -> Option<Bad> {
        let (said, now) = (msg_id >> 32, self.caller.now.unix());
        if msg_id % 4 != 0 {
            Some(Bad::LowBits)
        } else if said < now - BEHIND {
            Some(Bad::TooLow)
        } else if said > now + BEFORE {
            Some(Bad::TooHigh)
        } else {
            None
        }
    }

    /// The highest identifier that a client may use by now.
    pub(super) fn latest_msg_id(&self) -> i64 {
        (self.caller.now.unix() + BEFORE) << 32
    }

    /// Tells that the packet was not taken, nor anything in it.
    fn refuse(&mut self, header: &Header, bad: Bad) {
        let (bad_msg_id, bad_msg_seqno) = (header.msg_id, header.seq_no);
        let error_code = bad as i32;
        self.world.tally.refused(error_code);
        let new_server_salt = self.salt;
        let notification: enums::BadMsgNotification = match bad {
            Bad::Salt => {
                types::BadServerSalt { bad_msg_id, bad_msg_seqno, error_code, new_server_salt }
                    .into()
            }
            _ => types::BadMsgNotification { bad_msg_id, bad_msg_seqno, error_code }.into(),
        };
        self.say(Said::InReply, false, &notification);
    }

    /// Tells a client that its session is new to us: what it sent in it before is lost.
    fn begin_session(&mut self, first_msg_id: i64) {
        self.session.used = self.caller.now.monotonic;
        if !std::mem::take(&mut self.is_new) {
            return;
        }
        self.world.tally.sessions += 1;
        let mut unique_id = [0; 8];
        self.rng.fill_bytes(&mut unique_id);
        let unique_id = i64::from_le_bytes(unique_id);
        let created = types::NewSessionCreated { first_msg_id, unique_id, server_salt: self.salt };
        self.say(Said::Unasked, true, &enums::NewSession::Created(created));
    }

    /// One message, out of a container or alone.
    fn message(&mut self, message: Message<'_>) {
        let content = message.seq_no & 1 == 1;
        self.caller.msg_id = message.msg_id;
        match self.session.receive(message.msg_id, content) {
            Arrival::New => {}
            Arrival::Again if self.session.is_running(message.msg_id) => {
                self.acks.push(message.msg_id);
                return;
            }
            Arrival::Again if self.session.is_query(message.msg_id) => {
                if !self.answer_again(message.msg_id) {
                    // The client has had its answer.
                    self.acks.push(message.msg_id);
                }
                return;
            }
            // A service message does no harm twice, and what it was answered may have been lost.
            Arrival::Again => {}
            Arrival::TooOld => {
                let Message { msg_id, seq_no, .. } = message;
                let header = Header { msg_id, seq_no, ..Header::default() };
                return self.refuse(&header, Bad::TooOld);
            }
        }
        let answered = match Content::read_inner(message.body) {
            Ok(Content::Packed(data)) => self.packed(data),
            Ok(Content::Object { id, bytes }) => self.object(id, bytes),
            // The server has called nothing, so these answer nothing. Copies are sent by nobody.
            Ok(Content::RpcResult { .. } | Content::Copy(_)) => false,
            Ok(Content::Container(_)) | Err(_) => self.unreadable(),
        };
        if content && !answered {
            self.acks.push(message.msg_id);
        }
    }

    /// A packed object. All that a packet holds may become no larger than a packet may be.
    fn packed(&mut self, data: &[u8]) -> bool {
        let limit = MAX_PACKET.saturating_sub(self.unpacked);
        let Ok(object) = gzip::unpack(data, limit) else {
            // It may have been inflated so far before it was refused.
            self.unpacked += limit.min(COST_OF_REFUSED);
            return self.unreadable();
        };
        self.unpacked += object.len();
        self.world.tally.packed += 1;
        match Content::read_inner(&object) {
            Ok(Content::Object { id, bytes }) => self.object(id, bytes),
            _ => self.unreadable(),
        }
    }

    /// Whether the object was answered by what acknowledges it too.
    fn object(&mut self, id: u32, bytes: &[u8]) -> bool {
        self.world.tally.object(id);
        match self.service(id, bytes) {
            Some(Ok(())) => false,
            Some(Err(_)) => self.unreadable(),
            None => match self.call(bytes).unwrap_or_else(|error| Reply::Now(Err(error))) {
                Reply::Now(answer) => self.answer(answer),
                Reply::After(delay, answer) => {
                    let at = self.caller.now.monotonic + delay;
                    self.session.answer_later(self.caller.msg_id, at, answer);
                    false
                }
            },
        }
    }

    fn call(&mut self, bytes: &[u8]) -> Result<Reply, RpcError> {
        self.world.tally.queries += 1;
        let router::Unwrapped { query, layer } = router::unwrap(bytes)?;
        self.session.layer = layer.or(self.session.layer);
        if let Some(request) = bind::request(&query) {
            return self.bind(&request?).map(|()| Reply::Now(Ok(true.to_bytes())));
        }
        let key = self.world.keys.get(self.caller.key_id, self.caller.now.unix());
        let unbound = key
            .and_then(|known| known.temporary)
            .is_some_and(|temporary| temporary.bound_to.is_none());
        if unbound && !router::is_for_anybody(&query) {
            return Err(RpcError::new(401, "AUTH_KEY_PERM_EMPTY"));
        }
        Ok(self.world.run(&self.caller, &query))
    }

    fn unreadable(&mut self) -> bool {
        self.answer(Err(RpcError::unreadable()))
    }

    /// Answers the present message with `rpc_result`.
    pub(super) fn answer(&mut self, answer: Result<Vec<u8>, RpcError>) -> bool {
        let mut result = answer.unwrap_or_else(|error| {
            enums::RpcError::Error(types::RpcError::from(error)).to_bytes()
        });
        if self.world.faults.gzip_answers {
            result = gzip::pack(&result).unwrap_or(result);
        }
        let query = self.caller.msg_id;
        let mut body = Vec::with_capacity(12 + result.len());
        write_rpc_result(query, &result, &mut body);
        self.send_answer(query, body);
        true
    }

    /// Sends the answer to a query once more, if it is still kept.
    pub(super) fn answer_again(&mut self, query: i64) -> bool {
        if self.answered.contains(&query) {
            return true;
        }
        let Some(answer) = self.session.drop_answer(query) else { return false };
        self.send_answer(query, answer.body);
        true
    }

    fn send_answer(&mut self, query: i64, body: Vec<u8>) {
        self.answered.insert(query);
        let (msg_id, seq_no) = self.number(Said::InReply, true);
        self.session.keep_answer(query, Answer { msg_id, seq_no, body: body.clone() });
        self.out.push(Outgoing { msg_id, seq_no, body });
    }

    /// Sends a service message.
    pub(super) fn say(&mut self, said: Said, content: bool, object: &dyn Serializable) {
        let (msg_id, seq_no) = self.number(said, content);
        self.out.push(Outgoing { msg_id, seq_no, body: object.to_bytes() });
    }

    fn number(&mut self, said: Said, content: bool) -> (i64, i32) {
        let msg_id = self.world.next_msg_id(said, self.caller.now);
        (msg_id, self.session.next_seq_no(content))
    }

    /// The salts to come.
    pub(super) fn future_salts(&mut self, count: usize) -> Vec<types::FutureSalt> {
        let now = self.caller.now.unix();
        let known = self.world.keys.get_mut(self.caller.key_id, now);
        known.map(|known| known.salts.future(count, now, self.rng)).unwrap_or_default()
    }
}
