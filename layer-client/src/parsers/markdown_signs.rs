//! Reading Markdown: one pass finds signs and pairs them, another writes the text, in which signs
//! without a partner stand as they are.

use std::ops::Range;

use layer_tl_types::enums::MessageEntity;

use super::entity;
use super::nest::{self, Piece};

/// Text and entities out of Markdown; see the [module](crate::parsers) for what is understood.
///
/// Offsets are in UTF-16 units. What is not closed, or not understood, is text.
///
/// ```
/// use layer_client::{parsers, tl::types::MessageEntityBold};
///
/// let (text, entities) = parsers::parse_markdown("💥 *bold* and 2 \\* 2, _open");
/// assert_eq!(text, "💥 bold and 2 * 2, _open");
/// assert_eq!(entities, [MessageEntityBold { offset: 3, length: 4 }.into()]);
/// ```
pub fn parse_markdown(markdown: &str) -> (String, Vec<MessageEntity>) {
    let mut signs = Signs::new(markdown);
    signs.read();
    signs.write()
}

/// A sign that opens and closes alike, and what it makes.
type Toggle = (&'static str, fn() -> MessageEntity);

const TOGGLES: [Toggle; 7] = [
    ("**", entity::bold),
    ("*", entity::bold),
    ("__", entity::underline),
    ("_", entity::italic),
    ("~~", entity::strike),
    ("~", entity::strike),
    ("||", entity::spoiler),
];
const SPOILER: usize = 6;

/// What the source consists of, in its order.
enum Item {
    /// Stands in the text; so does a sign that found no partner.
    Text(Range<usize>),
    /// Stands for nothing any more.
    Gone,
    Opens(usize),
    Closes(usize),
}

struct Signs<'a> {
    source: &'a str,
    at: usize,
    items: Vec<Item>,
    /// The entities that were closed, by the number in their items.
    entities: Vec<MessageEntity>,
    /// For each of [`TOGGLES`] the item of the open one.
    open: [Option<usize>; TOGGLES.len()],
    /// Items of open brackets; with a `!` in the item before it or not.
    brackets: Vec<(usize, bool)>,
    /// The item at which the quote began that these lines belong to.
    quote: Option<usize>,
    is_line_start: bool,
    /// Whether there can be another `` ` `` or ```` ``` ```` that closes: both are looked for in vain
    /// once at most.
    may_close: [bool; 2],
    /// For each byte that is an opening parenthesis where it closes; made when first asked for.
    parentheses: Option<Vec<usize>>,
}

