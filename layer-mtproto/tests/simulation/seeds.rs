//! Which seeds are run, and what is told of them. `cargo xtask sim` runs the first test here with the seeds
//! in an environment variable, and reads what it prints.

use std::panic;

use crate::check::{Outcome, run};
use crate::fault::Tally;

/// Seeds in which something was wrong once.
const ONCE_WRONG: &str = include_str!("seeds.txt");
/// So many seeds are run with every `cargo test`.
const FEW: u64 = 25;

/// The numbers in the lines of `seeds.txt`, what stands behind a `#` left out.
fn once_wrong() -> impl Iterator<Item = u64> {
    let lines = ONCE_WRONG.lines().filter_map(|line| line.split('#').next());
    lines.filter_map(|line| line.trim().parse().ok())
}

/// `7`, `0..50` or `found`, the seeds in which something was wrong once.
fn asked_for(text: &str) -> Vec<u64> {
    if text == "found" {
        return once_wrong().collect();
    }
    let number = |text: &str| text.trim().parse::<u64>().expect("a seed is a number");
    match text.split_once("..") {
        Some((from, to)) => (number(from)..number(to)).collect(),
        None => vec![number(text)],
    }
}

/// Runs a seed, and holds a panic for what it is: something wrong.
fn outcome(seed: u64, told: bool) -> Outcome {
    panic::catch_unwind(|| run(seed, told)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message =
            message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let wrong = Some(format!("panic: {}", message.unwrap_or_default()));
        Outcome { wrong, ..Outcome::default() }
    })
}

#[test]
fn no_sequence_of_faults_loses_repeats_or_leaks_a_call() {
    if let Ok(asked) = std::env::var("SIMULATION_SEEDS") {
        return report(&asked_for(&asked), std::env::var_os("SIMULATION_STORY").is_some());
    }
    for seed in once_wrong().chain(0..FEW) {
        let found = outcome(seed, false);
        if let Some(wrong) = found.wrong {
            println!("the story of seed {seed}:");
            outcome(seed, true);
            panic!("seed {seed}: {wrong}; again: cargo xtask sim --seed {seed}");
        }
    }
}

/// Runs seeds and prints what `cargo xtask sim` reads.
fn report(asked: &[u64], told: bool) {
    let mut faults = Tally::default();
    let (mut calls, mut repeated, mut failed, mut seconds) = (0, 0, 0, 0);
    // The harness leaves the name of the test without an end of line.
    println!();
    for seed in asked {
        let found = outcome(*seed, told);
        if let Some(wrong) = found.wrong {
            println!("wrong {seed} {wrong}");
        }
        calls += found.calls;
        repeated += found.repeated;
        failed += found.failed;
        seconds += found.time.as_secs();
        faults.add(&found.faults);
    }
    println!("sum {} seeds\nsum {calls} calls", asked.len());
    println!("sum {repeated} repeated\nsum {failed} failed\nsum {seconds} seconds\n{faults}");
}

#[test]
fn seeds_are_named_one_by_one_or_by_a_range() {
    assert_eq!(asked_for("7"), [7]);
    assert_eq!(asked_for("3..6"), [3, 4, 5]);
    assert!(asked_for("found").iter().all(|seed| once_wrong().any(|known| known == *seed)));
}
