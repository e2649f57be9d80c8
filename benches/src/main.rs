//! Measurements against the crates of others, in one table. Run it by `cargo xtask bench`.
//!
//! Without a part's name it measures all of them. `--instructions` counts instead of measuring. With
//! `--calls-of PART ROW SIDE N` it makes N calls of one side of one row and nothing else.
#![deny(unsafe_code)]

mod allocations;
mod call;
mod crypto;
mod exchange;
mod gzip;
mod instructions;
mod table;
mod tl;

use std::process::ExitCode;

use table::{Line, Table};

/// A part of the table.
struct Part {
    name: &'static str,
    lines: fn() -> Vec<Line>,
    /// Whether counts of instructions tell something: whether it does the same under valgrind.
    countable: bool,
}

const PARTS: [Part; 5] = [
    Part { name: "crypto", lines: crypto::lines, countable: false },
    Part { name: "exchange", lines: exchange::lines, countable: false },
    Part { name: "gzip", lines: gzip::lines, countable: false },
    Part { name: "tl", lines: tl::lines, countable: true },
    Part { name: "calls", lines: calls, countable: false },
];

fn calls() -> Vec<Line> {
    let heading = "calls through the machines, against grammers-mtproto";
    let rows = call::rows().into_iter().map(Line::from);
    std::iter::once(Line::Heading(heading.to_owned())).chain(rows).collect()
}

fn part(name: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.name == name)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--calls-of", name, row, side, calls] = *arguments {
        let lines = part(name).map(|part| (part.lines)()).unwrap_or_default();
        return instructions::call(lines.into_iter(), row, side, calls);
    }
    let (options, names): (Vec<&str>, Vec<&str>) =
        arguments.into_iter().partition(|argument| argument.starts_with("--"));
    let known = |option: &&str| ["--check", "--instructions"].contains(option);
    if !options.iter().all(known) || names.iter().any(|name| part(name).is_none()) {
        let names = PARTS.map(|part| part.name).join("] [");
        eprintln!("usage: layer-benches [{names}] [--instructions] [--check]");
        return ExitCode::FAILURE;
    }
    let count = options.contains(&"--instructions");
    let mut table = if count { Table::of_instructions() } else { Table::of_times() };
    let is_wanted = |part: &&Part| {
        (names.is_empty() || names.contains(&part.name)) && (part.countable || !count)
    };
    for part in PARTS.iter().filter(is_wanted) {
        for line in (part.lines)() {
            if let Err(error) = table.line(part.name, line) {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let missed = table.end();
    if options.contains(&"--check") && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
