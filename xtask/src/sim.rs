//! `cargo xtask sim`: the pair simulation of `layer-mtproto` over many seeds, on all cores, and a table of
//! what has gone wrong in them by design. What has gone wrong otherwise fails the command.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{cargo, output};

/// Seeds that one process runs.
const BATCH: u64 = 25;
/// From so many seeds on every kind of fault must have come about this often.
const MANY_SEEDS: u64 = 10_000;
const OFTEN: u64 = 1_000;

/// Optimised, but with all assertions of our own; key exchanges are slow enough without those of others.
const SETTINGS: [&str; 6] = [
    "profile.release.debug-assertions=true",
    "profile.release.overflow-checks=true",
    "profile.release.package.'*'.debug-assertions=false",
    "profile.release.package.'*'.overflow-checks=false",
    "profile.release.package.layer-crypto.debug-assertions=false",
    "profile.release.package.layer-crypto.overflow-checks=false",
];

/// The test that takes its seeds from the environment if it is told any.
const TEST: &str = "seeds::no_sequence_of_faults_loses_repeats_or_leaks_a_call";

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// So many seeds.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    pub(crate) from: u64,
    /// Begin no more seeds after so many minutes.
    #[arg(long)]
    pub(crate) minutes: Option<f64>,
    /// Only this seed, and its story if anything is wrong.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Tell the seed's story in any case.
    #[arg(long, requires = "seed")]
    pub(crate) story: bool,
}

impl Arguments {
    /// As many seeds as two minutes are enough for.
    pub(crate) fn for_ci() -> Self {
        Self { seeds: 2_000, from: 0, minutes: Some(2.0), seed: None, story: false }
    }
}

/// Runs the seeds and prints the table.
///
/// # Errors
/// What could not be built, which seeds are wrong, or which faults are too seldom.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let program = build()?;
    if let Some(seed) = arguments.seed {
        return run_one(&program, seed, arguments.story);
    }
    let started = Instant::now();
    let mut sums = Sums::default();
    sums.read(&simulate(&program, "found", false)?);
    let found = sums.of("seeds");

    let until = arguments.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from + arguments.seeds;
    let all = Mutex::new(sums);
    let work = || -> Result<(), String> {
        while until.is_none_or(|until| started.elapsed() < until) {
            let from = next.fetch_add(BATCH, Ordering::Relaxed);
            if from >= end {
                break;
            }
            let said = simulate(&program, &format!("{from}..{}", end.min(from + BATCH)), false)?;
            all.lock().unwrap_or_else(PoisonError::into_inner).read(&said);
        }
        Ok(())
    };
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|_| Err("a worker has panicked".to_owned()))
        };
        workers.into_iter().try_for_each(join)
    })?;
    let sums = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    sums.print(found, started.elapsed());
    sums.judge(&program)
}

/// Builds the simulation and says where it is.
fn build() -> Result<String, String> {
    let arguments =
        "test --release --no-run -p layer-mtproto --test simulation --message-format=json";
    let mut build = cargo(arguments.split(' '));
    for setting in SETTINGS {
        build.args(["--config", setting]);
    }
    let said = output(&mut build)?;
    let program = said.lines().filter_map(executable).next_back();
    program.ok_or_else(|| "cargo did not say where the simulation is".to_owned())
}

/// The path in one of cargo's messages, if it tells of the simulation.
fn executable(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("\"executable\":\"")?;
    let (path, _) = rest.split_once('"')?;
    path.contains("simulation-").then(|| path.to_owned())
}

/// Runs seeds in a process of their own, and gives what it says.
fn simulate(program: &str, seeds: &str, story: bool) -> Result<String, String> {
    let mut simulation = Command::new(program);
    simulation.args(["--exact", TEST, "--nocapture"]);
    simulation.env("SIMULATION_SEEDS", seeds);
    if story {
        simulation.env("SIMULATION_STORY", "1");
    }
    output(&mut simulation)
}

