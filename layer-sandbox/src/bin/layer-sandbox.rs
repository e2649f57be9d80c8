//! A Telegram server on a loopback port, until its standard input is closed.
//!
//! It prints where it is and what a client has to know of it, then `ready`, and from then on the login
//! codes that are asked for. Commands that drive it are read from standard input, and from a second
//! port if one is asked for.
#![allow(clippy::print_stdout, reason = "what it prints is how it is found")]
#![allow(clippy::disallowed_methods, reason = "this is the edge")]

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use clap::Parser;
use getrandom::SysRng;
use layer_crypto::rsa::PublicKey;
use layer_sandbox::Sandbox;
use layer_sandbox::listen::{COMMANDS, Clock, ListenError};
use rand_core::TryRng;

/// A Telegram server for tests, on a loopback port. Serves until standard input is closed.
///
/// Prints `address`, `key`, `fingerprint` and `proxy-secret`, one to a line, what else was asked for, then
/// `ready`. It takes plain and obfuscated connections of any framing, and those of an MTProxy with that
/// secret. After `ready` each line of standard input is a command, and answered by one line: `ok` and what it
/// tells, or `error` and why. Between them stand login codes as they are asked for: `code PHONE CODE`.
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
    /// The data centre that this is for clients that name none, and where accounts are.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i32).range(1..10_000))]
    dc: i32,
    /// Data centres, as `1,2,4`, with an address and keys of their own each; they are printed as `dc ID ADDRESS`.
    /// The one of `--dc` is at `--listen` [default: one address is all of 1 to 5]
    #[arg(long, value_delimiter = ',')]
    data_centres: Vec<i32>,
    /// A user that there is; printed as `user ID PHONE NAME`. May be given several times.
    #[arg(long, value_name = "NAME:PHONE")]
    user: Vec<Pair>,
    /// A bot that there is; printed as `bot ID TOKEN NAME`. May be given several times.
    #[arg(long, value_name = "NAME:USERNAME")]
    bot: Vec<Pair>,
    /// A folder in which accounts, messages and keys are kept over runs.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// So many connections are served at a time [default: 256]
    #[arg(long)]
    most_connections: Option<usize>,
    /// A second loopback address, at which commands are taken too; it is printed as `control`. Whoever can
    /// reach it commands the server.
    #[arg(long)]
    control: Option<String>,
    /// Lets the server's time begin at this unix time and stand still until it is advanced [default: the
    /// system's time, which flows]
    #[arg(long)]
    time_stands_at: Option<u32>,
}

