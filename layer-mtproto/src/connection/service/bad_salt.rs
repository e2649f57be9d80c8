//! `bad_server_salt`: the message was not taken because its salt is over. The right one comes along,
//! and what was in the message goes out again with it: one round trip is lost, and nothing else.

use layer_tl_types::types;

use super::super::{Connection, Lost};
use crate::Now;

impl Connection {
    pub(super) fn bad_server_salt(
        &mut self,
        bad: &types::BadServerSalt,
        msg_id: i64,
        now: Now,
    ) -> Result<(), Lost> {
        let members = self.packets.take(bad.bad_msg_id);
        if members.is_empty() {
            // Not ours, or long settled: whoever plays this to us again changes nothing.
            return Ok(());
        }
        self.clock.heard(msg_id, now);
        let server_time = self.clock.seconds(now);
        self.session.salts.replace(bad.new_server_salt, server_time);
        self.refused(members, bad.error_code, now)
    }
}
