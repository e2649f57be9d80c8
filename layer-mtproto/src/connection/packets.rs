//! What the packets held that were sent last, in case the server refuses one.

use std::collections::BTreeMap;

use crate::calls::CallId;

/// So many packets are remembered. What is refused after that is found out by asking for its state.
const MOST: usize = 1024;

/// A message that was sent.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) msg_id: i64,
    pub(super) what: What,
    /// It had never been sent before: if it is refused, the server has never seen it.
    pub(super) first: bool,
}

/// What a message holds.
#[derive(Debug, Clone)]
pub(super) enum What {
    Call(CallId),
    /// Found by the message's identifier.
    Request,
    Acks(Vec<i64>),
    /// Something that is lost without harm: the server asks again.
    Reply,
}

/// Packets by their identifiers: that of the container, or of the only message.
#[derive(Debug, Clone, Default)]
pub(super) struct Packets {
    sent: BTreeMap<i64, Vec<Member>>,
}

impl Packets {
    /// A packet was sent.
    pub(super) fn insert(&mut self, outer: i64, members: Vec<Member>) {
        self.sent.insert(outer, members);
        if self.sent.len() > MOST {
            self.sent.pop_first();
        }
    }

    /// All messages of a packet, or the one message of this identifier; none if it is not ours.
    pub(super) fn take(&mut self, msg_id: i64) -> Vec<Member> {
        if let Some(members) = self.sent.remove(&msg_id) {
            return members;
        }
        // A container is numbered after what it holds, and only what is sent again lies far behind.
        for members in self.sent.values_mut() {
            if let Some(place) = members.iter().position(|member| member.msg_id == msg_id) {
                return vec![members.remove(place)];
            }
        }
        Vec::new()
    }

    /// The server has answered what was sent after all these: none is refused any more.
    pub(super) fn forget_before(&mut self, msg_id: i64) {
        self.sent = self.sent.split_off(&msg_id);
    }

    pub(super) fn clear(&mut self) {
        self.sent.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }
}
