//! What is given out of files: which bytes of which.

use layer_crypto::hash::sha256;
use layer_tl_types::{enums, types};

use super::{Body, Filed, Kind, SIZES, refused, storage};
use crate::World;
use crate::router::{Caller, RpcError};

/// No more than this is given out at a time, and always from one block of this size.
const BLOCK: i64 = 1 << 20;
/// So much of a file one hash is of.
const HASHED: u64 = 128 << 10;

/// Which bytes are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) offset: i64,
    pub(crate) limit: i32,
    pub(crate) precise: bool,
}

impl Span {
    /// # Errors
    /// `LIMIT_INVALID`, `OFFSET_INVALID`.
    pub(super) fn check(self) -> Result<(u64, u64), RpcError> {
        let limit = i64::from(self.limit);
        let grain = if self.precise { 1024 } else { 4096 };
        if limit <= 0 || limit > BLOCK || limit % grain != 0 || !self.precise && BLOCK % limit != 0
        {
            return refused("LIMIT_INVALID");
        }
        if self.offset < 0 || self.offset % grain != 0 {
            return refused("OFFSET_INVALID");
        }
        // The last byte lies in the same block as the first.
        if self.offset % BLOCK + limit > BLOCK {
            return refused("LIMIT_INVALID");
        }
        Ok((self.offset.unsigned_abs(), limit.unsigned_abs()))
    }
}

impl World {
    /// `upload.getFile`.
    ///
    /// # Errors
    /// `LIMIT_INVALID`, `OFFSET_INVALID`, `LOCATION_INVALID`, `FILE_MIGRATE_X`, and as for references.
    pub(crate) fn download(
        &mut self,
        caller: &Caller,
        location: &enums::InputFileLocation,
        span: Span,
        cdn_supported: bool,
    ) -> Result<enums::upload::File, RpcError> {
        let (offset, limit) = span.check()?;
        let (file, body) = self.located(caller, location)?;
        let (mtime, r#type) = (file.date, file_type(file));
        let body = body.clone();
        if cdn_supported && let Some(redirect) = self.redirect(&body, offset) {
            return redirect.map(Into::into);
        }
        let bytes = body.read(self.contents.as_mut(), offset, limit).map_err(storage)?;
        Ok(types::upload::File { r#type, mtime, bytes }.into())
    }

    /// `upload.getFileHashes`: of the block in which the offset lies.
    ///
    /// # Errors
    /// As for [`World::download`].
    pub(crate) fn hashes(
        &mut self,
        caller: &Caller,
        location: &enums::InputFileLocation,
        offset: i64,
    ) -> Result<Vec<enums::FileHash>, RpcError> {
        let Ok(offset) = u64::try_from(offset) else { return refused("OFFSET_INVALID") };
        let (_, body) = self.located(caller, location)?;
        let body = body.clone();
        self.hashes_of(&body, offset)
    }

    /// The hashes of a body from the block of an offset on, to the end of the 1 MiB in which it lies.
    pub(crate) fn hashes_of(
        &mut self,
        body: &Body,
        offset: u64,
    ) -> Result<Vec<enums::FileHash>, RpcError> {
        let mut hashes = Vec::new();
        let mut at = offset - offset % HASHED;
        let end = (offset - offset % BLOCK.unsigned_abs()).saturating_add(BLOCK.unsigned_abs());
        while at < end.min(body.size) {
            let bytes = body.read(self.contents.as_mut(), at, HASHED).map_err(storage)?;
            let limit = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
            let offset = i64::try_from(at).unwrap_or(i64::MAX);
            let hash = sha256(&[&bytes]).to_vec();
            hashes.push(types::FileHash { offset, limit, hash }.into());
            at += HASHED;
        }
        Ok(hashes)
    }

    /// The file that a location is of, if it lies here.
    fn located(
        &self,
        caller: &Caller,
        location: &enums::InputFileLocation,
    ) -> Result<(&Filed, &Body), RpcError> {
        use enums::InputFileLocation::{
            InputDocumentFileLocation as OfDocument, InputPeerPhotoFileLocation as OfPeer,
            InputPhotoFileLocation as OfPhoto,
        };
        let viewer = caller.user()?;
        if let OfPeer(at) = location {
            // Whoever sees who it is may see the photo: no reference is wanted.
            let peer = self.peer(&self.actor(caller)?, &at.peer)?;
            let known = self.portrait_of(viewer, peer, at.photo_id);
            let file = known.and_then(|id| self.files.known.get(&id));
            let Some(file) = file else { return refused("LOCATION_INVALID") };
            return self.here_or_moved(caller, file).map(|file| (file, &file.body));
        }
        let (id, access_hash, reference, size) = match location {
            OfDocument(at) => (at.id, at.access_hash, &at.file_reference, at.thumb_size.as_str()),
            OfPhoto(at) => (at.id, at.access_hash, &at.file_reference, at.thumb_size.as_str()),
            _ => return refused("LOCATION_INVALID"),
        };
        let file = self.files.known.get(&id);
        let right = access_hash == self.accounts.access_hash(viewer, id);
        let Some(file) = file.filter(|_| right) else { return refused("LOCATION_INVALID") };
        let body = match (location, &file.kind) {
            (OfDocument(_), Kind::Document(_)) if size.is_empty() => Some(&file.body),
            (OfDocument(_), Kind::Document(document)) => {
                document.thumb.as_ref().filter(|_| size == "m")
            }
            (OfPhoto(_), Kind::Photo) => {
                SIZES.iter().any(|(name, _)| *name == size).then_some(&file.body)
            }
            _ => None,
        };
        let Some(body) = body else { return refused("LOCATION_INVALID") };
        self.check_reference(viewer, id, reference)?;
        self.here_or_moved(caller, file).map(|file| (file, body))
    }

    fn here_or_moved<'a>(&self, caller: &Caller, file: &'a Filed) -> Result<&'a Filed, RpcError> {
        if self.here(caller).is_some_and(|here| here != file.dc) {
            return Err(RpcError::new(303, format!("FILE_MIGRATE_{}", file.dc)));
        }
        Ok(file)
    }
}

/// What a file is called.
fn file_type(file: &Filed) -> enums::storage::FileType {
    use enums::storage::FileType;
    let Kind::Document(document) = &file.kind else { return FileType::FileJpeg };
    match document.mime.as_str() {
        "image/jpeg" => FileType::FileJpeg,
        "image/gif" => FileType::FileGif,
        "image/png" => FileType::FilePng,
        "image/webp" => FileType::FileWebp,
        "application/pdf" => FileType::FilePdf,
        "audio/mpeg" => FileType::FileMp3,
        "video/quicktime" => FileType::FileMov,
        "video/mp4" => FileType::FileMp4,
        _ => FileType::FileUnknown,
    }
}
