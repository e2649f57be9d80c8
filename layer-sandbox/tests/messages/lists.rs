//! The list of conversations, drafts, and what is scheduled.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, messages, plain, text_of, written_out};

fn page(
    room: &mut Room,
    limit: i32,
    offset: (i32, i32, enums::InputPeer),
) -> (bool, Vec<types::Dialog>, Vec<enums::Message>) {
    let query = functions::messages::GetDialogs {
        offset_date: offset.0,
        offset_id: offset.1,
        ..functions::messages::GetDialogs::new(0, 0, offset.2, limit, 0)
    };
    let (is_whole, dialogs, messages) = match room.ask(room.alice, &query).unwrap() {
        enums::messages::Dialogs::Dialogs(all) => (true, all.dialogs, all.messages),
        enums::messages::Dialogs::Slice(slice) => (false, slice.dialogs, slice.messages),
        enums::messages::Dialogs::NotModified(_) => panic!(),
    };
    let dialogs = dialogs.into_iter().map(|dialog| match dialog {
        enums::Dialog::Dialog(dialog) => dialog,
        other => panic!("{other:?}"),
    });
    (is_whole, dialogs.collect(), messages)
}

#[test]
fn conversations_come_in_pages_in_the_order_of_what_was_said_last() {
    let mut room = Room::new();
    let (alice, bob, carol, bot) = (room.alice, room.bob, room.carol, room.bot);
    let mut peers = vec![Peer::User(bob), Peer::User(carol), Peer::User(bot)];
    peers.push(room.world.make_group(room.now, alice, "Group", &[]).unwrap());
    peers.push(room.world.make_channel(room.now, alice, "Channel", true).unwrap());
    for peer in &peers {
        room.later(1);
        room.send(alice, *peer, "hello");
    }
    let pin = functions::messages::ToggleDialogPin {
        pinned: true,
        peer: types::InputDialogPeer { peer: room.named(alice, Peer::User(carol)) }.into(),
    };
    room.ask(alice, &pin).unwrap();
    assert!(page(&mut room, 100, (0, 0, enums::InputPeer::Empty)).0);
    let mut found = Vec::new();
    let mut offset = (0, 0, enums::InputPeer::Empty);
    loop {
        let (_, dialogs, messages) = page(&mut room, 2, offset.clone());
        let Some(last) = dialogs.last() else { break };
        let last_message = messages
            .iter()
            .map(plain)
            .find(|message| (message.id, &message.peer_id) == (last.top_message, &last.peer));
        let peer = room.named(alice, Peer::from(&last.peer));
        offset = (last_message.unwrap().date, last.top_message, peer);
        found.extend(dialogs.iter().map(|dialog| Peer::from(&dialog.peer)));
    }
    let order = [peers[1], peers[4], peers[3], peers[2], peers[0]];
    assert_eq!(found, order);
    assert_eq!(room.world.conversations(alice), order);
    let query = functions::messages::GetPinnedDialogs { folder_id: 0 };
    let enums::messages::PeerDialogs::Dialogs(pinned) = room.ask(alice, &query).unwrap();
    assert_eq!(pinned.dialogs.len(), 1);
}

#[test]
fn a_draft_is_told_to_other_devices_and_ends_with_the_message() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    room.send(alice, Peer::User(bob), "hello");
    room.told(alice);
    let seq = room.state(alice).seq;
    let peer = room.named(alice, Peer::User(bob));
    let query = functions::messages::SaveDraft::new(peer, "half a sen".into());
    room.ask(alice, &query).unwrap();
    let heard = room.heard(alice);
    let [enums::Updates::Updates(updates)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((updates.seq, room.state(alice).seq), (seq + 1, seq + 1), "numbered by seq");
    assert!(room.dialog(alice, Peer::User(bob)).draft.is_some());
    let mut query = room.text(alice, Peer::User(bob), "half a sentence");
    query.clear_draft = true;
    room.ask(alice, &query).unwrap();
    assert_eq!(room.dialog(alice, Peer::User(bob)).draft, None);
}

#[test]
fn what_is_scheduled_is_sent_in_its_time_before_it_or_never() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let peer = Peer::User(bob);
    let schedule = |room: &mut Room, text: &str, after: i32| {
        let mut query = room.text(alice, peer, text);
        query.schedule_date = Some(room.now.unix() as i32 + after);
        room.ask(alice, &query)
    };
    let answer = written_out(alice, schedule(&mut room, "at noon", 3600).unwrap());
    let [enums::Update::MessageId(named), enums::Update::NewScheduledMessage(new)] =
        answer.as_slice()
    else {
        panic!("{answer:?}");
    };
    assert_eq!((named.id, plain(&new.message).from_scheduled), (1, true));
    schedule(&mut room, "early", 7200).unwrap();
    schedule(&mut room, "never", 7200).unwrap();
    schedule(&mut room, "at once", 5).unwrap();
    let late = schedule(&mut room, "too late", 400 * 86_400).unwrap_err();
    assert_eq!(late.to_string(), "400 SCHEDULE_DATE_TOO_LATE");
    assert_eq!(room.texts(bob, Peer::User(alice)), ["at once"]);
    let query = functions::messages::GetScheduledHistory { peer: room.named(alice, peer), hash: 0 };
    let found = room.ask(alice, &query).unwrap();
    let texts: Vec<_> = messages(&found).iter().map(text_of).collect();
    assert_eq!(texts, ["at noon", "early", "never"]);
    let query =
        functions::messages::SendScheduledMessages { peer: room.named(alice, peer), id: vec![2] };
    let answer = written_out(alice, room.ask(alice, &query).unwrap());
    let Some(enums::Update::DeleteScheduledMessages(gone)) = answer.last() else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (gone.messages.as_slice(), gone.sent_messages.as_deref()),
        (&[2][..], Some(&[2][..]))
    );
    assert_eq!(room.refused(alice, &query), "400 MESSAGE_ID_INVALID");
    let query =
        functions::messages::DeleteScheduledMessages { peer: room.named(alice, peer), id: vec![3] };
    room.ask(alice, &query).unwrap();
    room.later(3600);
    assert_eq!(room.texts(bob, Peer::User(alice)), ["at noon", "early", "at once"]);
    let mut query = room.text(room.bot, Peer::User(alice), "bots may not");
    query.schedule_date = Some(i32::MAX);
    assert_eq!(room.refused(room.bot, &query), "400 SCHEDULE_BOT_NOT_ALLOWED");
}
