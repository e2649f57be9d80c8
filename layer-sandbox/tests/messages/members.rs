//! Who is in a channel, and who may what there.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::channels::{channel, difference};
use crate::room::{Room, plain};

fn ban(
    room: &Room,
    by: i64,
    peer: Peer,
    user: i64,
    rights: types::ChatBannedRights,
) -> functions::channels::EditBanned {
    functions::channels::EditBanned {
        channel: room.channel(by, peer),
        participant: room.named(by, Peer::User(user)),
        banned_rights: rights.into(),
    }
}

fn kick(room: &Room, by: i64, peer: Peer, user: i64) -> functions::channels::EditBanned {
    let rights = types::ChatBannedRights::new(0);
    ban(room, by, peer, user, types::ChatBannedRights { view_messages: true, ..rights })
}

#[test]
fn who_is_thrown_out_sees_and_says_nothing_more() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = channel(&mut room, false);
    let query = kick(&room, bob, peer, carol);
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = kick(&room, alice, peer, alice);
    assert_eq!(room.refused(alice, &query), "400 USER_ADMIN_INVALID");
    let query = kick(&room, alice, peer, bob);
    room.ask(alice, &query).unwrap();
    let heard = room.heard(bob);
    let [enums::Updates::Updates(updates)] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(matches!(updates.updates.as_slice(), [enums::Update::Channel(_)]));
    assert!(matches!(updates.chats.as_slice(), [enums::Chat::ChannelForbidden(_)]), "{updates:?}");
    assert_eq!(difference(&mut room, bob, peer, 1, 1), Err("400 CHANNEL_PRIVATE".into()));
    let query = room.text(bob, peer, "?");
    assert_eq!(room.refused(bob, &query), "400 CHANNEL_PRIVATE");
    let query = functions::channels::JoinChannel { channel: room.channel(bob, peer) };
    assert_eq!(room.refused(bob, &query), "400 CHANNEL_PRIVATE");
    room.send(alice, peer, "quiet");
    assert_eq!(room.told(bob), []);
    assert_eq!(room.world.conversations(bob), []);
    let query = functions::channels::GetParticipants {
        channel: room.channel(alice, peer),
        filter: types::ChannelParticipantsKicked { q: "BO".into() }.into(),
        offset: 0,
        limit: 10,
        hash: 0,
    };
    let enums::channels::ChannelParticipants::Participants(kicked) =
        room.ask(alice, &query).unwrap()
    else {
        panic!()
    };
    let [enums::ChannelParticipant::Banned(banned)] = kicked.participants.as_slice() else {
        panic!("{kicked:?}");
    };
    assert_eq!(
        (Peer::from(&banned.peer), banned.left, banned.kicked_by),
        (Peer::User(bob), true, alice)
    );

    let query = ban(&room, alice, peer, bob, types::ChatBannedRights::new(0));
    room.ask(alice, &query).unwrap();
    let query = functions::channels::InviteToChannel {
        channel: room.channel(alice, peer),
        users: vec![room.user(alice, bob)],
    };
    room.ask(alice, &query).unwrap();
    room.send(bob, peer, "back");
}

#[test]
fn a_ban_ends_at_its_time() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    let until = room.now.unix() as i32 + 60;
    let rights = types::ChatBannedRights::new(until);
    let rights = types::ChatBannedRights { send_messages: true, ..rights };
    let query = ban(&room, alice, peer, bob, rights);
    room.ask(alice, &query).unwrap();
    let query = room.text(bob, peer, "now");
    assert_eq!(room.refused(bob, &query), "400 USER_BANNED_IN_CHANNEL");
    room.later(60);
    assert_eq!(room.refused(bob, &query), "answered");
}

