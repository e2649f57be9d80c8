//! What waits for the order of updates: one bounded queue from the driver, and what is asked of it.
//!
//! The driver never waits: what finds no room is dropped, and the order is told that something was
//! missed, which the difference then brings. While a stream has no room, half of this queue may fill.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::action::State;
use super::answers::Asked;
use crate::session::{SavedSession, UpdatesState};

/// So many objects wait at most, and so many bytes.
const MOST_OBJECTS: usize = 10_000;
const MOST_BYTES: usize = 8 << 20;

/// Something for the order.
#[derive(Debug)]
pub(super) enum Input {
    /// The server has said this by itself.
    Pushed(Vec<u8>),
    /// It has answered so.
    Answered(Asked, Vec<u8>),
    /// Somebody is logged in: the order begins.
    Start(Start),
    /// Nobody is any more.
    Stop,
    /// The server says that it is here: fetch what lies between, and say so.
    Sync(State, oneshot::Sender<()>),
}

/// Where the order begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Start {
    /// The place of the account's lines; without one it begins with what is to come.
    pub(crate) state: Option<State>,
    /// The places of channels.
    pub(crate) channels: Vec<(i64, i32)>,
    /// Channels whose stored places are worth nothing.
    pub(crate) forget: Vec<i64>,
}

impl Start {
    /// Where a saved session has come, or from now on.
    pub(crate) fn of(session: &SavedSession, catch_up: bool) -> Self {
        let channels = session.channels.iter();
        // One that was stored before all of it was known is none.
        let is_whole = |state: &UpdatesState| state.date > 0;
        match session.updates.filter(|state| catch_up && is_whole(state)) {
            Some(UpdatesState { pts, qts, date, seq }) => Self {
                state: Some(State { pts, qts, date, seq }),
                channels: channels.map(|(channel, pts)| (*channel, *pts)).collect(),
                forget: Vec::new(),
            },
            None => Self { forget: channels.map(|(id, _)| *id).collect(), ..Self::default() },
        }
    }
}

#[derive(Default)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    pub(super) notify: Notify,
}

#[derive(Default)]
struct Waiting {
    inputs: VecDeque<Input>,
    objects: usize,
    bytes: usize,
    /// How many of the inputs are no objects.
    requests: usize,
    missed: bool,
    /// What has come since the server logged somebody in, until the order begins.
    early: VecDeque<Input>,
    door: Door,
}

/// For whom what comes is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Door {
    /// Before a login: for nobody.
    #[default]
    Shut,
    /// The server has logged somebody in, and whoever asked for that is about to know.
    Ajar,
    /// For the order.
    Open,
    /// Nobody takes anything any more.
    Gone,
}

impl Inbox {
    /// Takes an object, or notes that it was missed.
    pub(super) fn put(&self, input: Input) {
        let mut waiting = self.waiting();
        if matches!(waiting.door, Door::Shut | Door::Gone) {
            return;
        }
        let len = input.len();
        if waiting.objects >= MOST_OBJECTS || waiting.bytes.saturating_add(len) > MOST_BYTES {
            waiting.missed = true;
        } else {
            waiting.objects += 1;
            waiting.bytes += len;
            match waiting.door {
                Door::Ajar => waiting.early.push_back(input),
                _ => waiting.inputs.push_back(input),
            }
        }
        drop(waiting);
        self.notify.notify_one();
    }

    /// The server has logged somebody in: what it says from now on is meant for the order that is
    /// about to begin.
    pub(super) fn expect(&self) {
        let mut waiting = self.waiting();
        if waiting.door == Door::Shut {
            waiting.door = Door::Ajar;
        }
    }

    /// Something may have been missed.
    pub(super) fn missed(&self) {
        self.waiting().missed = true;
        self.notify.notify_one();
    }

    /// The order begins, or asks.
    pub(super) fn tell(&self, input: Input) {
        let mut locked = self.waiting();
        let waiting = &mut *locked;
        if waiting.door == Door::Gone {
            return;
        }
        let begins = matches!(input, Input::Start(_));
        if matches!(input, Input::Stop) {
            waiting.door = Door::Shut;
            for early in waiting.early.drain(..) {
                waiting.objects -= 1;
                waiting.bytes -= early.len();
            }
        }
        waiting.inputs.push_back(input);
        waiting.requests += 1;
        if begins {
            waiting.door = Door::Open;
            waiting.inputs.append(&mut waiting.early);
        }
        drop(locked);
        self.notify.notify_one();
    }

    /// What came first.
    pub(super) fn take(&self) -> Option<Input> {
        let mut waiting = self.waiting();
        let input = waiting.inputs.pop_front()?;
        if matches!(input, Input::Pushed(_) | Input::Answered(..)) {
            waiting.objects -= 1;
            waiting.bytes -= input.len();
        } else {
            waiting.requests -= 1;
        }
        Some(input)
    }

    /// Whether what waits can't wait any longer: something is asked of the order, or half of the room
    /// is taken.
    pub(super) fn is_pressing(&self) -> bool {
        let waiting = self.waiting();
        waiting.requests > 0 || waiting.objects > MOST_OBJECTS / 2 || waiting.bytes > MOST_BYTES / 2
    }

    /// Nobody takes anything any more.
    pub(super) fn close(&self) {
        *self.waiting() = Waiting { door: Door::Gone, ..Waiting::default() };
    }

    /// Whether something was missed since it was last asked. What waits came before that.
    pub(super) fn take_missed(&self) -> bool {
        let mut waiting = self.waiting();
        waiting.inputs.is_empty() && std::mem::take(&mut waiting.missed)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Input {
    fn len(&self) -> usize {
        match self {
            Self::Pushed(object) | Self::Answered(_, object) => object.len(),
            _ => 0,
        }
    }
}