impl<'a> Signs<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            at: 0,
            items: Vec::new(),
            entities: Vec::new(),
            open: Default::default(),
            brackets: Vec::new(),
            quote: None,
            is_line_start: true,
            may_close: [true; 2],
            parentheses: None,
        }
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn read(&mut self) {
        while self.at < self.source.len() {
            if std::mem::take(&mut self.is_line_start) && self.begins_quoted() {
                continue;
            }
            let rest = self.rest();
            let plain = rest.find(['\\', '`', '*', '_', '~', '|', '[', ']', '!', '\n']);
            match plain.unwrap_or(rest.len()) {
                0 => self.sign(rest),
                plain => self.text(plain),
            }
        }
        self.end_quote();
    }

    /// So many bytes are text.
    fn text(&mut self, len: usize) {
        let from = self.at;
        self.at += len;
        // Grown, so that long texts make few items. A sign is kept apart: it may be paired yet.
        let is_open = self.items.len().checked_sub(1).is_some_and(|last| self.is_open(last));
        match self.items.last_mut() {
            Some(Item::Text(last)) if last.end == from && !is_open => last.end = self.at,
            _ => self.items.push(Item::Text(from..self.at)),
        }
    }

    fn is_open(&self, item: usize) -> bool {
        self.open.contains(&Some(item)) || self.brackets.last().is_some_and(|b| b.0 == item)
    }

    /// Takes the mark of a quote at the beginning of a line, if there is one.
    fn begins_quoted(&mut self) -> bool {
        let len = if self.rest().starts_with("**>") {
            self.end_quote();
            "**>".len()
        } else if self.rest().starts_with('>') {
            ">".len()
        } else {
            return false;
        };
        if self.quote.is_none() {
            self.quote = Some(self.items.len());
        }
        self.items.push(Item::Gone);
        self.at += len;
        true
    }

    fn end_quote(&mut self) {
        let Some(begin) = self.quote.take() else { return };
        let is_mark = self.open[SPOILER].is_some_and(|item| item + 1 == self.items.len());
        if is_mark && self.open[SPOILER].take().is_some() {
            self.items.pop();
        }
        let quote = entity::blockquote(is_mark);
        self.items.push(Item::Gone);
        self.pair(begin, self.items.len() - 1, quote);
    }

    fn pair(&mut self, opener: usize, closer: usize, entity: MessageEntity) {
        let number = self.entities.len();
        self.entities.push(entity);
        for (item, what) in [(opener, Item::Opens(number)), (closer, Item::Closes(number))] {
            if let Some(item) = self.items.get_mut(item) {
                *item = what;
            }
        }
    }

    fn sign(&mut self, rest: &str) {
        let mut following = rest.bytes().skip(1);
        match rest.as_bytes().first() {
            Some(b'\\') if following.next().is_some_and(|next| next.is_ascii_punctuation()) => {
                self.at += 1;
                self.text(1);
            }
            Some(b'\n') => self.line_end(rest),
            Some(b'`') => self.code(rest),
            Some(b'!') if following.next() == Some(b'[') => {
                self.items.push(Item::Text(self.at..self.at + 1));
                self.at += 1;
                self.bracket(true);
            }
            Some(b'[') => self.bracket(false),
            Some(b']') => self.closing_bracket(rest),
            _ => match TOGGLES.iter().position(|(sign, _)| rest.starts_with(sign)) {
                Some(toggle) => self.toggle(toggle),
                None => self.text(1),
            },
        }
    }

    fn line_end(&mut self, rest: &str) {
        let next = rest.get(1..).unwrap_or_default();
        if !next.starts_with('>') {
            self.end_quote();
        }
        self.text(1);
        self.is_line_start = true;
    }

    fn toggle(&mut self, toggle: usize) {
        let Some(&(sign, entity)) = TOGGLES.get(toggle) else { return };
        let Some(open) = self.open.get_mut(toggle) else { return };
        let item = self.items.len();
        let opener = if open.is_some() { open.take() } else { open.replace(item) };
        self.items.push(Item::Text(self.at..self.at + sign.len()));
        self.at += sign.len();
        // With nothing between them both are text.
        if let Some(opener) = opener.filter(|opener| opener + 1 < item) {
            self.pair(opener, item, entity());
        }
    }

    fn bracket(&mut self, is_image: bool) {
        self.brackets.push((self.items.len(), is_image));
        self.items.push(Item::Text(self.at..self.at + 1));
        self.at += 1;
    }

    fn closing_bracket(&mut self, rest: &str) {
        let Some((opener, is_image)) = self.brackets.pop() else { return self.text(1) };
        let begin = self.at + "](".len();
        let end = if rest.starts_with("](") { self.closing_parenthesis(begin - 1) } else { None };
        let Some(target) = end.and_then(|end| self.source.get(begin..end)) else {
            return self.text(1);
        };
        let url = unescaped(target, |byte| byte.is_ascii_punctuation());
        let image = if is_image { of_image(&url) } else { None };
        let item = self.items.len();
        let is_nothing = url.is_empty() && opener + 1 == item && !is_image;
        if image.is_some() || is_nothing {
            // The `!` and the empty bracket stand for nothing.
            let gone = if is_nothing { opener } else { opener - 1 };
            if let Some(item) = self.items.get_mut(gone) {
                *item = Item::Gone;
            }
        }
        let Some(entity) = image.or_else(|| entity::link(&url)) else {
            if is_nothing {
                self.at = begin + target.len() + 1;
                return;
            }
            return self.text(1);
        };
        self.items.push(Item::Gone);
        self.pair(opener, item, entity);
        self.at = begin + target.len() + 1;
    }

    /// Where the parenthesis closes that opens there.
    fn closing_parenthesis(&mut self, opening: usize) -> Option<usize> {
        let source = self.source;
        let parentheses = self.parentheses.get_or_insert_with(|| pairs_of_parentheses(source));
        parentheses.get(opening).copied().filter(|closing| *closing > 0)
    }

    /// A span or a block of code, in which nothing else is looked for.
    fn code(&mut self, rest: &str) {
        let (sign, kind) = if rest.starts_with("```") { ("```", 1) } else { ("`", 0) };
        let begin = self.at + sign.len();
        let end = self
            .may_close
            .get(kind)
            .is_some_and(|may| *may)
            .then(|| find_unescaped(self.source, begin, sign));
        let Some(Some(end)) = end else {
            if let Some(may) = self.may_close.get_mut(kind) {
                *may = false;
            }
            return self.text(sign.len());
        };
        let inner = self.source.get(begin..end).unwrap_or_default();
        if inner.is_empty() {
            return self.text(2 * sign.len());
        }
        let (entity, skipped, content) =
            if kind == 0 { (entity::code(), 0, inner) } else { block(inner) };
        let opener = self.items.len();
        self.items.push(Item::Gone);
        let mut from = begin + skipped;
        let to = from + content.len();
        while from < to {
            let left = self.source.get(from..to).unwrap_or_default();
            let plain = find_escape(left).unwrap_or(left.len());
            self.items.push(Item::Text(from..from + plain));
            from += plain;
            if from < to {
                self.items.push(Item::Text(from + 1..from + 2));
                from += 2;
            }
        }
        self.items.push(Item::Gone);
        self.pair(opener, self.items.len() - 1, entity);
        self.at = end + sign.len();
    }

    fn write(self) -> (String, Vec<MessageEntity>) {
        let mut text = String::with_capacity(self.source.len());
        let mut pieces: Vec<_> =
            self.entities.into_iter().map(|entity| (0, unplaced(entity))).collect();
        for (order, item) in self.items.into_iter().enumerate() {
            match item {
                Item::Text(range) => text.push_str(self.source.get(range).unwrap_or_default()),
                Item::Gone => {}
                Item::Opens(number) => {
                    if let Some((at, piece)) = pieces.get_mut(number) {
                        (*at, piece.start) = (order, text.len());
                    }
                }
                Item::Closes(number) => {
                    if let Some((_, piece)) = pieces.get_mut(number) {
                        piece.end = text.len();
                    }
                }
            }
        }
        pieces.sort_by_key(|(at, _)| *at);
        let pieces = nest::nested(pieces.into_iter().map(|(_, piece)| piece));
        let entities = nest::to_entities(&text, pieces);
        (text, entities)
    }
}

