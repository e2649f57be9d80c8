//! How a stream to a server is got: directly, through a proxy, or out of memory. This is the one
//! place from which anything is dialled.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_socks::tcp::Socks5Stream;

use super::why::ProxyRefusal;
use crate::config::{Proxy, Socks5Config};

/// A future that is boxed, for traits that are used as objects.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A stream in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Where a server is to be found: `host:port`, each tried in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target(pub(crate) Vec<String>);

/// Dials.
pub(crate) trait Dial: Send + Sync {
    /// A new stream to the target. May be dropped midway: nothing is left behind then.
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, io::Result<Box<dyn Stream>>>;
}

/// Over TCP, and a proxy if one is configured.
#[derive(Debug, Clone)]
pub(crate) struct Tcp {
    pub(crate) proxy: Option<Proxy>,
    pub(crate) allow_ipv6: bool,
    /// For each address.
    pub(crate) timeout: Duration,
}

impl Dial for Tcp {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let mut last = io::Error::new(io::ErrorKind::NotFound, "no address to dial");
            for address in &target.0 {
                match timeout(self.timeout, self.dial_one(address)).await {
                    Ok(Ok(stream)) => return Ok(stream),
                    Ok(Err(error)) => last = error,
                    Err(_) => {
                        let text = format!("no answer from {address} within {:?}", self.timeout);
                        last = io::Error::new(io::ErrorKind::TimedOut, text);
                    }
                }
            }
            Err(last)
        })
    }
}

impl Tcp {
    async fn dial_one(&self, address: &str) -> io::Result<Box<dyn Stream>> {
        match &self.proxy {
            // What speaks MTProxy's framing is dialled as the server itself.
            None => Ok(Box::new(self.connect(address).await?)),
            Some(Proxy::MtProxy { address, .. }) => Ok(Box::new(self.connect(address).await?)),
            Some(Proxy::Socks5(proxy)) => {
                let stream = self.connect(&proxy.address).await?;
                Ok(Box::new(socks5(stream, proxy, address).await?))
            }
            Some(Proxy::HttpConnect { address: proxy, auth }) => {
                let stream = self.connect(proxy).await?;
                Ok(Box::new(http_connect(stream, address, auth.as_ref()).await?))
            }
        }
    }

    async fn connect(&self, address: &str) -> io::Result<TcpStream> {
        let found: Vec<SocketAddr> = lookup_host(address)
            .await
            .map_err(|error| named("can't find", address, error))?
            .filter(|found| found.is_ipv4() || self.allow_ipv6)
            .collect();
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no address of an allowed kind");
        for found in found {
            match TcpStream::connect(found).await {
                Ok(stream) => {
                    // Packets are whole when they are written: nothing is to be waited for.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(named("can't connect to", address, last))
    }
}

async fn socks5(
    stream: TcpStream,
    proxy: &Socks5Config,
    address: &str,
) -> io::Result<Socks5Stream<TcpStream>> {
    let connected = match &proxy.auth {
        None => Socks5Stream::connect_with_socket(stream, address).await,
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(stream, address, user, password).await
        }
    };
    connected
        .map_err(|error| refused(&format!("the SOCKS5 proxy {} refused: {error}", proxy.address)))
}

/// The longest head of an answer that is read from an HTTP proxy.
const MOST_HEAD: usize = 8 << 10;

async fn http_connect<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    address: &str,
    auth: Option<&(String, String)>,
) -> io::Result<S> {
    let auth = auth.map_or(String::new(), |(user, password)| {
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        format!("Proxy-Authorization: Basic {credentials}\r\n")
    });
    let request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n{auth}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head is the server's.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MOST_HEAD {
            return Err(refused("the HTTP proxy's answer does not end"));
        }
        head.push(stream.read_u8().await?);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(&head).map_err(|_| refused("the proxy does not speak HTTP"))?;
    match response.code {
        Some(200..=299) => Ok(stream),
        code => {
            let reason = response.reason.unwrap_or_default();
            let code = code.unwrap_or_default();
            Err(refused(&format!("the HTTP proxy refused: {code} {reason}")))
        }
    }
}

fn refused(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionRefused, ProxyRefusal(text.to_owned()))
}

