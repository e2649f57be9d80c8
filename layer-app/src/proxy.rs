//! A proxy, as people write it: an URL, or the link by which Telegram's apps take it.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use layer_client::{Proxy, Socks5Config};

/// What is wrong with it. None shows what was written, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error(
        "it is none of socks5://[user:password@]host:port, http://[user:password@]host:port and \
         tg://proxy?server=…&port=…&secret=…"
    )]
    Kind,
    #[error("host and port are wanted, such as 127.0.0.1:1080 or [::1]:1080")]
    Address,
    #[error("user and password are wanted with a colon between, or neither")]
    Login,
    #[error("the secret is no 16 bytes in hexadecimal or base64, alone or behind dd")]
    Secret,
    #[error("the secret asks for fake TLS, which is not built yet: use one of the dd kind")]
    FakeTls,
}

pub(crate) fn read(text: &str) -> Result<Proxy, ProxyError> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("socks5://") {
        let (address, auth) = server(rest)?;
        return Ok(Proxy::Socks5(Socks5Config { address, auth }));
    }
    if let Some(rest) = text.strip_prefix("http://") {
        let (address, auth) = server(rest)?;
        return Ok(Proxy::HttpConnect { address, auth });
    }
    let links = ["tg://proxy?", "tg:proxy?", "https://t.me/proxy?"];
    let query = links.iter().find_map(|link| text.strip_prefix(link)).ok_or(ProxyError::Kind)?;
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).and_then(|(_, value)| decoded(value))
    };
    let (host, port) = value("server").zip(value("port")).ok_or(ProxyError::Address)?;
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let address = address(&format!("{host}:{port}"))?;
    let (secret, padded) = secret(&value("secret").ok_or(ProxyError::Secret)?)?;
    Ok(Proxy::MtProxy { address, secret, padded })
}

type Login = Option<(String, String)>;

/// `[user:password@]host:port`.
fn server(text: &str) -> Result<(String, Login), ProxyError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let Some((login, host)) = text.rsplit_once('@') else { return Ok((address(text)?, None)) };
    let (user, password) = login.split_once(':').ok_or(ProxyError::Login)?;
    let login = decoded(user).zip(decoded(password)).ok_or(ProxyError::Login)?;
    Ok((address(host)?, Some(login)))
}

/// Checked here, so that nobody shows what was written when it is not one.
fn address(text: &str) -> Result<String, ProxyError> {
    let (host, port) = text.rsplit_once(':').ok_or(ProxyError::Address)?;
    let number = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match number {
        Some(number) => number.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(in_name)
        }
    };
    let is_port = port.parse::<u16>().is_ok_and(|port| port != 0);
    if is_host && is_port { Ok(text.to_owned()) } else { Err(ProxyError::Address) }
}

/// The secret, and whether packets are to be padded.
fn secret(text: &str) -> Result<([u8; 16], bool), ProxyError> {
    let bytes = hexadecimal(text).or_else(|| base64(text)).ok_or(ProxyError::Secret)?;
    if let Ok(secret) = <[u8; 16]>::try_from(&*bytes) {
        return Ok((secret, false));
    }
    match bytes.split_first() {
        Some((0xdd, rest)) => Ok((rest.try_into().map_err(|_| ProxyError::Secret)?, true)),
        Some((0xee, rest)) if rest.len() > 16 => Err(ProxyError::FakeTls),
        _ => Err(ProxyError::Secret),
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let at = (0..text.len()).step_by(2);
    at.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// In both alphabets, with and without the signs at its end.
fn base64(text: &str) -> Option<Vec<u8>> {
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = text.replace('+', "-").replace('/', "_");
    GeneralPurpose::new(&URL_SAFE, lenient).decode(text).ok()
}

/// Without `%41` and its like.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(*hexadecimal(part.get(..2)?)?.first()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_of_all_kinds_are_read() {
        let auth = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        let socks =
            |address: &str, auth| Proxy::Socks5(Socks5Config { address: address.into(), auth });
        let http = |address: &str, auth| Proxy::HttpConnect { address: address.into(), auth };
        let cases = [
            ("socks5://localhost:1080", socks("localhost:1080", None)),
            ("socks5://[::1]:1080/", socks("[::1]:1080", None)),
            ("socks5://me:a:b@c%3A@h:1", socks("h:1", auth("me", "a:b@c:"))),
            ("http://me:@10.0.0.1:8080", http("10.0.0.1:8080", auth("me", ""))),
        ];
        for (text, proxy) in cases {
            assert_eq!(read(text).unwrap(), proxy, "{text}");
        }
    }

    #[test]
    fn the_secret_of_an_mtproxy_is_hexadecimal_or_base64() {
        let hex = "000102030405060708090a0b0c0d0e0f";
        let bytes: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        for (secret, padded) in [
            (hex.to_owned(), false),
            (format!("DD{hex}"), true),
            ("AAECAwQFBgcICQoLDA0ODw".to_owned(), false),
            ("AAECAwQFBgcICQoLDA0ODw%3D%3D".to_owned(), false),
            ("3QABAgMEBQYHCAkKCwwNDg8=".to_owned(), true),
        ] {
            let link = format!("tg://proxy?server=a.example&port=443&secret={secret}");
            let address = "a.example:443".to_owned();
            assert_eq!(
                read(&link),
                Ok(Proxy::MtProxy { address, secret: bytes, padded }),
                "{link}"
            );
        }
        let fake = format!("tg://proxy?server=a&port=1&secret=ee{hex}676f6f676c652e636f6d");
        assert_eq!(read(&fake), Err(ProxyError::FakeTls));
        for secret in ["", "00", "zz", "ee00", "dd00"] {
            let link = format!("https://t.me/proxy?server=a&port=1&secret={secret}");
            assert_eq!(read(&link), Err(ProxyError::Secret), "{secret}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_said_without_its_password() {
        let cases = [
            ("", ProxyError::Kind),
            ("socks4://h:1", ProxyError::Kind),
            ("socks5://me:hunter2:h:1", ProxyError::Address),
            ("socks5://hunter2@h:1", ProxyError::Login),
            ("http://me:hunter2%@h:1", ProxyError::Login),
            ("http://me:hunter2@h", ProxyError::Address),
            ("http://me:hunter2@h:0", ProxyError::Address),
            ("tg://proxy?server=h&secret=00", ProxyError::Address),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Err(expected), "{text}");
            assert!(!expected.to_string().contains("hunter2"));
        }
    }
}
