//! Two people and a bot, in private.

use layer_sandbox::{Peer, SendOptions};
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, common_pts, messages, plain, sent_id, text_of, written_out};

#[test]
fn a_text_reaches_both_sides_with_the_right_numbers() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let query = room.text(alice, Peer::User(bob), "hello @robot_bot");
    let answer = room.ask(alice, &query).unwrap();
    let enums::Updates::UpdateShortSentMessage(sent) = &answer else { panic!("{answer:?}") };
    assert_eq!((sent.out, sent.id, sent.pts, sent.pts_count), (true, 1, 2, 1));
    assert_eq!(sent.entities.as_ref().unwrap().len(), 1);

    let heard = room.heard(bob);
    let [enums::Updates::UpdateShortMessage(short)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!(
        (short.out, short.user_id, short.message.as_str()),
        (false, alice, "hello @robot_bot")
    );
    assert_eq!((short.id, short.pts, short.pts_count), (1, 2, 1));

    let own = room.heard(alice);
    let [enums::Updates::UpdateShortMessage(short)] = own.as_slice() else { panic!("{own:?}") };
    assert_eq!((short.out, short.user_id), (true, bob));
    assert_eq!(room.state(alice).pts, 2);
    assert_eq!(room.state(bob), types::updates::State { unread_count: 1, ..room.state(bob) });
}

#[test]
fn without_short_forms_all_who_are_named_go_along_as_each_may_know_them() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    room.world.habits.short_forms = false;
    let query = room.text(alice, Peer::User(bob), "hello");
    let answer = room.ask(alice, &query).unwrap();
    let enums::Updates::Updates(updates) = answer else { panic!("{answer:?}") };
    assert_eq!(updates.seq, 0);
    let [enums::Update::MessageId(named), enums::Update::NewMessage(new)] =
        updates.updates.as_slice()
    else {
        panic!("{updates:?}");
    };
    assert_eq!((named.random_id, named.id), (query.random_id, plain(&new.message).id));
    let hash = |viewer, user: &enums::User| match user {
        enums::User::User(user) => {
            assert_eq!(user.access_hash, Some(room.world.accounts.access_hash(viewer, user.id)));
            user.id
        }
        enums::User::Empty(_) => panic!("{user:?}"),
    };
    let shown: Vec<i64> = updates.users.iter().map(|user| hash(alice, user)).collect();
    assert_eq!(shown, [alice, bob]);
    let heard = room.heard(bob);
    let [enums::Updates::Updates(updates)] = heard.as_slice() else { panic!("{heard:?}") };
    let hash = |user: &enums::User| match user {
        enums::User::User(user) => {
            (user.id, user.access_hash == Some(room.world.accounts.access_hash(bob, user.id)))
        }
        enums::User::Empty(_) => panic!("{user:?}"),
    };
    assert_eq!(updates.users.iter().map(hash).collect::<Vec<_>>(), [(alice, true)]);
    let enums::Update::NewMessage(new) = &updates.updates[0] else { panic!("{updates:?}") };
    let message = plain(&new.message);
    assert_eq!((message.out, &message.from_id), (false, &None));
    assert_eq!(Peer::from(&message.peer_id), Peer::User(alice));
}

#[test]
fn what_is_sent_again_is_sent_once() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let query = room.text(alice, Peer::User(bob), "once");
    let first = room.ask(alice, &query).unwrap();
    room.send(alice, Peer::User(bob), "between");
    assert_eq!(room.ask(alice, &query).unwrap(), first);
    room.world.habits.short_forms = false;
    assert_eq!(sent_id(&room.ask(alice, &query).unwrap()), sent_id(&first));
    assert_eq!(room.texts(bob, Peer::User(alice)), ["between", "once"]);
    let elsewhere =
        functions::messages::SendMessage { peer: room.named(alice, Peer::User(carol)), ..query };
    assert_eq!(room.refused(alice, &elsewhere), "500 RANDOM_ID_DUPLICATE");
}

