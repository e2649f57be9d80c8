//! `cargo xtask fuzz`: builds the targets of `fuzz/`, runs each for a while and prints a table.
//!
//! A finding stops its target and fails the command; the input is kept, and how to run it again is printed.
//! `fuzz/README.md` tells what the targets do.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::command::{cargo, output, run as command};

/// Targets that run at the same time; each keeps one core busy.
const TARGETS_AT_ONCE: usize = 2;
/// The targets bound the heap of each input by its length; this is for the fuzzer's own as well.
const MOST_RSS_MB: u32 = 1024;
/// Longer inputs find little more, and slowly.
const LONGEST_INPUT: u32 = 8192;
/// Seconds that one input may take, where a hundred microseconds are usual.
const INPUT_SECONDS: u32 = 10;
/// A target ends by itself; this is for one that can't.
const GRACE: Duration = Duration::from_secs(120);
/// With what libFuzzer ends if it is asked to.
const INTERRUPTED: i32 = 72;
/// The length of the objects by which the deserialiser's need of memory is measured.
const MEASURED_BYTES: &str = "65536";

/// Runs each target, or only `target`, for `seconds`.
///
/// # Errors
///
/// What could not be built or started, or how many targets have found something.
pub(crate) fn run(seconds: u64, target: Option<&str>) -> Result<(), String> {
    let places = Places::build()?;
    let mut targets = places.targets()?;
    targets.retain(|name| target.is_none_or(|target| name == target));
    if targets.is_empty() {
        let known = places.targets()?.join(", ");
        return Err(format!("no target of the name {target:?}: expected one of {known}"));
    }
    let memory = output(Command::new(places.program("memory")).arg(MEASURED_BYTES))?;
    println!(
        "deserialiser, hostile objects of every type: at most {}",
        memory.lines().next().unwrap_or("?").trim()
    );

    let seed = seed();
    println!("seed {seed}, {seconds} s each");
    let findings = run_targets(&places, &targets, seconds, seed);
    if findings == 0 { Ok(()) } else { Err(format!("{findings} targets have found something")) }
}

/// Runs all targets, a few at a time; prints them in their order, each as soon as those before it are there.
/// Returns how many have found something.
fn run_targets(places: &Places, targets: &[String], seconds: u64, seed: u32) -> usize {
    println!("target           executions    exec/s  coverage  peak RSS MB  findings");
    let waiting = Mutex::new(targets.iter().enumerate());
    let (sender, done) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..TARGETS_AT_ONCE {
            let (waiting, sender) = (&waiting, sender.clone());
            scope.spawn(move || {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some((index, target)) = next() {
                    let _ = sender.send((index, places.run(target, seconds, seed)));
                }
            });
        }
        drop(sender);
        let mut reports = BTreeMap::new();
        let mut findings = 0;
        for (index, target) in targets.iter().enumerate() {
            while !reports.contains_key(&index) {
                // If nobody sends any more, a worker has died, and its target with it.
                let Ok((index, report)) = done.recv() else { break };
                reports.insert(index, report);
            }
            let report = reports.remove(&index).unwrap_or_else(|| Err("was not run".to_owned()));
            findings += usize::from(print_report(places, target, &report));
        }
        findings
    })
}

/// Prints a row of the table, and what was found. Returns whether anything was.
fn print_report(places: &Places, target: &str, report: &Result<Report, String>) -> bool {
    let report = match report {
        Ok(report) => report,
        Err(why) => {
            println!("{target:<16} {why}");
            return true;
        }
    };
    println!(
        "{target:<16} {:>10} {:>9} {:>9} {:>12} {:>9}",
        report.executions,
        report.per_second,
        report.coverage,
        report.peak_rss_mb,
        usize::from(report.finding.is_some()),
    );
    let Some(finding) = &report.finding else { return false };
    println!("  {}; all it said is in {}", finding.why, places.log(target).display());
    match &finding.input {
        Some(input) => {
            println!("  again: {} {}", places.program(target).display(), input.display());
            println!("  once there is a test and a fix, it belongs into fuzz/found/{target}/");
        }
        None => println!("  the input is not known: run the target again with the same seed"),
    }
    true
}

