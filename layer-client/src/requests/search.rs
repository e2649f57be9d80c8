//! Messages that are searched for, in one chat or in all.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use layer_tl_types::enums::{self, MessagesFilter};
use layer_tl_types::functions::messages::{Search, SearchGlobal};

use super::history::{AT_ONCE, Walk};
use super::pages::Page;
use super::sent::id_of;
use crate::peers::key_of;
use crate::session::PeerKey;
use crate::types::Message;
use crate::{Client, InvocationError, PeerRef};

/// A search in one chat, newest first. Made by [`Client::search`].
///
/// Set what is searched for, then call [`SearchBuilder::next`] or [`SearchBuilder::collect`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sandbox = layer_sandbox::Sandbox::start().await?;
/// # sandbox.world().add_user("Alice", "+4930901820");
/// # let session = std::sync::Arc::new(layer_client::session::InMemoryBackend::default());
/// # let builder = layer_client::Client::builder().api(1, "hash").session_backend(session);
/// # let builder = builder.dc_addr(sandbox.address(2).to_string());
/// # let (client, _shutdown) = builder.server_key(sandbox.public_key_pem()).connect().await?;
/// # let token = client.request_login_code("+4930901820").await?;
/// # let code = sandbox.world().code_for("+4930901820").unwrap();
/// # client.sign_in(&token, &code).await?;
/// for text in ["red apple", "green pear", "red pear"] {
///     client.send_to_self(text).await?;
/// }
/// let found = client.search("me", "red").limit(1).collect().await?;
/// assert_eq!(found[0].text(), Some("red pear"));
/// # Ok(())
/// # }
/// ```
pub struct SearchBuilder {
    client: Client,
    peer: PeerRef,
    from: Option<PeerRef>,
    /// What is asked, once the peers are named.
    named: Option<(enums::InputPeer, Option<enums::InputPeer>)>,
    query: String,
    filter: MessagesFilter,
    dates: (i32, i32),
    ids: (i32, i32),
    top_msg_id: Option<i32>,
    walk: Walk,
}

impl SearchBuilder {
    pub(crate) fn new(client: &Client, peer: PeerRef, query: String) -> Self {
        Self {
            client: client.clone(),
            peer,
            from: None,
            named: None,
            query,
            filter: MessagesFilter::InputMessagesFilterEmpty,
            dates: (0, 0),
            ids: (0, 0),
            top_msg_id: None,
            walk: Walk::default(),
        }
    }

    /// Only of this kind: photos, links, …
    pub fn filter(mut self, filter: MessagesFilter) -> Self {
        self.filter = filter;
        self
    }

    /// Only after this time, in unix seconds.
    pub fn min_date(mut self, unix: i32) -> Self {
        self.dates.0 = unix;
        self
    }

    /// Only before this time, in unix seconds.
    pub fn max_date(mut self, unix: i32) -> Self {
        self.dates.1 = unix;
        self
    }

    /// At most so many.
    pub fn limit(mut self, most: usize) -> Self {
        self.walk.left = Some(most);
        self
    }

    /// Only what is older than this message.
    pub fn offset_id(mut self, id: i32) -> Self {
        self.walk.offset_id = id;
        self
    }

    /// Only what is newer than this message.
    pub fn min_id(mut self, id: i32) -> Self {
        self.ids.0 = id;
        self
    }

    /// Only what is older than this message.
    pub fn max_id(mut self, id: i32) -> Self {
        self.ids.1 = id;
        self
    }

    /// Only what this peer has sent.
    pub fn from_peer(mut self, peer: impl Into<PeerRef>) -> Self {
        self.from = Some(peer.into());
        self
    }

    /// Only in this topic or thread.
    pub fn top_msg_id(mut self, id: i32) -> Self {
        self.top_msg_id = Some(id);
        self
    }

    /// How many there are in all, as far as the server has said. `None` before the first.
    pub fn total(&self) -> Option<i32> {
        self.walk.total
    }

    /// The next message; `None` at the end.
    ///
    /// May be dropped midway: no message is lost.
    ///
    /// # Errors
    /// Any [`InvocationError`]; it can be called again then.
    pub async fn next(&mut self) -> Result<Option<Message>, InvocationError> {
        loop {
            if let Some(ready) = self.walk.ready() {
                return Ok(ready.map(|raw| self.client.wrap(raw)));
            }
            let (peer, from) = self.named().await?;
            let request = Search {
                from_id: from,
                top_msg_id: self.top_msg_id,
                ..Search::new(
                    peer,
                    self.query.clone(),
                    self.filter.clone(),
                    self.dates.0,
                    self.dates.1,
                    self.walk.offset_id,
                    0,
                    self.walk.limit(),
                    self.ids.1,
                    self.ids.0,
                    0,
                )
            };
            let answer = self.client.invoke(&request).await?;
            self.walk.take(Page::read(&self.client, answer));
        }
    }

    /// All of them. Set a limit, if there may be many.
    ///
    /// May be dropped midway; what was fetched is dropped too.
    ///
    /// # Errors
    /// As [`SearchBuilder::next`].
    pub async fn collect(mut self) -> Result<Vec<Message>, InvocationError> {
        let mut all = Vec::new();
        while let Some(message) = self.next().await? {
            all.push(message);
        }
        Ok(all)
    }

