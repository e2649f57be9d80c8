//! HTML cut into tags and text by html5ever: by the whole standard, with all its named references.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token as Found, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::html::Token;

/// Cuts HTML up. By the standard, a tag that never ends is nothing.
pub(super) fn tokens(html: &str) -> Vec<Token> {
    // A mark of byte order is text like any other.
    let options = TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Sink::default(), options);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Sink(RefCell<Vec<Token>>);

impl Sink {
    fn text(&self, text: &str) {
        let mut tokens = self.0.borrow_mut();
        match tokens.last_mut() {
            Some(Token::Text(last)) => last.push_str(text),
            _ => tokens.push(Token::Text(text.to_owned())),
        }
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Found, _line: u64) -> TokenSinkResult<()> {
        match token {
            Found::CharacterTokens(text) => self.text(&text),
            Found::NullCharacterToken => self.text("\0"),
            Found::TagToken(tag) => {
                let name = tag.name.to_string();
                let attributes = tag.attrs.into_iter();
                let attributes =
                    attributes.map(|it| (it.name.local.to_string(), it.value.to_string()));
                self.0.borrow_mut().push(match tag.kind {
                    TagKind::StartTag => Token::Open(name, attributes.collect()),
                    TagKind::EndTag => Token::Close(name),
                });
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
