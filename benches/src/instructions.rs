//! Instructions of one call, counted by valgrind's callgrind, which runs this program with a row's
//! name: what others do on the machine doesn't show in it. Valgrind knows neither VAES nor SHA-NI, so
//! that this is for what uses neither.

use std::process::{Command, ExitCode};

use crate::table::{Line, Row};

/// More calls than in the other run; the difference is theirs alone.
const CALLS: usize = 10;

/// What one call of each side takes.
///
/// # Errors
/// If valgrind is not there, or says something else.
pub fn of(part: &str, row: &str) -> Result<[usize; 2], String> {
    let count = |side| {
        let [few, many] = [1, 1 + CALLS].map(|calls| run(part, row, side, calls));
        Ok::<_, String>((many? - few?) / CALLS)
    };
    Ok([count("ours")?, count("theirs")?])
}

fn run(part: &str, row: &str, side: &str, calls: usize) -> Result<usize, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--calls-of", part, row, side, &calls.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    count.ok_or_else(|| format!("valgrind did not tell a count:\n{said}"))
}

/// Calls one side of a row so many times, and does nothing else.
pub fn call(mut rows: impl Iterator<Item = Line>, name: &str, side: &str, calls: &str) -> ExitCode {
    let row = rows.find_map(|line| match line {
        Line::Row(row) if row.name == name => Some(row),
        _ => None,
    });
    let (Some(Row { mut ours, mut theirs, .. }), Ok(calls)) = (row, calls.parse::<usize>()) else {
        eprintln!("no such row, or no number");
        return ExitCode::FAILURE;
    };
    let call = if side == "ours" { &mut ours } else { &mut theirs };
    (0..calls).for_each(|_| call());
    ExitCode::SUCCESS
}
