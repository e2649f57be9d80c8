//! The sandbox server in a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::cargo;
use crate::installed::at;

/// How long it may take to get ready.
const LIMIT: Duration = Duration::from_secs(60);

/// Builds the sandbox server into `target` and returns its path.
pub(crate) fn build(target: &Path, release: bool) -> Result<PathBuf, String> {
    let build = ["build", "-p", "layer-sandbox", "--features", "listen", "--bin", "layer-sandbox"];
    let built = cargo(build.into_iter().chain(release.then_some("--release")))
        .arg("--target-dir")
        .arg(target)
        .status();
    let profile = if release { "release" } else { "debug" };
    match built {
        Ok(status) if status.success() => Ok(target.join(profile).join("layer-sandbox")),
        Ok(status) => Err(format!("building the sandbox: {status}")),
        Err(error) => Err(format!("building the sandbox: {error}")),
    }
}

/// The sandbox server in a process of its own; it ends when this is dropped.
pub(crate) struct Sandbox {
    /// What it has printed before it was ready, line by line.
    said: Vec<String>,
    _process: Killed,
}

impl Sandbox {
    /// Starts it with these arguments beside its addresses, and waits until it has printed `ready`. What
    /// it writes to stderr goes to `log`, its key to a file beside that.
    pub(crate) fn start(binary: &Path, log: &Path, arguments: &[&str]) -> Result<Self, String> {
        let stderr = File::create(log).map_err(|error| at(log, &error))?;
        // It serves until its stdin closes, so it ends even if this process is killed.
        let mut process = Killed::spawn(
            Command::new(binary)
                .args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"])
                .arg("--key-out")
                .arg(log.with_extension("pem"))
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(stderr),
        )?;
        let stdout = process.0.stdout.take().ok_or("the sandbox has no stdout")?;
        let (sender, lines) = mpsc::channel();
        // Reads on after `ready`, lest the sandbox block on a full pipe.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let deadline = Instant::now() + LIMIT;
        let mut said = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) if line == "ready" => break,
                Ok(line) => said.push(line),
                Err(_) => {
                    let log = log.display();
                    return Err(format!("the sandbox did not get ready: {said:?}, see {log}"));
                }
            }
        }
        Ok(Sandbox { said, _process: process })
    }

    /// What it has printed after this word: `address`, `key` (a path), `proxy-secret`, `control` and the
    /// like.
    pub(crate) fn told(&self, name: &str) -> Result<&str, String> {
        let mut values = self.all_told(name);
        values.next().ok_or_else(|| format!("the sandbox printed no {name}: {:?}", self.said))
    }

    /// The same for what it prints several times.
    pub(crate) fn all_told(&self, name: &str) -> impl Iterator<Item = &str> {
        self.said.iter().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
    }
}

/// A child process that is killed when this is dropped.
pub(crate) struct Killed(pub(crate) Child);

impl Killed {
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, String> {
        command.spawn().map(Killed).map_err(|error| format!("{command:?}: {error}"))
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
