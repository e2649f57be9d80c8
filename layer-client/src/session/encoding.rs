//! Changes as bytes, for the file and for strings: a kind, a length, then fields in a fixed order,
//! little-endian. A reader that meets what it does not know says so, because to skip it would be to
//! lose it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use layer_crypto::AuthKey;
use layer_tl_types::types::FutureSalt;
use zeroize::Zeroizing;

use super::saved::{
    DcAddress, DcEntry, KeyAside, PeerKey, PeerKind, SavedPeer, SavedSession, SavedUser, SeenIn,
    UpdatesState,
};
use super::{Change, SessionError};

const CLEAR: u8 = 1;
const HOME_DC: u8 = 2;
const DC: u8 = 3;
const DC_GONE: u8 = 4;
const KEY_SET_ASIDE: u8 = 5;
const USER: u8 = 6;
const UPDATES: u8 = 7;
const CHANNEL_PTS: u8 = 8;
const CHANNEL_GONE: u8 = 9;
const PEER: u8 = 10;
const PEER_GONE: u8 = 11;

/// Bytes that are wiped when dropped, and when they move because they grow.
#[derive(Default)]
pub(super) struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let room = (self.0.len() + bytes.len()).max(2 * self.0.len()).max(1024);
            let mut grown = Zeroizing::new(Vec::with_capacity(room));
            grown.extend_from_slice(&self.0);
            self.0 = grown;
        }
        self.0.extend_from_slice(bytes);
    }

    /// Replaces what was put at `at`.
    pub(super) fn patch(&mut self, at: usize, bytes: &[u8]) {
        for (to, from) in self.0.iter_mut().skip(at).zip(bytes) {
            *to = *from;
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.put(&value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.put(&value.to_le_bytes());
    }

    /// A length. What is longer than 4 GiB does not fit into a file either.
    pub(super) fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.put(bytes);
    }

    /// Whether it is there, and then itself.
    pub(super) fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn key(&mut self, key: PeerKey) {
        self.u8(match key.kind {
            PeerKind::User => 1,
            PeerKind::Chat => 2,
            PeerKind::Channel => 3,
        });
        self.i64(key.id);
    }

    /// A change: its kind, the length of its fields, the fields.
    fn change(&mut self, kind: u8, fields: impl FnOnce(&mut Self)) {
        self.u8(kind);
        let at = self.len();
        self.u32(0);
        fields(self);
        let len = self.len() - at - 4;
        self.patch(at, &u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn dc(&mut self, dc: &DcEntry) {
        self.i32(dc.id);
        self.count(dc.addresses.len());
        for address in &dc.addresses {
            self.address(address);
        }
        self.option(dc.auth_key.as_ref(), |bytes, key| bytes.put(key.as_bytes()));
        self.count(dc.salts.len());
        for salt in &dc.salts {
            self.i32(salt.valid_since);
            self.i32(salt.valid_until);
            self.i64(salt.salt);
        }
        self.i64(dc.time_offset);
        self.u8(u8::from(dc.is_authorized));
        self.count(dc.set_aside.len());
        for aside in &dc.set_aside {
            self.put(aside.auth_key.as_bytes());
            self.i64(aside.date);
            self.bytes(aside.reason.as_bytes());
        }
    }

    fn address(&mut self, address: &DcAddress) {
        match address.addr {
            SocketAddr::V4(addr) => {
                self.u8(4);
                self.put(&addr.ip().octets());
            }
            SocketAddr::V6(addr) => {
                self.u8(6);
                self.put(&addr.ip().octets());
                self.u32(addr.flowinfo());
                self.u32(addr.scope_id());
            }
        }
        self.put(&address.addr.port().to_le_bytes());
        let flags = [
            address.media_only,
            address.cdn,
            address.is_static,
            address.obfuscated_only,
            address.this_port_only,
        ];
        self.u8(flags.iter().rev().fold(0, |bits, &flag| bits << 1 | u8::from(flag)));
        self.option(address.secret.as_deref(), Self::bytes);
    }

    fn user(&mut self, user: SavedUser) {
        self.i64(user.id);
        self.u8(u8::from(user.is_bot));
    }

    fn updates(&mut self, state: UpdatesState) {
        [state.pts, state.qts, state.date, state.seq].iter().for_each(|&at| self.i32(at));
    }

    fn peer(&mut self, peer: &SavedPeer) {
        self.key(peer.key());
        self.option(peer.access_hash, Self::i64);
        self.u8(u8::from(peer.is_min) | u8::from(peer.is_bot) << 1);
        self.option(peer.seen_in, |bytes, seen| {
            bytes.key(seen.chat);
            bytes.i32(seen.message);
        });
        self.count(peer.usernames.len());
        peer.usernames.iter().for_each(|name| self.bytes(name.as_bytes()));
        self.option(peer.phone.as_deref(), |bytes, phone| bytes.bytes(phone.as_bytes()));
    }
}

/// Appends a change.
pub(super) fn write(bytes: &mut Bytes, change: &Change) {
    match change {
        Change::Clear => bytes.change(CLEAR, |_| ()),
        Change::HomeDc(id) => bytes.change(HOME_DC, |bytes| bytes.i32(*id)),
        Change::Dc(dc) => bytes.change(DC, |bytes| bytes.dc(dc)),
        Change::DcGone(id) => bytes.change(DC_GONE, |bytes| bytes.i32(*id)),
        Change::KeySetAside { dc, date, reason } => bytes.change(KEY_SET_ASIDE, |bytes| {
            bytes.i32(*dc);
            bytes.i64(*date);
            bytes.bytes(reason.as_bytes());
        }),
        Change::User(user) => bytes.change(USER, |bytes| bytes.option(*user, Bytes::user)),
        Change::Updates(state) => {
            bytes.change(UPDATES, |bytes| bytes.option(*state, Bytes::updates));
        }
        Change::ChannelPts { channel, pts } => bytes.change(CHANNEL_PTS, |bytes| {
            bytes.i64(*channel);
            bytes.i32(*pts);
        }),
        Change::ChannelGone(channel) => bytes.change(CHANNEL_GONE, |bytes| bytes.i64(*channel)),
        Change::Peer(peer) => bytes.change(PEER, |bytes| bytes.peer(peer)),
        Change::PeerGone(key) => bytes.change(PEER_GONE, |bytes| bytes.key(*key)),
    }
}

/// Appends what leads to `session` from nothing, without copying it first.
pub(super) fn write_session(bytes: &mut Bytes, session: &SavedSession) {
    if let Some(id) = session.home_dc {
        bytes.change(HOME_DC, |bytes| bytes.i32(id));
    }
    for dc in &session.dcs {
        bytes.change(DC, |bytes| bytes.dc(dc));
    }
    if let Some(user) = session.user {
        bytes.change(USER, |bytes| bytes.option(Some(user), Bytes::user));
    }
    if let Some(state) = session.updates {
        bytes.change(UPDATES, |bytes| bytes.option(Some(state), Bytes::updates));
    }
    for (&channel, &pts) in &session.channels {
        write(bytes, &Change::ChannelPts { channel, pts });
    }
    for peer in session.peers.values() {
        bytes.change(PEER, |bytes| bytes.peer(peer));
    }
}

/// Reads changes to the end of `bytes` and does them. The error says what is wrong, in words.
pub(super) fn read(bytes: &[u8], session: &mut SavedSession) -> Result<(), &'static str> {
    let mut reader = Reader(bytes);
    while !reader.0.is_empty() {
        let kind = reader.u8()?;
        let mut fields = Reader(reader.bytes()?);
        let change = fields.change(kind)?;
        if !fields.0.is_empty() {
            return Err("a change holds more than it should");
        }
        session.take(change);
    }
    Ok(())
}

/// Bytes that were read from a file or a string, from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

const SHORT: &str = "a change ends too early";

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], &'static str> {
        let (array, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(array)
    }

    fn u8(&mut self) -> Result<u8, &'static str> {
        self.array().map(|&[byte]| byte)
    }

    pub(super) fn bool(&mut self) -> Result<bool, &'static str> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a yes or no is neither"),
        }
    }

    pub(super) fn u32(&mut self) -> Result<u32, &'static str> {
        self.array().map(|array| u32::from_le_bytes(*array))
    }

    pub(super) fn i32(&mut self) -> Result<i32, &'static str> {
        self.array().map(|array| i32::from_le_bytes(*array))
    }

    fn i64(&mut self) -> Result<i64, &'static str> {
        self.array().map(|array| i64::from_le_bytes(*array))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], &'static str> {
        let len = usize::try_from(self.u32()?).map_err(|_| SHORT)?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(SHORT)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn string(&mut self) -> Result<String, &'static str> {
        let bytes = self.bytes()?.to_vec();
        String::from_utf8(bytes).map_err(|_| "a text is not UTF-8")
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, &'static str>,
    ) -> Result<Option<T>, &'static str> {
        if self.bool()? { read(self).map(Some) } else { Ok(None) }
    }

    /// A list. Memory is taken as its elements come, each of which takes bytes.
    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, &'static str>,
    ) -> Result<Vec<T>, &'static str> {
        let mut list = Vec::new();
        for _ in 0..self.u32()? {
            list.push(read(self)?);
        }
        Ok(list)
    }

    fn auth_key(&mut self) -> Result<AuthKey, &'static str> {
        self.array().map(AuthKey::from_bytes)
    }

    fn key(&mut self) -> Result<PeerKey, &'static str> {
        let kind = match self.u8()? {
            1 => PeerKind::User,
            2 => PeerKind::Chat,
            3 => PeerKind::Channel,
            _ => return Err("a peer is of no known kind"),
        };
        Ok(PeerKey { kind, id: self.i64()? })
    }

    fn change(&mut self, kind: u8) -> Result<Change, &'static str> {
        Ok(match kind {
            CLEAR => Change::Clear,
            HOME_DC => Change::HomeDc(self.i32()?),
            DC => Change::Dc(Box::new(self.dc()?)),
            DC_GONE => Change::DcGone(self.i32()?),
            KEY_SET_ASIDE => {
                Change::KeySetAside { dc: self.i32()?, date: self.i64()?, reason: self.string()? }
            }
            USER => Change::User(
                self.option(|reader| Ok(SavedUser { id: reader.i64()?, is_bot: reader.bool()? }))?,
            ),
            UPDATES => Change::Updates(self.option(|reader| {
                let [pts, qts] = [reader.i32()?, reader.i32()?];
                Ok(UpdatesState { pts, qts, date: reader.i32()?, seq: reader.i32()? })
            })?),
            CHANNEL_PTS => Change::ChannelPts { channel: self.i64()?, pts: self.i32()? },
            CHANNEL_GONE => Change::ChannelGone(self.i64()?),
            PEER => Change::Peer(self.peer()?),
            PEER_GONE => Change::PeerGone(self.key()?),
            _ => return Err("a change is of no known kind"),
        })
    }

    fn dc(&mut self) -> Result<DcEntry, &'static str> {
        Ok(DcEntry {
            id: self.i32()?,
            addresses: self.list(Self::address)?,
            auth_key: self.option(Self::auth_key)?,
            salts: self.list(|reader| {
                let [valid_since, valid_until] = [reader.i32()?, reader.i32()?];
                Ok(FutureSalt { valid_since, valid_until, salt: reader.i64()? })
            })?,
            time_offset: self.i64()?,
            is_authorized: self.bool()?,
            set_aside: self.list(|reader| {
                let auth_key = reader.auth_key()?;
                Ok(KeyAside { auth_key, date: reader.i64()?, reason: reader.string()? })
            })?,
        })
    }

    fn address(&mut self) -> Result<DcAddress, &'static str> {
        let mut addr = match self.u8()? {
            4 => SocketAddrV4::new(Ipv4Addr::from_octets(*self.array()?), 0).into(),
            6 => {
                let ip = Ipv6Addr::from_octets(*self.array()?);
                SocketAddr::from(SocketAddrV6::new(ip, 0, self.u32()?, self.u32()?))
            }
            _ => return Err("an address is neither IPv4 nor IPv6"),
        };
        addr.set_port(self.array().map(|array| u16::from_le_bytes(*array))?);
        let flags = self.u8()?;
        if flags >> 5 != 0 {
            return Err("an address has flags that are not known");
        }
        let flag = |bit: u8| flags >> bit & 1 == 1;
        Ok(DcAddress {
            addr,
            media_only: flag(0),
            cdn: flag(1),
            is_static: flag(2),
            obfuscated_only: flag(3),
            this_port_only: flag(4),
            secret: self.option(|reader| reader.bytes().map(<[u8]>::to_vec))?,
        })
    }

    fn peer(&mut self) -> Result<SavedPeer, &'static str> {
        let PeerKey { kind, id } = self.key()?;
        let access_hash = self.option(Self::i64)?;
        let flags = self.u8()?;
        if flags >> 2 != 0 {
            return Err("a peer has flags that are not known");
        }
        Ok(SavedPeer {
            kind,
            id,
            access_hash,
            is_min: flags & 1 == 1,
            seen_in: self
                .option(|reader| Ok(SeenIn { chat: reader.key()?, message: reader.i32()? }))?,
            usernames: self.list(Self::string)?,
            phone: self.option(Self::string)?,
            is_bot: flags & 2 == 2,
        })
    }
}

/// A number of bytes, for errors.
pub(super) fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// `what` is wrong with a session string.
pub(super) fn bad_string(what: impl Into<String>) -> SessionError {
    SessionError::BadString { what: what.into() }
}
