//! `msg_detailed_info` and `msg_new_detailed_info`: a message of the server's that it does not send
//! again before it is asked to, because it is long.

use layer_tl_types::types;

use super::super::Connection;
use crate::Now;

impl Connection {
    pub(super) fn msg_detailed_info(&mut self, info: &types::MsgDetailedInfo, now: Now) {
        self.arrived(info.msg_id);
        let is_wanted = self.calls.sent_in(info.msg_id).is_some();
        self.announced(info.answer_msg_id, is_wanted, now);
    }

    pub(super) fn msg_new_detailed_info(&mut self, info: &types::MsgNewDetailedInfo, now: Now) {
        self.announced(info.answer_msg_id, true, now);
    }

    /// It is asked for if we want it and don't have it; else the server can forget it.
    fn announced(&mut self, msg_id: i64, is_wanted: bool, now: Now) {
        if !is_wanted || self.session.window.has(msg_id) {
            self.session.acks.add(msg_id, 0, now.monotonic);
            self.session.acks.hurry();
        } else {
            self.want(msg_id);
        }
    }
}
