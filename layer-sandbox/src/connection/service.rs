//! Service messages, read with the generated types and answered.

use std::time::Duration;

use layer_tl_types::{Cursor, Deserializable, Error, Identifiable, enums, functions, types};

use super::send::MOST_IDS;
use super::turn::Turn;
use crate::world::Said;

/// Whether it is the constructor of a service message, and so no query.
pub(super) fn is_service(id: u32) -> bool {
    matches!(
        id,
        types::MsgsAck::CONSTRUCTOR_ID
            | functions::Ping::CONSTRUCTOR_ID
            | functions::PingDelayDisconnect::CONSTRUCTOR_ID
            | functions::GetFutureSalts::CONSTRUCTOR_ID
            | types::MsgsStateReq::CONSTRUCTOR_ID
            | types::MsgsStateInfo::CONSTRUCTOR_ID
            | types::MsgsAllInfo::CONSTRUCTOR_ID
            | types::MsgDetailedInfo::CONSTRUCTOR_ID
            | types::MsgNewDetailedInfo::CONSTRUCTOR_ID
            | types::MsgResendReq::CONSTRUCTOR_ID
            | types::MsgResendAnsReq::CONSTRUCTOR_ID
            | functions::RpcDropAnswer::CONSTRUCTOR_ID
            | functions::DestroySession::CONSTRUCTOR_ID
            | functions::DestroyAuthKey::CONSTRUCTOR_ID
            | types::HttpWait::CONSTRUCTOR_ID
    )
}

/// Whether it is the constructor of an acknowledgement.
pub(super) fn is_ack(id: u32) -> bool {
    id == types::MsgsAck::CONSTRUCTOR_ID
}

impl Turn<'_> {
    /// Answers a service message.
    pub(super) fn service(&mut self, id: u32, bytes: &[u8]) -> Result<(), Error> {
        self.world.tally.object(id);
        let mut cursor = Cursor::new(bytes);
        cursor.constructor_id()?;
        let cursor = &mut cursor;
        match id {
            types::MsgsAck::CONSTRUCTOR_ID => {
                let acks = types::MsgsAck::deserialize(cursor)?;
                for msg_id in self.listed(acks.msg_ids) {
                    self.session.acknowledged(msg_id);
                }
            }
            functions::Ping::CONSTRUCTOR_ID => {
                let ping = functions::Ping::deserialize(cursor)?;
                self.pong(ping.ping_id);
            }
            functions::PingDelayDisconnect::CONSTRUCTOR_ID => {
                let ping = functions::PingDelayDisconnect::deserialize(cursor)?;
                let delay = u64::try_from(ping.disconnect_delay).unwrap_or_default();
                self.disconnect_at = Some(self.caller.now.monotonic + Duration::from_secs(delay));
                self.pong(ping.ping_id);
            }
            functions::GetFutureSalts::CONSTRUCTOR_ID => {
                let asked = functions::GetFutureSalts::deserialize(cursor)?;
                let salts = self.future_salts(usize::try_from(asked.num).unwrap_or_default());
                let (req_msg_id, now) = (self.caller.msg_id, self.caller.now.unix() as i32);
                let salts = types::FutureSalts { req_msg_id, now, salts };
                self.say(Said::InReply, &enums::FutureSalts::Salts(salts));
            }
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                let asked = types::MsgsStateReq::deserialize(cursor)?;
                let msg_ids = self.listed(asked.msg_ids);
                self.tell_states(&msg_ids);
            }
            types::MsgResendReq::CONSTRUCTOR_ID => {
                let asked = types::MsgResendReq::deserialize(cursor)?;
                let msg_ids = self.listed(asked.msg_ids);
                self.send_again(&msg_ids);
            }
            types::MsgResendAnsReq::CONSTRUCTOR_ID => {
                let asked = types::MsgResendAnsReq::deserialize(cursor)?;
                let msg_ids = self.listed(asked.msg_ids);
                self.send_answers_again(&msg_ids);
            }
            types::MsgsStateInfo::CONSTRUCTOR_ID => {
                let told = types::MsgsStateInfo::deserialize(cursor)?;
                self.learn_states_asked(told.req_msg_id, &told.info);
            }
            types::MsgsAllInfo::CONSTRUCTOR_ID => {
                let told = types::MsgsAllInfo::deserialize(cursor)?;
                let msg_ids = self.listed(told.msg_ids);
                self.learn_states(&msg_ids, &told.info);
            }
            functions::RpcDropAnswer::CONSTRUCTOR_ID => {
                let asked = functions::RpcDropAnswer::deserialize(cursor)?;
                self.drop_answer(asked.req_msg_id);
            }
            functions::DestroySession::CONSTRUCTOR_ID => {
                let asked = functions::DestroySession::deserialize(cursor)?;
                self.destroy_session(asked.session_id);
            }
            functions::DestroyAuthKey::CONSTRUCTOR_ID => {
                self.forget_key = true;
                self.say(Said::InReply, &enums::DestroyAuthKeyRes::DestroyAuthKeyOk);
            }
            // Announcements, of which the server has no use, and a poll that only HTTP needs.
            _ => {}
        }
        Ok(())
    }

    /// The identifiers that a message lists; none if they are too many.
    fn listed(&mut self, msg_ids: Vec<i64>) -> Vec<i64> {
        self.too_many |= msg_ids.len() > MOST_IDS;
        if self.too_many { Vec::new() } else { msg_ids }
    }

    fn pong(&mut self, ping_id: i64) {
        let pong = types::Pong { msg_id: self.caller.msg_id, ping_id };
        self.say(Said::InReply, &enums::Pong::Pong(pong));
    }

    /// The session in which the question comes is not among those that can be destroyed.
    fn destroy_session(&mut self, session_id: i64) {
        let destroyed = self.world.sessions.destroy(self.caller.key_id, session_id);
        let answer: enums::DestroySessionRes = if destroyed {
            types::DestroySessionOk { session_id }.into()
        } else {
            types::DestroySessionNone { session_id }.into()
        };
        self.say(Said::InReply, &answer);
    }

    /// The salts to come.
    fn future_salts(&mut self, count: usize) -> Vec<types::FutureSalt> {
        let now = self.caller.now.unix();
        let known = self.world.keys.get_mut(self.caller.key_id, now);
        known.map(|known| known.salts.future(count, now, self.rng)).unwrap_or_default()
    }
}
