//! Knobs by which a test makes the server behave as servers sometimes do.
//!
//! They are plain numbers and switches on the [`World`](crate::World); a number counts down as it is used up.

use std::collections::VecDeque;

/// What the server does otherwise than it would by itself. The default is nothing.
///
/// ```
/// use layer_sandbox::{Settings, World};
///
/// let mut world = World::new(Settings::default());
/// world.faults.refuse_containers = 2;
/// world.faults.gzip_answers = true;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Faults {
    /// The next packets are refused with these codes of `bad_msg_notification` (48:
    /// `bad_server_salt`), whatever is in them, and nothing of them is done.
    pub refuse: VecDeque<i32>,
    /// So many containers to come are refused with code 64, and nothing in them is done.
    pub refuse_containers: u32,
    /// Acknowledgements with an odd sequence number are refused with code 34. Some clients give them
    /// one, and servers take that.
    pub strict_acks: bool,
    /// Queries are answered with `CONNECTION_NOT_INITED` until the client has sent one inside an
    /// `initConnection` under the same key.
    pub want_init: bool,
    /// Every answer and pushed object that gets smaller by it is packed, not only the large ones.
    pub gzip_answers: bool,
    /// Every answer and pushed object is announced by `msg_detailed_info` and
    /// `msg_new_detailed_info`, and sent when the client asks for it; not only large ones that are
    /// sent again.
    pub announce: bool,
    /// Every message goes out in a packet of its own.
    pub no_containers: bool,
    /// With the answers to so many packets to come, the client is asked for the states of all
    /// messages that it has not acknowledged (`msgs_state_req`).
    pub ask_states: u32,
    /// With the answers to so many packets to come, the client is told the states of its messages
    /// (`msgs_all_info`).
    pub tell_states: u32,
    /// With the answers to so many packets to come, the client is asked to send its latest query
    /// again (`msg_resend_req`).
    pub ask_resend: u32,
}
