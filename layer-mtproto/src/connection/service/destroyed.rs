//! `destroy_session_ok` and `_none`, `destroy_auth_key_ok`, `_none` and `_fail`. The schema lets them
//! come by themselves; inside `rpc_result` they are taken too.

use layer_tl_types::{Identifiable, types};

use super::super::requests::Request;
use super::super::{Connection, Event};

impl Connection {
    /// It is gone, or was not there.
    pub(super) fn session_destroyed(&mut self, session_id: i64) {
        let destroys = |request: &Request| *request == Request::DestroySession(session_id);
        self.requests.take_which(destroys);
    }

    pub(super) fn key_destroyed(&mut self, id: u32) {
        if self.requests.take_which(|request| *request == Request::DestroyKey).is_none() {
            return;
        }
        let is_gone = [
            types::DestroyAuthKeyOk::CONSTRUCTOR_ID,
            types::DestroyAuthKeyNone::CONSTRUCTOR_ID,
        ];
        if is_gone.contains(&id) {
            self.die(Event::KeyDestroyed);
        } else {
            // Also any error.
            self.events.push_back(Event::KeyKept);
        }
    }
}
