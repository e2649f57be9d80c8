//! What changes in a saved login, in the steps in which backends write it.

use super::saved::{DcEntry, KeyAside, PeerKey, SavedPeer, SavedSession, SavedUser, UpdatesState};

/// One step from a [`SavedSession`] to the next. Each sets what it names, so doing one twice does no
/// harm.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// All is forgotten, keys that were set aside too: the user has signed out.
    Clear,
    /// The data centre at home.
    HomeDc(i32),
    /// A data centre as it is known now. Keys are never lost that way: one that differs from the
    /// one before puts that aside, and [`DcEntry::set_aside`] only grows.
    Dc(Box<DcEntry>),
    /// A data centre is forgotten with all its keys.
    DcGone(i32),
    /// The key of a data centre is given up: it moves to [`DcEntry::set_aside`], and with it go its
    /// salts and the login under it.
    KeySetAside {
        /// The data centre.
        dc: i32,
        /// When, in unix seconds.
        date: i64,
        /// Why, for a human.
        reason: String,
    },
    /// Who is logged in, if anybody.
    User(Option<SavedUser>),
    /// How far the account's updates have been handed out.
    Updates(Option<UpdatesState>),
    /// How far a channel's updates have been handed out.
    ChannelPts {
        /// The channel's bare id.
        channel: i64,
        /// Its pts.
        pts: i32,
    },
    /// A channel's updates are not followed any more.
    ChannelGone(i64),
    /// A peer as it is known now. It replaces what was known, so whoever saves it has merged min
    /// and full hashes before.
    Peer(SavedPeer),
    /// A peer is forgotten.
    PeerGone(PeerKey),
}

impl SavedSession {
    /// Takes one step.
    pub fn apply(&mut self, change: &Change) {
        self.take(change.clone());
    }

    /// Takes one step that nobody else needs.
    pub(super) fn take(&mut self, change: Change) {
        match change {
            Change::Clear => *self = Self::default(),
            Change::HomeDc(id) => self.home_dc = Some(id),
            Change::Dc(entry) => self.put_dc(*entry),
            Change::DcGone(id) => self.dcs.retain(|dc| dc.id != id),
            Change::KeySetAside { dc, date, reason } => {
                if let Some(dc) = self.dcs.iter_mut().find(|entry| entry.id == dc) {
                    dc.give_up_key(date, reason);
                }
            }
            Change::User(user) => self.user = user,
            Change::Updates(state) => self.updates = state,
            Change::ChannelPts { channel, pts } => {
                self.channels.insert(channel, pts);
            }
            Change::ChannelGone(channel) => {
                self.channels.remove(&channel);
            }
            Change::Peer(peer) => {
                self.peers.insert(peer.key(), peer);
            }
            Change::PeerGone(key) => {
                self.peers.remove(&key);
            }
        }
    }

    /// The whole as steps that lead to it from anywhere; with them a session is carried from one
    /// backend to another.
    ///
    /// ```
    /// use layer_client::session::{Change, SavedSession};
    ///
    /// let mut old = SavedSession::default();
    /// old.apply(&Change::ChannelPts { channel: 7, pts: 100 });
    /// let mut new = SavedSession::default();
    /// new.apply(&Change::HomeDc(4));
    /// old.to_changes().iter().for_each(|change| new.apply(change));
    /// assert_eq!(new, old);
    /// ```
    pub fn to_changes(&self) -> Vec<Change> {
        let mut changes = vec![Change::Clear];
        changes.extend(self.home_dc.map(Change::HomeDc));
        changes.extend(self.dcs.iter().map(|dc| Change::Dc(Box::new(dc.clone()))));
        changes.extend(self.user.map(|user| Change::User(Some(user))));
        changes.extend(self.updates.map(|state| Change::Updates(Some(state))));
        let channels = self.channels.iter();
        changes.extend(channels.map(|(&channel, &pts)| Change::ChannelPts { channel, pts }));
        changes.extend(self.peers.values().cloned().map(Change::Peer));
        changes
    }

    /// The steps that forget what belongs to an account and not to its keys: peers, and how far
    /// updates have come.
    pub(crate) fn without_account(&self) -> Vec<Change> {
        let mut changes = vec![Change::Updates(None)];
        changes.extend(self.peers.keys().map(|peer| Change::PeerGone(*peer)));
        changes.extend(self.channels.keys().map(|channel| Change::ChannelGone(*channel)));
        changes
    }

    fn put_dc(&mut self, mut new: DcEntry) {
        if let Some(dc) = self.dcs.iter_mut().find(|dc| dc.id == new.id) {
            dc.replace(new);
        } else {
            new.drop_oldest();
            let at = self.dcs.partition_point(|dc| dc.id < new.id);
            self.dcs.insert(at, new);
        }
    }
}

impl DcEntry {
    fn give_up_key(&mut self, date: i64, reason: String) {
        self.salts.clear();
        self.is_authorized = false;
        if let Some(key) = self.auth_key.take() {
            self.set_aside.push(KeyAside::new(key, date, reason));
            self.drop_oldest();
        }
    }

    fn replace(&mut self, mut new: DcEntry) {
        if self.auth_key != new.auth_key {
            self.give_up_key(0, "replaced by another".to_owned());
        }
        let mut aside = std::mem::take(&mut self.set_aside);
        for key in std::mem::take(&mut new.set_aside) {
            if !aside.iter().any(|known| known.auth_key == key.auth_key) {
                aside.push(key);
            }
        }
        // One that is used again is not aside.
        aside.retain(|key| Some(&key.auth_key) != new.auth_key.as_ref());
        *self = DcEntry { set_aside: aside, ..new };
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        let extra = self.set_aside.len().saturating_sub(Self::MOST_SET_ASIDE);
        self.set_aside.drain(..extra);
    }
}
