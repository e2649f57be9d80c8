//! The account of a client, as the order of updates sees it, and the order as a client sees it.

use std::sync::Arc;

use layer_tl_types::{RemoteCall, enums, functions};

use super::account::Account;
use super::answers::Asked;
use super::delivery::{Outlet, Told};
use super::feed::{self, Feed};
use super::inbox::Start;
use crate::InvocationError;
use crate::client::{Ears, Inner};
use crate::invoke::Route;
use crate::net::dial::BoxFuture;
use crate::saver::Saver;
use crate::session::{PeerKey, PeerKind, SessionError};

/// So many updates of a channel are asked for at once. More are for bots alone.
const MOST_OF_CHANNEL: i32 = 100;
const MOST_FOR_BOTS: i32 = 100_000;

impl Feed {
    /// One that stores places in this session.
    pub(crate) fn of(saver: &Arc<Saver>, queue: usize) -> Arc<Self> {
        let saver = Arc::clone(saver);
        Self::new(Outlet::new(queue, move |changes| saver.change(|_| changes)))
    }

    /// Begins for this client, where its session says.
    pub(crate) fn run_for(self: &Arc<Self>, inner: &Arc<Inner>) {
        let catch_up = inner.config.catch_up;
        let start = inner.saver.read(|session| session.user.map(|_| Start::of(session, catch_up)));
        if let Some(start) = start {
            self.start(start);
        }
        let account = Arc::new(Own(Arc::clone(inner)));
        inner.spawn(feed::run(Arc::clone(self), account));
    }
}

/// What the client's links and logins tell.
pub(crate) struct Listening(pub(crate) Arc<Feed>);

impl Ears for Listening {
    fn pushed(&self, object: Vec<u8>) {
        self.0.pushed(object);
    }

    fn missed(&self) {
        self.0.missed();
    }

    fn answered(&self, asked: &Asked, object: &[u8]) {
        self.0.answered(asked, object);
    }

    fn logged_in(&self, is_logged_in: bool) {
        if is_logged_in {
            self.0.start(Start::default());
        } else {
            self.0.stop();
        }
    }

    fn not_saved(&self, error: &SessionError) {
        self.0.tell(Told::NotSaved(Arc::new(error.clone())));
    }
}

/// The client that the task works for. The task ends with the client, so this keeps none alive.
struct Own(Arc<Inner>);

impl Own {
    fn ask<R: RemoteCall + Send + Sync + 'static>(
        &self,
        request: R,
    ) -> BoxFuture<'static, Result<R::Return, InvocationError>>
    where
        R::Return: Send,
    {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.invoke_by(Route::home(), &request).await })
    }
}

impl Account for Own {
    fn get_state(&self) -> BoxFuture<'static, Result<enums::updates::State, InvocationError>> {
        self.ask(functions::updates::GetState {})
    }

    fn get_difference(
        &self,
        pts: i32,
        qts: i32,
        date: i32,
    ) -> BoxFuture<'static, Result<enums::updates::Difference, InvocationError>> {
        self.ask(functions::updates::GetDifference::new(pts, date, qts))
    }

    fn get_channel_difference(
        &self,
        channel: i64,
        pts: Option<i32>,
    ) -> BoxFuture<'static, Result<enums::updates::ChannelDifference, InvocationError>> {
        let key = PeerKey { kind: PeerKind::Channel, id: channel };
        let channel = match self.0.peers.input_channel(key) {
            Ok(channel) => channel,
            Err(error) => return Box::pin(std::future::ready(Err(error.into()))),
        };
        let is_bot = self.0.peers.me().is_some_and(|me| me.is_bot);
        let most = if is_bot { MOST_FOR_BOTS } else { MOST_OF_CHANNEL };
        // Where nothing is known, only the place is asked for.
        let (pts, limit) = pts.map_or((1, 1), |pts| (pts.max(1), most));
        let filter = enums::ChannelMessagesFilter::Empty;
        let force = false;
        self.ask(functions::updates::GetChannelDifference { force, channel, filter, pts, limit })
    }

    fn learn(&self, users: &[enums::User], chats: &[enums::Chat], messages: &[&enums::Message]) {
        self.0.learn(users, chats);
        let peers = &self.0.peers;
        self.0.saver.change(|_| peers.saw(messages.iter().copied()));
    }

    fn knows(&self, peer: PeerKey) -> bool {
        self.0.peers.knows(peer)
    }

    fn me(&self) -> Option<i64> {
        self.0.peers.me().map(|me| me.id)
    }
}
