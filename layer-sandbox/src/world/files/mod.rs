//! Files: photos and documents that were uploaded, and how they look to whom. Their contents are in a
//! [`Contents`] beside the world.
//!
//! `uploads` are files on their way here, `downloads` what of them is given out, `cdn` the same by way of a
//! CDN, `media` how they get into messages. No image is looked into: all sizes of a photo are the bytes that were uploaded.

mod cdn;
mod contents;
mod downloads;
mod media;
mod uploads;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use layer_crypto::hash::sha256;
use layer_tl_types::{enums, types};

use super::World;
use crate::router::{Caller, RpcError};
use uploads::Uploads;

pub use contents::{Contents, InMemory};
pub(crate) use downloads::Span;
pub(crate) use media::{Company, Media, Sort};
pub(crate) use uploads::Part;

/// A stripped thumbnail, the same for all photos: a client sees that there is one.
pub(super) const STRIPPED: [u8; 19] = [
    1, 40, 40, 0xd3, 0xa2, 0x8a, 0x28, 0, 0xa2, 0x8a, 0x28, 0, 0xa2, 0x8a, 0x28, 0, 0xa2, 0x8a,
    0x28,
];
/// What is said to be the sides of a photo.
const SIDES: (i32, i32) = (1280, 960);
/// The sizes in which a photo is to be had, with their longest sides.
const SIZES: [(&str, i32); 3] = [("m", 320), ("x", 800), ("y", 1280)];

/// All files.
///
/// At most [`Files::MOST`], and of each no more than where its parts are.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Files {
    known: BTreeMap<i64, Filed>,
    #[serde(skip)]
    uploads: Uploads,
    #[serde(skip)]
    handed: cdn::Handed,
    last_blob: u64,
    /// Rises when all references expire.
    epoch: u32,
}

/// A file.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Filed {
    /// When it came, in unix seconds.
    date: i32,
    /// The data centre where it lies.
    dc: i32,
    body: Body,
    kind: Kind,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Kind {
    Photo,
    Document(Document),
}

/// What a document has more.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Document {
    mime: String,
    #[serde(with = "crate::world::kept::tl")]
    attributes: Vec<enums::DocumentAttribute>,
    thumb: Option<Body>,
}

/// Without its name.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Body {
    blob: u64,
    /// The size of all parts but the last.
    part: u64,
    /// Where in the blob each part begins.
    places: Vec<u64>,
    size: u64,
}

fn refused<T>(name: impl Into<String>) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

/// What is answered when contents can't be kept or read.
fn storage(error: io::Error) -> RpcError {
    match error.kind() {
        io::ErrorKind::StorageFull => RpcError::new(420, "FLOOD_WAIT_86400"),
        _ => RpcError::new(500, "STORAGE_FAILED"),
    }
}

impl Body {
    /// Bytes of the file from an offset on, fewer at its end.
    fn read(&self, contents: &mut dyn Contents, offset: u64, limit: u64) -> io::Result<Vec<u8>> {
        let end = self.size.min(offset.saturating_add(limit));
        let mut read = Vec::new();
        let mut at = offset;
        while at < end {
            let (index, inside) = (at / self.part.max(1), at % self.part.max(1));
            let place = usize::try_from(index).ok().and_then(|index| self.places.get(index));
            let place = place.ok_or(io::ErrorKind::UnexpectedEof)?;
            let length = (self.part - inside).min(end - at);
            let length_here = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
            read.extend(contents.read(self.blob, place + inside, length_here)?);
            at += length;
        }
        Ok(read)
    }

    fn shown_size(&self) -> i32 {
        i32::try_from(self.size).unwrap_or(i32::MAX)
    }
}

impl Files {
    /// So many there may be.
    const MOST: usize = 100_000;

    /// The data centre where a file lies.
    pub(super) fn dc_of(&self, id: i64) -> Option<i32> {
        self.known.get(&id).map(|file| file.dc)
    }

    fn next_blob(&mut self) -> u64 {
        self.last_blob += 1;
        self.last_blob
    }

    /// The blobs of all files.
    fn blobs(&self) -> BTreeSet<u64> {
        let thumb = |file: &Filed| match &file.kind {
            Kind::Document(document) => document.thumb.as_ref().map(|thumb| thumb.blob),
            Kind::Photo => None,
        };
        self.known
            .values()
            .flat_map(|file| thumb(file).into_iter().chain([file.body.blob]))
            .collect()
    }
}

impl World {
    /// Keeps the contents of files somewhere else from now on. Those that came before are not taken over.
    pub fn keep_contents(&mut self, contents: impl Contents + 'static) {
        self.contents = Box::new(contents);
    }

    /// Forgets contents that no file has, such as those of uploads that a restart has cut.
    pub fn forget_unknown_contents(&mut self) {
        self.files.uploads = Uploads::default();
        self.contents.retain(&self.files.blobs());
    }

