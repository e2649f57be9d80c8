//! The list of chats, fetched page by page.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;

use layer_tl_types::enums::messages::Dialogs;
use layer_tl_types::functions::messages::GetDialogs;
use layer_tl_types::{enums, types};

use super::sent::id_of;
use crate::peers::key_of;
use crate::session::{PeerKey, PeerKind};
use crate::types::Dialog;
use crate::{Client, InvocationError};

/// So many dialogs come with one call at most.
const AT_ONCE: i32 = 100;

/// The list of chats: pinned ones first, then by their newest message. Made by
/// [`Client::iter_dialogs`].
///
/// Each [`DialogIter::next`] gives one, each chat once; the server is asked when those at hand are
/// used up.
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
/// client.create_supergroup("Readers", "about books").await?;
/// let mut dialogs = client.iter_dialogs();
/// while let Some(dialog) = dialogs.next().await? {
///     assert_eq!(dialog.name(), "Readers");
/// }
/// # Ok(())
/// # }
/// ```
pub struct DialogIter {
    client: Client,
    request: GetDialogs,
    ready: VecDeque<Dialog>,
    given: HashSet<PeerKey>,
    left: Option<usize>,
    total: Option<i32>,
    is_done: bool,
}

impl DialogIter {
    pub(crate) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            request: GetDialogs::new(0, 0, enums::InputPeer::Empty, AT_ONCE, 0),
            ready: VecDeque::new(),
            given: HashSet::new(),
            left: None,
            total: None,
            is_done: false,
        }
    }

    /// At most so many.
    pub fn limit(mut self, most: usize) -> Self {
        self.left = Some(most);
        self.request.limit = i32::try_from(most).unwrap_or(AT_ONCE).min(AT_ONCE);
        self
    }

    /// Only in this folder: 0 is the list itself, 1 the archive.
    pub fn folder(mut self, id: i32) -> Self {
        self.request.folder_id = Some(id);
        self
    }

    /// How many there are in all, as far as the server has said. `None` before the first.
    pub fn total(&self) -> Option<i32> {
        self.total
    }

    /// The next dialog; `None` at the end.
    ///
    /// May be dropped midway: no dialog is lost.
    ///
    /// # Errors
    /// Any [`InvocationError`]; it can be called again then.
    pub async fn next(&mut self) -> Result<Option<Dialog>, InvocationError> {
        loop {
            if self.left == Some(0) {
                return Ok(None);
            }
            if let Some(dialog) = self.ready.pop_front() {
                self.left = self.left.map(|left| left - 1);
                return Ok(Some(dialog));
            }
            if self.is_done {
                return Ok(None);
            }
            match self.client.invoke(&self.request).await? {
                Dialogs::Dialogs(all) => {
                    self.total = i32::try_from(all.dialogs.len()).ok();
                    self.is_done = true;
                    self.take(all.dialogs, &all.messages, &all.users, &all.chats);
                }
                Dialogs::Slice(slice) => {
                    self.total = Some(slice.count);
                    let page = (&slice.messages[..], &slice.users[..], &slice.chats[..]);
                    // Short pages come before the end too; one that leads nowhere is the end.
                    self.is_done = !self.take(slice.dialogs, page.0, page.1, page.2);
                    // What was given is not wanted again.
                    self.request.exclude_pinned = true;
                }
                Dialogs::NotModified(_) => self.is_done = true,
            }
        }
    }

    /// Whether the page leads on to another.
    fn take(
        &mut self,
        dialogs: Vec<enums::Dialog>,
        messages: &[enums::Message],
        users: &[enums::User],
        chats: &[enums::Chat],
    ) -> bool {
        self.client.met(users, chats, messages);
        // By chat and id: ids of different channels may be equal.
        let mut tops: HashMap<(PeerKey, i32), &enums::Message> = HashMap::new();
        for message in messages {
            if let Some(peer) = peer_of(message) {
                tops.insert((key_of(peer), id_of(message)), message);
            }
        }
        let mut leads_on = false;
        for dialog in dialogs {
            let enums::Dialog::Dialog(raw) = dialog else { continue };
            let key = key_of(&raw.peer);
            let top = tops.get(&(key, raw.top_message)).copied();
            // Behind a page of pinned ones come the others, from their beginning.
            leads_on |= raw.pinned && !self.request.exclude_pinned;
            if let Some(date) = top.and_then(date_of)
                && let Ok(peer) = self.client.inner.peers.input_peer(key)
                && !raw.pinned
            {
                let place = (date, raw.top_message, peer);
                let request = &self.request;
                let before = (request.offset_date, request.offset_id, &request.offset_peer);
                leads_on |= (place.0, place.1, &place.2) != before;
                (self.request.offset_date, self.request.offset_id, self.request.offset_peer) =
                    place;
            }
            if self.given.insert(key) {
                let message = top.map(|message| self.client.wrap(message.clone()));
                let dialog =
                    Dialog::new(raw, find_user(key, users), find_chat(key, chats), message);
                self.ready.push_back(dialog);
            }
        }
        leads_on && !self.ready.is_empty()
    }
}

impl fmt::Debug for DialogIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialogIter").field("given", &self.given.len()).finish_non_exhaustive()
    }
}

fn peer_of(message: &enums::Message) -> Option<&enums::Peer> {
    match message {
        enums::Message::Empty(message) => message.peer_id.as_ref(),
        enums::Message::Message(message) => Some(&message.peer_id),
        enums::Message::Service(message) => Some(&message.peer_id),
    }
}

fn date_of(message: &enums::Message) -> Option<i32> {
    match message {
        enums::Message::Empty(_) => None,
        enums::Message::Message(message) => Some(message.date),
        enums::Message::Service(message) => Some(message.date),
    }
}

fn find_user(key: PeerKey, users: &[enums::User]) -> Option<enums::User> {
    let is_it = |user: &&enums::User| matches!(user, enums::User::User(user) if user.id == key.id);
    users.iter().find(is_it).filter(|_| key.kind == PeerKind::User).cloned()
}

fn find_chat(key: PeerKey, chats: &[enums::Chat]) -> Option<enums::Chat> {
    let id = |chat: &enums::Chat| match chat {
        enums::Chat::Chat(chat) => Some((PeerKind::Chat, chat.id)),
        enums::Chat::Forbidden(chat) => Some((PeerKind::Chat, chat.id)),
        enums::Chat::Channel(chat) => Some((PeerKind::Channel, chat.id)),
        enums::Chat::ChannelForbidden(types::ChannelForbidden { id, .. }) => {
            Some((PeerKind::Channel, *id))
        }
        _ => None,
    };
    chats.iter().find(|chat| id(chat) == Some((key.kind, key.id))).cloned()
}
