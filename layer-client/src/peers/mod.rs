//! Who is known: access hashes, user names and phone numbers of everybody the server has told us of.
//!
//! One store for the whole client, behind a lock that is never held across an await. It says what
//! has changed, so that the session is saved in steps. *Min* objects, which the server sends where it
//! saves bytes, are merged: they never overwrite what is known in full, and whoever is known by them
//! alone is named by a message that showed him.

mod error;
mod facts;
mod link;
mod peer_ref;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use layer_tl_types::{enums, types};

pub use error::UnknownPeer;
pub(crate) use link::invite_hash;
pub use peer_ref::PeerRef;
pub(crate) use peer_ref::Reference;
pub(crate) use seen::key as key_of;

use crate::session::{Change, PeerKey, PeerKind, SavedPeer, SavedSession, SavedUser, SeenIn};

/// So many peers are remembered. Beyond that one that was not heard of for long is forgotten, here
/// and in the session; it is learned again when it shows up again.
const MOST: usize = 250_000;

/// All peers that are known.
pub(crate) struct Peers {
    store: Mutex<Store>,
}

struct Store {
    me: Option<SavedUser>,
    peers: HashMap<PeerKey, Entry>,
    /// By username, in lower case.
    usernames: HashMap<String, PeerKey>,
    /// By phone number, in digits.
    phones: HashMap<String, PeerKey>,
    /// All keys of `peers` once, the next to be forgotten in front.
    order: VecDeque<PeerKey>,
    most: usize,
}

struct Entry {
    peer: SavedPeer,
    /// Whether it was heard of or spoken to since it was last asked whether it can be forgotten.
    is_fresh: bool,
}

impl Peers {
    /// Begins with what was saved.
    pub(crate) fn new(session: &SavedSession) -> Self {
        Self::with_room_for(MOST, session)
    }

    fn with_room_for(most: usize, session: &SavedSession) -> Self {
        let mut store = Store::empty(most);
        store.me = session.user;
        for peer in session.peers.values() {
            store.put(peer.clone(), &mut Vec::new());
        }
        Self { store: Mutex::new(store) }
    }

    /// Forgets everybody, and who is logged in.
    pub(crate) fn clear(&self) {
        let mut store = self.store();
        *store = Store::empty(store.most);
    }

    /// Who is logged in.
    pub(crate) fn me(&self) -> Option<SavedUser> {
        self.store().me
    }

    /// Says who is logged in.
    pub(crate) fn set_me(&self, me: Option<SavedUser>) {
        self.store().me = me;
    }

