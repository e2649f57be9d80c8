//! Sending files: one, or several as an album.

use std::collections::BTreeSet;

use layer_tl_types::{enums, functions};

use super::send::reply_to;
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::fanout::Batch;
use crate::world::files::Company;
use crate::world::sending::Given;

/// So many files an album may have.
const MOST: usize = 10;

/// `messages.sendMedia`.
pub(in crate::methods) fn send_media(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SendMedia,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    if let Some(answer) = world.sent_before(&actor, peer, query.random_id)? {
        return Ok(answer);
    }
    world.may_write(&actor, peer)?;
    let (media, poll) = match query.media {
        enums::InputMedia::Poll(poll) => (None, Some(world.new_poll(&actor, *poll)?)),
        media => (Some(world.given_media(caller, media)?), None),
    };
    let given = Given {
        poll,
        reply_to: reply_to(query.reply_to.as_ref()),
        text: query.message,
        media,
        entities: query.entities,
        markup: query.reply_markup,
        silent: query.silent,
        noforwards: query.noforwards,
    };
    let content = world.content(&actor, peer, given)?;
    if query.clear_draft {
        world.clear_draft(&actor, peer);
    }
    if let Some(date) = query.schedule_date {
        return world.schedule(&actor, peer, content, date, query.random_id);
    }
    world.send_content(&actor, peer, content, Some(query.random_id)).map(|(_, answer)| answer)
}

/// `messages.uploadMedia`: what can be sent, but is not yet.
pub(in crate::methods) fn upload_media(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::UploadMedia,
) -> Result<enums::MessageMedia, RpcError> {
    let actor = world.actor(caller)?;
    world.peer(&actor, &query.peer)?;
    let media = world.given_media(caller, query.media)?;
    Ok(world.shown_media(actor.user, &media))
}

/// `messages.sendMultiMedia`: files that are there already, as an album if there are several. All go or
/// none.
pub(in crate::methods) fn send_multi_media(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SendMultiMedia,
) -> Result<enums::Updates, RpcError> {
    let refused = |name: &str| Err(RpcError::new(400, name));
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    world.may_write(&actor, peer)?;
    match query.multi_media.len() {
        0 => return refused("MEDIA_EMPTY"),
        MOST.. if query.multi_media.len() > MOST => return refused("MULTI_MEDIA_TOO_LONG"),
        _ => {}
    }
    if query.schedule_date.is_some() {
        // Albums are not kept for later here.
        return refused("SCHEDULE_DATE_INVALID");
    }
    let album = (query.multi_media.len() > 1).then(|| world.random_id());
    let reply_to = reply_to(query.reply_to.as_ref());
    let (silent, noforwards) = (query.silent, query.noforwards);
    let (mut contents, mut companies, mut numbers) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (at, enums::InputSingleMedia::Media(single)) in query.multi_media.into_iter().enumerate() {
        let random_id = single.random_id;
        if world.sent_before(&actor, peer, random_id)?.is_some() || !numbers.insert(random_id) {
            return Err(RpcError::new(500, "RANDOM_ID_DUPLICATE"));
        }
        let is_there =
            matches!(single.media, enums::InputMedia::Photo(_) | enums::InputMedia::Document(_));
        if !is_there {
            return refused("MEDIA_INVALID");
        }
        let media = world.given_media(caller, single.media).map_err(|error| {
            let name = error.name.replace("FILE_REFERENCE_", &format!("FILE_REFERENCE_{at}_"));
            RpcError { name, ..error }
        })?;
        companies.push(world.company(&media));
        let (text, entities, media) = (single.message, single.entities, Some(media));
        let given =
            Given { text, media, entities, reply_to, silent, noforwards, ..Given::default() };
        let mut content = world.content(&actor, peer, given)?;
        content.album = album;
        contents.push((content, random_id));
    }
    let first = companies.first().copied();
    let mixed = companies.iter().any(|other| Some(*other) != first);
    if album.is_some() && (mixed || first == Some(Company::Alone)) {
        return refused("MEDIA_GROUPED_INVALID");
    }
    if query.clear_draft {
        world.clear_draft(&actor, peer);
    }
    let mut batch = Batch::default();
    for (content, random_id) in contents {
        let id = world.say(&mut batch, &actor, peer, content)?;
        world.remember(&mut batch, &actor, peer, id, Some(random_id));
    }
    Ok(world.deliver(batch, &actor))
}
