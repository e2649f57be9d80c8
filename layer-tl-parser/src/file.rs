//! A whole schema: its definitions in order, its sections and its layer.

use crate::ParseError;
use crate::definition::{Category, Definition};
use crate::scanner::Scanner;

/// Reads the definitions of a `.tl` file one after another, each with the section it stands in.
///
/// After an error the iterator goes on behind the next semicolon, so that one run finds them all.
pub fn parse_tl_file(text: &str) -> TlFile<'_> {
    TlFile { scanner: Scanner::new(text), category: Category::Types }
}

/// The layer that a comment `// LAYER 230` of the schema gives.
pub fn schema_layer(text: &str) -> Option<i32> {
    text.lines().find_map(|line| {
        let comment = line.trim_start().strip_prefix("//")?;
        comment.trim_start().strip_prefix("LAYER")?.trim().parse().ok()
    })
}

/// The definitions of a schema: see [`parse_tl_file`].
#[derive(Clone)]
pub struct TlFile<'a> {
    scanner: Scanner<'a>,
    category: Category,
}

impl Iterator for TlFile<'_> {
    type Item = Result<Definition, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.scanner.eat("---") {
            if let Err(error) = self.section() {
                self.scanner.skip_definition();
                return Some(Err(error));
            }
        }
        if self.scanner.at_end() {
            return None;
        }
        let definition = Definition::parse(&mut self.scanner, self.category);
        if definition.is_err() {
            self.scanner.skip_definition();
        }
        Some(definition)
    }
}

impl TlFile<'_> {
    fn section(&mut self) -> Result<(), ParseError> {
        let expected = "`types` or `functions`";
        let mut ahead = self.scanner.clone();
        self.category = match ahead.name(expected)? {
            "types" => Category::Types,
            "functions" => Category::Functions,
            _ => return Err(self.scanner.error(expected)),
        };
        self.scanner = ahead;
        self.scanner.require("---", "`---` after the section's name")
    }
}
