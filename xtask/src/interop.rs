//! `cargo xtask interop`: other people's clients against our sandbox server.
//!
//! Installs the clients under `target/interop`, runs each row of `interop/rows.tsv` against a sandbox
//! of its own, on a loopback port, and prints a table. `interop/README.md` tells what the clients do
//! and how each is pointed here.

#![allow(clippy::print_stdout, reason = "the table is what this command is for")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::cargo;
use crate::installed::{self, create, read};
use crate::server::{self, Killed, Sandbox};

/// Rows that run at the same time; each keeps about one core busy.
const ROWS_AT_ONCE: usize = 2;
/// The scripts end themselves after 60 s; this is for one that can't.
const ROW_LIMIT: Duration = Duration::from_secs(90);

/// Runs the rows whose `client/scenario/framing` contains `filter`, or all, and prints the table.
///
/// # Errors
///
/// What could not be installed, built or started, or how many rows were not green.
pub(crate) fn run(filter: Option<&str>) -> Result<(), String> {
    let places = Places::new()?;
    let mut rows = Row::all(&places)?;
    rows.retain(|row| filter.is_none_or(|filter| row.name().contains(filter)));
    if rows.is_empty() {
        return Err(format!("no row of the interop table contains {filter:?}"));
    }

    if rows.iter().any(Row::is_python) {
        installed::python(&places.scripts.join("requirements.txt"), &places.venv, &places.caches)?;
    }
    if rows.iter().any(Row::is_node) {
        installed::node(&places.scripts, &places.scripts, &places.node, &places.caches)?;
    }
    let sandbox = if rows.iter().any(Row::is_ours) {
        build_with_ours(&places)?
    } else {
        server::build(&places.target, false)?
    };

    let red = run_rows(&places, &sandbox, &rows);
    println!("{} of {} rows green", rows.len() - red, rows.len());
    if red == 0 {
        Ok(())
    } else {
        Err(format!("{red} interop rows are not green; see the logs in {}", places.logs.display()))
    }
}

/// Builds the sandbox and our own client in one go, so that they share what both are made of. Returns
/// the sandbox's path.
fn build_with_ours(places: &Places) -> Result<PathBuf, String> {
    let build = ["build", "-p", "layer-sandbox", "--features", "layer-sandbox/listen"];
    let what = ["-p", "layer-client", "--bin", "layer-sandbox", "--example", "interop"];
    let mut build = cargo(build.into_iter().chain(what));
    match build.arg("--target-dir").arg(&places.target).status() {
        Ok(status) if status.success() => Ok(places.target.join("debug/layer-sandbox")),
        Ok(status) => Err(format!("building the sandbox and our client: {status}")),
        Err(error) => Err(format!("building the sandbox and our client: {error}")),
    }
}

/// Runs all rows, a few at a time; prints them in their order, each as soon as those before it are
/// there. Returns how many were not green.
fn run_rows(places: &Places, sandbox: &Path, rows: &[Row]) -> usize {
    print_heading();
    let waiting = Mutex::new(rows.iter().enumerate());
    let (sender, done) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..ROWS_AT_ONCE {
            let (waiting, sender) = (&waiting, sender.clone());
            scope.spawn(move || {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some((index, row)) = next() {
                    let _ = sender.send((index, row.run(places, sandbox)));
                }
            });
        }
        drop(sender);
        let mut outcomes = BTreeMap::new();
        let mut red = 0;
        for (index, row) in rows.iter().enumerate() {
            while !outcomes.contains_key(&index) {
                // If nobody sends any more, a worker has died, and its row with it.
                let Ok((index, outcome)) = done.recv() else { break };
                outcomes.insert(index, outcome);
            }
            let outcome = outcomes.remove(&index);
            let outcome = outcome.unwrap_or_else(|| Outcome::missing("was not run".to_owned()));
            red += usize::from(!outcome.ok);
            print_row(row, &outcome);
        }
        red
    })
}

/// One client doing one scenario over one framing.
struct Row {
    client: String,
    script: String,
    scenario: String,
    framing: String,
}

