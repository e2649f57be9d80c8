//! Basic groups.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, common_pts, messages, plain, text_of, written_out};

/// A group of Alice's with Bob and the bot.
fn group(room: &mut Room) -> (Peer, i64) {
    let (alice, bob, bot) = (room.alice, room.bob, room.bot);
    let peer = room.world.make_group(room.now, alice, "Friends", &[bob, bot]).unwrap();
    for user in [alice, bob, bot] {
        room.told(user);
    }
    let Peer::Chat(id) = peer else { panic!("{peer:?}") };
    (peer, id)
}

#[test]
fn a_group_is_told_of_to_all_who_are_in_it() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    room.world.accounts.get_mut(carol).unwrap().blocked.insert(alice, 0);
    let users = vec![room.user(alice, bob), room.user(alice, carol)];
    let query = functions::messages::CreateChat::new(users, " Friends ".into());
    let enums::messages::InvitedUsers::Users(invited) = room.ask(alice, &query).unwrap();
    assert_eq!(invited.missing_invitees, [types::MissingInvitee::new(carol).into()]);
    let enums::Updates::Updates(updates) = invited.updates else { panic!("{:?}", invited.updates) };
    let [
        enums::Update::MessageId(named),
        enums::Update::ChatParticipants(all),
        enums::Update::NewMessage(new),
    ] = updates.updates.as_slice()
    else {
        panic!("{updates:?}");
    };
    assert_eq!(
        (named.id, new.pts, text_of(&new.message).as_str()),
        (1, 2, "messageActionChatCreate")
    );
    let enums::ChatParticipants::Participants(all) = &all.participants else { panic!("{all:?}") };
    assert_eq!(all.participants.len(), 2);
    let [enums::Chat::Chat(chat)] = updates.chats.as_slice() else { panic!("{updates:?}") };
    assert_eq!((chat.title.as_str(), chat.creator, chat.participants_count), ("Friends", true, 2));
    assert_eq!(updates.users.len(), 2);
    assert_eq!(room.told(bob).len(), 2);
    assert_eq!(room.told(carol), []);

    let query = functions::messages::CreateChat::new(vec![], " ".into());
    assert_eq!(room.refused(alice, &query), "400 CHAT_TITLE_EMPTY");
}

#[test]
fn what_is_said_reaches_all_members_in_the_short_form() {
    let mut room = Room::new();
    let (alice, bob, bot) = (room.alice, room.bob, room.bot);
    let (peer, id) = group(&mut room);
    room.send(bob, peer, "hello /all");
    let heard = room.heard(alice);
    let [enums::Updates::UpdateShortChatMessage(short)] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    assert_eq!((short.chat_id, short.from_id, short.pts, short.pts_count), (id, bob, 3, 1));
    assert_eq!(room.told(bot).iter().filter_map(common_pts).collect::<Vec<_>>(), [(3, 1)]);
    assert_eq!(room.told(room.carol), []);
    assert_eq!(room.dialog(alice, peer).unread_count, 2 - 1, "what one has done is not unread");
    let read = functions::messages::ReadHistory { peer: room.named(alice, peer), max_id: 0 };
    room.ask(alice, &read).unwrap();
    assert_eq!(room.dialog(alice, peer).unread_count, 0);
    assert_eq!(room.dialog(bob, peer).read_outbox_max_id, 2);
}

