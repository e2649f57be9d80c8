//! A session as a text that can be carried to another machine.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::encoding::{self, Bytes, Reader, bad_string};
use super::{BoxFuture, Change, SavedSession, SessionBackend, SessionError};

/// What every string begins with, in base64.
const MAGIC: &str = "layr";
const VERSION: u8 = 1;

/// With the alphabet that needs no quotes in addresses and environment variables.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a session string holds. It is as secret as a password: it *is* the login.
///
/// Of data centres the string has number, key and time, not addresses and salts, which are asked
/// for again, and not keys that were set aside. All else of the session is in it.
///
/// ```
/// use layer_client::session::{SavedSession, StringSession};
///
/// let session = StringSession::new(SavedSession::default(), 12345, "abc123");
/// let text = session.encode();
/// assert!(text.starts_with("layr"));
/// assert_eq!(StringSession::decode(&text)?, session);
/// # Ok::<(), layer_client::session::SessionError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct StringSession {
    /// The login.
    pub session: SavedSession,
    /// The program's number, as given out by Telegram.
    pub api_id: i32,
    /// What belongs to it. Not in `Debug`.
    pub api_hash: String,
    /// The server, if it is another than Telegram's.
    pub server: Option<StringServer>,
}

/// A server that was configured, as it travels in a session string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StringServer {
    /// Its address with the port, in the form in which it was configured.
    pub address: Option<String>,
    /// The data centre that is there; 0 if nobody said.
    pub dc_id: i32,
    /// Its public keys in PEM; none if they are Telegram's.
    pub public_keys: Vec<String>,
    /// Whether these are test data centres.
    pub is_test: bool,
}

impl StringSession {
    /// A login on Telegram's own servers.
    pub fn new(session: SavedSession, api_id: i32, api_hash: impl Into<String>) -> Self {
        Self { session, api_id, api_hash: api_hash.into(), server: None }
    }

    /// The string: URL-safe base64 without padding.
    pub fn encode(&self) -> String {
        let mut session = self.session.clone();
        for dc in &mut session.dcs {
            dc.addresses.clear();
            dc.salts.clear();
            dc.set_aside.clear();
        }
        let mut bytes = Bytes::default();
        bytes.put(&[VERSION]);
        bytes.i32(self.api_id);
        bytes.bytes(self.api_hash.as_bytes());
        bytes.option(self.server.as_ref(), |bytes, server| {
            bytes.option(server.address.as_deref(), |bytes, address| {
                bytes.bytes(address.as_bytes());
            });
            bytes.i32(server.dc_id);
            bytes.count(server.public_keys.len());
            server.public_keys.iter().for_each(|key| bytes.bytes(key.as_bytes()));
            bytes.put(&[u8::from(server.is_test)]);
        });
        encoding::write_session(&mut bytes, &session);
        bytes.u32(crc32fast::hash(bytes.as_slice()));
        format!("{MAGIC}{}", *Zeroizing::new(BASE64.encode(bytes.as_slice())))
    }

    /// Reads a string; spaces and line breaks around and in it do no harm.
    ///
    /// # Errors
    ///
    /// [`SessionError::BadString`] if it is of another library, of a newer version, or not whole.
    pub fn decode(text: &str) -> Result<Self, SessionError> {
        let text: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
        let coded = text
            .strip_prefix(MAGIC)
            .ok_or_else(|| bad_string(format!("it should begin with \"{MAGIC}\"")))?;
        let bytes = BASE64.decode(coded).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| bad_string("a character is missing, or not of base64"))?;
        let not_whole = || bad_string("its checksum is wrong, some of it is missing or mistyped");
        let (body, crc) = bytes.split_last_chunk().ok_or_else(not_whole)?;
        if crc32fast::hash(body).to_le_bytes() != *crc {
            return Err(not_whole());
        }
        match body.split_first() {
            Some((&VERSION, rest)) => Self::read(Reader(rest)).map_err(bad_string),
            Some((version, _)) => Err(bad_string(format!(
                "it has format {version}, and {VERSION} is the newest that this version reads"
            ))),
            None => Err(not_whole()),
        }
    }

    fn read(mut reader: Reader<'_>) -> Result<Self, &'static str> {
        let api_id = reader.i32()?;
        let api_hash = reader.string()?;
        let server = reader.option(|reader| {
            Ok(StringServer {
                address: reader.option(Reader::string)?,
                dc_id: reader.i32()?,
                public_keys: reader.list(Reader::string)?,
                is_test: reader.bool()?,
            })
        })?;
        let mut session = SavedSession::default();
        encoding::read(reader.0, &mut session)?;
        Ok(Self { session, api_id, api_hash, server })
    }
}

impl fmt::Debug for StringSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StringSession")
            .field("session", &self.session)
            .field("api_id", &self.api_id)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Keeps a session in memory, and gives it as a string at any time.
///
/// ```
/// use layer_client::session::{Change, SessionBackend, StringSession, StringSessionBackend};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), layer_client::session::SessionError> {
/// let backend = StringSessionBackend::new(StringSession::default());
/// backend.save(&[Change::HomeDc(4)]).await?;
/// let text = backend.export();
///
/// let elsewhere = StringSessionBackend::parse(&text)?;
/// assert_eq!(elsewhere.load().await?.home_dc, Some(4));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StringSessionBackend {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    string: StringSession,
    is_closed: bool,
}

impl StringSessionBackend {
    /// With what a string holds, or will.
    pub fn new(string: StringSession) -> Self {
        Self { state: Mutex::new(State { string, is_closed: false }) }
    }

    /// Out of a string.
    ///
    /// # Errors
    ///
    /// As [`StringSession::decode`].
    pub fn parse(text: &str) -> Result<Self, SessionError> {
        StringSession::decode(text).map(Self::new)
    }

    /// The string at this moment.
    pub fn export(&self) -> String {
        self.state().string.encode()
    }

    /// What it holds at this moment.
    pub fn content(&self) -> StringSession {
        self.state().string.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionBackend for StringSessionBackend {
    fn load(&self) -> BoxFuture<'_, Result<SavedSession, SessionError>> {
        Box::pin(async {
            let mut state = self.state();
            state.is_closed = false;
            Ok(state.string.session.clone())
        })
    }

    fn save<'a>(&'a self, changes: &'a [Change]) -> BoxFuture<'a, Result<(), SessionError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.is_closed {
                return Err(SessionError::Closed);
            }
            changes.iter().for_each(|change| state.string.session.apply(change));
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(async {
            self.state().is_closed = true;
            Ok(())
        })
    }
}
