//! Photos of people, bots and chats: what stands for them.

use layer_tl_types::{enums, types};

use super::fanout::{Actor, Batch};
use super::files::STRIPPED;
use super::posts::Content;
use super::preferences::Viewer;
use super::{Peer, World};
use crate::router::{Caller, RpcError};

/// So many a user keeps; the oldest go first.
const MOST: usize = 100;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl World {
    /// The photos of a user, the newest first, as far as somebody may see them.
    pub(crate) fn portraits(&self, viewer: i64, id: i64) -> &[i64] {
        let Some(user) = self.accounts.get(id) else { return &[] };
        let is_contact = user.contacts.contains_key(&viewer);
        let asks = Viewer { id: viewer, is_contact, is_bot: self.accounts.is_bot(viewer) };
        let key = enums::PrivacyKey::ProfilePhoto;
        let may = viewer == id || user.bot.is_some() || user.preferences.lets_see(&key, asks);
        if may { &user.photos } else { &[] }
    }

    /// The small form of a user's photo, if somebody may see it.
    pub(crate) fn user_portrait(&self, viewer: i64, id: i64) -> Option<enums::UserProfilePhoto> {
        let photo_id = *self.portraits(viewer, id).first()?;
        let stripped_thumb = Some(STRIPPED.to_vec());
        let photo = types::UserProfilePhoto::new(photo_id, self.files.dc_of(photo_id)?);
        Some(types::UserProfilePhoto { stripped_thumb, ..photo }.into())
    }

    /// The photo of a chat.
    pub(crate) fn chat_photo(&self, peer: Peer) -> Option<i64> {
        match peer {
            Peer::User(_) => None,
            Peer::Chat(id) => self.talk.groups.get(&id)?.photo,
            Peer::Channel(id) => self.talk.channels.get(&id)?.photo,
        }
    }

    /// The small form of a chat's photo.
    pub(crate) fn chat_portrait(&self, peer: Peer) -> enums::ChatPhoto {
        let known = self.chat_photo(peer).and_then(|id| Some((id, self.files.dc_of(id)?)));
        let Some((photo_id, dc)) = known else { return enums::ChatPhoto::Empty };
        let stripped_thumb = Some(STRIPPED.to_vec());
        types::ChatPhoto { stripped_thumb, ..types::ChatPhoto::new(photo_id, dc) }.into()
    }

    /// The photo that stands for somebody or something at present, or did, by its id.
    pub(crate) fn portrait_of(&self, viewer: i64, peer: Peer, photo: i64) -> Option<i64> {
        let known = match peer {
            Peer::User(id) => self.portraits(viewer, id).contains(&photo),
            _ => self.chat_photo(peer) == Some(photo),
        };
        known.then_some(photo)
    }

    /// Gives a user another photo: a new one, or one of its own that it had before.
    pub(crate) fn set_portrait(&mut self, id: i64, photo: i64, now: i64) {
        if let Some(user) = self.accounts.get_mut(id) {
            user.photos.retain(|other| *other != photo);
            user.photos.insert(0, photo);
            user.photos.truncate(MOST);
        }
        self.tell_of(id, &types::UpdateUser { user_id: id }.into(), now);
    }

    /// Takes photos away from a user. Returns those that it had.
    pub(crate) fn remove_portraits(&mut self, id: i64, photos: &[i64], now: i64) -> Vec<i64> {
        let mut gone = Vec::new();
        if let Some(user) = self.accounts.get_mut(id) {
            user.photos.retain(|photo| {
                let goes = photos.contains(photo);
                gone.extend(goes.then_some(*photo));
                !goes
            });
        }
        if !gone.is_empty() {
            self.tell_of(id, &types::UpdateUser { user_id: id }.into(), now);
        }
        gone
    }

    /// The photo that is given for a chat; `None` if it is to have none.
    ///
    /// # Errors
    /// `PHOTO_INVALID` if there is none in it, and as for uploads and references.
    pub(crate) fn given_portrait(
        &mut self,
        caller: &Caller,
        given: &enums::InputChatPhoto,
    ) -> Result<Option<i64>, RpcError> {
        match given {
            enums::InputChatPhoto::Empty => Ok(None),
            enums::InputChatPhoto::InputChatUploadedPhoto(given) => match &given.file {
                Some(file) => self.new_photo(caller, file).map(Some),
                None => refused("PHOTO_INVALID"),
            },
            enums::InputChatPhoto::Photo(given) => {
                self.named_photo(caller.user()?, &given.id).map(Some)
            }
        }
    }

    /// Gives a chat another photo, or none, and says so in it.
    ///
    /// # Errors
    /// `PEER_ID_INVALID`, `CHAT_ADMIN_REQUIRED`, `CHAT_NOT_MODIFIED`.
    pub(crate) fn set_chat_photo(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        photo: Option<i64>,
    ) -> Result<(), RpcError> {
        self.may_change_info(actor, peer)?;
        if self.chat_photo(peer) == photo {
            return refused("CHAT_NOT_MODIFIED");
        }
        match peer {
            Peer::User(_) => {}
            Peer::Chat(id) => {
                if let Some(group) = self.talk.groups.get_mut(&id) {
                    group.photo = photo;
                }
            }
            Peer::Channel(id) => {
                if let Some(channel) = self.talk.channels.get_mut(&id) {
                    channel.photo = photo;
                }
                self.tell_channel(batch, id);
            }
        }
        let action = match photo {
            // Whoever sees the message sees the photo by an access hash of its own.
            Some(id) => {
                let photo = types::PhotoEmpty { id }.into();
                types::MessageActionChatEditPhoto { photo }.into()
            }
            None => enums::MessageAction::ChatDeletePhoto,
        };
        self.say(batch, actor, peer, Content::action(action))?;
        Ok(())
    }

    /// Whether somebody may change a chat's name, photo and the like.
    pub(super) fn may_change_info(&self, actor: &Actor, peer: Peer) -> Result<(), RpcError> {
        match peer {
            Peer::User(_) => refused("PEER_ID_INVALID"),
            Peer::Chat(id) => {
                let group = self.group_of(actor.user, id)?;
                let may = !group.default_banned.change_info || group.is_admin(actor.user);
                if may { Ok(()) } else { refused("CHAT_ADMIN_REQUIRED") }
            }
            Peer::Channel(id) => {
                let channel = self.channel_of(actor.user, id, actor.date())?;
                let is_free = !channel.broadcast
                    && !channel.default_banned.change_info
                    && channel.members.contains_key(&actor.user);
                let may = |rights: &types::ChatAdminRights| rights.change_info;
                if is_free { Ok(()) } else { channel.admin(actor.user, may) }
            }
        }
    }

    /// What the server tells in a message, as somebody sees it.
    pub(crate) fn shown_action(
        &self,
        viewer: i64,
        action: enums::MessageAction,
    ) -> enums::MessageAction {
        let enums::MessageAction::ChatEditPhoto(edit) = &action else { return action };
        let id = match &edit.photo {
            enums::Photo::Photo(photo) => photo.id,
            enums::Photo::Empty(photo) => photo.id,
        };
        types::MessageActionChatEditPhoto { photo: self.photo(viewer, id) }.into()
    }
}
