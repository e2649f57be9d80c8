//! `cargo xtask ci`: everything that must hold before a change lands, cheapest first.

use std::time::Instant;

use crate::command::{cargo, run as command};
use crate::{bench, fence, fuzz, interop, large, schema, sim};

type Step<'a> = (&'a str, Box<dyn Fn() -> Result<(), String> + 'a>);

/// Runs the steps whose names contain `only`, stops at the first that fails, and prints the times.
pub(crate) fn run(fuzz_seconds: u64, only: Option<&str>) -> Result<(), String> {
    let started = Instant::now();
    let mut times = Vec::new();
    for (name, step) in steps(fuzz_seconds) {
        if only.is_some_and(|only| !name.contains(only)) {
            continue;
        }
        println!("── {name}");
        let step_started = Instant::now();
        step().map_err(|error| format!("{name}: {error}"))?;
        times.push((name, step_started.elapsed()));
    }
    println!("── all green");
    for (name, time) in times {
        println!("{:>7.1} s  {name}", time.as_secs_f64());
    }
    println!("{:>7.1} s  in all", started.elapsed().as_secs_f64());
    Ok(())
}

fn steps<'a>(fuzz_seconds: u64) -> Vec<Step<'a>> {
    let cargo_step = |arguments: &'a str| -> Box<dyn Fn() -> Result<(), String> + 'a> {
        Box::new(move || command(&mut cargo(arguments.split(' '))))
    };
    vec![
        ("fences", Box::new(fence::run)),
        ("format", cargo_step("fmt --all --check")),
        ("format of fuzz", cargo_step("fmt --manifest-path fuzz/Cargo.toml --check")),
        // What the README promises, word for word.
        ("tests", cargo_step("test --workspace")),
        (
            "tests with all features",
            cargo_step("test --workspace --all-features --lib --bins --tests"),
        ),
        ("clippy", cargo_step("clippy --workspace --all-targets --all-features -- -D warnings")),
        ("benches", Box::new(bench::compiles)),
        ("documentation", Box::new(documentation)),
        ("first contact", cargo_step("run -p layer-connect -- --loopback")),
        ("tour", cargo_step("run")),
        ("schema", Box::new(schema::run)),
        ("large file", Box::new(|| large::run(large::MIB))),
        ("simulation", Box::new(|| sim::run(&sim::Arguments::for_ci()))),
        ("interop", Box::new(|| interop::run(None))),
        ("fuzz smoke", Box::new(move || fuzz::run(fuzz_seconds, None))),
    ]
}

fn documentation() -> Result<(), String> {
    let mut doc = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    command(doc.env("RUSTDOCFLAGS", "-D warnings"))
}
