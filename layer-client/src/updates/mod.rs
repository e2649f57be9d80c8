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
mod fetch;
mod inbox;
mod line;
mod marks;
mod own;
mod progress;
mod questions;
mod sequence;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

pub(crate) use answers::Asked;
pub use delivery::{Ack, Delivery, UpdateStream};
pub(crate) use difference::state;
pub use event::{Gap, RawUpdate, Update};
pub(crate) use feed::Feed;
pub(crate) use own::Listening;
