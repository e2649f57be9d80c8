//! `future_salts`: the answer to `get_future_salts`.

use layer_tl_types::types;

use super::super::Connection;
use super::super::requests::Request;

impl Connection {
    pub(super) fn future_salts(&mut self, answer: types::FutureSalts) {
        if self.requests.take_if(answer.req_msg_id, |request| *request == Request::FutureSalts) {
            self.session.salts.learn(answer.salts);
        }
    }
}
