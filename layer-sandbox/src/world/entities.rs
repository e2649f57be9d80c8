//! What is marked in a text: checked as it comes from a client, and found in it by the server itself.
//! Offsets count UTF-16 units.

use layer_tl_types::enums::{self, MessageEntity};
use layer_tl_types::types;

use super::World;
use crate::router::RpcError;

/// The longest text, in characters.
pub(crate) const LONGEST: usize = 4096;
/// The same beside a file.
const LONGEST_CAPTION: usize = 1024;
/// So many marks are kept in a text.
const MOST: usize = 100;

/// A piece of a text.
pub(crate) fn slice(text: &str, offset: i32, length: i32) -> Option<String> {
    let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
    let units = text.encode_utf16().skip(offset).take(length);
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

/// Where a mark is.
fn place(entity: &MessageEntity) -> (i32, i32) {
    macro_rules! places {
        ($($variant:ident)*) => {
            match entity {
                $(MessageEntity::$variant(at) => (at.offset, at.length),)*
            }
        };
    }
    places!(
        Unknown Mention Hashtag BotCommand Url Email Bold Italic Code Pre TextUrl MentionName
        InputMessageEntityMentionName Phone Cashtag Underline Strike BankCard Spoiler CustomEmoji
        Blockquote FormattedDate DiffInsert DiffReplace DiffDelete TonAddress
    )
}

impl World {
    /// A text as it is kept: what the client has marked in it, and what the server finds.
    ///
    /// # Errors
    /// `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`, `ENTITY_MENTION_USER_INVALID`.
    pub(crate) fn checked_text(
        &self,
        viewer: i64,
        text: &str,
        entities: Option<Vec<MessageEntity>>,
    ) -> Result<Vec<MessageEntity>, RpcError> {
        let refused = |name| Err(RpcError::new(400, name));
        if text.trim().is_empty() {
            return refused("MESSAGE_EMPTY");
        }
        if text.chars().count() > LONGEST {
            return refused("MESSAGE_TOO_LONG");
        }
        self.marked(viewer, text, entities)
    }

    /// As [`World::checked_text`], for what is said beside a file: nothing, maybe.
    ///
    /// # Errors
    /// `MEDIA_CAPTION_TOO_LONG`, and as for texts.
    pub(crate) fn checked_caption(
        &self,
        viewer: i64,
        text: &str,
        entities: Option<Vec<MessageEntity>>,
    ) -> Result<Vec<MessageEntity>, RpcError> {
        if text.chars().count() > LONGEST_CAPTION {
            return Err(RpcError::new(400, "MEDIA_CAPTION_TOO_LONG"));
        }
        self.marked(viewer, text, entities)
    }

    fn marked(
        &self,
        viewer: i64,
        text: &str,
        entities: Option<Vec<MessageEntity>>,
    ) -> Result<Vec<MessageEntity>, RpcError> {
        let refused = |name| Err(RpcError::new(400, name));
        let units = i64::try_from(text.encode_utf16().count()).unwrap_or(i64::MAX);
        let mut kept = Vec::new();
        for entity in entities.into_iter().flatten().take(MOST) {
            let (offset, length) = place(&entity);
            let end = i64::from(offset) + i64::from(length);
            if offset < 0 || length <= 0 || end > units {
                return refused("ENTITY_BOUNDS_INVALID");
            }
            kept.push(match entity {
                MessageEntity::InputMessageEntityMentionName(name) => {
                    let Ok(user_id) = self.user_id(viewer, &name.user_id) else {
                        return refused("ENTITY_MENTION_USER_INVALID");
                    };
                    types::MessageEntityMentionName { offset, length, user_id }.into()
                }
                other => other,
            });
        }
        for found in find(text) {
            let (offset, length) = place(&found);
            let overlaps = |other: &MessageEntity| {
                let (at, len) = place(other);
                offset < at + len && at < offset + length && !is_style(other)
            };
            if kept.len() < MOST && !kept.iter().any(overlaps) {
                kept.push(found);
            }
        }
        kept.sort_by_key(|entity| {
            let (offset, length) = place(entity);
            (offset, -length)
        });
        Ok(kept)
    }
}

/// Whether other marks may be inside it.
fn is_style(entity: &MessageEntity) -> bool {
    use MessageEntity::{Blockquote, Bold, Italic, Spoiler, Strike, Underline};
    matches!(entity, Bold(_) | Italic(_) | Underline(_) | Strike(_) | Spoiler(_) | Blockquote(_))
}

/// Mentions, commands, hashtags and addresses, word by word.
fn find(text: &str) -> Vec<MessageEntity> {
    let mut found = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let units = word.encode_utf16().count();
        let word = word.trim_end().trim_end_matches(['.', ',', '!', '?', ')', ':', ';']);
        let length = word.encode_utf16().count();
        let (offset_now, length) = (int(offset), int(length));
        offset += units;
        found.extend(recognise(word, offset_now, length));
    }
    found
}