impl Row {
    /// All rows that must be green: `interop/rows.tsv`, one line for each client and scenario.
    fn all(places: &Places) -> Result<Vec<Self>, String> {
        let file = places.scripts.join("rows.tsv");
        let text = read(&file)?;
        let mut rows = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split('\t').collect();
            let &[client, script, scenario, framings] = columns.as_slice() else {
                return Err(format!("{}: not four columns: {line:?}", file.display()));
            };
            rows.extend(framings.split(' ').map(|framing| Row {
                client: client.to_owned(),
                script: script.to_owned(),
                scenario: scenario.to_owned(),
                framing: framing.to_owned(),
            }));
        }
        Ok(rows)
    }

    fn name(&self) -> String {
        format!("{}/{}/{}", self.client, self.scenario, self.framing)
    }

    fn is_python(&self) -> bool {
        self.script.ends_with(".py")
    }

    fn is_node(&self) -> bool {
        self.script.ends_with(".mjs")
    }

    /// Whether our own client takes part: alone, or driving another one.
    fn is_ours(&self) -> bool {
        self.script.ends_with(".rs") || self.scenario == "across"
    }

    /// What runs the row's script, and the script's path.
    fn runner(&self, places: &Places) -> (PathBuf, PathBuf) {
        if self.is_python() {
            (places.venv.join("bin/python"), places.scripts.join(&self.script))
        } else {
            (PathBuf::from("node"), places.node.join(&self.script))
        }
    }

    /// The row's command, without the arguments that all scripts take.
    fn command(&self, places: &Places) -> Command {
        let mut command = if self.is_ours() {
            let mut ours = Command::new(places.target.join("debug/examples/interop"));
            if !self.script.ends_with(".rs") {
                let (program, script) = self.runner(places);
                ours.arg("--partner").arg(&self.client).args([program, script]);
            }
            ours
        } else {
            let (program, script) = self.runner(places);
            let mut command = Command::new(program);
            command.arg(script);
            command
        };
        // Else Python would put its compiled files beside the scripts. Those of the libraries are there
        // since they were installed.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Runs the row's script against a sandbox of its own, whose clock and faults are its alone.
    fn run(&self, places: &Places, sandbox: &Path) -> Outcome {
        let log = |what: &str| {
            let name = self.name().replace('/', "-");
            places.logs.join(format!("{name}{what}.log"))
        };
        let output = Sandbox::start(sandbox, &log("-sandbox"), &[])
            .and_then(|sandbox| self.output(places, &sandbox, &log("")));
        match output {
            Ok(output) => Outcome::read(self, &output),
            Err(why) => Outcome::missing(why),
        }
    }

    /// What the script wrote to stdout and stderr, which stays in `log` too.
    fn output(&self, places: &Places, sandbox: &Sandbox, log: &Path) -> Result<String, String> {
        let failed = |error| format!("{}: {error}", log.display());
        let file = File::create(log).map_err(failed)?;
        let mut script = self.command(places);
        script
            .args([&self.scenario, &self.framing])
            .args(["--address", sandbox.told("address")?, "--control", sandbox.told("control")?])
            .args(["--key", sandbox.told("key")?, "--proxy-secret", sandbox.told("proxy-secret")?])
            // Kurigram writes down errors that it doesn't know, where it stands.
            .current_dir(&places.logs)
            .stdin(Stdio::null())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file);
        let mut child = Killed::spawn(&mut script)?;
        let deadline = Instant::now() + ROW_LIMIT;
        while child.0.try_wait().map_err(|error| error.to_string())?.is_none() {
            if Instant::now() > deadline {
                return Err(format!("killed after {} s", ROW_LIMIT.as_secs()));
            }
            thread::sleep(Duration::from_millis(50));
        }
        // A library's log line need not be UTF-8.
        Ok(String::from_utf8_lossy(&fs::read(log).map_err(failed)?).into_owned())
    }
}

/// What a row's script reported of itself.
struct Outcome {
    ok: bool,
    version: String,
    layer: String,
    seconds: String,
    detail: String,
}