/// Two words with a colon between.
#[derive(Clone, Debug)]
struct Pair(String, String);

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pair =
            text.rsplit_once(':').filter(|(one, other)| !one.is_empty() && !other.is_empty());
        let (one, other) = pair.ok_or("expected two words with a colon between")?;
        Ok(Self(one.to_owned(), other.to_owned()))
    }
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
    let clock = match arguments.time_stands_at {
        Some(seconds) => Clock::standing(Duration::from_secs(seconds.into())),
        None => Clock::system(),
    };
    let server = Arc::new(start(arguments, secret, clock)?);
    let key = PublicKey::from_pem(&server.public_key_pem())?;
    let control = arguments.control.as_deref().map(|address| listen_for_commands(address, &server));
    let control = control.transpose()?;

    let path = arguments.key_out.clone().unwrap_or_else(|| {
        let name = format!("layer-sandbox-{}.pem", std::process::id());
        std::env::temp_dir().join(name)
    });
    std::fs::write(&path, key.to_pem()).map_err(|error| format!("{}: {error}", path.display()))?;

    let mut out = io::stdout().lock();
    writeln!(out, "address {}", server.address(server.home()))?;
    writeln!(out, "key {}", path.display())?;
    writeln!(out, "fingerprint {:016x}", key.fingerprint())?;
    writeln!(out, "proxy-secret {:032x}", u128::from_be_bytes(secret))?;
    if let Some(address) = control {
        writeln!(out, "control {address}")?;
    }
    for dc in &arguments.data_centres {
        writeln!(out, "dc {dc} {}", server.address(*dc))?;
    }
    add_people(arguments, &server, &mut out)?;
    writeln!(out, "ready")?;
    out.flush()?;
    drop(out);
    let codes = thread::Builder::new().name("sandbox codes".into());
    let codes = codes.spawn({
        let server = server.clone();
        move || tell_codes(&server)
    })?;

    let obeyed = obey(&server, io::stdin().lock(), io::stdout());
    let stopped = server.stop();
    let _ = codes.join();
    obeyed?;
    stopped?;
    if arguments.key_out.is_none() {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

fn start(
    arguments: &Arguments,
    secret: [u8; 16],
    clock: Clock,
) -> Result<Sandbox, Box<dyn std::error::Error>> {
    let Arguments { listen, dc, data_centres, most_connections, folder, .. } = arguments;
    let address = listen.to_socket_addrs()?.next().ok_or("--listen: no such address")?;
    let builder = Sandbox::builder().home(*dc).address(*dc, address).clock(clock);
    let builder = builder.proxy_secret(secret.into());
    let builder = match most_connections {
        Some(most) => builder.most_connections(*most),
        None => builder,
    };
    let builder = match folder {
        Some(folder) => builder.folder(folder),
        None => builder,
    };
    let builder = if data_centres.is_empty() {
        builder.together()
    } else {
        builder.data_centres(data_centres.iter().copied())
    };
    Ok(block_on(builder.start())?)
}

/// Puts in the people and bots who are asked for and not there yet, and tells of them.
fn add_people(
    arguments: &Arguments,
    server: &Sandbox,
    out: &mut impl Write,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut world = server.world();
    for Pair(name, phone) in &arguments.user {
        let known = world.accounts.by_phone(phone).map(|user| user.id);
        let id = known.unwrap_or_else(|| world.add_user(name, phone));
        writeln!(out, "user {id} {phone} {name}")?;
    }
    for Pair(name, username) in &arguments.bot {
        let known = world.accounts.by_username(username);
        let known = known.and_then(|user| Some((user.id, user.bot.as_ref()?.token.clone())));
        let (id, token) = known.unwrap_or_else(|| world.add_bot(name, username));
        writeln!(out, "bot {id} {token} {name}")?;
    }
    Ok(())
}

/// Prints login codes as they are asked for, as long as somebody reads them.
fn tell_codes(server: &Sandbox) {
    let mut told = BTreeSet::new();
    loop {
        let new = |world: &layer_sandbox::World| {
            let mut new = world.codes().filter(|(hash, ..)| !told.contains(*hash));
            new.next().map(|(hash, phone, code)| (hash.to_owned(), format!("code {phone} {code}")))
        };
        let Some((hash, line)) = block_on(server.until(Duration::MAX, new)) else { return };
        let world = server.world();
        told.retain(|told| world.codes().any(|(known, ..)| known == told));
        drop(world);
        told.insert(hash);
        if writeln!(io::stdout(), "{line}").is_err() {
            return;
        }
    }
}

/// Waits on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Parked(Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

/// Takes commands on a port, from one connection at a time, as long as the program runs.
fn listen_for_commands(
    address: &str,
    server: &Arc<Sandbox>,
) -> Result<SocketAddr, Box<dyn std::error::Error>> {
    let address: SocketAddr = address.parse().map_err(|error| format!("--control: {error}"))?;
    if !address.ip().is_loopback() {
        return Err(ListenError::NotLoopback(address).into());
    }
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let server = server.clone();
    thread::Builder::new().name("sandbox control".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = stream.set_nodelay(true);
            let _ = obey(&server, BufReader::new(&stream), &stream);
        }
    })?;
    Ok(address)
}

/// Carries out commands until there are no more, whether or not anybody reads what they tell.
fn obey(server: &Sandbox, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
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
