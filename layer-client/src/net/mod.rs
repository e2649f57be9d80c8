//! Links to data centres: a stream is dialled, a task drives the connection machine over it.

mod addresses;
mod cdn;
pub(crate) mod clock;
pub(crate) mod dcs;
pub(crate) mod dial;
pub(crate) mod driver;
mod flow;
mod hub;
pub(crate) mod link;
mod mailbox;
#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
mod tests;
mod waiting;
pub(crate) mod why;
pub(crate) mod work;
