//! `msgs_state_info`, the answer to `msgs_state_req`, and `msgs_all_info`, the same unasked: what has
//! become of our messages.

use layer_tl_types::types;

use super::super::Connection;
use super::super::requests::Request;
use super::MOST_IDS;
use crate::Now;

impl Connection {
    pub(super) fn msgs_state_info(&mut self, answer: &types::MsgsStateInfo, now: Now) {
        let Some(request) = self.requests.take(answer.req_msg_id) else { return };
        let Request::States { msg_ids, witness } = request else {
            self.requests.sent(answer.req_msg_id, request);
            return;
        };
        // The witness was asked about last.
        let told = answer.info.get(msg_ids.len()).filter(|_| witness.is_some());
        let remembers = told.map(|state| state & 7 == 4);
        for (msg_id, state) in msg_ids.into_iter().zip(&answer.info) {
            self.state_told(msg_id, *state, remembers, now);
        }
    }

    pub(super) fn msgs_all_info(&mut self, info: &types::MsgsAllInfo, now: Now) {
        for (msg_id, state) in info.msg_ids.iter().take(MOST_IDS).zip(&info.info) {
            // Only good news is taken unasked: of a message that is on the way nobody knows yet.
            if state & 7 == 4 {
                self.state_told(*msg_id, *state, None, now);
            }
        }
    }
}
