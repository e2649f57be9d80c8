//! Where the program is run: a folder, a sandbox, and the program itself with its pipes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use layer_sandbox::{Sandbox, World};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_layer");
pub(crate) const PHONE: &str = "+10000000001";

/// Whoever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that is removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("layer-app-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a program ended, and all that it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// What was printed, if all went well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// The same as JSON, an object a line.
    pub(crate) fn json(self) -> Vec<Value> {
        self.well().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// It ended with 1, said all these words, and showed no panic.
    pub(crate) fn badly(&self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:#?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not said: {self:#?}");
        }
        assert!(!self.err.contains("panicked"), "{self:#?}");
        let lines: Vec<&str> = self.err.lines().collect();
        let advice = lines.last().unwrap();
        assert!(advice.starts_with("       "), "it gives no advice: {self:#?}");
    }
}

/// A program that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) out: Lines<BufReader<ChildStdout>>,
    pub(crate) err: Lines<BufReader<ChildStderr>>,
}

impl Running {
    /// Waits for a line with a word in it among those it prints.
    ///
    /// Which of its two streams comes first is nobody's to know, so each is read for itself.
    pub(crate) async fn says(&mut self, word: &str) -> String {
        line_with(word, &mut self.out).await
    }

    /// The same among those it tells whoever sits there.
    pub(crate) async fn notes(&mut self, word: &str) -> String {
        line_with(word, &mut self.err).await
    }

    pub(crate) async fn types(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// As Ctrl-C does.
    pub(crate) async fn interrupt(&self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    }

    /// Waits for its end, with what it has not said yet.
    pub(crate) async fn ends(mut self) -> Ended {
        drop(self.child.stdin.take());
        let (mut out, mut err) = (String::new(), String::new());
        let (mut rest_out, mut rest_err) = (self.out.into_inner(), self.err.into_inner());
        let all = async {
            let read = tokio::join!(
                rest_out.read_to_string(&mut out),
                rest_err.read_to_string(&mut err),
                self.child.wait()
            );
            read.2.unwrap().code()
        };
        let code = timeout(PATIENCE, all).await.expect("the program hangs");
        Ended { code, out, err }
    }
}

async fn line_with(word: &str, stream: &mut Lines<impl AsyncBufRead + Unpin>) -> String {
    let found = async {
        while let Some(line) = stream.next_line().await.unwrap() {
            if line.contains(word) {
                return line;
            }
        }
        panic!("it ended without saying {word:?}");
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("it does not say {word:?}"))
}

/// Starts the program, or one that starts it.
pub(crate) fn start(program: &str, folder: &Path, arguments: &[&str]) -> Running {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LAYER_")) {
        command.env_remove(name);
    }
    let command = command.args(arguments).current_dir(folder).kill_on_drop(true);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap()).lines();
    let err = BufReader::new(child.stderr.take().unwrap()).lines();
    Running { child, out, err }
}

/// Runs the program to its end, without a sandbox.
pub(crate) async fn run(folder: &Folder, arguments: &[&str]) -> Ended {
    start(PROGRAM, &folder.0, arguments).ends().await
}

/// A sandbox and a folder.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: Folder,
    pub(crate) address: String,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let address = sandbox.address(sandbox.home()).to_string();
        Self { sandbox, folder: Folder::new(), address }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let sandbox = ["--sandbox", &*self.address];
        let arguments: Vec<&str> = arguments.iter().copied().chain(sandbox).collect();
        start(PROGRAM, &self.folder.0, &arguments)
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).ends().await
    }

    /// A login whose code, and what follows it, is typed.
    pub(crate) async fn log_in(&self, arguments: &[&str], then: &[&str]) -> Ended {
        let phone = ["login", "--phone", PHONE];
        let login: Vec<&str> = phone.iter().chain(arguments).copied().collect();
        let known = self.codes();
        let mut login = self.start(&login);
        login.types(&self.new_code(&known).await).await;
        for line in then {
            login.types(line).await;
        }
        login.ends().await
    }

    /// By what the codes are known that were sent.
    pub(crate) fn codes(&self) -> BTreeSet<String> {
        self.sandbox.world().codes().map(|(hash, ..)| hash.to_owned()).collect()
    }

    /// Waits for a code that is none of these.
    pub(crate) async fn new_code(&self, known: &BTreeSet<String>) -> String {
        let new = |world: &World| {
            let (.., code) = world.codes().find(|(hash, ..)| !known.contains(*hash))?;
            Some(code.to_owned())
        };
        self.sandbox.until(PATIENCE, new).await.expect("no code is sent")
    }

    /// Alice, who has logged in.
    pub(crate) async fn with_alice() -> Self {
        let stage = Self::new().await;
        stage.sandbox.user_with_phone("Alice", PHONE).await;
        stage.log_in(&[], &[]).await.well();
        stage
    }

    /// The session, byte by byte.
    pub(crate) fn session(&self) -> Vec<u8> {
        fs::read(self.folder.path("sandbox.session")).unwrap()
    }

    /// Alice's login is as good as it was.
    pub(crate) async fn alice_is_logged_in(&self) {
        assert!(self.run(&["whoami"]).await.well().starts_with("Alice, user "));
    }
}
