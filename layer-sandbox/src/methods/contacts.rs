//! `contacts.*`: whom a user knows, whom it wants to know, and whom not.

use layer_tl_types::{enums, functions, types};

use super::users::peer_settings;
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::{Contact, Peer, Sought, check_username, digits};

/// So many results a search gives at most.
const MOST_FOUND: i32 = 50;
/// So many characters are kept of a name.
const LONGEST_NAME: usize = 64;
/// So many contacts are imported at once.
const MOST_IMPORTED: usize = 500;

/// `contacts.getContacts`: all, whatever hash the client has of them.
pub(super) fn get_contacts(
    world: &mut World,
    caller: &Caller,
    _: functions::contacts::GetContacts,
) -> Result<enums::contacts::Contacts, RpcError> {
    let viewer = caller.user()?;
    let ids = contacts_of(world, viewer);
    let contact = |id: &i64| {
        let theirs = world.accounts.get(*id).map(|user| &user.contacts);
        let mutual = theirs.is_some_and(|theirs| theirs.contains_key(&viewer));
        types::Contact { user_id: *id, mutual }.into()
    };
    let contacts = ids.iter().map(contact).collect();
    let saved_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    let users = world.users(viewer, ids);
    Ok(types::contacts::Contacts { contacts, saved_count, users }.into())
}

/// `contacts.getStatuses`: when the contacts were online.
pub(super) fn get_statuses(
    world: &mut World,
    caller: &Caller,
    _: functions::contacts::GetStatuses,
) -> Result<Vec<enums::ContactStatus>, RpcError> {
    let status = |id: i64| {
        let status = world.accounts.get(id)?.status();
        Some(types::ContactStatus { user_id: id, status }.into())
    };
    Ok(contacts_of(world, caller.user()?).into_iter().filter_map(status).collect())
}

