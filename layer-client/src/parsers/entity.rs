//! One entity: where it stands, and what it is in words, for markup that has no sign for it.

use layer_tl_types::enums::MessageEntity;
use layer_tl_types::{Deserializable, Serializable, enums, types};

/// Does the same with every kind. A schema that has more kinds than this makes them nothing.
macro_rules! each_kind {
    ($entity:expr, $it:ident => $does:expr, else $otherwise:expr) => {
        #[allow(unreachable_patterns, reason = "a newer schema may have more")]
        match $entity {
            MessageEntity::Unknown($it) => $does,
            MessageEntity::Mention($it) => $does,
            MessageEntity::Hashtag($it) => $does,
            MessageEntity::BotCommand($it) => $does,
            MessageEntity::Url($it) => $does,
            MessageEntity::Email($it) => $does,
            MessageEntity::Bold($it) => $does,
            MessageEntity::Italic($it) => $does,
            MessageEntity::Code($it) => $does,
            MessageEntity::Pre($it) => $does,
            MessageEntity::TextUrl($it) => $does,
            MessageEntity::MentionName($it) => $does,
            MessageEntity::InputMessageEntityMentionName($it) => $does,
            MessageEntity::Phone($it) => $does,
            MessageEntity::Cashtag($it) => $does,
            MessageEntity::Underline($it) => $does,
            MessageEntity::Strike($it) => $does,
            MessageEntity::BankCard($it) => $does,
            MessageEntity::Spoiler($it) => $does,
            MessageEntity::CustomEmoji($it) => $does,
            MessageEntity::Blockquote($it) => $does,
            MessageEntity::FormattedDate($it) => $does,
            MessageEntity::DiffInsert($it) => $does,
            MessageEntity::DiffReplace($it) => $does,
            MessageEntity::DiffDelete($it) => $does,
            MessageEntity::TonAddress($it) => $does,
            _ => $otherwise,
        }
    };
}

/// Offset and length in UTF-16 units, as they were sent.
pub(super) fn range(entity: &MessageEntity) -> Option<(i32, i32)> {
    each_kind!(entity, it => Some((it.offset, it.length)), else None)
}

/// Puts it elsewhere.
pub(super) fn set_range(entity: &mut MessageEntity, at: i32, len: i32) {
    each_kind!(entity, it => { it.offset = at; it.length = len; }, else ());
}

/// Whether the server finds it in the text by itself, so that nobody has to mark it.
pub(crate) fn is_found_by_server(entity: &MessageEntity) -> bool {
    use MessageEntity as E;
    matches!(
        entity,
        E::Unknown(_)
            | E::Mention(_)
            | E::Hashtag(_)
            | E::BotCommand(_)
            | E::Url(_)
            | E::Email(_)
            | E::Phone(_)
            | E::Cashtag(_)
            | E::BankCard(_)
            | E::TonAddress(_)
    )
}

pub(super) fn bold() -> MessageEntity {
    types::MessageEntityBold { offset: 0, length: 0 }.into()
}

pub(super) fn italic() -> MessageEntity {
    types::MessageEntityItalic { offset: 0, length: 0 }.into()
}

pub(super) fn underline() -> MessageEntity {
    types::MessageEntityUnderline { offset: 0, length: 0 }.into()
}

pub(super) fn strike() -> MessageEntity {
    types::MessageEntityStrike { offset: 0, length: 0 }.into()
}

pub(super) fn spoiler() -> MessageEntity {
    types::MessageEntitySpoiler { offset: 0, length: 0 }.into()
}

pub(super) fn code() -> MessageEntity {
    types::MessageEntityCode { offset: 0, length: 0 }.into()
}

pub(super) fn pre(language: &str) -> MessageEntity {
    types::MessageEntityPre { offset: 0, length: 0, language: language.to_owned() }.into()
}

pub(super) fn custom_emoji(id: i64) -> MessageEntity {
    types::MessageEntityCustomEmoji { offset: 0, length: 0, document_id: id }.into()
}

pub(super) fn blockquote(collapsed: bool) -> MessageEntity {
    let mut quote = types::MessageEntityBlockquote::new(0, 0);
    quote.collapsed = collapsed;
    quote.into()
}

/// A link's target: a user, an entity in words, or an address. Nothing if it is empty.
pub(super) fn link(url: &str) -> Option<MessageEntity> {
    if url.is_empty() {
        return None;
    }
    let text_url =
        || types::MessageEntityTextUrl { offset: 0, length: 0, url: url.to_owned() }.into();
    Some(special_link(url).unwrap_or_else(text_url))
}

/// Whether this address would be read as something else than an address.
pub(super) fn is_special_link(url: &str) -> bool {
    url.is_empty() || special_link(url).is_some()
}

fn special_link(url: &str) -> Option<MessageEntity> {
    if let Some(id) = url.strip_prefix("tg://user?id=") {
        let id = id.parse().ok()?;
        return Some(types::MessageEntityMentionName { offset: 0, length: 0, user_id: id }.into());
    }
    of_words(url.strip_prefix("tg://entity?")?)
}

/// A date from its unix time and the letters of its format.
pub(super) fn date(unix: &str, format: &str) -> Option<MessageEntity> {
    let mut date = types::MessageEntityFormattedDate::new(0, 0, unix.parse().ok()?);
    for letter in format.chars() {
        match letter {
            'r' => date.relative = true,
            'w' => date.day_of_week = true,
            'd' => date.short_date = true,
            'D' => date.long_date = true,
            't' => date.short_time = true,
            'T' => date.long_time = true,
            _ => return None,
        }
    }
    Some(date.into())
}