#[test]
fn members_come_and_go_and_are_told() {
    let mut room = Room::new();
    let (alice, bob, carol, bot) = (room.alice, room.bob, room.carol, room.bot);
    let (peer, chat_id) = group(&mut room);
    let add =
        functions::messages::AddChatUser { chat_id, user_id: room.user(bob, carol), fwd_limit: 0 };
    let enums::messages::InvitedUsers::Users(added) = room.ask(bob, &add).unwrap();
    let texts = |updates: &[enums::Update]| -> Vec<String> {
        let new = updates.iter().filter_map(|update| match update {
            enums::Update::NewMessage(new) => Some(text_of(&new.message)),
            _ => None,
        });
        new.collect()
    };
    assert_eq!(texts(&written_out(bob, added.updates)), ["messageActionChatAddUser"]);
    assert_eq!(texts(&room.told(carol)), ["messageActionChatAddUser"]);
    assert_eq!(room.refused(bob, &add), "400 USER_ALREADY_PARTICIPANT");
    room.send(carol, peer, "hi");

    let kick = |room: &Room, by, user| functions::messages::DeleteChatUser {
        revoke_history: false,
        chat_id,
        user_id: room.user(by, user),
    };
    let query = kick(&room, carol, bob);
    assert_eq!(room.refused(carol, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = kick(&room, bob, alice);
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    room.told(carol);
    let query = kick(&room, alice, carol);
    room.ask(alice, &query).unwrap();
    assert_eq!(texts(&room.told(carol)), ["messageActionChatDeleteUser"]);
    assert_eq!(room.refused(alice, &query), "400 USER_NOT_PARTICIPANT");
    let query = room.text(carol, peer, "still?");
    assert_eq!(room.refused(carol, &query), "403 CHAT_WRITE_FORBIDDEN");
    room.send(alice, peer, "gone");
    assert_eq!(room.told(carol), []);
    let chats = functions::messages::GetChats { id: vec![chat_id] };
    let enums::messages::Chats::Chats(found) = room.ask(carol, &chats).unwrap() else { panic!() };
    assert!(matches!(found.chats[0], enums::Chat::Forbidden(_)), "{found:?}");
    assert_eq!(room.texts(carol, peer).len(), 3, "what was heard stays");

    // A bot is told by qts what becomes of it.
    let query = kick(&room, bot, bot);
    room.told(bot);
    room.ask(bot, &query).unwrap();
    let told = room.told(bot);
    let own = told.iter().find_map(|update| match update {
        enums::Update::ChatParticipant(update) => Some(update),
        _ => None,
    });
    let own = own.unwrap();
    assert_eq!((own.qts, own.user_id, own.new_participant.is_none()), (3, bot, true));
    assert!(own.prev_participant.is_some());
    let difference = functions::updates::GetDifference::new(room.state(bot).pts, 1, 2);
    let enums::updates::Difference::Difference(missed) = room.ask(bot, &difference).unwrap() else {
        panic!()
    };
    assert!(missed.other_updates.contains(&enums::Update::ChatParticipant(own.clone())));
}

#[test]
fn titles_and_admins_are_the_creators_to_give() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let (peer, chat_id) = group(&mut room);
    let rename = |title: &str| functions::messages::EditChatTitle { chat_id, title: title.into() };
    room.ask(bob, &rename("Foes")).unwrap();
    assert_eq!(room.refused(bob, &rename("Foes")), "400 CHAT_NOT_MODIFIED");
    assert_eq!(room.refused(room.carol, &rename("x")), "400 PEER_ID_INVALID");
    let admin = |room: &Room, by, user, is_admin| functions::messages::EditChatAdmin {
        chat_id,
        user_id: room.user(by, user),
        is_admin,
    };
    let query = admin(&room, bob, bob, true);
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = admin(&room, alice, bob, true);
    room.told(bob);
    room.ask(alice, &query).unwrap();
    let told = room.told(bob);
    let [enums::Update::ChatParticipantAdmin(update)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((update.user_id, update.is_admin, update.version), (bob, true, 2));
    let query = functions::messages::GetFullChat { chat_id };
    let enums::messages::ChatFull::Full(full) = room.ask(bob, &query).unwrap();
    let enums::ChatFull::Full(full_chat) = full.full_chat else { panic!() };
    assert!(full_chat.exported_invite.is_some());
    assert_eq!(full.users.len(), 3);
    let id = room.send(alice, peer, "bad");
    let query = functions::messages::DeleteMessages { revoke: true, id: vec![id] };
    room.ask(bob, &query).unwrap();
    assert_eq!(room.texts(alice, peer).len(), 2, "created, renamed");
}

#[test]
fn who_is_named_or_answered_is_told_and_looks_at_it() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let (peer, _) = group(&mut room);
    room.world.accounts.get_mut(bob).unwrap().usernames.push("bobby".into());
    room.send(alice, peer, "hey @Bobby!");
    let told = room.told(bob);
    let [enums::Update::NewMessage(new)] = told.as_slice() else { panic!("{told:?}") };
    assert!(plain(&new.message).mentioned && plain(&new.message).media_unread);
    let mut query = room.text(bob, peer, "yes?");
    query.reply_to = Some(types::InputReplyToMessage::new(2).into());
    room.ask(bob, &query).unwrap();
    assert_eq!(room.dialog(bob, peer).unread_mentions_count, 1);
    assert_eq!(room.dialog(alice, peer).unread_mentions_count, 1);
    let mentions =
        functions::messages::GetUnreadMentions::new(room.named(bob, peer), 0, 0, 10, 0, 0);
    let found = room.ask(bob, &mentions).unwrap();
    assert_eq!(messages(&found).iter().map(text_of).collect::<Vec<_>>(), ["hey @Bobby!"]);
    let pts = room.state(bob).pts;
    let look = functions::messages::ReadMessageContents { id: vec![2, 3, 99] };
    let answer = room.ask(bob, &look).unwrap();
    assert_eq!(answer, types::messages::AffectedMessages { pts: pts + 1, pts_count: 1 }.into());
    let query = functions::messages::ReadMentions::new(room.named(alice, peer));
    let enums::messages::AffectedHistory::History(read) = room.ask(alice, &query).unwrap();
    assert_eq!((read.pts_count, room.dialog(alice, peer).unread_mentions_count), (1, 0));
}

#[test]
fn a_group_that_has_become_a_supergroup_is_closed() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let (peer, chat_id) = group(&mut room);
    let query = functions::messages::MigrateChat { chat_id };
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let answer = room.ask(alice, &query).unwrap();
    let enums::Updates::Updates(updates) = answer else { panic!("{answer:?}") };
    let new = updates.chats.iter().find_map(|chat| match chat {
        enums::Chat::Channel(channel) => Some(channel.id),
        _ => None,
    });
    let new = Peer::Channel(new.unwrap());
    assert_eq!(room.refused(alice, &query), "400 CHAT_ID_INVALID");
    let query = room.text(bob, peer, "old");
    assert_eq!(room.refused(bob, &query), "400 CHAT_ID_INVALID");
    room.send(bob, new, "new");
    assert_eq!(room.texts(alice, new), ["new", "messageActionChannelMigrateFrom"]);
}

