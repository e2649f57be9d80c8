//! Photos and documents in messages: as they look, in albums, edited, forwarded.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::files::{at, at_photo, bytes, document, file, media_of, photo, uploaded_document};
use crate::room::Room;

fn uploaded_photo(file: enums::InputFile) -> enums::InputMedia {
    types::InputMediaUploadedPhoto::new(file).into()
}

fn input_photo(photo: &types::Photo) -> enums::InputPhoto {
    let types::Photo { id, access_hash, file_reference, .. } = photo.clone();
    types::InputPhoto { id, access_hash, file_reference }.into()
}

fn input_document(document: &types::Document) -> enums::InputDocument {
    let types::Document { id, access_hash, file_reference, .. } = document.clone();
    types::InputDocument { id, access_hash, file_reference }.into()
}

/// A photo that is there already.
fn known_photo(photo: &types::Photo) -> enums::InputMedia {
    types::InputMediaPhoto::new(input_photo(photo)).into()
}

fn known_document(document: &types::Document) -> enums::InputMedia {
    types::InputMediaDocument::new(input_document(document)).into()
}

fn message(messages: &[enums::Message], at: usize) -> types::Message {
    match &messages[at] {
        enums::Message::Message(message) => message.as_ref().clone(),
        other => panic!("{other:?}"),
    }
}

impl Room {
    /// Alice uploads a file, to be sent later.
    fn prepare(&mut self, media: enums::InputMedia) -> enums::MessageMedia {
        let query = functions::messages::UploadMedia::new(enums::InputPeer::PeerSelf, media);
        self.ask(self.alice, &query).unwrap()
    }

    fn prepare_photo(&mut self, id: i64) -> types::Photo {
        let file = self.upload(id, b"photo", 1024);
        photo(&self.prepare(uploaded_photo(file)))
    }

    fn prepare_document(
        &mut self,
        id: i64,
        attribute: enums::DocumentAttribute,
    ) -> types::Document {
        let file = self.upload(id, b"document", 1024);
        let (mime, attributes) = ("audio/ogg".into(), vec![attribute]);
        let media = types::InputMediaUploadedDocument::new(file, mime, attributes);
        document(&self.prepare(media.into()))
    }

    /// Alice sends an album to Bob.
    fn album(&mut self, media: Vec<enums::InputMedia>) -> functions::messages::SendMultiMedia {
        let peer = self.named(self.alice, Peer::User(self.bob));
        let single = |media| {
            let random_id = self.next_random_id();
            types::InputSingleMedia::new(media, random_id, String::new()).into()
        };
        functions::messages::SendMultiMedia::new(peer, media.into_iter().map(single).collect())
    }

    fn bobs(&self) -> Vec<enums::Message> {
        self.world.history(self.bob, Peer::User(self.alice))
    }
}

