//! Invite links.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::fanout::Batch;
use crate::world::invites::Terms;

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
        permanent: expire_date.is_none() && usage_limit.is_none() && title.is_none(),
        revoke_permanent: query.legacy_revoke_permanent,
        expires: expire_date.filter(|date| *date != 0),
        limit: usage_limit.filter(|limit| *limit != 0),
        title,
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
