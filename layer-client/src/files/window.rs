//! So many calls at the same time, in the task that wants them: dropping the window drops them all.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::session::BoxFuture;

/// Calls on their way, in the order in which they were begun.
pub(super) struct Window<T> {
    slots: VecDeque<Slot<T>>,
}

enum Slot<T> {
    Running(BoxFuture<'static, T>),
    Done(T),
}

impl<T> Window<T> {
    pub(super) fn new() -> Self {
        Self { slots: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn push(&mut self, call: BoxFuture<'static, T>) {
        self.slots.push_back(Slot::Running(call));
    }

    /// What comes of the one that was begun first; `None` if there is none. All get on meanwhile.
    /// Dropped midway, nothing is lost.
    pub(super) async fn first(&mut self) -> Option<T> {
        poll_fn(|context| {
            self.advance(context);
            self.take_done(0)
        })
        .await
    }

    /// What comes of whichever is done; `None` if there is none. Dropped midway, nothing is lost.
    pub(super) async fn any(&mut self) -> Option<T> {
        poll_fn(|context| {
            self.advance(context);
            let done = self.slots.iter().position(|slot| matches!(slot, Slot::Done(_)));
            self.take_done(done.unwrap_or(0))
        })
        .await
    }

    fn advance(&mut self, context: &mut Context<'_>) {
        for slot in &mut self.slots {
            if let Slot::Running(call) = slot
                && let Poll::Ready(value) = call.as_mut().poll(context)
            {
                *slot = Slot::Done(value);
            }
        }
    }

    fn take_done(&mut self, at: usize) -> Poll<Option<T>> {
        match self.slots.get(at) {
            None => Poll::Ready(None),
            Some(Slot::Running(_)) => Poll::Pending,
            Some(Slot::Done(_)) => match self.slots.remove(at) {
                Some(Slot::Done(value)) => Poll::Ready(Some(value)),
                _ => Poll::Ready(None),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_first_comes_first_or_what_is_done_first() {
        let mut window = Window::new();
        let mut senders = Vec::new();
        for _ in 0..3 {
            let (sender, receiver) = oneshot::channel();
            senders.push(sender);
            window.push(Box::pin(async { receiver.await.unwrap() }));
        }
        let last = senders.pop().unwrap();
        last.send(3).unwrap();
        assert_eq!((window.any().await, window.len()), (Some(3), 2));
        senders.pop().unwrap().send(2).unwrap();
        let mut first = Box::pin(window.first());
        let is_ready = poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_ready()));
        assert!(!is_ready.await, "the second waits for the first");
        drop(first);
        senders.pop().unwrap().send(1).unwrap();
        assert_eq!((window.first().await, window.first().await), (Some(1), Some(2)));
        assert_eq!((window.first().await, window.any().await), (None, None));
        assert!(window.is_empty());
    }
}
