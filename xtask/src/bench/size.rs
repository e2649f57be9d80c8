//! How large a small program becomes: the stripped release binary of a bot that echoes, with
//! layer-client and with grammers-client.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{cargo, run as command};

/// Link-time optimisation, as a profile says it, and ours as a part of theirs, at most.
const ROWS: [(&str, &str, Option<f64>); 2] =
    [("LTO fat", "\"fat\"", Some(1.0)), ("default", "false", None)];

const OURS: Program = Program {
    name: "echo-layer",
    source: include_str!("../../../benches/echo/layer.rs"),
    dependencies: "layer-client = { path = \"../../../layer-client\" }\n",
};

const THEIRS: Program = Program {
    name: "echo-grammers",
    source: include_str!("../../../benches/echo/grammers.rs"),
    dependencies: "grammers-client = \"=0.11.0\"\n\
                   grammers-mtsender = \"=0.11.0\"\n\
                   grammers-session = { version = \"=0.11.0\", default-features = false }\n",
};

struct Program {
    name: &'static str,
    source: &'static str,
    dependencies: &'static str,
}

pub(crate) fn run(check: bool) -> Result<(), String> {
    let place =
        std::env::current_dir().map_err(|error| error.to_string())?.join("target/bench-size");
    write(
        &place.join("Cargo.toml"),
        &format!(
            "[workspace]\nresolver = \"3\"\nmembers = [\"{}\", \"{}\"]\n",
            OURS.name, THEIRS.name
        ),
    )?;
    for program in [OURS, THEIRS] {
        program.write(&place)?;
    }
    println!("bytes of a bot that echoes, stripped release binary\n");
    println!("{:<10}{:>16}{:>20}{:>8}{:>8}", "", "layer-client", "grammers-client", "ratio", "aim");
    let (mut aims, mut missed) = (0, 0);
    for (name, lto, aim) in ROWS {
        let (ours, theirs) = (OURS.build(&place, lto)?, THEIRS.build(&place, lto)?);
        let ratio = ours as f64 / theirs as f64;
        let shown = aim.map_or_else(|| "–".to_owned(), |aim| format!("≤ {aim}"));
        let misses = aim.is_some_and(|aim| ratio > aim);
        let mark = if misses { "  missed" } else { "" };
        println!("{name:<10}{ours:>16}{theirs:>20}{ratio:>8.2}{shown:>8}{mark}");
        aims += usize::from(aim.is_some());
        missed += usize::from(misses);
    }
    println!("\n{} of {aims} rows reach their aim", aims - missed);
    if check && missed > 0 { Err(format!("{missed} rows miss their aim")) } else { Ok(()) }
}

impl Program {
    fn write(&self, place: &Path) -> Result<(), String> {
        let package = place.join(self.name);
        write(
            &package.join("Cargo.toml"),
            &format!(
                "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
                 [dependencies]\n{}\
                 tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n",
                self.name, self.dependencies
            ),
        )?;
        write(&package.join("src/main.rs"), self.source)
    }

    /// Builds it and gives its length.
    fn build(&self, place: &Path, lto: &str) -> Result<u64, String> {
        let lto = format!("profile.release.lto={lto}");
        let arguments = ["build", "--release", "--quiet", "-p", self.name];
        let profile = ["--config", "profile.release.strip=true", "--config", &lto];
        let target = place.join("target");
        command(
            cargo(arguments.into_iter().chain(profile))
                .current_dir(place)
                .env("CARGO_TARGET_DIR", &target),
        )?;
        let binary: PathBuf = target.join("release").join(self.name);
        let binary = binary.with_extension(std::env::consts::EXE_EXTENSION);
        let shown = binary.display();
        Ok(fs::metadata(&binary).map_err(|error| format!("{shown}: {error}"))?.len())
    }
}

/// Writes what isn't there already, so that nothing is built again for it.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let shown = path.display();
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    fs::write(path, text).map_err(|error| format!("{shown}: {error}"))
}
