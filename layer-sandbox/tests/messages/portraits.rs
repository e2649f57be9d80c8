//! Photos of people and chats: set, seen, fetched, taken away.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, text_of};

impl Room {
    /// Alice gives herself a photo.
    fn portrait(&mut self, id: i64, contents: &[u8]) -> types::Photo {
        let file = Some(self.upload(id, contents, 1024));
        let query = functions::photos::UploadProfilePhoto::new();
        let query = functions::photos::UploadProfilePhoto { file, ..query };
        the_photo(self.ask(self.alice, &query).unwrap())
    }

    fn photos(&mut self, viewer: i64, of: i64) -> Vec<i64> {
        let user_id = self.user(viewer, of);
        let query = functions::photos::GetUserPhotos { user_id, offset: 0, max_id: 0, limit: 10 };
        let photos = match self.ask(viewer, &query).unwrap() {
            enums::photos::Photos::Photos(photos) => photos.photos,
            enums::photos::Photos::Slice(photos) => photos.photos,
        };
        photos.iter().map(id).collect()
    }

    /// What a user's photo is to somebody: in short, and in full.
    fn seen_photo(&mut self, viewer: i64, of: i64) -> (Option<i64>, Option<i64>) {
        let enums::User::User(user) = self.world.user(viewer, of) else { panic!() };
        let short = user.photo.map(|photo| match photo {
            enums::UserProfilePhoto::Photo(photo) => photo.photo_id,
            enums::UserProfilePhoto::Empty => panic!(),
        });
        let query = functions::users::GetFullUser { id: self.user(viewer, of) };
        let enums::users::UserFull::Full(full) = self.ask(viewer, &query).unwrap();
        let enums::UserFull::Full(full) = full.full_user;
        (short, full.profile_photo.as_ref().map(id))
    }

    fn fetch(&mut self, viewer: i64, peer: Peer, photo_id: i64) -> Result<Vec<u8>, String> {
        let peer = self.named(viewer, peer);
        let at = types::InputPeerPhotoFileLocation { big: true, peer, photo_id };
        let query = functions::upload::GetFile::new(at.into(), 0, 4096);
        match self.ask(viewer, &query).map_err(|error| error.to_string())? {
            enums::upload::File::File(file) => Ok(file.bytes),
            other => panic!("{other:?}"),
        }
    }
}

fn the_photo(answer: enums::photos::Photo) -> types::Photo {
    let enums::photos::Photo::Photo(answer) = answer;
    match answer.photo {
        enums::Photo::Photo(photo) => photo,
        other => panic!("{other:?}"),
    }
}

fn id(photo: &enums::Photo) -> i64 {
    match photo {
        enums::Photo::Photo(photo) => photo.id,
        enums::Photo::Empty(photo) => photo.id,
    }
}

fn input(photo: &types::Photo) -> enums::InputPhoto {
    let types::Photo { id, access_hash, file_reference, .. } = photo.clone();
    types::InputPhoto { id, access_hash, file_reference }.into()
}

#[test]
fn a_photo_is_seen_by_others_fetched_changed_and_taken_away() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    assert_eq!(room.seen_photo(bob, alice), (None, None));
    let one = room.portrait(1, b"one");
    let two = room.portrait(2, b"two");
    let told = room.told(alice);
    assert!(
        matches!(told.as_slice(), [enums::Update::User(_), enums::Update::User(_)]),
        "{told:?}"
    );
    assert_eq!(room.seen_photo(bob, alice), (Some(two.id), Some(two.id)));
    assert_eq!(room.photos(bob, alice), [two.id, one.id]);
    assert_eq!(room.fetch(bob, Peer::User(alice), two.id).unwrap(), b"two");
    assert_eq!(room.fetch(bob, Peer::User(bob), two.id).unwrap_err(), "400 LOCATION_INVALID");

    let query = functions::photos::UpdateProfilePhoto::new(input(&one));
    assert_eq!(the_photo(room.ask(alice, &query).unwrap()).id, one.id);
    assert_eq!(room.photos(bob, alice), [one.id, two.id]);
    let none = functions::photos::UpdateProfilePhoto::new(enums::InputPhoto::Empty);
    room.ask(alice, &none).unwrap();
    assert_eq!(room.seen_photo(bob, alice), (Some(two.id), Some(two.id)));
    let query = functions::photos::DeletePhotos { id: vec![input(&one), input(&two)] };
    assert_eq!(room.ask(alice, &query).unwrap(), [two.id]);
    assert_eq!(room.seen_photo(bob, alice), (None, None));
    assert!(room.photos(bob, alice).is_empty());
}

