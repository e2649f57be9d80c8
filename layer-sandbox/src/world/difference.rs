//! What an account, or a reader of a channel, has missed (api/updates, "Recovering gaps").

use std::collections::BTreeSet;

use layer_tl_types::{enums, functions, types};

use super::boxes::{Event, Stamped};
use super::fanout::Actor;
use super::shown::{peers_of_message, peers_of_update};
use super::{Peer, World};
use crate::router::RpcError;

/// The most events that people and bots may ask of a channel at once.
const MOST_FOR_PEOPLE: i32 = 100;
const MOST_FOR_BOTS: i32 = 100_000;
/// So many messages go with a `channelDifferenceTooLong`.
const NEWEST: usize = 10;

/// What was missed, in the form in which differences have it.
#[derive(Default)]
struct Missed {
    messages: Vec<enums::Message>,
    others: Vec<enums::Update>,
}

impl Missed {
    fn add(&mut self, update: enums::Update) {
        match update {
            enums::Update::NewMessage(new) => self.messages.push(new.message),
            enums::Update::NewChannelMessage(new) => self.messages.push(new.message),
            other => self.others.push(other),
        }
    }

    fn peers(&self) -> BTreeSet<Peer> {
        let messages = self.messages.iter().flat_map(peers_of_message);
        messages.chain(self.others.iter().flat_map(peers_of_update)).collect()
    }
}

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl World {
    /// Where an account's boxes stand.
    pub(crate) fn state(&self, actor: &Actor) -> types::updates::State {
        let dialogs = self.dialogs(actor.user);
        let unread = dialogs.iter().filter(|peer| self.unread(actor.user, **peer) > 0).count();
        let own = self.talk.boxes.get(&actor.user);
        types::updates::State {
            pts: own.map_or(1, |own| own.pts.at()),
            qts: own.map_or(1, |own| own.qts.at()),
            date: actor.date(),
            seq: own.map_or(1, |own| own.seq()),
            unread_count: i32::try_from(unread).unwrap_or(i32::MAX),
        }
    }

    /// Where the box of a conversation stands: the account's, or a channel's own.
    pub(crate) fn pts_of(&self, actor: &Actor, peer: Peer) -> i32 {
        match peer {
            Peer::Channel(id) => self.talk.channels.get(&id).map_or(1, |channel| channel.pts.at()),
            _ => self.talk.boxes.get(&actor.user).map_or(1, |own| own.pts.at()),
        }
    }

    /// `updates.getDifference`.
    ///
    /// # Errors
    /// `PERSISTENT_TIMESTAMP_EMPTY`, `PERSISTENT_TIMESTAMP_INVALID`, `DATE_EMPTY`.
    pub(crate) fn difference(
        &self,
        actor: &Actor,
        query: &functions::updates::GetDifference,
    ) -> Result<enums::updates::Difference, RpcError> {
        let now = self.state(actor);
        if query.pts <= 0 {
            return refused("PERSISTENT_TIMESTAMP_EMPTY");
        }
        if query.pts > now.pts || query.qts > now.qts {
            return refused("PERSISTENT_TIMESTAMP_INVALID");
        }
        if query.date == 0 {
            return refused("DATE_EMPTY");
        }
        let slice = limit(self.habits.slice, query.pts_limit);
        let own = self.talk.boxes.get(&actor.user);
        let (mut missed, mut state) = (Missed::default(), now.clone());
        let mut is_whole = true;
        if let Some(own) = own {
            let too_many = query.pts_total_limit.is_some_and(|most| now.pts - query.pts > most);
            let Some(events) = own.pts.since(query.pts).filter(|_| !too_many) else {
                return Ok(types::updates::DifferenceTooLong { pts: now.pts }.into());
            };
            if events.len() > slice {
                is_whole = false;
            }
            let events: Vec<&Stamped<Event>> = events.take(slice).collect();
            if let (false, Some(last)) = (is_whole, events.last()) {
                state.pts = last.at;
            }
            events
                .into_iter()
                .filter_map(|event| self.common_update(actor.user, event))
                .for_each(|update| missed.add(update));
            // What is too old to be told is lost: there is no word for that in qts.
            let bots = own.qts.since(query.qts.max(1)).into_iter().flatten();
            let bots: Vec<_> = bots.collect();
            let qts_slice = limit(self.habits.slice, query.qts_limit);
            if let Some(last) =
                bots.get(qts_slice.saturating_sub(1)).filter(|_| bots.len() > qts_slice)
            {
                is_whole = false;
                state.qts = last.at;
            }
            for stamped in bots.into_iter().take(qts_slice) {
                missed.add(stamped.event.clone());
            }
        }
        if is_whole {
            self.changed_channels(actor.user, query.date, &mut missed);
        } else {
            // The date says since when channels are looked through: that is yet to be done.
            state.date = query.date;
        }
        if is_whole
            && missed.messages.is_empty()
            && missed.others.is_empty()
            && query.pts == now.pts
        {
            return Ok(types::updates::DifferenceEmpty { date: now.date, seq: now.seq }.into());
        }
        let (users, chats) = self.people(actor.user, &missed.peers(), false, actor.date());
        let Missed { messages: new_messages, others: other_updates } = missed;
        let new_encrypted_messages = Vec::new();
        Ok(if is_whole {
            types::updates::Difference {
                new_messages,
                new_encrypted_messages,
                other_updates,
                chats,
                users,
                state: state.into(),
            }
            .into()
        } else {
            types::updates::DifferenceSlice {
                new_messages,
                new_encrypted_messages,
                other_updates,
                chats,
                users,
                intermediate_state: state.into(),
            }
            .into()
        })
    }

    /// Tells of the channels in which something happened since a date.
    fn changed_channels(&self, viewer: i64, since: i32, missed: &mut Missed) {
        for (id, channel) in &self.talk.channels {
            if channel.members.contains_key(&viewer) && channel.changed >= since {
                let update = types::UpdateChannelTooLong::new(*id);
                let pts = Some(channel.pts.at());
                missed.others.push(types::UpdateChannelTooLong { pts, ..update }.into());
            }
        }
    }

    /// `updates.getChannelDifference`.
    ///
    /// # Errors
    /// `CHANNEL_INVALID`, `CHANNEL_PRIVATE`, `PERSISTENT_TIMESTAMP_EMPTY`,
    /// `PERSISTENT_TIMESTAMP_INVALID`, `RANGES_INVALID`.
    pub(crate) fn channel_difference(
        &self,
        actor: &Actor,
        query: &functions::updates::GetChannelDifference,
    ) -> Result<enums::updates::ChannelDifference, RpcError> {
        let (id, channel) = self.input_channel(actor, &query.channel)?;
        let filter = match &query.filter {
            enums::ChannelMessagesFilter::Empty => None,
            enums::ChannelMessagesFilter::Filter(filter) => Some(filter),
        };
        let ranges = filter.map(|filter| filter.ranges.as_slice()).unwrap_or_default();
        let is_wrong = |range: &enums::MessageRange| {
            let enums::MessageRange::Range(range) = range;
            range.min_id > range.max_id
        };
        if ranges.iter().any(is_wrong) {
            return refused("RANGES_INVALID");
        }
        let at = channel.pts.at();
        if query.pts <= 0 {
            return refused("PERSISTENT_TIMESTAMP_EMPTY");
        }
        if query.pts > at {
            return refused("PERSISTENT_TIMESTAMP_INVALID");
        }
        let is_bot = self.accounts.is_bot(actor.user);
        let most = query.limit.clamp(1, if is_bot { MOST_FOR_BOTS } else { MOST_FOR_PEOPLE });
        let slice = limit(self.habits.channel_slice, Some(most));
        let Some(events) = channel.pts.since(query.pts) else {
            return Ok(self.channel_too_long(actor, id).into());
        };
        let is_final = events.len() <= slice;
        let events: Vec<&Stamped<Event>> = events.take(slice).collect();
        let pts = if is_final { at } else { events.last().map_or(at, |last| last.at) };
        if events.is_empty() {
            let empty = types::updates::ChannelDifferenceEmpty::new(pts);
            return Ok(types::updates::ChannelDifferenceEmpty { r#final: true, ..empty }.into());
        }
        let mut missed = Missed::default();
        let updates = events.iter().filter_map(|event| self.channel_update(actor.user, id, event));
        updates.for_each(|update| missed.add(update));
        if let Some(filter) = filter {
            missed.messages.retain(|message| {
                let in_range = |range: &enums::MessageRange| {
                    let enums::MessageRange::Range(range) = range;
                    (range.min_id..=range.max_id).contains(&id_of(message))
                };
                !filter.exclude_new_messages && (ranges.is_empty() || ranges.iter().any(in_range))
            });
        }
        let (users, chats) = self.people(actor.user, &missed.peers(), true, actor.date());
        let Missed { messages, others } = missed;
        let difference =
            types::updates::ChannelDifference::new(pts, messages, others, chats, users);
        Ok(types::updates::ChannelDifference { r#final: is_final, ..difference }.into())
    }

    fn channel_too_long(&self, actor: &Actor, id: i64) -> types::updates::ChannelDifferenceTooLong {
        let peer = Peer::Channel(id);
        let pts = self.talk.channels.get(&id).map(|channel| channel.pts.at());
        let dialog = self.dialog(actor.user, peer).unwrap_or_else(|| {
            let top = self.top(actor.user, peer).1;
            let settings = self.notify_settings(actor.user, peer);
            let dialog = types::Dialog::new(peer.into(), top, 0, 0, 0, 0, 0, 0, settings);
            types::Dialog { pts, ..dialog }
        });
        let newest = self.ids(actor.user, peer).rev().take(NEWEST);
        let messages = newest.filter_map(|id| self.message(actor.user, peer, id));
        let messages: Vec<_> = messages.collect();
        let mut peers: BTreeSet<Peer> = messages.iter().flat_map(peers_of_message).collect();
        peers.insert(peer);
        let (users, chats) = self.people(actor.user, &peers, true, actor.date());
        let too_long =
            types::updates::ChannelDifferenceTooLong::new(dialog.into(), messages, chats, users);
        types::updates::ChannelDifferenceTooLong { r#final: true, ..too_long }
    }
}

/// The smaller of our limit and the client's; at least 1, so that there is an end.
fn limit(ours: usize, theirs: Option<i32>) -> usize {
    let theirs = theirs.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    theirs.map_or(ours, |theirs| ours.min(theirs)).max(1)
}

/// A message's identifier.
pub(crate) fn id_of(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Empty(message) => message.id,
        enums::Message::Message(message) => message.id,
        enums::Message::Service(message) => message.id,
    }
}
