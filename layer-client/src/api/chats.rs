//! Joining and making groups and channels.

use layer_tl_types::enums::messages::{ChatInviteJoinResult, InvitedUsers};
use layer_tl_types::enums::{self, Updates};
use layer_tl_types::functions::{channels, messages};

use crate::peers::{UnknownPeer, invite_hash};
use crate::{Client, InvocationError, PeerRef};

impl Client {
    /// Joins a public group or channel, and gives it.
    ///
    /// May be dropped midway: then we may have joined.
    ///
    /// # Errors
    /// Any [`InvocationError`]; `INVITE_REQUEST_SENT` if an administrator has to agree first.
    pub async fn join_chat(
        &self,
        peer: impl Into<PeerRef>,
    ) -> Result<enums::Chat, InvocationError> {
        let channel = self.resolve_channel(peer.into()).await?;
        self.joined(self.invoke(&channels::JoinChannel { channel }).await?)
    }

    /// Joins by an invite link, or by the hash in it, and gives the group or channel.
    ///
    /// May be dropped midway: then we may have joined.
    ///
    /// # Errors
    /// Any [`InvocationError`]: `USER_ALREADY_PARTICIPANT`, `INVITE_HASH_EXPIRED`,
    /// `INVITE_REQUEST_SENT` if an administrator has to agree first.
    pub async fn accept_invite_link(&self, link: &str) -> Result<enums::Chat, InvocationError> {
        let hash = invite_hash(link).ok_or(UnknownPeer::Unreadable("it is no invite link"))?;
        self.joined(self.invoke(&messages::ImportChatInvite { hash: hash.to_owned() }).await?)
    }

    /// Makes a basic group with these users and gives it. Whom the server did not let in, because he
    /// does not want it, is not in it.
    ///
    /// May be dropped midway: then it may have been made.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn create_group(
        &self,
        title: &str,
        users: impl IntoIterator<Item = impl Into<PeerRef>>,
    ) -> Result<enums::Chat, InvocationError> {
        let peers: Vec<PeerRef> = users.into_iter().map(Into::into).collect();
        let mut users = Vec::with_capacity(peers.len());
        for peer in peers {
            users.push(self.resolve_user(peer).await?);
        }
        let request = messages::CreateChat::new(users, title.to_owned());
        let InvitedUsers::Users(invited) = self.invoke(&request).await?;
        self.chat_of(invited.updates)
    }

    /// Makes a supergroup and gives it.
    ///
    /// May be dropped midway: then it may have been made.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn create_supergroup(
        &self,
        title: &str,
        about: &str,
    ) -> Result<enums::Chat, InvocationError> {
        let mut request = channels::CreateChannel::new(title.to_owned(), about.to_owned());
        request.megagroup = true;
        self.chat_of(self.invoke(&request).await?)
    }

    /// Makes a channel and gives it.
    ///
    /// May be dropped midway: then it may have been made.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn create_channel(
        &self,
        title: &str,
        about: &str,
    ) -> Result<enums::Chat, InvocationError> {
        let mut request = channels::CreateChannel::new(title.to_owned(), about.to_owned());
        request.broadcast = true;
        self.chat_of(self.invoke(&request).await?)
    }

    fn joined(&self, result: ChatInviteJoinResult) -> Result<enums::Chat, InvocationError> {
        match result {
            ChatInviteJoinResult::Ok(joined) => self.chat_of(joined.updates),
            ChatInviteJoinResult::WebView(form) => {
                self.met(&form.users, &[], &[]);
                Err(InvocationError::Unexpected("the chat: its bot wants a form filled in first"))
            }
        }
    }

    /// The chat that an answer is about.
    fn chat_of(&self, updates: Updates) -> Result<enums::Chat, InvocationError> {
        let (users, chats) = match updates {
            Updates::Updates(all) => (all.users, all.chats),
            Updates::Combined(all) => (all.users, all.chats),
            _ => (Vec::new(), Vec::new()),
        };
        self.met(&users, &chats, &[]);
        chats.into_iter().next().ok_or(InvocationError::Unexpected("the chat"))
    }
}
