//! One table: ours against theirs from interleaved samples in one process. Times are medians; a ratio is
//! the median of those of two neighbouring samples, for a machine changes its pace between others.

use std::time::Duration;

use crate::instructions;

/// A line of the table.
pub enum Line {
    /// What follows, under a heading.
    Heading(String),
    Row(Row),
    Rounds(Rounds),
    Count(Count),
}

/// The time of a call; both sides do the same work in it.
pub struct Row {
    pub name: String,
    /// Bytes that one call works through, to give GB/s; without, a call's time is given.
    pub bytes: Option<usize>,
    pub ours: Box<dyn FnMut()>,
    pub theirs: Box<dyn FnMut()>,
    /// How many times as fast we want to be, at least.
    pub aim: Option<f64>,
}

/// Both sides make the same rounds, which say themselves how long they took.
pub struct Rounds {
    pub name: String,
    /// So many things are done in one round, and the time of one is given.
    pub of: usize,
    pub ours: Box<dyn FnMut() -> Duration>,
    pub theirs: Box<dyn FnMut() -> Duration>,
    pub aim: Option<f64>,
}

/// A number that had better be small, such as allocations (see [`allocations`](crate::allocations)).
pub struct Count {
    pub name: String,
    pub ours: usize,
    pub theirs: usize,
    /// Which part of theirs we want ours to be, at most.
    pub aim: Option<f64>,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        Self::Row(row)
    }
}

impl From<Rounds> for Line {
    fn from(rounds: Rounds) -> Self {
        Self::Rounds(rounds)
    }
}

impl From<Count> for Line {
    fn from(count: Count) -> Self {
        Self::Count(count)
    }
}

/// One that makes rounds.
pub trait Side {
    fn round(&mut self, of: usize) -> Duration;
}

/// What is done in the rounds of a sample, on each side.
const ROUNDS: usize = 4_000;

/// Samples of each side. They alternate, so that whatever slows the machine slows both.
const SAMPLES: usize = 41;

/// What a sample lasts at least: long beside the clock, and short beside a slice of another process, so
/// that most samples are whole.
const SAMPLE: Duration = Duration::from_micros(1000);

/// The lines printed, and how many of them have and miss an aim.
pub struct Table {
    counts_instructions: bool,
    aims: usize,
    missed: usize,
}

impl Table {
    pub fn of_times() -> Self {
        println!("medians of interleaved samples, in processor time of one thread\n");
        Self::begin(false)
    }

    pub fn of_instructions() -> Self {
        println!("instructions of one call\n");
        Self::begin(true)
    }

    fn begin(counts_instructions: bool) -> Self {
        println!("{:<38}{:>12}{:>12}{:>8}{:>8}", "", "layer", "theirs", "ratio", "aim");
        Self { counts_instructions, aims: 0, missed: 0 }
    }

    /// Measures what belongs to a line, and prints it.
    ///
    /// # Errors
    /// If instructions can't be counted.
    pub fn line(&mut self, part: &str, line: Line) -> Result<(), String> {
        match line {
            Line::Heading(heading) => println!("\n{heading}"),
            Line::Row(row) if self.counts_instructions => {
                let [ours, theirs] = instructions::of(part, &row.name)?;
                let show = |count: f64| format!("{count:.0}");
                self.times(&row.name, vec![ours as f64], vec![theirs as f64], show, row.aim);
            }
            Line::Row(row) => self.measure_row(row),
            Line::Rounds(rounds) => self.measure_rounds(rounds),
            Line::Count(count) => self.compare(count),
        }
        Ok(())
    }

    fn measure_row(&mut self, mut row: Row) {
        let (our_calls, their_calls) = (calls(&mut row.ours), calls(&mut row.theirs));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            ours.push(time(&mut row.ours, our_calls));
            theirs.push(time(&mut row.theirs, their_calls));
        }
        let show = |seconds: f64| match row.bytes {
            Some(bytes) => format!("{:.2} GB/s", bytes as f64 / seconds / 1e9),
            None => shown(seconds),
        };
        self.times(&row.name, ours, theirs, show, row.aim);
    }

    /// Rounds alternate one by one; the median of many does not see what interrupted a few.
    fn measure_rounds(&mut self, mut rounds: Rounds) {
        let each = |time: Duration| time.as_secs_f64() / rounds.of as f64;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            let both = |_| (each((rounds.ours)()), each((rounds.theirs)()));
            let (our_rounds, their_rounds) = (0..ROUNDS / rounds.of).map(both).unzip();
            ours.push(median(our_rounds));
            theirs.push(median(their_rounds));
        }
        self.times(&rounds.name, ours, theirs, shown, rounds.aim);
    }

    fn times(
        &mut self,
        name: &str,
        ours: Vec<f64>,
        theirs: Vec<f64>,
        show: impl Fn(f64) -> String,
        aim: Option<f64>,
    ) {
        let ratio = median(ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours).collect());
        let aim = aim.map(|aim| (format!("≥ {aim}"), ratio >= aim));
        self.print(name, [show(median(ours)), show(median(theirs))], ratio, aim);
    }

    fn compare(&mut self, count: Count) {
        let ratio = count.ours as f64 / count.theirs as f64;
        let aim = count.aim.map(|aim| (format!("≤ {aim}"), ratio <= aim));
        self.print(&count.name, [count.ours, count.theirs].map(|n| n.to_string()), ratio, aim);
    }

    fn print(&mut self, name: &str, shown: [String; 2], ratio: f64, aim: Option<(String, bool)>) {
        let [ours, theirs] = shown;
        self.aims += usize::from(aim.is_some());
        let (aim, reached) = aim.unwrap_or(("–".to_owned(), true));
        self.missed += usize::from(!reached);
        let mark = if reached { "" } else { "  missed" };
        println!("{name:<38}{ours:>12}{theirs:>12}{ratio:>8.2}{aim:>8}{mark}");
    }

    /// Prints the last line and gives the number of rows that miss their aim.
    pub fn end(self) -> usize {
        println!("\n{} of {} rows reach their aim", self.aims - self.missed, self.aims);
        self.missed
    }
}

fn shown(seconds: f64) -> String {
    match seconds {
        ..1e-3 => format!("{:.2} µs", seconds * 1e6),
        _ => format!("{:.2} ms", seconds * 1e3),
    }
}

/// How many calls make a sample; warms up on the way.
fn calls(call: &mut dyn FnMut()) -> u32 {
    let mut calls = 1;
    while time(call, calls) * f64::from(calls) < SAMPLE.as_secs_f64() {
        calls *= 2;
    }
    calls
}

/// Seconds of one call, after one that fills the caches again.
fn time(call: &mut dyn FnMut(), calls: u32) -> f64 {
    call();
    let start = clock();
    for _ in 0..calls {
        call();
    }
    (clock() - start).as_secs_f64() / f64::from(calls)
}

/// The processor time of this thread: what others do on the machine doesn't count.
#[cfg(unix)]
fn clock() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(unix))]
fn clock() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
