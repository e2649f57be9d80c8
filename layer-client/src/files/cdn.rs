//! A file in a cache: enciphered, in the hands of strangers, and held against hashes that the file's own
//! data centre has told. What is not held against one is not given out.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use layer_crypto::aes_ctr::AesCtr256;
use layer_crypto::hash;
use layer_tl_types::{enums, functions, types};
use zeroize::Zeroizing;

use crate::invoke::Route;
use crate::{Client, InvocationError};

/// The least that is asked for: as much as one hash is of.
const LEAST: usize = 128 << 10;
/// The most, and no request may reach over a multiple of it.
const MOST: usize = 1 << 20;
/// So many hashes are kept, and so many are of one unit; no file has more.
const MOST_HASHES: usize = 1 << 16;
const MOST_BLOCKS: usize = 1 << 10;
/// How often more hashes are asked for, for one request.
const MOST_ASKED: u32 = 16;
/// How often the file is brought to the cache, for one request.
const MOST_BRINGS: u32 = 3;

/// A file in a cache.
pub(super) struct Cdn {
    dc: i32,
    token: Vec<u8>,
    key: Zeroizing<[u8; 32]>,
    iv: Zeroizing<[u8; 16]>,
    /// Of the whole file, if that is known.
    size: Option<u64>,
    /// By where their blocks begin.
    hashes: Mutex<BTreeMap<u64, Block>>,
    /// Where the unit begins that came last, how long it may be, and what it is: shorter parts are cut
    /// out of it.
    last: tokio::sync::Mutex<Option<(u64, usize, Vec<u8>)>>,
}

/// So many bytes have this hash.
#[derive(Clone, Copy)]
struct Block {
    len: u64,
    sha256: [u8; 32],
}

/// Why a cache does not give a part.
#[derive(Debug)]
pub(super) enum Trouble {
    /// What it gives is not the file, from here on.
    Corrupt(u64),
    /// The token is worth nothing any more: another may be had.
    Token,
    /// Anything else: it is taken from where the file is.
    Failed,
}

impl From<InvocationError> for Trouble {
    fn from(error: InvocationError) -> Self {
        match error.is("FILE_TOKEN_INVALID") || error.is("REQUEST_TOKEN_INVALID") {
            true => Self::Token,
            false => {
                tracing::debug!(%error, "a cache can't be used");
                Self::Failed
            }
        }
    }
}

impl Cdn {
    /// `None` if what is told can't be.
    pub(super) fn new(redirect: types::upload::FileCdnRedirect, size: Option<u64>) -> Option<Self> {
        let types::upload::FileCdnRedirect { dc_id, file_token, encryption_iv, .. } = &redirect;
        let mut iv: [u8; 16] = encryption_iv.as_slice().try_into().ok()?;
        // Its last four bytes count the blocks of the file.
        iv.iter_mut().skip(12).for_each(|byte| *byte = 0);
        let cdn = Self {
            dc: *dc_id,
            token: file_token.clone(),
            key: Zeroizing::new(redirect.encryption_key.as_slice().try_into().ok()?),
            iv: Zeroizing::new(iv),
            size,
            hashes: Mutex::default(),
            last: tokio::sync::Mutex::default(),
        };
        cdn.learn(&redirect.file_hashes);
        Some(cdn)
    }

    /// Where the cache is.
    pub(super) fn dc(&self) -> i32 {
        self.dc
    }

    /// Takes the hashes of another redirect to the same place.
    pub(super) fn learn_from(&self, redirect: &types::upload::FileCdnRedirect) {
        if redirect.file_token == self.token {
            self.learn(&redirect.file_hashes);
        }
    }

    /// The bytes of a part, fewer at the end of the file. `dc` is where the file is.
    pub(super) async fn part(
        &self,
        client: &Client,
        dc: Option<i32>,
        lane: u8,
        offset: u64,
        len: usize,
    ) -> Result<Vec<u8>, Trouble> {
        let origin = dc.map_or_else(Route::home, Route::to).on_lane(lane);
        let asking = Asking { client, origin, lane };
        let mut unit = len.max(LEAST);
        loop {
            let from = offset - offset % unit as u64;
            match self.blocks(&asking, from, unit).await? {
                Some(blocks) if unit == len => {
                    return self.checked(&asking, from, unit, blocks).await;
                }
                Some(blocks) => {
                    let within = usize::try_from(offset - from).unwrap_or(usize::MAX);
                    let mut last = self.last.lock().await;
                    let is_there = last.as_ref().is_some_and(|it| (it.0, it.1) == (from, unit));
                    if !is_there {
                        *last =
                            Some((from, unit, self.checked(&asking, from, unit, blocks).await?));
                    }
                    let rest = last.as_ref().and_then(|(.., bytes)| bytes.get(within..));
                    let rest = rest.unwrap_or_default();
                    return Ok(rest.get(..len).unwrap_or(rest).to_vec());
                }
                // They lie otherwise than is known of Telegram's.
                None if unit < MOST => unit = MOST,
                None => return Err(Trouble::Failed),
            }
        }
    }

