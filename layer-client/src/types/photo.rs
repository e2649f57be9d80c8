//! A photo: its sizes, and the largest of them to download.

use layer_tl_types::{enums, types};

use super::Document;
use crate::{Downloadable, Origin};

/// A photo of a message. Downloaded, it is its largest size.
///
/// ```
/// use layer_client::{tl::types as tl, types::Photo};
/// let size = |r#type: &str, w, size| tl::PhotoSize { r#type: r#type.to_owned(), w, h: w, size };
/// let sizes = vec![size("m", 320, 20_000).into(), size("x", 800, 90_000).into()];
/// let photo = Photo::from(tl::Photo::new(1, 2, vec![3], 0, sizes, 4));
/// assert_eq!((photo.width(), photo.height()), (800, 800));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    raw: types::Photo,
    origin: Option<Origin>,
}

impl From<types::Photo> for Photo {
    fn from(raw: types::Photo) -> Self {
        Self { raw, origin: None }
    }
}

/// A size that can be downloaded: its name, width, height and bytes.
type Size<'a> = (&'a str, i32, i32, i32);

impl Photo {
    /// One that was seen in a message.
    pub(crate) fn seen(raw: types::Photo, origin: Option<Origin>) -> Self {
        Self { raw, origin }
    }

    /// Its id.
    pub fn id(&self) -> i64 {
        self.raw.id
    }

    /// When it was uploaded, in unix seconds.
    pub fn date(&self) -> i32 {
        self.raw.date
    }

    /// The width of its largest size in pixels; 0 if it has none.
    pub fn width(&self) -> i32 {
        self.largest().map_or(0, |(_, width, _, _)| width)
    }

    /// The height of its largest size in pixels; 0 if it has none.
    pub fn height(&self) -> i32 {
        self.largest().map_or(0, |(_, _, height, _)| height)
    }

    /// All sizes, previews among them.
    pub fn sizes(&self) -> &[enums::PhotoSize] {
        &self.raw.sizes
    }

    /// The whole photo as Telegram has it.
    pub fn raw(&self) -> &types::Photo {
        &self.raw
    }

    fn largest(&self) -> Option<Size<'_>> {
        let sizes = self.raw.sizes.iter().filter_map(downloadable);
        sizes.max_by_key(|(_, width, height, _)| i64::from(*width) * i64::from(*height))
    }
}

fn downloadable(size: &enums::PhotoSize) -> Option<Size<'_>> {
    match size {
        enums::PhotoSize::Size(size) => Some((&size.r#type, size.w, size.h, size.size)),
        enums::PhotoSize::Progressive(size) => {
            let bytes = size.sizes.iter().copied().max().unwrap_or(0);
            Some((&size.r#type, size.w, size.h, bytes))
        }
        enums::PhotoSize::PhotoCachedSize(size) => {
            let bytes = i32::try_from(size.bytes.len()).unwrap_or(0);
            Some((&size.r#type, size.w, size.h, bytes))
        }
        _ => None,
    }
}

impl Downloadable for Photo {
    fn to_input_location(&self) -> Option<enums::InputFileLocation> {
        let (thumb_size, ..) = self.largest()?;
        let location = types::InputPhotoFileLocation {
            id: self.raw.id,
            access_hash: self.raw.access_hash,
            file_reference: self.raw.file_reference.clone(),
            thumb_size: thumb_size.to_owned(),
        };
        Some(location.into())
    }

    fn size(&self) -> Option<u64> {
        let (.., bytes) = self.largest()?;
        u64::try_from(bytes).ok().filter(|bytes| *bytes > 0)
    }

    fn dc_id(&self) -> Option<i32> {
        Some(self.raw.dc_id)
    }

    fn origin(&self) -> Option<Origin> {
        self.origin.clone()
    }
}

/// Sent again, without being uploaded.
impl From<&Photo> for enums::InputMedia {
    fn from(photo: &Photo) -> Self {
        let types::Photo { id, access_hash, file_reference, .. } = photo.raw.clone();
        types::InputMediaPhoto::new(types::InputPhoto { id, access_hash, file_reference }.into())
            .into()
    }
}

/// Sent again, without being uploaded.
impl From<&Document> for enums::InputMedia {
    fn from(document: &Document) -> Self {
        let types::Document { id, access_hash, file_reference, .. } = document.raw().clone();
        let id = types::InputDocument { id, access_hash, file_reference };
        types::InputMediaDocument::new(id.into()).into()
    }
}