#[test]
fn what_may_not_be_sent_is_refused() {
    let mut room = Room::new();
    let (alice, bob, bot) = (room.alice, room.bob, room.bot);
    let mut refused = |text: &str, change: &dyn Fn(&mut functions::messages::SendMessage)| {
        let mut query = room.text(alice, Peer::User(bob), text);
        change(&mut query);
        room.refused(alice, &query)
    };
    let nothing = |_: &mut functions::messages::SendMessage| {};
    let bold = |offset, length| types::MessageEntityBold { offset, length }.into();
    assert_eq!(refused(" \n", &nothing), "400 MESSAGE_EMPTY");
    assert_eq!(refused(&"x".repeat(4096), &nothing), "answered");
    assert_eq!(refused(&"x".repeat(4097), &nothing), "400 MESSAGE_TOO_LONG");
    let at = |offset, length| {
        move |query: &mut functions::messages::SendMessage| {
            query.entities = Some(vec![bold(offset, length)]);
        }
    };
    assert_eq!(refused("\u{1f600}", &at(0, 2)), "answered");
    assert_eq!(refused("\u{1f600}", &at(1, 2)), "400 ENTITY_BOUNDS_INVALID");
    assert_eq!(refused("x", &at(-1, 1)), "400 ENTITY_BOUNDS_INVALID");
    assert_eq!(refused("x", &at(i32::MAX, i32::MAX)), "400 ENTITY_BOUNDS_INVALID");
    let peer = |peer: enums::InputPeer| {
        move |query: &mut functions::messages::SendMessage| query.peer = peer.clone()
    };
    assert_eq!(refused("x", &peer(enums::InputPeer::Empty)), "400 PEER_ID_INVALID");
    let stranger = types::InputPeerUser { user_id: bob, access_hash: 7 };
    assert_eq!(refused("x", &peer(stranger.into())), "400 PEER_ID_INVALID");
    assert_eq!(
        refused("x", &peer(types::InputPeerChat { chat_id: 1 }.into())),
        "400 PEER_ID_INVALID"
    );
    let channel = types::InputPeerChannel { channel_id: 1, access_hash: 0 };
    assert_eq!(refused("x", &peer(channel.into())), "400 CHANNEL_INVALID");
    let reply = |query: &mut functions::messages::SendMessage| {
        query.reply_to = Some(types::InputReplyToMessage::new(77).into());
    };
    assert_eq!(refused("x", &reply), "400 MESSAGE_ID_INVALID");

    room.world.accounts.get_mut(bob).unwrap().blocked.insert(alice, 0);
    let query = room.text(alice, Peer::User(bob), "x");
    assert_eq!(room.refused(alice, &query), "400 USER_IS_BLOCKED");
    let query = room.text(bob, Peer::User(alice), "x");
    assert_eq!(room.refused(bob, &query), "400 YOU_BLOCKED_USER");
    room.world.accounts.get_mut(bob).unwrap().blocked.insert(bot, 0);
    let query = room.text(bot, Peer::User(bob), "x");
    assert_eq!(room.refused(bot, &query), "403 USER_IS_BLOCKED");
}

#[test]
fn answers_and_names_point_to_each_ones_own_copies() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    room.send(carol, Peer::User(bob), "so that identifiers differ");
    let first = room.send(alice, Peer::User(bob), "question");
    room.told(alice);
    room.told(bob);
    let mut query = room.text(bob, Peer::User(alice), "answer");
    query.reply_to = Some(types::InputReplyToMessage::new(2).into());
    room.ask(bob, &query).unwrap();
    let replies_to = |updates: Vec<enums::Update>| match updates.as_slice() {
        [enums::Update::NewMessage(new)] => match &plain(&new.message).reply_to {
            Some(enums::MessageReplyHeader::Header(header)) => header.reply_to_msg_id,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(first, 1);
    assert_eq!(replies_to(room.told(alice)), Some(1));
    assert_eq!(replies_to(room.told(bob)), Some(2));
}

#[test]
fn an_edit_is_seen_by_both_and_only_its_author_may() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let id = room.send(alice, Peer::User(bob), "teh");
    room.told(bob);
    let edit = |room: &Room, user, peer, text: &str| functions::messages::EditMessage {
        message: Some(text.into()),
        ..functions::messages::EditMessage::new(room.named(user, peer), id)
    };
    let query = edit(&room, bob, Peer::User(alice), "the");
    assert_eq!(room.refused(bob, &query), "403 MESSAGE_AUTHOR_REQUIRED");
    let query = edit(&room, alice, Peer::User(bob), "teh");
    assert_eq!(room.refused(alice, &query), "400 MESSAGE_NOT_MODIFIED");
    let query = edit(&room, alice, Peer::User(room.carol), "the");
    assert_eq!(room.refused(alice, &query), "400 MESSAGE_ID_INVALID");
    room.later(5);
    let query = edit(&room, alice, Peer::User(bob), "the");
    let answer = written_out(alice, room.ask(alice, &query).unwrap());
    let told = room.told(bob);
    for (update, out) in [(&answer[0], true), (&told[0], false)] {
        let enums::Update::EditMessage(edit) = update else { panic!("{update:?}") };
        let message = plain(&edit.message);
        assert_eq!((message.out, message.message.as_str(), edit.pts), (out, "the", 3));
        assert_eq!(message.edit_date, Some(message.date + 5));
    }
    room.later(200_000);
    let query = edit(&room, alice, Peer::User(bob), "other");
    assert_eq!(room.refused(alice, &query), "400 MESSAGE_EDIT_TIME_EXPIRED");
}

