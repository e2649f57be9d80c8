//! Messages that are not taken: `bad_msg_notification` and `bad_server_salt`
//! (mtproto/service_messages_about_messages).
//!
//! What is refused leaves no trace: it is new if it comes again under the same identifier.

use layer_tl_types::{enums, types};
use layer_wire::message::Message;

use super::turn::Turn;
use crate::session::OutOfOrder;
use crate::world::Said;

/// How many seconds a message's identifier may lie behind or before the server's clock.
const BEHIND: i64 = 300;
const BEFORE: i64 = 30;

/// Why a message is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad(pub(super) i32);

impl Bad {
    pub(super) const TOO_LOW: Self = Self(16);
    pub(super) const TOO_HIGH: Self = Self(17);
    pub(super) const LOW_BITS: Self = Self(18);
    pub(super) const CONTAINER_REUSED: Self = Self(19);
    pub(super) const TOO_OLD: Self = Self(20);
    pub(super) const SEQ_NO_TOO_LOW: Self = Self(32);
    pub(super) const SEQ_NO_TOO_HIGH: Self = Self(33);
    pub(super) const EVEN_EXPECTED: Self = Self(34);
    pub(super) const ODD_EXPECTED: Self = Self(35);
    pub(super) const SALT: Self = Self(48);
    pub(super) const CONTAINER: Self = Self(64);
}

impl From<OutOfOrder> for Bad {
    fn from(order: OutOfOrder) -> Self {
        match order {
            OutOfOrder::TooLow => Self::SEQ_NO_TOO_LOW,
            OutOfOrder::TooHigh => Self::SEQ_NO_TOO_HIGH,
        }
    }
}

impl Turn<'_> {
    /// What can be said against a packet before it is looked into.
    pub(super) fn check_packet(
        &mut self,
        message: &Message<'_>,
        good_salt: bool,
    ) -> Result<(), Bad> {
        let (said, now) = (message.msg_id >> 32, self.caller.now.unix());
        if message.msg_id % 4 != 0 {
            return Err(Bad::LOW_BITS);
        }
        if said < now - BEHIND {
            return Err(Bad::TOO_LOW);
        }
        if said > now + BEFORE {
            return Err(Bad::TOO_HIGH);
        }
        if !good_salt {
            return Err(Bad::SALT);
        }
        self.world.faults.refuse.pop_front().map_or(Ok(()), |code| Err(Bad(code)))
    }

    /// The highest identifier that a client may use by now.
    pub(super) fn latest_msg_id(&self) -> i64 {
        ((self.caller.now.unix() + BEFORE + 1) << 32) - 1
    }

    /// Tells that a message was not taken, nor anything in it.
    pub(super) fn refuse(&mut self, message: &Message<'_>, bad: Bad) {
        let Message { msg_id: bad_msg_id, seq_no: bad_msg_seqno, .. } = *message;
        let Bad(error_code) = bad;
        self.world.tally.refused(error_code);
        let new_server_salt = self.salt;
        let notification: enums::BadMsgNotification = if bad == Bad::SALT {
            types::BadServerSalt { bad_msg_id, bad_msg_seqno, error_code, new_server_salt }.into()
        } else {
            types::BadMsgNotification { bad_msg_id, bad_msg_seqno, error_code }.into()
        };
        self.say(Said::InReply, &notification);
    }
}
