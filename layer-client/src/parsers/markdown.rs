//! Writing Markdown that is read back as what it was written from.

use layer_tl_types::enums::MessageEntity;

use super::entity;
use super::markdown_signs::is_language;
use super::nest::{self, Piece};

/// Markdown out of text and entities; see the [module](crate::parsers) for its signs.
///
/// [`parse_markdown`](super::parse_markdown) makes the same text and entities out of it.
///
/// ```
/// use layer_client::{parsers, tl::types::MessageEntityCode};
///
/// let entities = [MessageEntityCode { offset: 4, length: 5 }.into()];
/// assert_eq!(parsers::generate_markdown("run cargo *", &entities), "run `cargo` \\*");
/// ```
pub fn generate_markdown(text: &str, entities: &[MessageEntity]) -> String {
    let pieces = nest::of_entities(text, entities);
    let mut writer = Writer {
        text,
        pieces: &pieces,
        out: String::with_capacity(text.len() + 16 * pieces.len()),
        done: 0,
        open: Vec::new(),
        is_after_sign: false,
        last_quote_end: None,
    };
    for (at, piece) in pieces.iter().enumerate() {
        writer.go_to(piece.start);
        let has_inner = pieces.get(at + 1).is_some_and(|next| next.start < piece.end);
        writer.open(piece, has_inner);
    }
    writer.go_to(text.len());
    writer.out
}

struct Writer<'a> {
    text: &'a str,
    pieces: &'a [Piece],
    out: String,
    /// So much of the text is written.
    done: usize,
    open: Vec<Open>,
    /// Whether the last that was written is a sign.
    is_after_sign: bool,
    /// Where the last quote with its own sign ended.
    last_quote_end: Option<usize>,
}

struct Open {
    end: usize,
    form: Form,
}

/// How an entity is written.
#[derive(PartialEq)]
enum Form {
    /// The same sign on both sides.
    Toggle(&'static str),
    /// As it is, but for backticks and backslashes.
    Code,
    Block,
    /// A mark on each line.
    Quote {
        collapsed: bool,
    },
    /// Brackets, and this link behind them.
    Link(String),
}

impl Writer<'_> {
    /// Writes up to there, and closes what ends on the way.
    fn go_to(&mut self, to: usize) {
        while let Some(end) = self.open.last().map(|open| open.end).filter(|end| *end <= to) {
            self.write_to(end);
            self.close();
        }
        self.write_to(to);
    }

    fn write_to(&mut self, to: usize) {
        let part = self.text.get(self.done..to).unwrap_or_default();
        self.done = to;
        let is_raw = matches!(self.open.last(), Some(Open { form: Form::Code | Form::Block, .. }));
        let is_quoted = self.open.iter().any(|open| matches!(open.form, Form::Quote { .. }));
        for character in part.chars() {
            let is_special = match character {
                '`' | '\\' => true,
                '*' | '_' | '~' | '|' | '[' | ']' => !is_raw,
                '>' => !is_raw && self.is_line_start(),
                _ => false,
            };
            if is_special {
                self.out.push('\\');
            }
            self.out.push(character);
            if character == '\n' && is_quoted && !is_raw {
                self.out.push('>');
            }
        }
        self.is_after_sign &= part.is_empty();
    }