impl Outcome {
    /// From the script's line `row`, client, version, layer, framing, scenario, `ok` or `failed`,
    /// seconds, detail, separated by tabs; the libraries' own logs stand around it.
    fn read(row: &Row, output: &str) -> Self {
        let reported = output.lines().rev().find_map(|line| line.strip_prefix("row\t"));
        let columns: Vec<&str> = reported.unwrap_or_default().split('\t').collect();
        match columns.as_slice() {
            &[client, version, layer, framing, scenario, result, seconds, detail]
                if [client, scenario, framing] == [&row.client, &row.scenario, &row.framing] =>
            {
                Outcome {
                    ok: result == "ok",
                    version: version.to_owned(),
                    layer: layer.to_owned(),
                    seconds: seconds.to_owned(),
                    detail: detail.to_owned(),
                }
            }
            _ => {
                let last = output.lines().rev().find(|line| !line.trim().is_empty());
                let last = last.unwrap_or("none");
                Self::missing(format!("reported nothing; its last words: {last}"))
            }
        }
    }

    fn missing(why: String) -> Self {
        let none = || "-".to_owned();
        Outcome { ok: false, version: none(), layer: none(), seconds: none(), detail: why }
    }
}

fn print_heading() {
    let columns = ["client", "version", "layer", "framing", "scenario", "result", "seconds"];
    print_columns(columns, "detail");
}

fn print_row(row: &Row, outcome: &Outcome) {
    let Row { client, framing, scenario, .. } = row;
    let Outcome { version, layer, seconds, detail, .. } = outcome;
    let result = if outcome.ok { "ok" } else { "FAILED" };
    print_columns([client, version, layer, framing, scenario, result, seconds], detail);
}

fn print_columns(columns: [&str; 7], detail: &str) {
    let [client, version, layer, framing, scenario, result, seconds] = columns;
    println!(
        "{client:8}  {version:7}  {layer:5}  {framing:23}  {scenario:8}  {result:6}  {seconds:>7}  \
         {detail}"
    );
}

/// The folders that this reads and writes; all that it writes lies under `target/interop`.
struct Places {
    scripts: PathBuf,
    target: PathBuf,
    venv: PathBuf,
    node: PathBuf,
    caches: PathBuf,
    logs: PathBuf,
}

impl Places {
    fn new() -> Result<Self, String> {
        let (root, target) = installed::root_and_target()?;
        let interop = target.join("interop");
        let places = Places {
            scripts: root.join("interop"),
            target,
            venv: interop.join("venv"),
            node: interop.join("node"),
            caches: interop.join("caches"),
            logs: interop.join("logs"),
        };
        create(&places.logs)?;
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let [client, script, scenario, framing] =
            ["telethon", "telethon_client.py", "config", "full"].map(str::to_owned);
        Row { client, script, scenario, framing }
    }

    #[test]
    fn finds_the_report_among_a_librarys_log_lines() {
        let output = "12 telethon connecting\n\
                      row\ttelethon\t1.45.0\t229\tfull\tconfig\tok\t0.4\tthis_dc 2\n\
                      13 telethon gone\n";
        let outcome = Outcome::read(&row(), output);
        assert!(outcome.ok);
        assert_eq!(
            [outcome.version, outcome.layer, outcome.detail],
            ["1.45.0", "229", "this_dc 2"]
        );
    }

    #[test]
    fn a_report_of_another_row_is_none() {
        let output = "row\ttelethon\t1.45.0\t229\tabridged\tconfig\tok\t0.4\tthis_dc 2\n";
        assert!(!Outcome::read(&row(), output).ok);
    }

    #[test]
    fn silence_is_a_failure() {
        assert!(!Outcome::read(&row(), "").ok);
    }

    #[test]
    fn every_row_has_its_script() {
        let places = Places::new().unwrap();
        let rows = Row::all(&places).unwrap();
        assert!(rows.iter().all(|row| places.scripts.join(&row.script).is_file()));
    }
}