fn run_one(program: &str, seed: u64, story: bool) -> Result<(), String> {
    let quiet = simulate(program, &seed.to_string(), false)?;
    let mut sums = Sums::default();
    sums.read(&quiet);
    if story || !sums.wrong.is_empty() {
        println!("{}", simulate(program, &seed.to_string(), true)?);
    }
    match sums.wrong.first_key_value() {
        Some((seed, wrong)) => Err(format!("seed {seed}: {wrong}")),
        None => {
            println!("seed {seed}: nothing is wrong");
            Ok(())
        }
    }
}

/// What all seeds together have said.
#[derive(Debug, Default)]
struct Sums {
    sums: BTreeMap<String, u64>,
    /// In the order in which the simulation names them.
    faults: Vec<(String, u64)>,
    wrong: BTreeMap<u64, String>,
}

impl Sums {
    fn read(&mut self, said: &str) {
        let numbered = |line: &str| -> Option<(u64, String)> {
            let (number, name) = line.split_once(' ')?;
            Some((number.parse().ok()?, name.to_owned()))
        };
        for line in said.lines() {
            if let Some((count, name)) = line.strip_prefix("sum ").and_then(numbered) {
                *self.sums.entry(name).or_default() += count;
            } else if let Some((count, name)) = line.strip_prefix("fault ").and_then(numbered) {
                match self.faults.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, sum)) => *sum += count,
                    None => self.faults.push((name, count)),
                }
            } else if let Some((seed, wrong)) = line.strip_prefix("wrong ").and_then(numbered) {
                self.wrong.insert(seed, wrong);
            }
        }
    }

    fn of(&self, name: &str) -> u64 {
        self.sums.get(name).copied().unwrap_or_default()
    }

    fn print(&self, found: u64, time: Duration) {
        for (name, count) in &self.faults {
            println!("{count:>10}  {name}");
        }
        let faults: u64 = self.faults.iter().map(|(_, count)| count).sum();
        println!("{faults:>10}  faults of {} kinds", self.faults.len());
        println!(
            "{:>10}  calls, of which {} may have been repeated and {} failed",
            self.of("calls"),
            self.of("repeated"),
            self.of("failed"),
        );
        println!("{:>10}  hours simulated", self.of("seconds") / 3600);
        println!("{:>10}  seeds, {found} of them because they were wrong once", self.of("seeds"));
        println!("{:>10.1}  seconds, {} seeds wrong", time.as_secs_f64(), self.wrong.len());
    }

    /// Fails if a seed is wrong, whose story is told then, or a kind of fault too seldom.
    fn judge(&self, program: &str) -> Result<(), String> {
        if let Some((seed, wrong)) = self.wrong.first_key_value() {
            println!("the story of seed {seed}:");
            println!("{}", simulate(program, &seed.to_string(), true)?);
            for (seed, wrong) in &self.wrong {
                println!("seed {seed}: {wrong}");
            }
            return Err(format!("seed {seed}: {wrong}; again: cargo xtask sim --seed {seed}"));
        }
        let seldom = self.faults.iter().find(|(_, count)| *count < OFTEN);
        match seldom {
            Some((name, count)) if self.of("seeds") >= MANY_SEEDS => {
                Err(format!("{name}: {count} times, expected at least {OFTEN}"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_up_what_processes_say() {
        let mut sums = Sums::default();
        let said = "\nrunning 1 test\ntest seeds \nwrong 7 call 3 hangs\n\nsum 25 seeds\nsum 9 calls\n\
                    fault 3 packet lost\nfault 4 bit flipped\n ... ok\n";
        sums.read(said);
        sums.read("sum 25 seeds\nfault 1 packet lost\nfault 0 bit flipped\n");
        assert_eq!((sums.of("seeds"), sums.of("calls")), (50, 9));
        assert_eq!(sums.faults, [("packet lost".to_owned(), 4), ("bit flipped".to_owned(), 4)]);
        assert_eq!(sums.wrong.get(&7).map(String::as_str), Some("call 3 hangs"));
    }

    #[test]
    fn finds_the_program_in_cargos_messages() {
        let message =
            r#"{"reason":"compiler-artifact","executable":"/t/deps/simulation-1f","fresh":true}"#;
        assert_eq!(executable(message).as_deref(), Some("/t/deps/simulation-1f"));
        assert_eq!(executable(r#"{"executable":null}"#), None);
    }
}
