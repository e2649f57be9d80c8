//! What the server says by itself, in order and without loss.

mod account;
mod action;
mod answers;
mod batch;
mod carriers;
mod delivery;
mod difference;
mod event;
mod feed;
mod inbox;
mod line;
mod marks;
mod progress;
mod sequence;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

pub use delivery::{Ack, Delivery, UpdateStream};
pub use event::{Gap, RawUpdate, Update};
