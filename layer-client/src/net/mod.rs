//! Links to data centres: a stream is dialled, a task drives the connection machine over it.

pub(crate) mod dial;
pub(crate) mod driver;
mod flow;
pub(crate) mod link;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod tests;
