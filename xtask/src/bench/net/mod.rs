//! `cargo xtask bench --net`: clients over loopback, ours and those of others, against one sandbox.
//!
//! `benches/net` holds the measured programs. Each does one scenario at a time, against a sandbox in a
//! process of its own, and tells what processor time it took itself; they take turns, and the medians
//! of several rounds are compared. `client` runs one, `relay` counts round trips, `table` prints.

#![allow(clippy::print_stdout, reason = "the table is what this command is for")]

mod client;
mod relay;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::command::{cargo, run as command};
use crate::{installed, server};
use client::{Language, Program, Row};
use relay::Relay;
use table::Table;

/// Updates that are pushed to one client.
const UPDATES: usize = 20_000;
/// The programs that only call: one that is no client, and the least that is one.
const FLOORS: [&str; 2] = ["floor", "least"];
/// A queue that all of them fit into.
const LARGE: usize = UPDATES;

/// What a program is to do: its name, how much, and how wide.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Scenario {
    name: &'static str,
    count: usize,
    width: usize,
}

impl Scenario {
    const ALL: [Scenario; 9] = [
        Self::new("calls", 4_000, 1),
        Self::new("calls", 40_000, 64),
        Self::new("connect", 10, 0),
        Self::new("agree", 5, 0),
        Self::new("updates", UPDATES, 0),
        Self::new("echo", 2_000, 0),
        Self::new("files", 64, 0),
        Self::new("idle", 1, 0),
        Self::new("idle", 500, 0),
    ];
    /// For the Rust clients: the others have no bounded queue.
    const LARGE_QUEUE: Scenario = Self::new("updates", UPDATES, LARGE);

    const fn new(name: &'static str, count: usize, width: usize) -> Self {
        Self { name, count, width }
    }

    /// How often in a round: one call at a time is mostly the kernel's going to sleep and waking up,
    /// whose price differs from second to second by more than clients do.
    fn turns(self) -> usize {
        if (self.name, self.width) == ("calls", 1) { 12 } else { 1 }
    }
}

/// By client and scenario, what each round has given.
type Results = BTreeMap<(&'static str, Scenario), Vec<Vec<Row>>>;

/// Builds and installs all clients, measures them in turn, and prints the table.
///
/// # Errors
/// What can't be built or installed; with `check`, if a row misses its aim.
pub(crate) fn run(rounds: usize, check: bool) -> Result<(), String> {
    let places = Places::new()?;
    let sandbox = server::build(&places.target, true)?;
    let programs = programs(&places)?;

    let measure = |program: &Program, scenario, is_first, results: &mut Results| {
        if !program.does(scenario) {
            return;
        }
        match program.run(&sandbox, &places.logs, scenario, None) {
            Ok(rows) => results.entry((program.name, scenario)).or_default().push(rows),
            // A client that can't do something has no row there.
            Err(why) if is_first => {
                println!("  {} can't do {}: {why}", program.name, scenario.name);
            }
            Err(_) => {}
        }
    };
    let mut results = Results::new();
    for round in 1..=rounds {
        println!("round {round} of {rounds}");
        for scenario in Scenario::ALL.into_iter().chain([Scenario::LARGE_QUEUE]) {
            // A machine that has just run much is slow for a while, so those of one kind run side by side.
            for group in programs.chunk_by(|one, next| one.is_light() == next.is_light()) {
                let turn = |turn| group.iter().cycle().skip(turn).take(group.len());
                for program in (0..scenario.turns()).flat_map(turn) {
                    measure(program, scenario, round == 1, &mut results);
                }
            }
        }
    }
    let trips = round_trips(&programs, &sandbox, &places.logs);
    let missed = Table::print(&results, &trips);
    if check && missed > 0 { Err(format!("{missed} rows miss their aim")) } else { Ok(()) }
}

/// By client and scenario, how many round trips there are before the first answer.
type Trips = BTreeMap<(&'static str, &'static str), u32>;

fn round_trips(programs: &[Program], sandbox: &Path, logs: &Path) -> Trips {
    let mut trips = Trips::new();
    for name in ["connect", "agree"] {
        for program in programs.iter().filter(|program| !FLOORS.contains(&program.name)) {
            let relay = Relay::default();
            // Twice: the second time everything is saved that a session keeps.
            let run = program.run(sandbox, logs, Scenario::new(name, 2, 0), Some(&relay));
            if let (Ok(_), Some(count)) = (run, relay.last()) {
                trips.insert((program.name, name), count);
            }
        }
    }
    trips
}

fn programs(places: &Places) -> Result<Vec<Program>, String> {
    let manifest = "benches/net/Cargo.toml";
    let mut build = cargo(["build", "--release", "--manifest-path", manifest]);
    command(build.env("CARGO_TARGET_DIR", &places.built))?;
    let built = |name: &str| places.built.join("release").join(name);
    let requirements = places.scripts.join("requirements.txt");
    installed::python(&requirements, &places.venv, &places.caches)?;
    // The same lists as of the clients that are tried.
    installed::node(&places.root.join("interop"), &places.scripts, &places.node, &places.caches)?;
    let python = Language::Python(places.venv.join("bin/python"), places.caches.join("python"));
    Ok(vec![
        Program::new("layer", Language::Rust, built("layer")),
        Program::new("grammers", Language::Rust, built("grammers")),
        Program::new("floor", Language::Rust, built("floor")),
        Program::new("least", Language::Rust, built("least")),
        Program::new("Telethon", python, places.scripts.join("telethon_bench.py")),
        Program::new("mtcute", Language::Node, places.node.join("mtcute_bench.mjs")),
    ])
}

/// The folders that this reads and writes; all that it writes lies under `target/`.
struct Places {
    root: PathBuf,
    target: PathBuf,
    scripts: PathBuf,
    built: PathBuf,
    venv: PathBuf,
    node: PathBuf,
    caches: PathBuf,
    logs: PathBuf,
}

impl Places {
    fn new() -> Result<Self, String> {
        let (root, target) = installed::root_and_target()?;
        let own = target.join("net-benches");
        let places = Places {
            scripts: root.join("benches/net"),
            built: target.join("benches"),
            venv: own.join("venv"),
            node: own.join("node"),
            caches: target.join("interop/caches"),
            logs: own.join("logs"),
            root,
            target,
        };
        installed::create(&places.logs)?;
        Ok(places)
    }
}
