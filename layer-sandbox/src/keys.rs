//! Keys that the server knows: its own RSA key, and the authorization keys that clients have agreed.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use layer_crypto::AuthKey;
use layer_crypto::rsa::PrivateKey;
use thiserror::Error;

use crate::exchange::Agreed;
use crate::salts::Salts;

/// The sandbox's own RSA key. It lies open in this repository, and so proves nothing to anybody: it is
/// there that sandboxes start at once and clients can be configured before.
pub fn well_known_key() -> Arc<PrivateKey> {
    #[allow(clippy::expect_used, reason = "a constant, and every test uses it")]
    static KEY: LazyLock<Arc<PrivateKey>> = LazyLock::new(|| {
        let pem = include_str!("sandbox-key.pem");
        Arc::new(PrivateKey::from_pem(pem).expect("the key in the source is one"))
    });
    KEY.clone()
}

/// The RSA key of the sandbox's CDN, as open as the [well-known one](well_known_key).
pub fn cdn_key() -> Arc<PrivateKey> {
    #[allow(clippy::expect_used, reason = "a constant, and tests use it")]
    static KEY: LazyLock<Arc<PrivateKey>> = LazyLock::new(|| {
        let pem = include_str!("cdn-key.pem");
        Arc::new(PrivateKey::from_pem(pem).expect("the key in the source is one"))
    });
    KEY.clone()
}

/// An authorization key and what belongs to it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct KnownKey {
    /// The key.
    #[serde(with = "crate::world::kept::auth_key")]
    pub key: Arc<AuthKey>,
    /// The data centre that the client named when it agreed the key.
    pub dc: Option<i32>,
    /// Its server salts.
    pub salts: Salts,
    /// The layer that the client speaks, as it told by `invokeWithLayer`.
    pub layer: Option<i32>,
    /// What the client has told about itself by `initConnection`.
    pub client: Option<ClientInfo>,
    /// Set if the key is a temporary one.
    pub temporary: Option<Temporary>,
}

/// What a client tells about itself by `initConnection`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "as the schema names them")]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct ClientInfo {
    pub api_id: i32,
    pub device_model: String,
    pub system_version: String,
    pub app_version: String,
    pub system_lang_code: String,
    pub lang_pack: String,
    pub lang_code: String,
}

/// What a temporary key has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Temporary {
    /// When it expires, in unix seconds.
    pub expires_at: i64,
    /// The permanent key to which it is bound.
    pub bound_to: Option<i64>,
}

/// No more keys are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} authorization keys are known: no more are taken", Keys::MOST)]
pub struct TooManyKeys;

/// Authorization keys by their ids.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Keys {
    known: BTreeMap<i64, KnownKey>,
}

impl Keys {
    /// So many keys are kept.
    pub const MOST: usize = 10_000;

    /// Takes a key that has just been agreed. `now` is in unix seconds.
    ///
    /// # Errors
    /// If [`Keys::MOST`] are known that have not expired.
    pub fn insert(&mut self, agreed: Agreed, now: i64) -> Result<(), TooManyKeys> {
        if self.known.len() >= Self::MOST {
            self.known.retain(|_, known| !known.is_expired(now));
        }
        if self.known.len() >= Self::MOST {
            return Err(TooManyKeys);
        }
        let Agreed { key, salt, dc, expires_at } = agreed;
        let temporary = expires_at.map(|expires_at| Temporary { expires_at, bound_to: None });
        let (key, salts) = (Arc::new(key), Salts::new(salt, now));
        let known = KnownKey { key, dc, salts, layer: None, client: None, temporary };
        self.known.insert(known.key.id(), known);
        Ok(())
    }

    /// The key of an id, if it is known and has not expired.
    pub fn get(&self, id: i64, now: i64) -> Option<&KnownKey> {
        self.known.get(&id).filter(|known| !known.is_expired(now))
    }

    /// As [`Keys::get`], to be changed.
    pub fn get_mut(&mut self, id: i64, now: i64) -> Option<&mut KnownKey> {
        self.known.get_mut(&id).filter(|known| !known.is_expired(now))
    }

    /// Binds a temporary key to a permanent one. A permanent key has one temporary key at a time: the one
    /// that was bound before is forgotten, and its id returned.
    pub fn bind(&mut self, temporary_id: i64, permanent_id: i64) -> Option<i64> {
        let mut others = self.known.iter().filter(|(id, _)| **id != temporary_id);
        let replaced = others.find(|(_, known)| known.bound_to() == Some(permanent_id));
        let replaced = replaced.map(|(id, _)| *id);
        if let Some(id) = replaced {
            self.known.remove(&id);
        }
        let known = self.known.get_mut(&temporary_id);
        if let Some(temporary) = known.and_then(|known| known.temporary.as_mut()) {
            temporary.bound_to = Some(permanent_id);
        }
        replaced
    }

    /// The permanent key that a temporary one is bound to; any other stands for itself.
    pub fn permanent(&self, id: i64) -> i64 {
        self.known.get(&id).and_then(KnownKey::bound_to).unwrap_or(id)
    }

    /// What the client of a permanent key has told about itself, under it or under a temporary one.
    pub fn client(&self, id: i64) -> Option<&ClientInfo> {
        let own = self.known.get(&id).and_then(|known| known.client.as_ref());
        let mut bound = self.known.values().filter(|known| known.bound_to() == Some(id));
        own.or_else(|| bound.find_map(|known| known.client.as_ref()))
    }

    /// Makes all salts of a key worth nothing.
    pub fn stale_salts(&mut self, id: i64) {
        if let Some(known) = self.known.get_mut(&id) {
            known.salts.forget();
        }
    }

    /// Forgets what a client told about itself under a key.
    pub fn forget_init(&mut self, id: i64) {
        if let Some(known) = self.known.get_mut(&id) {
            (known.layer, known.client) = (None, None);
        }
    }

    /// Forgets a key, and a temporary one that is bound to it.
    pub fn remove(&mut self, id: i64) {
        self.known.remove(&id);
        self.known.retain(|_, known| known.bound_to() != Some(id));
    }

    /// The ids of all keys, in their order.
    pub fn ids(&self) -> impl Iterator<Item = i64> {
        self.known.keys().copied()
    }

    /// How many keys are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether no key is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

impl KnownKey {
    fn bound_to(&self) -> Option<i64> {
        self.temporary?.bound_to
    }

    fn is_expired(&self, now: i64) -> bool {
        self.temporary.is_some_and(|temporary| temporary.expires_at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_key_is_always_the_same() {
        let key = well_known_key();
        assert_eq!(format!("{:016x}", key.public().fingerprint()), "ea018a79096c46e2");
        assert!(Arc::ptr_eq(&key, &well_known_key()));
    }
}