#[test]
fn what_is_deleted_is_gone_for_one_or_for_both() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    for text in ["a", "b", "c"] {
        room.send(alice, Peer::User(bob), text);
    }
    room.told(bob);
    let delete =
        |ids: &[i32], revoke| functions::messages::DeleteMessages { revoke, id: ids.into() };
    let enums::messages::AffectedMessages::Messages(affected) =
        room.ask(alice, &delete(&[1, 1, 99], false)).unwrap();
    assert_eq!((affected.pts, affected.pts_count), (5, 1));
    assert_eq!(room.told(bob), []);
    let enums::messages::AffectedMessages::Messages(affected) =
        room.ask(alice, &delete(&[2, 3], true)).unwrap();
    assert_eq!((affected.pts, affected.pts_count), (7, 2));
    let told = room.told(bob);
    let [enums::Update::DeleteMessages(gone)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((gone.messages.as_slice(), gone.pts, gone.pts_count), (&[2, 3][..], 6, 2));
    assert_eq!(room.texts(alice, Peer::User(bob)), [""; 0]);
    assert_eq!(room.texts(bob, Peer::User(alice)), ["a"]);
    let again = room.ask(alice, &delete(&[2], true)).unwrap();
    assert_eq!(again, types::messages::AffectedMessages { pts: 7, pts_count: 0 }.into());
}

#[test]
fn a_history_that_is_deleted_leaves_the_list() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    for text in ["a", "b", "c"] {
        room.send(alice, Peer::User(bob), text);
    }
    let query = functions::messages::DeleteHistory {
        revoke: true,
        ..functions::messages::DeleteHistory::new(room.named(alice, Peer::User(bob)), 0)
    };
    let enums::messages::AffectedHistory::History(affected) = room.ask(alice, &query).unwrap();
    assert_eq!((affected.pts, affected.pts_count, affected.offset), (7, 3, 0));
    assert_eq!(room.world.conversations(alice), []);
    assert_eq!(room.world.conversations(bob), []);
    room.send(bob, Peer::User(alice), "again");
    assert_eq!(room.world.conversations(alice), [Peer::User(bob)]);
}

