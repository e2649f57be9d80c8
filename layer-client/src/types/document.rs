//! A file of a message: a document, video, voice message, sticker, …

use layer_tl_types::enums::{self, DocumentAttribute};
use layer_tl_types::types;

use super::Sticker;
use crate::{Downloadable, Origin};

/// A file of a message, whatever it holds.
///
/// ```
/// use layer_client::{tl::types as tl, types::Document};
/// let name = tl::DocumentAttributeFilename { file_name: "bread.txt".to_owned() };
/// let attributes = vec![name.into()];
/// let raw = tl::Document::new(1, 2, vec![3], 0, "text/plain".to_owned(), 70, 4, attributes);
/// let document = Document::from(raw);
/// assert_eq!((document.name(), document.len()), (Some("bread.txt"), 70));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    raw: types::Document,
    origin: Option<Origin>,
}

impl From<types::Document> for Document {
    fn from(raw: types::Document) -> Self {
        Self { raw, origin: None }
    }
}

impl Document {
    /// One that was seen in a message.
    pub(crate) fn seen(raw: types::Document, origin: Option<Origin>) -> Self {
        Self { raw, origin }
    }

    /// Its id.
    pub fn id(&self) -> i64 {
        self.raw.id
    }

    /// Its name, as whoever sent it gave it: nothing to use as a path as it is.
    pub fn name(&self) -> Option<&str> {
        self.attribute(|attribute| match attribute {
            DocumentAttribute::Filename(name) => Some(name.file_name.as_str()),
            _ => None,
        })
    }

    /// Its MIME type.
    pub fn mime_type(&self) -> &str {
        &self.raw.mime_type
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        u64::try_from(self.raw.size).unwrap_or(0)
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When it was uploaded, in unix seconds.
    pub fn date(&self) -> i32 {
        self.raw.date
    }

    /// How long a video, voice message or piece of music is, in seconds.
    pub fn duration(&self) -> Option<f64> {
        self.attribute(|attribute| match attribute {
            DocumentAttribute::Video(video) => Some(video.duration),
            DocumentAttribute::Audio(audio) => Some(f64::from(audio.duration)),
            _ => None,
        })
    }

    /// The width and height of a video or picture in pixels.
    pub fn dimensions(&self) -> Option<(i32, i32)> {
        self.attribute(|attribute| match attribute {
            DocumentAttribute::Video(video) => Some((video.w, video.h)),
            DocumentAttribute::ImageSize(size) => Some((size.w, size.h)),
            _ => None,
        })
    }

    /// Whether it is a video, round or not.
    pub fn is_video(&self) -> bool {
        self.attribute(|it| matches!(it, DocumentAttribute::Video(_)).then_some(())).is_some()
    }

    /// Whether it is a voice message.
    pub fn is_voice(&self) -> bool {
        let is_voice = |it: &DocumentAttribute| match it {
            DocumentAttribute::Audio(audio) => audio.voice,
            _ => false,
        };
        self.raw.attributes.iter().any(is_voice)
    }

    /// Whether it is a silent loop.
    pub fn is_animated(&self) -> bool {
        self.raw.attributes.contains(&DocumentAttribute::Animated)
    }

    /// The sticker that it is.
    pub fn sticker(&self) -> Option<Sticker> {
        Sticker::of(self.clone())
    }

    /// The whole document as Telegram has it.
    pub fn raw(&self) -> &types::Document {
        &self.raw
    }

    pub(super) fn attribute<'a, T>(
        &'a self,
        find: impl FnMut(&'a DocumentAttribute) -> Option<T>,
    ) -> Option<T> {
        self.raw.attributes.iter().find_map(find)
    }
}

impl Downloadable for Document {
    fn to_input_location(&self) -> Option<enums::InputFileLocation> {
        let location = types::InputDocumentFileLocation {
            id: self.raw.id,
            access_hash: self.raw.access_hash,
            file_reference: self.raw.file_reference.clone(),
            thumb_size: String::new(),
        };
        Some(location.into())
    }

    fn size(&self) -> Option<u64> {
        Some(self.len())
    }

    fn dc_id(&self) -> Option<i32> {
        Some(self.raw.dc_id)
    }

    fn origin(&self) -> Option<Origin> {
        self.origin.clone()
    }
}
