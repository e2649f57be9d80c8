//! Invite links, who has come by them, and who asks to.

use std::collections::BTreeMap;

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Batch;
use crate::world::invites::{Change, Terms};

/// The most links, and the most people, in an answer.
const MOST: i32 = 100;

/// `messages.exportChatInvite`: a new link, or if nothing is asked of it, the permanent one.
pub(in crate::methods) fn export_chat_invite(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::ExportChatInvite,
) -> Result<enums::ExportedChatInvite, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let functions::messages::ExportChatInvite { expire_date, usage_limit, title, .. } = query;
    let terms = Terms {
        permanent: expire_date.is_none()
            && usage_limit.is_none()
            && title.is_none()
            && !query.request_needed,
        revoke_permanent: query.legacy_revoke_permanent,
        expires: expire_date.filter(|date| *date != 0),
        limit: usage_limit.filter(|limit| *limit != 0),
        title,
        asks: query.request_needed,
    };
    world.export_link(&actor, peer, terms)
}

/// `messages.checkChatInvite`.
pub(in crate::methods) fn check_chat_invite(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::CheckChatInvite,
) -> Result<enums::ChatInvite, RpcError> {
    world.look_at_link(&world.actor(caller)?, &query.hash)
}

/// `messages.importChatInvite`.
pub(in crate::methods) fn import_chat_invite(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::ImportChatInvite,
) -> Result<enums::messages::ChatInviteJoinResult, RpcError> {
    let actor = world.actor(caller)?;
    let mut batch = Batch::default();
    world.join_by_link(&mut batch, &actor, &query.hash)?;
    let updates = world.deliver(batch, &actor);
    Ok(types::messages::ChatInviteJoinResultOk { updates }.into())
}

/// `messages.getExportedChatInvite`.
pub(in crate::methods) fn get_exported_chat_invite(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetExportedChatInvite,
) -> Result<enums::messages::ExportedChatInvite, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let (hash, link) = world.managed_link(&actor, peer, &query.link)?;
    let (invite, users) = (link.export(&hash), world.users(actor.user, [link.by]));
    Ok(types::messages::ExportedChatInvite { invite, users }.into())
}

/// `messages.getExportedChatInvites`: those of an admin, the latest first.
pub(in crate::methods) fn get_exported_chat_invites(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetExportedChatInvites,
) -> Result<enums::messages::ExportedChatInvites, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let admin = world.user_id(actor.user, &query.admin_id)?;
    world.may_manage_links_of(&actor, peer, admin)?;
    let known = world.links(peer).into_iter().flat_map(|links| &links.known);
    let mut links: Vec<_> = known
        .filter(|(_, link)| link.by == admin && link.revoked == query.revoked)
        .map(|(hash, link)| ((-link.date, hash.clone()), link.export(hash)))
        .collect();
    links.sort_by(|one, other| one.0.cmp(&other.0));
    let count = i32::try_from(links.len()).unwrap_or(i32::MAX);
    let after = query
        .offset_date
        .zip(query.offset_link.as_ref())
        .map(|(date, link)| (-date, link.rsplit(['/', '+']).next().unwrap_or_default().to_owned()));
    let limit = usize::try_from(query.limit.clamp(0, MOST)).unwrap_or(0);
    let links = links.into_iter().filter(|(at, _)| after.as_ref().is_none_or(|after| at > after));
    let invites = links.take(limit).map(|(_, link)| link).collect();
    let users = world.users(actor.user, [admin]);
    Ok(types::messages::ExportedChatInvites { count, invites, users }.into())
}

/// `messages.editExportedChatInvite`.
pub(in crate::methods) fn edit_exported_chat_invite(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditExportedChatInvite,
) -> Result<enums::messages::ExportedChatInvite, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let change = Change {
        revoked: query.revoked,
        expires: query.expire_date,
        limit: query.usage_limit,
        asks: query.request_needed,
        title: query.title,
    };
    let (invite, new) = world.change_link(&actor, peer, &query.link, change)?;
    let enums::ExportedChatInvite::ChatInviteExported(known) = &invite else {
        return Err(RpcError::new(400, "INVITE_HASH_EXPIRED"));
    };
    let users = world.users(actor.user, [known.admin_id]);
    Ok(match new {
        Some(new_invite) => {
            types::messages::ExportedChatInviteReplaced { invite, new_invite, users }.into()
        }
        None => types::messages::ExportedChatInvite { invite, users }.into(),
    })
}

