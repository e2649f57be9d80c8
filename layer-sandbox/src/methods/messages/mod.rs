//! `messages.*`: private chats and basic groups, and what channels have in common with them. A file for
//! each thing that people do with messages.

pub(super) mod callbacks;
pub(super) mod delete;
pub(super) mod dialogs;
pub(super) mod global;
pub(super) mod groups;
pub(super) mod history;
pub(super) mod inline;
pub(super) mod links;
pub(super) mod lists;
pub(super) mod marks;
pub(super) mod media;
pub(super) mod read;
pub(super) mod rights;
pub(super) mod send;