/// `contacts.importContacts`: those of the numbers that somebody has.
pub(super) fn import_contacts(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::ImportContacts,
) -> Result<enums::contacts::ImportedContacts, RpcError> {
    let viewer = caller.user()?;
    let (mut imported, mut ids, mut retry) = (Vec::new(), Vec::new(), Vec::new());
    for (at, contact) in query.contacts.into_iter().enumerate() {
        let enums::InputContact::InputPhoneContact(contact) = contact;
        if at >= MOST_IMPORTED {
            retry.push(contact.client_id);
            continue;
        }
        let user = world.accounts.by_phone(&contact.phone).map(|user| user.id);
        let Some(id) = user.filter(|id| *id != viewer) else { continue };
        let (first_name, last_name) = (contact.first_name, contact.last_name);
        let phone = digits(&contact.phone);
        put_contact(world, viewer, id, Contact { first_name, last_name, phone });
        let client_id = contact.client_id;
        imported.push(types::ImportedContact { user_id: id, client_id }.into());
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    changed(world, caller, viewer, &ids);
    let users = world.users(viewer, ids);
    let (popular_invites, retry_contacts) = (Vec::new(), retry);
    Ok(types::contacts::ImportedContacts { imported, popular_invites, retry_contacts, users }
        .into())
}

/// `contacts.addContact`: somebody who is known already.
pub(super) fn add_contact(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::AddContact,
) -> Result<enums::Updates, RpcError> {
    let viewer = caller.user()?;
    let id = other(world, viewer, &query.id)?;
    if query.first_name.trim().is_empty() {
        return Err(RpcError::new(400, "CONTACT_NAME_EMPTY"));
    }
    // A number that is not the user's own tells nothing.
    let phone = Some(digits(&query.phone)).filter(|phone| {
        world.accounts.get(id).is_some_and(|user| user.phone.as_ref() == Some(phone))
    });
    let (first_name, last_name) = (query.first_name, query.last_name);
    let contact = Contact { first_name, last_name, phone: phone.unwrap_or_default() };
    put_contact(world, viewer, id, contact);
    Ok(changed(world, caller, viewer, &[id]))
}

/// `contacts.acceptContact`: the number is shared in return. Numbers are known by being saved.
pub(super) fn accept_contact(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::AcceptContact,
) -> Result<enums::Updates, RpcError> {
    let viewer = caller.user()?;
    let id = other(world, viewer, &query.id)?;
    if !contacts_of(world, viewer).contains(&id) {
        return Err(RpcError::new(400, "CONTACT_ADD_MISSING"));
    }
    Ok(changed(world, caller, viewer, &[id]))
}

/// `contacts.deleteContacts`: those that are some.
pub(super) fn delete_contacts(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::DeleteContacts,
) -> Result<enums::Updates, RpcError> {
    let viewer = caller.user()?;
    let ids: Result<Vec<i64>, _> =
        query.id.iter().map(|user| world.user_id(viewer, user)).collect();
    let ids = ids?;
    if let Some(user) = world.accounts.get_mut(viewer) {
        user.contacts.retain(|id, _| !ids.contains(id));
    }
    Ok(changed(world, caller, viewer, &ids))
}

/// `contacts.deleteByPhones`.
pub(super) fn delete_by_phones(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::DeleteByPhones,
) -> Result<bool, RpcError> {
    let viewer = caller.user()?;
    let phones: Vec<String> = query.phones.iter().map(|phone| digits(phone)).collect();
    let user = world.accounts.get_mut(viewer);
    let ids: Vec<i64> = user.map_or_else(Vec::new, |user| {
        let gone = user.contacts.extract_if(.., |_, contact| phones.contains(&contact.phone));
        gone.map(|(id, _)| id).collect()
    });
    changed(world, caller, viewer, &ids);
    Ok(true)
}

/// `contacts.block`.
pub(super) fn block(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::Block,
) -> Result<bool, RpcError> {
    set_blocked(world, caller, &query.id, true)
}

/// `contacts.unblock`.
pub(super) fn unblock(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::Unblock,
) -> Result<bool, RpcError> {
    set_blocked(world, caller, &query.id, false)
}

/// `contacts.getBlocked`: the latest first.
pub(super) fn get_blocked(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::GetBlocked,
) -> Result<enums::contacts::Blocked, RpcError> {
    let viewer = caller.user()?;
    let blocked = world.accounts.get(viewer).map(|user| user.blocked.clone()).unwrap_or_default();
    let mut all: Vec<(i64, i32)> = blocked.into_iter().collect();
    all.sort_by_key(|(id, date)| (-i64::from(*date), *id));
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    let skip = usize::try_from(query.offset).unwrap_or(0);
    let take = usize::try_from(query.limit.clamp(0, 100)).unwrap_or(0);
    let page: Vec<(i64, i32)> = all.into_iter().skip(skip).take(take).collect();
    let users = world.users(viewer, page.iter().map(|(id, _)| *id));
    let entry = |(user_id, date): &(i64, i32)| {
        let peer_id = types::PeerUser { user_id: *user_id }.into();
        types::PeerBlocked { peer_id, date: *date }.into()
    };
    let (whole, chats) = (page.len() as i32 == count, Vec::new());
    let blocked = page.iter().map(entry).collect();
    Ok(if whole {
        types::contacts::Blocked { blocked, chats, users }.into()
    } else {
        types::contacts::BlockedSlice { count, blocked, chats, users }.into()
    })
}

/// `contacts.resolveUsername`.
pub(super) fn resolve_username(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::ResolveUsername,
) -> Result<enums::contacts::ResolvedPeer, RpcError> {
    let viewer = caller.user()?;
    let name = check_username(&query.username)?;
    let peer = world.owner_of(name);
    let peer = peer.ok_or_else(|| RpcError::new(400, "USERNAME_NOT_OCCUPIED"))?;
    Ok(resolved(world, viewer, peer, caller.now.unix()))
}

/// `contacts.resolvePhone`.
pub(super) fn resolve_phone(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::ResolvePhone,
) -> Result<enums::contacts::ResolvedPeer, RpcError> {
    let viewer = caller.user()?;
    let user_id = world.accounts.by_phone(&query.phone).map(|user| user.id);
    let user_id = user_id.ok_or_else(|| RpcError::new(400, "PHONE_NOT_OCCUPIED"))?;
    Ok(resolved(world, viewer, types::PeerUser { user_id }.into(), caller.now.unix()))
}

/// `contacts.search`: contacts and conversations by their names, and all others by the beginnings of their
/// usernames.
pub(super) fn search(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::Search,
) -> Result<enums::contacts::Found, RpcError> {
    let (viewer, date) = (caller.user()?, caller.now.unix() as i32);
    let asked = query.q.trim().trim_start_matches('@').to_lowercase();
    if asked.is_empty() {
        return Err(RpcError::new(400, "SEARCH_QUERY_EMPTY"));
    }
    if asked.chars().count() < 3 {
        return Err(RpcError::new(400, "QUERY_TOO_SHORT"));
    }
    let limit = usize::try_from(query.limit.clamp(0, MOST_FOUND)).unwrap_or(0);
    let sought = Sought { bots: query.bots, broadcasts: query.broadcasts };
    let (mine, others) = world.find(viewer, &asked, sought, limit);
    let shown = mine.iter().chain(&others).copied().collect();
    let (users, chats) = world.people(viewer, &shown, false, date);
    let peers = |peers: Vec<Peer>| peers.into_iter().map(Into::into).collect();
    let (my_results, results) = (peers(mine), peers(others));
    Ok(types::contacts::Found { my_results, results, chats, users }.into())
}

/// `contacts.getTopPeers`: nobody counts who writes to whom.
pub(super) fn get_top_peers(
    world: &mut World,
    caller: &Caller,
    _: functions::contacts::GetTopPeers,
) -> Result<enums::contacts::TopPeers, RpcError> {
    let user = world.accounts.get(caller.user()?);
    if user.is_some_and(|user| user.preferences.top_peers_off) {
        return Ok(enums::contacts::TopPeers::Disabled);
    }
    let (categories, chats, users) = (Vec::new(), Vec::new(), Vec::new());
    Ok(types::contacts::TopPeers { categories, chats, users }.into())
}

/// `contacts.toggleTopPeers`.
pub(super) fn toggle_top_peers(
    world: &mut World,
    caller: &Caller,
    query: functions::contacts::ToggleTopPeers,
) -> Result<bool, RpcError> {
    if let Some(user) = world.accounts.get_mut(caller.user()?) {
        user.preferences.top_peers_off = !query.enabled;
    }
    Ok(true)
}

fn contacts_of(world: &World, id: i64) -> Vec<i64> {
    let user = world.accounts.get(id);
    user.map(|user| user.contacts.keys().copied().collect()).unwrap_or_default()
}

fn put_contact(world: &mut World, viewer: i64, id: i64, mut contact: Contact) {
    for name in [&mut contact.first_name, &mut contact.last_name] {
        *name = name.trim().chars().take(LONGEST_NAME).collect();
    }
    if let Some(user) = world.accounts.get_mut(viewer) {
        user.contacts.insert(id, contact);
    }
}

/// Somebody else than the one who asks.
fn other(world: &World, viewer: i64, user: &enums::InputUser) -> Result<i64, RpcError> {
    let id = world.user_id(viewer, user).ok().filter(|id| *id != viewer);
    id.ok_or_else(|| RpcError::new(400, "CONTACT_ID_INVALID"))
}

/// What clients are told of people who have become contacts, or are none any more: this answer, and an
/// update in the user's other sessions.
fn changed(world: &mut World, caller: &Caller, viewer: i64, ids: &[i64]) -> enums::Updates {
    let update = |id: &i64| -> enums::Update {
        let peer = types::PeerUser { user_id: *id }.into();
        types::UpdatePeerSettings { peer, settings: peer_settings(world, viewer, *id) }.into()
    };
    let updates: Vec<enums::Update> = ids.iter().map(update).collect();
    let users = world.users(viewer, ids.iter().copied());
    let date = caller.now.unix() as i32;
    let answer =
        enums::Updates::from(types::Updates { updates, users, chats: Vec::new(), date, seq: 0 });
    if !ids.is_empty() {
        world.push_to(viewer, &answer);
    }
    answer
}

fn set_blocked(
    world: &mut World,
    caller: &Caller,
    peer: &enums::InputPeer,
    blocked: bool,
) -> Result<bool, RpcError> {
    let (viewer, now) = (caller.user()?, caller.now.unix());
    let id = world.user_of_peer(viewer, peer)?;
    if id == viewer {
        return Err(RpcError::new(400, "CONTACT_ID_INVALID"));
    }
    let user = world.accounts.get_mut(viewer);
    let changed = user.is_some_and(|user| match blocked {
        true => {
            let is_new = !user.blocked.contains_key(&id);
            user.blocked.entry(id).or_insert(now as i32);
            is_new
        }
        false => user.blocked.remove(&id).is_some(),
    });
    if changed {
        let peer_id = types::PeerUser { user_id: id }.into();
        let update = types::UpdatePeerBlocked { blocked, ..types::UpdatePeerBlocked::new(peer_id) };
        world.notify(viewer, update.into(), now);
        world.bot_stopped(viewer, caller.now, id, blocked);
    }
    Ok(changed)
}

fn resolved(
    world: &World,
    viewer: i64,
    peer: enums::Peer,
    now: i64,
) -> enums::contacts::ResolvedPeer {
    let shown = [Peer::from(&peer)].into();
    let (users, chats) = world.people(viewer, &shown, false, now as i32);
    types::contacts::ResolvedPeer { peer, chats, users }.into()
}
