//! What it costs to compile the generated types: CPU seconds of the one compiler run that makes the
//! crate, ours against grammers-tl-types, in turn.
//!
//! Both have Clone, Debug, PartialEq, From and TryFrom on everything. The compiler is wrapped in a
//! shell script whose `times` tells what it used, so this runs where there is a POSIX shell.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{cargo, run as command};

const PEER: &str = "grammers-tl-types = \"=0.11.0\"";

struct Row {
    name: &'static str,
    arguments: &'static [&'static str],
    profile: &'static str,
    /// Ours as a part of theirs, at most.
    aim: Option<f64>,
}

const ROWS: [Row; 3] = [
    Row { name: "check", arguments: &["check"], profile: "debug", aim: Some(0.9) },
    Row { name: "build", arguments: &["build"], profile: "debug", aim: None },
    Row { name: "release", arguments: &["build", "--release"], profile: "release", aim: Some(0.6) },
];

pub(crate) fn run(rounds: usize, check: bool) -> Result<(), String> {
    let place =
        std::env::current_dir().map_err(|error| error.to_string())?.join("target/bench-compile");
    let ours =
        Subject::new(&place, "ours", "layer-tl-types = { path = \"../../../layer-tl-types\" }")?;
    let theirs = Subject::new(&place, "theirs", PEER)?;
    println!("CPU seconds of one compiler run, median of {rounds}, in turn\n");
    println!(
        "{:<10}{:>16}{:>20}{:>8}{:>8}",
        "", "layer-tl-types", "grammers-tl-types", "ratio", "aim"
    );
    let mut missed = 0;
    let mut aims = 0;
    for row in &ROWS {
        // Whatever else has to be built is built before the clock starts.
        ours.compile(row)?;
        theirs.compile(row)?;
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for _ in 0..rounds.max(1) {
            our_times.push(ours.compile(row)?);
            their_times.push(theirs.compile(row)?);
        }
        let (our_time, their_time) = (median(our_times), median(their_times));
        let ratio = our_time / their_time;
        let aim = row.aim.map_or_else(|| "–".to_owned(), |aim| format!("≤ {aim}"));
        println!("{:<10}{our_time:>16.1}{their_time:>20.1}{ratio:>8.2}{aim:>8}", row.name);
        aims += usize::from(row.aim.is_some());
        missed += usize::from(row.aim.is_some_and(|aim| ratio > aim));
    }
    println!("\n{} of {aims} rows reach their aim", aims - missed);
    if check && missed > 0 { Err(format!("{missed} rows miss their aim")) } else { Ok(()) }
}

/// A package that does nothing but depend on one crate.
struct Subject {
    place: PathBuf,
    wrapper: PathBuf,
    log: PathBuf,
}

impl Subject {
    fn new(place: &Path, name: &str, dependency: &str) -> Result<Self, String> {
        let subject = Self {
            place: place.join(name),
            wrapper: place.join("timed-compiler"),
            log: place.join(format!("{name}.times")),
        };
        let write = |path: &Path, text: &str| {
            fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
        };
        fs::create_dir_all(subject.place.join("src")).map_err(|error| error.to_string())?;
        write(&subject.place.join("src/lib.rs"), "")?;
        write(
            &subject.place.join("Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
                 [workspace]\n[dependencies]\n{dependency}\n"
            ),
        )?;
        // `times` prints two lines: what the shell used, and what its children did.
        write(
            &subject.wrapper,
            "#!/bin/sh\ncase \" $* \" in\n*\" --crate-name layer_tl_types \"*|*\" --crate-name \
             grammers_tl_types \"*) \"$@\"; status=$?; times > \"$TIMES\"; exit $status;;\n\
             esac\nexec \"$@\"\n",
        )?;
        make_executable(&subject.wrapper)?;
        Ok(subject)
    }

    /// Compiles the crate anew and gives the CPU seconds that the compiler used for it.
    fn compile(&self, row: &Row) -> Result<f64, String> {
        for kept in ["deps", ".fingerprint"] {
            remove_types(&self.place.join("target").join(row.profile).join(kept))?;
        }
        let _ = fs::remove_file(&self.log);
        let mut build = cargo(row.arguments.iter().copied().chain(["--quiet"]));
        build
            .current_dir(&self.place)
            .env("CARGO_TARGET_DIR", "target")
            .env("CARGO_INCREMENTAL", "0")
            .env("RUSTC_WRAPPER", &self.wrapper)
            .env("TIMES", &self.log);
        command(&mut build)?;
        let times = fs::read_to_string(&self.log).map_err(|error| {
            format!("the compiler was not run: {}: {error}", self.log.display())
        })?;
        let children = times.lines().nth(1).ok_or("`times` printed one line")?;
        children.split_whitespace().map(seconds).sum()
    }
}

/// `1m2.50s` as seconds.
fn seconds(time: &str) -> Result<f64, String> {
    let parse = || {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    parse().ok_or_else(|| format!("{time:?} is no time of `times`"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Forgets what was made of the types, and keeps everything else.
fn remove_types(folder: &Path) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
        if name.contains("layer_tl_types") || name.contains("grammers_tl_types") {
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), String> {
    Err("the compiler's times are read through a POSIX shell".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_times_of_shells() {
        assert_eq!(seconds("0m13.480000s"), Ok(13.48));
        assert_eq!(seconds("2m0.5s"), Ok(120.5));
        assert!(seconds("13.48").is_err());
    }
}