#[test]
fn only_admins_speak_in_a_broadcast_channel_and_in_its_name() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = channel(&mut room, true);
    let query = room.text(bob, peer, "me too");
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let admin =
        |room: &Room, by, user, rights: types::ChatAdminRights| functions::channels::EditAdmin {
            channel: room.channel(by, peer),
            user_id: room.user(by, user),
            admin_rights: rights.into(),
            rank: None,
        };
    let rights = types::ChatAdminRights {
        post_messages: true,
        add_admins: true,
        ..types::ChatAdminRights::new()
    };
    let query = admin(&room, alice, bob, rights.clone());
    room.ask(alice, &query).unwrap();
    let more = types::ChatAdminRights { ban_users: true, ..rights.clone() };
    let query = admin(&room, bob, carol, more);
    assert_eq!(room.refused(bob, &query), "403 RIGHT_FORBIDDEN");
    let query = admin(&room, bob, alice, rights);
    assert_eq!(room.refused(bob, &query), "400 USER_CREATOR");
    room.told(carol);
    let id = room.send(bob, peer, "news");
    let told = room.told(carol);
    let [enums::Update::NewChannelMessage(new)] = told.as_slice() else { panic!("{told:?}") };
    let message = plain(&new.message);
    assert_eq!((message.post, &message.from_id, message.views), (true, &None, Some(1)));
    let query = functions::messages::GetMessagesViews {
        peer: room.named(carol, peer),
        id: vec![id],
        increment: true,
    };
    let enums::messages::MessageViews::Views(views) = room.ask(carol, &query).unwrap();
    let enums::MessageViews::Views(views) = &views.views[0];
    assert_eq!(views.views, Some(2));
    let query = functions::channels::GetParticipants {
        channel: room.channel(carol, peer),
        filter: enums::ChannelParticipantsFilter::ChannelParticipantsRecent,
        offset: 0,
        limit: 10,
        hash: 0,
    };
    assert_eq!(room.refused(carol, &query), "400 CHAT_ADMIN_REQUIRED");
}

#[test]
fn participants_come_in_pages() {
    let mut room = Room::new();
    let alice = room.alice;
    let peer = channel(&mut room, false);
    for number in 0..250 {
        let user = room.world.add_user(&format!("User {number}"), &format!("+49 152 {number:07}"));
        room.world.add_member(room.now, alice, peer, user).unwrap();
    }
    let mut page = |offset, limit| {
        let query = functions::channels::GetParticipants {
            channel: room.channel(alice, peer),
            filter: enums::ChannelParticipantsFilter::ChannelParticipantsRecent,
            offset,
            limit,
            hash: 0,
        };
        let enums::channels::ChannelParticipants::Participants(found) =
            room.ask(alice, &query).unwrap()
        else {
            panic!()
        };
        assert_eq!(found.users.len(), found.participants.len());
        (found.count, found.participants.len())
    };
    assert_eq!(page(0, i32::MAX), (253, 200));
    assert_eq!(page(200, 200), (253, 53));
    assert_eq!(page(253, 200), (253, 0));
    assert_eq!(page(-1, -1), (253, 0));
}