    fn is_line_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('\n')
    }

    fn open(&mut self, piece: &Piece, has_inner: bool) {
        let Some(form) = self.form(piece, has_inner) else { return };
        match &form {
            Form::Toggle(sign) => self.sign(sign),
            Form::Code => self.sign("`"),
            Form::Block => {
                self.sign("```");
                if let MessageEntity::Pre(pre) = &piece.entity {
                    self.out.push_str(&pre.language);
                }
                self.out.push('\n');
            }
            Form::Quote { .. } => {
                // Right below another quote it would be the same.
                let is_below = self.last_quote_end.is_some_and(|end| end + 1 == piece.start);
                self.out.push_str(if is_below { "**>" } else { ">" });
            }
            Form::Link(_) => {
                if !self.is_after_sign && self.out.ends_with('!') {
                    self.out.pop();
                    self.out.push_str("\\!");
                }
                let is_image = matches!(
                    piece.entity,
                    MessageEntity::CustomEmoji(_) | MessageEntity::FormattedDate(_)
                );
                self.out.push_str(if is_image { "![" } else { "[" });
            }
        }
        self.is_after_sign = true;
        self.open.push(Open { end: piece.end, form });
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        match open.form {
            Form::Toggle(sign) => self.sign(sign),
            Form::Code => self.sign("`"),
            Form::Block => self.out.push_str("\n```"),
            Form::Quote { collapsed } => {
                self.last_quote_end = Some(open.end);
                if collapsed {
                    self.sign("||");
                }
            }
            Form::Link(url) => {
                self.out.push_str("](");
                for character in url.chars() {
                    if matches!(character, '\\' | '(' | ')') {
                        self.out.push('\\');
                    }
                    self.out.push(character);
                }
                self.out.push(')');
            }
        }
        self.is_after_sign = true;
    }

    /// A sign, and before it an empty link if it would be taken for a part of the sign before.
    fn sign(&mut self, sign: &str) {
        if self.is_after_sign && self.out.ends_with(|last| sign.starts_with(last)) {
            self.out.push_str("[]()");
        }
        self.out.push_str(sign);
        self.is_after_sign = true;
    }

    /// Its own sign where that is read back as what it is; its words elsewhere.
    fn form(&self, piece: &Piece, has_inner: bool) -> Option<Form> {
        let own = match &piece.entity {
            MessageEntity::Bold(_) => self.toggle("*"),
            MessageEntity::Italic(_) => self.toggle("_"),
            MessageEntity::Underline(_) => self.toggle("__"),
            MessageEntity::Strike(_) => self.toggle("~"),
            MessageEntity::Spoiler(_) => self.toggle("||"),
            MessageEntity::Code(_) => (!has_inner).then_some(Form::Code),
            MessageEntity::Pre(pre) => {
                (!has_inner && is_language(&pre.language)).then_some(Form::Block)
            }
            MessageEntity::TextUrl(link) if !entity::is_special_link(&link.url) => {
                Some(Form::Link(link.url.clone()))
            }
            MessageEntity::MentionName(mention) => {
                Some(Form::Link(format!("tg://user?id={}", mention.user_id)))
            }
            MessageEntity::CustomEmoji(emoji) => {
                Some(Form::Link(format!("tg://emoji?id={}", emoji.document_id)))
            }
            MessageEntity::FormattedDate(date) => {
                let format = entity::date_format(date);
                let format = if format.is_empty() { format } else { format!("&format={format}") };
                Some(Form::Link(format!("tg://time?unix={}{format}", date.date)))
            }
            MessageEntity::Blockquote(quote) => self.quote(piece, quote.collapsed),
            _ => None,
        };
        let words = || entity::words(&piece.entity).map(|words| format!("tg://entity?{words}"));
        own.or_else(|| words().map(Form::Link))
    }

    fn toggle(&self, sign: &'static str) -> Option<Form> {
        let form = Form::Toggle(sign);
        (!self.open.iter().any(|open| open.form == form)).then_some(form)
    }

    /// A quote is marked where it is made of whole lines.
    fn quote(&self, piece: &Piece, collapsed: bool) -> Option<Form> {
        let begins = self.is_line_start();
        let rest = self.text.get(piece.end..).unwrap_or_default();
        let ends = rest.is_empty() || rest.starts_with('\n');
        // The mark of a collapsed one must be the last of its line, and not close a spoiler.
        let is_last = self.open.iter().all(|open| open.end > piece.end);
        let may_mark = !collapsed || (is_last && self.toggle("||").is_some());
        // What begins between it and the line's end would stand in its line, behind the mark.
        let next = self.pieces.partition_point(|other| other.start < piece.end);
        let is_free = self.pieces.get(next).is_none_or(|next| next.start > piece.end);
        (begins && ends && is_free && may_mark).then_some(Form::Quote { collapsed })
    }
}