    async fn named(
        &mut self,
    ) -> Result<(enums::InputPeer, Option<enums::InputPeer>), InvocationError> {
        if let Some(named) = &self.named {
            return Ok(named.clone());
        }
        let peer = self.client.resolve_peer(self.peer.clone()).await?;
        let from = match self.from.clone() {
            Some(from) => Some(self.client.resolve_peer(from).await?),
            None => None,
        };
        Ok(self.named.insert((peer, from)).clone())
    }
}

/// Shows no query.
impl fmt::Debug for SearchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchBuilder").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// A search in all chats, newest first, each message once. Made by [`Client::search_global`].
///
/// Set what is searched for, then call [`GlobalSearchBuilder::next`] or
/// [`GlobalSearchBuilder::collect`].
pub struct GlobalSearchBuilder {
    client: Client,
    request: SearchGlobal,
    ready: VecDeque<enums::Message>,
    given: HashSet<(PeerKey, i32)>,
    left: Option<usize>,
    total: Option<i32>,
    is_done: bool,
}

impl GlobalSearchBuilder {
    pub(crate) fn new(client: &Client, query: String) -> Self {
        let filter = MessagesFilter::InputMessagesFilterEmpty;
        let limit = i32::try_from(AT_ONCE).unwrap_or(i32::MAX);
        let first = enums::InputPeer::Empty;
        Self {
            client: client.clone(),
            request: SearchGlobal::new(query, filter, 0, 0, 0, first, 0, limit),
            ready: VecDeque::new(),
            given: HashSet::new(),
            left: None,
            total: None,
            is_done: false,
        }
    }

    /// Only in this folder: 1 is the archive.
    pub fn folder(mut self, id: i32) -> Self {
        self.request.folder_id = Some(id);
        self
    }

    /// Only in channels.
    pub fn broadcasts_only(mut self) -> Self {
        self.request.broadcasts_only = true;
        self
    }

    /// Only in groups.
    pub fn groups_only(mut self) -> Self {
        self.request.groups_only = true;
        self
    }

    /// Only in private chats.
    pub fn users_only(mut self) -> Self {
        self.request.users_only = true;
        self
    }

    /// Only of this kind: photos, links, …
    pub fn filter(mut self, filter: MessagesFilter) -> Self {
        self.request.filter = filter;
        self
    }

    /// Only after this time, in unix seconds.
    pub fn min_date(mut self, unix: i32) -> Self {
        self.request.min_date = unix;
        self
    }

    /// Only before this time, in unix seconds.
    pub fn max_date(mut self, unix: i32) -> Self {
        self.request.max_date = unix;
        self
    }

    /// At most so many.
    pub fn limit(mut self, most: usize) -> Self {
        self.left = Some(most);
        self
    }

    /// How many there are in all, as far as the server has said. `None` before the first.
    pub fn total(&self) -> Option<i32> {
        self.total
    }

    /// The next message; `None` at the end.
    ///
    /// May be dropped midway: no message is lost.
    ///
    /// # Errors
    /// Any [`InvocationError`]; it can be called again then.
    pub async fn next(&mut self) -> Result<Option<Message>, InvocationError> {
        loop {
            if self.left == Some(0) {
                return Ok(None);
            }
            if let Some(message) = self.ready.pop_front() {
                self.left = self.left.map(|left| left - 1);
                return Ok(Some(self.client.wrap(message)));
            }
            if self.is_done {
                return Ok(None);
            }
            let answer = self.client.invoke(&self.request).await?;
            self.take(Page::read(&self.client, answer));
        }
    }

    /// All of them. Set a limit, if there may be many.
    ///
    /// May be dropped midway; what was fetched is dropped too.
    ///
    /// # Errors
    /// As [`GlobalSearchBuilder::next`].
    pub async fn collect(mut self) -> Result<Vec<Message>, InvocationError> {
        let mut all = Vec::new();
        while let Some(message) = self.next().await? {
            all.push(message);
        }
        Ok(all)
    }

    /// A page that gives nothing new is the end, whatever it holds.
    fn take(&mut self, page: Page) {
        self.total = Some(page.total);
        let mut is_new = false;
        for message in page.messages {
            let (peer, date) = match &message {
                enums::Message::Message(it) => (&it.peer_id, it.date),
                enums::Message::Service(it) => (&it.peer_id, it.date),
                enums::Message::Empty(_) => continue,
            };
            let (key, id) = (key_of(peer), id_of(&message));
            // The next page goes on behind the last whose chat can be named.
            if let Ok(peer) = self.client.inner.peers.input_peer(key) {
                (self.request.offset_peer, self.request.offset_id) = (peer, id);
                self.request.offset_rate = page.next_rate.unwrap_or(date);
            }
            if self.given.insert((key, id)) {
                is_new = true;
                self.ready.push_back(message);
            }
        }
        self.is_done = page.is_all || !is_new;
    }
}

/// Shows no query.
impl fmt::Debug for GlobalSearchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalSearchBuilder").field("limit", &self.left).finish_non_exhaustive()
    }
}
