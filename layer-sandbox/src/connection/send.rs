//! What a turn sends: answers and pushes that are due, for the first time or again, and with them
//! acknowledgements.

use layer_tl_types::{Serializable, enums, types};

use super::packets::{self, Outgoing};
use super::turn::Turn;
use crate::dialect;
use crate::world::Said;

/// A message that is larger is announced instead of being sent a second time, until the client asks
/// for it.
const LARGE: usize = 32 << 10;
/// The most identifiers that a message may list.
pub(super) const MOST_IDS: usize = 8192;
/// A message that is older, in seconds, goes in a container: clients look at the identifier of what
/// comes alone.
const OLD: i64 = 150;

impl Turn<'_> {
    /// Sends a service message, which is not kept.
    pub(super) fn say(&mut self, said: Said, object: &dyn Serializable) {
        let (msg_id, seq_no) = self.number(said, false);
        self.out.push(Outgoing { msg_id, seq_no, body: object.to_bytes() });
    }

    /// The numbers of a message that is about to be sent.
    pub(super) fn number(&mut self, said: Said, content: bool) -> (i64, i32) {
        let msg_id = self.world.next_msg_id(said, self.caller.now);
        (msg_id, self.session.next_seq_no(content))
    }

    /// Tells a client that its session is new to us.
    pub(super) fn tell_new_session(&mut self, first_msg_id: i64) {
        let mut unique_id = [0; 8];
        self.rng.fill_bytes(&mut unique_id);
        let unique_id = i64::from_le_bytes(unique_id);
        let created = types::NewSessionCreated { first_msg_id, unique_id, server_salt: self.salt };
        let body = enums::NewSession::Created(created).to_bytes();
        let (msg_id, seq_no) = self.number(Said::Unasked, true);
        self.session.outbox.put(msg_id, seq_no, body, None);
        // Never only announced.
        self.session.outbox.send_again(msg_id, true);
    }

    /// Has all that is due go out.
    pub(super) fn flush(&mut self) {
        self.run_due();
        while let Some(object) = self.session.pop_push() {
            let Some(object) = dialect::push(self.layer(), object) else { continue };
            let body = self.pack(object);
            let (msg_id, seq_no) = self.number(Said::Unasked, true);
            self.session.outbox.put(msg_id, seq_no, body, None);
        }
        if self.session.take_missed() {
            let (msg_id, seq_no) = self.number(Said::Unasked, true);
            self.session.outbox.put(msg_id, seq_no, enums::Updates::TooLong.to_bytes(), None);
        }
        let now = self.caller.now.monotonic;
        for msg_id in self.session.outbox.due(now) {
            self.send(msg_id);
        }
        let acks = self.session.take_acks(now, !self.out.is_empty());
        for msg_ids in acks.chunks(MOST_IDS) {
            let acks = types::MsgsAck { msg_ids: msg_ids.to_vec() };
            self.say(Said::Unasked, &enums::MsgsAck::Ack(acks));
        }
    }

    /// Sends a kept message, or announces it.
    fn send(&mut self, answer_msg_id: i64) {
        let now = self.caller.now.monotonic;
        let Some(sending) = self.session.outbox.sending(answer_msg_id, now) else { return };
        let large_again = sending.again && sending.body.len() > LARGE;
        if sending.whole || !(large_again || self.world.faults.announce) {
            let (seq_no, body) = (sending.seq_no, sending.body.to_vec());
            return self.out.push(Outgoing { msg_id: answer_msg_id, seq_no, body });
        }
        let bytes = i32::try_from(sending.body.len()).unwrap_or(i32::MAX);
        let announcement: enums::MsgDetailedInfo = match sending.query {
            Some(msg_id) => {
                let status = self.session.inbox.state(msg_id, i64::MAX).into();
                types::MsgDetailedInfo { msg_id, answer_msg_id, bytes, status }.into()
            }
            None => types::MsgNewDetailedInfo { answer_msg_id, bytes, status: 0 }.into(),
        };
        self.say(Said::Unasked, &announcement);
    }

    /// All that goes out, in packets.
    pub(super) fn packets(&mut self) -> Vec<Outgoing> {
        let mut messages = std::mem::take(&mut self.out);
        messages.iter().for_each(|message| self.world.tally.sent(&message.body));
        messages.sort_unstable_by_key(|message| message.msg_id);
        let old = (self.caller.now.unix() - OLD) << 32;
        let single = self.world.faults.no_containers;
        packets::pack(&messages, old, single, || {
            self.world.tally.sent_containers += 1;
            self.number(Said::InReply, false)
        })
    }
}
