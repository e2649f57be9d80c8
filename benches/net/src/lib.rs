//! What the measured programs share: what they are told to do, and how they report it.
//!
//! A program does one scenario and prints `row`, a name, how much it did, processor seconds and seconds,
//! separated by tabs. Where something is to be pushed to it, it prints `ready` first, gets one to know the
//! sender by, prints `ready` again, and gets all.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "reports are printed")]

use std::fs;
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Any error ends the program.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Bytes of a part of a file.
pub const MIB: usize = 1 << 20;
/// How long pushed updates are waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a program is to do.
pub struct Task {
    /// `calls`, `connect`, `agree`, `updates`, `echo`, `files` or `idle`.
    pub scenario: String,
    /// Where the sandbox listens.
    pub address: SocketAddr,
    /// The server's public key in PEM.
    pub server_key: String,
    /// An authorization key under which `user` is logged in.
    pub auth_key: [u8; 256],
    /// Whose key that is.
    pub user: i64,
    /// How many calls, connections, updates, MiB or clients.
    pub count: usize,
    /// How many at the same time; how many updates may wait.
    pub width: usize,
}

impl Task {
    /// Reads the arguments: scenario, address, path of the server's key, authorization key in
    /// hexadecimal digits, user, count and width.
    ///
    /// # Errors
    /// If they are not these.
    pub fn read() -> Result<Self> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [scenario, address, server_key, auth_key, user, count, width] = arguments.as_slice()
        else {
            return Err("expected SCENARIO ADDRESS KEY-FILE AUTH-KEY USER COUNT WIDTH".into());
        };
        let digit =
            |at: usize| auth_key.get(at..at + 2).ok_or("an authorization key has 512 digits");
        let mut key = [0; 256];
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digit(2 * at)?, 16)?;
        }
        Ok(Self {
            scenario: scenario.clone(),
            address: address.parse()?,
            server_key: fs::read_to_string(server_key)?,
            auth_key: key,
            user: user.parse()?,
            count: count.parse()?,
            width: width.parse()?,
        })
    }

    /// So many calls for each of those at the same time.
    pub fn calls_each(&self) -> usize {
        self.count / self.width.max(1)
    }
}

/// Measures from when it is made.
pub struct Meter {
    cpu: Duration,
    wall: Instant,
}

impl Meter {
    /// Begins.
    pub fn start() -> Self {
        Self { cpu: cpu(), wall: Instant::now() }
    }

    /// Seconds of processor time and of time.
    pub fn seconds(&self) -> (f64, f64) {
        ((cpu() - self.cpu).as_secs_f64(), self.wall.elapsed().as_secs_f64())
    }

    /// Prints a row.
    pub fn report(&self, name: &str, amount: usize) {
        let (cpu, wall) = self.seconds();
        report(name, amount, cpu, wall);
    }
}

/// Prints a row.
pub fn report(name: &str, amount: usize, cpu: f64, wall: f64) {
    say(&format!("row\t{name}\t{amount}\t{cpu:.6}\t{wall:.6}"));
}

/// Says that updates may come.
pub fn ready() {
    say("ready");
}

fn say(line: &str) {
    println!("{line}");
    // If nobody reads, nobody wants to know.
    let _ = stdout().flush();
}

/// What processor time this process has taken.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Bytes of memory that are this process's alone.
///
/// # Errors
/// Where the system does not tell.
pub fn private_memory() -> Result<usize> {
    let text = fs::read_to_string("/proc/self/smaps_rollup")?;
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    let kib = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    Ok(kib.sum::<usize>() << 10)
}

/// Bytes that can't be packed, the same in each run.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..len.div_ceil(8)).flat_map(|_| next().to_le_bytes()).take(len).collect()
}
