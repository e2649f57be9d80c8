//! A Telegram server on a loopback port, until its standard input is closed.
//!
//! It prints where it is and what a client has to know of it, then `ready`.
#![allow(clippy::print_stdout, reason = "what it prints is how it is found")]

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use getrandom::SysRng;
use layer_sandbox::{Listener, Settings};
use rand_core::TryRng;

/// A Telegram server for tests, on a loopback port. Serves until standard input is closed.
///
/// Prints `address`, `key`, `fingerprint` and `proxy-secret`, one to a line, then `ready`. It takes plain
/// and obfuscated connections of any framing, and those of an MTProxy with that secret.
#[derive(Parser)]
#[command(version)]
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
}

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
    let server = Listener::bind(arguments.listen.as_str(), settings)?;

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
    writeln!(out, "ready")?;
    out.flush()?;
    drop(out);

    let mut ignored = [0; 1024];
    while io::stdin().read(&mut ignored)? > 0 {}
    drop(server);
    if arguments.key_out.is_none() {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

fn read_secret(text: &str) -> Option<[u8; 16]> {
    let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    digits.then(|| u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes))?
}
