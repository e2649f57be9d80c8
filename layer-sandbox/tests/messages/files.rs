//! Files up and down: parts, sizes, offsets, references.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::Room;

const KIB: usize = 1 << 10;

/// Bytes that are not alike.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..length as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

impl Room {
    pub(crate) fn part(&mut self, id: i64, index: i32, bytes: &[u8]) -> String {
        let bytes = bytes.to_vec();
        let query = functions::upload::SaveFilePart { file_id: id, file_part: index, bytes };
        self.refused(self.alice, &query)
    }

    pub(crate) fn big_part(&mut self, id: i64, index: i32, total: i32, length: usize) -> String {
        let query = functions::upload::SaveBigFilePart {
            file_id: id,
            file_part: index,
            file_total_parts: total,
            bytes: bytes(length),
        };
        self.refused(self.alice, &query)
    }

    /// Alice uploads something in parts of this size.
    pub(crate) fn upload(&mut self, id: i64, contents: &[u8], part: usize) -> enums::InputFile {
        let mut parts = 0;
        for bytes in contents.chunks(part) {
            assert_eq!(self.part(id, parts, bytes), "answered");
            parts += 1;
        }
        file(id, parts, "")
    }

    /// Alice sends something to Bob. What the message has, as it comes to her.
    pub(crate) fn send_media(
        &mut self,
        media: enums::InputMedia,
    ) -> Result<enums::MessageMedia, String> {
        let (alice, bob) = (self.alice, self.bob);
        let peer = self.named(alice, Peer::User(bob));
        let random_id = self.next_random_id();
        let query = functions::messages::SendMedia::new(peer, media, String::new(), random_id);
        let answer = self.ask(alice, &query).map_err(|error| error.to_string())?;
        let enums::Updates::Updates(updates) = answer else { panic!("{answer:?}") };
        let found = updates.updates.into_iter().find_map(|update| match update {
            enums::Update::NewMessage(new) => media_of(&new.message),
            _ => None,
        });
        Ok(found.unwrap())
    }

    pub(crate) fn send_document(
        &mut self,
        file: enums::InputFile,
    ) -> Result<types::Document, String> {
        let media = self.send_media(uploaded_document(file))?;
        Ok(document(&media))
    }

    pub(crate) fn get(
        &mut self,
        location: &enums::InputFileLocation,
        offset: i64,
        limit: i32,
        precise: bool,
    ) -> Result<Vec<u8>, String> {
        let query = functions::upload::GetFile::new(location.clone(), offset, limit);
        let query = functions::upload::GetFile { precise, ..query };
        match self.ask(self.alice, &query) {
            Ok(enums::upload::File::File(file)) => Ok(file.bytes),
            other => Err(other.unwrap_err().to_string()),
        }
    }

    pub(crate) fn whole(&mut self, location: &enums::InputFileLocation) -> Vec<u8> {
        let mut whole = Vec::new();
        loop {
            let bytes = self.get(location, whole.len() as i64, 1 << 20, false).unwrap();
            let is_end = bytes.len() < 1 << 20;
            whole.extend(bytes);
            if is_end {
                return whole;
            }
        }
    }
}

pub(crate) fn file(id: i64, parts: i32, checksum: &str) -> enums::InputFile {
    types::InputFile { id, parts, name: "a".into(), md5_checksum: checksum.into() }.into()
}

fn big(id: i64, parts: i32) -> enums::InputFile {
    types::InputFileBig { id, parts, name: "a".into() }.into()
}

pub(crate) fn uploaded_document(file: enums::InputFile) -> enums::InputMedia {
    let named = types::DocumentAttributeFilename { file_name: "a.txt".into() }.into();
    types::InputMediaUploadedDocument::new(file, "text/plain".into(), vec![named]).into()
}

pub(crate) fn media_of(message: &enums::Message) -> Option<enums::MessageMedia> {
    match message {
        enums::Message::Message(message) => message.media.clone(),
        _ => None,
    }
}