/// Different every time, so that not every run finds the same.
fn seed() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // 0 lets the fuzzer choose, and then it is not ours to print.
    (now.as_secs() as u32 ^ now.subsec_nanos()).max(1)
}

/// What lies where, from the repository's root.
struct Places {
    folder: PathBuf,
    programs: PathBuf,
}

impl Places {
    /// Builds the targets and writes their seeds.
    fn build() -> Result<Self, String> {
        let root = std::env::current_dir().map_err(|error| error.to_string())?;
        let folder = root.join("target/fuzz");
        let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
        let programs = folder.join(host.trim()).join("release");
        let mut build = cargo(["build", "--release"]);
        build.current_dir(root.join("fuzz"));
        // The flags in fuzz/.cargo/config.toml hold only if no others are given.
        for given in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
            build.env_remove(given);
        }
        build.env_remove("CARGO_BUILD_TARGET").env("CARGO_TARGET_DIR", &folder);
        command(&mut build)?;

        let places = Self { folder, programs };
        let seeds = places.folder("seeds");
        if seeds.exists() {
            fs::remove_dir_all(&seeds).map_err(|error| failed(&seeds, &error))?;
        }
        command(Command::new(places.program("seeds")).arg(&seeds))?;
        Ok(places)
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    fn log(&self, target: &str) -> PathBuf {
        self.folder("logs").join(format!("{target}.log"))
    }

