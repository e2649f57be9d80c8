//! States of messages, told and asked, and messages sent again on request
//! (mtproto/service_messages_about_messages).

use layer_tl_types::{enums, types};

use super::send::MOST_IDS;
use super::turn::Turn;
use crate::session::{Kind, Progress};
use crate::world::Said;

impl Turn<'_> {
    /// Answers `msgs_state_req`.
    pub(super) fn tell_states(&mut self, msg_ids: &[i64]) {
        let info = self.states(msg_ids);
        let info = types::MsgsStateInfo { req_msg_id: self.caller.msg_id, info };
        self.say(Said::InReply, &enums::MsgsStateInfo::Info(info));
    }

    fn states(&self, msg_ids: &[i64]) -> Vec<u8> {
        let latest = self.latest_msg_id();
        let state = |msg_id: &i64| match msg_id % 2 {
            0 => self.session.inbox.state(*msg_id, latest),
            // One of ours: it is there, or nobody knows any more.
            _ if self.session.outbox.contains(*msg_id) => 4,
            _ => 1,
        };
        msg_ids.iter().take(MOST_IDS).map(state).collect()
    }

    /// Sends messages of ours again; if one of them is not there any more, the states of all that
    /// were asked for too.
    pub(super) fn send_again(&mut self, msg_ids: &[i64]) {
        let mut all = true;
        for msg_id in msg_ids.iter().take(MOST_IDS) {
            all &= self.session.outbox.send_again(*msg_id, true);
        }
        if !all {
            self.tell_states(msg_ids);
        }
    }

    /// As [`Self::send_again`], for the answers to these queries.
    pub(super) fn send_answers_again(&mut self, queries: &[i64]) {
        let mut all = true;
        for query in queries.iter().take(MOST_IDS) {
            all &= match self.session.inbox.progress(*query) {
                Some(Progress::Answered { msg_id, .. }) => {
                    self.session.outbox.send_again(msg_id, true)
                }
                _ => false,
            };
        }
        if !all {
            self.tell_states(queries);
        }
    }

    /// The client has answered our `msgs_state_req`.
    pub(super) fn learn_states_asked(&mut self, req_msg_id: i64, info: &[u8]) {
        match self.session.asked.take() {
            Some((asked, msg_ids)) if asked == req_msg_id => self.learn_states(&msg_ids, info),
            other => self.session.asked = other,
        }
    }

    /// The client tells what has come of our messages: what it has got is acknowledged by that, and
    /// what it has not is sent again.
    pub(super) fn learn_states(&mut self, msg_ids: &[i64], info: &[u8]) {
        for (msg_id, state) in msg_ids.iter().zip(info).take(MOST_IDS) {
            if state & 7 == 4 {
                self.session.acknowledged(*msg_id);
            } else {
                self.session.outbox.send_again(*msg_id, false);
            }
        }
    }

    /// Says unasked what a test wants the client to hear.
    pub(super) fn ask_as_told(&mut self) {
        let faults = &mut self.world.faults;
        let mut wanted = [&mut faults.ask_states, &mut faults.tell_states, &mut faults.ask_resend];
        let [ask, tell, resend] = wanted.each_mut().map(|left| {
            let wanted = **left > 0;
            **left = left.saturating_sub(1);
            wanted
        });
        let inbox = &self.session.inbox;
        let received: Vec<i64> = inbox.newest().take(MOST_IDS).map(|(msg_id, _)| msg_id).collect();
        let call = inbox.newest().find(|(_, kind)| matches!(kind, Kind::Call(_)));
        if ask {
            let msg_ids: Vec<i64> = self.session.outbox.msg_ids().take(MOST_IDS).collect();
            let asked = msg_ids.clone();
            let request = types::MsgsStateReq { msg_ids };
            self.say(Said::Unasked, &enums::MsgsStateReq::Req(request));
            self.session.asked = self.out.last().map(|request| (request.msg_id, asked));
        }
        if tell {
            let info = self.states(&received);
            let all = types::MsgsAllInfo { msg_ids: received, info };
            self.say(Said::Unasked, &enums::MsgsAllInfo::Info(all));
        }
        if let (true, Some((msg_id, _))) = (resend, call) {
            let request = types::MsgResendReq { msg_ids: vec![msg_id] };
            self.say(Said::Unasked, &enums::MsgResendReq::Req(request));
        }
    }
}
