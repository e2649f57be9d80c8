//! HTML to and from text with entities.

use std::collections::HashMap;
use std::fmt::Write;

use layer_tl_types::enums::MessageEntity;

use super::entity;
use super::nest::{self, Piece};

/// Text and entities out of HTML; see the [module](crate::parsers) for what is understood.
///
/// Offsets are in UTF-16 units. What is not closed, or not understood, is text.
///
/// ```
/// use layer_client::{parsers, tl::types::MessageEntityBold};
///
/// let (text, entities) = parsers::parse_html("💥 <b>bold</b> &amp;lt; 3 < 4");
/// assert_eq!(text, "💥 bold &lt; 3 < 4");
/// assert_eq!(entities, [MessageEntityBold { offset: 3, length: 4 }.into()]);
/// ```
pub fn parse_html(html: &str) -> (String, Vec<MessageEntity>) {
    #[cfg(not(feature = "html5ever"))]
    let tokens = super::html_tokens::tokens(html);
    #[cfg(feature = "html5ever")]
    let tokens = super::html5ever_tokens::tokens(html);
    read(tokens)
}

pub(super) fn read(tokens: Vec<Token>) -> (String, Vec<MessageEntity>) {
    let mut reader = Reader::default();
    for token in tokens {
        match token {
            Token::Text(text) => reader.text.push_str(&text),
            Token::Open(name, attributes) => reader.open(name, &Attributes(attributes)),
            Token::Close(name) => reader.close(&name),
        }
    }
    let end = reader.text.len();
    let close = |piece: Piece| Piece { end: piece.end.min(end), ..piece };
    let pieces = nest::nested(reader.pieces.into_iter().map(close));
    let entities = nest::to_entities(&reader.text, pieces);
    (reader.text, entities)
}

/// What HTML consists of.
#[derive(Debug, PartialEq)]
pub(super) enum Token {
    /// Text, its references resolved.
    Text(String),
    /// A tag: its name in lower case, and its attributes.
    Open(String, Vec<(String, String)>),
    /// A closing tag.
    Close(String),
}

#[derive(Default)]
struct Reader {
    text: String,
    /// In the order in which they opened; one that is still open ends nowhere.
    pieces: Vec<Piece>,
    /// Elements that are open, by name: the pieces that they stand for, if any.
    open: HashMap<String, Vec<Option<usize>>>,
}

impl Reader {
    fn open(&mut self, name: String, attributes: &Attributes) {
        if name == "br" {
            self.text.push('\n');
            return;
        }
        let is_language = name == "code" && self.gives_language(attributes);
        let entity = if is_language { None } else { of_element(&name, attributes) };
        let start = self.text.len();
        let piece = entity.map(|entity| {
            self.pieces.push(Piece { start, end: usize::MAX, entity });
            self.pieces.len() - 1
        });
        self.open.entry(name).or_default().push(piece);
    }

    /// `<code class="language-…">` right inside `<pre>` says the language of that.
    fn gives_language(&mut self, attributes: &Attributes) -> bool {
        let class = attributes.get("class").unwrap_or_default();
        let Some(language) = class.strip_prefix("language-") else { return false };
        let (start, count) = (self.text.len(), self.pieces.len());
        let pre = self.open.get("pre").and_then(|open| open.last().copied().flatten());
        let Some(Piece { start: begin, entity: MessageEntity::Pre(pre), .. }) =
            pre.filter(|pre| pre + 1 == count).and_then(|pre| self.pieces.get_mut(pre))
        else {
            return false;
        };
        let is_first = *begin == start && pre.language.is_empty();
        if is_first {
            pre.language = language.to_owned();
        }
        is_first
    }

    /// Closes the innermost of that name, whatever else is open.
    fn close(&mut self, name: &str) {
        let piece = self.open.get_mut(name).and_then(Vec::pop).flatten();
        if let Some(piece) = piece.and_then(|piece| self.pieces.get_mut(piece)) {
            piece.end = self.text.len();
        }
    }
}

/// Those of a tag.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn of_element(name: &str, attributes: &Attributes) -> Option<MessageEntity> {
    let is_tg_spoiler =
        || attributes.get("class").is_some_and(|class| class.split(' ').any(|c| c == "tg-spoiler"));
    match name {
        "b" | "strong" => Some(entity::bold()),
        "i" | "em" => Some(entity::italic()),
        "u" | "ins" => Some(entity::underline()),
        "s" | "strike" | "del" => Some(entity::strike()),
        "tg-spoiler" | "spoiler" => Some(entity::spoiler()),
        "span" => is_tg_spoiler().then(entity::spoiler),
        "code" => Some(entity::code()),
        "pre" => Some(entity::pre(attributes.get("language").unwrap_or_default())),
        "a" => entity::link(attributes.get("href")?),
        "tg-emoji" => Some(entity::custom_emoji(attributes.get("emoji-id")?.parse().ok()?)),
        "tg-time" => {
            entity::date(attributes.get("unix")?, attributes.get("format").unwrap_or_default())
        }
        "blockquote" => Some(entity::blockquote(attributes.get("expandable").is_some())),
        "tg-entity" => entity::of_words(attributes.get("is")?),
        _ => None,
    }
}

