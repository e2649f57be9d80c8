//! Files on their way to the server, part by part, in any order.
//!
//! Of a file all parts but the last are of one size, which divides 512 KiB and is a multiple of 1 KiB.
//! Which part is the last shows when it is used, unless the client has told before.

use std::collections::BTreeMap;

use layer_crypto::hash::md5;
use layer_tl_types::enums;

use super::super::World;
use super::super::codes::hex;
use super::{Body, refused, storage};
use crate::router::{Caller, RpcError};

/// The largest part, and what all sizes of parts divide.
const LARGEST: usize = 512 << 10;
/// What all sizes of parts are multiples of.
const GRAIN: usize = 1 << 10;
/// So large files may be that are not called big.
pub(crate) const SMALL: u64 = 10 << 20;
/// So long parts are kept that nothing was made of, in seconds.
const LIFE: i64 = 6 * 3600;
/// So many files may be on their way to a world. The one that nothing was added to for the longest time
/// makes room.
const MOST: usize = 1000;

/// All files on their way.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    known: BTreeMap<Key, Upload>,
}

/// By what a file on its way is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    user: i64,
    /// Where it was sent to, if data centres stand apart.
    dc: Option<i32>,
    is_big: bool,
    /// The client's number for it.
    id: i64,
}

#[derive(Debug)]
struct Upload {
    blob: u64,
    parts: BTreeMap<i32, Place>,
    /// Where the blob ends.
    end: u64,
    /// The size of all parts but the last, as soon as it shows.
    full: Option<usize>,
    /// How many parts there will be, if the client has told.
    total: Option<i32>,
    /// When a part came last, in unix seconds.
    touched: i64,
    /// A file was made of it: it changes no more.
    used: bool,
}

/// Where a part is in the blob.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u64,
    length: usize,
    /// So much room there is.
    room: usize,
}

/// A part as it comes.
pub(crate) struct Part {
    pub(crate) is_big: bool,
    pub(crate) file_id: i64,
    pub(crate) index: i32,
    /// How many there are of a big file, -1 if that is not known yet.
    pub(crate) total: i32,
    pub(crate) bytes: Vec<u8>,
}

impl Upload {
    /// Whether a part fits to the others, and what is known of their size then.
    fn fits(&self, part: &Part) -> Result<Option<usize>, RpcError> {
        let length = part.bytes.len();
        // A part that is not the last says how large all such are.
        let full = |known: Option<usize>, length: usize| {
            if !length.is_multiple_of(GRAIN) || !LARGEST.is_multiple_of(length) {
                return refused("FILE_PART_SIZE_INVALID");
            }
            match known {
                Some(known) if known != length => refused("FILE_PART_SIZE_CHANGED"),
                _ => Ok(Some(length)),
            }
        };
        let mut known = self.full;
        let mut last = length;
        if let Some((highest, place)) = self.parts.last_key_value() {
            match highest.cmp(&part.index) {
                std::cmp::Ordering::Less => known = full(known, place.length)?,
                std::cmp::Ordering::Greater => {
                    known = full(known, length)?;
                    last = place.length;
                }
                std::cmp::Ordering::Equal => {}
            }
        }
        let is_told = self.total.or((part.total > 0).then_some(part.total));
        if is_told.is_some_and(|total| part.index + 1 < total) {
            known = full(known, length)?;
        }
        if known.is_some_and(|known| last > known) {
            return refused("FILE_PART_SIZE_CHANGED");
        }
        Ok(known)
    }
}

