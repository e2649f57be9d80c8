//! `channels.*`: supergroups and broadcast channels. `members` is about who is in them, the rest about
//! them and what is said there.

pub(super) mod members;

use layer_tl_types::{enums, functions, types};

use super::messages::history::{answered, by_id};
use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Batch;
use crate::world::invites::Terms;

/// The most channels or messages that may be asked for at once.
const MOST: usize = 100;
/// So many messages are told of as deleted in one update.
const AT_ONCE: usize = 100;

/// `channels.createChannel`.
pub(super) fn create_channel(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::CreateChannel,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let functions::channels::CreateChannel { broadcast, title, about, .. } = query;
    let mut batch = Batch::default();
    world.create_channel(&mut batch, &actor, &title, &about, broadcast)?;
    Ok(world.deliver(batch, &actor))
}

/// `channels.getChannels`: those that are closed to who asks, too, by their names alone.
pub(super) fn get_channels(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::GetChannels,
) -> Result<enums::messages::Chats, RpcError> {
    let actor = world.actor(caller)?;
    let mut chats = Vec::new();
    for channel in query.id.iter().take(MOST) {
        let id = match (world.input_channel(&actor, channel), channel) {
            (Ok((id, _)), _) => id,
            (Err(error), enums::InputChannel::Channel(channel))
                if error.name == "CHANNEL_PRIVATE" =>
            {
                channel.channel_id
            }
            (Err(error), _) => return Err(error),
        };
        chats.extend(world.chat(actor.user, Peer::Channel(id), actor.date()));
    }
    Ok(types::messages::Chats { chats }.into())
}

/// `channels.getFullChannel`.
pub(super) fn get_full_channel(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::GetFullChannel,
) -> Result<enums::messages::ChatFull, RpcError> {
    let actor = world.actor(caller)?;
    let (id, channel) = world.input_channel(&actor, &query.channel)?;
    let peer = Peer::Channel(id);
    let count = |members: usize| Some(i32::try_from(members).unwrap_or(i32::MAX));
    let rights = channel.rights(actor.user);
    let is_admin = rights.is_some();
    let admins = channel.members.values().filter(|member| member.admin.is_some()).count() + 1;
    let kicked = channel.banned.values().filter(|banned| banned.rights.view_messages).count();
    let full = types::ChannelFull {
        can_view_participants: !channel.broadcast || is_admin,
        can_set_username: channel.creator == actor.user,
        can_delete_channel: channel.creator == actor.user,
        participants_count: count(channel.members.len()),
        admins_count: count(admins).filter(|_| is_admin),
        kicked_count: count(kicked).filter(|_| is_admin),
        banned_count: count(channel.banned.len() - kicked).filter(|_| is_admin),
        migrated_from_chat_id: channel.migrated_from,
        migrated_from_max_id: channel.migrated_from.map(|_| 0),
        pinned_msg_id: world.pinned_in(actor.user, peer).last().copied(),
        available_reactions: Some(types::ChatReactionsAll { allow_custom: false }.into()),
        ..types::ChannelFull::new(
            id,
            channel.about.clone(),
            0,
            0,
            0,
            world.photo(actor.user, channel.photo.unwrap_or(0)),
            world.notify_settings(actor.user, peer),
            Vec::new(),
            channel.pts.at(),
        )
    };
    let dialog = world.dialog(actor.user, peer);
    let (read_inbox_max_id, read_outbox_max_id, unread_count) = dialog
        .map_or((0, 0, 0), |dialog| {
            (dialog.read_inbox_max_id, dialog.read_outbox_max_id, dialog.unread_count)
        });
    let named = full.migrated_from_chat_id.map(Peer::Chat).into_iter().chain([peer]).collect();
    let exported_invite = if rights.is_some_and(|rights| rights.invite_users) {
        let terms = Terms { permanent: true, ..Terms::default() };
        Some(world.export_link(&actor, peer, terms)?)
    } else {
        None
    };
    let full = types::ChannelFull {
        read_inbox_max_id,
        read_outbox_max_id,
        unread_count,
        exported_invite,
        ..full
    };
    let (users, chats) = world.people(actor.user, &named, false, actor.date());
    Ok(types::messages::ChatFull { full_chat: full.into(), chats, users }.into())
}

