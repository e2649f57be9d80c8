//! The handle to a link, by which calls reach the task behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use layer_mtproto::connection::Call;
use tokio::sync::oneshot;

use super::mailbox::Mailbox;
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
pub(crate) struct Link(Arc<Handle>);

struct Handle {
    mailbox: Arc<Mailbox>,
    /// The id of the permanent key under which it speaks, 0 before there is one.
    key: Arc<AtomicI64>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.mailbox.close();
    }
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

impl Command {
    /// The number of the call, if it is one.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Call { number, .. } => Some(*number),
            _ => None,
        }
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
            self.link.0.mailbox.give_up(number);
        }
    }
}

impl Link {
    pub(super) fn new(mailbox: Arc<Mailbox>, key: Arc<AtomicI64>) -> Self {
        Self(Arc::new(Handle { mailbox, key }))
    }

    /// Makes a call, of which so much is kept for its answer, and waits for that. May be dropped
    /// midway: the call is then given up, and the server is told so if it has it.
    pub(crate) async fn call(&self, asked: Asked, call: Call) -> Answered {
        let (answer, answered) = oneshot::channel();
        let number = self.0.mailbox.call(asked, call, answer)?;
        let mut guard = Guard { link: self, number: Some(number) };
        let answered = answered.await;
        guard.number = None;
        answered.unwrap_or(Err(InvocationError::Dropped))
    }

    /// Waits until calls flow, or until it is known why they don't.
    pub(crate) async fn ready(&self) -> Result<(), InvocationError> {
        let (ready, is_ready) = oneshot::channel();
        self.0.mailbox.put(Command::Ready(ready))?;
        let is_ready = is_ready.await.map_err(|_| InvocationError::Dropped)?;
        is_ready.map_err(|why| InvocationError::from(&why))
    }

    /// Waits until the link is lost, or can't be had at all.
    pub(crate) async fn lost(&self) -> Result<Why, InvocationError> {
        let (lost, is_lost) = oneshot::channel();
        self.0.mailbox.put(Command::Lost(lost))?;
        is_lost.await.map_err(|_| InvocationError::Dropped)
    }

    /// Lets the server destroy the permanent key, and says whether it has. The link has ended then.
    pub(crate) async fn destroy_key(&self) -> bool {
        let (destroyed, is_destroyed) = oneshot::channel();
        let put = self.0.mailbox.put(Command::DestroyKey(destroyed));
        put.is_ok() && is_destroyed.await.unwrap_or(false)
    }

    /// How many calls wait for answers, in any table.
    #[cfg(test)]
    pub(crate) async fn waiting(&self) -> usize {
        let (waiting, are_waiting) = oneshot::channel();
        self.0.mailbox.put(Command::Waiting(waiting)).unwrap();
        are_waiting.await.unwrap()
    }

    /// The id of the permanent key under which it speaks, 0 before there is one.
    pub(crate) fn key(&self) -> i64 {
        self.0.key.load(Ordering::Relaxed)
    }

    /// Ends a wait between two diallings.
    pub(crate) fn redial(&self) {
        self.0.mailbox.redial();
    }

    /// Ends the task, whoever holds the link: calls in flight are [`InvocationError::Dropped`].
    pub(crate) fn close(&self) {
        self.0.mailbox.close();
    }

    /// Whether both are handles to the same link.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether the task has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.mailbox.has_ended()
    }
}
