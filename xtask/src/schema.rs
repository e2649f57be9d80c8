//! The generated types in all the shapes that users may ask for: each feature alone, all together,
//! from another layer's schema by `cp` alone, and from a schema of nothing but corners.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{cargo, run as command};

const FEATURES: [&str; 8] = [
    "tl-mtproto",
    "tl-secret",
    "tl-api",
    "impl-debug",
    "impl-from-type",
    "impl-from-enum",
    "name-for-id",
    "deserializable-functions",
];

pub(crate) fn run() -> Result<(), String> {
    each_feature_alone()?;
    for layer in ["224", "227", "229"] {
        another_layer(layer)?;
    }
    corners()
}

fn each_feature_alone() -> Result<(), String> {
    // Clippy, because it can be told that a warning is an error.
    let check = |features: &str| {
        println!(
            "layer-tl-types with {}",
            if features.is_empty() { "no feature" } else { features }
        );
        let mut clippy =
            cargo(["clippy", "--quiet", "-p", "layer-tl-types", "--no-default-features"]);
        command(clippy.args(["--features", features, "--", "-D", "warnings"]))
    };
    check("")?;
    for feature in FEATURES.iter().chain(&["impl-serde"]) {
        check(feature)?;
    }
    // What works on an empty schema may fail on a full one.
    for feature in ["impl-from-type", "name-for-id", "impl-serde", "tl-secret"] {
        check(&format!("tl-api,tl-mtproto,{feature}"))?;
    }
    command(&mut cargo(["check", "--quiet", "-p", "layer-tl-types", "--all-features"]))
}

fn another_layer(layer: &str) -> Result<(), String> {
    println!("layer-tl-types from layer {layer}");
    let schema = Path::new("layer-tl-types/tl/older").join(format!("api-{layer}.tl"));
    let place = with_schema(layer, &schema)?;
    // The oldest is built as a user would, for the others the compiler's opinion is enough.
    let act = if layer == "224" { "build" } else { "check" };
    command(&mut types_from(&place, act))
}

/// Names and shapes that Telegram's schemas don't have today.
fn corners() -> Result<(), String> {
    println!("layer-tl-types from a schema of corners");
    let folder = Path::new("layer-tl-gen/tests/corners");
    let place = with_schema("corners", &folder.join("api.tl"))?;
    copy(&folder.join("shapes.rs"), &place.join("layer-tl-types/tests/corners.rs"))?;
    let mut test = types_from(&place, "test");
    test.args(["--test", "corners", "--features"]);
    command(test.arg("name-for-id,impl-serde,deserializable-functions"))
}

/// Cargo on the copy of `layer-tl-types` in `place`.
fn types_from(place: &Path, act: &str) -> Command {
    let mut cargo = cargo([act, "--quiet", "-p", "layer-tl-types"]);
    cargo.current_dir(place).env("CARGO_TARGET_DIR", "../target");
    cargo
}

/// Copies the three crates that make the types, with another schema in place of the newest one.
fn with_schema(name: &str, schema: &Path) -> Result<PathBuf, String> {
    let place = Path::new("target/schemas").join(name);
    let members = ["layer-tl-parser", "layer-tl-gen", "layer-tl-types"];
    for member in members {
        copy_sources(Path::new(member), &place.join(member))?;
    }
    copy(schema, &place.join("layer-tl-types/tl/api.tl"))?;
    let manifest =
        fs::read_to_string("Cargo.toml").map_err(|error| format!("Cargo.toml: {error}"))?;
    let manifest = with_members(&manifest, &members)?;
    fs::write(place.join("Cargo.toml"), manifest).map_err(|error| error.to_string())?;
    copy(Path::new("Cargo.lock"), &place.join("Cargo.lock"))?;
    Ok(place)
}

/// The workspace's manifest with other members and nothing left out.
fn with_members(manifest: &str, members: &[&str]) -> Result<String, String> {
    let (before, rest) = manifest.split_once("members = [").ok_or("Cargo.toml has no members")?;
    let (_, after) = rest.split_once(']').ok_or("Cargo.toml's members have no end")?;
    let profiles = after.find("[profile").unwrap_or(after.len());
    let after = after.get(..profiles).unwrap_or(after).lines();
    // What is run by default is none of them.
    let after: Vec<_> = after.filter(|line| !line.starts_with("default-members")).collect();
    Ok(format!("{before}members = {members:?}{}\n", after.join("\n")))
}

/// Copies a folder without the schema that another one takes the place of.
fn copy_sources(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    let entries = fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let Some(name) = path.file_name() else { continue };
        if path.ends_with("tl/api.tl") {
            continue;
        }
        match path.is_dir() {
            true => copy_sources(&path, &to.join(name))?,
            false => copy(&path, &to.join(name))?,
        }
    }
    Ok(())
}

/// Copies a file if it differs, so that an unchanged one is not built again.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let bytes = fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).map_err(|error| format!("{}: {error}", to.display()))
}
