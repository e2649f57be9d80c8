//! The friendly wrappers around what Telegram's own types say. Each gives its whole value as `raw`
//! for what has no name here.

mod acting;
mod callback_query;
mod chat_action;
mod deletion;
mod dialog;
mod document;
mod inline_message_id;
mod inline_query;
mod inline_send;
mod input_message;
mod keyboard;
mod message;
mod participant;
mod photo;
mod rights;
mod sticker;
mod user_status;

pub use callback_query::{CallbackAnswer, CallbackQuery};
pub use chat_action::ChatActionUpdate;
pub use deletion::MessageDeletion;
pub use dialog::Dialog;
pub use document::Document;
pub use inline_message_id::InlineMessageId;
pub use inline_query::InlineQuery;
pub use inline_send::InlineSend;
pub use input_message::InputMessage;
pub(crate) use input_message::copied;
pub use keyboard::{Button, InlineButton, InlineKeyboard, ReplyButton, ReplyKeyboard};
pub use message::Message;
pub use participant::{Participant, Role};
pub use photo::Photo;
pub use rights::{AdminRightsBuilder, BanRights};
pub use sticker::Sticker;
pub use user_status::UserStatusUpdate;
