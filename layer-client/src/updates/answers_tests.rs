//! The table of functions against the schema, and what becomes of answers.

use std::collections::BTreeSet;

use layer_tl_types::Serializable;

use super::super::fake::{Fake, user};
use super::super::schema::{Schema, answer};
use super::*;

/// Answers that are differences: whoever asks for them brings them to the order.
const DIFFERENCES: [&str; 2] = ["updates.Difference", "updates.ChannelDifference"];
const PLACES: [&str; 3] =
    ["messages.AffectedMessages", "messages.AffectedHistory", "messages.AffectedFoundMessages"];

#[test]
fn the_table_holds_exactly_the_functions_whose_answers_hold_updates() {
    let schema = Schema::of_the_layer();
    let mut listed: BTreeSet<u32> = WITH_UPDATES.iter().copied().collect();
    listed.insert(functions::messages::SendMessage::CONSTRUCTOR_ID);
    let mut found = BTreeSet::new();
    for function in schema.functions().filter(|it| !DIFFERENCES.contains(&&*answer(it))) {
        if schema.reaches(&answer(function), &["Updates", "Update"]) {
            assert!(listed.contains(&function.id), "{} is missing", function.full_name());
            found.insert(function.id);
        }
    }
    assert_eq!(found, listed);
    assert!(found.len() > 130);
}

#[test]
fn each_function_that_answers_with_a_place_tells_its_line() {
    let schema = Schema::of_the_layer();
    let mut found = 0;
    for definition in schema.functions().filter(|it| it.generics.is_empty()) {
        let request = schema.sample(definition, &|name| (name == "channel_id").then_some(77));
        let asked = Asked::by(&request);
        let is_place = PLACES.contains(&answer(definition).as_str());
        // The smallest `InputChannel` is none at all.
        let is_read = is_place && definition.namespace != ["channels"];
        let affects = matches!(asked, Asked::Affects(_));
        assert_eq!(affects, is_read, "{}", definition.full_name());
        found += usize::from(is_place);
    }
    assert_eq!(found, 13);
    // And every type with a pts and a count is one of these, a form of `Updates`, or an update.
    let counted = ["Update", "Updates"].into_iter().chain(PLACES).collect::<BTreeSet<_>>();
    assert_eq!(schema.types_with("pts_count"), counted.into_iter().map(str::to_owned).collect());
}

fn channel() -> enums::InputPeer {
    types::InputPeerChannel { channel_id: 77, access_hash: 5 }.into()
}

#[test]
fn a_call_on_a_channel_affects_the_channels_line() {
    let line = Asked::Affects(LineId::Channel(77));
    let channel_ =
        enums::InputChannel::from(types::InputChannel { channel_id: 77, access_hash: 5 });
    let delete = functions::channels::DeleteMessages { channel: channel_.clone(), id: vec![1] };
    assert_eq!(Asked::by(&delete.to_bytes()), line);
    let delete = functions::messages::DeleteHistory::new(channel(), 5);
    assert_eq!(Asked::by(&delete.to_bytes()), line);
    let unpin = functions::messages::UnpinAllMessages::new(channel());
    assert_eq!(Asked::by(&unpin.to_bytes()), line);
    let unpin = functions::messages::UnpinAllMessages::new(enums::InputPeer::PeerSelf);
    assert_eq!(Asked::by(&unpin.to_bytes()), Asked::Affects(LineId::Common));
    let delete = functions::messages::DeleteMessages::new(vec![1]);
    assert_eq!(Asked::by(&delete.to_bytes()), Asked::Affects(LineId::Common));
}

#[test]
fn wrappers_are_looked_through_and_another_account_s_place_is_not_ours() {
    let query = functions::messages::DeleteMessages::new(vec![1]);
    let takeout = functions::InvokeWithTakeout { takeout_id: 5, query: query.clone() };
    assert_eq!(Asked::by(&takeout.to_bytes()), Asked::Affects(LineId::Common));
    let connection_id = "c".to_owned();
    let theirs = functions::InvokeWithBusinessConnection { connection_id, query };
    assert_eq!(Asked::by(&theirs.to_bytes()), Asked::Nothing);
    for garbage in [&[][..], &[1, 2, 3], &[0xff; 64]] {
        assert_eq!(Asked::by(garbage), Asked::Nothing);
    }
}

