//! An account for tests: what it knows, and what its server says when it is asked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use layer_tl_types::{enums, types};

use super::account::Account;
use super::batch;
use crate::InvocationError;
use crate::net::dial::BoxFuture;
use crate::session::{PeerKey, PeerKind};

/// Knows user 1, which it is, and whom it learns.
pub(super) struct Fake {
    pub(super) known: Mutex<BTreeSet<PeerKey>>,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        let known = BTreeSet::from([PeerKey { kind: PeerKind::User, id: 1 }]);
        Arc::new(Self { known: Mutex::new(known) })
    }

    pub(super) fn know(&self, peer: &enums::Peer) {
        self.known.lock().unwrap().insert(batch::key(peer));
    }
}

impl Account for Fake {
    fn get_state(&self) -> BoxFuture<'static, Result<enums::updates::State, InvocationError>> {
        Box::pin(async { Err(InvocationError::Dropped) })
    }

    fn get_difference(
        &self,
        _: i32,
        _: i32,
        _: i32,
    ) -> BoxFuture<'static, Result<enums::updates::Difference, InvocationError>> {
        Box::pin(async { Err(InvocationError::Dropped) })
    }

    fn get_channel_difference(
        &self,
        _: i64,
        _: Option<i32>,
    ) -> BoxFuture<'static, Result<enums::updates::ChannelDifference, InvocationError>> {
        Box::pin(async { Err(InvocationError::Dropped) })
    }

    fn learn(&self, users: &[enums::User], chats: &[enums::Chat], _: &[&enums::Message]) {
        let mut known = self.known.lock().unwrap();
        for user in users {
            if let enums::User::User(user) = user {
                known.insert(PeerKey { kind: PeerKind::User, id: user.id });
            }
        }
        for chat in chats {
            match chat {
                enums::Chat::Chat(chat) => {
                    known.insert(PeerKey { kind: PeerKind::Chat, id: chat.id });
                }
                enums::Chat::Channel(chat) => {
                    known.insert(PeerKey { kind: PeerKind::Channel, id: chat.id });
                }
                _ => {}
            }
        }
    }

    fn knows(&self, peer: PeerKey) -> bool {
        self.known.lock().unwrap().contains(&peer)
    }

    fn me(&self) -> Option<i64> {
        Some(1)
    }
}

pub(super) fn user(id: i64) -> enums::Peer {
    types::PeerUser { user_id: id }.into()
}

pub(super) fn channel(id: i64) -> enums::Peer {
    types::PeerChannel { channel_id: id }.into()
}

/// A message in this chat.
pub(super) fn message(peer: enums::Peer, id: i32) -> types::Message {
    types::Message::new(id, peer, 1000, format!("message {id}"))
}
