//! What a client is made with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use layer_crypto::rsa::{KeyError, PublicKey, TELEGRAM_PRODUCTION, TELEGRAM_TEST};
use layer_mtproto::connection::Init;

use crate::retry::{AutoSleep, RetryPolicy};
use crate::session::SessionBackend;

/// All that a client can be told before it connects. Only [`Config::api_id`] and
/// [`Config::api_hash`] must be given.
///
/// ```
/// use layer_client::Config;
/// let config = Config {
///     session_path: "my.session".into(),
///     api_id: 12345,
///     api_hash: "abc123".into(),
///     ..Default::default()
/// };
/// assert!(!format!("{config:?}").contains("abc123"));
/// ```
#[derive(Clone)]
pub struct Config {
    /// The file that keeps the login; `layer.session` at first.
    pub session_path: PathBuf,
    /// What keeps the login instead of a file.
    pub session_backend: Option<Arc<dyn SessionBackend>>,
    /// The program's number, as my.telegram.org gives it out.
    pub api_id: i32,
    /// What belongs to the number. Not in `Debug`.
    pub api_hash: String,
    /// The server in place of Telegram's, `host:port`: the data centre [`Config::dc_id`]. Of other
    /// data centres it tells itself.
    pub dc_addr: Option<String>,
    /// The data centre to begin with while the account's is not known; 2 at first.
    pub dc_id: i32,
    /// Whether and when a request that failed is made again; [`AutoSleep`] at first.
    pub retry_policy: Arc<dyn RetryPolicy>,
    /// Shorthand for [`Proxy::Socks5`] in [`Config::proxy`](field@Config::proxy).
    pub socks5: Option<Socks5Config>,
    /// What stands between us and the servers.
    pub proxy: Option<Proxy>,
    /// Whether IPv6 is tried where IPv4 fails.
    pub allow_ipv6: bool,
    /// How packets are framed.
    pub transport: TransportKind,
    /// Whether [`Client::connect`](crate::Client::connect) waits until the server has answered, as it
    /// does at first. If not, it is there as soon as the session is loaded, and what is called then goes
    /// out with the first packet, a round trip earlier; that the server can't be reached, or does not
    /// want us, is told by the calls.
    pub await_server: bool,
    /// Whether updates that came while no client ran, or that were not acknowledged, are delivered.
    /// If not, at first, updates begin with the moment of connecting.
    pub catch_up: bool,
    /// How many updates wait for a reader; 1024 at first. Beyond that some thousands wait as they came,
    /// and what comes beyond those is asked for again when there is room.
    pub update_queue: usize,
    /// The public RSA keys of the servers in PEM; Telegram's if there are none.
    pub server_keys: Vec<String>,
    /// Whether Telegram's test data centres are meant: other accounts, nothing of it lasts.
    pub test_dcs: bool,
    /// Perfect forward secrecy: messages go under keys that live so long and are then forgotten.
    /// `None` at first. Whole seconds.
    pub temporary_keys: Option<Duration>,
    /// Shown among the account's active sessions.
    pub device_model: String,
    /// Shown there too.
    pub system_version: String,
    /// Shown there too.
    pub app_version: String,
    /// The system's language, an ISO 639-1 code; `en` at first.
    pub system_lang_code: String,
    /// The program's language, an ISO 639-1 code; `en` at first.
    pub lang_code: String,
    /// Empty for all but the official clients.
    pub lang_pack: String,
    /// How long an address may take to be dialled, and a server be silent that agrees on a key or was
    /// pinged; 15 s at first.
    pub connect_timeout: Duration,
    /// How long a request may be without a sign from the server; 30 s at first. While the server is
    /// known to work on it, it may take as long as it does.
    pub rpc_timeout: Duration,
    /// The wait before a lost connection is dialled again; 500 ms at first. It doubles with each
    /// failure, a fifth more or less.
    pub reconnect_first: Duration,
    /// The longest such wait; 30 s at first.
    pub reconnect_longest: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let init = Init::new(0);
        Self {
            session_path: "layer.session".into(),
            session_backend: None,
            api_id: 0,
            api_hash: String::new(),
            dc_addr: None,
            dc_id: 2,
            retry_policy: Arc::new(AutoSleep::default()),
            socks5: None,
            proxy: None,
            allow_ipv6: false,
            transport: TransportKind::default(),
            catch_up: false,
            update_queue: 1024,
            server_keys: Vec::new(),
            test_dcs: false,
            temporary_keys: None,
            device_model: init.device_model,
            system_version: init.system_version,
            app_version: init.app_version,
            system_lang_code: init.system_lang_code,
            lang_code: init.lang_code,
            lang_pack: init.lang_pack,
            connect_timeout: Duration::from_secs(15),
            rpc_timeout: Duration::from_secs(30),
            await_server: true,
            reconnect_first: Duration::from_millis(500),
            reconnect_longest: Duration::from_secs(30),
        }
    }
}