#[test]
fn a_public_channel_is_open_to_all_until_it_is_deleted() {
    let mut room = Room::new();
    let (alice, carol, bot) = (room.alice, room.carol, room.bot);
    let peer = room.world.make_channel(room.now, alice, "Room", false).unwrap();
    let query = functions::channels::JoinChannel { channel: room.channel(carol, peer) };
    assert_eq!(room.refused(carol, &query), "400 CHANNEL_PRIVATE");
    let username = |room: &Room, username: &str| functions::channels::UpdateUsername {
        channel: room.channel(alice, peer),
        username: username.into(),
    };
    for (name, answer) in [
        ("1room", "400 USERNAME_INVALID"),
        ("Robot_Bot", "400 USERNAME_OCCUPIED"),
        ("the_room", "answered"),
        ("the_room", "400 USERNAME_NOT_MODIFIED"),
    ] {
        let query = username(&room, name);
        assert_eq!(room.refused(alice, &query), answer);
    }
    let resolve = functions::contacts::ResolveUsername::new("THE_ROOM".into());
    let enums::contacts::ResolvedPeer::Peer(found) = room.ask(carol, &resolve).unwrap();
    assert_eq!((Peer::from(&found.peer), found.chats.len()), (peer, 1));
    room.ask(carol, &query).unwrap();
    assert_eq!(room.texts(carol, peer), ["messageActionChatAddUser", "messageActionChannelCreate"]);
    assert_eq!(room.refused(carol, &query), "400 USER_ALREADY_PARTICIPANT");
    let leave =
        |room: &Room, user| functions::channels::LeaveChannel { channel: room.channel(user, peer) };
    let query = leave(&room, alice);
    assert_eq!(room.refused(alice, &query), "400 USER_CREATOR");
    let query = leave(&room, carol);
    room.ask(carol, &query).unwrap();
    assert_eq!(room.refused(carol, &query), "400 USER_NOT_PARTICIPANT");
    // A bot may leave out the hash, and a stranger's is of no use.
    let Peer::Channel(channel_id) = peer else { panic!() };
    let unnamed = types::InputChannel { channel_id, access_hash: 0 };
    let query = functions::channels::GetChannels { id: vec![unnamed.into()] };
    assert_eq!(room.refused(bot, &query), "answered");
    assert_eq!(room.refused(carol, &query), "400 CHANNEL_INVALID");

    let delete = |room: &Room, user| functions::channels::DeleteChannel {
        channel: room.channel(user, peer),
    };
    let query = delete(&room, carol);
    assert_eq!(room.refused(carol, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = delete(&room, alice);
    room.ask(alice, &query).unwrap();
    assert_eq!(room.refused(alice, &query), "400 CHANNEL_PRIVATE");
    assert_eq!(room.world.conversations(alice), []);
}

#[test]
fn what_is_forbidden_to_all_is_not_to_admins() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    let forbid = |room: &Room, user, send_messages| {
        let rights = types::ChatBannedRights::new(0);
        functions::messages::EditChatDefaultBannedRights {
            peer: room.named(user, peer),
            banned_rights: types::ChatBannedRights { send_messages, ..rights }.into(),
        }
    };
    let query = forbid(&room, bob, true);
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = forbid(&room, alice, true);
    room.ask(alice, &query).unwrap();
    assert_eq!(room.refused(alice, &query), "400 CHAT_NOT_MODIFIED");
    let told = room.told(bob);
    let [enums::Update::ChatDefaultBannedRights(update)] = told.as_slice() else {
        panic!("{told:?}")
    };
    let enums::ChatBannedRights::Rights(rights) = &update.default_banned_rights;
    assert_eq!((rights.send_messages, rights.until_date), (true, i32::MAX));
    let text = room.text(bob, peer, "?");
    assert_eq!(room.refused(bob, &text), "403 CHAT_WRITE_FORBIDDEN");
    room.send(alice, peer, "quiet, please");
    let query = forbid(&room, alice, false);
    room.ask(alice, &query).unwrap();
    assert_eq!(room.refused(bob, &text), "answered");

    let query = functions::channels::DeleteParticipantHistory {
        channel: room.channel(alice, peer),
        participant: room.named(alice, Peer::User(bob)),
    };
    let enums::messages::AffectedHistory::History(gone) = room.ask(alice, &query).unwrap();
    assert_eq!((gone.pts_count, gone.offset), (1, 0));
    assert_eq!(room.texts(bob, peer)[0], "quiet, please");
}

#[test]
fn what_a_chat_is_about_is_told_in_full() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    let about = |room: &Room, user, about: &str| functions::messages::EditChatAbout {
        peer: room.named(user, peer),
        about: about.into(),
    };
    let query = about(&room, bob, "cats");
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = about(&room, alice, "cats");
    room.ask(alice, &query).unwrap();
    assert_eq!(room.refused(alice, &query), "400 CHAT_ABOUT_NOT_MODIFIED");
    let query = functions::channels::GetFullChannel { channel: room.channel(bob, peer) };
    let enums::messages::ChatFull::Full(full) = room.ask(bob, &query).unwrap();
    let enums::ChatFull::ChannelFull(full) = full.full_chat else { panic!() };
    assert_eq!((full.about.as_str(), full.participants_count), ("cats", Some(3)));
}