#[test]
fn reading_moves_both_marks_and_counts_what_is_left() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    for text in ["a", "b", "c"] {
        room.send(alice, Peer::User(bob), text);
    }
    assert_eq!(room.dialog(bob, Peer::User(alice)).unread_count, 3);
    room.told(alice);
    room.told(bob);
    let read = |room: &Room, max_id| functions::messages::ReadHistory {
        peer: room.named(bob, Peer::User(alice)),
        max_id,
    };
    let query = read(&room, 2);
    let answer = room.ask(bob, &query).unwrap();
    assert_eq!(answer, types::messages::AffectedMessages { pts: 5, pts_count: 1 }.into());
    let told = room.told(bob);
    let [enums::Update::ReadHistoryInbox(read_inbox)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((read_inbox.max_id, read_inbox.still_unread_count, read_inbox.pts), (2, 1, 5));
    let told = room.told(alice);
    let [enums::Update::ReadHistoryOutbox(outbox)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((outbox.max_id, outbox.pts), (2, 5));
    let dialog = room.dialog(bob, Peer::User(alice));
    assert_eq!((dialog.unread_count, dialog.read_inbox_max_id, dialog.top_message), (1, 2, 3));
    assert_eq!(room.dialog(alice, Peer::User(bob)).read_outbox_max_id, 2);
    let query = read(&room, 1);
    let again = room.ask(bob, &query).unwrap();
    assert_eq!(again, types::messages::AffectedMessages { pts: 5, pts_count: 0 }.into());
    assert_eq!((room.told(alice), room.told(bob)), (vec![], vec![]));
}

#[test]
fn a_bot_is_told_that_it_was_stopped_by_its_own_numbers() {
    let mut room = Room::new();
    let (alice, bot) = (room.alice, room.bot);
    let id = room.named(alice, Peer::User(bot));
    room.ask(alice, &functions::contacts::Block { my_stories_from: false, id }).unwrap();
    let told = room.told(bot);
    let [enums::Update::BotStopped(stopped)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((stopped.user_id, stopped.stopped, stopped.qts), (alice, true, 2));
    let state = room.state(bot);
    assert_eq!((state.pts, state.qts), (1, 2));
    let query = functions::updates::GetDifference::new(1, 1, 1);
    let found = room.ask(bot, &query).unwrap();
    let enums::updates::Difference::Difference(found) = found else { panic!("{found:?}") };
    assert_eq!(found.other_updates, told);
}

#[test]
fn notes_to_oneself_are_one_copy_and_not_outgoing() {
    let mut room = Room::new();
    let alice = room.alice;
    room.send(alice, Peer::User(alice), "milk");
    assert_eq!(room.state(alice), types::updates::State { pts: 2, ..room.state(alice) });
    let told = room.told(alice);
    let [enums::Update::NewMessage(new)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        (plain(&new.message).out, Peer::from(&plain(&new.message).peer_id)),
        (false, Peer::User(alice))
    );
    assert_eq!(room.dialog(alice, Peer::User(alice)).unread_count, 0);
}

#[test]
fn histories_are_asked_for_in_windows() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    for number in 1..=9 {
        room.later(10);
        room.send(alice, Peer::User(bob), &number.to_string());
    }
    let peer = room.named(alice, Peer::User(bob));
    let all = functions::messages::GetHistory {
        peer,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 3,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    let mut ask = |change: &dyn Fn(&mut functions::messages::GetHistory)| {
        let mut query = all.clone();
        change(&mut query);
        let found = room.ask(alice, &query).unwrap();
        messages(&found).iter().map(text_of).collect::<String>()
    };
    assert_eq!(ask(&|_| {}), "987");
    assert_eq!(ask(&|query| query.offset_id = 4), "321");
    assert_eq!(ask(&|query| (query.offset_id, query.add_offset) = (4, -2)), "543");
    assert_eq!(ask(&|query| (query.offset_id, query.add_offset) = (4, -3)), "654");
    assert_eq!(ask(&|query| query.add_offset = -2), "9");
    assert_eq!(ask(&|query| query.add_offset = 8), "1");
    assert_eq!(ask(&|query| query.add_offset = 9), "");
    assert_eq!(ask(&|query| (query.limit, query.max_id, query.min_id) = (100, 8, 5)), "76");
    assert_eq!(ask(&|query| query.offset_date = 1_700_000_030), "21");
    // Who names both means the message: others of its second come after it.
    assert_eq!(ask(&|query| (query.offset_id, query.offset_date) = (4, 1)), "321");
    assert_eq!(ask(&|query| (query.limit, query.add_offset) = (i32::MAX, i32::MIN)), "");
    let found = room.ask(alice, &all).unwrap();
    let enums::messages::Messages::Slice(slice) = found else { panic!("{found:?}") };
    assert_eq!((slice.count, slice.offset_id_offset), (9, Some(0)));
}

#[test]
fn who_speaks_without_a_client_is_heard_like_others() {
    let mut room = Room::new();
    let (alice, bot) = (room.alice, room.bot);
    let (now, options) = (room.now, SendOptions::default());
    let id = room.world.send_text(now, alice, Peer::User(bot), "/start", options.clone()).unwrap();
    assert_eq!(room.told(bot).iter().filter_map(common_pts).collect::<Vec<_>>(), [(2, 1)]);
    room.world.edit_text(now, alice, Peer::User(bot), id, "/stop", None).unwrap();
    let history = room.world.history(bot, Peer::User(alice));
    assert_eq!(history.iter().map(text_of).collect::<Vec<_>>(), ["/stop"]);
    room.world.read_all(now, bot, Peer::User(alice));
    assert_eq!(room.dialog(alice, Peer::User(bot)).read_outbox_max_id, id);
    room.world.delete_messages(now, alice, Peer::User(bot), &[id]).unwrap();
    assert_eq!(room.world.history(bot, Peer::User(alice)), []);
    let refused = room.world.send_text(now, alice, Peer::User(bot), " ", options).unwrap_err();
    assert_eq!(refused.to_string(), "400 MESSAGE_EMPTY");
}
