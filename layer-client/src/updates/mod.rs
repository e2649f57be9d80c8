//! What the server says by itself, in order and without loss.

mod account;
mod action;
mod answers;
mod batch;
mod carriers;
mod difference;
mod event;
mod line;
mod sequence;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

pub use event::{Gap, RawUpdate, Update};
