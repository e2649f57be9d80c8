//! `history`: the last messages of a chat; and how a message is shown wherever it comes from.

use layer_client::Client;
use layer_client::tl::enums::Peer;
use layer_client::types::Message;
use serde_json::{Value, json};

use crate::arguments::History;
use crate::failure::Failure;
use crate::offered::Offered;
use crate::output::{line, one_line};

pub(crate) async fn run(history: &History, json: bool) -> Result<(), Failure> {
    let list = async |client: &Client| {
        let mut messages = client.iter_messages(history.peer.as_str()).limit(history.limit);
        while let Some(message) = messages.next().await? {
            line(json, || value(&message), || text(&message))?;
        }
        Ok(())
    };
    history.account.logged_in(list).await
}

/// A message in a line: its id, whether it came or went, who wrote it, what.
pub(crate) fn text(message: &Message) -> String {
    let from = message.sender_id().or(message.peer_id());
    let from = from.map_or_else(String::new, |peer| id(peer).to_string());
    let way = if message.outgoing() { ">" } else { "<" };
    let text = message.text().map(one_line).filter(|text| !text.is_empty());
    let file = Offered::by(message).map(|file| format!("[{}]", one_line(&file.name)));
    let shown = match (file, text) {
        (Some(file), Some(text)) => format!("{file} {text}"),
        (file, text) => file.or(text).unwrap_or_else(|| "[no text]".to_owned()),
    };
    format!("{:>8} {way} {from:<14} {shown}", message.id())
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
        "file": Offered::by(message).map(|file| {
            json!({"name": file.name, "mime": file.mime, "bytes": file.bytes})
        }),
    })
}

/// As the Bot API writes ids: groups below zero, channels far below.
pub(crate) fn id(peer: &Peer) -> i64 {
    match peer {
        Peer::User(user) => user.user_id,
        Peer::Chat(chat) => chat.chat_id.saturating_neg(),
        Peer::Channel(channel) => (-1_000_000_000_000_i64).saturating_sub(channel.channel_id),
    }
}

#[cfg(test)]
mod tests {
    use layer_client::tl::types::{PeerChannel, PeerChat, PeerUser};

    use super::*;

    #[test]
    fn ids_are_those_of_the_bot_api() {
        assert_eq!(id(&PeerUser { user_id: 5 }.into()), 5);
        assert_eq!(id(&PeerChat { chat_id: 5 }.into()), -5);
        assert_eq!(id(&PeerChannel { channel_id: 5 }.into()), -1_000_000_000_005);
        // A server may send any number.
        assert_eq!(id(&PeerChannel { channel_id: i64::MAX }.into()), i64::MIN);
        assert_eq!(id(&PeerChat { chat_id: i64::MIN }.into()), i64::MAX);
    }
}
