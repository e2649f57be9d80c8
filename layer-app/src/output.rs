//! What is printed: text for people, or JSON, one object a line.

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

/// A text in one line: what would end it, or move the cursor, is shown and not obeyed.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            let plain = !char.is_control();
            let shown: Vec<char> = if plain { vec![char] } else { char.escape_default().collect() };
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_leave_its_line() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc é🦀"), "a\\nb\\u{1b}[2Jc é🦀");
    }
}
