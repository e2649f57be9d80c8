//! An account's conversations: what it has read in each, what is pinned, and the draft.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use layer_tl_types::{enums, types};

use super::fanout::{Actor, Batch};
use super::{Peer, World};

/// A conversation as one account has it.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Dialog {
    /// Its messages in the account's box; a channel's are in the channel's box.
    pub(crate) ids: BTreeSet<i32>,
    /// The account has read up to here.
    pub(crate) read_inbox: i32,
    /// Somebody else has read up to here what the account wrote.
    pub(crate) read_outbox: i32,
    /// Its place among those that are pinned, the larger the higher.
    pub(crate) pinned: Option<u32>,
    pub(crate) marked_unread: bool,
    #[serde(with = "crate::world::kept::tl_option")]
    pub(crate) draft: Option<types::DraftMessage>,
    /// The list does not show it: it was deleted, and nothing was said since.
    pub(crate) hidden: bool,
    /// A channel's messages up to here are deleted for this account.
    pub(crate) cleared: i32,
}

/// Without the draft's text.
impl std::fmt::Debug for Dialog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialog")
            .field("messages", &self.ids.len())
            .field("read_inbox", &self.read_inbox)
            .field("read_outbox", &self.read_outbox)
            .finish_non_exhaustive()
    }
}

impl World {
    /// How a viewer is told of what is said in a conversation.
    pub(crate) fn notify_settings(&self, viewer: i64, peer: Peer) -> enums::PeerNotifySettings {
        let peer = types::NotifyPeer { peer: peer.into() }.into();
        let user = self.accounts.get(viewer);
        user.map(|user| user.preferences.notify(&peer)).unwrap_or_default().into()
    }

    /// The identifiers of a conversation's messages, as an account sees them, in their order.
    pub(crate) fn ids(
        &self,
        viewer: i64,
        peer: Peer,
    ) -> Box<dyn DoubleEndedIterator<Item = i32> + '_> {
        let dialog = self.talk.boxes.get(&viewer).and_then(|own| own.dialogs.get(&peer));
        match peer {
            Peer::Channel(id) => {
                let cleared = dialog.map_or(0, |dialog| dialog.cleared);
                let channel = self.talk.channels.get(&id);
                let ids = channel.map(|channel| channel.held.range((Excluded(cleared), Unbounded)));
                Box::new(ids.into_iter().flatten().map(|(id, _)| *id))
            }
            _ => Box::new(dialog.into_iter().flat_map(|dialog| dialog.ids.iter().copied())),
        }
    }

    /// How many messages of others an account has not read in a conversation.
    pub(crate) fn unread(&self, viewer: i64, peer: Peer) -> i32 {
        let dialog = self.talk.boxes.get(&viewer).and_then(|own| own.dialogs.get(&peer));
        let read = dialog.map_or(0, |dialog| dialog.read_inbox);
        let others =
            self.ids(viewer, peer).rev().take_while(|id| *id > read).filter(|id| {
                self.post_of(viewer, peer, *id).is_some_and(|post| post.author != viewer)
            });
        i32::try_from(others.count()).unwrap_or(i32::MAX)
    }

    /// A conversation's line in the list; `None` if the account has none with this peer.
    pub(crate) fn dialog(&self, viewer: i64, peer: Peer) -> Option<types::Dialog> {
        let dialog = self.talk.boxes.get(&viewer)?.dialogs.get(&peer)?;
        let unread_count = self.unread(viewer, peer);
        let mentions = self.unread_mentions(viewer, peer).len();
        let unread_mentions_count = i32::try_from(mentions).unwrap_or(i32::MAX);
        let pts = match peer {
            Peer::Channel(id) => Some(self.talk.channels.get(&id)?.pts.at()),
            _ => None,
        };
        Some(types::Dialog {
            pinned: dialog.pinned.is_some(),
            unread_mark: dialog.marked_unread,
            pts,
            draft: dialog.draft.clone().map(Into::into),
            ..types::Dialog::new(
                peer.into(),
                self.ids(viewer, peer).next_back().unwrap_or_default(),
                dialog.read_inbox,
                dialog.read_outbox,
                unread_count,
                unread_mentions_count,
                0,
                0,
                self.notify_settings(viewer, peer),
            )
        })
    }

    /// The peers of the conversations that an account's list shows, in its order: the pinned ones, then
    /// those in which something was said last.
    pub(crate) fn dialogs(&self, viewer: i64) -> Vec<Peer> {
        let own = self.talk.boxes.get(&viewer);
        let dialogs = own.into_iter().flat_map(|own| &own.dialogs);
        let mut shown: Vec<_> = dialogs
            .filter(|(peer, dialog)| !dialog.hidden && self.may_list(viewer, **peer))
            .map(|(peer, dialog)| (dialog.pinned, self.top(viewer, *peer), *peer))
            .collect();
        shown.sort_unstable_by(|one, other| other.cmp(one));
        shown.into_iter().map(|(_, _, peer)| peer).collect()
    }

    /// Which place a conversation has among the pinned ones.
    pub(crate) fn pinned(&self, viewer: i64, peer: Peer) -> Option<u32> {
        self.talk.boxes.get(&viewer)?.dialogs.get(&peer)?.pinned
    }

    /// Takes a conversation off the list, until something is said in it.
    pub(crate) fn hide_dialog(&mut self, viewer: i64, peer: Peer) {
        let own = self.talk.boxes.entry(viewer).or_default();
        if let Some(dialog) = own.dialogs.get_mut(&peer) {
            (dialog.hidden, dialog.pinned, dialog.draft) = (true, None, None);
        }
    }

    /// Drops a draft, and tells the account's clients so.
    pub(crate) fn clear_draft(&mut self, actor: &Actor, peer: Peer) {
        let own = self.talk.boxes.entry(actor.user).or_default();
        let dropped = own.dialogs.get_mut(&peer).and_then(|dialog| dialog.draft.take());
        if dropped.is_some() {
            let empty = types::DraftMessageEmpty { date: Some(actor.date()) };
            let mut batch = Batch::default();
            batch.tell(actor.user, types::UpdateDraftMessage::new(peer.into(), empty.into()));
            self.push_all(batch, actor);
        }
    }

    /// When something was said last in a conversation, and its identifier.
    pub(crate) fn top(&self, viewer: i64, peer: Peer) -> (i32, i32) {
        let top = self.ids(viewer, peer).next_back().unwrap_or_default();
        (self.post_of(viewer, peer, top).map_or(0, |post| post.date), top)
    }

    /// A conversation is listed as long as its chat is there, and a channel as long as one is in it.
    fn may_list(&self, viewer: i64, peer: Peer) -> bool {
        match peer {
            Peer::User(_) => self.ids(viewer, peer).next().is_some(),
            Peer::Chat(id) => {
                self.talk.groups.contains_key(&id) && self.ids(viewer, peer).next().is_some()
            }
            Peer::Channel(id) => self
                .talk
                .channels
                .get(&id)
                .is_some_and(|channel| channel.members.contains_key(&viewer)),
        }
    }
}
