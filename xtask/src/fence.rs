//! The rules of the house that no compiler knows.
//!
//! Who may depend on whom, what the pure crates may never pull in, where `unsafe` may stand, that
//! no test or example is skipped, and that no file outgrows its readers unexplained.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{cargo, output};

/// What each crate may depend on of the house, outside tests. One that is not listed has no rule,
/// and that is an error: whoever adds a crate says here where it stands.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("layer-tl-parser", &[]),
    ("layer-tl-gen", &["layer-tl-parser"]),
    ("layer-tl-types", &[]),
    ("layer-crypto", &[]),
    ("layer-wire", &["layer-crypto", "layer-tl-types"]),
    ("layer-mtproto", &["layer-crypto", "layer-tl-types", "layer-wire"]),
    ("layer-client", &["layer-crypto", "layer-mtproto", "layer-tl-types", "layer-wire"]),
    ("layer-sandbox", &["layer-crypto", "layer-tl-types", "layer-wire"]),
    (
        "layer-connect",
        &["layer-crypto", "layer-mtproto", "layer-sandbox", "layer-tl-types", "layer-wire"],
    ),
    (
        "layer-app",
        &[
            "layer-client",
            "layer-crypto",
            "layer-mtproto",
            "layer-sandbox",
            "layer-tl-types",
            "layer-wire",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that know no runtime, no clock, no randomness, with all that they pull in.
const PURE: [&str; 7] = [
    "layer-tl-parser",
    "layer-tl-gen",
    "layer-tl-types",
    "layer-crypto",
    "layer-wire",
    "layer-mtproto",
    "layer-sandbox",
];

/// Crates that would bring a runtime, a clock or randomness along.
const IMPURE: [&str; 9] =
    ["tokio", "mio", "async-std", "smol", "getrandom", "rand", "fastrand", "chrono", "time"];

/// Above this a file gives its reason in its first comment.
const LONG_FILE: usize = 500;

pub(crate) fn run() -> Result<(), String> {
    let mut broken = Vec::new();
    for member in members()? {
        broken.extend(dependencies(&member)?);
    }
    for file in sources(Path::new("."))? {
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let name = file.strip_prefix(".").unwrap_or(&file).display().to_string();
        broken.extend(source(&name, &text));
    }
    if broken.is_empty() {
        println!("all fences stand");
        return Ok(());
    }
    Err(format!("{} fences are broken:\n{}", broken.len(), broken.join("\n")))
}

/// The crates of the workspace.
fn members() -> Result<Vec<String>, String> {
    let tree = ["tree", "--workspace", "--depth", "0", "--prefix", "none", "--format", "{p}"];
    let names = output(&mut cargo(tree))?;
    let name = |line: &str| line.split(' ').next().unwrap_or(line).to_owned();
    Ok(names.lines().filter(|line| !line.is_empty()).map(name).collect())
}

fn dependencies(member: &str) -> Result<Vec<String>, String> {
    let tree = ["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "-p", member];
    let all = output(&mut cargo(tree))?;
    Ok(misplaced(member, all.lines().filter_map(|line| line.split(' ').next())))
}

fn misplaced<'a>(member: &str, dependencies: impl Iterator<Item = &'a str>) -> Vec<String> {
    let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(name, _)| *name == member) else {
        return vec![format!("{member}: the fence does not say what it may depend on")];
    };
    let pure = PURE.contains(&member);
    let wrong = |name: &&str| {
        let inside = name.starts_with("layer-") && *name != member && !allowed.contains(name);
        inside || (pure && IMPURE.contains(name))
    };
    let mut wrong: Vec<_> = dependencies.filter(wrong).collect();
    wrong.sort_unstable();
    wrong.dedup();
    wrong.iter().map(|name| format!("{member} depends on {name}")).collect()
}

/// What is wrong with a source file.
fn source(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let is_root = name.ends_with("src/lib.rs") || name.ends_with("src/main.rs");
    // One module each: lanes, and an allocator that counts.
    let has_unsafe =
        ["layer-crypto/", "benches/src/"].iter().any(|crate_| name.starts_with(crate_));
    let unsafe_rule = if has_unsafe { "#![deny(unsafe_code)]" } else { "#![forbid(unsafe_code)]" };
    if is_root && !text.contains(unsafe_rule) {
        broken.push(format!("{name}: {unsafe_rule} is missing"));
    }
    if !text.starts_with("//!") {
        broken.push(format!("{name}: the first line does not say what the file is for"));
    }
    let first_comment: Vec<_> = text.lines().take_while(|line| line.starts_with("//")).collect();
    let lines = text.lines().count();
    if lines > LONG_FILE && !first_comment.iter().any(|line| line.contains("long because")) {
        broken.push(format!("{name}: {lines} lines, and no reason (`long because …`) on top"));
    }
    for (at, line) in text.lines().enumerate() {
        let code = line.trim_start().trim_start_matches(['/', '!']).trim_start();
        if code.starts_with("#[ignore") || SKIPPING.contains(&code) {
            broken.push(format!("{name}:{}: `{code}` skips a test or example", at + 1));
        }
    }
    broken
}

/// How an example is kept from running.
const SKIPPING: [&str; 5] =
    ["```ignore", "```no_run", "```rust,ignore", "```rust,no_run", "```compile_fail"];

/// All Rust files outside of `target` and hidden folders.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_that_sees_the_client_half_is_found() {
        let broken = misplaced("layer-sandbox", ["layer-sandbox", "layer-mtproto"].into_iter());
        assert_eq!(broken, ["layer-sandbox depends on layer-mtproto"]);
    }

    #[test]
    fn a_pure_crate_with_a_runtime_is_found() {
        let broken = misplaced("layer-mtproto", ["layer-wire", "tokio", "sha2"].into_iter());
        assert_eq!(broken, ["layer-mtproto depends on tokio"]);
        assert_eq!(misplaced("layer-connect", ["getrandom"].into_iter()), [""; 0]);
    }

    #[test]
    fn a_crate_without_a_rule_is_found() {
        assert_eq!(misplaced("layer-new", std::iter::empty()).len(), 1);
    }

    #[test]
    fn a_source_without_its_marks_is_found() {
        assert_eq!(source("layer-wire/src/lib.rs", "//! x\n#![forbid(unsafe_code)]\n"), [""; 0]);
        assert_eq!(source("layer-wire/src/lib.rs", "//! x\n").len(), 1);
        assert_eq!(source("layer-crypto/src/lib.rs", "//! x\n#![forbid(unsafe_code)]\n").len(), 1);
        assert_eq!(source("a/src/b.rs", "use x;\n").len(), 1);
        assert_eq!(source("a/src/b.rs", &"//! x\n".repeat(501)).len(), 1);
        assert_eq!(source("a/src/b.rs", &"//! x, long because y\n".repeat(501)), [""; 0]);
    }

    #[test]
    fn a_skipped_test_or_example_is_found() {
        for skipping in ["    #[ignore]", "/// ```no_run", "//! ```ignore", "#[ignore = \"slow\"]"]
        {
            assert_eq!(
                source("a/src/b.rs", &format!("//! x\n{skipping}\n")).len(),
                1,
                "{skipping}"
            );
        }
    }
}