pub(crate) fn document(media: &enums::MessageMedia) -> types::Document {
    match media {
        enums::MessageMedia::Document(media) => match &media.document {
            Some(enums::Document::Document(document)) => *document.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

pub(crate) fn photo(media: &enums::MessageMedia) -> types::Photo {
    match media {
        enums::MessageMedia::Photo(media) => match &media.photo {
            Some(enums::Photo::Photo(photo)) => photo.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

pub(crate) fn at(document: &types::Document, thumb_size: &str) -> enums::InputFileLocation {
    types::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
        thumb_size: thumb_size.into(),
    }
    .into()
}

pub(crate) fn at_photo(photo: &types::Photo, thumb_size: &str) -> enums::InputFileLocation {
    types::InputPhotoFileLocation {
        id: photo.id,
        access_hash: photo.access_hash,
        file_reference: photo.file_reference.clone(),
        thumb_size: thumb_size.into(),
    }
    .into()
}

#[test]
fn what_goes_up_comes_down_in_parts_of_any_lawful_size() {
    let mut room = Room::new();
    let sizes = [1, KIB - 1, KIB, KIB + 1, 512 * KIB, 512 * KIB + 1, 1 << 20, (2 << 20) + 5];
    for (id, size) in sizes.into_iter().enumerate() {
        for part in [64 * KIB, 512 * KIB] {
            let contents = bytes(size);
            let file = room.upload(id as i64, &contents, part);
            let document = room.send_document(file).unwrap();
            assert_eq!(document.size, size as i64);
            assert!(room.whole(&at(&document, "")) == contents, "{size} {part}");
        }
    }
}

#[test]
fn parts_come_in_any_order_and_again() {
    let mut room = Room::new();
    let contents = bytes(10 * KIB + 7);
    let parts: Vec<_> = contents.chunks(2 * KIB).collect();
    for index in [5, 0, 3, 3, 1, 4, 2, 0, 5] {
        assert_eq!(room.part(1, index, parts[index as usize]), "answered");
    }
    let document = room.send_document(file(1, 6, "")).unwrap();
    assert!(room.whole(&at(&document, "")) == contents);
    // The same upload serves again, as long as it is remembered.
    let again = room.send_document(file(1, 6, "")).unwrap();
    assert!(again.id != document.id && room.whole(&at(&again, "")) == contents);
    // And its number is free for another, which leaves the first as it was.
    let other = room.upload(1, b"other", KIB);
    let other = room.send_document(other).unwrap();
    assert_eq!(room.whole(&at(&other, "")), b"other");
    assert!(room.whole(&at(&document, "")) == contents);
}

#[test]
fn parts_have_one_size_that_divides_512_kib() {
    let mut room = Room::new();
    assert_eq!(room.part(1, 0, b""), "400 FILE_PART_EMPTY");
    assert_eq!(room.part(1, 0, &bytes(512 * KIB + 1)), "400 FILE_PART_TOO_BIG");
    assert_eq!(room.part(1, -1, b"a"), "400 FILE_PART_INVALID");
    assert_eq!(room.part(1, 4000, b"a"), "400 FILE_PART_INVALID");
    for (id, odd) in [(2, 1000), (3, 3 * KIB), (4, 384 * KIB)] {
        // It may be the last, but nothing comes after it, and it comes before nothing.
        assert_eq!(room.part(id, 1, &bytes(odd)), "answered");
        assert_eq!(room.part(id, 2, b"a"), "400 FILE_PART_SIZE_INVALID");
        assert_eq!(room.part(id + 10, 1, b"a"), "answered");
        assert_eq!(room.part(id + 10, 0, &bytes(odd)), "400 FILE_PART_SIZE_INVALID");
    }
    assert_eq!(room.part(5, 0, &bytes(2 * KIB)), "answered");
    assert_eq!(room.part(5, 1, &bytes(4 * KIB)), "400 FILE_PART_SIZE_CHANGED");
    assert_eq!(room.part(5, 2, &bytes(KIB)), "answered");
    assert_eq!(room.part(5, 1, &bytes(KIB)), "400 FILE_PART_SIZE_CHANGED");
    assert_eq!(room.part(5, 3, &bytes(2 * KIB)), "400 FILE_PART_SIZE_CHANGED");
    assert_eq!(room.part(5, 1, &bytes(2 * KIB)), "answered");
    assert_eq!(room.send_document(file(5, 3, "")).unwrap().size, 5 * KIB as i64);
}

#[test]
fn what_is_not_called_big_is_no_larger_than_10_mib() {
    let mut room = Room::new();
    let contents = bytes(10 << 20);
    let file_whole = room.upload(1, &contents, 512 * KIB);
    assert_eq!(room.part(1, 20, b"a"), "400 FILE_PART_INVALID");
    assert_eq!(room.send_document(file_whole).unwrap().size, 10 << 20);
    for part in 0..21 {
        let length = if part == 20 { 1 } else { 512 * KIB };
        assert_eq!(room.big_part(1, part, 21, length), "answered");
    }
    assert_eq!(room.send_document(big(1, 21)).unwrap().size, (10 << 20) + 1);
}

#[test]
fn a_big_file_says_how_many_parts_it_has_or_will() {
    let mut room = Room::new();
    for total in [0, -2, 4001] {
        assert_eq!(room.big_part(1, 0, total, KIB), "400 FILE_PARTS_INVALID");
    }
    assert_eq!(room.big_part(1, 3, 3, KIB), "400 FILE_PART_INVALID");
    assert_eq!(room.big_part(1, 0, 3, 1000), "400 FILE_PART_SIZE_INVALID");
    assert_eq!(room.big_part(1, 0, 3, KIB), "answered");
    assert_eq!(room.big_part(1, 1, 4, KIB), "400 FILE_PARTS_INVALID");
    assert_eq!(room.big_part(1, 2, 3, 5), "answered");
    assert_eq!(room.send_document(big(1, 3)).unwrap_err(), "400 FILE_PART_1_MISSING");
    assert_eq!(room.big_part(1, 1, 3, KIB), "answered");
    assert_eq!(room.send_document(big(1, 2)).unwrap_err(), "400 FILE_PARTS_INVALID");
    assert_eq!(room.send_document(big(1, 3)).unwrap().size, 2 * KIB as i64 + 5);
    // While it is not known, the total is -1.
    assert_eq!(room.big_part(2, 0, -1, KIB), "answered");
    assert_eq!(room.big_part(2, 1, -1, KIB), "answered");
    assert_eq!(room.big_part(2, 2, 2, 9), "400 FILE_PART_INVALID");
    assert_eq!(room.big_part(2, 0, 1, KIB), "400 FILE_PARTS_INVALID");
    assert_eq!(room.big_part(2, 2, 3, 9), "answered");
    assert_eq!(room.send_document(big(2, 3)).unwrap().size, 2 * KIB as i64 + 9);
}

#[test]
fn what_is_missing_or_differs_is_said() {
    let mut room = Room::new();
    assert_eq!(room.send_document(file(1, 0, "")).unwrap_err(), "400 FILE_PARTS_INVALID");
    assert_eq!(room.send_document(file(1, 1, "")).unwrap_err(), "400 FILE_PART_0_MISSING");
    room.upload(1, &bytes(2 * KIB), KIB);
    assert_eq!(room.send_document(file(1, 1, "")).unwrap_err(), "400 FILE_PARTS_INVALID");
    assert_eq!(room.send_document(file(1, 3, "")).unwrap_err(), "400 FILE_PART_2_MISSING");
    room.upload(2, b"abc", KIB);
    let wrong = "900150983cd24fb0d6963f7d28e17f73";
    assert_eq!(room.send_document(file(2, 1, wrong)).unwrap_err(), "400 MD5_CHECKSUM_INVALID");
    room.send_document(file(2, 1, "900150983cd24fb0d6963f7d28e17f72")).unwrap();
    // Nobody uses the parts of somebody else, and after some hours nobody at all.
    let (bob, peer) = (room.bob, enums::InputPeer::PeerSelf);
    let query = functions::messages::UploadMedia::new(peer, uploaded_document(file(2, 1, "")));
    assert_eq!(room.refused(bob, &query), "400 FILE_PART_0_MISSING");
    room.later(7 * 3600);
    assert_eq!(room.part(3, 0, b"a"), "answered");
    assert_eq!(room.send_document(file(2, 1, "")).unwrap_err(), "400 FILE_PART_0_MISSING");
}

#[test]
fn bytes_are_asked_for_by_the_rules() {
    let mut room = Room::new();
    let contents = bytes((1 << 20) + 5000);
    let file = room.upload(1, &contents, 512 * KIB);
    let here = at(&room.send_document(file).unwrap(), "");
    for (offset, limit) in [(0, 0), (0, -4096), (0, 1024), (0, 5000), (0, 3 << 12), (0, 2 << 20)] {
        assert_eq!(room.get(&here, offset, limit, false).unwrap_err(), "400 LIMIT_INVALID");
    }
    for offset in [-4096, 1024, 4095] {
        assert_eq!(room.get(&here, offset, 4096, false).unwrap_err(), "400 OFFSET_INVALID");
    }
    // Not across a border of 1 MiB.
    assert_eq!(room.get(&here, 4096, 1 << 20, false).unwrap_err(), "400 LIMIT_INVALID");
    assert_eq!(room.get(&here, (1 << 20) - 1024, 2048, true).unwrap_err(), "400 LIMIT_INVALID");
    for (offset, limit) in [(0, 1000), (0, (1 << 20) + 1024)] {
        assert_eq!(room.get(&here, offset, limit, true).unwrap_err(), "400 LIMIT_INVALID");
    }
    assert_eq!(room.get(&here, 512, 1024, true).unwrap_err(), "400 OFFSET_INVALID");
    assert!(room.get(&here, 511 * 1024, 3 * 1024, true).unwrap() == contents[511 << 10..514 << 10]);
    assert!(room.get(&here, 1 << 20, 4096, false).unwrap() == contents[1 << 20..(1 << 20) + 4096]);
    assert_eq!(room.get(&here, (1 << 20) + 4096, 4096, false).unwrap().len(), 5000 - 4096);
    assert_eq!(room.get(&here, 2 << 20, 4096, false).unwrap(), b"");
}

#[test]
fn a_place_is_named_in_full_and_references_expire() {
    let mut room = Room::new();
    let file = room.upload(1, b"text", KIB);
    let document = room.send_document(file).unwrap();
    let wrong = types::Document { access_hash: 1, ..document.clone() };
    assert_eq!(room.get(&at(&wrong, ""), 0, 4096, false).unwrap_err(), "400 LOCATION_INVALID");
    assert_eq!(room.get(&at(&document, "m"), 0, 4096, false).unwrap_err(), "400 LOCATION_INVALID");
    let mut with = |reference: &[u8]| {
        let changed = types::Document { file_reference: reference.to_vec(), ..document.clone() };
        room.get(&at(&changed, ""), 0, 4096, false).unwrap_err()
    };
    assert_eq!(with(b""), "400 FILE_REFERENCE_EMPTY");
    assert_eq!(with(b"abc"), "400 FILE_REFERENCE_INVALID");
    assert_eq!(with(&[0; 20]), "400 FILE_REFERENCE_INVALID");
    room.world.expire_references();
    let here = at(&document, "");
    assert_eq!(room.get(&here, 0, 4096, false).unwrap_err(), "400 FILE_REFERENCE_EXPIRED");
    // Whatever shows the file has a new one.
    let history = room.world.history(room.alice, Peer::User(room.bob));
    let fresh = document_in(&history[0]);
    assert_eq!(room.get(&at(&fresh, ""), 0, 4096, false).unwrap(), b"text");
    // The other one has it by a reference of its own.
    let seen = document_in(&room.world.history(room.bob, Peer::User(room.alice))[0]);
    let query = functions::upload::GetFile::new(at(&seen, ""), 0, 4096);
    assert_eq!(room.refused(room.bob, &query), "answered");
    assert_eq!(room.refused(room.alice, &query), "400 LOCATION_INVALID");
}

fn document_in(message: &enums::Message) -> types::Document {
    document(&media_of(message).unwrap())
}

#[test]
fn hashes_are_of_128_kib_each() {
    let mut room = Room::new();
    let contents = bytes((1 << 20) + 200 * KIB);
    let file = room.upload(1, &contents, 512 * KIB);
    let location = at(&room.send_document(file).unwrap(), "");
    let mut covered = 0;
    while covered < contents.len() {
        let offset = covered as i64;
        let query = functions::upload::GetFileHashes { location: location.clone(), offset };
        for enums::FileHash::Hash(hash) in room.ask(room.alice, &query).unwrap() {
            assert_eq!(hash.offset as usize, covered);
            let end = covered + hash.limit as usize;
            assert_eq!(hash.hash, layer_crypto::hash::sha256(&[&contents[covered..end]]));
            covered = end;
        }
    }
    let query = functions::upload::GetFileHashes { location, offset: 2 << 20 };
    assert_eq!(room.ask(room.alice, &query).unwrap(), []);
}
