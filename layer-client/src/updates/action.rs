//! What goes into the order of updates, and what comes out of it.

#[cfg(doc)]
use super::sequence::Sequence;

/// A line in which updates stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LineId {
    /// Counted by pts: private chats and basic groups.
    Common,
    /// Counted by qts: secret chats, and what is said to bots.
    Second,
    /// A channel's own pts, by its id.
    Channel(i64),
}

/// Where an update stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a line: after it the line is at `at`, of which it took `count` steps.
    In { line: LineId, at: i32, count: i32 },
    /// Nowhere: delivered at once, and lost if it is lost.
    Nowhere,
}

/// Updates that came together.
#[derive(Debug, Clone)]
pub(crate) struct Batch<T> {
    /// The numbers of the batch; `None` for those that have none.
    pub(crate) seq: Option<Seq>,
    /// In the order of the server's.
    pub(crate) updates: Vec<(Place, T)>,
}

/// The numbers of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seq {
    pub(crate) start: i32,
    pub(crate) end: i32,
    pub(crate) date: i32,
}

/// How far the account's lines have come, as `updates.getState` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    pub(crate) pts: i32,
    pub(crate) qts: i32,
    pub(crate) date: i32,
    pub(crate) seq: i32,
}

/// An answer to [`Action::GetDifference`].
#[derive(Debug, Clone)]
pub(crate) enum Difference<T> {
    /// `updates.differenceEmpty`.
    Empty { date: i32, seq: i32 },
    /// `updates.difference` and `updates.differenceSlice`, messages first.
    Updates { updates: Vec<(Place, T)>, state: State, is_final: bool },
    /// `updates.differenceTooLong`.
    TooLong { pts: i32 },
}

/// An answer to [`Action::GetChannelDifference`].
#[derive(Debug, Clone)]
pub(crate) enum ChannelDifference<T> {
    /// `updates.channelDifference` and `updates.channelDifferenceEmpty`.
    Updates { updates: Vec<(Place, T)>, pts: i32, is_final: bool },
    /// `updates.channelDifferenceTooLong`: what lies between is not told any more.
    TooLong { pts: i32, is_final: bool },
}

impl<T> ChannelDifference<T> {
    /// Whether there is no more.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Updates { is_final, .. } | Self::TooLong { is_final, .. } => *is_final,
        }
    }
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action<T> {
    /// Hand it to the user.
    Deliver(T),
    /// All that was delivered before brings the line here: to be stored once it was handled.
    Reached(LineId, i32),
    /// The batches have come here, likewise.
    ReachedSeq { seq: i32, date: i32 },
    /// What happened in the line up to here is not told any more: what is known of it is stale.
    Stale(LineId),
    /// Nothing of this channel is followed any more, and its place is to be forgotten.
    Gone(i64),
    /// Ask `updates.getState`, and say [`Sequence::state`].
    GetState,
    /// Ask `updates.getDifference`, and say [`Sequence::difference`] or
    /// [`Sequence::difference_failed`].
    GetDifference { pts: i32, qts: i32, date: i32 },
    /// Ask `updates.getChannelDifference`, and say [`Sequence::channel_difference`],
    /// [`Sequence::channel_failed`] or [`Sequence::channel_gone`]. Without a pts nothing is known of
    /// the channel yet.
    GetChannelDifference { channel: i64, pts: Option<i32> },
}
