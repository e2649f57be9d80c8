//! `future_salts`: the answer to `get_future_salts`.

use layer_tl_types::types;

use super::super::requests::Request;
use super::super::{Connection, Event};

impl Connection {
    pub(super) fn future_salts(&mut self, answer: types::FutureSalts) {
        if self.requests.take_if(answer.req_msg_id, |request| *request == Request::FutureSalts) {
            self.session.salts.learn(answer.salts);
            self.events.push_back(Event::Learnt);
        }
    }
}
