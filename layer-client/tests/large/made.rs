//! A file that is made where it is wanted: each block begins with its number, and noise follows.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use layer_sandbox::Contents;
use tokio::io::{AsyncRead, ReadBuf};

pub(crate) const BLOCK: usize = 4096;

/// The noise.
static NOISE: LazyLock<[u8; BLOCK]> = LazyLock::new(|| {
    let mut state = 1_u64;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
});

fn block(number: u64) -> [u8; BLOCK] {
    let mut block = *NOISE;
    block[..8].copy_from_slice(&number.to_le_bytes());
    block
}

/// Whether these are the bytes from here on; they begin and end with blocks.
pub(crate) fn check(bytes: &[u8], from: u64) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    assert!(rest.is_empty() && from.is_multiple_of(BLOCK as u64));
    for (number, found) in (from / BLOCK as u64..).zip(blocks) {
        assert!(*found == block(number), "block {number}");
    }
}

/// The file as it is read.
pub(crate) struct Made {
    at: u64,
    len: u64,
}

impl Made {
    pub(crate) fn new(len: u64) -> Self {
        Self { at: 0, len }
    }
}

impl AsyncRead for Made {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while buffer.remaining() > 0 && self.at < self.len {
            let within = usize::try_from(self.at % BLOCK as u64).unwrap();
            let block = block(self.at / BLOCK as u64);
            let len = (BLOCK - within).min(buffer.remaining());
            buffer.put_slice(&block[within..within + len]);
            self.at += len as u64;
        }
        Poll::Ready(Ok(()))
    }
}

/// The file as a server keeps it: where which block is.
#[derive(Debug, Default)]
pub(crate) struct Places {
    blobs: BTreeMap<u64, Vec<u64>>,
}

impl Contents for Places {
    fn write(&mut self, blob: u64, at: u64, bytes: &[u8]) -> io::Result<()> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        let places = self.blobs.entry(blob).or_default();
        let first = usize::try_from(at / BLOCK as u64).unwrap();
        assert!(rest.is_empty() && at.is_multiple_of(BLOCK as u64) && first <= places.len());
        places.resize(places.len().max(first + blocks.len()), 0);
        for (place, found) in places[first..].iter_mut().zip(blocks) {
            *place = u64::from_le_bytes(found[..8].try_into().unwrap());
            assert!(*found == block(*place), "block {place} came damaged");
        }
        Ok(())
    }

    fn read(&mut self, blob: u64, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let places = self.blobs.get(&blob).ok_or(io::ErrorKind::NotFound)?;
        let from = usize::try_from(at).unwrap();
        let blocks = places.get(from / BLOCK..(from + length).div_ceil(BLOCK));
        let blocks = blocks.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut bytes = Vec::with_capacity(blocks.len() * BLOCK);
        blocks.iter().for_each(|number| bytes.extend_from_slice(&block(*number)));
        Ok(bytes[from % BLOCK..][..length].to_vec())
    }

    fn remove(&mut self, blob: u64) {
        self.blobs.remove(&blob);
    }

    fn retain(&mut self, known: &BTreeSet<u64>) {
        self.blobs.retain(|blob, _| known.contains(blob));
    }
}