    /// Takes note of users and chats that came with an answer or an update, and gives what has
    /// changed, to be saved.
    pub(crate) fn learn(&self, users: &[enums::User], chats: &[enums::Chat]) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut store = self.store();
        for peer in users.iter().filter_map(facts::of_user) {
            store.learn(peer, &mut changes);
        }
        for peer in chats.iter().filter_map(facts::of_chat) {
            store.learn(peer, &mut changes);
        }
        changes
    }

    /// Takes note of messages: whoever is known by min objects alone can be named by a message that
    /// shows him. To be called after [`Peers::learn`].
    ///
    /// The newest message is remembered. It is saved only if there was none, or one of another chat:
    /// not every message is worth a write.
    pub(crate) fn saw<'a>(
        &self,
        messages: impl IntoIterator<Item = &'a enums::Message>,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut store = self.store();
        for message in messages {
            let Some((place, shown)) = seen::in_message(message) else { continue };
            for key in shown {
                changes.extend(store.saw(key, place));
            }
        }
        changes
    }

    /// Whether this peer can be named to the server, so that an update that speaks of it is whole.
    pub(crate) fn knows(&self, key: PeerKey) -> bool {
        let mut store = self.store();
        let is_me = store.me.is_some_and(|me| key == user(me.id));
        is_me || (store.peers.contains_key(&key) && store.input_peer(key).is_ok())
    }

    /// How the server wants to hear of this peer.
    ///
    /// # Errors
    /// If no access hash is known. It is never guessed: only a bot may send 0.
    pub(crate) fn input_peer(&self, key: PeerKey) -> Result<enums::InputPeer, UnknownPeer> {
        self.store().input_peer(key)
    }

    /// The same for what takes users only.
    ///
    /// # Errors
    /// As [`Peers::input_peer`], and if it is no user.
    pub(crate) fn input_user(&self, key: PeerKey) -> Result<enums::InputUser, UnknownPeer> {
        as_user(self.input_peer(key)?)
    }

    /// The same for methods that take channels and supergroups only.
    ///
    /// # Errors
    /// As [`Peers::input_peer`], and if it is no channel.
    pub(crate) fn input_channel(&self, key: PeerKey) -> Result<enums::InputChannel, UnknownPeer> {
        as_channel(self.input_peer(key)?)
    }

    /// Who has this username, if that is known. Without `@`, in any case.
    pub(crate) fn by_username(&self, username: &str) -> Option<PeerKey> {
        self.store().usernames.get(&username.to_ascii_lowercase()).copied()
    }

    /// Who has this phone number, if that is known. In digits.
    pub(crate) fn by_phone(&self, digits: &str) -> Option<PeerKey> {
        self.store().phones.get(digits).copied()
    }

    /// What is known of a peer.
    #[cfg(test)]
    pub(crate) fn get(&self, key: PeerKey) -> Option<SavedPeer> {
        self.store().peers.get(&key).map(|entry| entry.peer.clone())
    }

    /// By which a peer is told apart that was named to the server.
    pub(crate) fn key(&self, peer: &enums::InputPeer) -> Option<PeerKey> {
        let (kind, id) = match peer {
            enums::InputPeer::Empty => return None,
            enums::InputPeer::PeerSelf => (PeerKind::User, self.me()?.id),
            enums::InputPeer::Chat(peer) => (PeerKind::Chat, peer.chat_id),
            enums::InputPeer::User(peer) => (PeerKind::User, peer.user_id),
            enums::InputPeer::UserFromMessage(peer) => (PeerKind::User, peer.user_id),
            enums::InputPeer::Channel(peer) => (PeerKind::Channel, peer.channel_id),
            enums::InputPeer::ChannelFromMessage(peer) => (PeerKind::Channel, peer.channel_id),
        };
        Some(PeerKey { kind, id })
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A user, as methods that take users only want it.
///
/// # Errors
/// If it is no user.
pub(crate) fn as_user(peer: enums::InputPeer) -> Result<enums::InputUser, UnknownPeer> {
    Ok(match peer {
        enums::InputPeer::PeerSelf => enums::InputUser::UserSelf,
        enums::InputPeer::User(types::InputPeerUser { user_id, access_hash }) => {
            types::InputUser { user_id, access_hash }.into()
        }
        enums::InputPeer::UserFromMessage(seen) => {
            let types::InputPeerUserFromMessage { peer, msg_id, user_id } = *seen;
            types::InputUserFromMessage { peer, msg_id, user_id }.into()
        }
        _ => return Err(UnknownPeer::WrongKind { expected: "a user" }),
    })
}

/// A channel, as methods that take channels and supergroups only want it.
///
/// # Errors
/// If it is no channel.
pub(crate) fn as_channel(peer: enums::InputPeer) -> Result<enums::InputChannel, UnknownPeer> {
    Ok(match peer {
        enums::InputPeer::Channel(types::InputPeerChannel { channel_id, access_hash }) => {
            types::InputChannel { channel_id, access_hash }.into()
        }
        enums::InputPeer::ChannelFromMessage(seen) => {
            let types::InputPeerChannelFromMessage { peer, msg_id, channel_id } = *seen;
            types::InputChannelFromMessage { peer, msg_id, channel_id }.into()
        }
        _ => return Err(UnknownPeer::WrongKind { expected: "a channel or supergroup" }),
    })
}

impl Store {
    fn empty(most: usize) -> Self {
        Self {
            me: None,
            peers: HashMap::new(),
            usernames: HashMap::new(),
            phones: HashMap::new(),
            order: VecDeque::new(),
            most,
        }
    }

    /// Merges what came into what is known.
    fn learn(&mut self, new: SavedPeer, changes: &mut Vec<Change>) {
        let Some(entry) = self.peers.get_mut(&new.key()) else {
            return self.put_changed(new, changes);
        };
        entry.is_fresh = true;
        let Some(merged) = merge(&entry.peer, new) else { return };
        self.put_changed(merged, changes);
    }

    fn put_changed(&mut self, peer: SavedPeer, changes: &mut Vec<Change>) {
        changes.push(Change::Peer(peer.clone()));
        self.put(peer, changes);
    }

    /// Puts a peer in the place of what was known of it, and keeps the index true: a name belongs to
    /// the one who had it last.
    fn put(&mut self, peer: SavedPeer, changes: &mut Vec<Change>) {
        let key = peer.key();
        self.unindex(key);
        for username in &peer.usernames {
            let former = self.usernames.insert(username.to_ascii_lowercase(), key);
            let Some(entry) = former.and_then(|former| self.peers.get_mut(&former)) else {
                continue;
            };
            if entry.peer.key() != key {
                entry.peer.usernames.retain(|name| !name.eq_ignore_ascii_case(username));
                changes.push(Change::Peer(entry.peer.clone()));
            }
        }
        if let Some(phone) = &peer.phone {
            let former = self.phones.insert(phone.clone(), key);
            let former = former.filter(|former| *former != key);
            if let Some(entry) = former.and_then(|former| self.peers.get_mut(&former)) {
                entry.peer.phone = None;
                changes.push(Change::Peer(entry.peer.clone()));
            }
        }
        if self.peers.insert(key, Entry { peer, is_fresh: true }).is_none() {
            self.order.push_back(key);
            self.make_room(changes);
        }
    }

    fn unindex(&mut self, key: PeerKey) {
        let Some(entry) = self.peers.get(&key) else { return };
        for username in &entry.peer.usernames {
            let username = username.to_ascii_lowercase();
            if self.usernames.get(&username) == Some(&key) {
                self.usernames.remove(&username);
            }
        }
        if let Some(phone) = &entry.peer.phone
            && self.phones.get(phone) == Some(&key)
        {
            self.phones.remove(phone);
        }
    }

    /// Forgets whoever was not heard of since he stood in front last time. Each round takes the
    /// freshness away, so this ends, and costs no more than the learning that made it necessary.
    fn make_room(&mut self, changes: &mut Vec<Change>) {
        while self.peers.len() > self.most {
            let Some(key) = self.order.pop_front() else { return };
            let is_me = self.me.is_some_and(|me| key == user(me.id));
            let Some(entry) = self.peers.get_mut(&key) else { continue };
            if std::mem::take(&mut entry.is_fresh) || is_me {
                self.order.push_back(key);
                continue;
            }
            self.unindex(key);
            self.peers.remove(&key);
            changes.push(Change::PeerGone(key));
        }
    }

    fn saw(&mut self, key: PeerKey, place: SeenIn) -> Option<Change> {
        // A peer can't be introduced by its own chat.
        let entry = self.peers.get_mut(&key).filter(|_| key != place.chat)?;
        let former = entry.peer.seen_in;
        let is_newer = former.is_none_or(|f| f.chat != place.chat || f.message < place.message);
        if key.kind == PeerKind::Chat || is_full(&entry.peer) || !is_newer {
            return None;
        }
        entry.peer.seen_in = Some(place);
        let is_news = former.is_none_or(|former| former.chat != place.chat);
        is_news.then(|| Change::Peer(entry.peer.clone()))
    }

    fn input_peer(&mut self, key: PeerKey) -> Result<enums::InputPeer, UnknownPeer> {
        if self.me.is_some_and(|me| key == user(me.id)) {
            return Ok(enums::InputPeer::PeerSelf);
        }
        if key.kind == PeerKind::Chat {
            return Ok(types::InputPeerChat { chat_id: key.id }.into());
        }
        if let Some(full) = self.full(key) {
            return Ok(full);
        }
        if self.me.is_some_and(|me| me.is_bot) {
            return Ok(with_hash(key, 0));
        }
        self.by_message(key).ok_or(UnknownPeer::NoAccessHash(key))
    }

    fn full(&mut self, key: PeerKey) -> Option<enums::InputPeer> {
        let entry = self.peers.get_mut(&key)?;
        entry.is_fresh = true;
        let hash = entry.peer.access_hash.filter(|_| !entry.peer.is_min)?;
        Some(with_hash(key, hash))
    }

    /// A min peer, named by the message that showed it. The chat of that message must be known in
    /// full, so this is one step deep.
    fn by_message(&mut self, key: PeerKey) -> Option<enums::InputPeer> {
        let SeenIn { chat, message } = self.peers.get(&key)?.peer.seen_in?;
        let peer = match chat.kind {
            PeerKind::Chat => types::InputPeerChat { chat_id: chat.id }.into(),
            _ if self.me.is_some_and(|me| chat == user(me.id)) => enums::InputPeer::PeerSelf,
            _ => self.full(chat)?,
        };
        let (msg_id, id) = (message, key.id);
        Some(match key.kind {
            PeerKind::User => types::InputPeerUserFromMessage { peer, msg_id, user_id: id }.into(),
            _ => types::InputPeerChannelFromMessage { peer, msg_id, channel_id: id }.into(),
        })
    }
}

/// What is known afterwards, if that is something new.
fn merge(known: &SavedPeer, new: SavedPeer) -> Option<SavedPeer> {
    let mut merged = new;
    if merged.is_min {
        if is_full(known) {
            return None;
        }
        merged.access_hash = merged.access_hash.or(known.access_hash);
        merged.seen_in = known.seen_in;
        merged.is_min = known.is_min || merged.access_hash.is_some();
        merged.is_bot |= known.is_bot;
        if !known.usernames.is_empty() {
            merged.usernames = known.usernames.clone();
        }
        merged.phone = known.phone.clone().or(merged.phone);
    } else if merged.access_hash.is_none() {
        // In full, but without a hash: what was known of it is still right.
        merged.access_hash = known.access_hash;
        merged.is_min = known.is_min;
        merged.seen_in = known.seen_in;
    }
    (merged != *known).then_some(merged)
}

/// Whether it can be named by its own hash.
fn is_full(peer: &SavedPeer) -> bool {
    !peer.is_min && peer.access_hash.is_some()
}

fn with_hash(key: PeerKey, access_hash: i64) -> enums::InputPeer {
    match key.kind {
        PeerKind::User => types::InputPeerUser { user_id: key.id, access_hash }.into(),
        PeerKind::Channel => types::InputPeerChannel { channel_id: key.id, access_hash }.into(),
        PeerKind::Chat => types::InputPeerChat { chat_id: key.id }.into(),
    }
}

/// The peer as the schema has it.
pub(crate) fn peer_of(key: PeerKey) -> enums::Peer {
    match key.kind {
        PeerKind::User => types::PeerUser { user_id: key.id }.into(),
        PeerKind::Chat => types::PeerChat { chat_id: key.id }.into(),
        PeerKind::Channel => types::PeerChannel { channel_id: key.id }.into(),
    }
}

/// Whether it is a channel or supergroup, for which the server has methods of their own.
pub(crate) fn is_channel(peer: &enums::InputPeer) -> bool {
    matches!(peer, enums::InputPeer::Channel(_) | enums::InputPeer::ChannelFromMessage(_))
}

fn user(id: i64) -> PeerKey {
    PeerKey { kind: PeerKind::User, id }
}