    /// All file references that clients know are worth nothing from now on: they are told
    /// `FILE_REFERENCE_EXPIRED`, and get new ones with whatever shows them the file.
    pub fn expire_references(&mut self) {
        self.files.epoch = self.files.epoch.wrapping_add(1);
    }

    /// At which data centre a caller is, if they stand apart.
    fn here(&self, caller: &Caller) -> Option<i32> {
        let dc = i32::try_from(caller.dc.unsigned_abs() % 10_000).unwrap_or_default();
        self.settings.apart().then_some(dc)
    }

    /// Keeps a file, and returns its id.
    fn put_file(&mut self, caller: &Caller, body: Body, kind: Kind) -> Result<i64, RpcError> {
        if self.files.known.len() >= Files::MOST {
            return Err(RpcError::new(420, "FLOOD_WAIT_86400"));
        }
        let own = self.accounts.get(caller.user()?).map_or(self.settings.dc, |user| user.dc);
        let dc = self.habits.file_dc.unwrap_or(own);
        let date = i32::try_from(caller.now.unix()).unwrap_or(i32::MAX);
        let id = loop {
            let id = self.random_id() & i64::MAX;
            if !self.files.known.contains_key(&id) {
                break id;
            }
        };
        self.files.known.insert(id, Filed { date, dc, body, kind });
        Ok(id)
    }

    /// The reference by which somebody names a file at present.
    fn reference(&self, viewer: i64, id: i64) -> Vec<u8> {
        let epoch = self.files.epoch.to_be_bytes();
        self.reference_of(viewer, id, epoch)
    }

    fn reference_of(&self, viewer: i64, id: i64, epoch: [u8; 4]) -> Vec<u8> {
        let secret = self.accounts.secret();
        let proof = sha256(&[&secret, &viewer.to_le_bytes(), &id.to_le_bytes(), &epoch]);
        epoch.into_iter().chain(proof.into_iter().take(16)).collect()
    }

    /// Whether a reference is the present one for a file.
    ///
    /// # Errors
    /// `FILE_REFERENCE_EMPTY`, `FILE_REFERENCE_INVALID`, `FILE_REFERENCE_EXPIRED`.
    fn check_reference(&self, viewer: i64, id: i64, reference: &[u8]) -> Result<(), RpcError> {
        let Some(epoch) = reference.first_chunk::<4>() else {
            let name = if reference.is_empty() { "EMPTY" } else { "INVALID" };
            return refused(format!("FILE_REFERENCE_{name}"));
        };
        if self.reference_of(viewer, id, *epoch) != reference {
            return refused("FILE_REFERENCE_INVALID");
        }
        if u32::from_be_bytes(*epoch) != self.files.epoch {
            return refused("FILE_REFERENCE_EXPIRED");
        }
        Ok(())
    }

    /// A photo as somebody sees it; an empty one if there is none.
    pub(crate) fn photo(&self, viewer: i64, id: i64) -> enums::Photo {
        let Some(Filed { date, dc, body, kind: Kind::Photo }) = self.files.known.get(&id) else {
            return types::PhotoEmpty { id }.into();
        };
        let mut sizes = vec![stripped()];
        sizes.extend(SIZES.map(|(name, side)| size(name, side, body)));
        let access_hash = self.accounts.access_hash(viewer, id);
        let reference = self.reference(viewer, id);
        types::Photo::new(id, access_hash, reference, *date, sizes, *dc).into()
    }

    /// A document as somebody sees it; an empty one if there is none.
    pub(crate) fn document(&self, viewer: i64, id: i64) -> enums::Document {
        let Some(Filed { date, dc, body, kind: Kind::Document(document) }) =
            self.files.known.get(&id)
        else {
            return types::DocumentEmpty { id }.into();
        };
        let Document { mime, attributes, thumb } = document;
        let thumbs = thumb.as_ref().map(|thumb| vec![stripped(), size("m", 320, thumb)]);
        types::Document {
            thumbs,
            ..types::Document::new(
                id,
                self.accounts.access_hash(viewer, id),
                self.reference(viewer, id),
                *date,
                mime.clone(),
                i64::try_from(body.size).unwrap_or(i64::MAX),
                *dc,
                attributes.clone(),
            )
        }
        .into()
    }
}

fn stripped() -> enums::PhotoSize {
    types::PhotoStrippedSize { r#type: "i".into(), bytes: STRIPPED.to_vec() }.into()
}

/// A size of a photo whose longest side is this.
fn size(name: &str, side: i32, body: &Body) -> enums::PhotoSize {
    let (w, h) = (side, side * SIDES.1 / SIDES.0);
    types::PhotoSize { r#type: name.into(), w, h, size: body.shown_size() }.into()
}
