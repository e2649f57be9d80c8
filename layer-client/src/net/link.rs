//! The handle to a link, by which calls reach the task behind it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use layer_mtproto::connection::Call;
use tokio::sync::{Notify, mpsc, oneshot};

use super::why::Why;
use crate::InvocationError;
use crate::updates::Asked;

/// An answer, and whether the call may have been run twice.
pub(crate) struct Answer {
    pub(crate) object: Vec<u8>,
    #[allow(dead_code, reason = "only what may repeat is repeated, so nobody needs to know yet")]
    pub(crate) maybe_repeated: bool,
}

pub(super) type Answered = Result<Answer, InvocationError>;

/// The handle to a link. The task ends when the last one is dropped, or any says so.
#[derive(Clone)]
pub(crate) struct Link {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) signals: Arc<Signals>,
    pub(super) key: Arc<AtomicI64>,
}

pub(super) enum Command {
    Call {
        number: u64,
        asked: Asked,
        call: Call,
        answer: oneshot::Sender<Answered>,
    },
    /// Says how many calls wait for answers, in any table.
    #[cfg(test)]
    Waiting(oneshot::Sender<usize>),
    /// Says why the link is lost, as soon as it is.
    Lost(oneshot::Sender<Why>),
    /// Lets the server destroy the key, and says whether it has.
    DestroyKey(oneshot::Sender<bool>),
    /// Says when calls flow, or why the last dialling failed.
    Ready(oneshot::Sender<Result<(), Why>>),
}

/// What the driver is told without anybody waiting for it.
#[derive(Default)]
pub(super) struct Signals {
    /// How many calls were numbered.
    numbered: AtomicU64,
    told: Mutex<Told>,
    pub(super) notify: Notify,
}

#[derive(Default)]
pub(super) struct Told {
    /// Calls whose futures were dropped.
    pub(super) given_up: Vec<u64>,
    /// The network is back: nothing is waited for.
    pub(super) redial: bool,
    /// Nobody wants the link any more, even if somebody holds it.
    pub(super) close: bool,
}

impl Signals {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> u64 {
        self.numbered.fetch_add(1, Ordering::Relaxed)
    }

    fn tell(&self, what: impl FnOnce(&mut Told)) {
        what(&mut self.told());
        self.notify.notify_one();
    }

    /// What was told since it was last asked; that it is to close stays.
    pub(super) fn take(&self) -> Told {
        let mut told = self.told();
        let close = told.close;
        std::mem::replace(&mut *told, Told { close, ..Told::default() })
    }
}

/// Tells the driver, when it is dropped, that nobody waits any more.
struct Guard<'a> {
    link: &'a Link,
    number: Option<u64>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.link.signals.tell(|told| told.given_up.push(number));
        }
    }
}

impl Link {
    /// Makes a call, of which so much is kept for its answer, and waits for that. May be dropped
    /// midway: the call is then given up, and the server is told so if it has it.
    pub(crate) async fn call(&self, asked: Asked, call: Call) -> Answered {
        let number = self.signals.next();
        let mut guard = Guard { link: self, number: Some(number) };
        let (answer, answered) = oneshot::channel();
        let command = Command::Call { number, asked, call, answer };
        self.commands.send(command).await.map_err(|_| InvocationError::Dropped)?;
        let answered = answered.await;
        guard.number = None;
        answered.unwrap_or(Err(InvocationError::Dropped))
    }

    /// Waits until calls flow, or until it is known why they don't.
    pub(crate) async fn ready(&self) -> Result<(), InvocationError> {
        let (ready, is_ready) = oneshot::channel();
        let sent = self.commands.send(Command::Ready(ready)).await;
        sent.map_err(|_| InvocationError::Dropped)?;
        let is_ready = is_ready.await.map_err(|_| InvocationError::Dropped)?;
        is_ready.map_err(|why| InvocationError::from(&why))
    }

    /// Waits until the link is lost, or can't be had at all.
    pub(crate) async fn lost(&self) -> Result<Why, InvocationError> {
        let (lost, is_lost) = oneshot::channel();
        let sent = self.commands.send(Command::Lost(lost)).await;
        sent.map_err(|_| InvocationError::Dropped)?;
        is_lost.await.map_err(|_| InvocationError::Dropped)
    }

    /// Lets the server destroy the permanent key, and says whether it has. The link has ended then.
    pub(crate) async fn destroy_key(&self) -> bool {
        let (destroyed, is_destroyed) = oneshot::channel();
        let sent = self.commands.send(Command::DestroyKey(destroyed)).await;
        sent.is_ok() && is_destroyed.await.unwrap_or(false)
    }

    /// How many calls wait for answers, in any table.
    #[cfg(test)]
    pub(crate) async fn waiting(&self) -> usize {
        let (waiting, are_waiting) = oneshot::channel();
        assert!(self.commands.send(Command::Waiting(waiting)).await.is_ok());
        are_waiting.await.unwrap()
    }

    /// The id of the permanent key under which it speaks, 0 before there is one.
    pub(crate) fn key(&self) -> i64 {
        self.key.load(Ordering::Relaxed)
    }

    /// Ends a wait between two diallings.
    pub(crate) fn redial(&self) {
        self.signals.tell(|told| told.redial = true);
    }

    /// Ends the task, whoever holds the link: calls in flight are [`InvocationError::Dropped`].
    pub(crate) fn close(&self) {
        self.signals.tell(|told| told.close = true);
    }

    /// Whether both are handles to the same link.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.signals, &other.signals)
    }

    /// Whether the task has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }
}
