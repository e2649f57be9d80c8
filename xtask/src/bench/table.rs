//! What the program in `benches/` measures: the one table of `cargo xtask bench`.

use crate::command::{cargo, run as command};

/// Builds the measuring program and runs it in the release profile.
pub(crate) fn run(parts: &[String], instructions: bool, check: bool) -> Result<(), String> {
    let folder = std::env::current_dir().map_err(|error| error.to_string())?;
    let build = ["run", "--release", "--quiet", "--manifest-path", "benches/Cargo.toml", "--"];
    let options = instructions.then_some("--instructions").into_iter();
    let options = options.chain(check.then_some("--check"));
    let arguments = parts.iter().map(String::as_str).chain(options);
    command(
        cargo(build.into_iter().chain(arguments))
            .env("CARGO_TARGET_DIR", folder.join("target/benches")),
    )
}
