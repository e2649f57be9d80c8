//! What a client is made with.

use std::fmt;

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
