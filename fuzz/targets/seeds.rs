//! Writes every target's seeds: `seeds <folder>` makes a folder for each target in it.

// The instrumented code calls into the fuzzer's runtime.
use libfuzzer_sys as _;

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).expect("the folder to write to"));
    for (target, seeds) in layer_fuzz::TARGETS {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (at, seed) in seeds().iter().enumerate() {
            fs::write(folder.join(format!("{at:05}")), seed)?;
        }
    }
    Ok(())
}
