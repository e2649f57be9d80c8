//! Files that are given out by a CDN: a data centre of its own, which knows nobody, and has files only
//! enciphered. Their home gives the client a token, the key, and hashes of what is under it.

use std::collections::VecDeque;

use layer_crypto::aes_ctr::AesCtr256;
use layer_crypto::hash::sha256;
use layer_tl_types::{enums, types};

use super::downloads::Span;
use super::{Body, refused, storage};
use crate::World;
use crate::router::{Caller, RpcError};

/// So many files a CDN has; the one that came first makes room.
const MOST: usize = 1000;

/// Files that were handed to a CDN.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    files: VecDeque<File>,
}

#[derive(Debug)]
struct File {
    body: Body,
    token: [u8; 32],
    key: [u8; 32],
    iv: [u8; 16],
    /// It was brought there, and not forgotten since.
    is_there: bool,
}

impl File {
    /// By what a client asks that it be brought there.
    fn request_token(&self) -> [u8; 32] {
        sha256(&[&self.token, b"bring"])
    }
}

impl World {
    /// The CDN has forgotten all files: they must be brought there again.
    pub fn forget_cdn_files(&mut self) {
        self.files.handed.files.iter_mut().for_each(|file| file.is_there = false);
    }

    /// The CDN does not know any token any more that was given out.
    pub fn forget_cdn_tokens(&mut self) {
        self.files.handed.files.clear();
    }

    /// Whether this is asked of the CDN.
    pub(crate) fn is_at_cdn(&self, caller: &Caller) -> bool {
        let cdn = self.settings.cdn.as_ref().map(|cdn| cdn.dc);
        cdn.is_some() && self.here(caller) == cdn
    }

    /// Sends a client to the CDN, if there is one.
    pub(super) fn redirect(
        &mut self,
        body: &Body,
        offset: u64,
    ) -> Option<Result<types::upload::FileCdnRedirect, RpcError>> {
        let dc_id = self.settings.cdn.as_ref()?.dc;
        let known = self.files.handed.files.iter().find(|file| file.body.blob == body.blob);
        let (token, key, iv) = match known {
            Some(file) => (file.token, file.key, file.iv),
            None => {
                let (token, key, iv) = (self.random(), self.random(), self.random());
                let files = &mut self.files.handed.files;
                if files.len() >= MOST {
                    files.pop_front();
                }
                files.push_back(File { body: body.clone(), token, key, iv, is_there: false });
                (token, key, iv)
            }
        };
        Some(self.hashes_of(body, offset).map(|file_hashes| types::upload::FileCdnRedirect {
            dc_id,
            file_token: token.to_vec(),
            encryption_key: key.to_vec(),
            encryption_iv: iv.to_vec(),
            file_hashes,
        }))
    }

    fn handed(&mut self, token: &[u8]) -> Result<&mut File, RpcError> {
        let file = self.files.handed.files.iter_mut().find(|file| file.token == token);
        file.ok_or_else(|| RpcError::new(400, "FILE_TOKEN_INVALID"))
    }

    /// `upload.getCdnFile`.
    ///
    /// # Errors
    /// `LIMIT_INVALID`, `OFFSET_INVALID`, `FILE_TOKEN_INVALID`.
    pub(crate) fn cdn_file(
        &mut self,
        token: &[u8],
        offset: i64,
        limit: i32,
    ) -> Result<enums::upload::CdnFile, RpcError> {
        let (offset, limit) = Span { offset, limit, precise: false }.check()?;
        let file = self.handed(token)?;
        if !file.is_there {
            let request_token = file.request_token().to_vec();
            return Ok(types::upload::CdnFileReuploadNeeded { request_token }.into());
        }
        let (body, key, iv) = (file.body.clone(), file.key, file.iv);
        let mut bytes = body.read(self.contents.as_mut(), offset, limit).map_err(storage)?;
        // The counter's last four bytes are the number of the block; they begin at 0 in every file.
        let [head @ .., _, _, _, _] = iv;
        let mut iv = [0; 16];
        iv.iter_mut().zip(head).for_each(|(to, from)| *to = from);
        AesCtr256::new_at(&key, &iv, offset).apply(&mut bytes);
        if self.faults.corrupt_cdn > 0 {
            self.faults.corrupt_cdn -= 1;
            bytes.iter_mut().take(1).for_each(|byte| *byte ^= 1);
        }
        Ok(types::upload::CdnFile { bytes }.into())
    }

    /// `upload.reuploadCdnFile`: brings a file to the CDN.
    ///
    /// # Errors
    /// `FILE_TOKEN_INVALID`, `REQUEST_TOKEN_INVALID`.
    pub(crate) fn bring(
        &mut self,
        token: &[u8],
        request_token: &[u8],
    ) -> Result<Vec<enums::FileHash>, RpcError> {
        let file = self.handed(token)?;
        if file.request_token() != request_token {
            return refused("REQUEST_TOKEN_INVALID");
        }
        file.is_there = true;
        let body = file.body.clone();
        self.hashes_of(&body, 0)
    }

    /// `upload.getCdnFileHashes`.
    ///
    /// # Errors
    /// `FILE_TOKEN_INVALID`, `OFFSET_INVALID`.
    pub(crate) fn cdn_hashes(
        &mut self,
        token: &[u8],
        offset: i64,
    ) -> Result<Vec<enums::FileHash>, RpcError> {
        let Ok(offset) = u64::try_from(offset) else { return refused("OFFSET_INVALID") };
        let body = self.handed(token)?.body.clone();
        self.hashes_of(&body, offset)
    }
}
