//! What the server says by itself, read: each form of `Updates` as a batch for the order.
//!
//! Users and chats are learnt before anything else is done. What can't be used as it came, because it
//! can't be read or because somebody in it is unknown, is named as missed: the difference brings it.

use layer_tl_types::{Deserializable, enums, types};

use super::account::Account;
use super::action::{Batch, LineId, Place, Seq};
use super::carriers;
use crate::session::{PeerKey, PeerKind};

/// What stands in the order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Update(Box<enums::Update>),
    /// An object that can't be read.
    Unknown(Vec<u8>),
    /// The answer to a call has taken a place, and has nothing to show.
    Nothing,
}

impl From<enums::Update> for Item {
    fn from(update: enums::Update) -> Self {
        Self::Update(Box::new(update))
    }
}

/// A batch, and what must be asked for besides.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) batch: Batch<Item>,
    pub(crate) missed: Vec<Missed>,
    /// Channels of which something is new, as that we are in them, and when (unix seconds).
    pub(crate) met: Vec<(i64, i32)>,
    /// Channels that are none of ours any more.
    pub(crate) left: Vec<i64>,
}

/// Something that has to be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed {
    /// Nobody knows what.
    Something,
    /// In this line, up to there if that is known.
    In(LineId, Option<i32>),
    /// An update of this line, which ended here and took so many places: it could not be used.
    Update { line: LineId, at: i32, count: i32 },
    /// What is known of the account's lines is worth nothing.
    State,
}

impl Came {
    fn of(seq: Option<Seq>) -> Self {
        let batch = Batch { seq, updates: Vec::new() };
        Self { batch, missed: Vec::new(), met: Vec::new(), left: Vec::new() }
    }

    /// An object that can't be read: handed out as it is, and what it said is fetched.
    pub(super) fn unreadable(object: &[u8]) -> Self {
        let mut came = Self::missed(Missed::Something);
        came.batch.updates.push((Place::Nowhere, Item::Unknown(object.to_vec())));
        came
    }

    pub(super) fn nothing() -> Self {
        Self::of(None)
    }

    pub(super) fn missed(missed: Missed) -> Self {
        Self { missed: vec![missed], ..Self::of(None) }
    }

    /// Puts an update that was told at this time (unix seconds) where it stands.
    fn put(&mut self, update: enums::Update, date: i32, account: &dyn Account) {
        if let enums::Update::Channel(channel) = &update {
            self.met.push((channel.channel_id, date));
        }
        if let Some(missed) = fetched_instead(&update) {
            self.missed.push(missed);
            return;
        }
        match carriers::place(&update) {
            Place::In { line, at, count } if !is_known(&update, account) => {
                self.missed.push(Missed::Update { line, at, count });
            }
            place => self.batch.updates.push((place, update.into())),
        }
    }
}

/// Reads an object of type `Updates`, learns whom it shows, and says what is to be done with it.
pub(crate) fn read(object: &[u8], account: &dyn Account) -> Came {
    match enums::Updates::from_bytes(object) {
        Ok(updates) => take(updates, account),
        Err(error) => {
            tracing::debug!(%error, "an update can't be read, the difference is fetched");
            Came::unreadable(object)
        }
    }
}

/// The same with an object that is read already.
pub(crate) fn take(updates: enums::Updates, account: &dyn Account) -> Came {
    match updates {
        enums::Updates::TooLong => Came::missed(Missed::Something),
        enums::Updates::UpdateShort(short) => {
            let mut came = Came::of(None);
            came.put(short.update, short.date, account);
            came
        }
        enums::Updates::Updates(types::Updates { updates, users, chats, date, seq }) => {
            account.learn(&users, &chats, &messages(&updates));
            let left = left(&updates, &chats);
            Came { left, ..several(updates, seq, seq, date, account) }
        }
        enums::Updates::Combined(combined) => {
            let shown = messages(&combined.updates);
            account.learn(&combined.users, &combined.chats, &shown);
            let types::UpdatesCombined { updates, chats, seq_start, seq, date, .. } = combined;
            let left = left(&updates, &chats);
            Came { left, ..several(updates, seq_start, seq, date, account) }
        }
        enums::Updates::UpdateShortMessage(short) => {
            let (pts, pts_count) = (short.pts, short.pts_count);
            short_form(from_short(*short, account.me()), pts, pts_count, account)
        }
        enums::Updates::UpdateShortChatMessage(short) => {
            let (pts, pts_count) = (short.pts, short.pts_count);
            short_form(from_short_chat(*short), pts, pts_count, account)
        }
        // It only answers, and says nothing without what was asked; see `answers`.
        enums::Updates::UpdateShortSentMessage(_) => Came::missed(Missed::Something),
    }
}

/// The channels of which these updates say that we are not in them any more.
pub(super) fn left(updates: &[enums::Update], chats: &[enums::Chat]) -> Vec<i64> {
    let changed = updates.iter().filter_map(|update| match update {
        enums::Update::Channel(update) => Some(update.channel_id),
        _ => None,
    });
    let is_left = |id: i64| {
        chats.iter().any(|chat| match chat {
            enums::Chat::Channel(channel) => channel.id == id && channel.left && !channel.min,
            enums::Chat::ChannelForbidden(channel) => channel.id == id,
            _ => false,
        })
    };
    changed.filter(|id| is_left(*id)).collect()
}

fn messages(updates: &[enums::Update]) -> Vec<&enums::Message> {
    updates.iter().filter_map(carriers::message).collect()
}

