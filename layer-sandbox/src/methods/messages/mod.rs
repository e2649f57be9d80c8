//! `messages.*`: private chats and basic groups, and what channels have in common with them. A file for
//! each thing that people do with messages.

pub(super) mod delete;
pub(super) mod dialogs;
pub(super) mod history;
pub(super) mod read;
pub(super) mod send;
