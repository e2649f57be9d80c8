//! Files up and down, against a store that keeps the rules of the protocol.

mod cdn;
mod cuts;
mod disk;
mod down;
mod profile;
mod remote;
mod sandbox;
mod sent;
mod up;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_crypto::aes_ctr::AesCtr256;
use layer_crypto::hash::sha256;
use layer_sandbox::Reply;
use layer_tl_types::functions::upload::{
    GetCdnFile, GetCdnFileHashes, GetFile, SaveBigFilePart, SaveFilePart,
};
use layer_tl_types::functions::{auth, messages};
use layer_tl_types::{Deserializable, Identifiable, enums, types};

use super::{Rig, object, refusal};
use crate::{Client, FileLocation, ShutdownToken};

const PART: usize = 512 << 10;

/// What the servers have, and what they were asked.
#[derive(Default)]
struct Store {
    /// Parts that were saved, and how many there are to be, as each told.
    saved: BTreeMap<(i64, i32), (Vec<u8>, Option<i32>)>,
    /// The file that is to be downloaded, and at which data centre it is.
    file: Vec<u8>,
    dc: i32,
    /// The reference under which it may be fetched.
    reference: u8,
    /// What was asked for: data centre, offset, limit.
    asked: Vec<(i32, i64, i32)>,
    /// Errors before anything else.
    refusals: Vec<(i32, &'static str)>,
    /// How long each answer takes.
    takes: Duration,
    /// Whether it sends to a cache, and whom: those who take it, or all.
    redirects: Redirects,
    /// The blocks of which it tells the cache's hashes: where they begin, how long they are.
    hashed: Vec<(u64, u64)>,
    /// How many bytes were given out by itself, and not by the cache.
    given: usize,
    /// How many bytes came in parts of uploads.
    part_bytes: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Redirects {
    #[default]
    Nobody,
    WhoTakesIt,
    Everybody,
}

/// Under which it lies in the cache; the iv's last four bytes count for nothing.
const KEY: [u8; 32] = [7; 32];
const IV: [u8; 16] = [9; 16];

impl Store {
    fn answer(&mut self, dc: i32, function: u32, query: &[u8]) -> Option<Reply> {
        let is_upload =
            [SaveFilePart::CONSTRUCTOR_ID, SaveBigFilePart::CONSTRUCTOR_ID].contains(&function);
        if (is_upload || function == GetFile::CONSTRUCTOR_ID) && !self.refusals.is_empty() {
            let (code, name) = self.refusals.remove(0);
            return refusal(code, name);
        }
        match function {
            SaveFilePart::CONSTRUCTOR_ID => {
                let asked = SaveFilePart::from_bytes(&query[4..]).unwrap();
                self.part_bytes += asked.bytes.len();
                self.saved.insert((asked.file_id, asked.file_part), (asked.bytes, None));
                self.later(object(&true))
            }
            SaveBigFilePart::CONSTRUCTOR_ID => {
                let asked = SaveBigFilePart::from_bytes(&query[4..]).unwrap();
                self.part_bytes += asked.bytes.len();
                let part = (asked.bytes, Some(asked.file_total_parts));
                self.saved.insert((asked.file_id, asked.file_part), part);
                self.later(object(&true))
            }
            GetFile::CONSTRUCTOR_ID => {
                let asked = GetFile::from_bytes(&query[4..]).unwrap();
                self.asked.push((dc, asked.offset, asked.limit));
                self.part(dc, asked)
            }
            GetCdnFile::CONSTRUCTOR_ID if self.redirects != Redirects::Nobody => {
                let asked = GetCdnFile::from_bytes(&query[4..]).unwrap();
                let mut bytes = self.span(asked.offset, asked.limit);
                let mut iv = IV;
                let count = u32::try_from(asked.offset / 16).unwrap();
                iv[12..].copy_from_slice(&count.to_be_bytes());
                AesCtr256::new(&KEY, &iv).apply(&mut bytes);
                object(&enums::upload::CdnFile::from(types::upload::CdnFile { bytes }))
            }
            GetCdnFileHashes::CONSTRUCTOR_ID if self.redirects != Redirects::Nobody => {
                let asked = GetCdnFileHashes::from_bytes(&query[4..]).unwrap();
                object(&self.hashes_at(asked.offset as u64))
            }
            messages::GetMessages::CONSTRUCTOR_ID => {
                let peer = types::PeerUser { user_id: 4711 }.into();
                let mut message = types::Message::new(7, peer, 0, String::new());
                let mut media = types::MessageMediaDocument::new();
                media.document = Some(self.document().into());
                message.media = Some(media.into());
                let messages = vec![message.into()];
                let (topics, chats, users) = (Vec::new(), Vec::new(), Vec::new());
                let all = types::messages::Messages { messages, topics, chats, users };
                object(&enums::messages::Messages::from(all))
            }
            auth::ExportAuthorization::CONSTRUCTOR_ID => {
                let exported = types::auth::ExportedAuthorization { id: 4711, bytes: vec![1] };
                object(&enums::auth::ExportedAuthorization::from(exported))
            }
            auth::ImportAuthorization::CONSTRUCTOR_ID => {
                let user = enums::User::Empty(types::UserEmpty { id: 4711 });
                object(&enums::auth::Authorization::from(types::auth::Authorization::new(user)))
            }
            _ => None,
        }
    }

    fn document(&self) -> types::Document {
        let size = i64::try_from(self.file.len()).unwrap();
        let reference = vec![self.reference];
        types::Document::new(1, 2, reference, 0, "text/plain".to_owned(), size, self.dc, vec![])
    }

    fn part(&mut self, dc: i32, asked: GetFile) -> Option<Reply> {
        let enums::InputFileLocation::InputDocumentFileLocation(location) = &asked.location else {
            return refusal(400, "LOCATION_INVALID");
        };
        let mib = 1 << 20;
        let (offset, limit) = (asked.offset as usize, asked.limit as usize);
        let crosses = offset / mib != (offset + limit - 1) / mib;
        if offset % 4096 != 0 || limit % 4096 != 0 || mib % limit != 0 || crosses {
            return refusal(400, "LIMIT_INVALID");
        }
        if dc != self.dc {
            return refusal(303, &format!("FILE_MIGRATE_{}", self.dc));
        }
        if location.file_reference != [self.reference] {
            return refusal(400, "FILE_REFERENCE_EXPIRED");
        }
        let redirects = match self.redirects {
            Redirects::Nobody => false,
            Redirects::WhoTakesIt => asked.cdn_supported,
            Redirects::Everybody => true,
        };
        if redirects {
            let (encryption_key, encryption_iv) = (KEY.to_vec(), IV.to_vec());
            let (file_token, file_hashes) = (vec![1], self.hashes_at(asked.offset as u64));
            return object(&enums::upload::File::from(types::upload::FileCdnRedirect {
                dc_id: cdn::CDN,
                file_token,
                encryption_key,
                encryption_iv,
                file_hashes,
            }));
        }
        let bytes = self.span(asked.offset, asked.limit);
        self.given += bytes.len();
        let r#type = enums::storage::FileType::FileUnknown;
        self.later(object(&enums::upload::File::from(types::upload::File {
            r#type,
            mtime: 0,
            bytes,
        })))
    }

    fn span(&self, offset: i64, limit: i32) -> Vec<u8> {
        let end = self.file.len().min((offset + i64::from(limit)) as usize);
        self.file.get(offset as usize..end).unwrap_or_default().to_vec()
    }

    /// The hash of the block in which this byte lies.
    fn hashes_at(&self, offset: u64) -> Vec<enums::FileHash> {
        let blocks = self.hashed.iter();
        let block = blocks.rev().find(|(from, len)| (*from..from + len).contains(&offset));
        let hash = |&(offset, len): &(u64, u64)| {
            let (offset, limit) = (offset as i64, len as i32);
            let hash = sha256(&[&self.span(offset, limit)]).to_vec();
            types::FileHash { offset, limit, hash }.into()
        };
        block.map(hash).into_iter().collect()
    }

    fn later(&self, reply: Option<Reply>) -> Option<Reply> {
        match reply {
            Some(Reply::Now(answer)) if !self.takes.is_zero() => {
                Some(Reply::After(self.takes, answer))
            }
            reply => reply,
        }
    }

    /// The one file that was saved, and how its parts were told to be many.
    fn whole(&self) -> (Vec<u8>, Vec<Option<i32>>) {
        let ids: std::collections::BTreeSet<_> = self.saved.keys().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), 1);
        let indexes: Vec<_> = self.saved.keys().map(|(_, index)| *index).collect();
        assert_eq!(indexes, (0..i32::try_from(indexes.len()).unwrap()).collect::<Vec<_>>());
        let all = self.saved.values().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        (all, self.saved.values().map(|(_, total)| *total).collect())
    }
}

