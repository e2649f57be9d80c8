//! A Telegram server on a loopback port, until its standard input is closed.
//!
//! It prints where it is and what a client has to know of it, then `ready`. Commands that drive it
//! are read from standard input, and from a second port if one is asked for.
#![allow(clippy::print_stdout, reason = "what it prints is how it is found")]
#![allow(clippy::disallowed_methods, reason = "this is the edge")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use getrandom::SysRng;
use layer_sandbox::listen::{COMMANDS, Clock, ListenError};
use layer_sandbox::{Listener, Settings};
use rand_core::TryRng;

/// A Telegram server for tests, on a loopback port. Serves until standard input is closed.
///
/// Prints `address`, `key`, `fingerprint` and `proxy-secret`, one to a line, then `ready`. It takes plain
/// and obfuscated connections of any framing, and those of an MTProxy with that secret. After `ready` each
/// line of standard input is a command, and answered by one line: `ok` and what it tells, or `error` and why.
#[derive(Parser)]
#[command(version, after_help = format!("Commands:\n{COMMANDS}"))]
struct Arguments {
    /// Where to listen: a loopback address; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// Where to write the server's RSA public key (PKCS#1 PEM) [default: a file in the temporary folder]
    #[arg(long)]
    key_out: Option<PathBuf>,
    /// The secret of the MTProxy, 32 hexadecimal digits [default: random]
    #[arg(long)]
    proxy_secret: Option<String>,
    /// The data centre that this is for clients that name none.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i32).range(1..10_000))]
    dc: i32,
    /// A second loopback address, at which commands are taken too; it is printed as `control`. Whoever can
    /// reach it commands the server.
    #[arg(long)]
    control: Option<String>,
    /// Lets the server's time begin at this unix time and stand still until it is advanced [default: the
    /// system's time, which flows]
    #[arg(long)]
    time_stands_at: Option<u32>,
}

/// The longest line that is read for a command, in bytes.
const LONGEST_COMMAND: u64 = 4096;

fn main() -> ExitCode {
    match serve(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("layer-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let secret = match &arguments.proxy_secret {
        Some(text) => read_secret(text).ok_or("--proxy-secret: expected 32 hexadecimal digits")?,
        None => {
            let mut secret = [0; 16];
            SysRng.try_fill_bytes(&mut secret)?;
            secret
        }
    };
    let settings =
        Settings { dc: arguments.dc, secrets: vec![secret.into()], ..Settings::default() };
    let key = settings.terms.key.public().clone();
    let clock = match arguments.time_stands_at {
        Some(seconds) => Clock::standing(Duration::from_secs(seconds.into())),
        None => Clock::system(),
    };
    let server = Arc::new(Listener::bind_at(arguments.listen.as_str(), settings, clock)?);
    let control = arguments.control.as_deref().map(|address| listen_for_commands(address, &server));
    let control = control.transpose()?;

    let path = arguments.key_out.clone().unwrap_or_else(|| {
        let name = format!("layer-sandbox-{}.pem", std::process::id());
        std::env::temp_dir().join(name)
    });
    std::fs::write(&path, key.to_pem()).map_err(|error| format!("{}: {error}", path.display()))?;

    let mut out = io::stdout().lock();
    writeln!(out, "address {}", server.address())?;
    writeln!(out, "key {}", path.display())?;
    writeln!(out, "fingerprint {:016x}", key.fingerprint())?;
    writeln!(out, "proxy-secret {:032x}", u128::from_be_bytes(secret))?;
    if let Some(address) = control {
        writeln!(out, "control {address}")?;
    }
    writeln!(out, "ready")?;
    out.flush()?;
    drop(out);

    obey(&server, io::stdin().lock(), io::stdout())?;
    if arguments.key_out.is_none() {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Takes commands on a port, from one connection at a time, as long as the program runs.
fn listen_for_commands(
    address: &str,
    server: &Arc<Listener>,
) -> Result<SocketAddr, Box<dyn std::error::Error>> {
    let address: SocketAddr = address.parse().map_err(|error| format!("--control: {error}"))?;
    if !address.ip().is_loopback() {
        return Err(ListenError::NotLoopback(address).into());
    }
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let server = server.clone();
    std::thread::Builder::new().name("sandbox control".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = stream.set_nodelay(true);
            let _ = obey(&server, BufReader::new(&stream), &stream);
        }
    })?;
    Ok(address)
}

/// Carries out commands until there are no more, whether or not anybody reads what they tell.
fn obey(server: &Listener, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        input.by_ref().take(LONGEST_COMMAND).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let answer = match server.command(&String::from_utf8_lossy(&line)) {
            Ok(told) => format!("ok {told}"),
            Err(error) => format!("error {error}"),
        };
        let written = output.write_all(format!("{}\n", answer.trim_end()).as_bytes());
        let _ = written.and_then(|()| output.flush());
    }
}

fn read_secret(text: &str) -> Option<[u8; 16]> {
    let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    digits.then(|| u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes))?
}
