//! Measurements against the crates of others. Run it by `cargo xtask bench`.
#![forbid(unsafe_code)]

mod crypto;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if !has("--crypto") {
        eprintln!("usage: layer-benches --crypto [--check]");
        return ExitCode::FAILURE;
    }
    let missed = table::measure(crypto::rows());
    if has("--check") && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