/// What of a [`Config`] can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No program's number.
    #[error("api_id is {0}: it is a positive number that my.telegram.org gives out")]
    ApiId(i32),
    /// Nothing that belongs to the number.
    #[error("api_hash is empty: my.telegram.org gives it out with the api_id")]
    ApiHash,
    /// An address without a port, or with more than one.
    #[error("{0:?} is not an address with a port, such as 127.0.0.1:443 or [::1]:443")]
    Address(String),
    /// There are no such data centres.
    #[error("data centre {0}: the first is 1, the last 1000")]
    Dc(i32),
    /// A key that can't be read.
    #[error("server key {at} can't be read: {error}")]
    ServerKey {
        /// Which, from 0.
        at: usize,
        /// What is wrong with it.
        error: KeyError,
    },
    /// Two proxies.
    #[error("both proxy and socks5 are set, and only one of them can stand before the server")]
    TwoProxies,
    /// A timeout or wait of nothing.
    #[error("{0} is zero")]
    Zero(&'static str),
    /// The lifetime of temporary keys.
    #[error("temporary keys that live {0:?}: a minute at least, and a week at most")]
    TemporaryKeys(Duration),
    /// The operating system has no random bytes, without which there are no keys.
    #[error("the operating system gives no random bytes: {0}")]
    NoRandomness(String),
}

impl Config {
    /// Whether it can be: what is wrong is said before anything is dialled.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.api_id <= 0 {
            return Err(ConfigError::ApiId(self.api_id));
        }
        if self.api_hash.is_empty() {
            return Err(ConfigError::ApiHash);
        }
        if !(1..=1000).contains(&self.dc_id) {
            return Err(ConfigError::Dc(self.dc_id));
        }
        if self.proxy.is_some() && self.socks5.is_some() {
            return Err(ConfigError::TwoProxies);
        }
        let proxy = self.proxy().map(|proxy| match proxy {
            Proxy::Socks5(Socks5Config { address, .. })
            | Proxy::HttpConnect { address, .. }
            | Proxy::MtProxy { address, .. } => address,
        });
        for address in self.dc_addr.iter().chain(&proxy) {
            if !is_address(address) {
                return Err(ConfigError::Address(address.clone()));
            }
        }
        let waits = [
            (self.connect_timeout, "connect_timeout"),
            (self.rpc_timeout, "rpc_timeout"),
            (self.reconnect_first, "reconnect_first"),
        ];
        if let Some((_, name)) = waits.iter().find(|(wait, _)| wait.is_zero()) {
            return Err(ConfigError::Zero(name));
        }
        if self.update_queue == 0 {
            return Err(ConfigError::Zero("update_queue"));
        }
        let lives = |lifetime: &Duration| (60..=7 * 24 * 3600).contains(&lifetime.as_secs());
        match self.temporary_keys.filter(|lifetime| !lives(lifetime)) {
            Some(lifetime) => Err(ConfigError::TemporaryKeys(lifetime)),
            None => self.public_keys().map(drop),
        }
    }

    /// The one proxy, wherever it is written.
    pub(crate) fn proxy(&self) -> Option<Proxy> {
        self.proxy.clone().or_else(|| self.socks5.clone().map(Proxy::Socks5))
    }

    /// The keys of the servers that are trusted.
    pub(crate) fn public_keys(&self) -> Result<Vec<PublicKey>, ConfigError> {
        if self.server_keys.is_empty() {
            let known = if self.test_dcs { TELEGRAM_TEST } else { TELEGRAM_PRODUCTION };
            return Ok(vec![known]);
        }
        let read = |(at, pem): (usize, &String)| {
            PublicKey::from_pem(pem).map_err(|error| ConfigError::ServerKey { at, error })
        };
        self.server_keys.iter().enumerate().map(read).collect()
    }

    /// What we say of ourselves.
    pub(crate) fn init(&self) -> Init {
        let mut init = Init::new(self.api_id);
        init.device_model = self.device_model.clone();
        init.system_version = self.system_version.clone();
        init.app_version = self.app_version.clone();
        init.system_lang_code = self.system_lang_code.clone();
        init.lang_code = self.lang_code.clone();
        init.lang_pack = self.lang_pack.clone();
        init
    }
}

