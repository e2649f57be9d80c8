//! Where files were seen, so that one that is sent again can be looked for when it may not be any more
//! under the reference at hand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use layer_tl_types::enums::{self, InputMedia};

use super::location::{self, Origin, Which};
use crate::{Client, InvocationError};

/// Of so many files it is remembered; those seen first make room.
const MOST: usize = 10_000;

/// Where files were seen last.
#[derive(Default)]
pub(crate) struct Origins {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    by_id: HashMap<i64, Origin>,
    /// In which they were seen first.
    order: VecDeque<i64>,
}

impl Origins {
    /// A message came.
    pub(crate) fn saw(&self, message: &enums::Message) {
        let enums::Message::Message(message) = message else { return };
        let Some(id) = message.media.as_ref().and_then(file_in) else { return };
        let origin = Origin::Message { peer: message.peer_id.clone(), id: message.id };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.by_id.insert(id, origin).is_none() {
            seen.order.push_back(id);
        }
        if seen.order.len() > MOST
            && let Some(first) = seen.order.pop_front()
        {
            seen.by_id.remove(&first);
        }
    }

    fn of(&self, id: i64) -> Option<Origin> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.by_id.get(&id).cloned()
    }
}

/// The id of the photo or document.
fn file_in(media: &enums::MessageMedia) -> Option<i64> {
    match media {
        enums::MessageMedia::Photo(media) => match media.photo.as_ref()? {
            enums::Photo::Photo(photo) => Some(photo.id),
            enums::Photo::Empty(_) => None,
        },
        enums::MessageMedia::Document(media) => match media.document.as_ref()? {
            enums::Document::Document(document) => Some(document.id),
            enums::Document::Empty(_) => None,
        },
        _ => None,
    }
}

impl Client {
    /// Gives a photo or document that is to be sent the reference that it has by now where it was seen.
    /// Says whether there is one.
    pub(crate) async fn renew(&self, media: &mut InputMedia) -> Result<bool, InvocationError> {
        let (which, reference) = match media {
            InputMedia::Photo(media) => match &mut media.id {
                enums::InputPhoto::Photo(of) => (Which::Photo(of.id), &mut of.file_reference),
                enums::InputPhoto::Empty => return Ok(false),
            },
            InputMedia::Document(media) => match &mut media.id {
                enums::InputDocument::Document(of) => {
                    (Which::Document(of.id), &mut of.file_reference)
                }
                enums::InputDocument::Empty => return Ok(false),
            },
            _ => return Ok(false),
        };
        let (Which::Photo(id) | Which::Document(id)) = which;
        let Some(origin) = self.inner.origins.of(id) else { return Ok(false) };
        let Some(found) = location::reference(self, which, &origin).await? else {
            return Ok(false);
        };
        tracing::debug!("the reference of a file that is sent has expired, and was found again");
        *reference = found;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use layer_tl_types::types;

    use super::*;

    #[test]
    fn those_seen_first_make_room_and_one_seen_again_is_where_it_was_seen_last() {
        let origins = Origins::default();
        let most = i64::try_from(MOST).unwrap();
        let see = |file: i64, id: i32| {
            let peer = types::PeerUser { user_id: 4 }.into();
            let mut message = types::Message::new(id, peer, 0, String::new());
            let mut media = types::MessageMediaPhoto::new();
            media.photo = Some(types::Photo::new(file, 2, vec![3], 5, Vec::new(), 4).into());
            message.media = Some(media.into());
            origins.saw(&message.into());
        };
        for file in 0..=most {
            see(file, 1);
        }
        see(most, 9);
        assert_eq!(origins.of(0), None);
        let Some(Origin::Message { id, .. }) = origins.of(1) else { panic!() };
        assert_eq!(id, 1);
        let Some(Origin::Message { id, .. }) = origins.of(most) else { panic!() };
        assert_eq!(id, 9);
    }
}
