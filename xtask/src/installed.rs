//! Other people's clients, installed under `target/` from lists of pinned versions.

#![allow(clippy::print_stdout, reason = "it takes a while, and says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository, and the folder that all is built and installed in, by their whole paths.
pub(crate) fn root_and_target() -> Result<(PathBuf, PathBuf), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().map_err(|error| at(&root, &error))?;
    let chosen = std::env::var_os("CARGO_TARGET_DIR");
    let target = chosen.map_or_else(|| root.join("target"), |folder| root.join(folder));
    Ok((root, target))
}

/// A virtual environment with what `requirements` lists and nothing else.
pub(crate) fn python(requirements: &Path, venv: &Path, caches: &Path) -> Result<(), String> {
    let check = "import sys; print(sys.version); sys.exit(sys.version_info < (3, 11))";
    let version = succeed(Command::new("python3").args(["-c", check]))
        .map_err(|error| format!("CPython 3.11 or newer is needed: {error}"))?;
    once(venv, &[requirements], &version, || {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
        succeed(
            Command::new(venv.join("bin/python"))
                .env("PIP_CACHE_DIR", caches.join("pip"))
                // Its note of when it last looked for a newer pip goes to the user's own folder.
                .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
                .args(["-m", "pip", "install", "--no-deps", "--requirement"])
                .arg(requirements),
        )
    })
}

/// A folder `node` with what `package-lock.json` in `lists` lists, and the scripts of `scripts`: Node.js
/// looks for packages only from a script's own folder upwards.
pub(crate) fn node(lists: &Path, scripts: &Path, node: &Path, caches: &Path) -> Result<(), String> {
    let version = succeed(Command::new("node").arg("--version"))
        .map_err(|error| format!("Node.js 20 is needed: {error}"))?;
    let listing = ["package.json", "package-lock.json", ".npmrc"];
    let listing = listing.map(|name| lists.join(name));
    once(node, &listing.each_ref().map(PathBuf::as_path), &version, || {
        create(node)?;
        copy(&listing, node)?;
        let cache = caches.join("npm");
        succeed(Command::new("npm").args(["ci", "--cache"]).arg(cache).current_dir(node))
    })?;
    let files = fs::read_dir(scripts).map_err(|error| at(scripts, &error))?;
    let scripts: Vec<PathBuf> = files
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "mjs"))
        .collect();
    copy(&scripts, node)
}

/// Installs into `folder`, unless it holds already what these `files` and this `version` of the
/// installer gave.
fn once(
    folder: &Path,
    files: &[&Path],
    version: &str,
    install: impl FnOnce() -> Result<String, String>,
) -> Result<(), String> {
    let mut wanted = version.to_owned();
    for file in files {
        wanted += &read(file)?;
    }
    let stamp = folder.join("installed-from");
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    println!("installing into {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| at(folder, &error))?;
    }
    install()?;
    fs::write(&stamp, wanted).map_err(|error| at(&stamp, &error))
}

/// Runs a command to its end and returns its stdout; an error carries what it wrote to stderr.
fn succeed(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}\n{}", output.status, said.trim()))
}

pub(crate) fn create(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| at(folder, &error))
}

pub(crate) fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| at(file, &error))
}

fn copy(files: &[PathBuf], folder: &Path) -> Result<(), String> {
    for file in files {
        let to = folder.join(file.file_name().unwrap_or_default());
        fs::copy(file, to).map_err(|error| at(file, &error))?;
    }
    Ok(())
}

pub(crate) fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