/// `host:port` with the host of IPv6 in brackets.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let is_host = if host.starts_with('[') {
        host.ends_with(']') && host.len() > 2
    } else {
        !host.is_empty() && !host.contains(':')
    };
    is_host && port.parse::<u16>().is_ok_and(|port| port != 0)
}

/// Without what only its owner should know.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("session_path", &self.session_path)
            .field("session_backend", &self.session_backend.is_some())
            .field("api_id", &self.api_id)
            .field("dc_addr", &self.dc_addr)
            .field("dc_id", &self.dc_id)
            .field("socks5", &self.socks5)
            .field("proxy", &self.proxy)
            .field("allow_ipv6", &self.allow_ipv6)
            .field("transport", &self.transport)
            .field("catch_up", &self.catch_up)
            .field("test_dcs", &self.test_dcs)
            .field("temporary_keys", &self.temporary_keys)
            .finish_non_exhaustive()
    }
}

/// How packets are framed on the stream.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum TransportKind {
    /// The shortest: one byte before most packets.
    #[default]
    Abridged,
    /// Four bytes before each packet.
    Intermediate,
    /// The same, with random bytes behind each packet.
    PaddedIntermediate,
    /// With numbers and checksums.
    Full,
    /// Looks like noise. The secret is an MTProxy's; without one the server itself is spoken to.
    Obfuscated {
        /// 16 bytes, as in a proxy's link.
        secret: Option<[u8; 16]>,
    },
}

/// Shows the kind, no secret.
impl fmt::Debug for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Abridged => "Abridged",
            Self::Intermediate => "Intermediate",
            Self::PaddedIntermediate => "PaddedIntermediate",
            Self::Full => "Full",
            Self::Obfuscated { .. } => "Obfuscated",
        })
    }
}

/// A SOCKS5 proxy.
///
/// ```
/// use layer_client::Socks5Config;
/// let proxy = Socks5Config::with_auth("127.0.0.1:1080", "user", "password");
/// assert!(!format!("{proxy:?}").contains("password"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Socks5Config {
    /// `host:port` of the proxy.
    pub address: String,
    /// User and password, if it wants them.
    pub auth: Option<(String, String)>,
}

impl Socks5Config {
    /// A proxy that is open to us.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), auth: None }
    }

    /// A proxy that wants to know who we are.
    pub fn with_auth(
        address: impl Into<String>,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self { address: address.into(), auth: Some((user.into(), password.into())) }
    }
}

impl fmt::Debug for Socks5Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5Config")
            .field("address", &self.address)
            .field("with_auth", &self.auth.is_some())
            .finish()
    }
}

