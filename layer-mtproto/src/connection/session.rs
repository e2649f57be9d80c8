//! A session of the protocol: what a client and a server remember of each other under one key
//! (core mtproto/description, "Session").

use rand_core::CryptoRng;

use crate::acks::Acks;
use crate::ids::Window;
use crate::salts::Salts;

/// One session, and the salts of the key under which it lives.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) id: i64,
    /// Messages sent that want to be acknowledged.
    content_sent: i32,
    pub(super) salts: Salts,
    /// What has come.
    pub(super) window: Window,
    pub(super) acks: Acks,
    /// The server has answered a call that was wrapped in initConnection.
    pub(super) is_initialised: bool,
    /// The unique_id by which the server tells its memory of this session from an earlier one.
    pub(super) instance: Option<i64>,
    /// The last message of ours that the server has been heard to know.
    pub(super) witness: Option<i64>,
    /// The number of the link on which it began.
    pub(super) began_on: u64,
}

impl Session {
    pub(super) fn new(salts: Salts, link: u64, rng: &mut dyn CryptoRng) -> Self {
        Self {
            id: rng.next_u64() as i64,
            content_sent: 0,
            salts,
            window: Window::default(),
            acks: Acks::default(),
            is_initialised: false,
            instance: None,
            witness: None,
            began_on: link,
        }
    }

    /// The number of a message that is about to be sent; odd if it wants to be acknowledged.
    pub(super) fn seq_no(&mut self, content: bool) -> i32 {
        let seq_no = self.content_sent.wrapping_mul(2) | i32::from(content);
        self.content_sent = self.content_sent.wrapping_add(i32::from(content));
        seq_no
    }
}
