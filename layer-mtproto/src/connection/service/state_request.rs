//! `msgs_state_req`: the server asks what has become of its messages.

use layer_tl_types::{Serializable, enums, types};

use super::super::Connection;
use super::MOST_IDS;
use crate::Now;
use crate::ids;

/// Nothing is known of it: it is older than what we remember.
const UNKNOWN: u8 = 1;
const NOT_RECEIVED: u8 = 2;
/// It is later than any that can have been sent.
const TOO_HIGH: u8 = 3;
const RECEIVED: u8 = 4;

impl Connection {
    pub(super) fn msgs_state_req(&mut self, asked: &types::MsgsStateReq, msg_id: i64, now: Now) {
        let latest = self.clock.seconds(now) + 30;
        let states = asked.msg_ids.iter().take(MOST_IDS).map(|id| self.state_of(*id, latest));
        let info = states.collect();
        let info = types::MsgsStateInfo { req_msg_id: msg_id, info };
        self.reply(enums::MsgsStateInfo::Info(info).to_bytes());
    }

    fn state_of(&self, msg_id: i64, latest: i64) -> u8 {
        let window = &self.session.window;
        if window.has(msg_id) {
            RECEIVED
        } else if window.has_forgotten(msg_id) {
            UNKNOWN
        } else if ids::seconds(msg_id) > latest {
            TOO_HIGH
        } else {
            NOT_RECEIVED
        }
    }
}
