//! One packet's turn: its messages are checked, taken apart, and answered (core mtproto/description
//! and mtproto/service_messages_about_messages).

use std::time::Duration;

use layer_crypto::envelope::Header;
use layer_crypto::hash;
use layer_wire::message::{Container, Content, MAX_MESSAGES, MSG_CONTAINER, Message};
use rand_core::CryptoRng;

use super::bad_msg::Bad;
use super::packets::Outgoing;
use super::{MAX_PACKET, service};
use crate::World;
use crate::router::{self, Caller, RpcError};
use crate::session::{Arrival, Kind, Progress, Session};

/// All that answering one packet takes.
pub(super) struct Turn<'a> {
    pub(super) world: &'a mut World,
    pub(super) rng: &'a mut dyn CryptoRng,
    pub(super) caller: Caller,
    pub(super) session: Session,
    /// The session has not begun yet: nothing good has come in it.
    pub(super) is_new: bool,
    /// The session speaks through this connection.
    pub(super) is_ours: bool,
    pub(super) salt: i64,
    /// Numbered messages that go out at the end.
    pub(super) out: Vec<Outgoing>,
    /// How many bytes may still be unpacked. All that a packet holds may become no larger than a
    /// packet may be.
    pub(super) room: usize,
    pub(super) disconnect_at: Option<Duration>,
    /// The key is to be forgotten once this packet is answered.
    pub(super) forget_key: bool,
    /// More came than a container or a list may hold.
    pub(super) too_many: bool,
    connection: u64,
    /// The packet is newer than all that has come in the session.
    is_newest: bool,
}

/// What a turn has come to.
pub(super) struct Outcome {
    /// What is to be sent.
    pub(super) packets: Vec<Outgoing>,
    /// When the connection is to be closed.
    pub(super) disconnect_at: Option<Duration>,
    /// The client has said too much at once.
    pub(super) too_many: bool,
}

