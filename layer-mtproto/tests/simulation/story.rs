//! What happened, told line by line as it happens. A run tells its story only when it is asked to, since most
//! seeds have none worth reading: what is to be said comes as a closure.

use std::time::Duration;

use crate::fault::{Kind, Tally};

/// Tells what happens, if that is wanted, and counts the faults.
#[derive(Default)]
pub struct Story {
    told: bool,
    at: Duration,
    /// How often which fault took effect.
    pub faults: Tally,
}

impl Story {
    /// A story that is told, or one that is not.
    pub fn new(wanted: bool) -> Self {
        Self { told: wanted, ..Self::default() }
    }

    /// What comes next happens at this moment.
    pub fn at(&mut self, at: Duration) {
        self.at = at;
    }

    /// Somebody did something.
    pub fn tell<S: AsRef<str>>(&mut self, who: &str, what: impl FnOnce() -> S) {
        if self.told {
            println!("{}", line(self.at, who, what().as_ref()));
        }
    }

    /// A fault took effect.
    pub fn fault<S: AsRef<str>>(&mut self, kind: Kind, who: &str, what: impl FnOnce() -> S) {
        self.faults.count(kind);
        self.tell(who, || format!("FAULT {}: {}", kind.name(), what().as_ref()));
    }
}

fn line(at: Duration, who: &str, what: &str) -> String {
    format!("{} {who:<7} {what}", moment(at))
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
    assert_eq!(
        line(Duration::from_millis(192_250), "server", &format!("answers ({})", size(40 << 10))),
        "00:03:12.250 server  answers (40 KiB)"
    );
    assert_eq!(
        line(Duration::from_secs(90_000), "link", &format!("lost after {}", size(1204))),
        "1d 01:00:00.000 link    lost after 1,204 bytes"
    );
    Story::new(false).tell("nobody", || -> String { unreachable!("nobody listens") });
}