fn several(
    updates: Vec<enums::Update>,
    start: i32,
    end: i32,
    date: i32,
    account: &dyn Account,
) -> Came {
    // A batch that begins at 0 has no number.
    let mut came = Came::of((start != 0).then_some(Seq { start, end, date }));
    updates.into_iter().for_each(|update| came.put(update, date, account));
    came
}

/// A message that came in a short form. Nobody is shown with it, so all whom it names must be known.
fn short_form(message: types::Message, pts: i32, pts_count: i32, account: &dyn Account) -> Came {
    if !named_by(&message).into_iter().all(|peer| account.knows(peer)) {
        return Came::missed(Missed::Update { line: LineId::Common, at: pts, count: pts_count });
    }
    let (mut came, date) = (Came::of(None), message.date);
    came.put(new_message(message, pts, pts_count), date, account);
    came
}

/// What an update tells us to fetch that says nothing else.
pub(super) fn fetched_instead(update: &enums::Update) -> Option<Missed> {
    match update {
        enums::Update::ChannelTooLong(long) => {
            Some(Missed::In(LineId::Channel(long.channel_id), long.pts))
        }
        enums::Update::PtsChanged => Some(Missed::State),
        _ => None,
    }
}

/// The update that a message of a difference stands for. It has no place of its own there.
pub(super) fn of_message(message: enums::Message, pts: i32) -> enums::Update {
    let peer = match &message {
        enums::Message::Message(message) => Some(&message.peer_id),
        enums::Message::Service(message) => Some(&message.peer_id),
        enums::Message::Empty(message) => message.peer_id.as_ref(),
    };
    match peer {
        Some(enums::Peer::Channel(_)) => {
            types::UpdateNewChannelMessage { message, pts, pts_count: 0 }.into()
        }
        _ => types::UpdateNewMessage { message, pts, pts_count: 0 }.into(),
    }
}

/// One update of whose peers nothing need be asked: we have named them ourselves.
pub(super) fn take_one(update: enums::Update) -> Came {
    let mut came = Came::nothing();
    came.batch.updates.push((carriers::place(&update), update.into()));
    came
}

pub(super) fn new_message(message: types::Message, pts: i32, pts_count: i32) -> enums::Update {
    types::UpdateNewMessage { message: message.into(), pts, pts_count }.into()
}

fn from_short(short: types::UpdateShortMessage, me: Option<i64>) -> types::Message {
    let from = if short.out { me } else { Some(short.user_id) };
    let peer_id = types::PeerUser { user_id: short.user_id }.into();
    types::Message {
        out: short.out,
        mentioned: short.mentioned,
        media_unread: short.media_unread,
        silent: short.silent,
        from_id: from.map(|user_id| types::PeerUser { user_id }.into()),
        fwd_from: short.fwd_from,
        via_bot_id: short.via_bot_id,
        reply_to: short.reply_to,
        entities: short.entities,
        ttl_period: short.ttl_period,
        ..types::Message::new(short.id, peer_id, short.date, short.message)
    }
}

fn from_short_chat(short: types::UpdateShortChatMessage) -> types::Message {
    let peer_id = types::PeerChat { chat_id: short.chat_id }.into();
    types::Message {
        out: short.out,
        mentioned: short.mentioned,
        media_unread: short.media_unread,
        silent: short.silent,
        from_id: Some(types::PeerUser { user_id: short.from_id }.into()),
        fwd_from: short.fwd_from,
        via_bot_id: short.via_bot_id,
        reply_to: short.reply_to,
        entities: short.entities,
        ttl_period: short.ttl_period,
        ..types::Message::new(short.id, peer_id, short.date, short.message)
    }
}

/// Whether the chat and the author of an update's message are known.
fn is_known(update: &enums::Update, account: &dyn Account) -> bool {
    let (peer, from) = match carriers::message(update) {
        Some(enums::Message::Message(message)) => (&message.peer_id, &message.from_id),
        Some(enums::Message::Service(message)) => (&message.peer_id, &message.from_id),
        _ => return true,
    };
    account.knows(key(peer)) && from.as_ref().is_none_or(|from| account.knows(key(from)))
}

/// All whom a message names.
fn named_by(message: &types::Message) -> Vec<PeerKey> {
    let mut peers = vec![key(&message.peer_id)];
    peers.extend(message.from_id.iter().map(key));
    peers.extend(message.via_bot_id.map(user));
    if let Some(enums::MessageFwdHeader::Header(header)) = &message.fwd_from {
        let forwarded = [&header.from_id, &header.saved_from_peer, &header.saved_from_id];
        peers.extend(forwarded.into_iter().flatten().map(key));
    }
    if let Some(enums::MessageReplyHeader::Header(header)) = &message.reply_to {
        peers.extend(header.reply_to_peer_id.iter().map(key));
    }
    peers.extend(message.entities.iter().flatten().filter_map(|entity| match entity {
        enums::MessageEntity::MentionName(mention) => Some(user(mention.user_id)),
        _ => None,
    }));
    peers
}

fn user(id: i64) -> PeerKey {
    PeerKey { kind: PeerKind::User, id }
}

pub(super) fn key(peer: &enums::Peer) -> PeerKey {
    match peer {
        enums::Peer::User(peer) => user(peer.user_id),
        enums::Peer::Chat(peer) => PeerKey { kind: PeerKind::Chat, id: peer.chat_id },
        enums::Peer::Channel(peer) => PeerKey { kind: PeerKind::Channel, id: peer.channel_id },
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
