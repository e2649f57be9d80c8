//! How far a transfer is: told to a function, and as a stream out of such a function.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::watch;

use crate::session::BoxFuture;

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// So many bytes are there.
    pub done: u64,
    /// Of so many, if that is known yet.
    pub total: Option<u64>,
}

/// Who is told.
pub(super) type Report = Option<Box<dyn FnMut(Progress) + Send>>;

/// The progress of a transfer as a stream. Whoever is slow sees the newest only.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use layer_client::{Progress, ProgressStream};
///
/// let (report, mut progress) = ProgressStream::new();
/// // Goes to `Upload::on_progress` or `DownloadToFile::on_progress`, which call it.
/// let mut report = Box::new(report) as Box<dyn FnMut(Progress)>;
/// # drop(report);
/// assert_eq!(progress.next().await, None, "the transfer has ended");
/// # });
/// ```
pub struct ProgressStream {
    waiting: BoxFuture<'static, Option<(Progress, watch::Receiver<Option<Progress>>)>>,
    is_over: bool,
}

impl ProgressStream {
    /// A function that is told, and what it was told.
    pub fn new() -> (impl FnMut(Progress) + Send + 'static, Self) {
        let (sender, receiver) = watch::channel(None);
        let report = move |progress| {
            sender.send_replace(Some(progress));
        };
        (report, Self { waiting: wait(receiver), is_over: false })
    }

    /// The newest, as soon as there is another; `None` when the transfer has ended, well or not. May be
    /// dropped midway.
    pub async fn next(&mut self) -> Option<Progress> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

fn wait(
    mut receiver: watch::Receiver<Option<Progress>>,
) -> BoxFuture<'static, Option<(Progress, watch::Receiver<Option<Progress>>)>> {
    Box::pin(async move {
        receiver.changed().await.ok()?;
        let progress = *receiver.borrow_and_update();
        Some((progress?, receiver))
    })
}

impl Stream for ProgressStream {
    type Item = Progress;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Progress>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        match self.waiting.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some((progress, receiver))) => {
                self.waiting = wait(receiver);
                Poll::Ready(Some(progress))
            }
            Poll::Ready(None) => {
                self.is_over = true;
                Poll::Ready(None)
            }
        }
    }
}

impl std::fmt::Debug for ProgressStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgressStream").field("is_over", &self.is_over).finish()
    }
}
