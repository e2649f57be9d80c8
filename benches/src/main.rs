//! Measurements against the crates of others, in one table. Run it by `cargo xtask bench`.
//!
//! Without a part's name it measures all of them. With `--calls-of NAME SIDE N` it makes N calls of
//! one side of one row and nothing else, for callgrind.
#![deny(unsafe_code)]

mod allocations;
mod call;
mod crypto;
mod table;
mod tl;

use std::process::ExitCode;

use table::{Line, Table};

/// A part of the table: its name, and what gives its lines.
type Part = (&'static str, fn() -> Vec<Line>);

const PARTS: [Part; 3] = [("crypto", crypto::lines), ("tl", tl::lines), ("calls", calls)];

fn calls() -> Vec<Line> {
    call::rows().into_iter().map(Line::from).collect()
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["--calls-of", name, side, calls] => return only(name, side, calls),
        _ => {}
    }
    let (options, names): (Vec<&str>, Vec<&str>) =
        arguments.into_iter().partition(|argument| argument.starts_with("--"));
    let is_part = |name: &&str| PARTS.iter().any(|(part, _)| part == name);
    if !options.iter().all(|option| *option == "--check") || !names.iter().all(is_part) {
        eprintln!("usage: layer-benches [crypto] [tl] [calls] [--check]");
        eprintln!("       layer-benches --calls-of ROW ours|theirs CALLS");
        return ExitCode::FAILURE;
    }
    let mut table = Table::begin();
    for (name, lines) in PARTS {
        if names.is_empty() || names.contains(&name) {
            lines().into_iter().for_each(|line| table.measure(line));
        }
    }
    let missed = table.end();
    if !options.is_empty() && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn only(name: &str, side: &str, calls: &str) -> ExitCode {
    let mut rows = PARTS.iter().flat_map(|(_, lines)| lines()).filter_map(|line| match line {
        Line::Row(row) if row.name == name => Some(row),
        _ => None,
    });
    let (Some(mut row), Ok(calls)) = (rows.next(), calls.parse::<usize>()) else {
        eprintln!("no such row, or no number");
        return ExitCode::FAILURE;
    };
    let call = if side == "ours" { &mut row.ours } else { &mut row.theirs };
    (0..calls).for_each(|_| call());
    ExitCode::SUCCESS
}
