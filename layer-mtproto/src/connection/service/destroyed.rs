//! `destroy_session_ok` and `_none`, `destroy_auth_key_ok`, `_none` and `_fail`. The schema lets them
//! come by themselves; inside `rpc_result` they are taken too.

use layer_tl_types::{Identifiable, types};
use rand_core::CryptoRng;

use super::super::requests::Request;
use super::super::{Connection, Event, Lost};
use crate::Now;

impl Connection {
    /// It is gone, or was not there.
    pub(super) fn session_destroyed(&mut self, session_id: i64) {
        let destroys = |request: &Request| *request == Request::DestroySession(session_id);
        self.requests.take_which(destroys);
    }

    pub(super) fn key_destroyed(
        &mut self,
        id: u32,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        if self.requests.take_which(|request| *request == Request::DestroyKey).is_none() {
            return Ok(());
        }
        let is_gone =
            [types::DestroyAuthKeyOk::CONSTRUCTOR_ID, types::DestroyAuthKeyNone::CONSTRUCTOR_ID];
        if is_gone.contains(&id) {
            self.die(Event::KeyDestroyed);
            return Ok(());
        }
        // Also any error.
        self.events.push_back(Event::KeyKept);
        self.keys.is_unwanted = false;
        // Whoever answers under it knows it.
        self.keys.in_doubt = false;
        if self.forward_secrecy() {
            // Only this went under the permanent key.
            self.give_up_temporary_key(rng);
            self.keys.retired = self.keys.permanent.as_ref().map(|key| key.id());
            return self.proceed(now, rng);
        }
        Ok(())
    }
}