    /// The blocks in which a unit lies, or the rest of the file if that is less. `None` if they reach
    /// out of it.
    async fn blocks(
        &self,
        asking: &Asking<'_>,
        from: u64,
        unit: usize,
    ) -> Result<Option<Vec<(u64, Block)>>, Trouble> {
        let end = from.saturating_add(unit as u64);
        let wanted = self.size.map_or(end, |size| size.min(end));
        for _ in 0..MOST_ASKED {
            let (_, known) = self.known(from, wanted);
            if known >= wanted {
                break;
            }
            let (file_token, offset) = (self.token.clone(), i64::try_from(known));
            let offset = offset.unwrap_or(i64::MAX);
            let request = functions::upload::GetCdnFileHashes { file_token, offset };
            let told = asking.client.inner.invoke_by(asking.origin, &request).await?;
            self.learn(&told);
            if self.known(from, wanted).1 == known {
                // The file ends here.
                break;
            }
        }
        let (blocks, _) = self.known(from, wanted);
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return Err(Trouble::Failed);
        };
        let is_within = first.0 >= from && last.0.saturating_add(last.1.len) <= end;
        Ok(is_within.then_some(blocks))
    }

    /// The blocks from here on, side by side, and how far they reach.
    fn known(&self, from: u64, wanted: u64) -> (Vec<(u64, Block)>, u64) {
        let hashes = self.hashes();
        let (mut blocks, mut at) = (Vec::new(), from);
        while at < wanted && blocks.len() < MOST_BLOCKS {
            let Some((&begin, &block)) = hashes.range(..=at).next_back() else { break };
            let end = begin.saturating_add(block.len);
            if end <= at {
                break;
            }
            blocks.push((begin, block));
            at = end;
        }
        (blocks, at)
    }

    /// The bytes of a unit, each in a block whose hash is right.
    async fn checked(
        &self,
        asking: &Asking<'_>,
        from: u64,
        unit: usize,
        blocks: Vec<(u64, Block)>,
    ) -> Result<Vec<u8>, Trouble> {
        let bytes = self.fetch(asking, from, unit).await?;
        let mut end = 0;
        for (begin, block) in blocks {
            let at = usize::try_from(begin - from).unwrap_or(usize::MAX);
            end = at.saturating_add(usize::try_from(block.len).unwrap_or(usize::MAX));
            // The last one may be told to be longer than the file.
            let held = bytes.get(at..end.min(bytes.len())).unwrap_or_default();
            if held.is_empty() || hash::sha256(&[held]) != block.sha256 {
                return Err(Trouble::Corrupt(begin));
            }
        }
        // What follows has no hash.
        if bytes.len() > end { Err(Trouble::Failed) } else { Ok(bytes) }
    }

    /// The bytes of a unit as the cache gives them, deciphered.
    async fn fetch(&self, asking: &Asking<'_>, from: u64, unit: usize) -> Result<Vec<u8>, Trouble> {
        let inner = &asking.client.inner;
        let (offset, limit) = (i64::try_from(from), i32::try_from(unit));
        let (offset, limit) = (offset.unwrap_or(i64::MAX), limit.unwrap_or(i32::MAX));
        for _ in 0..MOST_BRINGS {
            let file_token = self.token.clone();
            let request = functions::upload::GetCdnFile { file_token, offset, limit };
            match inner.call_cdn(self.dc, asking.lane, &request).await? {
                enums::upload::CdnFile::File(file) if file.bytes.len() <= unit => {
                    let mut bytes = file.bytes;
                    AesCtr256::new_at(&self.key, &self.iv, from).apply(&mut bytes);
                    return Ok(bytes);
                }
                enums::upload::CdnFile::File(_) => break,
                enums::upload::CdnFile::ReuploadNeeded(needed) => {
                    let (file_token, request_token) = (self.token.clone(), needed.request_token);
                    let request = functions::upload::ReuploadCdnFile { file_token, request_token };
                    self.learn(&inner.invoke_by(asking.origin, &request).await?);
                }
            }
        }
        Err(Trouble::Failed)
    }

    /// Keeps the hashes that the file's own data centre has told.
    fn learn(&self, told: &[enums::FileHash]) {
        let mut hashes = self.hashes();
        for enums::FileHash::Hash(told) in told {
            let (begin, len) = (u64::try_from(told.offset), u64::try_from(told.limit));
            let (Ok(begin), Ok(len)) = (begin, len) else { continue };
            let Ok(sha256) = told.hash.as_slice().try_into() else { continue };
            if len > 0 && (hashes.len() < MOST_HASHES || hashes.contains_key(&begin)) {
                hashes.insert(begin, Block { len, sha256 });
            }
        }
    }

    fn hashes(&self) -> MutexGuard<'_, BTreeMap<u64, Block>> {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who asks, and how.
struct Asking<'a> {
    client: &'a Client,
    /// To where the file is.
    origin: Route,
    lane: u8,
}
