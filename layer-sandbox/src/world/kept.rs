//! What is lasting of a world, as bytes: accounts and logins, all that was said and what became of it,
//! the files but for their contents, and the keys. Not the sessions, which a restart costs, nor what is on its way: codes, tokens, pressed
//! buttons.
//!
//! It is MessagePack behind a line with its digest, with the names of all fields, so that it can grow;
//! objects of Telegram's are in it as their bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use layer_crypto::AuthKey;
use layer_crypto::hash::sha256;
use layer_tl_types::{Deserializable, Serializable};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::codes::hex;
use super::files::Files;
use super::{Accounts, Talk, World};
use crate::keys::Keys;

/// With what the first line begins; the digest of the rest follows.
const HEAD: &str = "layer-sandbox ";
/// By which the form of the rest is known; another form has another number.
const FORM: u32 = 1;

/// What was kept of a world can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeptError {
    /// It is something else, or not as it was written.
    #[error("it is not what a sandbox keeps, or damaged")]
    Damaged,
    /// It is as it was written, by another version.
    #[error("another version has written it, in its form {form}")]
    OtherVersion {
        /// The number of its form; 1 is ours, which may have had other parts.
        form: u32,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    form: u32,
    accounts: &'a Accounts,
    talk: &'a Talk,
    keys: &'a Keys,
    files: &'a Files,
}

#[derive(Deserialize)]
struct Form {
    form: u32,
}

#[derive(Deserialize)]
struct Read {
    accounts: Accounts,
    talk: Talk,
    keys: Keys,
    #[serde(default)]
    files: Files,
}

impl World {
    /// What is lasting of it. There are keys, passwords and messages in it.
    ///
    /// ```
    /// use layer_sandbox::{Settings, World};
    ///
    /// let mut world = World::new(Settings::default());
    /// world.add_user("Alice", "+49 151 0000001");
    /// let mut other = World::new(Settings::default());
    /// other.restore(&world.keep())?;
    /// assert!(other.accounts.by_phone("+49 151 0000001").is_some());
    /// # Ok::<(), layer_sandbox::world::KeptError>(())
    /// ```
    pub fn keep(&self) -> Zeroizing<Vec<u8>> {
        let Self { accounts, talk, keys, files, .. } = self;
        let written = Written { form: FORM, accounts, talk, keys, files };
        // Nothing of it has a length that is not known, and nothing else can fail in memory.
        let body = Zeroizing::new(rmp_serde::to_vec_named(&written).unwrap_or_default());
        let head = format!("{HEAD}{}\n", hex(&sha256(&[&body])));
        Zeroizing::new([head.as_bytes(), &body].concat())
    }

    /// Takes over what was kept of another world, in the place of what this one has of that.
    ///
    /// # Errors
    /// If it can't be read. Nothing has changed then.
    pub fn restore(&mut self, kept: &[u8]) -> Result<(), KeptError> {
        let end = kept.iter().position(|byte| *byte == b'\n').ok_or(KeptError::Damaged)?;
        let (head, body) = kept.split_at_checked(end + 1).ok_or(KeptError::Damaged)?;
        let expected = format!("{HEAD}{}\n", hex(&sha256(&[body])));
        if head != expected.as_bytes() {
            return Err(KeptError::Damaged);
        }
        let other = |form| KeptError::OtherVersion { form };
        let Form { form } = rmp_serde::from_slice(body).map_err(|_| other(0))?;
        if form != FORM {
            return Err(other(form));
        }
        // Why it can't be read is not told: it would show what is in it.
        let Read { accounts, talk, keys, files } =
            rmp_serde::from_slice(body).map_err(|_| other(form))?;
        (self.accounts, self.talk, self.keys) = (accounts, talk, keys);
        self.files = files;
        Ok(())
    }
}

fn encode<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = Zeroizing::new(<String as Deserialize>::deserialize(deserializer)?);
    BASE64_STANDARD.decode(&*text).map_err(|_| D::Error::custom("not base64"))
}

/// An object of Telegram's, as its bytes.
pub(crate) struct Tl<T>(pub(crate) T);

impl<T: Serializable> Serialize for Tl<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tl::serialize(&self.0, serializer)
    }
}

impl<'de, T: Deserializable> Deserialize<'de> for Tl<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tl::deserialize(deserializer).map(Self)
    }
}

pub(crate) mod tl {
    use super::*;

    pub(crate) fn serialize<T: Serializable, S: Serializer>(
        object: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        encode(&object.to_bytes(), serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserializable, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        T::from_bytes(&decode(deserializer)?).map_err(|_| D::Error::custom("not the object"))
    }
}

pub(crate) mod tl_option {
    use super::*;

    pub(crate) fn serialize<T: Serializable, S: Serializer>(
        object: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        object
            .as_ref()
            .map(|object| BASE64_STANDARD.encode(object.to_bytes()))
            .serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserializable, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<Tl<T>>::deserialize(deserializer)?.map(|Tl(object)| object))
    }
}

/// Objects by bytes.
pub(crate) mod tl_map {
    use super::*;

    pub(crate) fn serialize<T: Serializable, S: Serializer>(
        map: &BTreeMap<Vec<u8>, T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let encoded = |(key, object): (&Vec<u8>, &T)| {
            (BASE64_STANDARD.encode(key), BASE64_STANDARD.encode(object.to_bytes()))
        };
        map.iter().map(encoded).collect::<BTreeMap<_, _>>().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserializable, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Vec<u8>, T>, D::Error> {
        let encoded = BTreeMap::<String, Tl<T>>::deserialize(deserializer)?;
        let decoded = encoded.into_iter().map(|(key, Tl(object))| {
            let key = BASE64_STANDARD.decode(key);
            Ok((key.map_err(|_| D::Error::custom("not base64"))?, object))
        });
        decoded.collect()
    }
}

pub(crate) mod bytes {
    use super::*;

    pub(crate) fn serialize<T: AsRef<[u8]>, S: Serializer>(
        bytes: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        encode(bytes.as_ref(), serializer)
    }

    pub(crate) fn deserialize<'de, T: From<Vec<u8>>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        decode(deserializer).map(T::from)
    }
}

pub(crate) mod auth_key {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        key: &Arc<AuthKey>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        encode(key.as_bytes(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<AuthKey>, D::Error> {
        let bytes = Zeroizing::new(decode(deserializer)?);
        let key = bytes.first_chunk().filter(|key| key.len() == bytes.len());
        let key = key.ok_or_else(|| D::Error::custom("not 256 bytes"))?;
        Ok(Arc::new(AuthKey::from_bytes(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn kept(body: &impl Serialize) -> Vec<u8> {
        let body = rmp_serde::to_vec_named(body).unwrap();
        [format!("{HEAD}{}\n", hex(&sha256(&[&body]))).as_bytes(), &body].concat()
    }

    #[derive(Serialize)]
    struct Other {
        form: u32,
        accounts: &'static str,
    }

    #[test]
    fn another_form_is_told_from_damage_and_nothing_has_changed() {
        let mut world = World::new(Settings::default());
        let before = world.keep();
        for form in [1, 2] {
            let other = kept(&Other { form, accounts: "none" });
            let error = world.restore(&other).unwrap_err();
            assert_eq!(error, KeptError::OtherVersion { form });
            let longer = [&other[..], b" "].concat();
            assert_eq!(world.restore(&longer).unwrap_err(), KeptError::Damaged);
        }
        for damaged in [&b""[..], b"\n", b"layer-sandbox \n{}"] {
            assert_eq!(world.restore(damaged).unwrap_err(), KeptError::Damaged);
        }
        assert!(world.keep() == before);
    }
}
