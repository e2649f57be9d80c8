//! The bytes of a link, in both directions.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWrite};

use super::dial::Stream;

/// An idle link's read buffer, and one through which much flows.
const LEAST_READ: usize = 1 << 10;
const MOST_READ: usize = 64 << 10;

/// What a stream has let through.
pub(super) enum Moved {
    Written,
    /// See [`Flow::received`].
    Read,
}

/// A stream, what waits to be written to it, and what was read last.
pub(super) struct Flow {
    stream: Box<dyn Stream>,
    outgoing: Vec<u8>,
    written: usize,
    /// The buffer grows where much comes and shrinks where little does.
    incoming: Vec<u8>,
    room: usize,
    is_first: bool,
}

impl Flow {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            outgoing: Vec::new(),
            written: 0,
            incoming: Vec::new(),
            room: LEAST_READ,
            is_first: true,
        }
    }

    pub(super) fn is_written(&self) -> bool {
        self.written >= self.outgoing.len()
    }

    /// What waits to be written, to append to.
    pub(super) fn outgoing(&mut self) -> &mut Vec<u8> {
        if self.is_written() {
            self.written = 0;
            self.outgoing.clear();
            if self.outgoing.capacity() > MOST_READ {
                self.outgoing = Vec::new();
            }
        }
        &mut self.outgoing
    }

    /// What was read last.
    pub(super) fn received(&self) -> &[u8] {
        &self.incoming
    }

    /// Whether it is a web server that has answered.
    pub(super) fn speaks_http(&mut self) -> bool {
        std::mem::take(&mut self.is_first) && self.incoming.starts_with(b"HTTP/")
    }

    /// Writes what can be written without waiting.
    pub(super) async fn write_now(&mut self) -> io::Result<()> {
        poll_fn(|context| match self.poll_write(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(())),
        })
        .await
    }

    /// Writes some of what waits, or reads some; its end is an error. May be dropped midway.
    pub(super) async fn moved(&mut self) -> io::Result<Moved> {
        poll_fn(|context| {
            if let Poll::Ready(written) = self.poll_write(context) {
                return Poll::Ready(written.map(|()| Moved::Written));
            }
            self.poll_read(context).map_ok(|()| Moved::Read)
        })
        .await
    }

    /// Pending while nothing waits to be written, too.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let rest = self.outgoing.get(self.written..).unwrap_or_default();
        if rest.is_empty() {
            return Poll::Pending;
        }
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.written += written;
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.incoming.clear();
        if self.incoming.capacity() > self.room {
            self.incoming = Vec::new();
        }
        self.incoming.reserve_exact(self.room);
        let reading = pin!(self.stream.read_buf(&mut self.incoming));
        let read = std::task::ready!(reading.poll(context))?;
        if read == 0 {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        if read >= self.room {
            self.room = (self.room * 4).min(MOST_READ);
        } else if read < self.room / 4 {
            self.room = (self.room / 4).max(LEAST_READ);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes no bytes, and has none.
    struct Shut;

    impl tokio::io::AsyncRead for Shut {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Shut {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(0))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_stream_that_takes_or_gives_nothing_is_at_its_end() {
        let mut flow = Flow::new(Box::new(Shut));
        assert!(flow.write_now().await.is_ok(), "nothing waits");
        let end = flow.moved().await.err().unwrap();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
        flow.outgoing().push(1);
        for error in [flow.write_now().await.err(), flow.moved().await.err()] {
            assert_eq!(error.unwrap().kind(), io::ErrorKind::WriteZero);
        }
    }
}
