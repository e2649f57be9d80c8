//! `auth.bindTempAuthKey`: a temporary key is bound to a permanent one, by a message that only who has both
//! can make (core api/pfs).

use layer_crypto::envelope::v1;
use layer_tl_types::{Cursor, Deserializable, Identifiable, enums, functions};

use super::turn::Turn;
use crate::router::RpcError;

/// The query, if it is one.
pub(super) fn request(query: &[u8]) -> Option<Result<functions::auth::BindTempAuthKey, RpcError>> {
    let mut cursor = Cursor::new(query);
    match cursor.constructor_id() {
        Ok(functions::auth::BindTempAuthKey::CONSTRUCTOR_ID) => {
            let request = Deserializable::deserialize(&mut cursor);
            Some(request.map_err(|_| RpcError::unreadable()))
        }
        _ => None,
    }
}

impl Turn<'_> {
    pub(super) fn bind(
        &mut self,
        request: &functions::auth::BindTempAuthKey,
    ) -> Result<(), RpcError> {
        let invalid = || RpcError::new(400, "ENCRYPTED_MESSAGE_INVALID");
        let now = self.caller.now.unix();
        let keys = &mut self.world.keys;
        let temporary = keys.get(self.caller.key_id, now).and_then(|known| known.temporary);
        let temporary = temporary.ok_or_else(|| RpcError::new(400, "TEMP_AUTH_KEY_EMPTY"))?;
        if temporary.bound_to.is_some_and(|bound_to| bound_to != request.perm_auth_key_id) {
            return Err(RpcError::new(400, "TEMP_AUTH_KEY_ALREADY_BOUND"));
        }
        let permanent = keys.get(request.perm_auth_key_id, now).ok_or_else(invalid)?;
        let elsewhere = self.world.settings.apart() && permanent.dc != Some(self.caller.dc);
        if permanent.temporary.is_some() || elsewhere {
            return Err(invalid());
        }
        let opened = v1::open(&permanent.key, &request.encrypted_message).map_err(|_| invalid())?;
        let inner = enums::BindAuthKeyInner::from_bytes(&opened.body).map_err(|_| invalid())?;
        let enums::BindAuthKeyInner::Inner(inner) = inner;
        let agrees = opened.msg_id == self.caller.msg_id
            && opened.seq_no == 0
            && inner.nonce == request.nonce
            && inner.temp_auth_key_id == self.caller.key_id
            && inner.perm_auth_key_id == request.perm_auth_key_id
            && inner.temp_session_id == self.caller.session_id
            && inner.expires_at == request.expires_at;
        if !agrees {
            return Err(invalid());
        }
        if i64::from(request.expires_at) <= now {
            return Err(RpcError::new(400, "EXPIRES_AT_INVALID"));
        }
        if let Some(replaced) = keys.bind(self.caller.key_id, request.perm_auth_key_id) {
            self.world.forget_key(replaced);
        }
        Ok(())
    }
}
