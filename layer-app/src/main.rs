//! `layer`: Telegram on the command line. Without a command it shows the library at work, on a
//! Telegram of its own in the same process.
//!
//! `arguments` is what can be said, `account` makes a client of it, each command has its file, and
//! `failure` says what to do when something goes wrong.
#![forbid(unsafe_code)]

mod account;
mod arguments;
mod bar;
mod chats;
mod download;
mod examples;
mod failure;
mod history;
mod input;
mod listen;
mod login;
mod offered;
mod output;
mod proxy;
mod sandbox;
mod send;
mod signals;
mod tour;

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;

use arguments::{Arguments, Command};
use failure::Failure;
use output::note;

/// As a shell names the end of a program that wrote to a closed pipe.
const BROKEN_PIPE: u8 = 128 + 13;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = Runtime::new().map_err(Failure::Runtime).and_then(|runtime| {
        let ended = runtime.block_on(run(arguments));
        // A pipe that says nothing can't be left off reading: nobody waits for it.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::from(BROKEN_PIPE),
        Err(failure) => {
            note(format_args!("layer: {failure}"));
            if let Some(advice) = failure.advice() {
                note(format_args!("       {advice}"));
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, json } = arguments;
    match command.unwrap_or_default() {
        Command::Tour(tour) => tour::run(&tour, json).await,
        Command::Sandbox(sandbox) => sandbox::run(&sandbox, json).await,
        Command::Login(login) => login::login(&login, json).await,
        Command::Logout(account) => login::logout(&account, json).await,
        Command::Whoami(account) => login::whoami(&account, json).await,
        Command::Send(send) => send::run(&send, json).await,
        Command::Download(download) => download::run(&download, json).await,
        Command::History(history) => history::run(&history, json).await,
        Command::Chats(chats) => chats::run(&chats, json).await,
        Command::Listen(listen) => listen::run(&listen, json).await,
    }
}
