//! What is sent with a message: files, albums, and what comes back.

use std::sync::{Arc, Mutex};

use layer_tl_types::functions::messages::{SendMultiMedia, UploadMedia};
use layer_tl_types::{Deserializable, Identifiable, enums, types};

use super::{Shelf, bytes};
use crate::tests::object;
use crate::types::{Document, InputMessage, Message, Photo};
use crate::{Downloadable, FileError, InvocationError};

fn photo(id: i64) -> types::Photo {
    let size = |name: &str, w, size| types::PhotoSize { r#type: name.to_owned(), w, h: w, size };
    let stripped = types::PhotoStrippedSize { r#type: "i".to_owned(), bytes: vec![1, 2, 3] };
    let sizes = vec![stripped.into(), size("x", 800, 90).into(), size("m", 320, 20).into()];
    types::Photo::new(id, 2, vec![3], 5, sizes, 4)
}

fn media_of(photo: types::Photo) -> enums::MessageMedia {
    let mut media = types::MessageMediaPhoto::new();
    media.photo = Some(photo.into());
    media.into()
}

#[test]
fn what_a_message_carries_is_found_with_its_largest_size_and_where_it_was_seen() {
    let peer = types::PeerUser { user_id: 4 }.into();
    let mut raw = types::Message::new(7, peer, 0, String::new());
    raw.media = Some(media_of(photo(1)));
    let message = Message::from(enums::Message::from(raw));
    let photo = message.photo().unwrap();
    assert_eq!(
        (photo.id(), photo.width(), photo.size(), photo.dc_id()),
        (1, 800, Some(90), Some(4))
    );
    let location = photo.to_input_location().unwrap();
    let enums::InputFileLocation::InputPhotoFileLocation(location) = location else { panic!() };
    assert_eq!((location.thumb_size.as_str(), location.id), ("x", 1));
    assert!(photo.origin().is_some() && message.document().is_none());
    assert!(
        Photo::from(types::Photo::new(1, 2, vec![], 0, vec![], 2)).to_input_location().is_none()
    );
}

#[test]
fn a_document_tells_what_it_is_by_its_attributes() {
    let of = |attributes| {
        let raw = types::Document::new(1, 2, vec![], 0, "video/webm".to_owned(), 70, 4, attributes);
        Document::from(raw)
    };
    let mut video = types::DocumentAttributeVideo::new(2.5, 640, 480);
    video.round_message = true;
    let video = of(vec![video.into(), enums::DocumentAttribute::Animated]);
    assert_eq!((video.duration(), video.dimensions()), (Some(2.5), Some((640, 480))));
    assert!(video.is_video() && video.is_animated() && !video.is_voice());
    assert!(video.sticker().is_none() && video.name().is_none());
    let set = enums::InputStickerSet::Empty;
    let sticker = types::DocumentAttributeSticker::new("😀".to_owned(), set);
    let sticker = of(vec![sticker.into()]).sticker().unwrap();
    assert_eq!((sticker.emoji(), sticker.is_animated()), ("😀", true));
    assert_eq!(Downloadable::size(&sticker), Some(70));
}

#[tokio::test(start_paused = true)]
async fn an_album_has_its_files_kept_first_and_its_messages_come_back_in_order() {
    let shelf = Shelf::new(Vec::new(), 2).await;
    let uploaded = shelf.client.upload_file(bytes(9), "a.jpg", "image/jpeg").await.unwrap();
    let asked: Arc<Mutex<Vec<SendMultiMedia>>> = Arc::default();
    let log = Arc::clone(&asked);
    shelf.rig.answer(move |_, function, query| match function {
        UploadMedia::CONSTRUCTOR_ID => {
            let asked = UploadMedia::from_bytes(&query[4..]).unwrap();
            assert!(matches!(asked.media, enums::InputMedia::UploadedPhoto(_)));
            object(&media_of(photo(77)))
        }
        SendMultiMedia::CONSTRUCTOR_ID => {
            let asked = SendMultiMedia::from_bytes(&query[4..]).unwrap();
            let mut updates = Vec::new();
            for (at, enums::InputSingleMedia::Media(single)) in asked.multi_media.iter().enumerate()
            {
                let id = 10 - i32::try_from(at).unwrap();
                let peer = types::PeerUser { user_id: 4711 }.into();
                let message = types::Message::new(id, peer, 0, single.message.clone()).into();
                let (pts, pts_count) = (1 + i32::try_from(at).unwrap(), 1);
                updates.push(types::UpdateNewMessage { message, pts, pts_count }.into());
                updates.push(types::UpdateMessageId { id, random_id: single.random_id }.into());
            }
            log.lock().unwrap().push(asked);
            let (users, chats) = (Vec::new(), Vec::new());
            let updates = types::Updates { updates, users, chats, date: 0, seq: 0 };
            object(&enums::Updates::from(updates))
        }
        _ => None,
    });
    let old = Photo::from(photo(5));
    let items =
        [InputMessage::text("first").media(uploaded), InputMessage::text("second").media(&old)];
    let sent = shelf.client.send_multi_media("me", items).silent().await.unwrap();
    let texts: Vec<_> = sent.iter().map(|message| (message.id(), message.text())).collect();
    assert_eq!(texts, [(10, Some("first")), (9, Some("second"))]);
    let asked = asked.lock().unwrap();
    let ids: Vec<_> = asked[0].multi_media.iter().map(id_of).collect();
    assert_eq!((ids, asked[0].silent), (vec![77, 5], true));
    assert_eq!(shelf.rig.called::<UploadMedia>().len(), 1);
}

fn id_of(single: &enums::InputSingleMedia) -> i64 {
    let enums::InputSingleMedia::Media(single) = single;
    match &single.media {
        enums::InputMedia::Photo(photo) => match &photo.id {
            enums::InputPhoto::Photo(photo) => photo.id,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_album_of_none_or_too_many_or_without_media_is_not_sent() {
    let shelf = Shelf::new(Vec::new(), 2).await;
    let old = Photo::from(photo(5));
    for count in [0, 11] {
        let items = (0..count).map(|_| InputMessage::new().media(&old));
        let error = shelf.client.send_multi_media("me", items).await.unwrap_err();
        let InvocationError::File(FileError::Album(told)) = error else { panic!("{error}") };
        assert_eq!(told, count);
    }
    let error = shelf.client.send_multi_media("me", ["text"]).await.unwrap_err();
    assert!(matches!(error, InvocationError::File(FileError::NoFile)), "{error}");
    assert!(shelf.rig.called::<SendMultiMedia>().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_uploaded_is_a_photo_or_a_file_by_its_kind() {
    let shelf = Shelf::new(Vec::new(), 2).await;
    let picture = shelf.client.upload_file(bytes(9), "a.jpg", "image/jpeg").await.unwrap();
    assert!(matches!((&picture).into(), enums::InputMedia::UploadedPhoto(_)));
    let enums::InputMedia::UploadedDocument(file) = picture.as_document() else { panic!() };
    assert!(file.force_file && file.attributes.len() == 1);
    let text = shelf.client.upload_file(bytes(9), "a.txt", "text/plain").await.unwrap();
    let enums::InputMedia::UploadedDocument(file) = text.clone().into() else { panic!() };
    assert_eq!((file.mime_type.as_str(), text.name(), text.size()), ("text/plain", "a.txt", 9));
}
