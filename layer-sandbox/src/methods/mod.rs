//! What answers queries: one file per family, a function per method.

pub mod help;
