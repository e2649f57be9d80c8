//! What a client can do, a file for each family of methods.

mod auth;
mod callbacks;
mod chats;
mod dialogs;
mod history;
mod media;
mod messages;
mod participants;
mod password;
mod peers;
mod qr;
mod typing;
mod updates;
