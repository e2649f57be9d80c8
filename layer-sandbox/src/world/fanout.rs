//! Who is told what happened, and in which form: an answer to who did it, and to all other sessions of
//! all accounts concerned what is pushed.
//!
//! While something happens, a [`Batch`] collects what each account is to be told, each update stamped
//! and made for that account at the moment it happens. [`World::deliver`] ends it. What is pushed is kept
//! by the sessions, within their bounds; a session that has no room misses it, and is told so when it
//! has.

use std::collections::{BTreeMap, BTreeSet};

use layer_tl_types::{Serializable, enums, types};

use super::boxes::{Event, Stamped};
use super::shown::{peers_of_message, peers_of_update};
use super::{Peer, World};
use crate::Now;

/// What accounts are to be told.
#[derive(Default)]
pub(crate) struct Batch {
    told: BTreeMap<i64, Vec<enums::Update>>,
    /// The whole answer is one plain message that the actor has sent.
    pub(crate) is_send: bool,
}

impl Batch {
    /// Has an account told something.
    pub(crate) fn tell(&mut self, account: i64, update: impl Into<enums::Update>) {
        self.told.entry(account).or_default().push(update.into());
    }

    /// Has an account told nothing.
    pub(crate) fn forget(&mut self, account: i64) {
        self.told.remove(&account);
    }

    /// Has an account told something before all else.
    pub(crate) fn tell_first(&mut self, account: i64, update: impl Into<enums::Update>) {
        self.told.entry(account).or_default().insert(0, update.into());
    }
}

/// Who does something: its updates go into the answer, and not to the session that has asked, which is
/// out of the world for as long as it is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actor {
    pub(crate) user: i64,
    pub(crate) now: Now,
}

impl Actor {
    /// The wall clock in unix seconds, as updates have it.
    pub(crate) fn date(&self) -> i32 {
        i32::try_from(self.now.unix()).unwrap_or(i32::MAX)
    }
}

impl World {
    /// Something happened in an account's box.
    pub(crate) fn happened(&mut self, batch: &mut Batch, account: i64, event: Event) {
        let keep = self.habits.events;
        let stamped = self.talk.boxes.entry(account).or_default().pts.stamp(event, keep);
        if let Some(update) = self.common_update(account, &stamped) {
            batch.tell(account, update);
        }
    }

    /// Something happened in a channel: all who are in it are told.
    pub(crate) fn happened_in(&mut self, batch: &mut Batch, id: i64, event: Event, actor: &Actor) {
        let keep = self.habits.events;
        let Some(channel) = self.talk.channels.get_mut(&id) else { return };
        let stamped = channel.pts.stamp(event, keep);
        channel.changed = actor.date();
        let members: Vec<i64> = channel.members.keys().copied().collect();
        for member in members {
            if let Some(update) = self.channel_update(member, id, &stamped) {
                batch.tell(member, update);
            }
        }
    }

    /// Something for a bot's qts box.
    pub(crate) fn happened_to_bot(
        &mut self,
        batch: &mut Batch,
        bot: i64,
        update: impl FnOnce(i32) -> enums::Update,
    ) {
        let keep = self.habits.events;
        let update = self.talk.boxes.entry(bot).or_default().qts.stamp(update, keep);
        batch.tell(bot, update);
    }

    /// An event of an account's box, as the account is told of it; `None` if nothing is left of it.
    pub(crate) fn common_update(
        &self,
        account: i64,
        stamped: &Stamped<Event>,
    ) -> Option<enums::Update> {
        let Stamped { at: pts, count: pts_count, ref event } = *stamped;
        Some(match event.clone() {
            Event::New(id) => {
                let message = self.message_in_box(account, id)?;
                types::UpdateNewMessage { message, pts, pts_count }.into()
            }
            Event::Edit(id) => {
                let message = self.message_in_box(account, id)?;
                types::UpdateEditMessage { message, pts, pts_count }.into()
            }
            Event::Delete(messages) => {
                types::UpdateDeleteMessages { messages, pts, pts_count }.into()
            }
            Event::ReadInbox { peer, max_id, unread } => {
                let peer = peer.into();
                types::UpdateReadHistoryInbox::new(peer, max_id, unread, pts, pts_count).into()
            }
            Event::ReadOutbox { peer, max_id } => {
                types::UpdateReadHistoryOutbox { peer: peer.into(), max_id, pts, pts_count }.into()
            }
            Event::ReadContents(messages) => {
                types::UpdateReadMessagesContents::new(messages, pts, pts_count).into()
            }
            Event::Pinned { peer, ids, pinned } => {
                let update = types::UpdatePinnedMessages::new(peer.into(), ids, pts, pts_count);
                types::UpdatePinnedMessages { pinned, ..update }.into()
            }
        })
    }

