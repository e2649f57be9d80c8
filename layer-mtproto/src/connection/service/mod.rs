//! Service messages: each has its file. Everything else that is not an answer is pushed to the user.

mod bad_message;
mod bad_salt;
mod destroyed;
mod detailed_info;
mod future_salts;
mod msgs_ack;
mod new_session;
mod pong;
mod resend_request;
mod rpc_result;
mod state_info;
mod state_request;

use layer_tl_types::{Cursor, Deserializable, Identifiable, types};
use rand_core::CryptoRng;

use super::{Connection, Event, Fault, Lost};
use crate::Now;

/// The most identifiers that one service message lists.
const MOST_IDS: usize = 8192;

impl Connection {
    /// Takes an object that came in the message `msg_id`.
    pub(super) fn service(
        &mut self,
        id: u32,
        object: &[u8],
        msg_id: i64,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        match id {
            types::MsgsAck::CONSTRUCTOR_ID => self.msgs_ack(&fields(object)?),
            types::BadServerSalt::CONSTRUCTOR_ID => {
                return self.bad_server_salt(&fields(object)?, msg_id, now);
            }
            types::BadMsgNotification::CONSTRUCTOR_ID => {
                return self.bad_msg_notification(&fields(object)?, msg_id, now, rng);
            }
            types::NewSessionCreated::CONSTRUCTOR_ID => {
                self.new_session_created(&fields(object)?, now);
            }
            types::FutureSalts::CONSTRUCTOR_ID => self.future_salts(fields(object)?),
            types::Pong::CONSTRUCTOR_ID => self.pong(&fields(object)?, msg_id, now),
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                self.msgs_state_req(&fields(object)?, msg_id, now);
            }
            types::MsgsStateInfo::CONSTRUCTOR_ID => self.msgs_state_info(&fields(object)?, now),
            types::MsgsAllInfo::CONSTRUCTOR_ID => self.msgs_all_info(&fields(object)?, now),
            types::MsgDetailedInfo::CONSTRUCTOR_ID => {
                self.msg_detailed_info(&fields(object)?, now);
            }
            types::MsgNewDetailedInfo::CONSTRUCTOR_ID => {
                self.msg_new_detailed_info(&fields(object)?, now);
            }
            types::MsgResendReq::CONSTRUCTOR_ID => self.msg_resend_req(&fields(object)?),
            types::DestroySessionOk::CONSTRUCTOR_ID => {
                let types::DestroySessionOk { session_id } = fields(object)?;
                self.session_destroyed(session_id);
            }
            types::DestroySessionNone::CONSTRUCTOR_ID => {
                let types::DestroySessionNone { session_id } = fields(object)?;
                self.session_destroyed(session_id);
            }
            types::DestroyAuthKeyOk::CONSTRUCTOR_ID
            | types::DestroyAuthKeyNone::CONSTRUCTOR_ID
            | types::DestroyAuthKeyFail::CONSTRUCTOR_ID => {
                return self.key_destroyed(id, now, rng);
            }
            _ => self.events.push_back(Event::Push(object.to_vec())),
        }
        Ok(())
    }
}

/// Reads what follows the constructor.
fn fields<T: Deserializable>(object: &[u8]) -> Result<T, Fault> {
    let mut cursor = Cursor::new(object);
    cursor.constructor_id()?;
    Ok(T::deserialize(&mut cursor)?)
}
