//! The bytes of a link: what waits to be written, and what was read last.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::dial::Stream;

/// An idle link's read buffer, and one through which much flows.
const LEAST_READ: usize = 1 << 10;
const MOST_READ: usize = 64 << 10;

/// What waits to be written.
#[derive(Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
}

impl Outgoing {
    pub(super) fn is_written(&self) -> bool {
        self.written >= self.bytes.len()
    }

    /// The buffer, to append to.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.is_written() {
            self.written = 0;
            self.bytes.clear();
            if self.bytes.capacity() > MOST_READ {
                self.bytes = Vec::new();
            }
        }
        &mut self.bytes
    }

    /// Writes what can be written without waiting.
    pub(super) async fn write_now(
        &mut self,
        writer: &mut WriteHalf<Box<dyn Stream>>,
    ) -> io::Result<()> {
        let mut write = pin!(self.write(writer));
        poll_fn(|context| match write.as_mut().poll(context) {
            Poll::Ready(written) => Poll::Ready(written),
            Poll::Pending => Poll::Ready(Ok(())),
        })
        .await
    }

    /// Writes some; never ends while there is nothing to write. May be dropped midway.
    pub(super) async fn write(
        &mut self,
        writer: &mut WriteHalf<Box<dyn Stream>>,
    ) -> io::Result<()> {
        let rest = self.bytes.get(self.written..).unwrap_or_default();
        if rest.is_empty() {
            return std::future::pending().await;
        }
        self.written += writer.write(rest).await?;
        Ok(())
    }
}

/// What was read last. The buffer grows where much comes and shrinks where little does.
pub(super) struct Incoming {
    pub(super) bytes: Vec<u8>,
    room: usize,
    is_first: bool,
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), room: LEAST_READ, is_first: true }
    }

    /// Reads some, none at the end. May be dropped midway.
    pub(super) async fn read(
        &mut self,
        reader: &mut ReadHalf<Box<dyn Stream>>,
    ) -> io::Result<usize> {
        self.bytes.clear();
        if self.bytes.capacity() > self.room {
            self.bytes = Vec::new();
        }
        self.bytes.reserve_exact(self.room);
        let read = reader.read_buf(&mut self.bytes).await?;
        if read >= self.room {
            self.room = (self.room * 4).min(MOST_READ);
        } else if read < self.room / 4 {
            self.room = (self.room / 2).max(LEAST_READ);
        }
        Ok(read)
    }

    /// Whether it is a web server that has answered.
    pub(super) fn speaks_http(&mut self) -> bool {
        std::mem::take(&mut self.is_first) && self.bytes.starts_with(b"HTTP/")
    }
}
