//! What `benches/` measures: the cipher, whole messages and pq, ours against grammers-crypto.

use crate::command::{cargo, run as command};

/// Builds the measuring program and runs it in the release profile.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let folder = std::env::current_dir().map_err(|error| error.to_string())?;
    let build = ["run", "--release", "--quiet", "--manifest-path", "benches/Cargo.toml", "--"];
    let check = check.then_some("--check");
    command(
        cargo(build.into_iter().chain(["--crypto"]).chain(check))
            .env("CARGO_TARGET_DIR", folder.join("target/benches")),
    )
}
