//! The members of groups and channels: who they are, what they may do.

use layer_tl_types::functions::{channels, messages, photos};
use layer_tl_types::{enums, types};

use crate::peers::{UnknownPeer, as_channel, as_user, is_channel, key_of, peer_of};
use crate::requests::ParticipantIter;
use crate::types::{AdminRightsBuilder, BanRights, Participant, Photo};
use crate::{Client, InvocationError, Origin, PeerRef};

impl Client {
    /// The first members, at most so many.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// As [`ParticipantIter::next`].
    pub async fn get_participants(
        &self,
        peer: impl Into<PeerRef>,
        limit: usize,
    ) -> Result<Vec<Participant>, InvocationError> {
        let mut iter = self.iter_participants(peer).limit(limit);
        let mut participants = Vec::new();
        while let Some(participant) = iter.next().await? {
            participants.push(participant);
        }
        Ok(participants)
    }

    /// All members, each once.
    pub fn iter_participants(&self, peer: impl Into<PeerRef>) -> ParticipantIter {
        ParticipantIter::new(self, peer.into())
    }

    /// What a user is in a group or channel: a member, an administrator, banned, or nothing of these.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn get_permissions(
        &self,
        peer: impl Into<PeerRef>,
        user: impl Into<PeerRef>,
    ) -> Result<Participant, InvocationError> {
        let (peer, user) = (peer.into(), user.into());
        let peer = self.resolve_peer(peer).await?;
        let participant = self.resolve_peer(user).await?;
        let key = self.inner.peers.key(&participant);
        let key = key.ok_or(InvocationError::Unexpected("who is logged in"))?;
        let left = types::ChannelParticipantLeft { peer: peer_of(key) };
        if !is_channel(&peer) {
            let mut all = self.iter_participants(peer);
            while let Some(found) = all.next().await? {
                if key_of(found.peer()) == key {
                    return Ok(found);
                }
            }
            return Ok(Participant::of_channel(left.into(), &[]));
        }
        let channel = as_channel(peer)?;
        match self.invoke(&channels::GetParticipant { channel, participant }).await {
            Ok(enums::channels::ChannelParticipant::Participant(found)) => {
                self.met(&found.users, &found.chats, &[]);
                Ok(Participant::of_channel(found.participant, &found.users))
            }
            Err(error) if error.is("USER_NOT_PARTICIPANT") => {
                Ok(Participant::of_channel(left.into(), &[]))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a member, who may come back.
    ///
    /// May be dropped midway: then he may be banned in a supergroup or channel.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn kick_participant(
        &self,
        peer: impl Into<PeerRef>,
        user: impl Into<PeerRef>,
    ) -> Result<(), InvocationError> {
        let (peer, user) = (self.resolve_peer(peer.into()).await?, user.into());
        let user = self.resolve_peer(user).await?;
        self.set_banned_rights(peer.clone(), user.clone(), BanRights::ban()).await?;
        if is_channel(&peer) {
            // Out he is; the ban itself goes.
            self.set_banned_rights(peer, user, BanRights::new()).await?;
        }
        Ok(())
    }

    /// Removes a member, who can't come back. From a basic group he is only removed.
    ///
    /// May be dropped midway: then it is done or not.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn ban_participant(
        &self,
        peer: impl Into<PeerRef>,
        user: impl Into<PeerRef>,
    ) -> Result<(), InvocationError> {
        self.set_banned_rights(peer, user, BanRights::ban()).await
    }

    /// Sets what is taken from a member of a supergroup or channel; with nothing taken it is all given
    /// back. Of a basic group a member can be removed by [`BanRights::ban`], nothing else.
    ///
    /// May be dropped midway: then it is done or not.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn set_banned_rights(
        &self,
        peer: impl Into<PeerRef>,
        user: impl Into<PeerRef>,
        rights: BanRights,
    ) -> Result<(), InvocationError> {
        let (peer, user) = (peer.into(), user.into());
        let peer = self.resolve_peer(peer).await?;
        let participant = self.resolve_peer(user).await?;
        if let Some(chat_id) = self.chat_id(&peer)
            && rights.raw().view_messages
        {
            let request = messages::DeleteChatUser::new(chat_id, as_user(participant)?);
            return self.invoke(&request).await.map(drop);
        }
        let channel = as_channel(peer)?;
        let request = channels::EditBanned { channel, participant, banned_rights: rights.into() };
        self.invoke(&request).await.map(drop)
    }

    /// Makes a member an administrator with the usual rights.
    ///
    /// May be dropped midway: then it is done or not.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn promote_participant(
        &self,
        peer: impl Into<PeerRef>,
        user: impl Into<PeerRef>,
    ) -> Result<(), InvocationError> {
        self.set_admin_rights(peer, user, AdminRightsBuilder::usual()).await
    }

    /// Sets what an administrator may do; without any right he is none any more. Those of a basic group
    /// have no rights of their own: he is one or he is not.
    ///
    /// May be dropped midway: then it is done or not.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn set_admin_rights(
        &self,
        peer: impl Into<PeerRef>,
        user: impl Into<PeerRef>,
        rights: AdminRightsBuilder,
    ) -> Result<(), InvocationError> {
        let (peer, user) = (peer.into(), user.into());
        let peer = self.resolve_peer(peer).await?;
        let user_id = self.resolve_user(user).await?;
        if let Some(chat_id) = self.chat_id(&peer) {
            let is_admin = !rights.is_none();
            let request = messages::EditChatAdmin { chat_id, user_id, is_admin };
            return self.invoke(&request).await.map(drop);
        }
        if !is_channel(&peer) {
            return Err(UnknownPeer::WrongKind { expected: "a group or channel" }.into());
        }
        let (channel, rank) = (as_channel(peer)?, rights.rank.clone());
        let mut request = channels::EditAdmin::new(channel, user_id, rights.into());
        request.rank = rank;
        self.invoke(&request).await.map(drop)
    }

    /// The profile photos of a user, newest first, at most so many. Each can be downloaded.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn get_profile_photos(
        &self,
        user: impl Into<PeerRef>,
        limit: usize,
    ) -> Result<Vec<Photo>, InvocationError> {
        const AT_ONCE: usize = 100;
        let user_id = self.resolve_user(user.into()).await?;
        let (mut found, mut came): (Vec<Photo>, usize) = (Vec::new(), 0);
        while found.len() < limit {
            let request = photos::GetUserPhotos {
                user_id: user_id.clone(),
                offset: i32::try_from(came).unwrap_or(i32::MAX),
                max_id: 0,
                limit: i32::try_from((limit - found.len()).min(AT_ONCE)).unwrap_or(i32::MAX),
            };
            let (photos, is_all) = self.profile_photos(&request).await?;
            came += photos.len();
            let is_end = is_all || photos.is_empty();
            found.extend(photos.into_iter().filter_map(|photo| {
                let enums::Photo::Photo(photo) = photo else { return None };
                let origin = Origin::ProfilePhoto { user: user_id.clone() };
                Some(Photo::seen(photo, Some(origin)))
            }));
            if is_end {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// A page of profile photos, and whether it is the only one.
    pub(crate) async fn profile_photos(
        &self,
        request: &photos::GetUserPhotos,
    ) -> Result<(Vec<enums::Photo>, bool), InvocationError> {
        let (photos, users, is_all) = match self.invoke(request).await? {
            enums::photos::Photos::Photos(all) => (all.photos, all.users, true),
            enums::photos::Photos::Slice(slice) => (slice.photos, slice.users, false),
        };
        self.met(&users, &[], &[]);
        Ok((photos, is_all))
    }
}
