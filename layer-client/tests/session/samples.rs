//! Sessions and changes out of a seed.

use layer_client::session::{
    Change, DcAddress, DcEntry, KeyAside, PeerKey, PeerKind, SavedPeer, SavedSession, SavedUser,
    SeenIn, UpdatesState,
};
use layer_crypto::AuthKey;
use layer_tl_types::types::FutureSalt;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

pub(crate) struct Dice(ChaCha20Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// Less than `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    fn i32(&mut self) -> i32 {
        self.0.next_u32() as i32
    }

    fn i64(&mut self) -> i64 {
        self.0.next_u64() as i64
    }

    fn text(&mut self) -> String {
        let letters = ['a', 'Z', '_', '7', 'ж', '🦀', '\0', '"'];
        (0..self.below(12)).map(|_| letters[self.below(letters.len())]).collect()
    }

    pub(crate) fn key(&mut self) -> AuthKey {
        AuthKey::from_bytes(self.bytes(256).first_chunk().unwrap())
    }

    fn address(&mut self) -> DcAddress {
        let mut address = if self.one_in(2) {
            DcAddress::new(([149, 154, 167, self.below(256) as u8], 443).into())
        } else {
            let ip: [u8; 16] = *self.bytes(16).first_chunk().unwrap();
            DcAddress::new((ip, self.below(1 << 16) as u16).into())
        };
        address.media_only = self.one_in(2);
        address.cdn = self.one_in(2);
        address.is_static = self.one_in(2);
        address.obfuscated_only = self.one_in(2);
        address.this_port_only = self.one_in(2);
        address.secret = self.one_in(3).then(|| self.bytes(17));
        address
    }

    pub(crate) fn dc(&mut self, id: i32) -> DcEntry {
        let mut dc = DcEntry::new(id);
        dc.addresses = (0..self.below(3)).map(|_| self.address()).collect();
        dc.auth_key = (!self.one_in(4)).then(|| self.key());
        dc.salts = (0..self.below(3))
            .map(|_| FutureSalt {
                valid_since: self.i32(),
                valid_until: self.i32(),
                salt: self.i64(),
            })
            .collect();
        dc.time_offset = self.i64();
        dc.is_authorized = self.one_in(2);
        if self.one_in(6) {
            dc.set_aside.push(KeyAside::new(self.key(), self.i64(), self.text()));
        }
        dc
    }

    /// One of a few, so that changes meet.
    fn peer_key(&mut self) -> PeerKey {
        let kinds = [PeerKind::User, PeerKind::Chat, PeerKind::Channel];
        PeerKey { kind: kinds[self.below(3)], id: self.below(8) as i64 + 1 }
    }

    pub(crate) fn peer(&mut self) -> SavedPeer {
        let PeerKey { kind, id } = self.peer_key();
        let mut peer = SavedPeer::new(kind, id);
        peer.access_hash = (!self.one_in(3)).then(|| self.i64());
        peer.is_min = self.one_in(3);
        peer.seen_in =
            self.one_in(3).then(|| SeenIn { chat: self.peer_key(), message: self.i32() });
        peer.usernames = (0..self.below(3)).map(|_| self.text()).collect();
        peer.phone = self.one_in(2).then(|| self.text());
        peer.is_bot = self.one_in(4);
        peer
    }

    pub(crate) fn change(&mut self) -> Change {
        let dc = self.below(5) as i32 + 1;
        match self.below(24) {
            0 => Change::Clear,
            1 | 2 => Change::HomeDc(dc),
            3..=5 => Change::Dc(Box::new(self.dc(dc))),
            6 => Change::DcGone(dc),
            7 => Change::KeySetAside { dc, date: self.i64(), reason: self.text() },
            8 => Change::User(None),
            9 => Change::User(Some(SavedUser { id: self.i64(), is_bot: self.one_in(2) })),
            10 => Change::Updates(None),
            11 | 12 => Change::Updates(Some(UpdatesState {
                pts: self.i32(),
                qts: self.i32(),
                date: self.i32(),
                seq: self.i32(),
            })),
            13..=15 => Change::ChannelPts { channel: self.below(8) as i64, pts: self.i32() },
            16 => Change::ChannelGone(self.below(8) as i64),
            17 => Change::PeerGone(self.peer_key()),
            _ => Change::Peer(self.peer()),
        }
    }

    pub(crate) fn batch(&mut self, most: usize) -> Vec<Change> {
        (0..1 + self.below(most)).map(|_| self.change()).collect()
    }
}

pub(crate) fn after(session: &SavedSession, changes: &[Change]) -> SavedSession {
    let mut session = session.clone();
    changes.iter().for_each(|change| session.apply(change));
    session
}

/// A session with something of everything.
pub(crate) fn full(seed: u64) -> SavedSession {
    let mut dice = Dice::new(seed);
    let mut session = SavedSession::default();
    session.apply(&Change::HomeDc(2));
    session.apply(&Change::User(Some(SavedUser { id: 4711, is_bot: true })));
    session.apply(&Change::Updates(Some(UpdatesState { pts: 1, qts: 2, date: 3, seq: 4 })));
    for id in 1..=3 {
        let mut dc = dice.dc(id);
        dc.auth_key = Some(dice.key());
        dc.set_aside.push(KeyAside::new(dice.key(), 1_700_000_000, "refused"));
        session.apply(&Change::Dc(Box::new(dc)));
    }
    for _ in 0..30 {
        session.apply(&Change::Peer(dice.peer()));
    }
    for channel in 1..9 {
        session.apply(&Change::ChannelPts { channel, pts: channel as i32 * 100 });
    }
    session
}
