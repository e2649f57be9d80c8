//! `cargo xtask large`: a file that is larger than the memory of the client that moves it, there and back.

use crate::command::{cargo, run as command};

/// A GiB.
pub(crate) const MIB: u64 = 1024;

/// Moves a file of so many MiB. The cipher is optimised in debug builds too.
///
/// # Errors
/// If it does not come whole, or the client needs more memory than it may.
pub(crate) fn run(mib: u64) -> Result<(), String> {
    let test = "test -p layer-client --test large -- --nocapture";
    command(cargo(test.split(' ')).env("LAYER_LARGE_MIB", mib.to_string()))
}
