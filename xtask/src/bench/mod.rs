//! Measurements against the crates of others: ratios of medians from interleaved runs.

mod compile;
mod net;
mod size;
mod table;

use crate::command::{cargo, run as command};
use crate::installed;

/// What is measured, and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Parts of the table: crypto, exchange, gzip, tl, calls. All of them if none is named.
    #[arg(conflicts_with_all = ["compile", "size", "net"])]
    parts: Vec<String>,
    /// What the generated types cost to compile, instead of the table.
    #[arg(long, conflicts_with = "net")]
    compile: bool,
    /// How large a small program becomes, instead of the table.
    #[arg(long, conflicts_with_all = ["compile", "net"])]
    size: bool,
    /// Whole clients over loopback, instead of the table.
    #[arg(long)]
    net: bool,
    /// Instructions in place of times, counted by valgrind, for the rows of which that can be said.
    #[arg(long, conflicts_with_all = ["compile", "size", "net"])]
    instructions: bool,
    /// How many times each thing is compiled, or each client measured, in turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Fail if a row misses its aim.
    #[arg(long)]
    check: bool,
}

/// Whether the measurements, which are workspaces of their own, are formatted and compile.
pub(crate) fn compiles() -> Result<(), String> {
    let (root, target) = installed::root_and_target()?;
    for folder in ["benches", "benches/net"] {
        let manifest = root.join(folder).join("Cargo.toml");
        for subcommand in [["fmt", "--check"], ["check", "--locked"]] {
            let mut cargo = cargo(subcommand);
            let cargo = cargo.arg("--manifest-path").arg(&manifest);
            command(cargo.env("CARGO_TARGET_DIR", target.join("benches")))?;
        }
    }
    Ok(())
}

/// Measures and prints; with `check` it fails if an aim is missed.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    if arguments.compile {
        compile::run(arguments.rounds, arguments.check)
    } else if arguments.size {
        size::run(arguments.check)
    } else if arguments.net {
        net::run(arguments.rounds, arguments.check)
    } else {
        table::run(&arguments.parts, arguments.instructions, arguments.check)
    }
}
