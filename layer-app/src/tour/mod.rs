//! The tour: a Telegram in this process, and people and a bot that log in and talk over real MTProto on
//! real sockets, and send files, while things go wrong.

mod cargo;
mod cast;
mod scenes;
mod steps;

use layer_client::{InvocationError, SignInError};
use layer_sandbox::Sandbox;
use layer_sandbox::actors::ActorError;

use crate::arguments::Tour;
use crate::failure::Failure;
use steps::Steps;

/// Why a step fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Invocation(#[from] InvocationError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Actor(#[from] ActorError),
    #[error("no folder for the file: {0}")]
    Folder(#[from] std::io::Error),
    #[error("{0}")]
    Unexpected(String),
}

impl Trouble {
    /// Something is not as it must be.
    fn unless(holds: bool, what: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Unexpected(what())) }
    }
}

/// The names of the steps that can be broken.
const STEPS: [&str; 12] =
    [KEY, CODE, PASSWORD, BOT, ECHO, BUTTON, EDIT, GROUP, CUT, MISSED, FILE, OUT];
const KEY: &str = "a key is agreed";
const CODE: &str = "Alice logs in by code";
const PASSWORD: &str = "her password is asked for too";
const BOT: &str = "a bot signs in";
const ECHO: &str = "it echoes what she says";
const BUTTON: &str = "it answers a button";
const EDIT: &str = "messages are edited and deleted";
const GROUP: &str = "three talk in a supergroup";
const CUT: &str = "links are cut and heal";
const MISSED: &str = "missed updates are caught up";
const FILE: &str = "64 MiB go up and down";
const OUT: &str = "everybody logs out";

/// Runs all steps.
///
/// # Errors
/// The step that fails, by its name.
pub(crate) async fn run(tour: &Tour, json: bool) -> Result<(), Failure> {
    let fault = tour.fault.as_deref();
    if let Some(fault) = fault
        && !STEPS.contains(&fault)
    {
        let names = STEPS.map(|name| format!("  {name}")).join("\n");
        return Err(Failure::Usage(format!("there is no step {fault:?}; there are\n{names}")));
    }
    let sandbox = Sandbox::start().await?;
    let mut steps = Steps::begin(&sandbox, fault, json)?;
    let stage = scenes::Stage::new(&sandbox);

    let mut alice = steps.run(KEY, stage.agrees_on_a_key()).await?;
    let password = steps.run(CODE, stage.logs_in_by_code(&alice)).await?;
    steps.run(PASSWORD, stage.gives_her_password(&alice, password)).await?;
    let mut bot = steps.run(BOT, stage.bot_signs_in()).await?;
    steps.run(ECHO, stage.bot_echoes(&mut alice, &mut bot)).await?;
    steps.run(BUTTON, stage.bot_answers_a_button(&mut alice, &mut bot)).await?;
    steps.run(EDIT, stage.edits_and_deletes(&alice, &mut bot)).await?;
    let (bob, group) = steps.run(GROUP, stage.talk_in_a_supergroup(&alice, &mut bot)).await?;
    steps.run(CUT, stage.links_are_cut(&alice, &group)).await?;
    let bob = steps.run(MISSED, stage.catches_up(&alice, bob, &group)).await?;
    steps.run(FILE, stage.a_file_goes_up_and_down(&alice, &mut bot, json)).await?;
    steps.run(OUT, stage.all_log_out([alice, bob, bot])).await?;
    steps.end()
}