/// What stands between us and the servers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// SOCKS5, which resolves no names: addresses of data centres are numbers.
    Socks5(Socks5Config),
    /// HTTP, by `CONNECT`.
    HttpConnect {
        /// `host:port` of the proxy.
        address: String,
        /// User and password, if it wants them.
        auth: Option<(String, String)>,
    },
    /// An MTProxy, which is spoken to in the obfuscated framing.
    MtProxy {
        /// `host:port` of the proxy.
        address: String,
        /// The 16 bytes of its secret.
        secret: [u8; 16],
        /// Whether packets are padded, as a secret that begins with `dd` asks for.
        padded: bool,
    },
}

/// Shows the kind and the address, no secret.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, address) = match self {
            Self::Socks5(proxy) => ("Socks5", &proxy.address),
            Self::HttpConnect { address, .. } => ("HttpConnect", address),
            Self::MtProxy { address, .. } => ("MtProxy", address),
        };
        f.debug_tuple(kind).field(address).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config { api_id: 1, api_hash: "hash".to_owned(), ..Config::default() }
    }

    #[test]
    fn what_can_not_be_is_said_by_name() {
        assert_eq!(config().check(), Ok(()));
        let ipv6 = Config { dc_addr: Some("[::1]:443".to_owned()), ..config() };
        assert_eq!(ipv6.check(), Ok(()));
        assert_eq!(Config::default().check(), Err(ConfigError::ApiId(0)));
        let no_hash = Config { api_hash: String::new(), ..config() };
        assert_eq!(no_hash.check(), Err(ConfigError::ApiHash));
        for address in ["localhost", "localhost:", ":443", "::1:443", "[::1]", "host:0", "h:65536"]
        {
            let wrong = Config { dc_addr: Some(address.to_owned()), ..config() };
            assert_eq!(wrong.check(), Err(ConfigError::Address(address.to_owned())));
        }
        let key = Config { server_keys: vec!["a key".to_owned()], ..config() };
        assert!(matches!(key.check(), Err(ConfigError::ServerKey { at: 0, .. })));
        let socks5 = Some(Socks5Config::new("localhost:1"));
        let two = Config { proxy: socks5.clone().map(Proxy::Socks5), socks5, ..config() };
        assert_eq!(two.check(), Err(ConfigError::TwoProxies));
        let zero = Config { rpc_timeout: Duration::ZERO, ..config() };
        assert_eq!(zero.check(), Err(ConfigError::Zero("rpc_timeout")));
    }

    #[test]
    fn keys_are_telegrams_unless_others_are_given() {
        let fingerprint = |config: Config| config.public_keys().unwrap()[0].fingerprint();
        assert_eq!(fingerprint(config()), TELEGRAM_PRODUCTION.fingerprint());
        let test = Config { test_dcs: true, ..config() };
        assert_eq!(fingerprint(test), TELEGRAM_TEST.fingerprint());
        let own = Config { server_keys: vec![TELEGRAM_TEST.to_pem()], ..config() };
        assert_eq!(fingerprint(own), TELEGRAM_TEST.fingerprint());
    }

    #[test]
    fn debug_shows_no_secret() {
        let auth = Some(("user".to_owned(), "hunter2".to_owned()));
        let transport = TransportKind::Obfuscated { secret: Some([90; 16]) };
        assert_eq!(format!("{transport:?}"), "Obfuscated");
        let proxies = [
            Proxy::Socks5(Socks5Config { address: "a:1".to_owned(), auth: auth.clone() }),
            Proxy::HttpConnect { address: "a:1".to_owned(), auth },
            Proxy::MtProxy { address: "a:1".to_owned(), secret: [90; 16], padded: true },
        ];
        for proxy in proxies {
            let text = format!("{proxy:?}");
            assert!(text.contains("a:1") && !text.contains("hunter2") && !text.contains("90"));
        }
    }
}
