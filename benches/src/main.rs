//! Measurements against the crates of others. Run it by `cargo xtask bench`.
#![forbid(unsafe_code)]

mod call;
mod crypto;
mod table;

use std::process::ExitCode;

use table::Table;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if !has("--crypto") && !has("--calls") {
        eprintln!("usage: layer-benches [--crypto] [--calls] [--check]");
        return ExitCode::FAILURE;
    }
    let mut table = Table::begin();
    if has("--crypto") {
        crypto::rows().into_iter().for_each(|row| table.measure(row));
    }
    if has("--calls") {
        call::rows().into_iter().for_each(|rounds| table.measure_rounds(rounds));
    }
    let missed = table.end();
    if has("--check") && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