    /// The names of all targets: each has seeds.
    fn targets(&self) -> Result<Vec<String>, String> {
        let seeds = self.folder("seeds");
        let entries = fs::read_dir(&seeds).map_err(|error| failed(&seeds, &error))?;
        let names = entries.map_while(Result::ok).map(|entry| entry.file_name());
        let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Runs one target to its end.
    fn run(&self, target: &str, seconds: u64, seed: u32) -> Result<Report, String> {
        let [corpus, artifacts] =
            ["corpus", "artifacts"].map(|name| self.folder(name).join(target));
        let log = self.log(target);
        for folder in [&corpus, &artifacts, &self.folder("logs")] {
            fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        }
        let file = File::create(&log).map_err(|error| failed(&log, &error))?;
        let errors = file.try_clone().map_err(|error| failed(&log, &error))?;
        let mut fuzzer = Command::new(self.program(target));
        fuzzer
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-seed={seed}"))
            .arg(format!("-max_len={LONGEST_INPUT}"))
            .arg(format!("-timeout={INPUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MOST_RSS_MB}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg("-print_final_stats=1")
            // What is new goes to the first folder; the others are only read.
            .args([&corpus, &self.folder("seeds").join(target)])
            .args(Some(Path::new("fuzz/found").join(target)).filter(|found| found.is_dir()))
            .env("RUST_BACKTRACE", "1")
            .stdout(file)
            .stderr(errors);
        let process = fuzzer.spawn().map_err(|error| format!("{fuzzer:?}: {error}"))?;
        let status = wait(process, Duration::from_secs(seconds) + GRACE)?;
        // What the fuzzer mutates need not be text.
        let said = fs::read(&log).map_err(|error| failed(&log, &error))?;
        Ok(Report::read(status, &String::from_utf8_lossy(&said)))
    }
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Waits for a process; `None` if it had to be killed.
fn wait(mut process: Child, most: Duration) -> Result<Option<ExitStatus>, String> {
    let deadline = Instant::now() + most;
    loop {
        match process.try_wait() {
            Ok(Some(status)) => return Ok(Some(status)),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                let _ = process.kill();
                let _ = process.wait();
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// How a target's run went.
#[derive(Debug, Default)]
struct Report {
    executions: String,
    per_second: String,
    /// Edges that were reached.
    coverage: String,
    peak_rss_mb: String,
    finding: Option<Finding>,
}

/// Something that must not be.
#[derive(Debug, PartialEq)]
struct Finding {
    why: String,
    input: Option<PathBuf>,
}

impl Report {
    /// Reads what libFuzzer has written.
    fn read(status: Option<ExitStatus>, said: &str) -> Self {
        let statistic = |name: &str| {
            let mut lines = said.lines().rev();
            let value = lines.find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
            value.unwrap_or("?").trim_start_matches(':').trim().to_owned()
        };
        let finding = match status {
            Some(status) if status.success() => None,
            Some(status) if status.code() == Some(INTERRUPTED) => {
                Some(Finding { why: "it was interrupted".to_owned(), input: None })
            }
            Some(status) => Some(Finding {
                why: reason(said).unwrap_or_else(|| format!("it ended with {status}")),
                input: said.lines().find_map(input),
            }),
            None => Some(Finding { why: "it did not end".to_owned(), input: None }),
        };
        Self {
            executions: statistic("number_of_executed_units"),
            per_second: statistic("average_exec_per_sec"),
            coverage: said.lines().rev().find_map(coverage).unwrap_or("?").to_owned(),
            peak_rss_mb: statistic("peak_rss_mb"),
            finding,
        }
    }
}

/// Behind a number, a tab and more: `… cov: 4954 ft: 6145 …` → `4954`.
fn coverage(line: &str) -> Option<&str> {
    let (_, rest) = line.strip_prefix('#')?.split_once(" cov: ")?;
    rest.split(' ').next()
}

/// Where the fuzzer says that it left the input.
fn input(line: &str) -> Option<PathBuf> {
    Some(line.split_once("Test unit written to ")?.1.trim().into())
}

/// What was wrong: the panic's place and message, or what the fuzzer says.
fn reason(said: &str) -> Option<String> {
    let marks = [" panicked at ", " bytes are asked for", "ERROR: libFuzzer"];
    let mut lines = said.lines();
    let line = lines.find(|line| marks.iter().any(|mark| line.contains(mark)))?;
    let message = lines.next().filter(|_| line.contains(" panicked at "));
    Some(format!("{line} {}", message.unwrap_or_default()).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "#2	INITED cov: 649 ft: 845 corp: 11/873b exec/s: 0 rss: 28Mb\n\
                        #408157	DONE   cov: 1050 ft: 2626 corp: 518/69Kb lim: 1106 exec/s: 45350\n\
                        stat::number_of_executed_units: 408157\n\
                        stat::average_exec_per_sec:     45350\n\
                        stat::peak_rss_mb:              99\n";

    const BAD: &str = "thread '<unnamed>' (26084) panicked at src/framing.rs:88:5:\n\
                       assertion failed: decoder.held() <= stream.len()\n\
                       ==26084== ERROR: libFuzzer: deadly signal\n\
                       artifact_prefix='/x/'; Test unit written to /x/crash-57\n";

    #[test]
    fn reads_the_fuzzers_statistics() {
        let report = Report::read(Some(ExitStatus::default()), GOOD);
        assert_eq!(
            [report.executions, report.per_second, report.coverage, report.peak_rss_mb],
            ["408157", "45350", "1050", "99"]
        );
        assert_eq!(report.finding, None);
    }

    #[test]
    fn a_finding_has_its_reason_and_its_input() {
        assert_eq!(input(BAD.lines().last().unwrap()), Some("/x/crash-57".into()));
        let why = reason(BAD).unwrap();
        assert!(why.contains("framing.rs:88:5") && why.contains("decoder.held()"), "{why}");
    }

    #[test]
    fn a_target_that_does_not_end_is_a_finding() {
        assert!(Report::read(None, GOOD).finding.is_some());
    }
}