/// An error that says what could not be done, and to what.
fn named(what: &str, address: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {address}: {error}"))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::net::TcpListener;

    use super::*;

    /// What a proxy is sent, and what comes of its answer.
    async fn asked(
        answer: &'static str,
        auth: Option<(&str, &str)>,
    ) -> (String, io::Result<String>) {
        let (ours, mut theirs) = duplex(1 << 16);
        let proxy = async {
            let mut request = vec![0; 1024];
            let len = theirs.read(&mut request).await.unwrap();
            theirs.write_all(answer.as_bytes()).await.unwrap();
            theirs.write_all(b"from the server").await.unwrap();
            drop(theirs);
            String::from_utf8(request[..len].to_vec()).unwrap()
        };
        let auth = auth.map(|(user, password)| (user.to_owned(), password.to_owned()));
        let client = async {
            let mut stream = http_connect(ours, "10.0.0.1:443", auth.as_ref()).await?;
            let mut rest = String::new();
            stream.read_to_string(&mut rest).await?;
            Ok(rest)
        };
        tokio::join!(proxy, client)
    }

    #[tokio::test]
    async fn an_http_proxy_is_asked_to_connect_and_nothing_of_the_server_is_lost() {
        let (request, got) =
            asked("HTTP/1.1 200 OK\r\nVia: x\r\n\r\n", Some(("me", "secret"))).await;
        assert_eq!(got.unwrap(), "from the server");
        let expected = "CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: 10.0.0.1:443\r\n\
            Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n";
        assert_eq!(request, expected);
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_or_speaks_nonsense_is_a_clear_error() {
        for (answer, text) in [
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication"),
            ("SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        ] {
            let error = asked(answer, None).await.1.unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
        assert!(asked("HTTP/1.1 200 OK\r\n", None).await.1.is_err(), "cut short");
    }

    #[tokio::test]
    async fn addresses_are_tried_in_turn_and_a_refusal_names_the_last() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap().to_string();
        let gone =
            TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
        let tcp = Tcp { proxy: None, allow_ipv6: false, timeout: Duration::from_secs(5) };
        assert!(tcp.dial(&Target(vec![gone.clone(), open])).await.is_ok());
        let Err(error) = tcp.dial(&Target(vec![gone.clone()])).await else { panic!() };
        assert!(error.to_string().contains(&gone), "{error}");
        assert!(tcp.dial(&Target(vec!["[::1]:1".to_owned()])).await.is_err(), "not allowed");
        assert!(tcp.dial(&Target(Vec::new())).await.is_err());
    }

    #[tokio::test]
    async fn a_socks5_proxy_is_greeted_with_and_without_a_password() {
        for auth in [None, Some(("me".to_owned(), "secret".to_owned()))] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let with_password = auth.is_some();
            let proxy = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut greeting = [0; 2];
                stream.read_exact(&mut greeting).await.unwrap();
                let mut methods = vec![0; greeting[1].into()];
                stream.read_exact(&mut methods).await.unwrap();
                let method = if with_password { 2 } else { 0 };
                assert!(methods.contains(&method));
                stream.write_all(&[5, method]).await.unwrap();
                if with_password {
                    let mut login = [0; 11];
                    stream.read_exact(&mut login).await.unwrap();
                    assert_eq!(&login, b"\x01\x02me\x06secret");
                    stream.write_all(&[1, 0]).await.unwrap();
                }
                let mut request = [0; 10];
                stream.read_exact(&mut request).await.unwrap();
                assert_eq!(request, [5, 1, 0, 1, 10, 0, 0, 1, 1, 187]);
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                stream.write_all(b"hello").await.unwrap();
            };
            let proxied = Proxy::Socks5(Socks5Config { address, auth });
            let tcp =
                Tcp { proxy: Some(proxied), allow_ipv6: false, timeout: Duration::from_secs(5) };
            let client = async {
                let target = Target(vec!["10.0.0.1:443".to_owned()]);
                let mut stream = tcp.dial(&target).await.unwrap();
                let mut hello = [0; 5];
                stream.read_exact(&mut hello).await.unwrap();
                assert_eq!(&hello, b"hello");
            };
            tokio::join!(proxy, client);
        }
    }
}
