//! Who is in a channel, and as what.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::chats::{Channel, channel_participant};
use crate::world::fanout::Batch;

/// The most members in an answer, and the most users who are brought in at once.
const MOST: usize = 200;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

/// `channels.inviteToChannel`. Those who can't be brought in are named in the answer.
pub(in crate::methods) fn invite_to_channel(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::InviteToChannel,
) -> Result<enums::messages::InvitedUsers, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    if query.users.len() > MOST {
        return refused("USERS_TOO_MUCH");
    }
    let users = query.users.iter().map(|user| world.user_id(actor.user, user));
    let users = users.collect::<Result<Vec<_>, _>>()?;
    let mut batch = Batch::default();
    let missing_invitees = world.invite_to_channel(&mut batch, &actor, id, &users)?;
    let updates = world.deliver(batch, &actor);
    Ok(types::messages::InvitedUsers { updates, missing_invitees }.into())
}

/// `channels.joinChannel`.
pub(in crate::methods) fn join_channel(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::JoinChannel,
) -> Result<enums::messages::ChatInviteJoinResult, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    world.join_channel(&mut batch, &actor, id, None)?;
    let updates = world.deliver(batch, &actor);
    Ok(types::messages::ChatInviteJoinResultOk { updates }.into())
}

/// `channels.leaveChannel`.
pub(in crate::methods) fn leave_channel(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::LeaveChannel,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let mut batch = Batch::default();
    world.leave_channel(&mut batch, &actor, id)?;
    Ok(world.deliver(batch, &actor))
}

/// `channels.editAdmin`.
pub(in crate::methods) fn edit_admin(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::EditAdmin,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let user = world.user_id(actor.user, &query.user_id)?;
    let enums::ChatAdminRights::Rights(rights) = query.admin_rights;
    let rank = query.rank.filter(|rank| !rank.is_empty());
    if rank.as_ref().is_some_and(|rank| rank.chars().count() > 16) {
        return refused("ADMIN_RANK_INVALID");
    }
    let mut batch = Batch::default();
    world.set_admin(&mut batch, &actor, id, user, rights, rank)?;
    Ok(world.deliver(batch, &actor))
}

/// `channels.editBanned`.
pub(in crate::methods) fn edit_banned(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::EditBanned,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let (id, _) = world.input_channel(&actor, &query.channel)?;
    let Ok(Peer::User(user)) = world.peer(&actor, &query.participant) else {
        return refused("PARTICIPANT_ID_INVALID");
    };
    let enums::ChatBannedRights::Rights(rights) = query.banned_rights;
    let mut batch = Batch::default();
    world.set_banned(&mut batch, &actor, id, user, rights)?;
    Ok(world.deliver(batch, &actor))
}

/// `channels.getParticipant`.
pub(in crate::methods) fn get_participant(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::GetParticipant,
) -> Result<enums::channels::ChannelParticipant, RpcError> {
    let actor = world.actor(caller)?;
    let (_, channel) = world.input_channel(&actor, &query.channel)?;
    let Ok(Peer::User(user)) = world.peer(&actor, &query.participant) else {
        return refused("PARTICIPANT_ID_INVALID");
    };
    if channel.broadcast && channel.rights(actor.user).is_none() && user != actor.user {
        return refused("CHAT_ADMIN_REQUIRED");
    }
    let Some(participant) = channel_participant(channel, actor.user, user) else {
        return refused("USER_NOT_PARTICIPANT");
    };
    let named = named(&participant).into_iter().collect();
    let (users, chats) = world.people(actor.user, &named, false, actor.date());
    Ok(types::channels::ChannelParticipant { participant, chats, users }.into())
}

