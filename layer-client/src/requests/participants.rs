//! The members of a group or channel, fetched page by page.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use layer_tl_types::enums::{self, ChannelParticipantsFilter};
use layer_tl_types::functions::{channels, messages};
use layer_tl_types::types;

use crate::peers::{UnknownPeer, as_channel, is_channel, key_of};
use crate::session::PeerKey;
use crate::types::Participant;
use crate::{Client, InvocationError, PeerRef};

/// So many come with one call at most.
const AT_ONCE: i32 = 200;

/// The members of a group or channel, each once. Made by [`Client::iter_participants`].
///
/// Each [`ParticipantIter::next`] gives one; the server is asked when those at hand are used up. It
/// shows at most 10,000 of a channel.
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
/// use layer_client::types::Role;
///
/// let group = client.create_supergroup("Readers", "about books").await?;
/// let mut members = client.iter_participants(&group);
/// while let Some(member) = members.next().await? {
///     assert_eq!(*member.role(), Role::Creator);
/// }
/// # Ok(())
/// # }
/// ```
pub struct ParticipantIter {
    client: Client,
    peer: PeerRef,
    input: Option<enums::InputPeer>,
    filter: ChannelParticipantsFilter,
    ready: VecDeque<Participant>,
    given: HashSet<PeerKey>,
    offset: i32,
    left: Option<usize>,
    total: Option<i32>,
    is_done: bool,
}

impl ParticipantIter {
    pub(crate) fn new(client: &Client, peer: PeerRef) -> Self {
        Self {
            client: client.clone(),
            peer,
            input: None,
            filter: ChannelParticipantsFilter::ChannelParticipantsRecent,
            ready: VecDeque::new(),
            given: HashSet::new(),
            offset: 0,
            left: None,
            total: None,
            is_done: false,
        }
    }

    /// At most so many.
    pub fn limit(mut self, most: usize) -> Self {
        self.left = Some(most);
        self
    }

    /// Only these: administrators, the banned, … Basic groups have no filters.
    pub fn filter(mut self, filter: ChannelParticipantsFilter) -> Self {
        self.filter = filter;
        self
    }

    /// Only those whose name has this in it.
    pub fn search(self, query: impl Into<String>) -> Self {
        self.filter(types::ChannelParticipantsSearch { q: query.into() }.into())
    }

    /// How many there are in all, as far as the server has said. `None` before the first.
    pub fn total(&self) -> Option<i32> {
        self.total
    }

    /// The next member; `None` at the end.
    ///
    /// May be dropped midway: nobody is lost.
    ///
    /// # Errors
    /// [`InvocationError::UnknownPeer`] if it is no group or channel, and any other
    /// [`InvocationError`]; it can be called again then.
    pub async fn next(&mut self) -> Result<Option<Participant>, InvocationError> {
        loop {
            if self.left == Some(0) {
                return Ok(None);
            }
            if let Some(participant) = self.ready.pop_front() {
                self.left = self.left.map(|left| left - 1);
                return Ok(Some(participant));
            }
            if self.is_done {
                return Ok(None);
            }
            let peer = match &self.input {
                Some(peer) => peer.clone(),
                None => self.client.resolve_peer(self.peer.clone()).await?,
            };
            match self.input.insert(peer) {
                enums::InputPeer::Chat(chat) => {
                    let chat_id = chat.chat_id;
                    self.fetch_chat(chat_id).await?;
                }
                peer if is_channel(peer) => {
                    let peer = peer.clone();
                    self.fetch_channel(peer).await?;
                }
                _ => {
                    return Err(UnknownPeer::WrongKind { expected: "a group or channel" }.into());
                }
            }
        }
    }

    /// All members of a basic group come at once.
    async fn fetch_chat(&mut self, chat_id: i64) -> Result<(), InvocationError> {
        let answer = self.client.invoke(&messages::GetFullChat { chat_id }).await?;
        let enums::messages::ChatFull::Full(full) = answer;
        self.client.met(&full.users, &full.chats, &[]);
        self.is_done = true;
        let enums::ChatFull::Full(chat) = full.full_chat else { return Ok(()) };
        let enums::ChatParticipants::Participants(all) = chat.participants else { return Ok(()) };
        self.total = i32::try_from(all.participants.len()).ok();
        let participants = all.participants.into_iter();
        self.ready.extend(participants.map(|raw| Participant::of_chat(raw, &full.users)));
        Ok(())
    }

    async fn fetch_channel(&mut self, peer: enums::InputPeer) -> Result<(), InvocationError> {
        let request = channels::GetParticipants {
            channel: as_channel(peer)?,
            filter: self.filter.clone(),
            offset: self.offset,
            limit: AT_ONCE,
            hash: 0,
        };
        let answer = self.client.invoke(&request).await?;
        let enums::channels::ChannelParticipants::Participants(page) = answer else {
            self.is_done = true;
            return Ok(());
        };
        self.client.met(&page.users, &page.chats, &[]);
        self.total = Some(page.count);
        let len = i32::try_from(page.participants.len()).unwrap_or(i32::MAX);
        self.offset = self.offset.saturating_add(len);
        for raw in page.participants {
            let participant = Participant::of_channel(raw, &page.users);
            // Who moves up in the list while it is read comes twice.
            if self.given.insert(key_of(participant.peer())) {
                self.ready.push_back(participant);
            }
        }
        self.is_done = self.ready.is_empty();
        Ok(())
    }
}

impl fmt::Debug for ParticipantIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParticipantIter").field("peer", &self.peer).finish_non_exhaustive()
    }
}