/// What a message says, as far as matters for its numbers.
enum Speech<'a> {
    Service {
        id: u32,
        bytes: &'a [u8],
    },
    Query(&'a [u8]),
    /// An answer to what the server has not called, or a copy, which nobody sends.
    Nothing,
    Unreadable,
}

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
        let is_new = session.is_none();
        let session = session.unwrap_or_default();
        Self {
            world,
            rng,
            caller,
            is_new,
            is_ours: session.connection == Some(connection),
            session,
            salt,
            out: Vec::new(),
            room: MAX_PACKET,
            disconnect_at,
            forget_key: false,
            too_many: false,
            connection,
            is_newest: false,
        }
    }

    /// Sends what is due and puts the session back.
    pub(super) fn end(mut self) -> Outcome {
        if self.is_ours {
            self.flush();
        }
        let packets = self.packets();
        let Caller { key_id, session_id, .. } = self.caller;
        // A session in which nothing good has come yet is none.
        if !self.is_new {
            self.world.sessions.put(key_id, session_id, self.session);
        }
        if self.forget_key {
            self.world.forget_key(key_id);
        }
        Outcome { packets, disconnect_at: self.disconnect_at, too_many: self.too_many }
    }

    /// Takes a packet.
    pub(super) fn packet(&mut self, header: &Header, body: &[u8], good_salt: bool) {
        let message = &Message { msg_id: header.msg_id, seq_no: header.seq_no, body };
        let latest = self.session.inbox.newest().next();
        self.is_newest = latest.is_none_or(|(latest, _)| header.msg_id > latest);
        let taken = self.check_packet(message, good_salt).and_then(|()| {
            self.world.tally.packet(header.salt);
            match Content::read(body) {
                Ok(Content::Container(inner)) => self.container(message, &inner),
                Err(_) if body.starts_with(&MSG_CONTAINER.to_le_bytes()) => Err(Bad::CONTAINER),
                _ => self.message(message),
            }
        });
        match taken {
            Ok(()) => self.ask_as_told(),
            Err(bad) => self.refuse(message, bad),
        }
    }

    /// A container, taken or refused as a whole. Its messages may be older than others may: so a
    /// client sends them again.
    fn container(&mut self, container: &Message<'_>, inner: &Container<'_>) -> Result<(), Bad> {
        if inner.len() > MAX_MESSAGES {
            self.too_many = true;
            return Ok(());
        }
        if self.world.faults.refuse_containers > 0 {
            self.world.faults.refuse_containers -= 1;
            return Err(Bad::CONTAINER);
        }
        if container.seq_no & 1 == 1 {
            return Err(Bad::EVEN_EXPECTED);
        }
        let fits = |inner: Message<'_>| inner.msg_id % 4 == 0 && inner.msg_id < container.msg_id;
        if !inner.clone().all(fits) {
            return Err(Bad::CONTAINER);
        }
        let kind = Kind::Container(digest(container.body));
        let is_new = match self.session.inbox.arrival(container.msg_id) {
            Arrival::New => true,
            Arrival::Again(before) if before == kind => false,
            Arrival::Again(_) => return Err(Bad::CONTAINER_REUSED),
            Arrival::TooOld => return Err(Bad::TOO_OLD),
        };
        if is_new {
            self.session.inbox.check_seq_no(container.msg_id, container.seq_no)?;
            let first = inner.clone().map(|message| message.msg_id).min();
            self.begin(first.unwrap_or(container.msg_id));
            self.session.inbox.receive(container.msg_id, container.seq_no, kind);
            self.world.tally.container(inner.len());
        }
        for message in inner.clone() {
            if let Err(bad) = self.message(&message) {
                self.refuse(&message, bad);
            }
        }
        Ok(())
    }

    /// Something good has come. Tells a client that its session is new to us: what it sent in it
    /// before `first_msg_id` is lost. If the session spoke through another connection, it speaks
    /// through this one from now on, and what that one may have lost is sent again; unless this is
    /// an older connection from which something comes late.
    fn begin(&mut self, first_msg_id: i64) {
        self.session.used = self.caller.now.monotonic;
        if std::mem::take(&mut self.is_new) {
            self.world.tally.sessions += 1;
            self.session.inbox.begin(first_msg_id);
            self.tell_new_session(first_msg_id);
        }
        let is_newer = self.session.connection.is_none_or(|other| other < self.connection);
        if !self.is_ours && (is_newer || self.is_newest) {
            self.is_ours = true;
            self.session.connection = Some(self.connection);
            self.session.outbox.send_all_again();
        }
    }

    /// One message, out of a container or alone.
    fn message(&mut self, message: &Message<'_>) -> Result<(), Bad> {
        let Message { msg_id, seq_no, body } = *message;
        let content = seq_no & 1 == 1;
        self.caller.msg_id = msg_id;
        let arrival = self.session.inbox.arrival(msg_id);
        match arrival {
            Arrival::Again(Kind::Call(progress)) => {
                self.begin(msg_id);
                self.call_again(progress);
                return Ok(());
            }
            Arrival::TooOld => return Err(Bad::TOO_OLD),
            _ => {}
        }
        let object;
        let body = match Content::read_inner(body) {
            Ok(Content::Packed(data)) => {
                self.world.tally.packed += 1;
                object = router::unpack(data, &mut self.room).unwrap_or_default();
                &object
            }
            _ => body,
        };
        let speech = Speech::read(body);
        match arrival {
            // A service message does no harm twice, and what it was answered may have been lost.
            Arrival::Again(Kind::Service) if matches!(speech, Speech::Service { .. }) => {
                self.begin(msg_id);
            }
            Arrival::Again(_) => {
                self.begin(msg_id);
                self.acknowledge(content);
                return Ok(());
            }
            _ => {
                self.check_seq_no(message, &speech)?;
                self.begin(msg_id);
                self.session.inbox.receive(msg_id, seq_no, Kind::Service);
            }
        }
        self.world.tally.queries += u64::from(matches!(speech, Speech::Query(_)));
        let readable = match speech {
            Speech::Service { id, bytes } => self.service(id, bytes).is_ok(),
            Speech::Unreadable => false,
            Speech::Nothing => true,
            Speech::Query(bytes) => {
                self.query(bytes);
                true
            }
        };
        if !readable {
            self.answer(msg_id, Err(RpcError::unreadable()));
        }
        if !matches!(self.session.inbox.progress(msg_id), Some(Progress::Answered { .. })) {
            self.acknowledge(content);
        }
        Ok(())
    }

    /// Queries have odd numbers, packed or not; acknowledgements have even ones, which not all
    /// clients keep to; of other service messages either will do.
    fn check_seq_no(&self, message: &Message<'_>, speech: &Speech<'_>) -> Result<(), Bad> {
        let odd = message.seq_no & 1 == 1;
        match speech {
            Speech::Query(_) | Speech::Unreadable if !odd => return Err(Bad::ODD_EXPECTED),
            Speech::Service { id, .. }
                if odd && service::is_ack(*id) && self.world.faults.strict_acks =>
            {
                return Err(Bad::EVEN_EXPECTED);
            }
            _ => {}
        }
        Ok(self.session.inbox.check_seq_no(message.msg_id, message.seq_no)?)
    }

    /// Has the present message acknowledged, if it has content.
    fn acknowledge(&mut self, content: bool) {
        if content {
            self.session.acknowledge(self.caller.msg_id, self.caller.now.monotonic);
        }
    }
}

impl<'a> Speech<'a> {
    fn read(body: &'a [u8]) -> Self {
        match Content::read_inner(body) {
            Ok(Content::Object { id, bytes }) if service::is_service(id) => {
                Self::Service { id, bytes }
            }
            Ok(Content::Object { bytes, .. }) => Self::Query(bytes),
            Ok(Content::RpcResult { .. } | Content::Copy(_)) => Self::Nothing,
            Ok(Content::Container(_) | Content::Packed(_)) | Err(_) => Self::Unreadable,
        }
    }
}

/// By which a container that comes again is known from another one.
fn digest(body: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hash::sha256(&[body]);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
