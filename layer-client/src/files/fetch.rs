//! One part, asked for until it is there: where the file is, under the reference that counts now.

use std::sync::{Mutex, PoisonError};

use layer_tl_types::{enums, functions};

use super::location::{FileLocation, Origin, looked_up};
use super::{FileError, plan};
use crate::invoke::Route;
use crate::{Client, InvocationError};

/// How often one part is sent to another data centre.
const MOST_MOVES: u32 = 5;
/// How often one part is asked for under another reference.
const MOST_RENEWALS: u32 = 2;

/// The file that a download fetches; its parts share what they find out about it.
pub(super) struct Fetch {
    client: Client,
    origin: Option<Origin>,
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
}

impl Fetch {
    pub(super) fn new(client: &Client, file: FileLocation) -> Self {
        let place = Place { location: file.location, dc: file.dc, age: 0 };
        let (place, renewing) = (Mutex::new(place), tokio::sync::Mutex::default());
        Self { client: client.clone(), origin: file.origin, place, renewing }
    }

    /// The bytes of a part; fewer than asked for at the end of the file.
    pub(super) async fn part(&self, offset: u64, len: usize) -> Result<Vec<u8>, InvocationError> {
        let lane = (offset / (len as u64).max(1)) % plan::LANES_DOWN;
        let lane = u8::try_from(lane).unwrap_or(0);
        let (mut moves, mut renewals) = (0, 0);
        loop {
            let place = self.place();
            let location = place.location.clone().ok_or(FileError::NoFile)?;
            // Neither can be larger: a file has no more than fits into its parts.
            let limit = i32::try_from(len).unwrap_or(i32::MAX);
            let at = i64::try_from(offset).unwrap_or(i64::MAX);
            let request = functions::upload::GetFile::new(location, at, limit);
            let route = place.dc.map_or_else(Route::home, Route::to).on_lane(lane).staying();
            let error = match self.client.inner.invoke_by(route, &request).await {
                Ok(enums::upload::File::File(file)) if file.bytes.len() <= len => {
                    return Ok(file.bytes);
                }
                Ok(enums::upload::File::File(file)) => {
                    let (expected, came) = (len as u64, file.bytes.len() as u64);
                    return Err(FileError::WrongSize { offset, expected, came }.into());
                }
                // It was not asked for, so nothing is known of the cache's keys.
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
