//! The handle to a link, by which calls reach the task behind it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use layer_mtproto::connection::Call;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::InvocationError;

/// An answer, and whether the call may have been run twice.
pub(crate) struct Answer {
    pub(crate) object: Vec<u8>,
    #[allow(dead_code, reason = "shown to users by what comes next")]
    pub(crate) maybe_repeated: bool,
}

pub(super) type Answered = Result<Answer, InvocationError>;

/// The handle to a link. The task ends when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Link {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) given_up: Arc<GivenUp>,
}

pub(super) enum Command {
    Call {
        number: u64,
        call: Call,
        answer: oneshot::Sender<Answered>,
    },
    /// Says when calls flow, or why the last dialling failed.
    Ready(oneshot::Sender<io::Result<()>>),
    /// The network is back: nothing is waited for.
    Redial,
}

/// Calls whose futures were dropped.
#[derive(Default)]
pub(super) struct GivenUp {
    numbers: Mutex<Numbers>,
    pub(super) notify: Notify,
}

#[derive(Default)]
struct Numbers {
    next: u64,
    given_up: Vec<u64>,
}

impl GivenUp {
    fn next(&self) -> u64 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.next += 1;
        numbers.next
    }

    fn push(&self, number: u64) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.given_up.push(number);
        self.notify.notify_one();
    }

    pub(super) fn take(&self) -> Vec<u64> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut numbers.given_up)
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
            self.link.given_up.push(number);
        }
    }
}

impl Link {
    /// Makes a call and waits for its answer. May be dropped midway: the call is then given up, and
    /// the server is told so if it has it.
    pub(crate) async fn call(&self, call: Call) -> Answered {
        let number = self.given_up.next();
        let mut guard = Guard { link: self, number: Some(number) };
        let (answer, answered) = oneshot::channel();
        let command = Command::Call { number, call, answer };
        self.commands.send(command).await.map_err(|_| InvocationError::Dropped)?;
        let answered = answered.await;
        guard.number = None;
        answered.unwrap_or(Err(InvocationError::Dropped))
    }

    /// Waits until calls flow.
    pub(crate) async fn ready(&self) -> Result<(), InvocationError> {
        let (ready, is_ready) = oneshot::channel();
        let sent = self.commands.send(Command::Ready(ready)).await;
        sent.map_err(|_| InvocationError::Dropped)?;
        Ok(is_ready.await.map_err(|_| InvocationError::Dropped)??)
    }

    /// Ends a wait between two diallings.
    pub(crate) async fn redial(&self) {
        // A driver that has ended dials no more.
        let _ = self.commands.send(Command::Redial).await;
    }
}
