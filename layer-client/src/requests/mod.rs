//! What methods give back that is more than an answer: messages that are sent when they are awaited,
//! lists that are fetched page by page, an action that goes on.

mod album;
mod dialogs;
mod forward;
mod history;
mod pages;
mod participants;
mod pin;
mod search;
mod send;
mod sent;
mod typing;

pub use album::SendAlbum;
pub use dialogs::DialogIter;
pub use forward::ForwardMessages;
pub use history::MessageIter;
pub(crate) use pages::Page;
pub use participants::ParticipantIter;
pub use pin::PinMessage;
pub use search::{GlobalSearchBuilder, SearchBuilder};
pub use send::SendMessage;
pub use typing::TypingGuard;