fn int(units: usize) -> i32 {
    i32::try_from(units).unwrap_or(i32::MAX)
}

fn recognise(word: &str, offset: i32, length: i32) -> Option<MessageEntity> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let is_tag = |tag: &str| {
        !tag.is_empty() && tag.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    if let Some(name) = word.strip_prefix('@') {
        let fits = is_name(name) && name.len() > 2;
        return fits.then(|| types::MessageEntityMention { offset, length }.into());
    }
    if let Some(command) = word.strip_prefix('/') {
        let (command, bot) = command.split_once('@').unwrap_or((command, "bot"));
        let fits = is_name(command) && is_name(bot);
        return fits.then(|| types::MessageEntityBotCommand { offset, length }.into());
    }
    if let Some(tag) = word.strip_prefix('#') {
        return is_tag(tag).then(|| types::MessageEntityHashtag { offset, length }.into());
    }
    let rest = word.strip_prefix("https://").or(word.strip_prefix("http://"))?;
    (rest.len() > 2).then(|| types::MessageEntityUrl { offset, length }.into())
}

/// So many buttons a message may have.
const MOST_BUTTONS: usize = 100;
/// The longest data of a button, in bytes.
const LONGEST_DATA: usize = 64;

/// Buttons as they are kept.
///
/// # Errors
/// `BUTTON_DATA_INVALID`, `REPLY_MARKUP_INVALID`, `REPLY_MARKUP_TOO_LONG`.
pub(crate) fn checked_markup(markup: enums::ReplyMarkup) -> Result<enums::ReplyMarkup, RpcError> {
    let refused = |name| Err(RpcError::new(400, name));
    let (mut buttons, mut texts_empty) = (0, false);
    match &markup {
        enums::ReplyMarkup::ReplyInlineMarkup(inline) => {
            for enums::KeyboardInlineButtonRow::Row(row) in &inline.rows {
                for enums::KeyboardInlineButton::Button(button) in &row.buttons {
                    buttons += 1;
                    texts_empty |= button.text.is_empty();
                    if let enums::InlineButtonType::Callback(callback) = &button.r#type
                        && !(1..=LONGEST_DATA).contains(&callback.data.len())
                    {
                        return refused("BUTTON_DATA_INVALID");
                    }
                }
            }
        }
        enums::ReplyMarkup::ReplyKeyboardMarkup(keyboard) => {
            for enums::KeyboardButtonRow::Row(row) in &keyboard.rows {
                buttons += row.buttons.len();
            }
        }
        _ => return Ok(markup),
    }
    match buttons {
        0 => refused("REPLY_MARKUP_INVALID"),
        _ if texts_empty => refused("REPLY_MARKUP_INVALID"),
        _ if buttons > MOST_BUTTONS => refused("REPLY_MARKUP_TOO_LONG"),
        _ => Ok(markup),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(i32, i32)> {
        find(text).iter().map(place).collect()
    }

    #[test]
    fn names_commands_tags_and_addresses_are_found_where_they_are() {
        assert_eq!(found("hi @anna_b, /start@x_bot"), [(3, 7), (12, 12)]);
        assert_eq!(found("\u{1f600} @anna\n#tag http://a.bc."), [(3, 5), (9, 4), (14, 11)]);
        assert_eq!(found("@ /\u{e9} a@b.c # http:// /a/b"), []);
        assert_eq!(slice("\u{1f600} @anna", 3, 5).as_deref(), Some("@anna"));
        assert_eq!(slice("\u{1f600}", 1, 1), None);
    }
}
