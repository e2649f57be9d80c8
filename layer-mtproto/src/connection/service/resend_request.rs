//! `msg_resend_req`: the server wants messages of ours once more.

use layer_tl_types::types;

use super::super::Connection;
use super::MOST_IDS;
use crate::calls::State;

impl Connection {
    pub(super) fn msg_resend_req(&mut self, asked: &types::MsgResendReq) {
        for msg_id in asked.msg_ids.iter().take(MOST_IDS) {
            // What is answered is not sent again: the server has had it.
            let Some(call) = self.calls.sent_in(*msg_id) else { continue };
            let entry = self.calls.get(call);
            let present = entry.and_then(|entry| entry.message.as_ref());
            if present.is_some_and(|sent| sent.msg_id == *msg_id)
                && entry.is_some_and(|entry| entry.state != State::Queued)
            {
                self.calls.enqueue(call, State::Again);
            }
        }
    }
}