#[test]
fn a_link_brings_members_as_long_as_it_is_good() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let (peer, _) = group(&mut room);
    let export = |room: &Room, by| functions::messages::ExportChatInvite {
        usage_limit: Some(1),
        ..functions::messages::ExportChatInvite::new(room.named(by, peer))
    };
    let query = export(&room, bob);
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = export(&room, alice);
    let enums::ExportedChatInvite::ChatInviteExported(link) = room.ask(alice, &query).unwrap()
    else {
        panic!()
    };
    let hash = link.link.strip_prefix("https://t.me/+").unwrap().to_owned();
    let check = functions::messages::CheckChatInvite { hash: hash.clone() };
    let enums::ChatInvite::Invite(seen) = room.ask(carol, &check).unwrap() else { panic!() };
    assert_eq!((seen.title.as_str(), seen.participants_count, seen.channel), ("Friends", 3, false));
    assert!(matches!(room.ask(bob, &check).unwrap(), enums::ChatInvite::Already(_)));
    let import = functions::messages::ImportChatInvite { hash };
    room.ask(carol, &import).unwrap();
    assert_eq!(room.texts(alice, peer)[0], "messageActionChatJoinedByLink");
    assert_eq!(room.refused(bob, &import), "400 INVITE_HASH_EXPIRED");
    let empty = functions::messages::CheckChatInvite { hash: String::new() };
    assert_eq!(room.refused(bob, &empty), "400 INVITE_HASH_EMPTY");
}