/// Who is named in what is said of a member.
fn named(participant: &enums::ChannelParticipant) -> Vec<Peer> {
    match participant {
        enums::ChannelParticipant::Participant(one) => vec![Peer::User(one.user_id)],
        enums::ChannelParticipant::ParticipantSelf(one) => {
            vec![Peer::User(one.user_id), Peer::User(one.inviter_id)]
        }
        enums::ChannelParticipant::Creator(one) => vec![Peer::User(one.user_id)],
        enums::ChannelParticipant::Admin(one) => {
            let inviter = one.inviter_id.map(Peer::User);
            [Peer::User(one.user_id), Peer::User(one.promoted_by)]
                .into_iter()
                .chain(inviter)
                .collect()
        }
        enums::ChannelParticipant::Banned(one) => {
            vec![Peer::from(&one.peer), Peer::User(one.kicked_by)]
        }
        enums::ChannelParticipant::Left(one) => vec![Peer::from(&one.peer)],
    }
}

/// `channels.getParticipants`: in the order in which they joined, the latest first.
pub(in crate::methods) fn get_participants(
    world: &mut World,
    caller: &Caller,
    query: functions::channels::GetParticipants,
) -> Result<enums::channels::ChannelParticipants, RpcError> {
    let actor = world.actor(caller)?;
    let (_, channel) = world.input_channel(&actor, &query.channel)?;
    if channel.broadcast && channel.rights(actor.user).is_none() {
        return refused("CHAT_ADMIN_REQUIRED");
    }
    let ids = filtered(world, actor.user, channel, &query.filter);
    let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    let offset = usize::try_from(query.offset).unwrap_or_default();
    let limit = usize::try_from(query.limit).unwrap_or_default().min(MOST);
    let page = ids.into_iter().skip(offset).take(limit);
    let participants = page.filter_map(|user| channel_participant(channel, actor.user, user));
    let participants: Vec<_> = participants.collect();
    let named = participants.iter().flat_map(named).collect();
    let (users, chats) = world.people(actor.user, &named, false, actor.date());
    Ok(types::channels::ChannelParticipants { count, participants, chats, users }.into())
}

/// The users that a filter lets through.
fn filtered(
    world: &World,
    viewer: i64,
    channel: &Channel,
    filter: &enums::ChannelParticipantsFilter,
) -> Vec<i64> {
    use enums::ChannelParticipantsFilter::{
        ChannelParticipantsAdmins as Admins, ChannelParticipantsBanned as Restricted,
        ChannelParticipantsBots as Bots, ChannelParticipantsContacts as Contacts,
        ChannelParticipantsKicked as Kicked, ChannelParticipantsMentions as Mentions,
        ChannelParticipantsRecent as Recent, ChannelParticipantsSearch as Search,
    };
    let is_called = |id: i64, words: &str| {
        let words = words.to_lowercase();
        world.accounts.get(id).is_some_and(|user| {
            let name = format!("{} {}", user.first_name, user.last_name).to_lowercase();
            let by_username = user.usernames.iter().any(|own| own.to_lowercase().contains(&words));
            name.contains(&words) || by_username
        })
    };
    let banned = |kicked: bool, words: &str| {
        let banned = channel.banned.iter();
        let banned = banned.filter(|(_, banned)| banned.rights.view_messages == kicked);
        let ids = banned.map(|(id, _)| *id).filter(|id| is_called(*id, words));
        // Whom an admin has kept out or down is for admins to know.
        let ids = ids.filter(|_| channel.rights(viewer).is_some());
        ids.collect()
    };
    let mut members: Vec<_> =
        channel.members.iter().map(|(id, member)| (member.date, *id)).collect();
    members.sort_unstable_by(|one, other| other.cmp(one));
    let mut members: Vec<i64> = members.into_iter().map(|(_, id)| id).collect();
    match filter {
        Recent => {}
        Admins => members.retain(|id| channel.rights(*id).is_some()),
        Bots => members.retain(|id| world.accounts.is_bot(*id)),
        Search(search) => members.retain(|id| is_called(*id, &search.q)),
        Contacts(search) => {
            let own = world.accounts.get(viewer);
            let knows = |id: &i64| own.is_some_and(|own| own.contacts.contains_key(id));
            members.retain(|id| knows(id) && is_called(*id, &search.q));
        }
        Mentions(search) => {
            let words = search.q.clone().unwrap_or_default();
            members.retain(|id| is_called(*id, &words));
        }
        Kicked(search) => return banned(true, &search.q),
        Restricted(search) => return banned(false, &search.q),
    }
    members
}