/// `channels.getMessages`: in the order of the question; empty where there is none.
pub(super) fn get_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::GetMessages,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    if query.id.is_empty() {
        return Err(RpcError::new(400, "MESSAGE_IDS_EMPTY"));
    }
    let peer = Peer::Channel(id);
    let wanted = |asked: &enums::InputMessage| match asked {
        enums::InputMessage::Id(asked) => asked.id,
        enums::InputMessage::ReplyTo(asked) => {
            answered(world, &actor, peer, asked.id).unwrap_or_default()
        }
        enums::InputMessage::CallbackQuery(asked) => asked.id,
        enums::InputMessage::Pinned => {
            world.pinned_in(actor.user, peer).last().copied().unwrap_or_default()
        }
    };
    let ids: Vec<i32> = query.id.iter().take(MOST).map(wanted).collect();
    Ok(by_id(world, &actor, peer, &ids))
}

/// `channels.deleteMessages`.
pub(super) fn delete_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::DeleteMessages,
) -> Result<enums::messages::AffectedMessages, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    let gone = world.delete_in(&mut batch, &actor, id, &query.id)?;
    let pts = world.pts_of(&actor, Peer::Channel(id));
    world.push_all(batch, &actor);
    let pts_count = i32::try_from(gone.len()).unwrap_or(i32::MAX);
    Ok(types::messages::AffectedMessages { pts, pts_count }.into())
}

/// `channels.deleteHistory`: for all, or for who asks alone.
pub(super) fn delete_history(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::DeleteHistory,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let (id, channel) = world.input_channel(&actor, &query.channel)?;
    let max_id = match query.max_id {
        max_id if max_id > 0 => max_id.min(channel.last_id),
        _ => channel.last_id,
    };
    let mut batch = Batch::default();
    if query.for_everyone {
        channel.admin(actor.user, |rights| rights.delete_messages)?;
        let ids: Vec<i32> = channel.held.range(..=max_id).map(|(id, _)| *id).collect();
        for ids in ids.chunks(AT_ONCE) {
            world.delete_in(&mut batch, &actor, id, ids)?;
        }
    } else {
        let own = world.talk.boxes.entry(actor.user).or_default();
        let dialog = own.dialogs.entry(Peer::Channel(id)).or_default();
        dialog.cleared = dialog.cleared.max(max_id);
        let available_min_id = dialog.cleared;
        let update = types::UpdateChannelAvailableMessages { channel_id: id, available_min_id };
        batch.tell(actor.user, update);
    }
    Ok(world.deliver(batch, &actor))
}

/// `channels.readHistory`.
pub(super) fn read_history(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::ReadHistory,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    let is_news = world.read(&mut batch, &actor, Peer::Channel(id), query.max_id);
    world.push_all(batch, &actor);
    Ok(is_news)
}

/// `channels.readMessageContents`: messages that name the reader were looked at.
pub(super) fn read_message_contents(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::ReadMessageContents,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    world.read_contents_in(&mut batch, &actor, id, &query.id);
    world.push_all(batch, &actor);
    Ok(true)
}

/// `channels.editTitle`.
pub(super) fn edit_title(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::EditTitle,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    world.rename_channel(&mut batch, &actor, id, &query.title)?;
    Ok(world.deliver(batch, &actor))
}

/// `channels.editPhoto`.
pub(super) fn edit_photo(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::EditPhoto,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let photo = world.given_portrait(caller, &query.photo)?;
    let mut batch = Batch::default();
    world.set_chat_photo(&mut batch, &actor, Peer::Channel(id), photo)?;
    Ok(world.deliver(batch, &actor))
}

/// `channels.updateUsername`.
pub(super) fn update_username(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::UpdateUsername,
) -> Result<bool, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    world.set_channel_username(&mut batch, &actor, id, &query.username)?;
    world.push_all(batch, &actor);
    Ok(true)
}

/// `channels.checkUsername`.
pub(super) fn check_username(
    world: &mut World,
    _: &Caller,
    query: functions::channels::CheckUsername,
) -> Result<bool, RpcError> {
    match world.check_channel_username(&query.username) {
        Err(error) if error.name == "USERNAME_INVALID" => Err(error),
        checked => Ok(checked.is_ok()),
    }
}

/// `channels.deleteChannel`.
pub(super) fn delete_channel(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::DeleteChannel,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    world.delete_channel(&mut batch, &actor, id)?;
    Ok(world.deliver(batch, &actor))
}
