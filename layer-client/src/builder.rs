//! A configuration in a chain.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::session::{SessionBackend, SessionError};
use crate::{
    Client, Config, InvocationError, Proxy, RetryPolicy, ShutdownToken, Socks5Config, TransportKind,
};

/// Chained setters over [`Config`], whose fields say what each means.
///
/// ```
/// use layer_client::Client;
/// let builder = Client::builder().session_path("my.session").api(12345, "abc123").catch_up(true);
/// assert!(builder.config().catch_up);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "nothing happens before `connect`"]
pub struct Builder {
    config: Config,
}

/// Setters of one value each.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty => |$config:ident, $value:ident| $set:expr;)*) => {
        impl Builder {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $value: $ty) -> Self {
                    let $config = &mut self.config;
                    $set;
                    self
                }
            )*
        }
    };
}

setters! {
    /// The file that keeps the login.
    session_path: impl Into<PathBuf> => |config, path| config.session_path = path.into();
    /// What keeps the login instead of a file.
    session_backend: Arc<dyn SessionBackend> => |config, backend| config.session_backend = Some(backend);
    /// The program's number.
    api_id: i32 => |config, id| config.api_id = id;
    /// What belongs to the number.
    api_hash: impl Into<String> => |config, hash| config.api_hash = hash.into();
    /// The server in place of Telegram's, `host:port`.
    dc_addr: impl Into<String> => |config, address| config.dc_addr = Some(address.into());
    /// The data centre to begin with.
    dc_id: i32 => |config, dc| config.dc_id = dc;
    /// When a request that failed is made again.
    retry_policy: Arc<dyn RetryPolicy> => |config, policy| config.retry_policy = policy;
    /// A SOCKS5 proxy.
    socks5: Socks5Config => |config, proxy| config.socks5 = Some(proxy);
    /// What stands between us and the servers.
    proxy: Proxy => |config, proxy| config.proxy = Some(proxy);
    /// Whether IPv6 is tried too.
    allow_ipv6: bool => |config, allow| config.allow_ipv6 = allow;
    /// How packets are framed.
    transport: TransportKind => |config, transport| config.transport = transport;
    /// Whether connecting waits for the server.
    await_server: bool => |config, waits| config.await_server = waits;
    /// Whether updates that came meanwhile are delivered.
    catch_up: bool => |config, catch_up| config.catch_up = catch_up;
    /// How many updates wait for a reader.
    update_queue: usize => |config, size| config.update_queue = size;
    /// One more public key of the servers, in PEM.
    server_key: impl Into<String> => |config, pem| config.server_keys.push(pem.into());
    /// Whether Telegram's test data centres are meant.
    test_dcs: bool => |config, test| config.test_dcs = test;
    /// Keys that live so long and are then forgotten.
    temporary_keys: Duration => |config, lifetime| config.temporary_keys = Some(lifetime);
    /// Shown among the account's active sessions.
    device_model: impl Into<String> => |config, model| config.device_model = model.into();
    /// Shown there too.
    system_version: impl Into<String> => |config, version| config.system_version = version.into();
    /// Shown there too.
    app_version: impl Into<String> => |config, version| config.app_version = version.into();
    /// The system's language.
    system_lang_code: impl Into<String> => |config, code| config.system_lang_code = code.into();
    /// The program's language.
    lang_code: impl Into<String> => |config, code| config.lang_code = code.into();
    /// The name of the language pack.
    lang_pack: impl Into<String> => |config, pack| config.lang_pack = pack.into();
    /// How long an address may take to be dialled.
    connect_timeout: Duration => |config, timeout| config.connect_timeout = timeout;
    /// How long a request may be without a sign from the server.
    rpc_timeout: Duration => |config, timeout| config.rpc_timeout = timeout;
}

impl Builder {
    /// The program's number and what belongs to it.
    pub fn api(self, id: i32, hash: impl Into<String>) -> Self {
        self.api_id(id).api_hash(hash)
    }

    /// The waits before a lost connection is dialled again: the first, and the longest.
    pub fn reconnect(mut self, first: Duration, longest: Duration) -> Self {
        self.config.reconnect_first = first;
        self.config.reconnect_longest = longest;
        self
    }

    /// A login that [`Client::export_session_string`] gave, with its credentials and server.
    ///
    /// # Errors
    /// [`SessionError::BadString`] if it is not such a string.
    pub fn string_session(mut self, text: &str) -> Result<Self, SessionError> {
        let string = Config::from_string_session(text)?;
        self.config.session_backend = string.session_backend;
        self.config.api_id = string.api_id;
        self.config.api_hash = string.api_hash;
        self.config.dc_addr = string.dc_addr;
        self.config.dc_id = string.dc_id;
        self.config.server_keys = string.server_keys;
        self.config.test_dcs = string.test_dcs;
        Ok(self)
    }

    /// What was set by now.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Connects, as [`Client::connect`] does.
    ///
    /// May be dropped midway: nothing is left behind but what was saved.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect(self) -> Result<(Client, ShutdownToken), InvocationError> {
        Client::connect(self.config).await
    }
}

impl From<Config> for Builder {
    fn from(config: Config) -> Self {
        Self { config }
    }
}
