//! A sticker: a document with an emoji and a set.

use layer_tl_types::enums::{self, DocumentAttribute};
use layer_tl_types::types;

use super::Document;
use crate::{Downloadable, Origin};

/// A sticker, or a custom emoji. See [`Document::sticker`].
#[derive(Debug, Clone, PartialEq)]
pub struct Sticker {
    document: Document,
    emoji: String,
    set: enums::InputStickerSet,
}

impl Sticker {
    pub(super) fn of(document: Document) -> Option<Self> {
        let found = document.attribute(|attribute| match attribute {
            DocumentAttribute::Sticker(it) => Some((it.alt.clone(), it.stickerset.clone())),
            DocumentAttribute::CustomEmoji(it) => Some((it.alt.clone(), it.stickerset.clone())),
            _ => None,
        });
        let (emoji, set) = found?;
        Some(Self { document, emoji, set })
    }

    /// The emoji that it stands for.
    pub fn emoji(&self) -> &str {
        &self.emoji
    }

    /// The set that it belongs to.
    pub fn set(&self) -> &enums::InputStickerSet {
        &self.set
    }

    /// Whether it moves: drawn as vectors, or a video.
    pub fn is_animated(&self) -> bool {
        ["application/x-tgsticker", "video/webm"].contains(&self.document.mime_type())
    }

    /// The file that it is.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The whole document as Telegram has it.
    pub fn raw(&self) -> &types::Document {
        self.document.raw()
    }
}

impl Downloadable for Sticker {
    fn to_input_location(&self) -> Option<enums::InputFileLocation> {
        self.document.to_input_location()
    }

    fn size(&self) -> Option<u64> {
        Downloadable::size(&self.document)
    }

    fn dc_id(&self) -> Option<i32> {
        self.document.dc_id()
    }

    fn origin(&self) -> Option<Origin> {
        Downloadable::origin(&self.document)
    }
}