/// HTML out of text and entities; see the [module](crate::parsers) for its tags.
///
/// [`parse_html`] makes the same text and entities out of it.
///
/// ```
/// use layer_client::{parsers, tl::types::MessageEntityItalic};
///
/// let entities = [MessageEntityItalic { offset: 2, length: 3 }.into()];
/// assert_eq!(parsers::generate_html("a <b>", &entities), "a <i>&lt;b&gt;</i>");
/// ```
pub fn generate_html(text: &str, entities: &[MessageEntity]) -> String {
    let pieces = nest::of_entities(text, entities);
    let mut out = String::with_capacity(text.len() + 24 * pieces.len());
    let mut open: Vec<(usize, &'static str)> = Vec::new();
    let mut done = 0;
    let mut write_to = |out: &mut String, to: usize| {
        escape(text.get(done..to).unwrap_or_default(), out);
        done = to;
    };
    for piece in &pieces {
        while let Some((end, tag)) = open.pop_if(|(end, _)| *end <= piece.start) {
            write_to(&mut out, end);
            out.push_str(tag);
        }
        write_to(&mut out, piece.start);
        if let Some(closing) = open_tag(&piece.entity, &mut out) {
            open.push((piece.end, closing));
        }
    }
    while let Some((end, tag)) = open.pop() {
        write_to(&mut out, end);
        out.push_str(tag);
    }
    write_to(&mut out, text.len());
    out
}

/// Writes the tag and gives the one that closes it.
fn open_tag(entity: &MessageEntity, out: &mut String) -> Option<&'static str> {
    let (tag, closing) = match entity {
        MessageEntity::Bold(_) => ("<b>", "</b>"),
        MessageEntity::Italic(_) => ("<i>", "</i>"),
        MessageEntity::Underline(_) => ("<u>", "</u>"),
        MessageEntity::Strike(_) => ("<s>", "</s>"),
        MessageEntity::Spoiler(_) => ("<tg-spoiler>", "</tg-spoiler>"),
        MessageEntity::Code(_) => ("<code>", "</code>"),
        MessageEntity::Pre(pre) if pre.language.is_empty() => ("<pre>", "</pre>"),
        MessageEntity::Pre(pre) if can_be_value(&pre.language) => {
            out.push_str("<pre><code class=\"language-");
            escape_value(&pre.language, out);
            ("\">", "</code></pre>")
        }
        MessageEntity::TextUrl(link)
            if !entity::is_special_link(&link.url) && can_be_value(&link.url) =>
        {
            out.push_str("<a href=\"");
            escape_value(&link.url, out);
            ("\">", "</a>")
        }
        MessageEntity::MentionName(mention) => {
            let _ = write!(out, "<a href=\"tg://user?id={}", mention.user_id);
            ("\">", "</a>")
        }
        MessageEntity::CustomEmoji(emoji) => {
            let _ = write!(out, "<tg-emoji emoji-id=\"{}", emoji.document_id);
            ("\">", "</tg-emoji>")
        }
        MessageEntity::FormattedDate(date) => {
            let format = entity::date_format(date);
            let _ = write!(out, "<tg-time unix=\"{}\" format=\"{format}", date.date);
            ("\">", "</tg-time>")
        }
        MessageEntity::Blockquote(quote) if quote.collapsed => {
            ("<blockquote expandable>", "</blockquote>")
        }
        MessageEntity::Blockquote(_) => ("<blockquote>", "</blockquote>"),
        other => {
            let words = entity::words(other)?;
            out.push_str("<tg-entity is=\"");
            escape_value(&words, out);
            ("\">", "</tg-entity>")
        }
    };
    out.push_str(tag);
    Some(closing)
}

/// By the standard an attribute can't hold a zero.
fn can_be_value(text: &str) -> bool {
    !text.contains('\0')
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // By the standard it would come back as a line feed.
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

fn escape_value(text: &str, out: &mut String) {
    for (at, part) in text.split('"').enumerate() {
        out.push_str(if at == 0 { "" } else { "&quot;" });
        escape(part, out);
    }
}
