//! What is asked of whoever sits there, or read from a pipe.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use crate::failure::Failure;

/// More is not read as a text: a message has 4096 characters at most.
const MOST_TEXT: u64 = 64 << 10;

/// A line; `None` if there is none any more.
pub(crate) fn ask(question: &str) -> Result<Option<String>, Failure> {
    let _ = write!(io::stderr(), "{question}");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer).map_err(Failure::Input)?;
    Ok((read > 0).then(|| answer.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The same, not shown where it is typed.
pub(crate) fn ask_hidden(question: &str) -> Result<Option<String>, Failure> {
    if !io::stdin().is_terminal() {
        return ask(question);
    }
    match rpassword::prompt_password(question) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(Failure::Input(error)),
    }
}

/// All that is to be read.
pub(crate) fn text() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin().lock().take(MOST_TEXT + 1).read_to_string(&mut text).map_err(Failure::Input)?;
    if u64::try_from(text.len()).is_ok_and(|len| len <= MOST_TEXT) {
        Ok(text)
    } else {
        Err(Failure::Usage("the standard input is longer than any message may be".to_owned()))
    }
}