fn unplaced(entity: MessageEntity) -> Piece {
    Piece { start: 0, end: 0, entity }
}

fn of_image(url: &str) -> Option<MessageEntity> {
    if let Some(id) = url.strip_prefix("tg://emoji?id=") {
        return Some(entity::custom_emoji(id.parse().ok()?));
    }
    let unix = url.strip_prefix("tg://time?unix=")?;
    let (unix, format) = unix.split_once("&format=").unwrap_or((unix, ""));
    entity::date(unix, format)
}

/// What stands between ```` ``` ````: the entity, how much is before the code, and the code.
fn block(inner: &str) -> (MessageEntity, usize, &str) {
    match inner.split_once('\n') {
        Some((language, code)) if is_language(language) => {
            let skipped = language.len() + 1;
            (entity::pre(language), skipped, code.strip_suffix('\n').unwrap_or(code))
        }
        _ => (entity::pre(""), 0, inner),
    }
}

/// Whether a language can stand behind ```` ``` ````.
pub(super) fn is_language(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+#.-".contains(&byte))
}

/// The backslash before a backtick or a backslash.
fn find_escape(text: &str) -> Option<usize> {
    let is_escape = |pair: &[u8]| pair.first() == Some(&b'\\') && is_raw_special(pair.get(1));
    text.as_bytes().windows(2).position(is_escape)
}

fn is_raw_special(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| b"`\\".contains(byte))
}

fn find_unescaped(source: &str, from: usize, sign: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' && is_raw_special(bytes.get(at + 1)) {
            at += 2;
        } else if bytes.get(at..).is_some_and(|rest| rest.starts_with(sign.as_bytes())) {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}

/// For each byte that is an opening parenthesis where it closes, or 0.
fn pairs_of_parentheses(source: &str) -> Vec<usize> {
    let bytes = source.as_bytes();
    let mut pairs = vec![0; bytes.len()];
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => at += 1,
            b'(' => open.push(at),
            b')' => {
                if let Some(pair) = open.pop().and_then(|opening: usize| pairs.get_mut(opening)) {
                    *pair = at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    pairs
}

/// Without the backslashes before such bytes.
fn unescaped(text: &str, is_special: impl Fn(u8) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_escaped = |next: &char| u8::try_from(*next).is_ok_and(&is_special);
        match characters.next_if(|next| character == '\\' && is_escaped(next)) {
            Some(escaped) => plain.push(escaped),
            None => plain.push(character),
        }
    }
    plain
}
