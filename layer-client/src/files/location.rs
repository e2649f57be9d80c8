//! What can be downloaded: where it is, how long it is, and where it was seen.

use layer_crypto::hash;
use layer_tl_types::functions::photos;
use layer_tl_types::{Serializable, enums, types};

use crate::types::Message;
use crate::{Client, InvocationError};

/// Something that can be downloaded: [`Photo`](crate::types::Photo),
/// [`Document`](crate::types::Document), [`Sticker`](crate::types::Sticker).
pub trait Downloadable {
    /// Where it is; `None` if there is nothing to be downloaded.
    fn to_input_location(&self) -> Option<enums::InputFileLocation>;

    /// How many bytes it has, if that is known.
    fn size(&self) -> Option<u64> {
        None
    }

    /// The data centre that has it, if that is known. Otherwise home is asked.
    fn dc_id(&self) -> Option<i32> {
        None
    }

    /// Where it was seen: there it is looked for again when it may not be fetched any more.
    fn origin(&self) -> Option<Origin> {
        None
    }
}

/// Where a file was seen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Origin {
    /// In this message.
    Message {
        /// The chat.
        peer: enums::Peer,
        /// The message's id.
        id: i32,
    },
    /// Among the profile photos of this user.
    ProfilePhoto {
        /// The user.
        user: enums::InputUser,
    },
}

/// A file to download: what Telegram calls its location, and what else is known of it. Made `From` a
/// location, or from a reference to anything that is [`Downloadable`].
///
/// ```
/// use layer_client::{FileLocation, tl};
/// let (id, access_hash, file_reference) = (1, 2, vec![3]);
/// let thumb_size = String::new();
/// let file = tl::types::InputDocumentFileLocation { id, access_hash, file_reference, thumb_size };
/// let location = FileLocation::from(tl::enums::InputFileLocation::from(file)).size(70_000).dc(4);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FileLocation {
    pub(super) location: Option<enums::InputFileLocation>,
    pub(super) size: Option<u64>,
    pub(super) dc: Option<i32>,
    pub(super) origin: Option<Origin>,
}

impl FileLocation {
    /// The photo that a user, group or channel shows, as [`UserProfilePhoto`] or [`ChatPhoto`] names
    /// it: 160 pixels wide, or 640 if it is to be the big one.
    ///
    /// [`UserProfilePhoto`]: layer_tl_types::types::UserProfilePhoto
    /// [`ChatPhoto`]: layer_tl_types::types::ChatPhoto
    pub fn peer_photo(peer: enums::InputPeer, photo_id: i64, dc_id: i32, is_big: bool) -> Self {
        let big = is_big;
        let location = types::InputPeerPhotoFileLocation { big, peer, photo_id };
        Self::from(enums::InputFileLocation::from(location)).dc(dc_id)
    }

    /// It has so many bytes. Should others come, it is an error.
    pub fn size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// This data centre has it.
    pub fn dc(mut self, dc_id: i32) -> Self {
        self.dc = Some(dc_id);
        self
    }

    /// It was seen there.
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// By what it is the same as one that was begun before, whatever its reference: sixteen hex digits.
    pub(super) fn mark(&self) -> String {
        let mut location = self.location.clone();
        let bytes = location.as_mut().map(|location| {
            set_reference(location, Vec::new());
            location.to_bytes()
        });
        let digest = hash::sha256(&[&bytes.unwrap_or_default()]);
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl From<enums::InputFileLocation> for FileLocation {
    fn from(location: enums::InputFileLocation) -> Self {
        Self { location: Some(location), size: None, dc: None, origin: None }
    }
}

impl<D: Downloadable> From<&D> for FileLocation {
    fn from(file: &D) -> Self {
        let (location, size) = (file.to_input_location(), file.size());
        Self { location, size, dc: file.dc_id(), origin: file.origin() }
    }
}

fn set_reference(location: &mut enums::InputFileLocation, reference: Vec<u8>) {
    match location {
        enums::InputFileLocation::InputDocumentFileLocation(of) => of.file_reference = reference,
        enums::InputFileLocation::InputPhotoFileLocation(of) => of.file_reference = reference,
        _ => {}
    }
}

/// The location with the reference that it has by now where it was seen; `None` if it is not there any
/// more.
pub(super) async fn looked_up(
    client: &Client,
    location: &enums::InputFileLocation,
    origin: &Origin,
) -> Result<Option<enums::InputFileLocation>, InvocationError> {
    let which = match location {
        enums::InputFileLocation::InputDocumentFileLocation(of) => Which::Document(of.id),
        enums::InputFileLocation::InputPhotoFileLocation(of) => Which::Photo(of.id),
        _ => return Ok(None),
    };
    let reference = reference(client, which, origin).await?;
    Ok(reference.map(|reference| {
        let mut location = location.clone();
        set_reference(&mut location, reference);
        location
    }))
}

/// A file that has a reference, by its id.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    Photo(i64),
    Document(i64),
}

/// The reference that a file has by now where it was seen; `None` if it is not there any more.
pub(super) async fn reference(
    client: &Client,
    which: Which,
    origin: &Origin,
) -> Result<Option<Vec<u8>>, InvocationError> {
    match origin {
        Origin::Message { peer, id } => {
            let found = client.get_messages_by_id(peer.clone(), &[*id]).await?;
            let message = found.into_iter().next().flatten();
            Ok(message.and_then(|message| reference_in(&message, which)))
        }
        Origin::ProfilePhoto { user } => {
            let Which::Photo(id) = which else { return Ok(None) };
            // This one, and not those before it.
            let (user_id, offset, max_id, limit) = (user.clone(), -1, id, 1);
            let request = photos::GetUserPhotos { user_id, offset, max_id, limit };
            let (photos, _) = client.profile_photos(&request).await?;
            Ok(photos.into_iter().find_map(|photo| match photo {
                enums::Photo::Photo(photo) if photo.id == id => Some(photo.file_reference),
                _ => None,
            }))
        }
    }
}

fn reference_in(message: &Message, which: Which) -> Option<Vec<u8>> {
    match which {
        Which::Document(id) => {
            let document = message.document().filter(|document| document.id() == id)?;
            Some(document.raw().file_reference.clone())
        }
        Which::Photo(id) => {
            let photo = message.photo().filter(|photo| photo.id() == id)?;
            Some(photo.raw().file_reference.clone())
        }
    }
}
