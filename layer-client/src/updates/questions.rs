//! What the order of updates has asked of the server, until it is answered.

use std::future::poll_fn;
use std::task::Poll;

use layer_tl_types::enums::updates;

use super::account::Account;
use super::action::{Action, LineId};
use super::batch::Item;
use crate::InvocationError;
use crate::net::dial::BoxFuture;

/// The questions under way, one for each line; the account's lines are asked for together.
#[derive(Default)]
pub(super) struct Questions(Vec<(LineId, BoxFuture<'static, Fetched>)>);

/// What was fetched.
pub(super) enum Fetched {
    State(Result<updates::State, InvocationError>),
    Difference(Result<updates::Difference, InvocationError>),
    Channel(i64, Result<updates::ChannelDifference, InvocationError>),
}

impl Questions {
    /// Asks what the order wants to know. What was asked of the same line before is not wanted any more.
    pub(super) fn ask(&mut self, action: Action<Item>, account: &dyn Account) {
        let (line, future): (_, BoxFuture<'static, Fetched>) = match action {
            Action::GetState => {
                let asking = account.get_state();
                (LineId::Common, Box::pin(async move { Fetched::State(asking.await) }))
            }
            Action::GetDifference { pts, qts, date } => {
                let asking = account.get_difference(pts, qts, date);
                (LineId::Common, Box::pin(async move { Fetched::Difference(asking.await) }))
            }
            Action::GetChannelDifference { channel, pts } => {
                let asking = account.get_channel_difference(channel, pts);
                let future = async move { Fetched::Channel(channel, asking.await) };
                (LineId::Channel(channel), Box::pin(future))
            }
            _ => return,
        };
        self.0.retain(|(other, _)| *other != line);
        self.0.push((line, future));
    }

    /// The first answer; never, while nothing is asked.
    pub(super) async fn next(&mut self) -> Fetched {
        poll_fn(|context| {
            for (at, (_, future)) in self.0.iter_mut().enumerate() {
                if let Poll::Ready(fetched) = future.as_mut().poll(context) {
                    drop(self.0.remove(at));
                    return Poll::Ready(fetched);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Nobody wants to know any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
