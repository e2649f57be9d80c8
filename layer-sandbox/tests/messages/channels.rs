//! Supergroups and broadcast channels: a box of their own, and who may what.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, channel_pts, common_pts, messages, plain, sent_id, text_of};

/// A supergroup of Alice's with Bob and Carol, or a broadcast channel.
pub(crate) fn channel(room: &mut Room, broadcast: bool) -> Peer {
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = room.world.make_channel(room.now, alice, "Room", broadcast).unwrap();
    let users = vec![room.user(alice, bob), room.user(alice, carol)];
    let query = functions::channels::InviteToChannel { channel: room.channel(alice, peer), users };
    room.ask(alice, &query).unwrap();
    for user in [alice, bob, carol] {
        room.told(user);
    }
    peer
}

pub(crate) fn difference(
    room: &mut Room,
    user: i64,
    peer: Peer,
    pts: i32,
    limit: i32,
) -> Result<enums::updates::ChannelDifference, String> {
    let query = functions::updates::GetChannelDifference {
        force: false,
        channel: room.channel(user, peer),
        filter: enums::ChannelMessagesFilter::Empty,
        pts,
        limit,
    };
    room.ask(user, &query).map_err(|error| error.to_string())
}

#[test]
fn a_new_channel_is_answered_with_its_first_message_and_its_name() {
    let mut room = Room::new();
    let alice = room.alice;
    let query = functions::channels::CreateChannel {
        megagroup: true,
        ..functions::channels::CreateChannel::new("Room".into(), "about".into())
    };
    let answer = room.ask(alice, &query).unwrap();
    assert_eq!(sent_id(&answer), 1);
    let enums::Updates::Updates(updates) = answer else { panic!("{answer:?}") };
    let [
        enums::Update::MessageId(_),
        enums::Update::Channel(_),
        enums::Update::NewChannelMessage(new),
    ] = updates.updates.as_slice()
    else {
        panic!("{updates:?}");
    };
    assert_eq!((new.pts, new.pts_count), (2, 1));
    let [enums::Chat::Channel(seen)] = updates.chats.as_slice() else { panic!("{updates:?}") };
    assert!(seen.creator && seen.megagroup && !seen.broadcast && seen.access_hash.is_some());
    let Some(enums::ChatBannedRights::Rights(rights)) = &seen.default_banned_rights else {
        panic!("{seen:?}");
    };
    assert_eq!(rights.until_date, i32::MAX);
    let peer = Peer::Channel(seen.id);
    assert_eq!((room.dialog(alice, peer).pts, room.state(alice).pts), (Some(2), 1));
}

#[test]
fn a_channels_box_is_apart_and_without_holes() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = channel(&mut room, false);
    let before = room.state(bob).pts;
    let first = room.send(alice, peer, "a");
    room.send(bob, peer, "b");
    let edit = functions::messages::EditMessage {
        message: Some("A".into()),
        ..functions::messages::EditMessage::new(room.named(alice, peer), first)
    };
    room.ask(alice, &edit).unwrap();
    let delete = functions::channels::DeleteMessages {
        channel: room.channel(alice, peer),
        id: vec![1, 2, 99],
    };
    let enums::messages::AffectedMessages::Messages(affected) = room.ask(alice, &delete).unwrap();
    assert_eq!(affected.pts_count, 2);
    let told = room.told(carol);
    let numbers: Vec<_> = told.iter().filter_map(channel_pts).collect();
    assert_eq!(numbers, [(4, 1), (5, 1), (6, 1), (8, 2)]);
    assert_eq!(affected.pts, 8);
    assert_eq!(told.iter().filter_map(common_pts).count(), 0);
    assert_eq!(room.state(bob).pts, before);
    let out: Vec<bool> = room
        .told(bob)
        .iter()
        .filter_map(|update| match update {
            enums::Update::NewChannelMessage(new) => Some(plain(&new.message).out),
            _ => None,
        })
        .collect();
    assert_eq!(out, [false, true]);
    assert_eq!(room.texts(carol, peer), ["b", "A"]);
    let delete =
        functions::channels::DeleteMessages { channel: room.channel(bob, peer), id: vec![first] };
    assert_eq!(room.refused(bob, &delete), "403 MESSAGE_DELETE_FORBIDDEN");
    let common = functions::messages::DeleteMessages { revoke: true, id: vec![first] };
    room.ask(alice, &common).unwrap();
    assert_eq!(room.texts(carol, peer), ["b", "A"], "other numbers are of other boxes");
}

