//! One measured program, running one scenario against a sandbox of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::relay::Relay;
use super::{FLOORS, Scenario};
use crate::installed::at;
use crate::server::{Killed, Sandbox};

/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(120);
/// Connections that a sandbox serves.
const CONNECTIONS: &str = "1000";
/// An authorization key: any bytes will do.
const KEY: [&str; 4] = ["5a", "17", "c3", "88"];

/// What a program reported: how much it did, in how many seconds of its processor time and of ours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) amount: f64,
    pub(super) cpu: f64,
    pub(super) wall: f64,
}

/// In what a program is written, and with what it is run.
pub(super) enum Language {
    Rust,
    /// The interpreter, and where it keeps its compiled files.
    Python(PathBuf, PathBuf),
    Node,
}

/// A measured program.
pub(super) struct Program {
    pub(super) name: &'static str,
    language: Language,
    path: PathBuf,
}

impl Program {
    pub(super) fn new(name: &'static str, language: Language, path: PathBuf) -> Self {
        Self { name, language, path }
    }

    /// Whether it takes little of the machine.
    pub(super) fn is_light(&self) -> bool {
        matches!(self.language, Language::Rust)
    }

    /// Whether it is measured in a scenario.
    pub(super) fn does(&self, scenario: Scenario) -> bool {
        match self.name {
            name if FLOORS.contains(&name) => (scenario.name, scenario.width) == ("calls", 1),
            // The queues of the others' updates have no bound.
            _ => scenario != Scenario::LARGE_QUEUE || matches!(self.language, Language::Rust),
        }
    }

    /// Runs a scenario, behind a relay if there is one, and gives what it reported.
    pub(super) fn run(
        &self,
        sandbox: &Path,
        logs: &Path,
        scenario: Scenario,
        relay: Option<&Relay>,
    ) -> Result<Vec<Row>, String> {
        let Scenario { name, count, width } = scenario;
        let log = logs.join(format!("{}-{name}-{count}-{width}.log", self.name));
        let people = ["--user", "Alice:4930901820", "--user", "Bob:4930901821"];
        let bot = ["--bot", "Echo:echo_bot", "--most-connections", CONNECTIONS];
        let arguments: Vec<&str> = people.into_iter().chain(bot).collect();
        let sandbox = Sandbox::start(sandbox, &logs.join("sandbox.log"), &arguments)?;
        let mut control = Control::new(sandbox.told("control")?)?;
        let alice = first_word(sandbox.told("user")?);
        let to = match name {
            "echo" => first_word(sandbox.told("bot")?),
            _ => first_word(sandbox.all_told("user").last().unwrap_or_default()),
        };
        let key = KEY.concat().repeat(64);
        control.command(&format!("key 2 {key} {to}"))?;
        let mut address = sandbox.told("address")?.to_owned();
        if let Some(relay) = relay {
            address = relay.open(&address)?;
        }

        let stderr = File::create(&log).map_err(|error| at(&log, &error))?;
        let mut child = Killed::spawn(
            self.command()
                .args([name, &address, sandbox.told("key")?, &key, to])
                .args([count.to_string(), width.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(stderr),
        )?;
        let stdout = child.0.stdout.take().ok_or("no stdout")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let deadline = Instant::now() + LIMIT;
        let (mut rows, mut left, mut readies) = (Vec::new(), 0, 0);
        loop {
            // While updates are to be pushed, nothing is waited for.
            let pushes = left > 0;
            let most = deadline.saturating_duration_since(Instant::now());
            let wait = if pushes { Duration::ZERO } else { most };
            match lines.recv_timeout(wait) {
                // First one, by which it gets to know the sender, and then all.
                Ok(line) if line == "ready" => {
                    left = if readies == 0 { 1 } else { count };
                    readies += 1;
                }
                Ok(line) => {
                    relay.inspect(|relay| relay.answered());
                    rows.extend(read(&line));
                }
                Err(RecvTimeoutError::Timeout) if pushes && !most.is_zero() => {
                    let said = control.command(&format!("say {alice} {to} {left}"))?;
                    let said: usize = said.parse().map_err(|_| format!("said {said:?}"))?;
                    left = left.saturating_sub(said);
                    if said == 0 {
                        thread::sleep(Duration::from_micros(500));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!(
                        "killed after {} s; see {}",
                        LIMIT.as_secs(),
                        log.display()
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = child.0.wait().map_err(|error| error.to_string())?;
        if status.success() && !rows.is_empty() {
            return Ok(rows);
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        Err(last.unwrap_or("it said nothing").to_owned())
    }

    fn command(&self) -> Command {
        match &self.language {
            Language::Rust => Command::new(&self.path),
            Language::Python(interpreter, caches) => {
                let mut python = Command::new(interpreter);
                // Else Python would put its compiled files beside the scripts.
                python.env("PYTHONPYCACHEPREFIX", caches).arg(&self.path);
                python
            }
            Language::Node => {
                let mut node = Command::new("node");
                node.arg(&self.path);
                node
            }
        }
    }
}

fn first_word(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

/// A row, if the line is one.
fn read(line: &str) -> Option<Row> {
    let columns: Vec<&str> = line.split('\t').collect();
    let &["row", name, amount, cpu, wall] = columns.as_slice() else { return None };
    let number = |text: &str| text.parse().ok();
    let (amount, cpu, wall) = (number(amount)?, number(cpu)?, number(wall)?);
    Some(Row { name: name.to_owned(), amount, cpu, wall })
}

/// The sandbox's second port, at which it is driven.
struct Control(BufReader<TcpStream>);

impl Control {
    fn new(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Has a command carried out, and gives what is told.
    fn command(&mut self, line: &str) -> Result<String, String> {
        let mut answer = String::new();
        let mut ask = || {
            self.0.get_mut().write_all(format!("{line}\n").as_bytes())?;
            self.0.read_line(&mut answer)
        };
        ask().map_err(|error| format!("control: {error}"))?;
        match answer.trim().split_once(' ').unwrap_or((answer.trim(), "")) {
            ("ok", told) => Ok(told.to_owned()),
            _ => Err(format!("the sandbox answered: {}", answer.trim())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rows_and_nothing_else() {
        let row = Row { name: "calls".to_owned(), amount: 10.0, cpu: 0.5, wall: 1.0 };
        assert_eq!(read("row\tcalls\t10\t0.5\t1"), Some(row));
        for line in ["", "row", "row\tcalls\tten\t0.5\t1", "calls\t10\t0.5\t1"] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
