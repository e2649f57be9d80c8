//! The messages of a chat, newest first, fetched page by page.

use std::collections::VecDeque;
use std::fmt;

use layer_tl_types::enums;
use layer_tl_types::functions::messages::GetHistory;

use super::pages::Page;
use super::sent::id_of;
use crate::types::Message;
use crate::{Client, InvocationError, PeerRef};

/// So many messages come with one call at most.
pub(super) const AT_ONCE: usize = 100;

/// The messages of a chat, newest first. Made by [`Client::iter_messages`].
///
/// Each [`MessageIter::next`] gives one; the server is asked when those at hand are used up.
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
/// client.send_to_self("one").await?;
/// client.send_to_self("two").await?;
/// let mut messages = client.iter_messages("me").limit(10);
/// let mut texts = Vec::new();
/// while let Some(message) = messages.next().await? {
///     texts.extend(message.text().map(str::to_owned));
/// }
/// assert_eq!(texts, ["two", "one"]);
/// # Ok(())
/// # }
/// ```
pub struct MessageIter {
    client: Client,
    peer: PeerRef,
    /// Once the server can be asked about it.
    input: Option<enums::InputPeer>,
    offset_date: i32,
    min_id: i32,
    pub(super) walk: Walk,
}

impl MessageIter {
    pub(crate) fn new(client: &Client, peer: PeerRef) -> Self {
        let (client, walk) = (client.clone(), Walk::default());
        Self { client, peer, input: None, offset_date: 0, min_id: 0, walk }
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

    /// Only what is older than this time, in unix seconds.
    pub fn offset_date(mut self, unix: i32) -> Self {
        self.offset_date = unix;
        self
    }

    /// Only what is newer than this message.
    pub fn min_id(mut self, id: i32) -> Self {
        self.min_id = id;
        self
    }

    /// How many messages there are in all, as far as the server has said. `None` before the first.
    pub fn total(&self) -> Option<i32> {
        self.walk.total
    }

    /// The next message; `None` at the end.
    ///
    /// May be dropped midway: no message is lost.
    ///
    /// # Errors
    /// [`InvocationError::UnknownPeer`] if the chat can't be named, and any other
    /// [`InvocationError`]; it can be called again then.
    pub async fn next(&mut self) -> Result<Option<Message>, InvocationError> {
        loop {
            if let Some(ready) = self.walk.ready() {
                return Ok(ready.map(|raw| self.client.wrap(raw)));
            }
            let peer = match &self.input {
                Some(peer) => peer.clone(),
                None => self.client.resolve_peer(self.peer.clone()).await?,
            };
            self.input = Some(peer.clone());
            let request = GetHistory {
                peer,
                offset_id: self.walk.offset_id,
                // From the second page on the message says where to go on.
                offset_date: if self.walk.total.is_none() { self.offset_date } else { 0 },
                add_offset: 0,
                limit: self.walk.limit(),
                max_id: 0,
                min_id: self.min_id,
                hash: 0,
            };
            let answer = self.client.invoke(&request).await?;
            self.walk.take(Page::read(&self.client, answer));
        }
    }
}

impl fmt::Debug for MessageIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageIter").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// How far a walk through the messages of one chat has come.
#[derive(Default)]
pub(super) struct Walk {
    ready: VecDeque<enums::Message>,
    pub(super) offset_id: i32,
    pub(super) left: Option<usize>,
    pub(super) total: Option<i32>,
    is_done: bool,
}

impl Walk {
    /// The next message, or that there is none; nothing if the server has to be asked first.
    pub(super) fn ready(&mut self) -> Option<Option<enums::Message>> {
        if self.left == Some(0) {
            return Some(None);
        }
        let Some(message) = self.ready.pop_front() else {
            return self.is_done.then_some(None);
        };
        self.left = self.left.map(|left| left - 1);
        Some(Some(message))
    }

    /// How many to ask for.
    pub(super) fn limit(&self) -> i32 {
        let most = self.left.unwrap_or(AT_ONCE).min(AT_ONCE);
        i32::try_from(most).unwrap_or(i32::MAX)
    }

    /// Takes a page. The end is a page without messages, or with none that is older than those before,
    /// or one of which the server says that it is all; a short page is not the end.
    pub(super) fn take(&mut self, page: Page) {
        self.total = Some(page.total);
        let before = self.offset_id;
        for message in page.messages {
            let id = id_of(&message);
            if before != 0 && id >= before {
                continue;
            }
            self.offset_id = if self.offset_id == 0 { id } else { self.offset_id.min(id) };
            if !matches!(message, enums::Message::Empty(_)) {
                self.ready.push_back(message);
            }
        }
        self.is_done = page.is_all || self.offset_id == before;
    }
}
