//! What we ask the server for on our own account, and what answers it.

use std::collections::{BTreeMap, VecDeque};

/// The most that wait to be sent, and to be answered; cancelled calls beyond that are not told to the
/// server.
const MOST: usize = 1024;

/// A service message that is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// `auth.bindTempAuthKey`.
    Bind,
    /// `ping_delay_disconnect`.
    Ping,
    /// `get_future_salts`.
    FutureSalts,
    /// `msgs_state_req` for these.
    States {
        /// Messages of which we want to know.
        msg_ids: Vec<i64>,
        /// A message that the server must know, unless it has forgotten the session.
        witness: Option<i64>,
    },
    /// `rpc_drop_answer` for the call in this message.
    DropAnswer(i64),
    /// `destroy_session` for this one.
    DestroySession(i64),
    /// `destroy_auth_key`.
    DestroyKey,
}

/// Requests that wait to be sent, and those that wait for their answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Requests {
    queue: VecDeque<Request>,
    sent: BTreeMap<i64, Request>,
    /// The ping that was answered last.
    ping_before: Option<i64>,
}

impl Requests {
    /// Queues a request, unless the same waits already.
    pub(super) fn push(&mut self, request: Request) {
        if self.queue.len() < MOST && !self.queue.contains(&request) {
            self.queue.push_back(request);
        }
    }

    /// The next to be sent; only a binding if `binding`.
    pub(super) fn pop(&mut self, binding: bool) -> Option<Request> {
        if !binding {
            return self.queue.pop_front();
        }
        let place = self.queue.iter().position(|request| *request == Request::Bind)?;
        self.queue.remove(place)
    }

    /// A request was sent in this message.
    pub(super) fn sent(&mut self, msg_id: i64, request: Request) {
        self.sent.insert(msg_id, request);
        if self.sent.len() > MOST {
            // A server that does not answer is asked again anyway.
            self.sent.pop_first();
        }
    }

    /// The request that was sent in a message; it waits no longer.
    pub(super) fn take(&mut self, msg_id: i64) -> Option<Request> {
        self.sent.remove(&msg_id)
    }

    /// Ends the request that was sent in a message, if it is such a one. Returns whether it was.
    pub(super) fn take_if(&mut self, msg_id: i64, is: impl Fn(&Request) -> bool) -> bool {
        self.sent.get(&msg_id).is_some_and(is) && self.take(msg_id).is_some()
    }

    /// The server has answered a ping. What it answers at once, and was sent before the ping before
    /// this one, was lost on the way: it is asked for anew when it is due.
    pub(super) fn answered_ping(&mut self, msg_id: i64) {
        let Some(before) = self.ping_before.replace(msg_id) else { return };
        self.sent.retain(|sent, request| {
            let at_once = matches!(
                request,
                Request::Ping
                    | Request::DropAnswer(_)
                    | Request::States { .. }
                    | Request::FutureSalts
            );
            *sent > before || !at_once
        });
    }

    /// The first request that waits for an answer and is such a one, which names no message.
    pub(super) fn take_which(&mut self, is: impl Fn(&Request) -> bool) -> Option<(i64, Request)> {
        let msg_id = self.sent.iter().find(|(_, request)| is(request)).map(|(id, _)| *id)?;
        self.take(msg_id).map(|request| (msg_id, request))
    }

    /// The link or the session is gone: nothing is answered any more. What is still wanted is sent
    /// again; the rest is asked for anew when it is due.
    pub(super) fn forget(&mut self) {
        let all =
            std::mem::take(&mut self.sent).into_values().chain(std::mem::take(&mut self.queue));
        let wanted =
            |request: &Request| matches!(request, Request::DestroySession(_) | Request::DestroyKey);
        self.queue = all.filter(wanted).collect();
    }

    /// How many wait to be sent or answered.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.sent.len()
    }
}
