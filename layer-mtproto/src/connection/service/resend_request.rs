//! `msg_resend_req`: the server wants messages of ours once more.

use layer_tl_types::types;

use super::super::Connection;
use super::MOST_IDS;
use crate::calls::State;

impl Connection {
    pub(super) fn msg_resend_req(&mut self, asked: &types::MsgResendReq) {
        let mut unsure = Vec::new();
        for msg_id in asked.msg_ids.iter().take(MOST_IDS) {
            // What is answered is not sent again: the server has had it.
            let Some(call) = self.calls.sent_in(*msg_id) else { continue };
            let Some(entry) = self.calls.get(call) else { continue };
            let present = entry.message.as_ref().is_some_and(|sent| sent.msg_id == *msg_id);
            if !present || entry.state == State::Queued {
                continue;
            }
            if entry.once {
                // It may forget that it has run it before this arrives: it must say that it has not.
                unsure.push(*msg_id);
            } else {
                self.calls.enqueue(call, State::Again);
            }
        }
        self.ask_about(&unsure);
    }
}
