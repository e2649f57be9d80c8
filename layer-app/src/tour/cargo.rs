//! The file that is sent in the tour: made up as it is read, and known again by its hash.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use layer_client::types::Document;
use layer_client::{Client, ProgressStream};
use sha2::{Digest, Sha256, digest};
use tokio::io::{AsyncRead, ReadBuf};

use super::Trouble;
use super::cast::Player;
use super::scenes::{Shown, Stage};
use crate::bar::Bar;

const SIZE: u64 = 64 << 20;

impl Stage<'_> {
    /// The links are cut in the middle of either way; down, the transfer itself ends there too, and
    /// another one takes up what is there.
    pub(super) async fn a_file_goes_up_and_down(
        &self,
        alice: &Player,
        bot: &mut Player,
        json: bool,
    ) -> Shown<()> {
        let (report, mut progress) = ProgressStream::new();
        let mut cargo = Cargo::default();
        let upload =
            alice.client.upload_stream(&mut cargo, "cargo.bin", "application/octet-stream");
        let upload = upload.size(SIZE).on_progress(report).into_future();
        let cut = async {
            half(&mut progress, json).await;
            self.sandbox.cut_links();
            while progress.next().await.is_some() {}
        };
        let (uploaded, ()) = tokio::join!(upload, cut);
        alice.client.send_file("@echo_bot", uploaded?.as_document(), "").await?;
        let sent = cargo.hash.finalize();

        let document = bot.hears(|update| match update {
            layer_client::update::Update::NewMessage(message) => message.document(),
            _ => None,
        });
        let document = document.await?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cargo.bin");
        let taken_up_at = self.downloads(&bot.client, &document, &path, json).await?;
        Trouble::unless(taken_up_at >= SIZE / 2, || {
            format!("it was taken up at byte {taken_up_at}, before the middle")
        })?;
        let came = hash_of(&path)?;
        Trouble::unless(came == sent, || "what came is not what was sent".to_owned())?;
        let start: String = came.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(((), format!("cut in the middle, resumed; SHA-256 {start}… on both sides")))
    }

    /// Downloads in two transfers; where the second one began.
    async fn downloads(
        &self,
        client: &Client,
        document: &Document,
        path: &Path,
        json: bool,
    ) -> Result<u64, Trouble> {
        let (report, mut progress) = ProgressStream::new();
        let first = client.download_media_to_file(document, path).on_progress(report);
        tokio::select! {
            ended = first.into_future() => {
                ended?;
                return Err(Trouble::Unexpected("it had no middle".to_owned()));
            }
            () = half(&mut progress, json) => self.sandbox.cut_links(),
        }
        Trouble::unless(!path.exists(), || "half of it is called the whole".to_owned())?;
        let (report, mut progress) = ProgressStream::new();
        let rest = client.download_media_to_file(document, path).on_progress(report).into_future();
        let watch = async {
            let (mut bar, mut began) = (Bar::new(json), None);
            while let Some(now) = progress.next().await {
                began = began.or(Some(now.done));
                bar.at(now.done, now.total);
            }
            began
        };
        let (done, began) = tokio::join!(rest, watch);
        done?;
        Ok(began.unwrap_or(SIZE))
    }
}

/// Shows a transfer until half of it is done, or it has ended.
async fn half(progress: &mut ProgressStream, json: bool) {
    let mut bar = Bar::new(json);
    while let Some(now) = progress.next().await {
        bar.at(now.done, now.total);
        if now.done >= SIZE / 2 {
            return;
        }
    }
}

fn hash_of(path: &Path) -> io::Result<digest::Output<Sha256>> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut block = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok(hash.finalize());
        }
        hash.update(block.get(..read).unwrap_or_default());
    }
}

/// Bytes that repeat nowhere, and the hash of those that were read.
#[derive(Default)]
struct Cargo {
    read: u64,
    hash: Sha256,
}

impl AsyncRead for Cargo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut block = [0; 4096];
        let left = usize::try_from(SIZE - self.read).unwrap_or(block.len());
        let len = left.min(block.len()).min(buffer.remaining());
        let Some(block) = block.get_mut(..len) else { return Poll::Ready(Ok(())) };
        for (at, word) in (self.read..).step_by(8).zip(block.chunks_mut(8)) {
            word.copy_from_slice(scattered(at).get(..word.len()).unwrap_or_default());
        }
        self.read += len as u64;
        self.hash.update(&*block);
        buffer.put_slice(block);
        Poll::Ready(Ok(()))
    }
}

/// Eight bytes that belong to a place, and look like chance: there is nothing to compress.
fn scattered(at: u64) -> [u8; 8] {
    let mut bits = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).to_be_bytes()
}
