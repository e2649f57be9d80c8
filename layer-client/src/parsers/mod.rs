//! Text with formatting: Markdown and HTML to and from plain text with entities.
//!
//! Telegram sends a text without markup and beside it a list of entities, each with an offset and a
//! length in UTF-16 code units. [`parse_markdown`] and [`parse_html`] make both out of markup,
//! [`generate_markdown`] and [`generate_html`] make markup out of them, which is read back to the
//! same text and the same entities, whatever these are.
//!
//! Reading never fails: what is no markup, or half of one, is text. It takes time in proportion to
//! the text. Entities are read and written as the server leaves them: in order, properly nested,
//! within the text. Of two that overlap the later is cut in two where the earlier ends; what begins
//! or ends inside a surrogate pair takes the whole pair; what is empty is left out. Adjacent ones stay
//! apart. At most 10,000 entities of a text are looked at, and 100 within each other; Telegram's own
//! limit is 100 in all.
//!
//! # Markdown
//!
//! It is the Bot API's MarkdownV2, read leniently: what is not closed is text, and characters that
//! mean nothing where they stand need no backslash.
//!
//! | markup | entity |
//! |---|---|
//! | `*bold*`, `**bold**` | bold |
//! | `_italic_` | italic |
//! | `__underline__` | underline |
//! | `~strike~`, `~~strike~~` | struck out |
//! | `\|\|spoiler\|\|` | spoiler |
//! | `` `code` `` | code; only `` \` `` and `\\` are escapes in it |
//! | ```` ```rust⏎code⏎``` ```` | a block of code with its language, or none; the same escapes |
//! | `[text](https://example.com)` | a link; parentheses in it are balanced or escaped |
//! | `[text](tg://user?id=5)` | a mention of a user |
//! | `![👍](tg://emoji?id=5)` | a custom emoji |
//! | `![tomorrow](tg://time?unix=5&format=wDT)` | a date |
//! | `>quote` | a quote: consecutive lines that begin so; `**>` begins another quote right below one |
//! | `>quote\|\|` | a quote that is collapsed: the mark at the end of its last line |
//! | `\*` | a character that means nothing more: any ASCII punctuation behind a backslash |
//! | `[text](tg://entity?hashtag)` | any other entity, and one where its own sign could be misread |
//! | `[]()` | nothing, which keeps two signs apart |
//!
//! # HTML
//!
//! `<b>`, `<strong>`, `<i>`, `<em>`, `<u>`, `<ins>`, `<s>`, `<strike>`, `<del>`, `<tg-spoiler>`,
//! `<span class="tg-spoiler">`, `<code>`, `<pre>`, `<pre><code class="language-rust">`, `<a href="…">`
//! (`tg://user?id=5` mentions a user), `<tg-emoji emoji-id="5">`, `<tg-time unix="5" format="wDT">`,
//! `<blockquote>`, `<blockquote expandable>`, `<br>`, and `<tg-entity is="hashtag">` for any other.
//! Tags that mean nothing are left out and what they hold stays; an element that is not closed ends
//! with the text; white space stays as it is. Of character references `&lt;`, `&gt;`, `&amp;`,
//! `&quot;`, `&apos;`, `&nbsp;` and numbers are read, each once.
//!
//! HTML is cut up by a small reader of our own, which is always there; the feature `html` is for
//! programs that ask for it by name. With the feature `html5ever` that library cuts it up, by the whole
//! standard: all 2,000 named references, and what is no tag to its end is nothing instead of text. What
//! is well-formed means the same with both.
//!
//! ```
//! use layer_client::parsers;
//!
//! let (text, entities) = parsers::parse_markdown("👋 *Hello*, [you](https://example.com)");
//! assert_eq!(text, "👋 Hello, you");
//! assert_eq!(
//!     parsers::generate_html(&text, &entities),
//!     "👋 <b>Hello</b>, <a href=\"https://example.com\">you</a>",
//! );
//! ```

mod entity;
mod html;
#[cfg(feature = "html5ever")]
mod html5ever_tokens;
#[cfg(any(test, not(feature = "html5ever")))]
mod html_tokens;
mod markdown;
mod markdown_signs;
mod nest;
#[cfg(test)]
mod tests;

pub(crate) use entity::is_found_by_server;
pub use html::{generate_html, parse_html};
pub use markdown::generate_markdown;
pub use markdown_signs::parse_markdown;
