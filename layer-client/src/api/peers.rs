//! Whom a name, a number or an id means.

use layer_tl_types::enums;
use layer_tl_types::functions::{contacts, users};

use crate::peers::{PeerRef, Reference, UnknownPeer, as_channel, as_user, key_of};
use crate::session::{PeerKey, PeerKind};
use crate::types::Message;
use crate::{Client, InvocationError};

impl Client {
    /// How the server wants to hear of a peer; see [`PeerRef`] for what can be given. What is known is
    /// not asked for again.
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
    /// use layer_client::tl::enums::InputPeer;
    ///
    /// assert_eq!(client.resolve_peer("me").await?, InputPeer::PeerSelf);
    /// // An id alone names nobody whom the server has not shown yet.
    /// assert!(client.resolve_peer(4711).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`InvocationError::UnknownPeer`] if nobody is meant, or nobody whom we have met; any other
    /// [`InvocationError`] of the call that asks.
    pub async fn resolve_peer(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<enums::InputPeer, InvocationError> {
        match peer.into().into_reference() {
            Reference::Me => Ok(enums::InputPeer::PeerSelf),
            Reference::Input(peer) => Ok(peer),
            Reference::Key(key) => Ok(self.inner.peers.input_peer(key)?),
            Reference::Username(username) => self.resolve_username(&username).await,
            Reference::Phone(phone) => self.resolve_phone(phone).await,
            Reference::Unknown(error) => Err(error.into()),
        }
    }

    /// Who has this username, with or without `@`. What is known is not asked for again.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`UnknownPeer::NoSuchUsername`] if nobody has it, and any other [`InvocationError`].
    pub async fn resolve_username(
        &self,
        username: &str,
    ) -> Result<enums::InputPeer, InvocationError> {
        let username = username.strip_prefix('@').unwrap_or(username);
        let known = self.inner.peers.by_username(username);
        if let Some(Ok(peer)) = known.map(|key| self.inner.peers.input_peer(key)) {
            return Ok(peer);
        }
        let nobody = || UnknownPeer::NoSuchUsername(username.to_owned()).into();
        match self.invoke(&contacts::ResolveUsername::new(username.to_owned())).await {
            Ok(found) => self.found(found, nobody()),
            Err(InvocationError::Rpc(error))
                if error.is("USERNAME_NOT_OCCUPIED") || error.is("USERNAME_INVALID") =>
            {
                Err(nobody())
            }
            Err(error) => Err(error),
        }
    }

    async fn resolve_phone(&self, phone: String) -> Result<enums::InputPeer, InvocationError> {
        let known = self.inner.peers.by_phone(&phone);
        if let Some(Ok(peer)) = known.map(|key| self.inner.peers.input_peer(key)) {
            return Ok(peer);
        }
        let nobody = || UnknownPeer::NoSuchPhone.into();
        match self.invoke(&contacts::ResolvePhone { phone }).await {
            Ok(found) => self.found(found, nobody()),
            Err(error) if error.is("PHONE_NOT_OCCUPIED") => Err(nobody()),
            Err(error) => Err(error),
        }
    }

    fn found(
        &self,
        found: enums::contacts::ResolvedPeer,
        nobody: InvocationError,
    ) -> Result<enums::InputPeer, InvocationError> {
        let enums::contacts::ResolvedPeer::Peer(found) = found;
        self.met(&found.users, &found.chats, &[]);
        self.inner.peers.input_peer(key_of(&found.peer)).map_err(|_| nobody)
    }

    /// Users and chats whose names hold this text, at most so many: those whom we know first.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn search_peer(
        &self,
        query: &str,
        limit: usize,
    ) -> Result<Vec<enums::Peer>, InvocationError> {
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let request = contacts::Search::new(query.to_owned(), most);
        let enums::contacts::Found::Found(found) = self.invoke(&request).await?;
        self.met(&found.users, &found.chats, &[]);
        let mut peers = found.my_results;
        for peer in found.results {
            if !peers.contains(&peer) {
                peers.push(peer);
            }
        }
        peers.truncate(limit);
        Ok(peers)
    }

    /// Users as the server has them now, in the order in which they were named; those that it does not
    /// know are left out.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// [`InvocationError::UnknownPeer`] if one can't be named, and any other [`InvocationError`].
    pub async fn get_users(
        &self,
        peers: impl IntoIterator<Item = impl Into<PeerRef>>,
    ) -> Result<Vec<enums::User>, InvocationError> {
        let peers: Vec<PeerRef> = peers.into_iter().map(Into::into).collect();
        let mut id = Vec::with_capacity(peers.len());
        for peer in peers {
            id.push(self.resolve_user(peer).await?);
        }
        let users = self.invoke(&users::GetUsers { id }).await?;
        self.met(&users, &[], &[]);
        Ok(users)
    }

    /// As [`Client::resolve_peer`], for methods that take users only.
    pub(crate) async fn resolve_user(
        &self,
        peer: PeerRef,
    ) -> Result<enums::InputUser, InvocationError> {
        Ok(as_user(self.resolve_peer(peer).await?)?)
    }

    /// As [`Client::resolve_peer`], for methods that take channels only.
    pub(crate) async fn resolve_channel(
        &self,
        peer: PeerRef,
    ) -> Result<enums::InputChannel, InvocationError> {
        Ok(as_channel(self.resolve_peer(peer).await?)?)
    }

    /// Remembers whom an answer shows, and by which messages.
    pub(crate) fn met(
        &self,
        users: &[enums::User],
        chats: &[enums::Chat],
        messages: &[enums::Message],
    ) {
        let peers = &self.inner.peers;
        self.inner.saver.change(|_| {
            let mut changes = peers.learn(users, chats);
            changes.extend(peers.saw(messages));
            changes
        });
    }

    /// A message as it is handed out.
    pub(crate) fn wrap(&self, raw: enums::Message) -> Message {
        Message::of(raw, Some(&self.downgrade()))
    }

    /// Whether these are one peer.
    pub(crate) fn is_same(&self, input: &enums::InputPeer, peer: &enums::Peer) -> bool {
        self.inner.peers.key(input) == Some(key_of(peer))
    }

    /// The id of a basic group.
    pub(crate) fn chat_id(&self, peer: &enums::InputPeer) -> Option<i64> {
        let key = self.inner.peers.key(peer)?;
        (key.kind == PeerKind::Chat).then_some(key).map(|PeerKey { id, .. }| id)
    }
}