#[test]
fn affected_messages_take_their_place_without_an_update() {
    let account = Fake::new();
    let object = enums::messages::AffectedMessages::from(types::messages::AffectedMessages {
        pts: 12,
        pts_count: 2,
    });
    let came = read(&Asked::Affects(LineId::Channel(77)), &object.to_bytes(), &*account);
    let place = Place::In { line: LineId::Channel(77), at: 12, count: 2 };
    assert_eq!((came.batch.updates, came.missed), (vec![(place, Item::Nothing)], vec![]));
}

#[test]
fn updates_within_an_answer_are_found() {
    let account = Fake::new();
    let inner: enums::Updates =
        types::UpdateShort { update: enums::Update::Config, date: 1000 }.into();
    let invited: enums::messages::InvitedUsers =
        types::messages::InvitedUsers { updates: inner.clone(), missing_invitees: vec![] }.into();
    let joined: enums::messages::ChatInviteJoinResult =
        types::messages::ChatInviteJoinResultOk { updates: inner.clone() }.into();
    let paid: enums::payments::PaymentResult =
        types::payments::PaymentResult { updates: inner.clone() }.into();
    for object in [inner.to_bytes(), invited.to_bytes(), joined.to_bytes(), paid.to_bytes()] {
        let came = read(&Asked::Updates, &object, &*account);
        assert_eq!(came.batch.updates, [(Place::Nowhere, enums::Update::Config.into())]);
    }
    let url = "https://example.org".to_owned();
    let verify: enums::payments::PaymentResult =
        types::payments::PaymentVerificationNeeded { url }.into();
    let came = read(&Asked::Updates, &verify.to_bytes(), &*account);
    assert!(came.batch.updates.is_empty() && came.missed.is_empty());
    let came = read(&Asked::Updates, &[1, 2, 3, 4], &*account);
    assert_eq!(came.missed, [Missed::Something]);
}

#[test]
fn a_short_answer_to_a_text_is_completed_from_the_request() {
    let account = Fake::new();
    let peer = types::InputPeerUser { user_id: 2, access_hash: 5 }.into();
    let reply = types::InputReplyToMessage::new(3).into();
    let request = functions::messages::SendMessage {
        silent: true,
        reply_to: Some(reply),
        ..functions::messages::SendMessage::new(peer, "Hello".to_owned(), 4)
    };
    let asked = Asked::by(&request.to_bytes());
    assert_eq!(asked, Asked::Sent(Box::new(request.clone())));
    let short = types::UpdateShortSentMessage {
        out: true,
        ..types::UpdateShortSentMessage::new(9, 11, 1, 1000)
    };
    let object = enums::Updates::from(short.clone()).to_bytes();
    let came = read(&asked, &object, &*account);
    let [(Place::In { line: LineId::Common, at: 11, count: 1 }, Item::Update(update))] =
        &came.batch.updates[..]
    else {
        panic!("{came:?}")
    };
    let Some(enums::Message::Message(sent)) = super::super::carriers::message(update) else {
        panic!("{update:?}")
    };
    assert_eq!((sent.id, sent.date, sent.message.as_str()), (9, 1000, "Hello"));
    assert!(sent.out && sent.silent);
    assert_eq!((&sent.peer_id, &sent.from_id), (&user(2), &Some(user(1))));
    let Some(enums::MessageReplyHeader::Header(header)) = &sent.reply_to else { panic!() };
    assert_eq!(header.reply_to_msg_id, Some(3));
    // Of other requests it says too little.
    let came = read(&Asked::Updates, &object, &*account);
    assert_eq!(came.missed, [Missed::Something]);
}
