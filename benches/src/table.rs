//! One table: ours against theirs, ratios of medians from interleaved runs in one process.

use std::time::Duration;

/// Both sides do the same work in one call.
pub struct Row {
    pub name: String,
    /// Bytes that one call works through, to give GB/s; without, a call's time is given.
    pub bytes: Option<usize>,
    pub ours: Box<dyn FnMut()>,
    pub theirs: Box<dyn FnMut()>,
    /// How many times as fast we want to be, at least.
    pub aim: Option<f64>,
}

/// Samples of each side. They alternate, so that whatever slows the machine slows both.
const SAMPLES: usize = 21;

/// What a sample lasts at least: long beside the clock, short beside a slice of another process.
const SAMPLE: Duration = Duration::from_micros(1500);

/// Prints a line for each row and gives the number of those that miss their aim.
pub fn measure(rows: Vec<Row>) -> usize {
    println!("medians of {SAMPLES} interleaved samples, in one thread's processor time\n");
    println!("{:<34}{:>14}{:>14}{:>8}{:>8}", "", "layer", "grammers", "ratio", "aim");
    let (mut aims, mut missed) = (0, 0);
    for mut row in rows {
        let (our_calls, their_calls) = (calls(&mut row.ours), calls(&mut row.theirs));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            ours.push(time(&mut row.ours, our_calls));
            theirs.push(time(&mut row.theirs, their_calls));
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let show = |seconds: f64| match row.bytes {
            Some(bytes) => format!("{:.2} GB/s", bytes as f64 / seconds / 1e9),
            None => format!("{:.2} µs", seconds * 1e6),
        };
        let ratio = theirs / ours;
        let aim = row.aim.map_or_else(|| "–".to_owned(), |aim| format!("≥ {aim}"));
        let miss = row.aim.is_some_and(|aim| ratio < aim);
        let mark = if miss { "  missed" } else { "" };
        let (ours, theirs) = (show(ours), show(theirs));
        println!("{:<34}{ours:>14}{theirs:>14}{ratio:>8.2}{aim:>8}{mark}", row.name);
        aims += usize::from(row.aim.is_some());
        missed += usize::from(miss);
    }
    println!("\n{} of {aims} rows reach their aim", aims - missed);
    missed
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
