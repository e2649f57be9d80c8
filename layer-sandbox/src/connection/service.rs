//! Service messages, read with the generated types and answered.

use std::time::Duration;

use layer_tl_types::{
    Cursor, Deserializable, Error, Identifiable, Serializable, enums, functions, types,
};

use super::turn::Turn;
use crate::world::Said;

/// The most identifiers that a message may list.
const MOST_IDS: usize = 8192;

impl Turn<'_> {
    /// Answers the object if it is a service message; `None` if it is not, and so a query.
    pub(super) fn service(&mut self, id: u32, bytes: &[u8]) -> Option<Result<(), Error>> {
        let mut cursor = Cursor::new(bytes);
        let handled = match cursor.constructor_id() {
            Ok(_) => self.handle(id, &mut cursor),
            Err(error) => Err(error),
        };
        match handled {
            Ok(true) => Some(Ok(())),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }

    fn handle(&mut self, id: u32, cursor: &mut Cursor<'_>) -> Result<bool, Error> {
        match id {
            types::MsgsAck::CONSTRUCTOR_ID => {
                let acks = types::MsgsAck::deserialize(cursor)?;
                for msg_id in acks.msg_ids.into_iter().take(MOST_IDS) {
                    self.session.acknowledge(msg_id);
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
                self.say(Said::InReply, false, &enums::FutureSalts::Salts(salts));
            }
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                let asked = types::MsgsStateReq::deserialize(cursor)?;
                self.tell_states(&asked.msg_ids);
            }
            types::MsgResendReq::CONSTRUCTOR_ID => {
                let asked = types::MsgResendReq::deserialize(cursor)?;
                let msg_ids = asked.msg_ids.iter().take(MOST_IDS);
                let queries = msg_ids.map(|msg_id| self.session.answered_by(*msg_id)).collect();
                self.send_again(queries, &asked.msg_ids);
            }
            types::MsgResendAnsReq::CONSTRUCTOR_ID => {
                let asked = types::MsgResendAnsReq::deserialize(cursor)?;
                let queries = asked.msg_ids.iter().take(MOST_IDS).copied().map(Some).collect();
                self.send_again(queries, &asked.msg_ids);
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
                self.say(Said::InReply, false, &enums::DestroyAuthKeyRes::DestroyAuthKeyOk);
            }
            // Answers to what the server has not asked, and a poll that only HTTP needs.
            types::MsgsStateInfo::CONSTRUCTOR_ID
            | types::MsgsAllInfo::CONSTRUCTOR_ID
            | types::MsgDetailedInfo::CONSTRUCTOR_ID
            | types::MsgNewDetailedInfo::CONSTRUCTOR_ID
            | types::HttpWait::CONSTRUCTOR_ID => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn pong(&mut self, ping_id: i64) {
        let pong = types::Pong { msg_id: self.caller.msg_id, ping_id };
        self.say(Said::InReply, false, &enums::Pong::Pong(pong));
    }

    fn tell_states(&mut self, msg_ids: &[i64]) {
        let latest = self.latest_msg_id();
        let states = msg_ids.iter().take(MOST_IDS);
        let info = states.map(|msg_id| self.session.state(*msg_id, latest)).collect();
        let info = types::MsgsStateInfo { req_msg_id: self.caller.msg_id, info };
        self.say(Said::InReply, false, &enums::MsgsStateInfo::Info(info));
    }

    /// Sends the answers to queries again; if one of them is not there any more, the states of the messages
    /// that were asked for too.
    fn send_again(&mut self, queries: Vec<Option<i64>>, msg_ids: &[i64]) {
        let mut all = true;
        for query in queries {
            all &= query.is_some_and(|query| self.answer_again(query));
        }
        if !all {
            self.tell_states(msg_ids);
        }
    }

    /// Every query is answered before the next one is looked at, so that none is running.
    fn drop_answer(&mut self, query: i64) {
        let dropped = match self.session.drop_answer(query) {
            Some(answer) => types::RpcAnswerDropped {
                msg_id: answer.msg_id,
                seq_no: answer.seq_no,
                bytes: i32::try_from(answer.body.len()).unwrap_or(i32::MAX),
            }
            .into(),
            None => enums::RpcDropAnswer::RpcAnswerUnknown,
        };
        self.answer(Ok(dropped.to_bytes()));
    }

    /// The session in which the question comes is not among those that can be destroyed.
    fn destroy_session(&mut self, session_id: i64) {
        let destroyed = self.world.sessions.destroy(self.caller.key_id, session_id);
        let answer: enums::DestroySessionRes = if destroyed {
            types::DestroySessionOk { session_id }.into()
        } else {
            types::DestroySessionNone { session_id }.into()
        };
        self.say(Said::InReply, false, &answer);
    }
}
