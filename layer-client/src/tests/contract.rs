//! The two programs that users were promised, as they stand, against a sandbox on loopback.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use layer_sandbox::Sandbox;
use tokio::sync::oneshot;

use crate::{Client, Config, InvocationError, ShutdownToken};

/// Where a program finds its server and keeps its session, for they name none.
#[derive(Clone)]
struct Place {
    address: String,
    key: String,
    folder: PathBuf,
    /// Gets what ends each client.
    tokens: mpsc::Sender<ShutdownToken>,
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

async fn connect(config: Config) -> Result<(Client, ShutdownToken), InvocationError> {
    let place = PLACE.with_borrow(Clone::clone).unwrap();
    let connected = Client::connect(Config {
        session_path: place.folder.join(config.session_path),
        dc_addr: Some(place.address),
        server_keys: vec![place.key],
        ..config
    });
    let (client, token) = connected.await?;
    place.tokens.send(token.clone()).unwrap();
    Ok((client, token))
}

/// Makes a module of a program, in which `Client::connect` goes to the sandbox.
macro_rules! program {
    ($name:ident, $file:literal) => {
        #[allow(clippy::all, clippy::print_stdout, reason = "a program as it was promised")]
        mod $name {
            mod layer_client {
                #[allow(unused_imports, reason = "each program takes what it needs")]
                pub(super) use crate::{Config, SignInError, update};

                pub(super) struct Client;

                impl Client {
                    pub(super) async fn connect(
                        config: Config,
                    ) -> Result<(crate::Client, crate::ShutdownToken), crate::InvocationError>
                    {
                        super::super::connect(config).await
                    }
                }
            }

            pub(super) fn run() -> Result<(), String> {
                main().map_err(|error| error.to_string())
            }

            include!($file);
        }
    };
}

program!(user, "programs/user.in");
program!(bot, "programs/bot.in");

/// A program that runs in a thread of its own.
struct Running {
    done: oneshot::Receiver<Result<(), String>>,
    tokens: mpsc::Receiver<ShutdownToken>,
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("layer-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(sandbox: &Sandbox, folder: &Folder, program: fn() -> Result<(), String>) -> Running {
    let (sender, tokens) = mpsc::channel();
    let place = Place {
        address: sandbox.address(2).to_string(),
        key: sandbox.public_key_pem(),
        folder: folder.0.clone(),
        tokens: sender,
    };
    let (sender, done) = oneshot::channel();
    std::thread::spawn(move || {
        PLACE.set(Some(place));
        // Whoever waits may have failed.
        let _ = sender.send(program());
    });
    Running { done, tokens }
}

#[tokio::test]
async fn the_program_for_a_user_logs_in_once_and_sends_each_time() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("contract-user");
    let alice = sandbox.user_with_phone("Alice", "+1234567890").await;
    sandbox.world().set_code("+1234567890", "12345");
    alice.set_password("my_2fa_password").await;
    for times in 1..=2 {
        run(&sandbox, &folder, user::run).done.await.unwrap().unwrap();
        let texts: Vec<_> = alice.history(&alice).await.into_iter().map(|m| m.text).collect();
        assert_eq!(texts, vec!["Hello from layer!"; times]);
    }
    assert_eq!(sandbox.world().accounts.logins().count(), 1, "under one key");
}

#[tokio::test]
async fn the_program_for_a_bot_echoes_and_answers_buttons_until_it_is_ended() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("contract-bot");
    let alice = sandbox.user("Alice").await;
    let echo = sandbox.bot("Echo", "echo_bot").await;
    {
        let mut world = sandbox.world();
        let bot = world.accounts.get_mut(echo.id()).unwrap().bot.as_mut().unwrap();
        bot.token = "1234567890:ABCdef...".to_owned();
    }
    let running = run(&sandbox, &folder, bot::run);
    // The config, the login, and how far its updates are: from then on it hears everything.
    let listens = sandbox.until(Duration::from_secs(20), |world| {
        (world.accounts.logins().count() == 1 && world.tally.queries >= 3).then_some(())
    });
    listens.await.unwrap();
    for text in ["/start", "a second message"] {
        alice.send(&echo, text).await.unwrap();
        assert_eq!(alice.expect_reply().await.unwrap().text, format!("Echo: {text}"));
    }
    echo.send_buttons(&alice, "Ready?", &[&[("Yes", "y")]]).await.unwrap();
    let asked = alice.expect_reply().await.unwrap();
    let answer = alice.press(&asked, "Yes").await.unwrap();
    assert_eq!(answer.message.as_deref(), Some("Done!"));
    running.tokens.recv().unwrap().cancel();
    // It may be waiting for the answer to its last call.
    let ended = running.done.await.unwrap();
    assert!(ended.is_ok() || ended == Err(InvocationError::Dropped.to_string()), "{ended:?}");
}

#[test]
fn the_readme_shows_them_as_they_stand() {
    let readme = include_str!("../../../README.md");
    for program in [include_str!("programs/user.in"), include_str!("programs/bot.in")] {
        assert!(readme.contains(program.trim_matches('\n')));
    }
}
