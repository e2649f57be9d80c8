//! `files`: photos, an album and a large document, up and down, byte for byte.

use std::sync::{Arc, Mutex};

use layer_client::types::InputMessage;
use layer_client::{Client, FileLocation, Progress};

use crate::cast::Stage;
use crate::{Trouble, ensure, same};

/// Five megabytes, and a part that is not full.
pub(crate) const LARGE: usize = (5 << 20) + 12_345;

pub(crate) async fn files(stage: &Stage) -> Result<String, Trouble> {
    let anna = stage.user("Anna", "+10000000001").await?;
    let mut ben = stage.user("Ben", "+10000000002").await?;
    let to_ben = &anna.knows("+10000000002").await?;

    let photo = noise(1, 40_000);
    let uploaded = anna.client.upload_file(&photo, "photo.jpg", "image/jpeg").await?;
    anna.client.send_file(to_ben, uploaded, "a photo").await?;
    let heard = ben.hears_text("a photo").await?;
    let came = heard.photo().ok_or("not a photo")?;
    ensure(came.width() > 0 && !came.sizes().is_empty(), || "a photo without sizes".to_owned())?;
    same_file("the photo", &ben.client, &came, &photo).await?;

    let two = [noise(2, 30_000), noise(3, 50_000)];
    let mut items = Vec::new();
    for (bytes, caption) in two.iter().zip(["first", "second"]) {
        let uploaded = anna.client.upload_file(bytes, "album.jpg", "image/jpeg").await?;
        items.push(InputMessage::text(caption).media(uploaded));
    }
    let sent = anna.client.send_multi_media(to_ben, items).await?;
    same("how many are sent", sent.len(), 2)?;
    let mut groups = Vec::new();
    for (bytes, caption) in two.iter().zip(["first", "second"]) {
        let heard = ben.hears_text(caption).await?;
        same_file(caption, &ben.client, &heard.photo().ok_or("not a photo")?, bytes).await?;
        groups.push(heard.grouped_id());
    }
    ensure(groups.first().is_some_and(Option::is_some), || "not an album".to_owned())?;
    same("the album", groups.first(), groups.last())?;

    let large = noise(4, LARGE);
    let (report, up) = Grows::new();
    let upload = anna.client.upload_file_concurrent(&large, "noise.bin", "a/noise");
    let uploaded = upload.on_progress(report).await?;
    up.ended("up")?;
    anna.client.send_file(to_ben, uploaded, "a document").await?;
    let heard = ben.hears_text("a document").await?;
    let came = heard.document().ok_or("not a document")?;
    let described = (came.name(), came.mime_type(), came.len());
    same("what it is said to be", described, (Some("noise.bin"), "a/noise", LARGE as u64))?;
    same_file("the document", &ben.client, &came, &large).await?;
    let path = std::env::temp_dir().join(format!("layer-interop-{}", std::process::id()));
    let (report, down) = Grows::new();
    ben.client.download_media_to_file(&came, &path).on_progress(report).await?;
    down.ended("down")?;
    let bytes = std::fs::read(&path)?;
    std::fs::remove_file(&path)?;
    same("the SHA-256 of the file", hex(&bytes), hex(&large))?;
    let hash = hex(&large);
    anna.leave().await;
    ben.leave().await;
    Ok(format!("photo, album of 2, document of {LARGE} bytes, SHA-256 {}...", &hash[..16]))
}

/// How far a transfer has told to be.
struct Grows(Arc<Mutex<Vec<u64>>>);

impl Grows {
    fn new() -> (impl FnMut(Progress) + Send + 'static, Self) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        let report = move |progress: Progress| {
            if let Ok(mut told) = kept.lock() {
                told.push(progress.done);
            }
        };
        (report, Self(told))
    }

    /// It has grown all the while, and ended with the whole size.
    fn ended(&self, way: &str) -> Result<(), Trouble> {
        let told = self.0.lock().map_err(|_| "a report has panicked")?;
        ensure(told.len() > 2 && told.is_sorted(), || format!("progress {way}: {told:?}"))?;
        same(&format!("the end of the progress {way}"), told.last(), Some(&(LARGE as u64)))
    }
}

/// What is downloaded has the same SHA-256.
async fn same_file(
    what: &str,
    client: &Client,
    location: impl Into<FileLocation>,
    bytes: &[u8],
) -> Result<(), Trouble> {
    let came = download(client, location).await?;
    same(&format!("the length of {what}"), came.len(), bytes.len())?;
    same(&format!("the SHA-256 of {what}"), hex(&came), hex(bytes))
}

pub(crate) async fn download(
    client: &Client,
    location: impl Into<FileLocation>,
) -> Result<Vec<u8>, Trouble> {
    let mut pieces = client.iter_download(location);
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await? {
        all.extend(piece);
    }
    Ok(all)
}

/// The SHA-256 in digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    layer_crypto::hash::sha256(&[bytes]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that nothing packs: xorshift64 from a seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| step()).collect()
}