#[test]
fn a_photo_has_sizes_and_a_stripped_thumbnail() {
    let mut room = Room::new();
    let contents = bytes(3000);
    let file = room.upload(1, &contents, 1024);
    let photo = photo(&room.send_media(uploaded_photo(file)).unwrap());
    let mut names = Vec::new();
    for size in &photo.sizes {
        match size {
            enums::PhotoSize::PhotoStrippedSize(size) => assert_eq!(size.bytes[0], 1),
            enums::PhotoSize::Size(size) => {
                assert_eq!(size.size, 3000);
                assert!(room.whole(&at_photo(&photo, &size.r#type)) == contents);
                names.push(size.r#type.clone());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(names, ["m", "x", "y"]);
    for none in ["", "i", "w"] {
        let refused = room.get(&at_photo(&photo, none), 0, 4096, false).unwrap_err();
        assert_eq!(refused, "400 LOCATION_INVALID");
    }
    // Bob hears of it in full: there is no short form of it.
    let told = room.told(room.bob);
    assert!(matches!(&told[0], enums::Update::NewMessage(new) if media_of(&new.message).is_some()));
}

#[test]
fn a_photo_is_no_larger_than_10_mib() {
    let mut room = Room::new();
    for part in 0..21 {
        assert_eq!(room.big_part(1, part, 21, 512 << 10), "answered");
    }
    let file = types::InputFileBig { id: 1, parts: 21, name: "a".into() }.into();
    let refused = room.send_media(uploaded_photo(file)).unwrap_err();
    assert_eq!(refused, "400 PHOTO_SAVE_FILE_INVALID");
}

#[test]
fn a_document_keeps_its_attributes_and_its_thumbnail() {
    let mut room = Room::new();
    let file = room.upload(1, b"movie", 1024);
    let thumb = Some(room.upload(2, b"small", 1024));
    let video = types::DocumentAttributeVideo::new(2.5, 640, 480);
    let video = types::DocumentAttributeVideo { round_message: true, ..video };
    let mime = "video/mp4".to_owned();
    let media = types::InputMediaUploadedDocument::new(file, mime, vec![video.clone().into()]);
    let media = types::InputMediaUploadedDocument { thumb, spoiler: true, ..media };
    let shown = room.send_media(media.into()).unwrap();
    let enums::MessageMedia::Document(media) = &shown else { panic!() };
    assert_eq!((media.video, media.round, media.voice, media.spoiler), (true, true, false, true));
    let document = document(&shown);
    assert_eq!(document.attributes, [video.into()]);
    assert_eq!(document.thumbs.as_ref().map(Vec::len), Some(2));
    assert_eq!(room.whole(&at(&document, "m")), b"small");
    assert_eq!(room.whole(&at(&document, "")), b"movie");
}

#[test]
fn what_is_no_file_or_too_much_is_refused() {
    let mut room = Room::new();
    let refused = room.send_media(enums::InputMedia::Empty).unwrap_err();
    assert_eq!(refused, "400 MEDIA_EMPTY");
    let dice = types::InputMediaDice { emoticon: "\u{1f3b2}".into() };
    assert_eq!(room.send_media(dice.into()).unwrap_err(), "400 MEDIA_INVALID");
    let file = room.upload(1, b"a", 1024);
    let long = types::InputMediaUploadedDocument::new(file.clone(), "a".repeat(256), vec![]);
    assert_eq!(room.send_media(long.into()).unwrap_err(), "400 MEDIA_INVALID");
    let peer = room.named(room.alice, Peer::User(room.bob));
    let media = uploaded_document(file);
    let caption = "a".repeat(1025);
    let query = functions::messages::SendMedia::new(peer, media, caption, 1);
    assert_eq!(room.refused(room.alice, &query), "400 MEDIA_CAPTION_TOO_LONG");
}

#[test]
fn a_file_is_sent_again_without_being_uploaded() {
    let mut room = Room::new();
    let first = room.prepare_photo(1);
    let again = photo(&room.send_media(known_photo(&first)).unwrap());
    assert_eq!(again.id, first.id);
    let wrong = types::Photo { access_hash: 5, ..first.clone() };
    assert_eq!(room.send_media(known_photo(&wrong)).unwrap_err(), "400 MEDIA_EMPTY");
    room.world.expire_references();
    let expired = room.send_media(known_photo(&first)).unwrap_err();
    assert_eq!(expired, "400 FILE_REFERENCE_EXPIRED");
}

#[test]
fn the_same_random_id_sends_a_file_once() {
    let mut room = Room::new();
    let media = uploaded_document(room.upload(1, b"a", 1024));
    let peer = room.named(room.alice, Peer::User(room.bob));
    let query = functions::messages::SendMedia::new(peer, media, "caption".into(), 7);
    room.ask(room.alice, &query).unwrap();
    room.ask(room.alice, &query).unwrap();
    assert_eq!(room.bobs().len(), 1);
    assert_eq!(message(&room.bobs(), 0).message, "caption");
}

#[test]
fn an_album_has_one_number_and_goes_whole_or_not_at_all() {
    let mut room = Room::new();
    let photos = [room.prepare_photo(1), room.prepare_photo(2)];
    let query = room.album(photos.iter().map(known_photo).collect());
    room.ask(room.alice, &query).unwrap();
    let albums: Vec<_> = (0..2).map(|at| message(&room.bobs(), at).grouped_id).collect();
    assert!(albums[0].is_some() && albums[0] == albums[1]);
    assert_eq!(room.refused(room.alice, &query), "500 RANDOM_ID_DUPLICATE");
    // Alone it is no album.
    let query = room.album(vec![known_photo(&photos[0])]);
    room.ask(room.alice, &query).unwrap();
    assert_eq!(message(&room.bobs(), 2).grouped_id, None);

    let music = types::DocumentAttributeAudio::new(3);
    let voice = types::DocumentAttributeAudio { voice: true, ..music.clone() };
    let music = known_document(&room.prepare_document(3, music.into()));
    let voice = known_document(&room.prepare_document(4, voice.into()));
    let photo = known_photo(&photos[1]);
    let fresh = uploaded_photo(file(1, 1, ""));
    for (media, error) in [
        (vec![], "400 MEDIA_EMPTY"),
        (vec![photo.clone(); 11], "400 MULTI_MEDIA_TOO_LONG"),
        (vec![photo.clone(), music.clone()], "400 MEDIA_GROUPED_INVALID"),
        (vec![voice.clone(), voice], "400 MEDIA_GROUPED_INVALID"),
        (vec![photo.clone(), fresh], "400 MEDIA_INVALID"),
        (vec![music.clone(), music], "answered"),
    ] {
        let query = room.album(media);
        assert_eq!(room.refused(room.alice, &query), error);
    }
    assert_eq!(room.bobs().len(), 5);
    // Which reference has expired is told.
    let before = room.prepare_photo(1);
    room.world.expire_references();
    let after = photo_of_bobs_first(&mut room);
    let query = room.album(vec![known_photo(&after), known_photo(&before)]);
    assert_eq!(room.refused(room.alice, &query), "400 FILE_REFERENCE_1_EXPIRED");
    assert_eq!(room.bobs().len(), 5);
}

/// As Alice sees it.
fn photo_of_bobs_first(room: &mut Room) -> types::Photo {
    let history = room.world.history(room.alice, Peer::User(room.bob));
    photo(&media_of(&history[0]).unwrap())
}

#[test]
fn a_file_is_edited_and_its_text_with_or_without_it() {
    let mut room = Room::new();
    let first = uploaded_document(room.upload(1, b"first", 1024));
    room.send_media(first).unwrap();
    let id = room.world.history(room.alice, Peer::User(room.bob))[0].clone();
    let enums::Message::Message(sent) = id else { panic!() };
    let peer = room.named(room.alice, Peer::User(room.bob));
    let edit = functions::messages::EditMessage::new(peer, sent.id);
    let text = functions::messages::EditMessage { message: Some("text".into()), ..edit.clone() };
    room.ask(room.alice, &text).unwrap();
    let seen = message(&room.bobs(), 0);
    assert!(seen.message == "text" && seen.media.is_some());
    let media = Some(uploaded_photo(room.upload(2, b"second", 1024)));
    let other = functions::messages::EditMessage { media, ..text.clone() };
    room.ask(room.alice, &other).unwrap();
    let seen = message(&room.bobs(), 0);
    assert!(matches!(seen.media, Some(enums::MessageMedia::Photo(_))));
    assert_eq!(seen.message, "text");
    assert_eq!(room.refused(room.alice, &text), "400 MESSAGE_NOT_MODIFIED");
    let empty = functions::messages::EditMessage { message: Some(String::new()), ..edit };
    room.ask(room.alice, &empty).unwrap();
    let told = room.told(room.bob);
    assert!(matches!(told.last(), Some(enums::Update::EditMessage(_))));
}

#[test]
fn forwarded_files_stay_files_and_albums_albums() {
    let mut room = Room::new();
    let photos = [room.prepare_photo(1), room.prepare_photo(2)];
    let query = room.album(photos.iter().map(known_photo).collect());
    room.ask(room.alice, &query).unwrap();
    let ids: Vec<i32> = (0..2).map(|at| message(&room.bobs(), at).id).collect();
    let from_peer = room.named(room.bob, Peer::User(room.alice));
    let to_peer = room.named(room.bob, Peer::User(room.carol));
    let query = functions::messages::ForwardMessages::new(from_peer, ids, vec![1, 2], to_peer);
    room.ask(room.bob, &query).unwrap();
    let carols = room.world.history(room.carol, Peer::User(room.bob));
    let (first, second) = (message(&carols, 0), message(&carols, 1));
    assert!(first.grouped_id.is_some() && first.grouped_id == second.grouped_id);
    assert_ne!(first.grouped_id, message(&room.bobs(), 0).grouped_id);
    // Carol reads it by her own name for it.
    let seen = photo(&first.media.unwrap());
    let query = functions::upload::GetFile::new(at_photo(&seen, "m"), 0, 4096);
    assert_eq!(room.refused(room.carol, &query), "answered");
}

#[test]
fn files_survive_being_kept() {
    let mut room = Room::new();
    let media = uploaded_document(room.upload(1, b"a", 1024));
    room.send_media(media).unwrap();
    let kept = room.world.keep();
    let before = room.bobs();
    room.world.restore(&kept).unwrap();
    assert_eq!(room.bobs(), before);
    let seen = room.world.history(room.alice, Peer::User(room.bob));
    let here = at(&document(&media_of(&seen[0]).unwrap()), "");
    assert_eq!(room.get(&here, 0, 4096, false).unwrap(), b"a");
}

#[test]
fn messages_of_each_kind_are_found_and_counted() {
    use enums::MessagesFilter::{
        InputMessagesFilterDocument as Documents, InputMessagesFilterGif as Animations,
        InputMessagesFilterMusic as Music, InputMessagesFilterMyMentions as MyMentions,
        InputMessagesFilterPhoneCalls as Calls, InputMessagesFilterPhotoVideo as PhotosAndVideos,
        InputMessagesFilterPhotos as Photos, InputMessagesFilterPinned as Pinned,
        InputMessagesFilterPoll as Polls, InputMessagesFilterRoundVideo as RoundVideos,
        InputMessagesFilterRoundVoice as RoundOrVoice, InputMessagesFilterUrl as Links,
        InputMessagesFilterVideo as Videos, InputMessagesFilterVoice as Voice,
    };
    let mut room = Room::new();
    let (alice, bob) = (room.alice, Peer::User(room.bob));
    let photo = room.upload(1, b"photo", 1024);
    room.send_media(uploaded_photo(photo)).unwrap();
    let video = types::DocumentAttributeVideo::new(1.0, 2, 3);
    let round = types::DocumentAttributeVideo { round_message: true, ..video.clone() };
    let music = types::DocumentAttributeAudio::new(1);
    let voice = types::DocumentAttributeAudio { voice: true, ..music.clone() };
    let name = types::DocumentAttributeFilename { file_name: "a.txt".into() };
    let attributes = [
        vec![name.into()],
        vec![video.clone().into()],
        vec![round.into()],
        vec![video.into(), enums::DocumentAttribute::Animated],
        vec![music.into()],
        vec![voice.into()],
    ];
    for (id, attributes) in (2..).zip(attributes) {
        let file = room.upload(id, b"document", 1024);
        let media = types::InputMediaUploadedDocument::new(file, "any/thing".into(), attributes);
        room.send_media(media.into()).unwrap();
    }
    let link = room.send(alice, bob, "see https://example.org");
    let pin = functions::messages::UpdatePinnedMessage::new(room.named(alice, bob), link);
    room.ask(alice, &pin).unwrap();
    let peer = room.named(alice, bob);
    let filters = vec![
        Photos,
        Videos,
        PhotosAndVideos,
        Documents,
        RoundVideos,
        Animations,
        Music,
        Voice,
        RoundOrVoice,
        Links,
        Pinned,
        Polls,
        MyMentions,
        types::InputMessagesFilterPhoneCalls { missed: false }.into(),
    ];
    assert!(matches!(filters.last(), Some(Calls(_))));
    let query = functions::messages::GetSearchCounters::new(peer.clone(), filters.clone());
    let counted = room.ask(alice, &query).unwrap();
    let counts: Vec<i32> = counted
        .iter()
        .map(|enums::messages::SearchCounter::Counter(counter)| counter.count)
        .collect();
    assert_eq!(counts, [1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 0, 0, 0]);
    for (filter, count) in filters.into_iter().zip(counts) {
        let query = functions::messages::Search::new(
            peer.clone(),
            String::new(),
            filter,
            0,
            0,
            0,
            0,
            100,
            0,
            0,
            0,
        );
        let found = room.ask(alice, &query).unwrap();
        assert_eq!(crate::room::messages(&found).len() as i32, count, "{:?}", query.filter);
    }
}