    /// An event of a channel, as one of its readers is told of it.
    pub(crate) fn channel_update(
        &self,
        viewer: i64,
        channel_id: i64,
        stamped: &Stamped<Event>,
    ) -> Option<enums::Update> {
        let Stamped { at: pts, count: pts_count, ref event } = *stamped;
        let peer = Peer::Channel(channel_id);
        Some(match event.clone() {
            Event::New(id) => {
                let message = self.message(viewer, peer, id)?;
                types::UpdateNewChannelMessage { message, pts, pts_count }.into()
            }
            Event::Edit(id) => {
                let message = self.message(viewer, peer, id)?;
                types::UpdateEditChannelMessage { message, pts, pts_count }.into()
            }
            Event::Delete(messages) => {
                types::UpdateDeleteChannelMessages { channel_id, messages, pts, pts_count }.into()
            }
            Event::Pinned { ids, pinned, .. } => {
                let update =
                    types::UpdatePinnedChannelMessages::new(channel_id, ids, pts, pts_count);
                types::UpdatePinnedChannelMessages { pinned, ..update }.into()
            }
            // These are an account's own.
            Event::ReadInbox { .. } | Event::ReadOutbox { .. } | Event::ReadContents(_) => {
                return None;
            }
        })
    }

    fn message_in_box(&self, account: i64, id: i32) -> Option<enums::Message> {
        let held = self.talk.boxes.get(&account)?.held.get(&id)?;
        self.message(account, held.peer, id)
    }

    /// Ends what somebody did: pushes to all what they are to be told, and returns the actor's answer.
    pub(crate) fn deliver(&mut self, batch: Batch, actor: &Actor) -> enums::Updates {
        let Batch { told, is_send } = batch;
        let mut answer = None;
        for (account, updates) in told {
            let seq = self.number(account, &updates);
            self.push_updates(account, updates.clone(), seq, actor);
            if account == actor.user {
                answer = Some((updates, seq));
            }
        }
        let (updates, seq) = answer.unwrap_or_default();
        self.answer(actor, updates, seq, is_send)
    }

    /// What somebody is answered. `is_send` if all they did was to send one message.
    pub(crate) fn answer(
        &self,
        actor: &Actor,
        updates: Vec<enums::Update>,
        seq: i32,
        is_send: bool,
    ) -> enums::Updates {
        let short = is_send && self.habits.short_forms;
        let short = if short { short_sent(&updates) } else { None };
        short.unwrap_or_else(|| self.updates(actor.user, updates, seq, actor.date()))
    }

    /// As [`World::deliver`], for who does not take updates in its answer: the actor's other sessions are
    /// told all the same.
    pub(crate) fn push_all(&mut self, batch: Batch, actor: &Actor) {
        self.deliver(batch, actor);
    }

    /// The seq of what an account is told; 0 if it has none.
    fn number(&mut self, account: i64, updates: &[enums::Update]) -> i32 {
        if !self.habits.numbered || updates.is_empty() || !updates.iter().all(is_numbered) {
            return 0;
        }
        let own = self.talk.boxes.entry(account).or_default();
        own.seq = own.seq.saturating_add(1);
        own.seq()
    }

    fn push_updates(&mut self, account: i64, updates: Vec<enums::Update>, seq: i32, actor: &Actor) {
        let sessions = self.sessions_of(account);
        if sessions.is_empty() {
            return;
        }
        // What only concerns the one who asked goes to nobody else.
        let mut updates = updates;
        updates.retain(|update| !matches!(update, enums::Update::MessageId(_)));
        if updates.is_empty() {
            return;
        }
        let short = if self.habits.short_forms { short_form(&updates) } else { None };
        let object = short.unwrap_or_else(|| self.updates(account, updates, seq, actor.date()));
        let object = object.to_bytes();
        for (key_id, session_id) in sessions {
            if !self.push(key_id, session_id, object.clone()) {
                self.sessions.missed(key_id, session_id);
            }
        }
    }

    /// Updates with all who are named in them.
    fn updates(
        &self,
        viewer: i64,
        mut updates: Vec<enums::Update>,
        seq: i32,
        date: i32,
    ) -> enums::Updates {
        if let (0, [update]) = (seq, updates.as_slice())
            && is_fleeting(update)
        {
            let update = updates.swap_remove(0);
            return types::UpdateShort { update, date }.into();
        }
        let peers = updates.iter().flat_map(peers_of_update).collect();
        let in_channels = updates.iter().all(is_of_channel);
        let (users, chats) = self.people(viewer, &peers, in_channels, date);
        types::Updates { updates, users, chats, date, seq }.into()
    }

    /// Users and chats as somebody sees them. What is said in channels shows strangers by `min`
    /// constructors, if that is the server's habit.
    pub(crate) fn people(
        &self,
        viewer: i64,
        peers: &BTreeSet<Peer>,
        in_channels: bool,
        date: i32,
    ) -> (Vec<enums::User>, Vec<enums::Chat>) {
        let (mut users, mut chats) = (Vec::new(), Vec::new());
        for peer in peers {
            match peer {
                Peer::User(id) => {
                    let is_min = in_channels && self.habits.min_users && !self.knows(viewer, *id);
                    let user = self.user(viewer, *id);
                    users.push(if is_min { self.as_min(viewer, user) } else { user });
                }
                _ => chats.extend(self.chat(viewer, *peer, date)),
            }
        }
        (users, chats)
    }

