//! The lines that are printed: a step, its time, what came of it.

use std::time::{Duration, Instant};

/// Prints each step with the time since the one before.
pub(crate) struct Steps {
    start: Instant,
    last: Instant,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        let now = Instant::now();
        Self { start: now, last: now }
    }

    /// A step is done.
    pub(crate) fn done(&mut self, step: &str, outcome: &str) {
        let now = Instant::now();
        line(step, &milliseconds(now - self.last), outcome);
        self.last = now;
    }

    /// Something that took no time of its own.
    pub(crate) fn fact(&self, name: &str, value: &str) {
        line(name, "", value);
    }

    /// The time of all steps together.
    pub(crate) fn total(&self) {
        line("total", &milliseconds(self.last - self.start), "");
    }
}

fn line(step: &str, time: &str, outcome: &str) {
    println!("{}", format!("{step:<20} {time:>12}   {outcome}").trim_end());
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
