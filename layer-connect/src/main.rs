//! Agrees a key with a Telegram server over a blocking socket, asks it for `help.getConfig`, and
//! prints each step with the time it took. No async runtime, no account.
//!
//! `layer-connect --loopback` brings its own server.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

mod arguments;
mod clock;
mod driver;
mod failure;
mod link;
mod steps;

use std::process::ExitCode;

use clap::Parser;
use layer_sandbox::{Listener, Settings};

use arguments::Arguments;
use driver::Driver;
use failure::Failure;
use link::Link;
use steps::Steps;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("layer-connect: {failure}; {}", failure.advice());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    // The server runs as long as this lives.
    let loopback = if arguments.loopback {
        let settings = Settings { dc: arguments.own_dc(), ..Settings::default() };
        Some(Listener::bind("127.0.0.1:0", settings)?)
    } else {
        None
    };
    let (address, own_key) = match (&loopback, &arguments.addr) {
        (Some(server), _) => {
            let key = server.world().settings.terms.key.public().clone();
            (server.address().to_string(), Some(key))
        }
        (None, Some(address)) => (address.clone(), None),
        (None, None) => return Err(Failure::NoServer),
    };
    let config = arguments.connection(own_key)?;
    let timeout = arguments.timeout();

    let mut steps = Steps::begin();
    let link = Link::connect(&address, timeout)?;
    steps.done("connect", &format!("{address}, {}", arguments.transport));
    Driver::new(link, config, timeout, steps).run()
}
