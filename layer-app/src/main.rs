//! `layer`: Telegram on the command line. Without a command it shows the library at work, on a
//! Telegram of its own in the same process.
//!
//! `arguments` is what can be said, `account` makes a client of it, each command has its file, and
//! `failure` says what to do when something goes wrong.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

mod account;
mod arguments;
mod chats;
mod failure;
mod history;
mod listen;
mod login;
mod output;
mod sandbox;
mod send;
mod tour;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("layer: {failure}");
            if let Some(advice) = failure.advice() {
                eprintln!("       {advice}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, account, json } = arguments;
    match command.unwrap_or_default() {
        Command::Tour(tour) => tour::run(&tour).await,
        Command::Sandbox(sandbox) => sandbox::run(sandbox).await,
        Command::Login(login) => login::login(&account, &login, json).await,
        Command::Logout => login::logout(&account, json).await,
        Command::Whoami => login::whoami(&account, json).await,
        Command::Send(send) => send::run(&account, &send, json).await,
        Command::History(history) => history::run(&account, &history, json).await,
        Command::Chats(chats) => chats::run(&account, &chats, json).await,
        Command::Listen(listen) => listen::run(&account, &listen, json).await,
    }
}
