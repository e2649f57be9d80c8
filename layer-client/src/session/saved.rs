//! A saved login as plain data: what a client must know to go on where another process ended.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use layer_crypto::AuthKey;
use layer_tl_types::types::FutureSalt;

/// All that is saved of a login. The default is that of a client that never connected.
///
/// ```
/// use layer_client::session::{Change, SavedSession, SavedUser};
///
/// let mut session = SavedSession::default();
/// session.apply(&Change::HomeDc(2));
/// session.apply(&Change::User(Some(SavedUser { id: 4711, is_bot: false })));
/// assert_eq!(session.user, Some(SavedUser { id: 4711, is_bot: false }));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct SavedSession {
    /// The data centre at home, once one is known.
    pub home_dc: Option<i32>,
    /// What is known of data centres, in the order of their ids, each once.
    pub dcs: Vec<DcEntry>,
    /// Who is logged in.
    pub user: Option<SavedUser>,
    /// How far the account's updates have been handed out.
    pub updates: Option<UpdatesState>,
    /// How far the updates of channels have been handed out: pts by the channel's bare id.
    pub channels: BTreeMap<i64, i32>,
    /// Users, groups and channels that were seen.
    pub peers: BTreeMap<PeerKey, SavedPeer>,
}

impl SavedSession {
    /// What is known of a data centre.
    pub fn dc(&self, id: i32) -> Option<&DcEntry> {
        self.dcs.iter().find(|dc| dc.id == id)
    }

    /// What is known of a peer.
    pub fn peer(&self, kind: PeerKind, id: i64) -> Option<&SavedPeer> {
        self.peers.get(&PeerKey { kind, id })
    }
}

/// A data centre: where it is, and the key that was agreed with it.
///
/// `Debug` shows the id of the key and no salt.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct DcEntry {
    /// Its number.
    pub id: i32,
    /// Where it can be reached, best first.
    pub addresses: Vec<DcAddress>,
    /// The permanent key agreed with it. Wiped when dropped.
    pub auth_key: Option<AuthKey>,
    /// What is known of the salts of that key; of no use after an hour or so, and not needed.
    pub salts: Vec<FutureSalt>,
    /// How many seconds its clock was ahead of the local one.
    pub time_offset: i64,
    /// Whether the user is logged in under that key.
    pub is_authorized: bool,
    /// Keys that were given up, oldest first; see [`Change::KeySetAside`](super::Change::KeySetAside).
    pub set_aside: Vec<KeyAside>,
}

impl DcEntry {
    /// So many given-up keys are kept for a data centre; beyond that the oldest goes.
    pub const MOST_SET_ASIDE: usize = 16;

    /// One of which only the number is known.
    pub fn new(id: i32) -> Self {
        Self {
            id,
            addresses: Vec::new(),
            auth_key: None,
            salts: Vec::new(),
            time_offset: 0,
            is_authorized: false,
            set_aside: Vec::new(),
        }
    }
}

impl fmt::Debug for DcEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcEntry")
            .field("id", &self.id)
            .field("addresses", &self.addresses)
            .field("auth_key", &self.auth_key)
            .field("salts", &self.salts.len())
            .field("time_offset", &self.time_offset)
            .field("is_authorized", &self.is_authorized)
            .field("set_aside", &self.set_aside)
            .finish()
    }
}

/// One address of a data centre, with what `dcOption` says of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DcAddress {
    /// IPv4 or IPv6, and the port.
    pub addr: SocketAddr,
    /// Only for files.
    pub media_only: bool,
    /// A CDN's: other server keys, no login.
    pub cdn: bool,
    /// To be preferred when connecting through a proxy.
    pub is_static: bool,
    /// Only with obfuscation.
    pub obfuscated_only: bool,
    /// Only at this port.
    pub this_port_only: bool,
    /// The secret of the obfuscation, if one is needed. Not in `Debug`.
    pub secret: Option<Vec<u8>>,
}

