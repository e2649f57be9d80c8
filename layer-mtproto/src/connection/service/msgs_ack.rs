//! `msgs_ack`: the server has these.

use layer_tl_types::types;

use super::super::Connection;
use super::MOST_IDS;

impl Connection {
    pub(super) fn msgs_ack(&mut self, acks: &types::MsgsAck) {
        for msg_id in acks.msg_ids.iter().take(MOST_IDS) {
            self.arrived(*msg_id);
        }
    }
}
