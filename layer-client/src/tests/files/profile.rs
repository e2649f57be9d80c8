//! The photos that people show of themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use layer_tl_types::functions::photos::GetUserPhotos;
use layer_tl_types::functions::upload::GetFile;
use layer_tl_types::{Deserializable, Identifiable, enums, types};

use super::down::all;
use crate::FileLocation;
use crate::tests::talk::Two;
use crate::tests::{object, refusal};

/// Two people, of whom one has photos 5 to 1, which are given out two at a time. Their references are
/// of this number.
async fn photographed(reference: &Arc<AtomicU8>) -> Two {
    let two = Two::new().await;
    let reference = Arc::clone(reference);
    two.rig.answer(move |_, function, query| match function {
        GetUserPhotos::CONSTRUCTOR_ID => {
            let asked = GetUserPhotos::from_bytes(&query[4..]).unwrap();
            let ids: Vec<i64> = match (asked.max_id, asked.offset) {
                (0, from) => (1..=5).rev().skip(from as usize).take(2).collect(),
                (id, -1) => vec![id],
                other => panic!("{other:?}"),
            };
            let photo = |id: i64| -> enums::Photo {
                if id == 4 {
                    return types::PhotoEmpty { id }.into();
                }
                let (r#type, w, h, size) = ("c".to_owned(), 640, 640, 90);
                let sizes = vec![types::PhotoSize { r#type, w, h, size }.into()];
                let reference = vec![reference.load(Ordering::Relaxed)];
                types::Photo::new(id, 2, reference, 5, sizes, 4).into()
            };
            let photos = ids.into_iter().map(photo).collect();
            let slice = types::photos::PhotosSlice { count: 5, photos, users: Vec::new() };
            object(&enums::photos::Photos::from(slice))
        }
        GetFile::CONSTRUCTOR_ID => {
            let asked = GetFile::from_bytes(&query[4..]).unwrap();
            let id = match asked.location {
                enums::InputFileLocation::InputPhotoFileLocation(of) => {
                    if of.file_reference != [reference.load(Ordering::Relaxed)] {
                        return refusal(400, "FILE_REFERENCE_EXPIRED");
                    }
                    of.id
                }
                enums::InputFileLocation::InputPeerPhotoFileLocation(of) => of.photo_id,
                other => panic!("{other:?}"),
            };
            let (r#type, mtime) = (enums::storage::FileType::FileJpeg, 0);
            let bytes = vec![id as u8; 90];
            object(&enums::upload::File::from(types::upload::File { r#type, mtime, bytes }))
        }
        _ => None,
    });
    two
}

#[tokio::test(start_paused = true)]
async fn profile_photos_come_page_by_page_and_are_looked_up_again_where_they_were_seen() {
    let reference = Arc::new(AtomicU8::new(1));
    let two = photographed(&reference).await;
    let photos = two.alice.get_profile_photos("bob_b", 3).await.unwrap();
    let ids: Vec<_> = photos.iter().map(|photo| photo.id()).collect();
    assert_eq!(ids, [5, 3, 2], "one is not there any more");
    assert_eq!(two.alice.get_profile_photos("bob_b", 100).await.unwrap().len(), 4);
    reference.store(2, Ordering::Relaxed);
    for photo in &photos {
        let asked = two.rig.called::<GetUserPhotos>().len();
        let came = all(two.alice.iter_download(photo)).await.unwrap().concat();
        assert_eq!(came, vec![photo.id() as u8; 90]);
        assert_eq!(two.rig.called::<GetUserPhotos>().len(), asked + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_photo_that_a_peer_shows_is_fetched_by_the_peer() {
    let two = photographed(&Arc::default()).await;
    let bob = two.alice.resolve_peer("bob_b").await.unwrap();
    let location = FileLocation::peer_photo(bob, 9, 4, true);
    assert_eq!(all(two.alice.iter_download(location)).await.unwrap().concat(), [9; 90]);
    assert!(two.rig.called::<GetFile>().iter().all(|dc| *dc == 4));
}
