//! Not yet.
pub(crate) fn run(_: u64, _: Option<&str>) -> Result<(), String> {
    Ok(())
}
