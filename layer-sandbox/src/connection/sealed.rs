//! Sealed packets: opened, checked, taken apart, and answered (core mtproto/description and
//! mtproto/service_messages_about_messages).
//!
//! Sequence numbers are not checked here yet.

use std::time::Duration;

use layer_crypto::envelope::{self, Header, Side};
use layer_tl_types::{Serializable, enums, types};
use layer_wire::framing::Encoder;
use layer_wire::gzip;
use layer_wire::message::{Content, Message, write_rpc_result};
use rand_core::CryptoRng;

use super::outbox::{self, Outgoing};
use super::{Connection, Fault, MAX_PACKET, bind};
use crate::router::{self, Caller, RpcError};
use crate::session::{Answer, Arrival, Session};
use crate::world::Said;
use crate::{Now, World};

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

impl Connection {
    /// A sealed packet.
    pub(super) fn sealed(
        &mut self,
        packet: &mut [u8],
        quick_ack: bool,
        encoder: &mut Encoder,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Fault> {
        let key_id = envelope::key_id(packet).unwrap_or_default();
        let unknown = Fault::UnknownKey { key_id };
        let known = world.keys.get_mut(key_id, now.unix()).ok_or(unknown)?;
        let (key, dc) = (known.key.clone(), known.dc);
        let whole = envelope::without_tail(packet.len());
        let (packet, _) = packet.split_at_mut_checked(whole).unwrap_or_default();
        let opened = envelope::open(&key, Side::Client, packet)?;
        if quick_ack {
            let sent = encoder.quick_ack(opened.quick_ack, rng, &mut self.out);
            debug_assert!(sent.is_ok(), "the framing let the client ask");
        }
        let header = opened.header;

        let salt = known.salts.current(now.unix(), rng);
        let good_salt = known.salts.accepts(header.salt, now.unix());
        let session = known.sessions.take(header.session_id);
        // Media-only data centres are named by the negated id.
        let dc = dc.map_or(self.dc, |dc| dc.wrapping_abs());
        let mut turn = Turn {
            caller: Caller {
                key_id,
                session_id: header.session_id,
                msg_id: header.msg_id,
                dc,
                now,
            },
            is_new: session.is_none(),
            session: session.unwrap_or_default(),
            salt,
            world,
            rng,
            out: Vec::new(),
            acks: Vec::new(),
            disconnect_at: self.disconnect_at,
            forget_key: false,
        };
        turn.packet(&header, opened.body_of(packet), good_salt);
        let Turn { session, out, disconnect_at, forget_key, is_new, .. } = turn;

        self.disconnect_at = disconnect_at;
        if let Some(known) = world.keys.get_mut(key_id, now.unix())
            && !is_new
        {
            known.sessions.put(header.session_id, session);
        }
        if forget_key {
            world.keys.remove(key_id);
        }
        let mut rest = out.as_slice();
        while !rest.is_empty() {
            let (batch, behind) = rest.split_at(outbox::next_batch(rest));
            rest = behind;
            let container;
            let message = match batch {
                [message] => message,
                several => {
                    let msg_id = world.next_msg_id(Said::InReply, now);
                    let seq_no = several.last().map_or(0, |last| last.seq_no.wrapping_add(1) & !1);
                    container = Outgoing { msg_id, seq_no, body: outbox::container(several) };
                    &container
                }
            };
            let address = (salt, header.session_id);
            outbox::seal(message, address, &key, encoder, rng, &mut self.out);
        }
        Ok(())
    }
}

/// All that answering one packet takes.
pub(super) struct Turn<'a> {
    pub(super) world: &'a mut World,
    pub(super) rng: &'a mut dyn CryptoRng,
    pub(super) caller: Caller,
    pub(super) session: Session,
    /// The session has not begun yet: nothing good has come in it.
    is_new: bool,
    salt: i64,
    out: Vec<Outgoing>,
    acks: Vec<i64>,
    pub(super) disconnect_at: Option<Duration>,
    /// The key is to be forgotten once this packet is answered.
    pub(super) forget_key: bool,
}

