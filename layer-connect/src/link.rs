//! A blocking connection that carries bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::failure::Failure;

/// How an HTTP server answers anything.
const HTTP: &[u8] = b"HTTP/";

pub(crate) struct Link {
    stream: TcpStream,
    /// The first bytes that came, as they came.
    first: Vec<u8>,
}

/// What came of waiting for bytes.
pub(crate) enum Received {
    /// So many of them.
    Bytes(usize),
    /// None in the time.
    Nothing,
    /// There are no more.
    Closed,
}

impl Link {
    /// Connects to the first address that takes it.
    pub(crate) fn connect(address: &str, timeout: Duration) -> Result<Self, Failure> {
        let failed = |error| Failure::Connect { address: address.to_owned(), error };
        let resolved = address
            .to_socket_addrs()
            .map_err(|error| Failure::Resolve { address: address.to_owned(), error })?;
        let stream = first_that_connects(resolved, timeout).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_write_timeout(Some(timeout)).map_err(failed)?;
        Ok(Self { stream, first: Vec::new() })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(bytes).map_err(Failure::Io)
    }

    /// Waits for bytes, no longer than `patience`, which is not zero.
    pub(crate) fn receive(
        &mut self,
        bytes: &mut [u8],
        patience: Duration,
    ) -> Result<Received, Failure> {
        self.stream.set_read_timeout(Some(patience)).map_err(Failure::Io)?;
        let len = match self.stream.read(bytes) {
            Ok(0) => return Ok(Received::Closed),
            Ok(len) => len,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::Interrupted => Ok(Received::Nothing),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                        Ok(Received::Closed)
                    }
                    _ => Err(Failure::Io(error)),
                };
            }
        };
        if self.first.len() < HTTP.len() {
            self.first.extend(bytes.iter().take(len).take(HTTP.len()));
            if self.first.starts_with(HTTP) {
                return Err(Failure::Http);
            }
        }
        Ok(Received::Bytes(len))
    }
}

fn first_that_connects(
    addresses: impl Iterator<Item = SocketAddr>,
    timeout: Duration,
) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
