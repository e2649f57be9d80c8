//! One part, asked for until it is there: where the file is, under the reference that counts now, or from
//! the cache that its data centre sends to.

use std::sync::{Arc, Mutex, PoisonError};

use layer_tl_types::{enums, functions, types};

use super::cdn::{Cdn, Trouble};
use super::location::{FileLocation, Origin, looked_up};
use super::{FileError, plan};
use crate::invoke::Route;
use crate::{Client, InvocationError};

/// How often one part is sent to another data centre.
const MOST_MOVES: u32 = 5;
/// How often one part is asked for under another reference.
const MOST_RENEWALS: u32 = 2;
/// How often a file is looked for in another cache, or under another token.
const MOST_REDIRECTS: u32 = 3;

/// The file that a download fetches; its parts share what they find out about it.
pub(super) struct Fetch {
    client: Client,
    origin: Option<Origin>,
    size: Option<u64>,
    place: Mutex<Place>,
    /// Whoever renews the reference.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Place {
    location: Option<enums::InputFileLocation>,
    dc: Option<i32>,
    /// Counts up with each new reference.
    age: u32,
    /// The cache that has it, and how many more are tried.
    cdn: Option<Arc<Cdn>>,
    redirects: u32,
}

impl Fetch {
    pub(super) fn new(client: &Client, file: FileLocation) -> Self {
        let FileLocation { location, size, dc, origin } = file;
        let place = Place { location, dc, age: 0, cdn: None, redirects: MOST_REDIRECTS };
        let (place, renewing) = (Mutex::new(place), tokio::sync::Mutex::default());
        Self { client: client.clone(), origin, size, place, renewing }
    }

    /// The bytes of a part; fewer than asked for at the end of the file.
    pub(super) async fn part(&self, offset: u64, len: usize) -> Result<Vec<u8>, InvocationError> {
        let lane = (offset / (len as u64).max(1)) % plan::LANES_DOWN;
        let lane = u8::try_from(lane).unwrap_or(0);
        let (mut moves, mut renewals) = (0, 0);
        loop {
            let place = self.place();
            if let Some(cdn) = &place.cdn {
                match cdn.part(&self.client, place.dc, lane, offset, len).await {
                    Ok(part) => return Ok(part),
                    Err(trouble) => self.leave(cdn, trouble)?,
                }
                continue;
            }
            let location = place.location.clone().ok_or(FileError::NoFile)?;
            // Neither can be larger: a file has no more than fits into its parts.
            let limit = i32::try_from(len).unwrap_or(i32::MAX);
            let at = i64::try_from(offset).unwrap_or(i64::MAX);
            let mut request = functions::upload::GetFile::new(location, at, limit);
            request.cdn_supported = place.redirects > 0;
            let route = place.dc.map_or_else(Route::home, Route::to).on_lane(lane).staying();
            let error = match self.client.inner.invoke_by(route, &request).await {
                Ok(enums::upload::File::File(file)) if file.bytes.len() <= len => {
                    return Ok(file.bytes);
                }
                Ok(enums::upload::File::File(file)) => {
                    let (expected, came) = (len as u64, file.bytes.len() as u64);
                    return Err(FileError::WrongSize { offset, expected, came }.into());
                }
                Ok(enums::upload::File::CdnRedirect(redirect)) if request.cdn_supported => {
                    self.redirected(redirect);
                    continue;
                }
                Ok(enums::upload::File::CdnRedirect(_)) => return Err(FileError::Cdn.into()),
                Err(error) => error,
            };
            match &error {
                InvocationError::Rpc(rpc) if rpc.is("FILE_MIGRATE") && moves < MOST_MOVES => {
                    moves += 1;
                    let dc = rpc.migrate_dc_id().ok_or(error)?;
                    self.with_place(|place| place.dc = Some(dc));
                }
                InvocationError::Rpc(rpc)
                    if rpc.is("FILE_REFERENCE_*") && renewals < MOST_RENEWALS =>
                {
                    renewals += 1;
                    if !self.renew(&place).await? {
                        return Err(error);
                    }
                }
                _ => return Err(error),
            }
        }
    }

    /// The data centre sends to a cache.
    fn redirected(&self, redirect: types::upload::FileCdnRedirect) {
        let is_trusted = self.client.inner.trusts_cdn(redirect.dc_id);
        self.with_place(|place| match &place.cdn {
            // Another part was told so, too.
            Some(cdn) => cdn.learn_from(&redirect),
            // Another part was, and has come back.
            None if place.redirects == 0 => {}
            None => {
                let cdn = Cdn::new(redirect, self.size).filter(|_| is_trusted);
                place.redirects = if cdn.is_some() { place.redirects - 1 } else { 0 };
                place.cdn = cdn.map(Arc::new);
            }
        });
    }

    /// A cache does not give the file.
    fn leave(&self, cdn: &Arc<Cdn>, trouble: Trouble) -> Result<(), FileError> {
        self.with_place(|place| {
            if place.cdn.as_ref().is_some_and(|known| Arc::ptr_eq(known, cdn)) {
                place.cdn = None;
                if !matches!(trouble, Trouble::Token) {
                    place.redirects = 0;
                }
            }
        });
        match trouble {
            Trouble::Corrupt(offset) => {
                self.client.inner.distrust_cdn(cdn.dc());
                Err(FileError::Corrupt { offset })
            }
            Trouble::Token | Trouble::Failed => Ok(()),
        }
    }

    /// Looks for another reference, unless another part has found one meanwhile. Says whether there is
    /// one.
    async fn renew(&self, old: &Place) -> Result<bool, InvocationError> {
        let _one = self.renewing.lock().await;
        if self.place().age != old.age {
            return Ok(true);
        }
        let (Some(origin), Some(location)) = (&self.origin, &old.location) else {
            return Ok(false);
        };
        let Some(location) = looked_up(&self.client, location, origin).await? else {
            return Ok(false);
        };
        tracing::debug!("a file's reference has expired, and was found again");
        self.with_place(|place| (place.location, place.age) = (Some(location), old.age + 1));
        Ok(true)
    }

    fn place(&self) -> Place {
        self.with_place(|place| place.clone())
    }

    fn with_place<T>(&self, with: impl FnOnce(&mut Place) -> T) -> T {
        with(&mut self.place.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
