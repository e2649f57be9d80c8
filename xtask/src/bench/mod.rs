//! Measurements against the crates of others: ratios of medians from interleaved runs.

pub(crate) mod compile;
pub(crate) mod crypto;
