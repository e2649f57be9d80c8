//! Files in messages: what a client gives, and how it looks.

use layer_tl_types::{Serializable, enums, types};

use super::uploads::SMALL;
use super::{Document, Filed, Kind, refused};
use crate::World;
use crate::router::{Caller, RpcError};

/// So long the MIME type of a document may be.
const LONGEST_MIME: usize = 255;
/// So many bytes all attributes of a document may take.
const LONGEST_ATTRIBUTES: usize = 8192;

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Media {
    /// The file's id.
    file: i64,
    /// It is a photo, not a document.
    pub(crate) is_photo: bool,
    spoiler: bool,
    /// It is to be looked at for so many seconds.
    ttl: Option<i32>,
}

/// What kind of file it is, as searches tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Photo,
    Video,
    RoundVideo,
    Animation,
    Voice,
    Music,
    Document,
}

/// With what a file may stand in an album.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// Photos and videos.
    Seen,
    /// Music.
    Heard,
    /// Other documents.
    Other,
    /// None: voice messages, round videos, animations.
    Alone,
}

impl World {
    /// What a client gives to be sent: a file that it has uploaded, or one that is there already.
    ///
    /// # Errors
    /// `MEDIA_EMPTY`, `MEDIA_INVALID` for what is no file, and as for uploads and references.
    pub(crate) fn given_media(
        &mut self,
        caller: &Caller,
        media: enums::InputMedia,
    ) -> Result<Media, RpcError> {
        let viewer = caller.user()?;
        match media {
            enums::InputMedia::Empty => refused("MEDIA_EMPTY"),
            enums::InputMedia::UploadedPhoto(given) => {
                let file = self.new_photo(caller, &given.file)?;
                let (spoiler, ttl) = (given.spoiler, given.ttl_seconds);
                Ok(Media { file, is_photo: true, spoiler, ttl })
            }
            enums::InputMedia::UploadedDocument(given) => {
                let (spoiler, ttl) = (given.spoiler, given.ttl_seconds);
                let file = self.new_document(caller, *given)?;
                Ok(Media { file, is_photo: false, spoiler, ttl })
            }
            enums::InputMedia::Photo(given) => {
                let file = self.named_photo(viewer, &given.id)?;
                let (spoiler, ttl) = (given.spoiler, given.ttl_seconds);
                Ok(Media { file, is_photo: true, spoiler, ttl })
            }
            enums::InputMedia::Document(given) => {
                let file = self.named_document(viewer, &given.id)?;
                let (spoiler, ttl) = (given.spoiler, given.ttl_seconds);
                Ok(Media { file, is_photo: false, spoiler, ttl })
            }
            _ => refused("MEDIA_INVALID"),
        }
    }

    /// Makes a photo of what was uploaded.
    ///
    /// # Errors
    /// `PHOTO_SAVE_FILE_INVALID` if it is too large, and as for uploads.
    pub(crate) fn new_photo(
        &mut self,
        caller: &Caller,
        file: &enums::InputFile,
    ) -> Result<i64, RpcError> {
        let body = self.uploaded(caller, file)?;
        if body.size > SMALL {
            return refused("PHOTO_SAVE_FILE_INVALID");
        }
        self.put_file(caller, body, Kind::Photo)
    }

    fn new_document(
        &mut self,
        caller: &Caller,
        given: types::InputMediaUploadedDocument,
    ) -> Result<i64, RpcError> {
        let attributes = given.attributes;
        let too_long = given.mime_type.len() > LONGEST_MIME
            || attributes.to_bytes().len() > LONGEST_ATTRIBUTES;
        if too_long {
            return refused("MEDIA_INVALID");
        }
        let thumb = given.thumb.map(|thumb| self.uploaded(caller, &thumb)).transpose()?;
        let body = self.uploaded(caller, &given.file)?;
        let document = Document { mime: given.mime_type, attributes, thumb };
        self.put_file(caller, body, Kind::Document(document))
    }

    /// The photo that somebody names.
    ///
    /// # Errors
    /// `MEDIA_EMPTY` if there is none, or as for references.
    pub(crate) fn named_photo(
        &self,
        viewer: i64,
        photo: &enums::InputPhoto,
    ) -> Result<i64, RpcError> {
        let enums::InputPhoto::Photo(photo) = photo else { return refused("MEDIA_EMPTY") };
        let file = self.files.known.get(&photo.id);
        let is_photo = file.is_some_and(|file| matches!(file.kind, Kind::Photo));
        if !is_photo || photo.access_hash != self.accounts.access_hash(viewer, photo.id) {
            return refused("MEDIA_EMPTY");
        }
        self.check_reference(viewer, photo.id, &photo.file_reference)?;
        Ok(photo.id)
    }

    fn named_document(&self, viewer: i64, named: &enums::InputDocument) -> Result<i64, RpcError> {
        let enums::InputDocument::Document(named) = named else { return refused("MEDIA_EMPTY") };
        let file = self.files.known.get(&named.id);
        let is_document = file.is_some_and(|file| matches!(file.kind, Kind::Document(_)));
        if !is_document || named.access_hash != self.accounts.access_hash(viewer, named.id) {
            return refused("MEDIA_EMPTY");
        }
        self.check_reference(viewer, named.id, &named.file_reference)?;
        Ok(named.id)
    }

    /// What kind of file it is.
    pub(crate) fn sort_of(&self, media: &Media) -> Sort {
        use enums::DocumentAttribute::{Animated, Audio, Video};
        let Some(Filed { kind: Kind::Document(document), .. }) = self.files.known.get(&media.file)
        else {
            return Sort::Photo;
        };
        let mut sort = Sort::Document;
        for attribute in &document.attributes {
            match attribute {
                Animated => return Sort::Animation,
                Audio(audio) if audio.voice => return Sort::Voice,
                Video(video) if video.round_message => return Sort::RoundVideo,
                Audio(_) => sort = Sort::Music,
                Video(_) => sort = Sort::Video,
                _ => {}
            }
        }
        sort
    }

    /// With what a file may stand in an album.
    pub(crate) fn company(&self, media: &Media) -> Company {
        match self.sort_of(media) {
            Sort::Photo | Sort::Video => Company::Seen,
            Sort::Music => Company::Heard,
            Sort::Document => Company::Other,
            Sort::RoundVideo | Sort::Animation | Sort::Voice => Company::Alone,
        }
    }

    /// What is in a message, as somebody sees it.
    pub(crate) fn shown_media(&self, viewer: i64, media: &Media) -> enums::MessageMedia {
        use enums::DocumentAttribute::{Audio, Video};
        let Media { file, is_photo, spoiler, ttl: ttl_seconds } = *media;
        if is_photo {
            let photo = Some(self.photo(viewer, file));
            let shown = types::MessageMediaPhoto::new();
            return types::MessageMediaPhoto { spoiler, photo, ttl_seconds, ..shown }.into();
        }
        let document = self.document(viewer, file);
        let attributes = match &document {
            enums::Document::Document(document) => document.attributes.as_slice(),
            enums::Document::Empty(_) => &[],
        };
        let has = |is: fn(&enums::DocumentAttribute) -> bool| attributes.iter().any(is);
        types::MessageMediaDocument {
            spoiler,
            video: has(|attribute| matches!(attribute, Video(_))),
            round: has(|attribute| matches!(attribute, Video(video) if video.round_message)),
            voice: has(|attribute| matches!(attribute, Audio(audio) if audio.voice)),
            document: Some(document),
            ttl_seconds,
            ..types::MessageMediaDocument::new()
        }
        .into()
    }
}