#[test]
fn a_photo_that_is_none_is_refused_and_privacy_is_kept() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let nothing = functions::photos::UploadProfilePhoto::new();
    assert_eq!(room.refused(alice, &nothing), "400 PHOTO_FILE_MISSING");
    let bot = Some(room.user(alice, room.bot));
    let query = functions::photos::UploadProfilePhoto { bot, ..nothing };
    assert_eq!(room.refused(alice, &query), "400 BOT_INVALID");
    let wrong = types::InputPhoto { id: 1, access_hash: 2, file_reference: vec![3] };
    let query = functions::photos::UpdateProfilePhoto::new(wrong.into());
    assert_eq!(room.refused(alice, &query), "400 PHOTO_ID_INVALID");
    let photo = room.portrait(1, b"one");
    let query = functions::photos::UpdateProfilePhoto::new(input(&photo));
    assert_eq!(room.refused(bob, &query), "400 PHOTO_ID_INVALID", "it is not his");
    let query = functions::account::SetPrivacy {
        key: enums::InputPrivacyKey::ProfilePhoto,
        rules: vec![enums::InputPrivacyRule::InputPrivacyValueDisallowAll],
    };
    room.ask(alice, &query).unwrap();
    assert_eq!(room.seen_photo(bob, alice), (None, None));
    assert_eq!(room.seen_photo(alice, alice), (Some(photo.id), Some(photo.id)));
    assert!(room.photos(bob, alice).is_empty());
    let refused = room.fetch(bob, Peer::User(alice), photo.id);
    assert_eq!(refused.unwrap_err(), "400 LOCATION_INVALID");
}

#[test]
fn chats_have_photos_that_their_admins_change() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let group = room.world.make_group(room.now, alice, "Friends", &[bob]).unwrap();
    let channel = room.world.make_channel(room.now, alice, "News", true).unwrap();
    room.world.add_member(room.now, alice, channel, bob).unwrap();
    let Peer::Chat(chat_id) = group else { panic!() };
    for (number, peer) in [(1, group), (2, channel)] {
        let file = Some(room.upload(number, b"both", 1024));
        let given = types::InputChatUploadedPhoto { file, ..types::InputChatUploadedPhoto::new() };
        let edit = |room: &mut Room, user, photo: enums::InputChatPhoto| match peer {
            Peer::Chat(_) => {
                let query = functions::messages::EditChatPhoto { chat_id, photo };
                room.ask(user, &query).map_err(|error| error.to_string())
            }
            _ => {
                let channel = room.channel(user, peer);
                let query = functions::channels::EditPhoto { channel, photo };
                room.ask(user, &query).map_err(|error| error.to_string())
            }
        };
        let empty = types::InputChatUploadedPhoto::new().into();
        assert_eq!(edit(&mut room, alice, empty).unwrap_err(), "400 PHOTO_INVALID");
        edit(&mut room, alice, given.into()).unwrap();
        let history = room.world.history(bob, peer);
        let last = history.last().unwrap();
        assert_eq!(text_of(last), "messageActionChatEditPhoto");
        let enums::Message::Service(message) = last else { panic!() };
        let enums::MessageAction::ChatEditPhoto(action) = &message.action else { panic!() };
        let enums::Photo::Photo(photo) = &action.photo else { panic!("{action:?}") };
        // By an access hash of his own.
        let at = types::InputPhotoFileLocation {
            id: photo.id,
            access_hash: photo.access_hash,
            file_reference: photo.file_reference.clone(),
            thumb_size: "y".into(),
        };
        let query = functions::upload::GetFile::new(at.into(), 0, 4096);
        assert!(
            matches!(room.ask(bob, &query).unwrap(), enums::upload::File::File(file) if file.bytes == b"both")
        );
        assert_eq!(room.fetch(bob, peer, photo.id).unwrap(), b"both");
        if peer == channel {
            let none = enums::InputChatPhoto::Empty;
            assert_eq!(edit(&mut room, bob, none).unwrap_err(), "400 CHAT_ADMIN_REQUIRED");
        }
        edit(&mut room, alice, enums::InputChatPhoto::Empty).unwrap();
        let again = edit(&mut room, alice, enums::InputChatPhoto::Empty);
        assert_eq!(again.unwrap_err(), "400 CHAT_NOT_MODIFIED");
        let history = room.world.history(bob, peer);
        assert_eq!(text_of(history.last().unwrap()), "messageActionChatDeletePhoto");
        assert_eq!(room.fetch(bob, peer, photo.id).unwrap_err(), "400 LOCATION_INVALID");
    }
}
