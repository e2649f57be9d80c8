//! Basic groups.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::fanout::Batch;
use crate::world::invites::Terms;
use crate::world::{Peer, chats::Group};

/// The most chats that may be asked for at once.
const MOST: usize = 100;

/// `messages.createChat`. Those who can't be brought in are named in the answer.
pub(in crate::methods) fn create_chat(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::CreateChat,
) -> Result<enums::messages::InvitedUsers, RpcError> {
    let actor = world.actor(caller)?;
    let users = query.users.iter().take(Group::MOST_MEMBERS);
    let users = users.map(|user| world.user_id(actor.user, user)).collect::<Result<Vec<_>, _>>()?;
    let mut batch = Batch::default();
    let (_, missing_invitees) = world.create_group(&mut batch, &actor, &query.title, &users)?;
    let updates = world.deliver(batch, &actor);
    Ok(types::messages::InvitedUsers { updates, missing_invitees }.into())
}

/// `messages.addChatUser`. What was said before is not handed on.
pub(in crate::methods) fn add_chat_user(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::AddChatUser,
) -> Result<enums::messages::InvitedUsers, RpcError> {
    let actor = world.actor(caller)?;
    let user = world.user_id(actor.user, &query.user_id)?;
    let mut batch = Batch::default();
    world.add_to_group(&mut batch, &actor, query.chat_id, user, None)?;
    let (updates, missing_invitees) = (world.deliver(batch, &actor), Vec::new());
    Ok(types::messages::InvitedUsers { updates, missing_invitees }.into())
}

/// `messages.deleteChatUser`: of another, or of oneself.
pub(in crate::methods) fn delete_chat_user(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::DeleteChatUser,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let user = world.user_id(actor.user, &query.user_id)?;
    let mut batch = Batch::default();
    world.remove_from_group(&mut batch, &actor, query.chat_id, user)?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.editChatTitle`.
pub(in crate::methods) fn edit_chat_title(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditChatTitle,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let mut batch = Batch::default();
    world.rename_group(&mut batch, &actor, query.chat_id, &query.title)?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.editChatPhoto`.
pub(in crate::methods) fn edit_chat_photo(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditChatPhoto,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let photo = world.given_portrait(caller, &query.photo)?;
    let mut batch = Batch::default();
    world.set_chat_photo(&mut batch, &actor, Peer::Chat(query.chat_id), photo)?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.editChatAdmin`.
pub(in crate::methods) fn edit_chat_admin(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::EditChatAdmin,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let user = world.user_id(actor.user, &query.user_id)?;
    let mut batch = Batch::default();
    world.set_group_admin(&mut batch, &actor, query.chat_id, user, query.is_admin)?;
    world.push_all(batch, &actor);
    Ok(true)
}

/// `messages.migrateChat`.
pub(in crate::methods) fn migrate_chat(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::MigrateChat,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let mut batch = Batch::default();
    world.migrate_group(&mut batch, &actor, query.chat_id)?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.getChats`.
pub(in crate::methods) fn get_chats(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetChats,
) -> Result<enums::messages::Chats, RpcError> {
    let actor = world.actor(caller)?;
    let mut chats = Vec::new();
    for chat_id in query.id.into_iter().take(MOST) {
        let peer = world.peer(&actor, &types::InputPeerChat { chat_id }.into())?;
        chats.extend(world.chat(actor.user, peer, actor.date()));
    }
    Ok(types::messages::Chats { chats }.into())
}

/// `messages.getFullChat`: of a basic group that one is in.
pub(in crate::methods) fn get_full_chat(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetFullChat,
) -> Result<enums::messages::ChatFull, RpcError> {
    let actor = world.actor(caller)?;
    let (id, peer) = (query.chat_id, Peer::Chat(query.chat_id));
    let group = world.group_of(actor.user, id)?;
    let (about, is_admin) = (group.about.clone(), group.is_admin(actor.user));
    let named = group.members.keys().map(|id| Peer::User(*id)).chain([peer]).collect();
    let exported_invite = if is_admin {
        let terms = Terms { permanent: true, ..Terms::default() };
        Some(world.export_link(&actor, peer, terms)?)
    } else {
        None
    };
    let notify = world.notify_settings(actor.user, peer);
    let full = types::ChatFull {
        exported_invite,
        chat_photo: world.chat_photo(peer).map(|photo| world.photo(actor.user, photo)),
        pinned_msg_id: world.pinned_in(actor.user, peer).last().copied(),
        available_reactions: Some(types::ChatReactionsAll { allow_custom: false }.into()),
        ..types::ChatFull::new(id, about, world.group_participants(id), notify)
    };
    let (users, chats) = world.people(actor.user, &named, false, actor.date());
    Ok(types::messages::ChatFull { full_chat: full.into(), chats, users }.into())
}
