//! Sending, editing and deleting messages, as their authors do it.

use std::collections::BTreeMap;

use layer_tl_types::{enums, types};

use super::boxes::{Event, SentMessage, Stamped};
use super::fanout::{Actor, Batch};
use super::files::Media;
use super::posts::{Content, Post};
use super::scheduled::Later;
use super::{Peer, World, entities};
use crate::Now;
use crate::router::RpcError;

/// How long people may edit what they have sent, in seconds.
const EDIT_TIME: i32 = 172_800;
/// How far ahead something may be scheduled, in seconds.
const FARTHEST: i32 = 366 * 86_400;
/// What is scheduled for sooner than this, in seconds, is sent at once.
const SOON: i32 = 10;
/// The date that stands for "when the other one is online".
const WHEN_ONLINE: i32 = 0x7fff_fffe;

/// A text as a client gives it.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) media: Option<Media>,
    pub(crate) poll: Option<i64>,
    pub(crate) entities: Option<Vec<enums::MessageEntity>>,
    pub(crate) markup: Option<enums::ReplyMarkup>,
    pub(crate) reply_to: Option<i32>,
    pub(crate) silent: bool,
    pub(crate) noforwards: bool,
}

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl World {
    /// What a client gives, checked.
    ///
    /// # Errors
    /// As for texts and buttons; `MESSAGE_ID_INVALID` if what it answers is not there.
    pub(crate) fn content(
        &self,
        actor: &Actor,
        peer: Peer,
        given: Given,
    ) -> Result<Content, RpcError> {
        let Given { text, media, poll, entities, markup, reply_to, silent, noforwards } = given;
        let entities = match media.is_some() || poll.is_some() {
            true => self.checked_caption(actor.user, &text, entities)?,
            false => self.checked_text(actor.user, &text, entities)?,
        };
        // People have no buttons.
        let markup = markup.filter(|_| self.accounts.is_bot(actor.user));
        let markup = markup.map(entities::checked_markup).transpose()?;
        let reply_to = match reply_to.filter(|id| *id != 0) {
            None => None,
            Some(id) => match self.number_of(actor.user, peer, id) {
                None => return refused("MESSAGE_ID_INVALID"),
                known => known,
            },
        };
        let content = Content { text, media, entities, markup, reply_to, ..Content::default() };
        Ok(Content { silent, noforwards, poll, ..content })
    }

    /// The answer to who sends again what it has sent already, by its `random_id`.
    ///
    /// # Errors
    /// `RANDOM_ID_DUPLICATE` if it was sent somewhere else.
    pub(crate) fn sent_before(
        &self,
        actor: &Actor,
        peer: Peer,
        random_id: i64,
    ) -> Result<Option<enums::Updates>, RpcError> {
        let own = self.talk.boxes.get(&actor.user);
        let Some(sent) = own.and_then(|own| own.sent.get(random_id)) else { return Ok(None) };
        if sent.peer != peer {
            return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
        }
        let id = sent.id;
        let stamped = Stamped { at: sent.pts, count: 1, event: Event::New(id) };
        let mut updates = vec![types::UpdateMessageId { id, random_id }.into()];
        updates.extend(match peer {
            Peer::Channel(channel) => self.channel_update(actor.user, channel, &stamped),
            _ => self.common_update(actor.user, &stamped),
        });
        let is_send = !matches!(peer, Peer::Channel(_));
        Ok(Some(self.answer(actor, updates, 0, is_send)))
    }

    /// Sends a message; its identifier and the answer.
    ///
    /// # Errors
    /// If no more is taken.
    pub(crate) fn send_content(
        &mut self,
        actor: &Actor,
        peer: Peer,
        content: Content,
        random_id: Option<i64>,
    ) -> Result<(i32, enums::Updates), RpcError> {
        let mut batch = Batch::default();
        let id = self.say(&mut batch, actor, peer, content)?;
        self.remember(&mut batch, actor, peer, id, random_id);
        batch.is_send = !matches!(peer, Peer::Channel(_));
        Ok((id, self.deliver(batch, actor)))
    }

    /// Remembers what was just sent by the client's number for it, and has the client told which message
    /// that is.
    pub(crate) fn remember(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        id: i32,
        random_id: Option<i64>,
    ) {
        let Some(random_id) = random_id else { return };
        let own = self.talk.boxes.entry(actor.user).or_default();
        let pts = match peer {
            Peer::Channel(id) => self.talk.channels.get(&id).map_or(1, |channel| channel.pts.at()),
            _ => own.pts.at(),
        };
        if random_id != 0 {
            own.sent.put(random_id, SentMessage { peer, id, pts });
        }
        batch.tell_first(actor.user, types::UpdateMessageId { id, random_id });
    }

    /// Keeps a message to be sent at a date; at once if that is now.
    ///
    /// # Errors
    /// `SCHEDULE_DATE_TOO_LATE`, `SCHEDULE_TOO_MUCH`, `SCHEDULE_BOT_NOT_ALLOWED`.
    pub(crate) fn schedule(
        &mut self,
        actor: &Actor,
        peer: Peer,
        content: Content,
        date: i32,
        random_id: i64,
    ) -> Result<enums::Updates, RpcError> {
        if self.accounts.is_bot(actor.user) {
            return refused("SCHEDULE_BOT_NOT_ALLOWED");
        }
        let now = actor.date();
        if date <= now.saturating_add(SOON) {
            return self
                .send_content(actor, peer, content, Some(random_id))
                .map(|(_, answer)| answer);
        }
        if date != WHEN_ONLINE && date > now.saturating_add(FARTHEST) {
            return refused("SCHEDULE_DATE_TOO_LATE");
        }
        let own = self.talk.boxes.entry(actor.user).or_default();
        let Some(id) = own.scheduled.put(Later { peer, date, content }) else {
            return refused("SCHEDULE_TOO_MUCH");
        };
        self.talk.next_scheduled = self.talk.next_scheduled.min(date);
        let mut batch = Batch::default();
        batch.tell(actor.user, types::UpdateMessageId { id, random_id });
        if let Some(message) = self.scheduled_message(actor.user, id) {
            batch.tell(actor.user, types::UpdateNewScheduledMessage { message });
        }
        Ok(self.deliver(batch, actor))
    }

    /// A scheduled message as its author sees it.
    pub(crate) fn scheduled_message(&self, viewer: i64, id: i32) -> Option<enums::Message> {
        let Later { peer, date, content } =
            self.talk.boxes.get(&viewer)?.scheduled.known.get(&id)?;
        let reply = content.reply_to.and_then(|number| self.talk.posts.get(number));
        let reply = reply.and_then(|post| post.id_for(viewer));
        let message = types::Message {
            out: *peer != Peer::User(viewer),
            silent: content.silent,
            from_scheduled: true,
            from_id: Some(Peer::User(viewer).into()),
            media: self.shown_beside(viewer, content),
            entities: (!content.entities.is_empty()).then(|| content.entities.clone()),
            reply_to: reply.map(|id| super::posts::reply_header(id, false)),
            ..types::Message::new(id, (*peer).into(), *date, content.text.clone())
        };
        Some(message.into())
    }

    /// Sends scheduled messages before their time; which they are now, and the answer.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID` if one is not there.
    pub(crate) fn send_early(
        &mut self,
        actor: &Actor,
        peer: Peer,
        ids: &[i32],
    ) -> Result<enums::Updates, RpcError> {
        let mut batch = Batch::default();
        self.take_scheduled(&mut batch, actor, peer, ids, true)?;
        Ok(self.deliver(batch, actor))
    }

    /// Drops scheduled messages.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID` if one is not there.
    pub(crate) fn drop_scheduled(
        &mut self,
        actor: &Actor,
        peer: Peer,
        ids: &[i32],
    ) -> Result<enums::Updates, RpcError> {
        let mut batch = Batch::default();
        self.take_scheduled(&mut batch, actor, peer, ids, false)?;
        Ok(self.deliver(batch, actor))
    }

    fn take_scheduled(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        ids: &[i32],
        send: bool,
    ) -> Result<(), RpcError> {
        let own = self.talk.boxes.entry(actor.user).or_default();
        let is_there =
            |id: &i32| own.scheduled.known.get(id).is_some_and(|later| later.peer == peer);
        if ids.is_empty() || !ids.iter().all(is_there) {
            return refused("MESSAGE_ID_INVALID");
        }
        let mut sent = Vec::new();
        for id in ids {
            let own = self.talk.boxes.entry(actor.user).or_default();
            let Some(Later { content, .. }) = own.scheduled.known.remove(id) else { continue };
            // It may have been forbidden since.
            if send && self.may_write(actor, peer).is_ok() {
                sent.push(self.say(
                    batch,
                    actor,
                    peer,
                    Content { was_scheduled: true, ..content },
                )?);
            }
        }
        let gone = types::UpdateDeleteScheduledMessages::new(peer.into(), ids.to_vec());
        let sent_messages = (!sent.is_empty()).then_some(sent);
        batch.tell(actor.user, types::UpdateDeleteScheduledMessages { sent_messages, ..gone });
        Ok(())
    }

    /// Sends what has fallen due.
    pub(crate) fn send_scheduled(&mut self, now: Now) {
        let date = Actor { user: 0, now }.date();
        if self.talk.next_scheduled > date {
            return;
        }
        let mut due: BTreeMap<(i64, Peer), Vec<i32>> = BTreeMap::new();
        let mut next = i32::MAX;
        for (account, own) in &self.talk.boxes {
            for (id, later) in &own.scheduled.known {
                if later.date <= date {
                    due.entry((*account, later.peer)).or_default().push(*id);
                } else {
                    next = next.min(later.date);
                }
            }
        }
        self.talk.next_scheduled = next;
        for ((user, peer), ids) in due {
            let mut batch = Batch::default();
            let actor = Actor { user, now };
            let taken = self.take_scheduled(&mut batch, &actor, peer, &ids, true);
            debug_assert!(taken.is_ok() || !self.talk.posts.has_room(), "they were just there");
            self.push_all(batch, &actor);
        }
    }

    /// Edits a message; nothing but the buttons if there is no text.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID`, `MESSAGE_AUTHOR_REQUIRED`, `MESSAGE_NOT_MODIFIED`,
    /// `MESSAGE_EDIT_TIME_EXPIRED`, and as for sending.
    pub(crate) fn edit(
        &mut self,
        actor: &Actor,
        peer: Peer,
        id: i32,
        given: Option<Given>,
        markup: Option<enums::ReplyMarkup>,
    ) -> Result<enums::Updates, RpcError> {
        let number = self.number_of(actor.user, peer, id);
        let post = number.and_then(|number| self.talk.posts.get(number));
        let (Some(number), Some(post)) = (number, post) else {
            return refused("MESSAGE_ID_INVALID");
        };
        if post.content.action.is_some() {
            return refused("MESSAGE_ID_INVALID");
        }
        self.may_edit(actor, post)?;
        let mut content = post.content.clone();
        match given {
            Some(mut given) => {
                given.media = given.media.or_else(|| content.media.clone());
                given.poll = content.poll;
                let changed = self.content(actor, peer, given)?;
                (content.text, content.entities, content.markup) =
                    (changed.text, changed.entities, changed.markup);
                content.media = changed.media;
            }
            None => match markup {
                Some(markup) if self.accounts.is_bot(actor.user) => {
                    content.markup = Some(entities::checked_markup(markup)?);
                }
                _ if content.markup.is_some() && self.accounts.is_bot(actor.user) => {
                    content.markup = None;
                }
                _ => return refused("MESSAGE_EMPTY"),
            },
        }
        let mut batch = Batch::default();
        self.change(&mut batch, actor, number, content)?;
        Ok(self.deliver(batch, actor))
    }

    /// Gives a message another text, marks, buttons and file, for all who have it.
    ///
    /// # Errors
    /// `MESSAGE_NOT_MODIFIED`.
    pub(crate) fn change(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        number: u64,
        content: Content,
    ) -> Result<(), RpcError> {
        let Content { text, entities, markup, media, .. } = content;
        let Some(post) = self.talk.posts.get_mut(number) else {
            return refused("MESSAGE_ID_INVALID");
        };
        let before = &mut post.content;
        let same = before.text == text && before.media == media;
        if same && before.entities == entities && before.markup == markup {
            return refused("MESSAGE_NOT_MODIFIED");
        }
        (before.text, before.entities, before.markup) = (text, entities, markup);
        before.media = media;
        post.edited = Some(actor.date());
        self.everywhere(batch, number, actor, Event::Edit);
        Ok(())
    }

    pub(super) fn may_edit(&self, actor: &Actor, post: &Post) -> Result<(), RpcError> {
        let forbidden = Err(RpcError::new(403, "MESSAGE_AUTHOR_REQUIRED"));
        if let Some(channel) = post.as_channel {
            let channel = self.channel_of(actor.user, channel, actor.date())?;
            let own = post.author == actor.user
                && channel.admin(actor.user, |rights| rights.post_messages).is_ok();
            let may = own || channel.admin(actor.user, |rights| rights.edit_messages).is_ok();
            return if may { Ok(()) } else { forbidden };
        }
        if post.author != actor.user {
            return forbidden;
        }
        let is_own_chat = post.in_channel.is_none() && post.copies.len() == 1;
        let expired = actor.date().saturating_sub(post.date) > EDIT_TIME;
        if expired && !is_own_chat && !self.accounts.is_bot(actor.user) {
            return refused("MESSAGE_EDIT_TIME_EXPIRED");
        }
        Ok(())
    }

    /// Something happened to a message: wherever it is.
    pub(crate) fn everywhere(
        &mut self,
        batch: &mut Batch,
        number: u64,
        actor: &Actor,
        event: impl Fn(i32) -> Event,
    ) {
        let Some(post) = self.talk.posts.get(number) else { return };
        let in_channel = post.in_channel;
        for (account, id) in post.copies.clone() {
            self.happened(batch, account, event(id));
        }
        if let Some((channel, id)) = in_channel {
            self.happened_in(batch, channel, event(id), actor);
        }
    }

    /// Deletes messages of an account's box; for all who have them, if it says so and may. Returns how
    /// many the account has lost.
    ///
    /// # Errors
    /// `MESSAGE_DELETE_FORBIDDEN` if it may not for all.
    pub(crate) fn delete(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        ids: &[i32],
        for_all: bool,
    ) -> Result<i32, RpcError> {
        let own = self.talk.boxes.entry(actor.user).or_default();
        let held: Vec<_> = ids.iter().filter_map(|id| Some((*id, *own.held.get(id)?))).collect();
        let mut lost: BTreeMap<i64, Vec<i32>> = BTreeMap::new();
        for (id, held) in held {
            let Some(post) = self.talk.posts.get(held.post) else { continue };
            let may = match held.peer {
                Peer::Chat(group) => {
                    let group = self.talk.groups.get(&group);
                    post.author == actor.user
                        || group.is_some_and(|group| group.is_admin(actor.user))
                }
                _ => true,
            };
            if for_all && !may {
                return Err(RpcError::new(403, "MESSAGE_DELETE_FORBIDDEN"));
            }
            let copies = if for_all { post.copies.clone() } else { vec![(actor.user, id)] };
            for (account, id) in copies {
                lost.entry(account).or_default().push(id);
            }
        }
        let mut mine = 0;
        for (account, mut ids) in lost {
            ids.sort_unstable();
            ids.dedup();
            mine = if account == actor.user { ids.len() } else { mine };
            for id in &ids {
                self.let_go(account, *id);
            }
            self.happened(batch, account, Event::Delete(ids));
        }
        Ok(i32::try_from(mine).unwrap_or(i32::MAX))
    }

    /// Takes a copy of a message away; the last one with the message itself.
    fn let_go(&mut self, account: i64, id: i32) {
        let own = self.talk.boxes.entry(account).or_default();
        let Some(held) = own.let_go(id) else { return };
        let Some(post) = self.talk.posts.get_mut(held.post) else { return };
        post.copies.retain(|copy| *copy != (account, id));
        if post.copies.is_empty() {
            self.talk.posts.remove(held.post);
        }
    }

    /// Deletes messages of a channel, for all. Returns those that were there.
    ///
    /// # Errors
    /// `MESSAGE_DELETE_FORBIDDEN` if somebody else's are among them and it is no admin.
    pub(crate) fn delete_in(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        id: i64,
        ids: &[i32],
    ) -> Result<Vec<i32>, RpcError> {
        let Some(channel) = self.talk.channels.get(&id) else { return Ok(Vec::new()) };
        let is_admin = channel.admin(actor.user, |rights| rights.delete_messages).is_ok();
        let mut gone: Vec<i32> = ids.to_vec();
        gone.retain(|id| channel.held.contains_key(id));
        gone.sort_unstable();
        gone.dedup();
        let numbers: Vec<u64> =
            gone.iter().filter_map(|id| channel.held.get(id).copied()).collect();
        let is_own = |number: &u64| {
            let post = self.talk.posts.get(*number);
            post.is_some_and(|post| post.author == actor.user)
        };
        if !is_admin && !numbers.iter().all(is_own) {
            return Err(RpcError::new(403, "MESSAGE_DELETE_FORBIDDEN"));
        }
        if gone.is_empty() {
            return Ok(gone);
        }
        if let Some(channel) = self.talk.channels.get_mut(&id) {
            channel.held.retain(|id, _| gone.binary_search(id).is_err());
        }
        for number in numbers {
            self.talk.posts.remove(number);
        }
        self.happened_in(batch, id, Event::Delete(gone.clone()), actor);
        Ok(gone)
    }
}
