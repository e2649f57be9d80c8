//! What the handles of a link have told its driver, and the driver has not taken yet.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use layer_mtproto::connection::Call;
use tokio::sync::oneshot;

use super::link::{Answered, Command};
use crate::InvocationError;
use crate::updates::Asked;

/// Room for so many commands is kept when they have been taken.
const ROOM_KEPT: usize = 64;

/// Whoever tells something need not wait: a call lies here no longer than somebody waits for it.
#[derive(Default)]
pub(super) struct Mailbox(Mutex<State>);

#[derive(Default)]
struct State {
    mail: Mail,
    /// How many calls were numbered.
    numbered: u64,
    /// The driver, when it waits.
    waker: Option<Waker>,
    has_ended: bool,
}

/// What was told.
#[derive(Default)]
pub(super) struct Mail {
    pub(super) commands: VecDeque<Command>,
    /// Calls that were taken and whose futures were dropped since.
    pub(super) given_up: Vec<u64>,
    /// The network is back: nothing is waited for.
    pub(super) redial: bool,
    /// Nobody wants the link any more, even if somebody holds it.
    pub(super) close: bool,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.given_up.is_empty() && !self.redial && !self.close
    }
}

impl Mailbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let told = what(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        told
    }

    /// Tells of a call, and gives the number by which it can be given up.
    pub(super) fn call(
        &self,
        asked: Asked,
        call: Call,
        answer: oneshot::Sender<Answered>,
    ) -> Result<u64, InvocationError> {
        self.tell(|state| {
            state.numbered += 1;
            let number = state.numbered;
            state.put(Command::Call { number, asked, call, answer })?;
            Ok(number)
        })
    }

    pub(super) fn put(&self, command: Command) -> Result<(), InvocationError> {
        self.tell(|state| state.put(command))
    }

    /// Nobody waits for this call any more.
    pub(super) fn give_up(&self, number: u64) {
        let taken_back = self.tell(|state| {
            let is_it = |command: &Command| command.number() == Some(number);
            let at = state.mail.commands.iter().position(is_it);
            if at.is_none() && !state.has_ended {
                state.mail.given_up.push(number);
            }
            at.and_then(|at| state.mail.commands.remove(at))
        });
        // Not under the lock: what it holds may be long.
        drop(taken_back);
    }

    /// Nothing is waited for before the next dialling.
    pub(super) fn redial(&self) {
        self.tell(|state| state.mail.redial = true);
    }

    /// The link is to end.
    pub(super) fn close(&self) {
        self.tell(|state| state.mail.close = true);
    }

    /// The driver has ended: what lies here is nobody's, and nothing more is taken.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.has_ended = true;
        let left = std::mem::take(&mut state.mail);
        // Whoever waits for what is left is woken without the lock.
        drop(state);
        drop(left);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().has_ended
    }

    /// Waits until something lies here. For one who waits; may be dropped midway.
    pub(super) async fn told(&self) {
        poll_fn(|context| self.poll_told(context)).await;
    }

    fn poll_told(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if !state.mail.is_empty() {
            return Poll::Ready(());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Takes all that lies here, in place of what was taken before. That the link is to end stays.
    pub(super) fn take(&self, mail: &mut Mail) {
        mail.commands.clear();
        mail.commands.shrink_to(ROOM_KEPT);
        mail.given_up = Vec::new();
        mail.redial = false;
        let mut state = self.state();
        mail.close = state.mail.close;
        std::mem::swap(&mut state.mail, mail);
    }
}

impl State {
    fn put(&mut self, command: Command) -> Result<(), InvocationError> {
        if self.has_ended {
            return Err(InvocationError::Dropped);
        }
        self.mail.commands.push_back(command);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(mailbox: &Mailbox) -> (u64, oneshot::Receiver<Answered>) {
        let (answer, answered) = oneshot::channel();
        (mailbox.call(Asked::Nothing, Call::new(vec![1; 4]), answer).unwrap(), answered)
    }

    fn numbers(mail: &Mail) -> Vec<u64> {
        mail.commands.iter().filter_map(Command::number).collect()
    }

    #[tokio::test]
    async fn what_was_told_is_taken_once_and_in_order() {
        let (mailbox, mut mail) = (Mailbox::default(), Mail::default());
        let calls: Vec<_> = (0..200).map(|_| call(&mailbox)).collect();
        mailbox.redial();
        mailbox.told().await;
        mailbox.take(&mut mail);
        assert_eq!(numbers(&mail), calls.iter().map(|(number, _)| *number).collect::<Vec<_>>());
        assert!(mail.redial && !mail.close);
        mailbox.take(&mut mail);
        assert!(mail.is_empty() && mail.commands.capacity() <= 200);
        mailbox.take(&mut mail);
        assert!(mail.commands.capacity() <= ROOM_KEPT);
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_any_more_does_not_lie_here() {
        let (mailbox, mut mail) = (Mailbox::default(), Mail::default());
        let [(first, _first), (second, _second), (third, _third)] =
            [(); 3].map(|()| call(&mailbox));
        mailbox.give_up(second);
        mailbox.take(&mut mail);
        assert_eq!((numbers(&mail), mail.given_up.len()), (vec![first, third], 0));
        mailbox.give_up(third);
        mailbox.take(&mut mail);
        assert_eq!((numbers(&mail), &mail.given_up), (vec![], &vec![third]));
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_and_that_it_is_to_close_stays() {
        let (mailbox, mut mail) = (std::sync::Arc::new(Mailbox::default()), Mail::default());
        let waiting = tokio::spawn({
            let mailbox = std::sync::Arc::clone(&mailbox);
            async move { mailbox.told().await }
        });
        tokio::task::yield_now().await;
        mailbox.close();
        waiting.await.unwrap();
        for _ in 0..2 {
            mailbox.take(&mut mail);
            assert!(mail.close);
        }
    }

    #[tokio::test]
    async fn who_calls_is_told_that_the_driver_has_ended_before_and_after() {
        let mailbox = Mailbox::default();
        let (number, answered) = call(&mailbox);
        mailbox.end();
        assert!(answered.await.is_err() && mailbox.has_ended());
        let (answer, _answered) = oneshot::channel();
        let refused = mailbox.call(Asked::Nothing, Call::new(vec![1; 4]), answer);
        assert!(matches!(refused, Err(InvocationError::Dropped)));
        mailbox.give_up(number);
        assert!(mailbox.state().mail.is_empty());
    }
}
