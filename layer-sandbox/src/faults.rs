//! Knobs by which a test makes the server behave as servers sometimes do.
//!
//! They are plain numbers and switches on the [`World`](crate::World); a number counts down as it is used up.

use std::collections::VecDeque;

use layer_tl_types::Cursor;

use crate::router::RpcError;

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
    /// Nothing that comes is looked at, and nothing is sent: a server that never answers.
    pub mute: bool,
    /// So often to come the link is closed over which a text was sent (`messages.sendMessage`): it is
    /// sent, and the answer does not go out.
    pub cut_when_sent: u32,
    /// The link whose packets are looked at is to be closed.
    pub(crate) cut_now: bool,
    /// So many answers of the CDN to come have a byte of the file changed.
    pub corrupt_cdn: u32,
    /// Queries that are refused instead of being run.
    pub refused_calls: Vec<RefusedCalls>,
}

/// Queries that are refused: flood waits, migrations, and whatever else servers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCalls {
    /// The constructor id of the function; any if there is none.
    pub function: Option<u32>,
    /// Who asks; anybody, also who is not logged in, if there is none.
    pub user: Option<i64>,
    /// With what.
    pub error: RpcError,
    /// So many to come.
    pub times: u32,
}

impl Faults {
    /// Has queries refused, so many to come: those of one function, or any.
    ///
    /// ```
    /// use layer_sandbox::{RpcError, Settings, World};
    /// use layer_tl_types::{Identifiable, functions};
    ///
    /// let mut world = World::new(Settings::default());
    /// let function = functions::messages::SendMessage::CONSTRUCTOR_ID;
    /// world.faults.refuse_calls(Some(function), RpcError::new(420, "FLOOD_WAIT_3"), 1);
    /// ```
    pub fn refuse_calls(&mut self, function: Option<u32>, error: RpcError, times: u32) {
        self.refused_calls.push(RefusedCalls { function, user: None, error, times });
    }

    /// Has queries of a user, or of anybody, answered with `FLOOD_WAIT_x`, so many to come: those of one
    /// function, or any.
    ///
    /// ```
    /// use layer_sandbox::{Settings, World};
    /// use layer_tl_types::{Identifiable, functions};
    ///
    /// let mut world = World::new(Settings::default());
    /// let alice = world.add_user("Alice", "+49 151 0000001");
    /// let function = functions::messages::SendMessage::CONSTRUCTOR_ID;
    /// world.faults.flood_wait(Some(function), Some(alice), 3, 1);
    /// ```
    pub fn flood_wait(
        &mut self,
        function: Option<u32>,
        user: Option<i64>,
        seconds: u32,
        times: u32,
    ) {
        let error = RpcError::new(420, format!("FLOOD_WAIT_{seconds}"));
        self.refused_calls.push(RefusedCalls { function, user, error, times });
    }

    /// With what an unwrapped query is refused, if it is.
    pub(crate) fn refused(&mut self, user: Option<i64>, query: &[u8]) -> Option<RpcError> {
        let id = Cursor::new(query).constructor_id().ok()?;
        let matches = |refused: &RefusedCalls| {
            refused.times > 0
                && refused.function.is_none_or(|asked| asked == id)
                && (refused.user.is_none() || refused.user == user)
        };
        let at = self.refused_calls.iter().position(matches)?;
        let refused = self.refused_calls.get_mut(at)?;
        let error = refused.error.clone();
        refused.times -= 1;
        if refused.times == 0 {
            self.refused_calls.remove(at);
        }
        Some(error)
    }
}
