//! `new_session_created`: the server remembers nothing from before.

use layer_tl_types::types;

use super::super::Connection;
use crate::Now;

impl Connection {
    pub(super) fn new_session_created(&mut self, new: &types::NewSessionCreated, now: Now) {
        let server_time = self.clock.seconds(now);
        self.session.salts.mention(new.server_salt, server_time);
        self.session_begun(new.first_msg_id, new.unique_id);
    }
}
