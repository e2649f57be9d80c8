//! Each form of `Updates` becomes the batch that it stands for.

use layer_tl_types::{Serializable, enums, types};

use super::super::fake::{Fake, channel, message, user};
use super::*;

fn short(id: i64) -> types::UpdateShortMessage {
    types::UpdateShortMessage::new(9, id, "Hello".to_owned(), 11, 1, 1000)
}

fn read_(updates: impl Into<enums::Updates>, account: &Fake) -> Came {
    read(&updates.into().to_bytes(), account)
}

fn common(at: i32, count: i32) -> Place {
    Place::In { line: LineId::Common, at, count }
}

#[test]
fn a_short_message_becomes_a_new_message_with_its_place() {
    let account = Fake::new();
    let came = read_(short(2), &account);
    let [(place, Item::Update(update))] = &came.batch.updates[..] else { panic!("{came:?}") };
    assert_eq!((*place, came.missed.len(), came.batch.seq), (common(11, 1), 0, None));
    let Some(enums::Message::Message(message)) = carriers::message(update) else { panic!() };
    assert_eq!((message.message.as_str(), message.id, message.date), ("Hello", 9, 1000));
    assert_eq!((&message.peer_id, &message.from_id), (&user(2), &Some(user(2))));
    let came = read_(types::UpdateShortMessage { out: true, ..short(2) }, &account);
    let [(_, Item::Update(update))] = &came.batch.updates[..] else { panic!("{came:?}") };
    let Some(enums::Message::Message(message)) = carriers::message(update) else { panic!() };
    assert_eq!((&message.from_id, message.out), (&Some(user(1)), true));
}

#[test]
fn a_short_message_of_a_group_names_group_and_author() {
    let account = Fake::new();
    let short = types::UpdateShortChatMessage::new(9, 4, 3, "Hello".to_owned(), 11, 1, 1000);
    let missed = Missed::Update { line: LineId::Common, at: 11, count: 1 };
    assert_eq!(read_(short.clone(), &account).missed, [missed], "nobody is known yet");
    account.know(&user(4));
    account.know(&types::PeerChat { chat_id: 3 }.into());
    let came = read_(short, &account);
    let [(place, Item::Update(update))] = &came.batch.updates[..] else { panic!("{came:?}") };
    assert_eq!(*place, common(11, 1));
    let Some(enums::Message::Message(message)) = carriers::message(update) else { panic!() };
    assert_eq!(message.peer_id, types::PeerChat { chat_id: 3 }.into());
    assert_eq!(message.from_id, Some(user(4)));
}

#[test]
fn anybody_unknown_in_a_short_form_means_a_difference_and_no_update() {
    let account = Fake::new();
    let forwarded =
        types::MessageFwdHeader { from_id: Some(channel(6)), ..types::MessageFwdHeader::new(5) };
    let reply = types::MessageReplyHeader {
        reply_to_peer_id: Some(user(7)),
        ..types::MessageReplyHeader::new()
    };
    let mention = types::MessageEntityMentionName { offset: 0, length: 1, user_id: 8 };
    let named = [
        (types::UpdateShortMessage { via_bot_id: Some(5), ..short(2) }, user(5)),
        (types::UpdateShortMessage { fwd_from: Some(forwarded.into()), ..short(2) }, channel(6)),
        (types::UpdateShortMessage { reply_to: Some(reply.into()), ..short(2) }, user(7)),
        (types::UpdateShortMessage { entities: Some(vec![mention.into()]), ..short(2) }, user(8)),
        (short(9), user(9)),
    ];
    for (short, unknown) in named {
        let came = read_(short.clone(), &account);
        let missed = Missed::Update { line: LineId::Common, at: 11, count: 1 };
        assert_eq!(came.missed, [missed], "{unknown:?}");
        assert!(came.batch.updates.is_empty());
        account.know(&unknown);
        assert_eq!(read_(short, &account).batch.updates.len(), 1);
    }
}

#[test]
fn who_is_shown_with_updates_is_known_before_they_are_looked_at() {
    let account = Fake::new();
    let sent = types::Message { from_id: Some(user(3)), ..message(channel(5), 1) };
    let update = types::UpdateNewChannelMessage { message: sent.into(), pts: 7, pts_count: 1 };
    let mut updates = types::Updates {
        updates: vec![update.into()],
        users: vec![],
        chats: vec![],
        date: 1000,
        seq: 0,
    };
    let line = LineId::Channel(5);
    let came = read_(updates.clone(), &account);
    let missed = Missed::Update { line, at: 7, count: 1 };
    assert_eq!((came.missed, came.batch.updates.len()), (vec![missed], 0));
    updates.users.push(types::User::new(3).into());
    updates.chats.push(types::Channel::new(5, "C".to_owned(), enums::ChatPhoto::Empty, 1).into());
    let came = read_(updates, &account);
    assert_eq!((came.missed.len(), came.batch.seq), (0, None));
    assert_eq!(came.batch.updates[0].0, Place::In { line, at: 7, count: 1 });
}

#[test]
fn combined_updates_keep_their_numbers() {
    let combined = types::UpdatesCombined {
        updates: vec![enums::Update::Config],
        users: vec![],
        chats: vec![],
        date: 1000,
        seq_start: 4,
        seq: 6,
    };
    let came = read_(combined, &Fake::new());
    assert_eq!(came.batch.seq, Some(Seq { start: 4, end: 6, date: 1000 }));
    assert_eq!(came.batch.updates, [(Place::Nowhere, enums::Update::Config.into())]);
}

#[test]
fn what_tells_to_fetch_is_not_handed_out() {
    let account = Fake::new();
    let long = types::UpdateChannelTooLong { channel_id: 5, pts: Some(9) };
    for (update, missed) in [
        (long.into(), Missed::In(LineId::Channel(5), Some(9))),
        (enums::Update::PtsChanged, Missed::State),
    ] {
        let came = read_(types::UpdateShort { update, date: 1000 }, &account);
        assert_eq!((came.missed, came.batch.updates.len()), (vec![missed], 0));
    }
    assert_eq!(read_(enums::Updates::TooLong, &account).missed, [Missed::Something]);
}

#[test]
fn an_object_that_cannot_be_read_is_handed_out_whole_and_fetched_in_a_known_form() {
    let account = Fake::new();
    let update = types::UpdateShort { update: enums::Update::Config, date: 1000 };
    let mut object = enums::Updates::from(update).to_bytes();
    object[4..8].copy_from_slice(&[1, 2, 3, 4]);
    for object in [object, vec![5, 6, 7, 8], vec![]] {
        let came = read(&object, &*account);
        assert_eq!(came.missed, [Missed::Something]);
        assert_eq!(came.batch.updates, [(Place::Nowhere, Item::Unknown(object))]);
    }
}
