//! A file that the server has, and nobody was sent yet.

use layer_tl_types::enums::{self, InputMedia};
use layer_tl_types::types;

use crate::types::InputMessage;

/// A file that was uploaded: it goes where an [`InputMedia`] does, and is a photo there, or a document,
/// by its MIME type. The server forgets it after some hours if it is not sent, and refuses it then with
/// `FILE_PART_MISSING` and the part's number: it is to be uploaded again, which nobody but its owner can.
///
/// ```
/// use layer_client::{UploadedFile, tl};
/// fn as_file(uploaded: &UploadedFile) -> tl::enums::InputMedia {
///     uploaded.as_document()
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct UploadedFile {
    pub(super) file: enums::InputFile,
    pub(super) name: String,
    pub(super) mime: String,
    pub(super) size: u64,
}

impl UploadedFile {
    /// What requests name it by.
    pub fn input_file(&self) -> &enums::InputFile {
        &self.file
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its MIME type.
    pub fn mime_type(&self) -> &str {
        &self.mime
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// As a photo, which the server makes smaller.
    pub fn as_photo(&self) -> InputMedia {
        types::InputMediaUploadedPhoto::new(self.file.clone()).into()
    }

    /// As a file, unchanged.
    pub fn as_document(&self) -> InputMedia {
        self.as_document_with(Vec::new())
    }

    /// The same, with more attributes than its name: a video's length and size, a voice message.
    pub fn as_document_with(&self, attributes: Vec<enums::DocumentAttribute>) -> InputMedia {
        let is_named = |attribute: &enums::DocumentAttribute| {
            matches!(attribute, enums::DocumentAttribute::Filename(_))
        };
        let mut all = Vec::new();
        if !attributes.iter().any(is_named) {
            let file_name = self.name.clone();
            all.push(types::DocumentAttributeFilename { file_name }.into());
        }
        all.extend(attributes);
        let (file, mime) = (self.file.clone(), self.mime.clone());
        let mut media = types::InputMediaUploadedDocument::new(file, mime, all);
        // Telegram looks into what it knows otherwise.
        media.force_file = self.is_photo();
        media.into()
    }

    /// Whether it is sent as a photo if nothing else is said.
    fn is_photo(&self) -> bool {
        ["image/jpeg", "image/png"].contains(&self.mime.as_str())
    }
}

impl From<&UploadedFile> for InputMedia {
    fn from(uploaded: &UploadedFile) -> Self {
        if uploaded.is_photo() { uploaded.as_photo() } else { uploaded.as_document() }
    }
}

impl From<UploadedFile> for InputMedia {
    fn from(uploaded: UploadedFile) -> Self {
        Self::from(&uploaded)
    }
}

/// Without a caption.
impl From<UploadedFile> for InputMessage {
    fn from(uploaded: UploadedFile) -> Self {
        Self::new().media(uploaded)
    }
}
