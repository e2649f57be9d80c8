//! The friendly wrappers around what Telegram's own types say. Each gives its whole value as `raw`
//! for what has no name here.

mod callback_query;
mod chat_action;
mod deletion;
mod inline_query;
mod inline_send;
mod message;
mod user_status;

pub use callback_query::{CallbackAnswer, CallbackQuery};
pub use chat_action::ChatActionUpdate;
pub use deletion::MessageDeletion;
pub use inline_query::InlineQuery;
pub use inline_send::InlineSend;
pub use message::Message;
pub use user_status::UserStatusUpdate;
