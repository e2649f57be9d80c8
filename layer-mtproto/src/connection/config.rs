//! What a connection is made with.

use std::time::Duration;

use layer_crypto::AuthKey;
use layer_crypto::envelope::Padding;
use layer_tl_types::types::FutureSalt;
use layer_tl_types::{LAYER, RawObject, Serializable, enums, functions};
use layer_wire::framing::FramingKind;

use crate::Now;
use crate::exchange;
use crate::salts;

/// How a connection speaks, and its limits.
///
/// ```
/// use layer_crypto::rsa::TELEGRAM_PRODUCTION;
/// use layer_mtproto::connection::{Config, Init};
/// use layer_mtproto::exchange;
/// let exchange = exchange::Config::new(vec![TELEGRAM_PRODUCTION], 2);
/// let mut config = Config::new(exchange, Init::new(12345));
/// config.temporary_keys = Some(24 * 3600);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// How packets are framed; abridged at first.
    pub framing: FramingKind,
    /// How packets are padded; [`Padding::Buckets`] at first.
    pub padding: Padding,
    /// The server's keys and data centre. Its `lifetime` is not looked at.
    pub exchange: exchange::Config,
    /// What we say of ourselves.
    pub init: Init,
    /// Perfect forward secrecy: messages go under temporary keys that live so many seconds, and are
    /// renewed in time. `None` at first: messages go under the permanent key.
    pub temporary_keys: Option<i32>,
    /// How often the server is pinged; 60 s at first.
    pub ping_every: Duration,
    /// How long after a ping the server is to close the connection if no other comes, in whole
    /// seconds; 75 s at first. Above `ping_every`.
    pub disconnect_delay: Duration,
    /// How long nothing may be heard after a ping, or in an exchange, until the link is given up;
    /// 15 s at first. Whatever is heard, it is given up if a ping has no answer for ten minutes.
    pub silence: Duration,
    /// How long acknowledgements wait until there are more, or something to go with; 30 s at first.
    pub ack_delay: Duration,
    /// How many calls there may be without an answer; 8192 at first.
    pub most_calls: usize,
    /// How many bytes they may take together; 64 MiB at first.
    pub most_call_bytes: usize,
}

impl Config {
    /// A connection to the server of `exchange`, with the values named above.
    pub fn new(exchange: exchange::Config, init: Init) -> Self {
        Self {
            framing: FramingKind::Abridged,
            padding: Padding::Buckets,
            exchange,
            init,
            temporary_keys: None,
            ping_every: Duration::from_secs(60),
            disconnect_delay: Duration::from_secs(75),
            silence: Duration::from_secs(15),
            ack_delay: Duration::from_secs(30),
            most_calls: 8192,
            most_call_bytes: 64 << 20,
        }
    }
}

/// What a client says of itself in `initConnection`, and the layer of its schema.
#[derive(Clone)]
#[non_exhaustive]
pub struct Init {
    /// The layer; that of `layer-tl-types` at first.
    pub layer: i32,
    /// As given out by Telegram.
    pub api_id: i32,
    /// Shown among the account's active sessions.
    pub device_model: String,
    /// Shown there too.
    pub system_version: String,
    /// Shown there too.
    pub app_version: String,
    /// An ISO 639-1 code; `en` at first.
    pub system_lang_code: String,
    /// Empty for all but the official clients.
    pub lang_pack: String,
    /// An ISO 639-1 code; `en` at first.
    pub lang_code: String,
    /// The MTProxy over which the connection goes.
    pub proxy: Option<enums::InputClientProxy>,
    /// Further parameters, such as the offset of the time zone.
    pub params: Option<enums::Jsonvalue>,
}

impl Init {
    /// With the names of this library and its version.
    pub fn new(api_id: i32) -> Self {
        Self {
            layer: LAYER,
            api_id,
            device_model: "layer".to_owned(),
            system_version: std::env::consts::OS.to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            system_lang_code: "en".to_owned(),
            lang_pack: String::new(),
            lang_code: "en".to_owned(),
            proxy: None,
            params: None,
        }
    }

    /// `invokeWithLayer` and `initConnection`, up to the query.
    pub(super) fn prefix(&self) -> Vec<u8> {
        let query = functions::InitConnection {
            api_id: self.api_id,
            device_model: self.device_model.clone(),
            system_version: self.system_version.clone(),
            app_version: self.app_version.clone(),
            system_lang_code: self.system_lang_code.clone(),
            lang_pack: self.lang_pack.clone(),
            lang_code: self.lang_code.clone(),
            proxy: self.proxy.clone(),
            params: self.params.clone(),
            query: RawObject::default(),
        };
        functions::InvokeWithLayer { layer: self.layer, query }.to_bytes()
    }
}

/// Without the proxy and the parameters.
impl std::fmt::Debug for Init {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Init")
            .field("layer", &self.layer)
            .field("api_id", &self.api_id)
            .field("device_model", &self.device_model)
            .field("app_version", &self.app_version)
            .finish_non_exhaustive()
    }
}

/// What outlives a process: with it a connection goes on without a new exchange.
#[derive(Clone)]
pub struct Saved {
    /// The permanent key: the login.
    pub auth_key: AuthKey,
    /// What is known of the salts of that key; of no use after an hour or so, and not needed.
    pub salts: Vec<FutureSalt>,
    /// How many seconds the server's clock was ahead of the local one.
    pub time_offset: i64,
}

impl Saved {
    /// A key as it comes from an exchange that was done elsewhere.
    pub fn new(auth_key: AuthKey, first_salt: i64, time_offset: i64, now: Now) -> Self {
        let server_time = i64::try_from(now.wall.as_secs()).unwrap_or(i64::MAX);
        let salt = salts::untold(first_salt, server_time.saturating_add(time_offset));
        Self { auth_key, salts: vec![salt], time_offset }
    }
}

/// Shows the key's id, and no salt.
impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saved")
            .field("auth_key", &self.auth_key)
            .field("salts", &self.salts.len())
            .field("time_offset", &self.time_offset)
            .finish()
    }
}