    /// Users and chats named in messages.
    pub(crate) fn people_in(
        &self,
        viewer: i64,
        messages: &[enums::Message],
        date: i32,
    ) -> (Vec<enums::User>, Vec<enums::Chat>) {
        let peers = messages.iter().flat_map(peers_of_message).collect();
        self.people(viewer, &peers, false, date)
    }

    /// Whether somebody has met a user: then it is shown in full.
    fn knows(&self, viewer: i64, id: i64) -> bool {
        let own = self.talk.boxes.get(&viewer);
        let has_chat = own.is_some_and(|own| own.dialogs.contains_key(&Peer::User(id)));
        let contact = self.accounts.get(viewer).is_some_and(|user| user.contacts.contains_key(&id));
        viewer == id || has_chat || contact
    }

    /// A user by its `min` constructor: its access hash is good for its photo alone (api/min).
    fn as_min(&self, viewer: i64, user: enums::User) -> enums::User {
        let enums::User::User(mut user) = user else { return user };
        user.min = true;
        user.access_hash = Some(self.accounts.access_hash(!viewer, user.id));
        (user.phone, user.contact, user.mutual_contact) = (None, false, false);
        enums::User::User(user)
    }
}

/// What is told by seq: neither pts nor qts says where it belongs, and it is not only of the moment.
fn is_numbered(update: &enums::Update) -> bool {
    use enums::Update::{
        Channel, Chat, ChatParticipants, DialogPinned, DialogUnreadMark, DraftMessage,
    };
    matches!(
        update,
        Channel(_)
            | Chat(_)
            | ChatParticipants(_)
            | DialogPinned(_)
            | DialogUnreadMark(_)
            | DraftMessage(_)
    )
}

/// What is only of the moment, and needs nobody shown.
fn is_fleeting(update: &enums::Update) -> bool {
    use enums::Update::{ChannelUserTyping, ChatUserTyping, UserStatus, UserTyping};
    matches!(update, UserTyping(_) | ChatUserTyping(_) | ChannelUserTyping(_) | UserStatus(_))
}

fn is_of_channel(update: &enums::Update) -> bool {
    use enums::Update::{EditChannelMessage, NewChannelMessage};
    matches!(update, NewChannelMessage(_) | EditChannelMessage(_))
}

/// The one plain message that is all there is to tell, with its pts and pts_count.
fn plain(updates: &[enums::Update]) -> Option<(&types::Message, i32, i32)> {
    let mut others = updates.iter().filter(|update| !matches!(update, enums::Update::MessageId(_)));
    let (Some(enums::Update::NewMessage(new)), None) = (others.next(), others.next()) else {
        return None;
    };
    let enums::Message::Message(message) = &new.message else { return None };
    let fits = message.fwd_from.is_none()
        && message.media.is_none()
        && message.reply_markup.is_none()
        && message.via_bot_id.is_none()
        && !message.noforwards
        && !message.from_scheduled;
    fits.then_some((message, new.pts, new.pts_count))
}

/// A plain message in the shortest form.
fn short_form(updates: &[enums::Update]) -> Option<enums::Updates> {
    let (message, pts, pts_count) = plain(updates)?;
    let types::Message { out, mentioned, media_unread, silent, id, date, .. } = *message;
    let (reply_to, entities) = (message.reply_to.clone(), message.entities.clone());
    let text = message.message.clone();
    Some(match Peer::from(&message.peer_id) {
        Peer::User(user_id) => {
            let short = types::UpdateShortMessage::new(id, user_id, text, pts, pts_count, date);
            types::UpdateShortMessage {
                out,
                mentioned,
                media_unread,
                silent,
                reply_to,
                entities,
                ..short
            }
            .into()
        }
        Peer::Chat(chat_id) => {
            let Peer::User(from_id) = Peer::from(message.from_id.as_ref()?) else { return None };
            let short = types::UpdateShortChatMessage::new(
                id, from_id, chat_id, text, pts, pts_count, date,
            );
            types::UpdateShortChatMessage {
                out,
                mentioned,
                media_unread,
                silent,
                reply_to,
                entities,
                ..short
            }
            .into()
        }
        Peer::Channel(_) => return None,
    })
}

/// The answer to who has sent a plain message: all but what it said itself.
fn short_sent(updates: &[enums::Update]) -> Option<enums::Updates> {
    let (message, pts, pts_count) = plain(updates)?;
    let types::Message { out, id, date, .. } = *message;
    let entities = message.entities.clone();
    let short = types::UpdateShortSentMessage::new(id, pts, pts_count, date);
    Some(types::UpdateShortSentMessage { out, entities, ..short }.into())
}
