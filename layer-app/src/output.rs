//! What is printed: text for people, or JSON, one object a line. Nobody has to read it: a pipe that is
//! closed ends the program and is no reason to panic.

use std::fmt::Display;
use std::io::{self, Write};

use serde_json::Value;

use crate::failure::Failure;

/// Prints a line in one of the two forms.
///
/// # Errors
/// If nobody reads it any more.
pub(crate) fn line(
    json: bool,
    value: impl FnOnce() -> Value,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    let line = if json { value().to_string() } else { text() };
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Failure::Output)
}

/// Tells whoever sits there something that was not asked for.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A text in one line: what would end it, or move the cursor, is shown and not obeyed.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for char in text.chars() {
        // Marks that turn the direction of writing can make a line look like another one.
        let turns = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if char.is_control() || turns {
            line.extend(char.escape_default());
        } else {
            line.push(char);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_leave_its_line() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc é🦀"), "a\\nb\\u{1b}[2Jc é🦀");
        assert_eq!(one_line("a\u{202e}b"), "a\\u{202e}b");
    }
}
