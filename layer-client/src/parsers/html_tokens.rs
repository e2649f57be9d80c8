//! HTML cut into tags and text, by the part of the standard that Telegram's markup needs.
//!
//! With the feature `html5ever` that library does the cutting instead.

use super::html::Token;

/// Cuts HTML up. What is not a tag to its end is text. Takes time in proportion to the text.
pub(super) fn tokens(html: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(&resolved(before));
        match read_tag(tag) {
            Tag::Token(token, after) => {
                if !text.is_empty() {
                    tokens.push(Token::Text(std::mem::take(&mut text)));
                }
                tokens.extend(token);
                rest = after;
            }
            Tag::None => {
                text.push('<');
                rest = tag.get(1..).unwrap_or_default();
            }
            // There is no whole tag in what is left either: nobody looks for one again.
            Tag::Unfinished => {
                rest = tag;
                break;
            }
        }
    }
    text.push_str(&resolved(rest));
    if !text.is_empty() {
        tokens.push(Token::Text(text));
    }
    tokens
}

enum Tag<'a> {
    /// What it is, unless it is a comment, and what follows.
    Token(Option<Token>, &'a str),
    None,
    Unfinished,
}

fn read_tag(tag: &str) -> Tag<'_> {
    let inner = tag.get(1..).unwrap_or_default();
    if inner.starts_with(['!', '?']) {
        let end = if inner.starts_with("!--") { "-->" } else { ">" };
        return match inner.split_once(end) {
            Some((_, after)) => Tag::Token(None, after),
            None => Tag::Unfinished,
        };
    }
    let (closes, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    if !inner.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Tag::None;
    }
    let ends_name = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>';
    let (name, mut rest) = inner.split_at(inner.find(ends_name).unwrap_or(inner.len()));
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            let name = name.to_ascii_lowercase();
            let token = if closes { Token::Close(name) } else { Token::Open(name, attributes) };
            return Tag::Token(Some(token), after);
        }
        let Some((attribute, after)) = read_attribute(rest) else { return Tag::Unfinished };
        // Of two with one name the first counts. More than these no tag of ours has.
        if attributes.len() < 16 && !attributes.iter().any(|(name, _)| *name == attribute.0) {
            attributes.push(attribute);
        }
        rest = after;
    }
}

fn read_attribute(text: &str) -> Option<((String, String), &str)> {
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
    // An equals sign at the beginning belongs to the name.
    let first = text.chars().next()?.len_utf8();
    let name_len = first + text.get(first..)?.find(ends_name)?;
    let (name, rest) = text.split_at(name_len);
    let name = name.to_ascii_lowercase();
    let Some(value) = rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).strip_prefix('=')
    else {
        return Some(((name, String::new()), rest));
    };
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (value, after) = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split_once(quote)?,
        _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace() || c == '>')?),
    };
    Some(((name, resolved(value)), after))
}

/// With character references resolved, each once: `&amp;lt;` is `&lt;`.
fn resolved(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let reference = part.split_once(';').filter(|(name, _)| name.len() <= 10);
        match reference.and_then(|(name, after)| Some((character(name)?, after))) {
            Some((character, after)) => {
                out.push(character);
                out.push_str(after);
            }
            None => {
                out.push('&');
                out.push_str(part);
            }
        }
    }
    out
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?).filter(|character| *character != '\0')?
        }
    })
}
