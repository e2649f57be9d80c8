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
        msg_ids.iter().map(state).collect()
    }

    /// Sends messages of ours again; if one of them is not there any more, the states of all that
    /// were asked for too.
    pub(super) fn send_again(&mut self, msg_ids: &[i64]) {
        let mut all = true;
        for msg_id in msg_ids {
            all &= self.session.outbox.send_again(*msg_id, true);
        }
        if !all {
            self.tell_states(msg_ids);
        }
    }

    /// As [`Self::send_again`], for the answers to these queries.
    pub(super) fn send_answers_again(&mut self, queries: &[i64]) {
        let mut all = true;
        for query in queries {
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
        for (msg_id, state) in msg_ids.iter().zip(info) {
            if state & 7 == 4 {
                self.session.acknowledged(*msg_id);
            } else {
                self.session.outbox.send_again(*msg_id, false);
            }
        }
    }

    /// Says unasked what a test wants the client to hear, as soon as there is something to say.
    pub(super) fn ask_as_told(&mut self) {
        let received = self.session.inbox.newest().take(MOST_IDS);
        let received: Vec<i64> = received.map(|(msg_id, _)| msg_id).collect();
        let kept: Vec<i64> = self.session.outbox.msg_ids().take(MOST_IDS).collect();
        let is_call = |(_, kind): &(i64, Kind)| matches!(kind, Kind::Call(_));
        let call = self.session.inbox.newest().find(is_call);

        let faults = &mut self.world.faults;
        let asks = use_up(&mut faults.ask_states, !kept.is_empty());
        let tells = use_up(&mut faults.tell_states, !received.is_empty());
        let asks_resend = use_up(&mut faults.ask_resend, call.is_some());
        if asks {
            let request = types::MsgsStateReq { msg_ids: kept.clone() };
            self.say(Said::Unasked, &enums::MsgsStateReq::Req(request));
            self.session.asked = self.out.last().map(|request| (request.msg_id, kept));
        }
        if tells {
            let info = self.states(&received);
            let all = types::MsgsAllInfo { msg_ids: received, info };
            self.say(Said::Unasked, &enums::MsgsAllInfo::Info(all));
        }
        if let (true, Some((msg_id, _))) = (asks_resend, call) {
            let request = types::MsgResendReq { msg_ids: vec![msg_id] };
            self.say(Said::Unasked, &enums::MsgResendReq::Req(request));
        }
    }
}

/// Takes one off a counter, if it is not used up and the time is right.
fn use_up(left: &mut u32, now: bool) -> bool {
    let used = now && *left > 0;
    *left -= u32::from(used);
    used
}
