//! `history`: the last messages of a chat.

use layer_client::tl::enums::Peer;
use layer_client::types::Message;
use serde_json::{Value, json};

use crate::arguments::{Account, History};
use crate::failure::Failure;
use crate::output::{line, one_line};

pub(crate) async fn run(account: &Account, history: &History, json: bool) -> Result<(), Failure> {
    let connected = account.log_on(false).await?;
    let messages = connected.client.iter_messages(history.peer.as_str());
    let mut messages = messages.limit(history.limit);
    while let Some(message) = messages.next().await? {
        show(&message, json)?;
    }
    connected.close().await
}

/// One message in a line.
pub(crate) fn show(message: &Message, json: bool) -> Result<(), Failure> {
    line(
        json,
        || value(message),
        || {
            let from = message
                .sender_id()
                .or(message.peer_id())
                .map_or_else(String::new, |peer| id(peer).to_string());
            let way = if message.outgoing() { ">" } else { "<" };
            let text = message.text().map_or_else(|| "[no text]".to_owned(), one_line);
            format!("{:>8} {way} {from:<14} {text}", message.id())
        },
    )
}

/// A message as JSON.
pub(crate) fn value(message: &Message) -> Value {
    json!({
        "id": message.id(),
        "date": message.date(),
        "chat": message.peer_id().map(id),
        "from": message.sender_id().map(id),
        "outgoing": message.outgoing(),
        "text": message.text(),
    })
}

/// As the Bot API writes ids: groups below zero, channels far below.
pub(crate) fn id(peer: &Peer) -> i64 {
    match peer {
        Peer::User(user) => user.user_id,
        Peer::Chat(chat) => -chat.chat_id,
        Peer::Channel(channel) => -1_000_000_000_000 - channel.channel_id,
    }
}
