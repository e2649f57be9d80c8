//! A blocking connection that carries packets.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use getrandom::SysRng;
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind};
use rand_core::UnwrapErr;

use crate::failure::Failure;

/// How an HTTP server answers anything.
const HTTP: &[u8] = b"HTTP/";

pub(crate) struct Link {
    stream: TcpStream,
    encoder: Encoder,
    decoder: Decoder,
    /// Packets that have come and were not asked for yet.
    packets: VecDeque<Vec<u8>>,
    /// The first bytes that came, as they came.
    first: Vec<u8>,
    timeout: Duration,
}

impl Link {
    /// Connects to the first address that takes it.
    pub(crate) fn connect(
        address: &str,
        framing: &FramingKind,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::Connect { address: address.to_owned(), error };
        let resolved = address
            .to_socket_addrs()
            .map_err(|error| Failure::Resolve { address: address.to_owned(), error })?;
        let stream = first_that_connects(resolved, timeout).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_write_timeout(Some(timeout)).map_err(failed)?;
        let (encoder, decoder) = framing.client(&mut UnwrapErr(SysRng));
        let (packets, first) = (VecDeque::new(), Vec::new());
        Ok(Self { stream, encoder, decoder, packets, first, timeout })
    }

    pub(crate) fn send(&mut self, packet: &[u8]) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        self.encoder.encode(packet, false, &mut UnwrapErr(SysRng), &mut bytes)?;
        self.stream.write_all(&bytes).map_err(Failure::Io)
    }

    /// The next packet. `awaited` is what should be in it, to be named if it does not come.
    pub(crate) fn receive(&mut self, awaited: &'static str) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + self.timeout;
        loop {
            if let Some(packet) = self.packets.pop_front() {
                return Ok(packet);
            }
            self.read(awaited, deadline)?;
            for frame in self.decoder.frames() {
                match frame? {
                    Frame::Packet { bytes, .. } => self.packets.push_back(bytes.to_vec()),
                    Frame::Error(error) => return Err(Failure::Transport(error)),
                    _ => {}
                }
            }
        }
    }

    fn read(&mut self, awaited: &'static str, deadline: Instant) -> Result<(), Failure> {
        let silence = || Failure::Silence { awaited, timeout: self.timeout };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(silence());
        }
        self.stream.set_read_timeout(Some(left)).map_err(Failure::Io)?;
        let mut bytes = [0; 16 << 10];
        let len = match self.stream.read(&mut bytes) {
            Ok(0) => return Err(Failure::Closed { awaited }),
            Ok(len) => len,
            Err(error) => {
                return Err(match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => silence(),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                        Failure::Closed { awaited }
                    }
                    io::ErrorKind::Interrupted => return Ok(()),
                    _ => Failure::Io(error),
                });
            }
        };
        let came = bytes.get(..len).unwrap_or_default();
        if self.first.len() < HTTP.len() {
            self.first.extend(came.iter().take(HTTP.len()));
            if self.first.starts_with(HTTP) {
                return Err(Failure::Http);
            }
        }
        self.decoder.feed(came);
        Ok(())
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
