//! Who is named in what a client is told: they are shown beside it.

use layer_tl_types::enums::{self, Update};

use super::Peer;

/// All who are named in a message.
pub(crate) fn peers_of_message(message: &enums::Message) -> Vec<Peer> {
    let mut peers = Vec::new();
    match message {
        enums::Message::Message(message) => {
            peers.push(Peer::from(&message.peer_id));
            peers.extend(message.from_id.as_ref().map(Peer::from));
            peers.extend(message.via_bot_id.map(Peer::User));
            if let Some(enums::MessageFwdHeader::Header(header)) = &message.fwd_from {
                peers.extend(header.from_id.as_ref().map(Peer::from));
                peers.extend(header.saved_from_peer.as_ref().map(Peer::from));
            }
            for entity in message.entities.iter().flatten() {
                if let enums::MessageEntity::MentionName(name) = entity {
                    peers.push(Peer::User(name.user_id));
                }
            }
            if let Some(reactions) = &message.reactions {
                peers_of_reactions(reactions, &mut peers);
            }
            if let Some(enums::MessageMedia::Poll(poll)) = &message.media {
                peers_of_results(&poll.results, &mut peers);
            }
        }
        enums::Message::Service(message) => {
            peers.push(Peer::from(&message.peer_id));
            peers.extend(message.from_id.as_ref().map(Peer::from));
            peers_of_action(&message.action, &mut peers);
        }
        enums::Message::Empty(_) => {}
    }
    peers
}

fn peers_of_action(action: &enums::MessageAction, peers: &mut Vec<Peer>) {
    use enums::MessageAction::{
        ChannelMigrateFrom, ChatAddUser, ChatCreate, ChatDeleteUser, ChatJoinedByLink,
        ChatMigrateTo,
    };
    match action {
        ChatCreate(action) => peers.extend(action.users.iter().copied().map(Peer::User)),
        ChatAddUser(action) => peers.extend(action.users.iter().copied().map(Peer::User)),
        ChatDeleteUser(action) => peers.push(Peer::User(action.user_id)),
        ChatJoinedByLink(action) => peers.push(Peer::User(action.inviter_id)),
        ChatMigrateTo(action) => peers.push(Peer::Channel(action.channel_id)),
        ChannelMigrateFrom(action) => peers.push(Peer::Chat(action.chat_id)),
        _ => {}
    }
}

fn peers_of_reactions(reactions: &enums::MessageReactions, peers: &mut Vec<Peer>) {
    let enums::MessageReactions::Reactions(reactions) = reactions;
    for recent in reactions.recent_reactions.iter().flatten() {
        let enums::MessagePeerReaction::Reaction(recent) = recent;
        peers.push(Peer::from(&recent.peer_id));
    }
}

fn peers_of_results(results: &enums::PollResults, peers: &mut Vec<Peer>) {
    let enums::PollResults::Results(results) = results;
    peers.extend(results.recent_voters.iter().flatten().map(Peer::from));
    for enums::PollAnswerVoters::Voters(answer) in results.results.iter().flatten() {
        peers.extend(answer.recent_voters.iter().flatten().map(Peer::from));
    }
}

fn peers_of_dialog(peer: &enums::DialogPeer, peers: &mut Vec<Peer>) {
    if let enums::DialogPeer::Peer(peer) = peer {
        peers.push(Peer::from(&peer.peer));
    }
}

