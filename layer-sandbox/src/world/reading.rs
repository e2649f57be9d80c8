//! Reading: what an account has seen, and who is told of it.

use std::collections::BTreeMap;

use layer_tl_types::{enums, types};

use super::boxes::Event;
use super::fanout::{Actor, Batch};
use super::{Peer, World};

impl World {
    /// An account has read a conversation up to a message; all of it if there is no such number. Returns
    /// whether that is news.
    pub(crate) fn read(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        max_id: i32,
    ) -> bool {
        let top = self.ids(actor.user, peer).next_back().unwrap_or_default();
        let max_id = if max_id <= 0 { top } else { max_id.min(top) };
        let own = self.talk.boxes.entry(actor.user).or_default();
        let dialog = own.dialogs.entry(peer).or_default();
        let before = dialog.read_inbox;
        if std::mem::take(&mut dialog.marked_unread) {
            batch.tell(actor.user, unread_mark(peer, false));
        }
        if max_id <= before {
            return false;
        }
        dialog.read_inbox = max_id;
        let authors = self.authors_of(actor.user, peer, before, max_id);
        let unread = self.unread(actor.user, peer);
        match peer {
            Peer::Channel(id) => {
                let pts = self.talk.channels.get(&id).map_or(1, |channel| channel.pts.at());
                batch.tell(actor.user, types::UpdateReadChannelInbox::new(id, max_id, unread, pts));
            }
            _ => self.happened(batch, actor.user, Event::ReadInbox { peer, max_id, unread }),
        }
        for (author, max_id) in authors {
            self.was_read(batch, actor.user, author, peer, max_id);
        }
        true
    }

    /// Who else has written what lies between two messages, with the last of each in its own terms. The
    /// readers of a broadcast channel are nobody's business.
    fn authors_of(&self, viewer: i64, peer: Peer, after: i32, to: i32) -> BTreeMap<i64, i32> {
        let mut authors = BTreeMap::new();
        for id in self.ids(viewer, peer).filter(|id| *id > after && *id <= to) {
            let Some(post) = self.post_of(viewer, peer, id) else { continue };
            if post.author == viewer || post.as_channel.is_some() {
                continue;
            }
            authors.extend(post.id_for(post.author).map(|id| (post.author, id)));
        }
        authors
    }

    fn was_read(&mut self, batch: &mut Batch, reader: i64, author: i64, peer: Peer, max_id: i32) {
        // In a private chat, the reader is the one whom the author has written to.
        let peer = if matches!(peer, Peer::User(_)) { Peer::User(reader) } else { peer };
        let theirs = self.talk.boxes.entry(author).or_default();
        let Some(dialog) = theirs.dialogs.get_mut(&peer) else { return };
        if dialog.read_outbox >= max_id {
            return;
        }
        dialog.read_outbox = max_id;
        match peer {
            Peer::Channel(channel_id) => {
                batch.tell(author, types::UpdateReadChannelOutbox { channel_id, max_id });
            }
            _ => self.happened(batch, author, Event::ReadOutbox { peer, max_id }),
        }
    }

    /// An account has looked at messages of its box that name it. Returns which were news.
    pub(crate) fn read_contents(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        ids: &[i32],
    ) -> Vec<i32> {
        let mut read = Vec::new();
        for id in ids {
            let held = self.talk.boxes.get(&actor.user).and_then(|own| own.held.get(id));
            let post = held.and_then(|held| self.talk.posts.get_mut(held.post));
            if post.is_some_and(|post| post.unread_by.remove(&actor.user)) {
                read.push(*id);
            }
        }
        if !read.is_empty() {
            self.happened(batch, actor.user, Event::ReadContents(read.clone()));
        }
        read
    }

    /// As [`World::read_contents`], in a channel.
    pub(crate) fn read_contents_in(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        channel_id: i64,
        ids: &[i32],
    ) -> Vec<i32> {
        let mut messages = Vec::new();
        for id in ids {
            let channel = self.talk.channels.get(&channel_id);
            let number = channel.and_then(|channel| channel.held.get(id).copied());
            let post = number.and_then(|number| self.talk.posts.get_mut(number));
            if post.is_some_and(|post| post.unread_by.remove(&actor.user)) {
                messages.push(*id);
            }
        }
        if !messages.is_empty() {
            let update =
                types::UpdateChannelReadMessagesContents::new(channel_id, messages.clone());
            batch.tell(actor.user, update);
        }
        messages
    }

    /// The messages of a conversation that name an account and that it has not looked at.
    pub(crate) fn unread_mentions(&self, viewer: i64, peer: Peer) -> Vec<i32> {
        // Nobody is named in private.
        if matches!(peer, Peer::User(_)) {
            return Vec::new();
        }
        let unread = |id: &i32| {
            let post = self.post_of(viewer, peer, *id);
            post.is_some_and(|post| post.unread_by.contains(&viewer))
        };
        self.ids(viewer, peer).filter(unread).collect()
    }
}

/// That a conversation is marked as unread, or no more.
pub(crate) fn unread_mark(peer: Peer, unread: bool) -> enums::Update {
    let peer = types::DialogPeer { peer: peer.into() }.into();
    types::UpdateDialogUnreadMark { unread, ..types::UpdateDialogUnreadMark::new(peer) }.into()
}
