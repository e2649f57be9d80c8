//! What the server knows, as plain data. Users, chats and messages will live here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use layer_wire::framing::ProxySecret;

use crate::Now;
use crate::exchange::Terms;
use crate::keys::{Keys, well_known_key};
use crate::session::Sessions;

/// What is fixed when a server is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// On what keys are agreed.
    pub terms: Terms,
    /// The data centre that this is for clients that name none.
    pub dc: i32,
    /// Where clients are told to find every data centre.
    pub address: SocketAddr,
    /// Secrets of the MTProxy that this is too.
    pub secrets: Vec<ProxySecret>,
}

impl Default for Settings {
    /// The well-known key, data centre 2, no address yet, no secrets.
    fn default() -> Self {
        Self {
            terms: Terms::new(well_known_key()),
            dc: 2,
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            secrets: Vec::new(),
        }
    }
}

/// All that the connections of a server share.
#[derive(Debug)]
pub struct World {
    /// What is fixed.
    pub settings: Arc<Settings>,
    /// Authorization keys with their salts.
    pub keys: Keys,
    /// The clients' sessions.
    pub sessions: Sessions,
    last_msg_id: i64,
}

/// What a message of ours is, as the low bits of its identifier tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// In answer to a message of the client.
    InReply = 1,
    /// On our own account.
    Unasked = 3,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(settings: Settings) -> Self {
        let (keys, sessions) = (Keys::default(), Sessions::default());
        Self { settings: Arc::new(settings), keys, sessions, last_msg_id: 0 }
    }

    /// Forgets a key and all that belongs to it.
    pub fn forget_key(&mut self, id: i64) {
        self.keys.remove(id);
        self.sessions.destroy_all(id);
    }

    /// The identifier of a message that is about to be sent: the time in 2^-32 seconds, its low two bits as
    /// [`Said`], above all that were given out before.
    pub fn next_msg_id(&mut self, said: Said, now: Now) -> i64 {
        let fraction = (u64::from(now.wall.subsec_nanos()) << 32) / 1_000_000_000;
        let time = (now.wall.as_secs() << 32 | fraction) as i64 & !3;
        let next = time.max((self.last_msg_id & !3) + 4);
        self.last_msg_id = next | said as i64;
        self.last_msg_id
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn identifiers_tell_the_time_and_never_go_back() {
        let mut world = World::new(Settings::default());
        let at = |wall| Now { wall, ..Now::default() };
        let now = at(Duration::from_millis(1_700_000_000_500));
        let first = world.next_msg_id(Said::InReply, now);
        assert_eq!(first, 1_700_000_000 << 32 | 0x8000_0000 | 1);
        let second = world.next_msg_id(Said::Unasked, now);
        assert_eq!(second, first + 4 + 2);
        let earlier = world.next_msg_id(Said::InReply, at(Duration::ZERO));
        assert_eq!((earlier > second, earlier % 4), (true, 1));
        let later = world.next_msg_id(Said::Unasked, at(Duration::from_secs(1_700_000_001)));
        assert_eq!(later, 1_700_000_001 << 32 | 3);
    }
}