/// A client and the store that it speaks to.
struct Shelf {
    rig: Rig,
    client: Client,
    store: Arc<Mutex<Store>>,
    token: ShutdownToken,
}

impl Shelf {
    /// With this file to be downloaded, at this data centre.
    async fn new(file: Vec<u8>, dc: i32) -> Self {
        Self::on(Rig::new(), file, dc).await
    }

    async fn on(rig: Rig, file: Vec<u8>, dc: i32) -> Self {
        let store = Arc::new(Mutex::new(Store { file, dc, reference: 1, ..Store::default() }));
        let asked = Arc::clone(&store);
        rig.answer(move |caller, function, query| {
            asked.lock().unwrap().answer(caller.dc, function, query)
        });
        let (client, token) = rig.logged_in().await;
        Self { rig, client, store, token }
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    /// Where the file is, of unknown length.
    fn location(&self) -> FileLocation {
        let types::Document { id, access_hash, file_reference, .. } = self.store().document();
        let thumb_size = String::new();
        let location =
            types::InputDocumentFileLocation { id, access_hash, file_reference, thumb_size };
        enums::InputFileLocation::from(location).into()
    }

    /// The same with all that is known of it.
    fn document(&self) -> FileLocation {
        let raw = self.store().document();
        let peer = types::PeerUser { user_id: 4711 }.into();
        FileLocation::from(&crate::types::Document::from(raw))
            .origin(crate::Origin::Message { peer, id: 7 })
    }
}

/// Bytes of which no two parts are the same.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + at / 4096) as u8).collect()
}
