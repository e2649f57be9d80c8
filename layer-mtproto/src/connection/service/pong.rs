//! `pong`: the server is alive.

use layer_tl_types::types;

use super::super::Connection;
use super::super::requests::Request;
use crate::Now;

impl Connection {
    pub(super) fn pong(&mut self, pong: &types::Pong, msg_id: i64, now: Now) {
        if !self.requests.take_if(pong.msg_id, |request| *request == Request::Ping) {
            return;
        }
        self.clock.answered(pong.msg_id, msg_id, now);
        self.session.witness = Some(pong.msg_id);
        // What was sent before has been taken, or would have been refused by now.
        self.packets.forget_before(pong.msg_id);
        self.requests.answered_ping(pong.msg_id);
        if let Some(link) = &mut self.link {
            link.pinged_at = None;
            link.refusals = 0;
        }
    }
}