/// The letters of a date's format.
pub(super) fn date_format(date: &types::MessageEntityFormattedDate) -> String {
    let letters = [
        (date.relative, 'r'),
        (date.day_of_week, 'w'),
        (date.short_date, 'd'),
        (date.long_date, 'D'),
        (date.short_time, 't'),
        (date.long_time, 'T'),
    ];
    letters.iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| *letter).collect()
}

/// Any entity in words, such as `hashtag` or `pre=rust`: what is behind `=` is percent-encoded.
pub(super) fn words(entity: &MessageEntity) -> Option<String> {
    use MessageEntity as E;
    #[allow(unreachable_patterns, reason = "a newer schema may have more")]
    let (name, value) = match entity {
        E::Unknown(_) => ("unknown", None),
        E::Mention(_) => ("mention", None),
        E::Hashtag(_) => ("hashtag", None),
        E::BotCommand(_) => ("bot_command", None),
        E::Url(_) => ("url", None),
        E::Email(_) => ("email", None),
        E::Bold(_) => ("bold", None),
        E::Italic(_) => ("italic", None),
        E::Code(_) => ("code", None),
        E::Pre(pre) => ("pre", Some(encode(pre.language.as_bytes()))),
        E::TextUrl(link) => ("text_url", Some(encode(link.url.as_bytes()))),
        E::MentionName(mention) => ("mention_name", Some(mention.user_id.to_string())),
        E::InputMessageEntityMentionName(mention) => {
            ("input_mention_name", Some(hex(&mention.user_id.to_bytes())))
        }
        E::Phone(_) => ("phone", None),
        E::Cashtag(_) => ("cashtag", None),
        E::Underline(_) => ("underline", None),
        E::Strike(_) => ("strike", None),
        E::BankCard(_) => ("bank_card", None),
        E::Spoiler(_) => ("spoiler", None),
        E::CustomEmoji(emoji) => ("custom_emoji", Some(emoji.document_id.to_string())),
        E::Blockquote(quote) => ("blockquote", quote.collapsed.then(|| "collapsed".to_owned())),
        E::FormattedDate(it) => {
            ("formatted_date", Some(format!("{}.{}", it.date, date_format(it))))
        }
        E::DiffInsert(_) => ("diff_insert", None),
        E::DiffReplace(diff) => ("diff_replace", Some(encode(diff.old_text.as_bytes()))),
        E::DiffDelete(_) => ("diff_delete", None),
        E::TonAddress(_) => ("ton_address", None),
        _ => return None,
    };
    Some(value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}")))
}

/// The entity that these words describe.
pub(super) fn of_words(words: &str) -> Option<MessageEntity> {
    let (name, value) = words.split_once('=').unwrap_or((words, ""));
    Some(match name {
        "unknown" => types::MessageEntityUnknown { offset: 0, length: 0 }.into(),
        "mention" => types::MessageEntityMention { offset: 0, length: 0 }.into(),
        "hashtag" => types::MessageEntityHashtag { offset: 0, length: 0 }.into(),
        "bot_command" => types::MessageEntityBotCommand { offset: 0, length: 0 }.into(),
        "url" => types::MessageEntityUrl { offset: 0, length: 0 }.into(),
        "email" => types::MessageEntityEmail { offset: 0, length: 0 }.into(),
        "bold" => bold(),
        "italic" => italic(),
        "code" => code(),
        "pre" => pre(&decode(value)?),
        "text_url" => {
            types::MessageEntityTextUrl { offset: 0, length: 0, url: decode(value)? }.into()
        }
        "mention_name" => {
            types::MessageEntityMentionName { offset: 0, length: 0, user_id: value.parse().ok()? }
                .into()
        }
        "input_mention_name" => {
            let user = enums::InputUser::from_bytes(&unhex(value)?).ok()?;
            types::InputMessageEntityMentionName { offset: 0, length: 0, user_id: user }.into()
        }
        "phone" => types::MessageEntityPhone { offset: 0, length: 0 }.into(),
        "cashtag" => types::MessageEntityCashtag { offset: 0, length: 0 }.into(),
        "underline" => underline(),
        "strike" => strike(),
        "bank_card" => types::MessageEntityBankCard { offset: 0, length: 0 }.into(),
        "spoiler" => spoiler(),
        "custom_emoji" => custom_emoji(value.parse().ok()?),
        "blockquote" => blockquote(value == "collapsed"),
        "formatted_date" => {
            let (unix, format) = value.split_once('.')?;
            date(unix, format)?
        }
        "diff_insert" => types::MessageEntityDiffInsert { offset: 0, length: 0 }.into(),
        "diff_replace" => {
            types::MessageEntityDiffReplace { offset: 0, length: 0, old_text: decode(value)? }
                .into()
        }
        "diff_delete" => types::MessageEntityDiffDelete { offset: 0, length: 0 }.into(),
        "ton_address" => types::MessageEntityTonAddress { offset: 0, length: 0 }.into(),
        _ => return None,
    })
}

/// Percent-encoded but for what is safe in a link, an attribute and Markdown.
fn encode(bytes: &[u8]) -> String {
    let mut encoded = String::new();
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex(&[byte]));
        }
    }
    encoded
}

fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.extend(unhex(digits)?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}