/// `messages.deleteExportedChatInvite`: one that is revoked.
pub(in crate::methods) fn delete_exported_chat_invite(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::DeleteExportedChatInvite,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let (hash, link) = world.managed_link(&actor, peer, &query.link)?;
    if !link.revoked {
        return Err(RpcError::new(400, "INVITE_REVOKED_MISSING"));
    }
    if let Some(links) = world.links_mut(peer) {
        links.known.remove(&hash);
    }
    Ok(true)
}

/// `messages.deleteRevokedExportedChatInvites`: all of an admin.
pub(in crate::methods) fn delete_revoked_exported_chat_invites(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::DeleteRevokedExportedChatInvites,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let admin = world.user_id(actor.user, &query.admin_id)?;
    world.may_manage_links_of(&actor, peer, admin)?;
    if let Some(links) = world.links_mut(peer) {
        links.known.retain(|_, link| link.by != admin || !link.revoked);
    }
    Ok(true)
}

/// `messages.getAdminsWithInvites`: how many links each has made.
pub(in crate::methods) fn get_admins_with_invites(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetAdminsWithInvites,
) -> Result<enums::messages::ChatAdminsWithInvites, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    world.may_invite(&actor, peer)?;
    let mut counts: BTreeMap<i64, (i32, i32)> = BTreeMap::new();
    for link in world.links(peer).into_iter().flat_map(|links| links.known.values()) {
        let (good, revoked) = counts.entry(link.by).or_default();
        *(if link.revoked { revoked } else { good }) += 1;
    }
    let users = world.users(actor.user, counts.keys().copied());
    let admins = counts.into_iter().map(|(admin_id, (invites_count, revoked_invites_count))| {
        types::ChatAdminWithInvites { admin_id, invites_count, revoked_invites_count }.into()
    });
    Ok(types::messages::ChatAdminsWithInvites { admins: admins.collect(), users }.into())
}

/// `messages.getChatInviteImporters`: who has come by a link, or asks to be let in; the latest first.
pub(in crate::methods) fn get_chat_invite_importers(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetChatInviteImporters,
) -> Result<enums::messages::ChatInviteImporters, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    world.may_invite(&actor, peer)?;
    let link = query.link.as_deref().filter(|link| !link.is_empty());
    let hash = link.map(|link| world.managed_link(&actor, peer, link)).transpose()?;
    let hash = hash.map(|(hash, _)| hash);
    let all = world.importers(peer, hash.as_deref(), query.requested);
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    let words = query.q.unwrap_or_default().to_lowercase();
    let after = match &query.offset_user {
        enums::InputUser::Empty => None,
        user => Some((-query.offset_date, world.user_id(actor.user, user)?)),
    };
    let fits = |importer: &types::ChatInviteImporter| {
        let user = world.accounts.get(importer.user_id);
        let name = user.map(|user| format!("{} {}", user.first_name, user.last_name));
        let is_named = name.is_some_and(|name| name.to_lowercase().contains(&words));
        is_named && after.is_none_or(|after| (-importer.date, importer.user_id) > after)
    };
    let limit = usize::try_from(query.limit.clamp(0, MOST)).unwrap_or(0);
    let found: Vec<_> = all.into_iter().filter(fits).take(limit).collect();
    let users = world.users(actor.user, found.iter().map(|importer| importer.user_id));
    let importers = found.into_iter().map(Into::into).collect();
    Ok(types::messages::ChatInviteImporters { count, importers, users }.into())
}

/// `messages.hideChatJoinRequest`: lets in who has asked, or not.
pub(in crate::methods) fn hide_chat_join_request(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::HideChatJoinRequest,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let user = world.user_id(actor.user, &query.user_id)?;
    world.settle_requests(&actor, peer, (Some(user), None), query.approved)
}

/// `messages.hideAllChatJoinRequests`: the same for all, or all who came by a link.
pub(in crate::methods) fn hide_all_chat_join_requests(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::HideAllChatJoinRequests,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer: Peer = world.peer(&actor, &query.peer)?;
    let link = query.link.as_deref().filter(|link| !link.is_empty());
    let hash = link.map(|link| world.managed_link(&actor, peer, link)).transpose()?;
    let hash = hash.map(|(hash, _)| hash);
    world.settle_requests(&actor, peer, (None, hash.as_deref()), query.approved)
}
