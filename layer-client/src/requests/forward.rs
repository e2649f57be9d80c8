//! Messages to be forwarded when they are awaited.

use std::fmt;

use layer_tl_types::functions::messages;

use super::sent;
use crate::session::BoxFuture;
use crate::types::Message;
use crate::{Client, InvocationError, PeerRef};

/// So many messages go with one call.
const AT_ONCE: usize = 100;

/// Messages that are forwarded when they are awaited; gives them as they stand in their new chat, in
/// the order in which they were named, without those that are gone. Made by
/// [`Client::forward_messages`].
///
/// May be dropped midway: then all, some or none may have been forwarded. A clone is the same:
/// awaited again after a fault, each message is there once.
///
/// # Errors
/// [`InvocationError::UnknownPeer`] if a peer can't be named, and any other [`InvocationError`].
#[must_use = "they are forwarded when it is awaited"]
#[derive(Clone)]
pub struct ForwardMessages {
    client: Client,
    destination: PeerRef,
    source: PeerRef,
    /// With the numbers by which the server knows them again.
    ids: Vec<(i32, i64)>,
    request: Options,
}

#[derive(Clone, Default)]
struct Options {
    silent: bool,
    drop_author: bool,
    drop_captions: bool,
    topic: Option<i32>,
    schedule_date: Option<i32>,
}

impl ForwardMessages {
    pub(crate) fn new(client: &Client, to: PeerRef, ids: &[i32], from: PeerRef) -> Self {
        let ids = ids.iter().map(|id| (*id, client.inner.seams.random_id())).collect();
        let request = Options::default();
        Self { client: client.clone(), destination: to, source: from, ids, request }
    }

    /// Without a notification.
    pub fn silent(mut self) -> Self {
        self.request.silent = true;
        self
    }

    /// Without saying who wrote them.
    pub fn drop_author(mut self) -> Self {
        self.request.drop_author = true;
        self
    }

    /// Without the captions of media.
    pub fn drop_captions(mut self) -> Self {
        self.request.drop_captions = true;
        self
    }

    /// Into this topic of a forum.
    pub fn topic(mut self, top_msg_id: impl Into<Option<i32>>) -> Self {
        self.request.topic = top_msg_id.into();
        self
    }

    /// At this time, in unix seconds.
    pub fn schedule_date(mut self, unix: impl Into<Option<i32>>) -> Self {
        self.request.schedule_date = unix.into();
        self
    }

    async fn forward(self) -> Result<Vec<Message>, InvocationError> {
        let Self { client, destination, source, ids, request: options } = self;
        let from = client.resolve_peer(source).await?;
        let to = client.resolve_peer(destination).await?;
        let mut forwarded = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let (ids, random_ids): (Vec<i32>, Vec<i64>) = ids.iter().copied().unzip();
            let numbers = random_ids.clone();
            let (from, to) = (from.clone(), to.clone());
            let mut request = messages::ForwardMessages::new(from, ids, numbers, to);
            request.silent = options.silent;
            request.drop_author = options.drop_author;
            request.drop_media_captions = options.drop_captions;
            request.top_msg_id = options.topic;
            request.schedule_date = options.schedule_date;
            let updates = client.invoke(&request).await?;
            let messages = sent::messages(&client, updates, &random_ids);
            forwarded.extend(messages.into_iter().map(|raw| client.wrap(raw)));
        }
        Ok(forwarded)
    }
}

impl IntoFuture for ForwardMessages {
    type Output = Result<Vec<Message>, InvocationError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.forward())
    }
}

impl fmt::Debug for ForwardMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardMessages")
            .field("source", &self.source)
            .field("destination", &self.destination)
            .field("count", &self.ids.len())
            .finish_non_exhaustive()
    }
}
