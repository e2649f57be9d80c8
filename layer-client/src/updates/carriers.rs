//! Which updates stand in a line, and where: those that carry a pts or a qts.
//!
//! The one table of them; a test holds it against the schema. A pts without a count
//! (`updateReadChannelInbox`, `updateChannelTooLong`) tells where a line is and takes no place in it.

use layer_tl_types::enums::{self, Update};

use super::action::{LineId, Place};

/// Where an update stands.
pub(crate) fn place(update: &Update) -> Place {
    match update {
        // Counted by the account's pts.
        Update::NewMessage(u) => common(u.pts, u.pts_count),
        Update::EditMessage(u) => common(u.pts, u.pts_count),
        Update::DeleteMessages(u) => common(u.pts, u.pts_count),
        Update::ReadHistoryInbox(u) => common(u.pts, u.pts_count),
        Update::ReadHistoryOutbox(u) => common(u.pts, u.pts_count),
        Update::ReadMessagesContents(u) => common(u.pts, u.pts_count),
        Update::WebPage(u) => common(u.pts, u.pts_count),
        Update::PinnedMessages(u) => common(u.pts, u.pts_count),
        Update::FolderPeers(u) => common(u.pts, u.pts_count),
        // Counted by the pts of their channel.
        Update::NewChannelMessage(u) => of_channel(&u.message, u.pts, u.pts_count),
        Update::EditChannelMessage(u) => of_channel(&u.message, u.pts, u.pts_count),
        Update::DeleteChannelMessages(u) => channel(u.channel_id, u.pts, u.pts_count),
        Update::PinnedChannelMessages(u) => channel(u.channel_id, u.pts, u.pts_count),
        Update::ChannelWebPage(u) => channel(u.channel_id, u.pts, u.pts_count),
        // Counted by qts.
        Update::NewEncryptedMessage(u) => second(u.qts),
        Update::MessagePollVote(u) => second(u.qts),
        Update::BotStopped(u) => second(u.qts),
        Update::ChatParticipant(u) => second(u.qts),
        Update::ChannelParticipant(u) => second(u.qts),
        Update::BotChatInviteRequester(u) => second(u.qts),
        Update::BotChatBoost(u) => second(u.qts),
        Update::BotMessageReaction(u) => second(u.qts),
        Update::BotMessageReactions(u) => second(u.qts),
        Update::BotBusinessConnect(u) => second(u.qts),
        Update::BotNewBusinessMessage(u) => second(u.qts),
        Update::BotEditBusinessMessage(u) => second(u.qts),
        Update::BotDeleteBusinessMessage(u) => second(u.qts),
        Update::BotPurchasedPaidMedia(u) => second(u.qts),
        Update::BotStarsSubscription(u) => second(u.qts),
        Update::ManagedBot(u) => second(u.qts),
        Update::BotGuestChatQuery(u) => second(u.qts),
        _ => Place::Nowhere,
    }
}

/// The message that an update in the order of messages brings.
pub(crate) fn message(update: &Update) -> Option<&enums::Message> {
    match update {
        Update::NewMessage(u) => Some(&u.message),
        Update::EditMessage(u) => Some(&u.message),
        Update::NewChannelMessage(u) => Some(&u.message),
        Update::EditChannelMessage(u) => Some(&u.message),
        _ => None,
    }
}

fn common(at: i32, count: i32) -> Place {
    Place::In { line: LineId::Common, at, count }
}

fn channel(id: i64, at: i32, count: i32) -> Place {
    Place::In { line: LineId::Channel(id), at, count }
}

/// By the chat of its message, which is a channel: anything else has no line that we knew.
fn of_channel(message: &enums::Message, at: i32, count: i32) -> Place {
    let peer = match message {
        enums::Message::Message(message) => Some(&message.peer_id),
        enums::Message::Service(message) => Some(&message.peer_id),
        enums::Message::Empty(message) => message.peer_id.as_ref(),
    };
    match peer {
        Some(enums::Peer::Channel(peer)) => channel(peer.channel_id, at, count),
        _ => Place::Nowhere,
    }
}

/// Each takes one; 0 says that it is not counted.
fn second(qts: i32) -> Place {
    match qts {
        0 => Place::Nowhere,
        at => Place::In { line: LineId::Second, at, count: 1 },
    }
}

#[cfg(test)]
mod tests {
    use layer_tl_types::Deserializable;

    use super::*;
    use crate::updates::schema::Schema;

    #[test]
    fn exactly_those_with_a_pts_and_a_count_or_a_qts_stand_in_a_line() {
        let schema = Schema::of_the_layer();
        let (mut carriers, mut others) = (0, 0);
        for definition in schema.constructors("Update") {
            let has = |name: &str| definition.params.iter().any(|param| param.name == name);
            let line = match () {
                () if has("qts") => Some((LineId::Second, 1)),
                () if has("pts_count") && has("channel_id") => Some((LineId::Channel(77), 3)),
                () if has("pts_count") && definition.name.contains("ChannelMessage") => {
                    Some((LineId::Channel(77), 3))
                }
                () if has("pts_count") => Some((LineId::Common, 3)),
                () => None,
            };
            let expected = line.map_or(Place::Nowhere, |(line, count)| {
                carriers += 1;
                Place::In { line, at: 1000, count }
            });
            others += usize::from(line.is_none());
            let bytes = schema.sample(definition, &|name| match name {
                "pts" | "qts" => Some(1000),
                "pts_count" => Some(3),
                "channel_id" => Some(77),
                _ => None,
            });
            let update = Update::from_bytes(&bytes).unwrap();
            assert_eq!(place(&update), expected, "{}", definition.name);
        }
        assert!(carriers >= 31 && others >= 100, "{carriers} and {others}: the schema was read");
    }

    #[test]
    fn a_qts_of_zero_is_none_and_a_message_without_a_channel_has_no_line() {
        let stopped = |qts| {
            let (user_id, date) = (1, 2);
            Update::BotStopped(layer_tl_types::types::UpdateBotStopped {
                user_id,
                date,
                stopped: true,
                qts,
            })
        };
        assert_eq!(place(&stopped(0)), Place::Nowhere);
        assert_eq!(place(&stopped(4)), Place::In { line: LineId::Second, at: 4, count: 1 });
        let message = layer_tl_types::types::MessageEmpty { id: 1, peer_id: None }.into();
        let update =
            layer_tl_types::types::UpdateNewChannelMessage { message, pts: 5, pts_count: 1 };
        assert_eq!(place(&update.into()), Place::Nowhere);
    }
}
