//! `photos.*`: the photos of people and bots.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};

/// The most photos in an answer.
const MOST: i32 = 100;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

/// Nobody here owns bots but themselves.
fn only_own(bot: Option<&enums::InputUser>) -> Result<(), RpcError> {
    if bot.is_some() { refused("BOT_INVALID") } else { Ok(()) }
}

/// `photos.uploadProfilePhoto`.
pub(super) fn upload_profile_photo(
    world: &mut World,
    caller: &Caller,
    query: functions::photos::UploadProfilePhoto,
) -> Result<enums::photos::Photo, RpcError> {
    let id = caller.user()?;
    only_own(query.bot.as_ref())?;
    let Some(file) = &query.file else { return refused("PHOTO_FILE_MISSING") };
    let photo = world.new_photo(caller, file)?;
    world.set_portrait(id, photo, caller.now.unix());
    Ok(shown(world, id, photo))
}

/// `photos.updateProfilePhoto`: one that the user has already; without one, the present one goes.
pub(super) fn update_profile_photo(
    world: &mut World,
    caller: &Caller,
    query: functions::photos::UpdateProfilePhoto,
) -> Result<enums::photos::Photo, RpcError> {
    let id = caller.user()?;
    only_own(query.bot.as_ref())?;
    let now = caller.now.unix();
    if query.id == enums::InputPhoto::Empty {
        let present = world.portraits(id, id).first().copied();
        world.remove_portraits(id, present.as_slice(), now);
        return Ok(shown(world, id, 0));
    }
    let Ok(photo) = world.named_photo(id, &query.id) else { return refused("PHOTO_ID_INVALID") };
    world.set_portrait(id, photo, now);
    Ok(shown(world, id, photo))
}

fn shown(world: &World, viewer: i64, photo: i64) -> enums::photos::Photo {
    let (photo, users) = (world.photo(viewer, photo), vec![world.user(viewer, viewer)]);
    types::photos::Photo { photo, users }.into()
}

/// `photos.deletePhotos`: those that are the user's; which they were.
pub(super) fn delete_photos(
    world: &mut World,
    caller: &Caller,
    query: functions::photos::DeletePhotos,
) -> Result<Vec<i64>, RpcError> {
    let id = caller.user()?;
    let named = |photo: &enums::InputPhoto| world.named_photo(id, photo).ok();
    let photos: Vec<i64> = query.id.iter().take(MOST as usize).filter_map(named).collect();
    Ok(world.remove_portraits(id, &photos, caller.now.unix()))
}

/// `photos.getUserPhotos`: the newest first.
pub(super) fn get_user_photos(
    world: &mut World,
    caller: &Caller,
    query: functions::photos::GetUserPhotos,
) -> Result<enums::photos::Photos, RpcError> {
    let viewer = caller.user()?;
    let functions::photos::GetUserPhotos { user_id, offset, max_id, limit } = query;
    let id = world.user_id(viewer, &user_id)?;
    let all = world.portraits(viewer, id);
    let limit = usize::try_from(limit.clamp(0, MOST)).unwrap_or(0);
    // -1 asks for the one of this id, else the list begins with it.
    let skip = match max_id {
        0 => usize::try_from(offset.max(0)).unwrap_or(0),
        _ => all.iter().position(|photo| *photo == max_id).unwrap_or(all.len()),
    };
    let limit = if offset < 0 { limit.min(1) } else { limit };
    let photos: Vec<_> =
        all.iter().skip(skip).take(limit).map(|photo| world.photo(viewer, *photo)).collect();
    let users = vec![world.user(viewer, id)];
    if photos.len() == all.len() {
        return Ok(types::photos::Photos { photos, users }.into());
    }
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    Ok(types::photos::PhotosSlice { count, photos, users }.into())
}
