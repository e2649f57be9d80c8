//! One link while it lasts: its framing, whether the other end is alive, and a key exchange that may
//! be under way on it.

use std::collections::VecDeque;
use std::time::Duration;

use layer_wire::framing::Encoder;

use super::Config;
use crate::exchange::Exchange;

/// What comes puts off the end of patience with a ping that is not answered: a long answer may be before
/// it. But not by more than so long, for it may be no answer: a length that was spoilt on its way has
/// everything taken for a packet that never ends.
const LONGEST: Duration = Duration::from_secs(600);

/// How often those calls are looked at that have been without an answer for long.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) encoder: Encoder,
    /// Plain packets that wait to be sent.
    pub(super) plain: VecDeque<Vec<u8>>,
    pub(super) agreement: Option<Agreement>,
    /// When anything came last, on the monotonic clock, as all moments here.
    pub(super) heard_at: Duration,
    /// When the ping was sent that is not answered yet.
    pub(super) pinged_at: Option<Duration>,
    /// When the next ping is due, whatever else is sent.
    pub(super) ping_at: Duration,
    /// When calls without an answer are looked at.
    pub(super) look_at: Duration,
    /// How many messages the server has refused since it last accepted one.
    pub(super) refusals: u32,
    /// The last message that had been sent when one was refused.
    pub(super) refused_until: Option<i64>,
    /// The server has refused a container: everything goes alone.
    pub(super) singly: bool,
}

/// A key exchange under way.
#[derive(Debug)]
pub(super) struct Agreement {
    pub(super) purpose: Purpose,
    pub(super) stage: Stage,
}

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Permanent,
    Temporary,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// For the server's answer, until then.
    Waiting { exchange: Box<Exchange>, until: Duration },
    /// For our own computation.
    Working,
}

impl Link {
    pub(super) fn new(encoder: Encoder, monotonic: Duration) -> Self {
        Self {
            encoder,
            plain: VecDeque::new(),
            agreement: None,
            heard_at: monotonic,
            pinged_at: None,
            ping_at: monotonic,
            look_at: monotonic + LOOK_EVERY,
            refusals: 0,
            refused_until: None,
            singly: false,
        }
    }

    /// When the link is dead unless something comes before: after a ping, and in an exchange.
    pub(super) fn dead_at(&self, config: &Config) -> Option<Duration> {
        let exchange = match &self.agreement {
            Some(Agreement { stage: Stage::Waiting { until, .. }, .. }) => Some(*until),
            _ => None,
        };
        let ping = self.pinged_at.map(|pinged_at| {
            let longest = pinged_at + LONGEST.max(config.silence);
            (pinged_at.max(self.heard_at) + config.silence).min(longest)
        });
        exchange.into_iter().chain(ping).min()
    }
}