/// All who are named in an update.
pub(crate) fn peers_of_update(update: &Update) -> Vec<Peer> {
    let mut peers = Vec::new();
    match update {
        Update::NewMessage(update) => return peers_of_message(&update.message),
        Update::EditMessage(update) => return peers_of_message(&update.message),
        Update::NewChannelMessage(update) => return peers_of_message(&update.message),
        Update::EditChannelMessage(update) => return peers_of_message(&update.message),
        Update::NewScheduledMessage(update) => return peers_of_message(&update.message),
        Update::ReadHistoryInbox(update) => peers.push(Peer::from(&update.peer)),
        Update::ReadHistoryOutbox(update) => peers.push(Peer::from(&update.peer)),
        Update::PinnedMessages(update) => peers.push(Peer::from(&update.peer)),
        Update::DeleteScheduledMessages(update) => peers.push(Peer::from(&update.peer)),
        Update::Channel(update) => peers.push(Peer::Channel(update.channel_id)),
        Update::User(update) => peers.push(Peer::User(update.user_id)),
        Update::Chat(update) => peers.push(Peer::Chat(update.chat_id)),
        Update::ChannelTooLong(update) => peers.push(Peer::Channel(update.channel_id)),
        Update::ReadChannelInbox(update) => peers.push(Peer::Channel(update.channel_id)),
        Update::ReadChannelOutbox(update) => peers.push(Peer::Channel(update.channel_id)),
        Update::DeleteChannelMessages(update) => peers.push(Peer::Channel(update.channel_id)),
        Update::PinnedChannelMessages(update) => peers.push(Peer::Channel(update.channel_id)),
        Update::UserTyping(update) => peers.push(Peer::User(update.user_id)),
        Update::ChatUserTyping(update) => {
            peers.extend([Peer::Chat(update.chat_id), Peer::from(&update.from_id)]);
        }
        Update::ChannelUserTyping(update) => {
            peers.extend([Peer::Channel(update.channel_id), Peer::from(&update.from_id)]);
        }
        Update::ChatParticipants(update) => {
            if let enums::ChatParticipants::Participants(all) = &update.participants {
                peers.push(Peer::Chat(all.chat_id));
                peers.extend(all.participants.iter().map(|participant| {
                    Peer::User(match participant {
                        enums::ChatParticipant::Participant(one) => one.user_id,
                        enums::ChatParticipant::Creator(one) => one.user_id,
                        enums::ChatParticipant::Admin(one) => one.user_id,
                    })
                }));
            }
        }
        Update::ChatParticipant(update) => {
            let users = [update.actor_id, update.user_id].map(Peer::User);
            peers.extend([Peer::Chat(update.chat_id)].into_iter().chain(users));
        }
        Update::ChannelParticipant(update) => {
            let users = [update.actor_id, update.user_id].map(Peer::User);
            peers.extend([Peer::Channel(update.channel_id)].into_iter().chain(users));
        }
        Update::ChatParticipantAdmin(update) => {
            peers.extend([Peer::Chat(update.chat_id), Peer::User(update.user_id)]);
        }
        Update::BotStopped(update) => peers.push(Peer::User(update.user_id)),
        Update::BotCallbackQuery(update) => {
            peers.extend([Peer::User(update.user_id), Peer::from(&update.peer)]);
        }
        Update::MessageReactions(update) => {
            peers.push(Peer::from(&update.peer));
            peers_of_reactions(&update.reactions, &mut peers);
        }
        Update::MessagePoll(update) => peers_of_results(&update.results, &mut peers),
        Update::MessagePollVote(update) => peers.push(Peer::from(&update.peer)),
        Update::BotInlineQuery(update) => peers.push(Peer::User(update.user_id)),
        Update::PendingJoinRequests(update) => {
            peers.push(Peer::from(&update.peer));
            peers.extend(update.recent_requesters.iter().copied().map(Peer::User));
        }
        Update::BotChatInviteRequester(update) => {
            peers.extend([Peer::from(&update.peer), Peer::User(update.user_id)]);
        }
        Update::BotInlineSend(update) => peers.push(Peer::User(update.user_id)),
        Update::InlineBotCallbackQuery(update) => peers.push(Peer::User(update.user_id)),
        Update::BotMessageReaction(update) => {
            peers.extend([Peer::from(&update.peer), Peer::from(&update.actor)]);
        }
        Update::ChatDefaultBannedRights(update) => peers.push(Peer::from(&update.peer)),
        Update::DraftMessage(update) => peers.push(Peer::from(&update.peer)),
        Update::DialogPinned(update) => peers_of_dialog(&update.peer, &mut peers),
        Update::DialogUnreadMark(update) => peers_of_dialog(&update.peer, &mut peers),
        _ => {}
    }
    peers
}
