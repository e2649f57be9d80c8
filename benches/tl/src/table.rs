//! One table: ours against theirs, ratios of medians from interleaved runs in one process.

use std::time::{Duration, Instant};

use crate::allocations;

/// Both sides do the same work in one call.
pub struct Row {
    pub name: &'static str,
    pub ours: Box<dyn FnMut()>,
    pub theirs: Box<dyn FnMut()>,
    /// How many times as fast we want to be, at least.
    pub speed: Option<f64>,
    /// Which part of their allocations we want to make, at most.
    pub allocations: Option<f64>,
}

/// Samples of each side. They alternate, so that whatever slows the machine slows both.
const SAMPLES: usize = 401;

/// What a sample lasts at least: long beside the clock, and so short beside a slice of another process
/// that most samples are whole.
const SAMPLE: Duration = Duration::from_micros(250);

/// Prints two lines for each row and gives the number of aims that are missed.
pub fn measure(rows: Vec<Row>) -> usize {
    println!("medians of {SAMPLES} interleaved samples\n");
    println!("{:<34}{:>14}{:>14}{:>8}{:>8}", "", "layer", "grammers", "ratio", "aim");
    let (mut aims, mut missed) = (0, 0);
    let mut line = |name: &str, shown: [String; 2], ratio: f64, aim: Option<(&str, f64, bool)>| {
        let [ours, theirs] = shown;
        let (aim_shown, reached) = match aim {
            Some((sign, aim, reached)) => (format!("{sign} {aim}"), reached),
            None => ("–".to_owned(), true),
        };
        let mark = if reached { "" } else { "  missed" };
        println!("{name:<34}{ours:>14}{theirs:>14}{ratio:>8.2}{aim_shown:>8}{mark}");
        aims += usize::from(aim.is_some());
        missed += usize::from(!reached);
    };
    for mut row in rows {
        let (our_calls, their_calls) = (calls(&mut row.ours), calls(&mut row.theirs));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            ours.push(time(&mut row.ours, our_calls));
            theirs.push(time(&mut row.theirs, their_calls));
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = theirs / ours;
        let shown = [ours, theirs].map(|seconds| format!("{:.2} µs", seconds * 1e6));
        line(row.name, shown, ratio, row.speed.map(|aim| ("≥", aim, ratio >= aim)));

        let counts = [allocations::of(&mut row.ours), allocations::of(&mut row.theirs)];
        let [ours, theirs] = counts.map(|count| count as f64);
        let ratio = ours / theirs;
        let shown = counts.map(|count| count.to_string());
        let aim = row.allocations.map(|aim| ("≤", aim, ratio <= aim));
        line("  allocations", shown, ratio, aim);
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

/// Seconds of one call.
fn time(call: &mut dyn FnMut(), calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_secs_f64() / f64::from(calls)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