impl Turn<'_> {
    fn packet(&mut self, header: &Header, body: &[u8], good_salt: bool) {
        if let Some(bad) = self.check_id(header.msg_id) {
            return self.refuse(header, bad);
        }
        if !good_salt {
            return self.refuse(header, Bad::Salt);
        }
        let message = Message { msg_id: header.msg_id, seq_no: header.seq_no, body };
        match Content::read(body) {
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
                for message in inner {
                    self.message(message);
                }
            }
            Err(_) if body.starts_with(&layer_wire::message::MSG_CONTAINER.to_le_bytes()) => {
                return self.refuse(header, Bad::Container);
            }
            _ => {
                self.begin_session(header.msg_id);
                self.message(message);
            }
        }
        if !self.acks.is_empty() {
            let msg_ids = std::mem::take(&mut self.acks);
            self.say(Said::Unasked, false, &enums::MsgsAck::Ack(types::MsgsAck { msg_ids }));
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
            Arrival::Again if self.answer_again(message.msg_id) => return,
            // Its answer was got, or it has none.
            Arrival::Again => return self.acks.push(message.msg_id),
            Arrival::TooOld => {
                let Message { msg_id, seq_no, .. } = message;
                let header = Header { msg_id, seq_no, ..Header::default() };
                return self.refuse(&header, Bad::TooOld);
            }
        }
        let answered = match Content::read_inner(message.body) {
            Ok(Content::Packed(data)) => match gzip::unpack(data, MAX_PACKET) {
                Ok(object) => match Content::read_inner(&object) {
                    Ok(Content::Object { id, bytes }) => self.object(id, bytes),
                    _ => self.unreadable(),
                },
                Err(_) => self.unreadable(),
            },
            Ok(Content::Object { id, bytes }) => self.object(id, bytes),
            // The server has called nothing, so these answer nothing. Copies are sent by nobody.
            Ok(Content::RpcResult { .. } | Content::Copy(_)) => false,
            Ok(Content::Container(_)) | Err(_) => self.unreadable(),
        };
        if content && !answered {
            self.acks.push(message.msg_id);
        }
    }

    /// Whether the object was answered by what acknowledges it too.
    fn object(&mut self, id: u32, bytes: &[u8]) -> bool {
        match self.service(id, bytes) {
            Some(Ok(())) => false,
            Some(Err(_)) => self.unreadable(),
            None => {
                let answer = self.call(bytes);
                self.answer(answer)
            }
        }
    }

    fn call(&mut self, bytes: &[u8]) -> Result<Vec<u8>, RpcError> {
        let router::Unwrapped { query, layer } = router::unwrap(bytes)?;
        self.session.layer = layer.or(self.session.layer);
        if let Some(request) = bind::request(&query) {
            return self.bind(&request?).map(|()| true.to_bytes());
        }
        let key = self.world.keys.get(self.caller.key_id, self.caller.now.unix());
        let unbound = key
            .and_then(|known| known.temporary)
            .is_some_and(|temporary| temporary.bound_to.is_none());
        if unbound && !router::is_for_anybody(&query) {
            return Err(RpcError::new(401, "AUTH_KEY_PERM_EMPTY"));
        }
        router::call(self.world, &self.caller, &query)
    }

    fn unreadable(&mut self) -> bool {
        self.answer(Err(RpcError::unreadable()))
    }

    /// Answers the present message with `rpc_result`.
    pub(super) fn answer(&mut self, answer: Result<Vec<u8>, RpcError>) -> bool {
        let result = answer.unwrap_or_else(|error| {
            enums::RpcError::Error(types::RpcError::from(error)).to_bytes()
        });
        let query = self.caller.msg_id;
        let mut body = Vec::with_capacity(12 + result.len());
        write_rpc_result(query, &result, &mut body);
        self.send_answer(query, body);
        true
    }

    /// Sends the answer to a query once more, if it is still kept.
    pub(super) fn answer_again(&mut self, query: i64) -> bool {
        let Some(answer) = self.session.drop_answer(query) else { return false };
        self.send_answer(query, answer.body);
        true
    }

    fn send_answer(&mut self, query: i64, body: Vec<u8>) {
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
