//! Walks over the text of a schema and knows where it is.
//!
//! White space and comments may stand between any two tokens, so every method skips them first.

use crate::ParseError;

/// Generic arguments nest at most this deep; real schemas need two levels.
const MAX_NESTING: usize = 16;

#[derive(Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
    nesting: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, rest: text, nesting: 0 }
    }

    /// Whether nothing but white space and comments is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.skip_blank();
        self.rest.is_empty()
    }

    /// Takes `token` if it comes next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        self.skip_blank();
        self.eat_directly(token)
    }

    /// Takes `token` if it follows without a blank between.
    pub(crate) fn eat_directly(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest;
        true
    }

    /// Takes `token` or says that it was `expected`.
    pub(crate) fn require(
        &mut self,
        token: &str,
        expected: &'static str,
    ) -> Result<(), ParseError> {
        if self.eat(token) { Ok(()) } else { Err(self.error(expected)) }
    }

    /// Takes a name of letters, digits and underscores that starts with a letter.
    pub(crate) fn name(&mut self, expected: &'static str) -> Result<&'a str, ParseError> {
        self.eat_name().ok_or_else(|| self.error(expected))
    }

    /// Takes a name if one comes next.
    pub(crate) fn eat_name(&mut self) -> Option<&'a str> {
        self.skip_blank();
        let is_name = self.rest.starts_with(|c: char| c.is_ascii_alphabetic());
        is_name.then(|| self.take_while(|c| c.is_ascii_alphanumeric() || c == '_'))
    }

    /// Takes a name with its namespaces: `auth.sentCode`.
    pub(crate) fn dotted_name(
        &mut self,
        expected: &'static str,
    ) -> Result<(Vec<String>, String), ParseError> {
        let mut namespace = Vec::new();
        let mut name = self.name(expected)?.to_owned();
        while self.eat_directly(".") {
            let next = self.name(expected)?.to_owned();
            namespace.push(std::mem::replace(&mut name, next));
        }
        Ok((namespace, name))
    }

    /// Takes a whole number in base 10 or 16.
    pub(crate) fn number(&mut self, radix: u32, expected: &'static str) -> Result<u32, ParseError> {
        self.eat_number(radix).ok_or_else(|| self.error(expected))
    }

    /// Takes a whole number if one that fits in 32 bits comes next.
    pub(crate) fn eat_number(&mut self, radix: u32) -> Option<u32> {
        self.skip_blank();
        let mut ahead = self.clone();
        let digits = ahead.take_while(|c| c.is_ascii_alphanumeric());
        let number = u32::from_str_radix(digits, radix).ok()?;
        *self = ahead;
        Some(number)
    }

    /// Runs `inner` one level deeper, which must not be too deep.
    pub(crate) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.nesting == MAX_NESTING {
            return Err(self.error("at most 16 levels of generic arguments"));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    /// Goes on behind the next semicolon, to find further errors after one.
    pub(crate) fn skip_definition(&mut self) {
        while !self.at_end() {
            if self.eat_directly(";") {
                return;
            }
            let mut chars = self.rest.chars();
            chars.next();
            self.rest = chars.as_str();
        }
    }

    /// An error at the next token.
    pub(crate) fn error(&mut self, expected: &'static str) -> ParseError {
        self.skip_blank();
        let before = self.text.strip_suffix(self.rest).unwrap_or(self.text);
        let last_line = before.rsplit('\n').next().unwrap_or(before);
        let found = self.rest.split_whitespace().next().unwrap_or("");
        ParseError {
            line: before.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
            expected,
            found: found.chars().take(32).collect(),
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !keep(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn skip_blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let closing = if self.rest.starts_with("//") {
                "\n"
            } else if self.rest.starts_with("/*") {
                "*/"
            } else {
                return;
            };
            self.rest = self.rest.split_once(closing).map_or("", |(_, after)| after);
        }
    }
}
