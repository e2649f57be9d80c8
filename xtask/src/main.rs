//! The project's own commands. `cargo xtask ci` is all that CI runs.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program's output")]

mod bench;
mod ci;
mod command;
mod fence;
mod fuzz;
mod installed;
mod interop;
mod large;
mod schema;
mod server;
mod sim;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold before a change lands.
    Ci {
        /// Seconds for each fuzz target.
        #[arg(long, default_value_t = 10)]
        fuzz_seconds: u64,
        /// Run only the steps whose names contain this.
        #[arg(long)]
        only: Option<String>,
    },
    /// The rules of the house that no compiler knows: who may depend on whom, and the like.
    Fence,
    /// The generated types with each feature alone, all together, and from an older layer.
    Schema,
    /// Other people's clients against the sandbox.
    Interop {
        /// Run only the rows whose `client/scenario/framing` contains this.
        filter: Option<String>,
    },
    /// Coverage-guided fuzzing.
    Fuzz {
        /// Seconds for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Run only this target.
        target: Option<String>,
    },
    /// A file there and back in a client of little memory, as large as it is told.
    Large {
        /// So many MiB.
        #[arg(long, default_value_t = large::MIB)]
        mib: u64,
    },
    /// Client and server over a simulated link, with faults of every kind, from many seeds.
    Sim(sim::Arguments),
    /// Measurements against the crates of others.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let result = command::enter_root().and_then(|()| match Arguments::parse().task {
        Task::Ci { fuzz_seconds, only } => ci::run(fuzz_seconds, only.as_deref()),
        Task::Fence => fence::run(),
        Task::Schema => schema::run(),
        Task::Interop { filter } => interop::run(filter.as_deref()),
        Task::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
        Task::Large { mib } => large::run(mib),
        Task::Sim(arguments) => sim::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_do_not_contradict_each_other() {
        super::Arguments::command().debug_assert();
    }
}