impl World {
    /// Takes a part of a file.
    ///
    /// # Errors
    /// As Telegram says what is wrong with it; if there is no room.
    pub(crate) fn save_part(&mut self, caller: &Caller, part: &Part) -> Result<(), RpcError> {
        let (user, now) = (caller.user()?, caller.now.unix());
        let most = self.habits.file_parts;
        if part.is_big && part.total != -1 && !(1..=most).contains(&part.total) {
            return refused("FILE_PARTS_INVALID");
        }
        let end = if part.is_big && part.total != -1 { part.total } else { most };
        if !(0..end).contains(&part.index) {
            return refused("FILE_PART_INVALID");
        }
        match part.bytes.len() {
            0 => return refused("FILE_PART_EMPTY"),
            length if length > LARGEST => return refused("FILE_PART_TOO_BIG"),
            _ => {}
        }
        self.drop_uploads(|upload| now.saturating_sub(upload.touched) > LIFE);
        let key = Key { user, dc: self.here(caller), is_big: part.is_big, id: part.file_id };
        if self.files.uploads.known.get(&key).is_some_and(|upload| upload.used) {
            self.files.uploads.known.remove(&key);
        }
        if !self.files.uploads.known.contains_key(&key) {
            self.make_room();
            let blob = self.files.next_blob();
            let upload = Upload {
                blob,
                parts: BTreeMap::new(),
                end: 0,
                full: None,
                total: None,
                touched: now,
                used: false,
            };
            self.files.uploads.known.insert(key, upload);
        }
        let Some(upload) = self.files.uploads.known.get_mut(&key) else { return Ok(()) };
        upload.touched = now;
        if part.is_big && part.total != -1 {
            let beyond = upload.parts.last_key_value().is_some_and(|(last, _)| *last >= part.total);
            if beyond || upload.total.is_some_and(|total| total != part.total) {
                return refused("FILE_PARTS_INVALID");
            }
        }
        let full = upload.fits(part)?;
        let length = part.bytes.len();
        let known = upload.parts.get(&part.index).filter(|place| place.room >= length);
        let place = match known {
            Some(place) => Place { length, ..*place },
            None => Place { at: upload.end, length, room: length },
        };
        if !part.is_big && place.at + length as u64 > SMALL {
            // A file of this size is a big one.
            return refused("FILE_PART_INVALID");
        }
        self.contents.write(upload.blob, place.at, &part.bytes).map_err(storage)?;
        upload.end = upload.end.max(place.at + place.room as u64);
        upload.full = full;
        if part.is_big && part.total != -1 {
            upload.total = Some(part.total);
        }
        upload.parts.insert(part.index, place);
        Ok(())
    }

    /// What was uploaded, as a file's body. It can be used again, for as long as it is remembered.
    ///
    /// # Errors
    /// `FILE_PARTS_INVALID`, `FILE_PART_X_MISSING`, `MD5_CHECKSUM_INVALID`.
    pub(crate) fn uploaded(
        &mut self,
        caller: &Caller,
        file: &enums::InputFile,
    ) -> Result<Body, RpcError> {
        let (id, parts, checksum, is_big) = match file {
            enums::InputFile::File(file) => {
                (file.id, file.parts, file.md5_checksum.as_str(), false)
            }
            enums::InputFile::Big(file) => (file.id, file.parts, "", true),
            enums::InputFile::StoryDocument(_) => return refused("MEDIA_INVALID"),
        };
        if !(1..=self.habits.file_parts).contains(&parts) {
            return refused("FILE_PARTS_INVALID");
        }
        let key = Key { user: caller.user()?, dc: self.here(caller), is_big, id };
        let Some(upload) = self.files.uploads.known.get(&key) else {
            return refused("FILE_PART_0_MISSING");
        };
        if let Some(missing) = (0..parts).find(|part| !upload.parts.contains_key(part)) {
            return refused(format!("FILE_PART_{missing}_MISSING"));
        }
        let too_many = upload.parts.last_key_value().is_some_and(|(last, _)| *last >= parts);
        if too_many || upload.total.is_some_and(|total| total != parts) {
            return refused("FILE_PARTS_INVALID");
        }
        let last = upload.parts.last_key_value().map_or(0, |(_, place)| place.length);
        let body = Body {
            blob: upload.blob,
            part: upload.full.unwrap_or(last) as u64,
            size: upload.parts.values().map(|place| place.length as u64).sum(),
            places: upload.parts.values().map(|place| place.at).collect(),
        };
        if !checksum.is_empty() {
            // It is no longer than small files are.
            let all = body.read(self.contents.as_mut(), 0, body.size).map_err(storage)?;
            if !hex(&md5(&[&all])).eq_ignore_ascii_case(checksum) {
                return refused("MD5_CHECKSUM_INVALID");
            }
        }
        if let Some(upload) = self.files.uploads.known.get_mut(&key) {
            upload.used = true;
        }
        Ok(body)
    }

    /// Drops the oldest upload if there is no room for another.
    fn make_room(&mut self) {
        let all = &self.files.uploads.known;
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, upload)| upload.touched).map(|(key, _)| *key);
            let blob = oldest.and_then(|key| self.files.uploads.known.get(&key)).map(|it| it.blob);
            self.drop_uploads(|upload| Some(upload.blob) == blob);
        }
    }

    /// Drops uploads; what was made of them stays.
    fn drop_uploads(&mut self, drop: impl Fn(&Upload) -> bool) {
        let contents = &mut self.contents;
        self.files.uploads.known.retain(|_, upload| {
            let dropped = drop(upload);
            if dropped && !upload.used {
                contents.remove(upload.blob);
            }
            !dropped
        });
    }
}
