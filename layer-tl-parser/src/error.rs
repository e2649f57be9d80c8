//! What is wrong with a schema, and where.

use std::fmt;

/// A place in a schema that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What would have been right there.
    pub expected: &'static str,
    /// What stands there instead: a few characters, or nothing at the end of the text.
    pub found: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: expected {}, ", self.line, self.column, self.expected)?;
        match self.found.as_str() {
            "" => f.write_str("found the end of the text"),
            found => write!(f, "found {found:?}"),
        }
    }
}

impl std::error::Error for ParseError {}