#[test]
fn what_was_missed_in_a_channel_comes_in_parts_or_is_too_long() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    for number in 0..6 {
        room.send(alice, peer, &number.to_string());
    }
    let at = room.dialog(bob, peer).pts.unwrap();
    let (mut pts, mut texts, mut parts) = (at - 6, Vec::new(), 0);
    loop {
        let part = difference(&mut room, bob, peer, pts, 4).unwrap();
        let enums::updates::ChannelDifference::Difference(part) = part else { panic!("{part:?}") };
        texts.extend(part.new_messages.iter().map(text_of));
        (pts, parts) = (part.pts, parts + 1);
        if part.r#final {
            break;
        }
    }
    assert_eq!((texts.concat().as_str(), pts, parts), ("012345", at, 2));
    let nothing = difference(&mut room, bob, peer, at, 100).unwrap();
    let enums::updates::ChannelDifference::Empty(nothing) = nothing else { panic!("{nothing:?}") };
    assert_eq!((nothing.pts, nothing.r#final), (at, true));
    assert_eq!(
        difference(&mut room, bob, peer, 0, 1),
        Err("400 PERSISTENT_TIMESTAMP_EMPTY".into())
    );
    let late = difference(&mut room, bob, peer, at + 1, 1);
    assert_eq!(late, Err("400 PERSISTENT_TIMESTAMP_INVALID".into()));

    room.world.habits.events = 2;
    room.send(alice, peer, "6");
    let long = difference(&mut room, bob, peer, 1, 100).unwrap();
    let enums::updates::ChannelDifference::TooLong(long) = long else { panic!("{long:?}") };
    let enums::Dialog::Dialog(dialog) = &long.dialog else { panic!("{long:?}") };
    assert_eq!((dialog.pts, dialog.top_message, long.r#final), (Some(at + 1), 9, true));
    assert_eq!(text_of(&long.messages[0]), "6");
}

#[test]
fn the_common_difference_names_the_channels_in_which_something_happened() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    room.later(100);
    let state = room.state(bob);
    room.later(100);
    let ask = functions::updates::GetDifference::new(state.pts, state.date, state.qts);
    assert!(matches!(room.ask(bob, &ask).unwrap(), enums::updates::Difference::Empty(_)));
    room.send(alice, peer, "x");
    let found = room.ask(bob, &ask).unwrap();
    let enums::updates::Difference::Difference(found) = found else { panic!("{found:?}") };
    let [enums::Update::ChannelTooLong(named)] = found.other_updates.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((Peer::Channel(named.channel_id), named.pts), (peer, room.dialog(bob, peer).pts));
    assert_eq!(found.chats.len(), 1);
}

#[test]
fn reading_in_a_supergroup_tells_reader_and_authors() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    room.send(alice, peer, "a");
    let last = room.send(alice, peer, "b");
    room.told(alice);
    room.told(bob);
    assert_eq!(room.dialog(bob, peer).unread_count, 3, "with who was brought in");
    let query =
        functions::channels::ReadHistory { channel: room.channel(bob, peer), max_id: last - 1 };
    room.ask(bob, &query).unwrap();
    let told = room.told(bob);
    let [enums::Update::ReadChannelInbox(inbox)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((inbox.max_id, inbox.still_unread_count), (last - 1, 1));
    let told = room.told(alice);
    let [enums::Update::ReadChannelOutbox(outbox)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(outbox.max_id, last - 1);
}

#[test]
fn a_history_is_cleared_for_one_or_for_all() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    let id = room.send(alice, peer, "a");
    room.send(alice, peer, "b");
    let clear = |room: &Room, user, for_everyone| functions::channels::DeleteHistory {
        for_everyone,
        channel: room.channel(user, peer),
        max_id: id,
    };
    let query = clear(&room, bob, true);
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
    let query = clear(&room, bob, false);
    room.ask(bob, &query).unwrap();
    assert_eq!((room.texts(bob, peer), room.texts(alice, peer).len()), (vec!["b".to_owned()], 4));
    let query = clear(&room, alice, true);
    room.ask(alice, &query).unwrap();
    assert_eq!(room.texts(alice, peer), ["b"]);
}

#[test]
fn strangers_are_shown_by_min_constructors_and_named_by_a_message() {
    let mut room = Room::new();
    room.world.habits.min_users = true;
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = channel(&mut room, false);
    let id = room.send(carol, peer, "who am I?");
    let heard = room.heard(bob);
    let [enums::Updates::Updates(updates)] = heard.as_slice() else { panic!("{heard:?}") };
    let [enums::User::User(user)] = updates.users.as_slice() else { panic!("{updates:?}") };
    assert!(user.min && user.access_hash != Some(room.world.accounts.access_hash(bob, carol)));
    let by_hash = types::InputPeerUser { user_id: carol, access_hash: user.access_hash.unwrap() };
    let mut query = room.text(bob, Peer::User(carol), "Carol?");
    query.peer = by_hash.into();
    assert_eq!(room.refused(bob, &query), "400 PEER_ID_INVALID");
    let at = |msg_id| types::InputPeerUserFromMessage {
        peer: room.named(bob, peer),
        msg_id,
        user_id: carol,
    };
    query.peer = at(1).into();
    let elsewhere = query.clone();
    query.peer = at(id).into();
    assert_eq!(room.refused(bob, &elsewhere), "400 MSG_ID_INVALID");
    assert_eq!(room.refused(bob, &query), "answered");
    let by_message = |msg_id| types::InputUserFromMessage {
        peer: room.named(bob, peer),
        msg_id,
        user_id: carol,
    };
    let hers = functions::users::GetUsers { id: vec![by_message(id).into()] };
    let nobodys = functions::users::GetUsers { id: vec![by_message(1).into()] };
    let found = [room.ask(bob, &hers).unwrap(), room.ask(bob, &nobodys).unwrap()];
    let is_there = found.map(|found| matches!(found[0], enums::User::User(_)));
    assert_eq!(is_there, [true, false]);
    let _ = alice;
}

#[test]
fn messages_are_found_by_number_and_by_text() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = channel(&mut room, false);
    let first = room.send(alice, peer, "Red apples");
    let second = room.send(bob, peer, "green APPLES https://a.bc");
    let id = |id| types::InputMessageId { id }.into();
    let query = functions::channels::GetMessages {
        channel: room.channel(bob, peer),
        id: vec![id(second), id(99), id(first)],
    };
    let found = room.ask(bob, &query).unwrap();
    let texts: Vec<_> = messages(&found).iter().map(text_of).collect();
    assert_eq!(texts, ["green APPLES https://a.bc", "no 99", "Red apples"]);
    let search =
        |room: &Room, words: &str, filter: enums::MessagesFilter| functions::messages::Search {
            peer: room.named(bob, peer),
            q: words.into(),
            filter,
            limit: 10,
            ..functions::messages::Search::new(
                enums::InputPeer::Empty,
                String::new(),
                enums::MessagesFilter::InputMessagesFilterEmpty,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            )
        };
    use enums::MessagesFilter::{
        InputMessagesFilterEmpty, InputMessagesFilterPinned, InputMessagesFilterUrl,
    };
    let mut count = |words: &str, filter| {
        let query = search(&room, words, filter);
        let found = room.ask(bob, &query).unwrap();
        messages(&found).len()
    };
    assert_eq!(count("apples", InputMessagesFilterEmpty), 2);
    assert_eq!(count("red", InputMessagesFilterEmpty), 1);
    assert_eq!(count("", InputMessagesFilterUrl), 1);
    assert_eq!(count("", InputMessagesFilterPinned), 0);
    assert_eq!(count("pears", InputMessagesFilterEmpty), 0);
}