impl DcAddress {
    /// An address for everything.
    pub fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            media_only: false,
            cdn: false,
            is_static: false,
            obfuscated_only: false,
            this_port_only: false,
            secret: None,
        }
    }
}

impl fmt::Debug for DcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcAddress")
            .field("addr", &self.addr)
            .field("media_only", &self.media_only)
            .field("cdn", &self.cdn)
            .field("is_static", &self.is_static)
            .field("obfuscated_only", &self.obfuscated_only)
            .field("this_port_only", &self.this_port_only)
            .field("has_secret", &self.secret.is_some())
            .finish()
    }
}

/// A key that is not used any more and yet not thrown away, should that have been a mistake.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KeyAside {
    /// The key. Wiped when dropped.
    pub auth_key: AuthKey,
    /// When it was given up, in unix seconds; 0 if nobody said.
    pub date: i64,
    /// Why.
    pub reason: String,
}

impl KeyAside {
    /// A key given up at `date`, in unix seconds.
    pub fn new(auth_key: AuthKey, date: i64, reason: impl Into<String>) -> Self {
        Self { auth_key, date, reason: reason.into() }
    }
}

/// Who is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedUser {
    /// The user's id.
    pub id: i64,
    /// Whether it is a bot.
    pub is_bot: bool,
}

/// The account's place in the order of updates, as `updates.State` has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpdatesState {
    /// Of the common box.
    pub pts: i32,
    /// Of the second box: secret chats and bots.
    pub qts: i32,
    /// Unix seconds of the server.
    pub date: i32,
    /// Of whole `updates` objects.
    pub seq: i32,
}

/// What kind of peer an id belongs to: ids of different kinds may be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerKind {
    /// A user or a bot.
    User,
    /// A basic group.
    Chat,
    /// A channel or a supergroup.
    Channel,
}

/// By which peers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey {
    /// Its kind.
    pub kind: PeerKind,
    /// Its bare id, as Telegram's own types have it: positive.
    pub id: i64,
}

/// What must be known of a peer to speak to it, and to find it again.
///
/// `Debug` shows no phone number.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedPeer {
    /// Its kind.
    pub kind: PeerKind,
    /// Its bare id.
    pub id: i64,
    /// The number that proves to the server that we have seen it. Basic groups have none.
    pub access_hash: Option<i64>,
    /// Whether the peer came as a *min* constructor: its hash, if any, is good for little, and
    /// [`SavedPeer::seen_in`] says how to name it instead.
    pub is_min: bool,
    /// A message that showed it.
    pub seen_in: Option<SeenIn>,
    /// Its user names without `@`, the main one first.
    pub usernames: Vec<String>,
    /// Its phone number in digits, if we may see it.
    pub phone: Option<String>,
    /// Whether it is a bot.
    pub is_bot: bool,
}

impl SavedPeer {
    /// One of which only the id is known.
    pub fn new(kind: PeerKind, id: i64) -> Self {
        Self {
            kind,
            id,
            access_hash: None,
            is_min: false,
            seen_in: None,
            usernames: Vec::new(),
            phone: None,
            is_bot: false,
        }
    }

    /// By which it is told apart.
    pub fn key(&self) -> PeerKey {
        PeerKey { kind: self.kind, id: self.id }
    }
}

impl fmt::Debug for SavedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedPeer")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("access_hash", &self.access_hash)
            .field("is_min", &self.is_min)
            .field("seen_in", &self.seen_in)
            .field("usernames", &self.usernames)
            .field("has_phone", &self.phone.is_some())
            .field("is_bot", &self.is_bot)
            .finish()
    }
}

/// Where a min peer was seen, as `inputPeerUserFromMessage` and `inputPeerChannelFromMessage` want
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenIn {
    /// The chat of the message.
    pub chat: PeerKey,
    /// The message's id in that chat.
    pub message: i32,
}
