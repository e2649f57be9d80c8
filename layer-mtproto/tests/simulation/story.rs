//! What happened, told line by line. A run tells its story only when it is asked for, since most seeds have
//! none worth reading: what is to be said comes as a closure.

use std::time::Duration;

use crate::fault::{Kind, Tally};

/// The lines of a story, if it is wanted, and the count of the faults in it.
#[derive(Default)]
pub struct Story {
    lines: Option<Vec<String>>,
    at: Duration,
    /// How often which fault took effect.
    pub faults: Tally,
}

impl Story {
    /// A story that is told, or one that is not.
    pub fn new(wanted: bool) -> Self {
        Self { lines: wanted.then(Vec::new), ..Self::default() }
    }

    /// What comes next happens at this moment.
    pub fn at(&mut self, at: Duration) {
        self.at = at;
    }

    /// Whether anybody listens.
    pub fn is_told(&self) -> bool {
        self.lines.is_some()
    }

    /// Somebody did something.
    pub fn tell<S: AsRef<str>>(&mut self, who: &str, what: impl FnOnce() -> S) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{} {who:<7} {}", moment(self.at), what().as_ref()));
        }
    }

    /// A fault took effect.
    pub fn fault<S: AsRef<str>>(&mut self, kind: Kind, who: &str, what: impl FnOnce() -> S) {
        self.faults.count(kind);
        self.tell(who, || format!("FAULT {}: {}", kind.name(), what().as_ref()));
    }

    pub fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// `00:03:12.250`, with days before it if there are any.
pub fn moment(at: Duration) -> String {
    let seconds = at.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let days = if days == 0 { String::new() } else { format!("{days}d ") };
    format!("{days}{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, at.subsec_millis())
}

/// `40 KiB`, `1,204 bytes`.
pub fn size(bytes: usize) -> String {
    if bytes >= 10 << 10 {
        return format!("{} KiB", bytes >> 10);
    }
    format!("{} bytes", number(bytes as u64))
}

/// With commas between the thousands.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn a_story_tells_when_and_who() {
    let mut story = Story::new(true);
    story.at(Duration::from_millis(192_250));
    story.tell("server", || format!("answers call 17 ({})", size(40 << 10)));
    story.at(Duration::from_secs(90_000));
    story.tell("link", || format!("lost after {}", size(1204)));
    assert_eq!(
        story.into_lines(),
        [
            "00:03:12.250 server  answers call 17 (40 KiB)",
            "1d 01:00:00.000 link    lost after 1,204 bytes"
        ]
    );
    Story::new(false).tell("nobody", || -> String { unreachable!("nobody listens") });
}
