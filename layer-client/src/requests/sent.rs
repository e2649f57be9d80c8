//! The messages that an answer says were sent.

use std::collections::HashMap;

use layer_tl_types::enums::{self, Update, Updates};
use layer_tl_types::types;

use crate::Client;
use crate::peers::peer_of;
use crate::session::PeerKey;
use crate::types::InputMessage;

/// The messages sent under these numbers, in their order, without those that the server left out.
/// Users and chats that came along are remembered.
pub(super) fn messages(
    client: &Client,
    updates: Updates,
    random_ids: &[i64],
) -> Vec<enums::Message> {
    let (updates, users, chats) = match updates {
        Updates::Updates(all) => (all.updates, all.users, all.chats),
        Updates::Combined(all) => (all.updates, all.users, all.chats),
        Updates::UpdateShort(short) => (vec![short.update], Vec::new(), Vec::new()),
        _ => return Vec::new(),
    };
    client.met(&users, &chats, &[]);
    let mut ids = HashMap::new();
    let mut new = Vec::new();
    for update in updates {
        match update {
            Update::MessageId(update) => {
                ids.insert(update.random_id, update.id);
            }
            Update::NewMessage(update) => new.push(update.message),
            Update::NewChannelMessage(update) => new.push(update.message),
            Update::NewScheduledMessage(update) => new.push(update.message),
            Update::QuickReplyMessage(update) => new.push(update.message),
            _ => {}
        }
    }
    // Where one was sent and one came back, it is that.
    if let ([_], 1, true) = (random_ids, new.len(), ids.is_empty()) {
        return new;
    }
    let wanted = random_ids.iter().filter_map(|random_id| ids.get(random_id).copied());
    let mut new: HashMap<i32, enums::Message> =
        new.into_iter().map(|message| (id_of(&message), message)).collect();
    wanted.filter_map(|id| new.remove(&id)).collect()
}

/// A message's id.
pub(super) fn id_of(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Empty(message) => message.id,
        enums::Message::Message(message) => message.id,
        enums::Message::Service(message) => message.id,
    }
}

/// What the short answer leaves out is what was asked for.
pub(super) fn completed(
    short: types::UpdateShortSentMessage,
    place: PeerKey,
    sent: InputMessage,
) -> enums::Message {
    let reply_to = sent.reply_to.or(sent.topic).map(|id| {
        let mut header = types::MessageReplyHeader::new();
        header.reply_to_msg_id = Some(id);
        header.reply_to_top_id = sent.topic.filter(|topic| *topic != id);
        header.into()
    });
    let mut message = types::Message::new(short.id, peer_of(place), short.date, sent.text);
    message.out = short.out;
    message.silent = sent.silent;
    message.invert_media = sent.invert_media;
    message.media = short.media;
    message.entities = short.entities;
    message.ttl_period = short.ttl_period;
    message.reply_markup = sent.reply_markup;
    message.reply_to = reply_to;
    message.into()
}
