//! "Is typing …", for as long as it is held.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use layer_tl_types::enums::{InputPeer, SendMessageAction};
use layer_tl_types::functions::messages::SetTyping;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use crate::Client;
use crate::client::Inner;
use crate::invoke::Route;

/// Others forget it after six seconds.
const EVERY: Duration = Duration::from_secs(4);

/// Shows the others in a chat that something is being done, for as long as it is held: it is said
/// again every 4 seconds, and taken back when it is dropped or ended. Made by [`Client::typing`] and
/// its like. It keeps no client alive.
pub struct TypingGuard {
    /// Dropping it ends the task.
    held: oneshot::Sender<()>,
    done: oneshot::Receiver<()>,
}

impl TypingGuard {
    pub(crate) fn start(
        client: &Client,
        peer: InputPeer,
        action: SendMessageAction,
        topic: Option<i32>,
    ) -> Self {
        let (held, ended) = oneshot::channel();
        let (tell, done) = oneshot::channel();
        let inner = Arc::clone(&client.inner);
        client.inner.spawn(async move {
            repeat(&inner, peer, action, topic, ended).await;
            // Nobody may be waiting.
            let _ = tell.send(());
        });
        Self { held, done }
    }

    /// Ends it, and waits until the others were told.
    ///
    /// May be dropped midway: it ends nevertheless.
    pub async fn end(self) {
        drop(self.held);
        // An error says that the client has ended.
        let _ = self.done.await;
    }
}

impl fmt::Debug for TypingGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypingGuard").finish_non_exhaustive()
    }
}

async fn repeat(
    inner: &Arc<Inner>,
    peer: InputPeer,
    action: SendMessageAction,
    topic: Option<i32>,
    mut ended: oneshot::Receiver<()>,
) {
    let mut request = SetTyping::new(peer, action);
    request.top_msg_id = topic;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let said = async {
            ticks.tick().await;
            inner.invoke_by(Route::home(), &request).await
        };
        tokio::select! {
            biased;
            _ = &mut ended => break,
            said = said => if let Err(error) = said {
                tracing::debug!(%error, "messages.setTyping");
                if matches!(error, crate::InvocationError::Rpc(_)) {
                    // Not allowed there: nothing to repeat, nothing to take back.
                    return;
                }
            },
        }
    }
    request.action = SendMessageAction::SendMessageCancelAction;
    if let Err(error) = inner.invoke_by(Route::home(), &request).await {
        tracing::debug!(%error, "messages.setTyping");
    }
}
