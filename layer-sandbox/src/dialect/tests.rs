//! Objects of our layer told to older clients, and their queries, against the older schemas' text.

use layer_tl_types::{Deserializable, Identifiable, Serializable, enums, functions, types};

use super::*;

const OLDER: [(i32, &str); 3] = [
    (224, include_str!("../../../layer-tl-types/tl/older/api-224.tl")),
    (227, include_str!("../../../layer-tl-types/tl/older/api-227.tl")),
    (229, include_str!("../../../layer-tl-types/tl/older/api-229.tl")),
];

/// The id of a name in an older schema.
fn id(layer: i32, name: &str) -> [u8; 4] {
    let (_, schema) = OLDER.iter().find(|(older, _)| *older == layer).unwrap();
    let start = format!("{name}#");
    let line = schema.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    u32::from_str_radix(line.split(' ').next().unwrap(), 16).unwrap().to_le_bytes()
}

fn string(text: &str) -> Vec<u8> {
    text.to_owned().to_bytes()
}

fn user() -> types::User {
    types::User {
        bot: true,
        bot_guard: true,
        first_name: Some("Echo".into()),
        access_hash: Some(5),
        linked_community_id: Some(9),
        ..types::User::new(7)
    }
}

#[test]
fn a_user_has_the_id_and_the_fields_of_the_clients_layer() {
    let get = functions::users::GetUsers { id: vec![] }.to_bytes();
    let answered = vec![enums::User::User(Box::new(user()))].to_bytes();
    for layer in [224, 227] {
        let told = answer(Some(layer), &get, &answered).unwrap();
        let head = [&0x1cb5_c415_u32.to_le_bytes()[..], &1_u32.to_le_bytes()].concat();
        // bot, first_name and access_hash; bot_guard where there is the bit.
        let flags = (1_u32 << 14 | 1 << 1 | 1).to_le_bytes();
        let flags2 = if layer == 224 { 0_u32 } else { 1 << 20 }.to_le_bytes();
        let (user_id, access_hash) = (7_i64.to_le_bytes(), 5_i64.to_le_bytes());
        let parts = [&head[..], &id(layer, "user"), &flags, &flags2, &user_id, &access_hash];
        let bot_info_version = 0_i32.to_le_bytes();
        assert_eq!(told, [parts.concat(), string("Echo"), bot_info_version.to_vec()].concat());
    }
}

fn inline_keyboard(count: usize) -> enums::ReplyMarkup {
    let button = |text: &str, r#type| -> enums::KeyboardInlineButton {
        types::KeyboardInlineButton { style: None, text: text.into(), r#type }.into()
    };
    let mut buttons = vec![
        button(
            "press",
            types::InlineButtonTypeCallback { requires_password: false, data: vec![1] }.into(),
        ),
        button("look", types::InlineButtonTypeUrl { url: "https://t.me".into() }.into()),
        button("nothing", enums::InlineButtonType::Disabled),
    ];
    buttons.truncate(count);
    let rows = vec![types::KeyboardInlineButtonRow { buttons }.into()];
    types::ReplyInlineMarkup { force_reply: false, rows }.into()
}

fn message(reply_markup: enums::ReplyMarkup) -> enums::Message {
    let peer = || enums::Peer::from(types::PeerUser { user_id: 7 });
    let message = types::Message {
        reply_markup: Some(reply_markup),
        ..types::Message::new(3, peer(), 1_700_000_000, "hi".into())
    };
    enums::Message::Message(Box::new(message))
}

/// A push of a new message.
fn new_message(message: enums::Message) -> Vec<u8> {
    let update = types::UpdateNewMessage { message, pts: 4, pts_count: 1 };
    enums::Updates::from(types::UpdateShort { update: update.into(), date: 5 }).to_bytes()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn inline_buttons_are_named_by_what_they_do_up_to_layer_227() {
    let told = push(Some(227), new_message(message(inline_keyboard(3)))).unwrap();
    let no_flags = [0; 4];
    let press =
        [&id(227, "keyboardButtonCallback")[..], &no_flags, &string("press"), &[1, 1, 0, 0]];
    let look = [&id(227, "keyboardButtonUrl")[..], &no_flags, &string("look")];
    let nothing = [&id(227, "keyboardButton")[..], &no_flags, &string("nothing")];
    let markup = [id(227, "replyInlineMarkup"), 0x1cb5_c415_u32.to_le_bytes(), [1, 0, 0, 0]];
    let row = [id(227, "keyboardButtonRow"), 0x1cb5_c415_u32.to_le_bytes(), [3, 0, 0, 0]];
    let look = [look.concat(), string("https://t.me")].concat();
    let all = [markup.concat(), row.concat(), press.concat(), look, nothing.concat()].concat();
    assert!(contains(&told, &all));
    assert!(contains(&told, &id(227, "message")) && contains(&told, &id(227, "updateShort")));
}

#[test]
fn reply_buttons_go_to_older_layers_and_come_back() {
    let button = |text: &str, r#type| -> enums::KeyboardButton {
        types::KeyboardButton { style: None, text: text.into(), r#type }.into()
    };
    let buttons = vec![
        button("plain", enums::ButtonType::Default),
        button("phone", enums::ButtonType::RequestPhone),
        button("poll", types::ButtonTypeRequestPoll { quiz: Some(true) }.into()),
    ];
    let rows = vec![types::KeyboardButtonRow { buttons }.into()];
    let markup = enums::ReplyMarkup::from(types::ReplyKeyboardMarkup::new(rows));
    // What does nothing becomes a button without an action, which no inline one is.
    for markup in [markup, inline_keyboard(2)] {
        let ours = message(markup).to_bytes();
        let told = push(Some(224), ours.clone()).unwrap();
        assert_ne!(told, ours);
        let mut reader = Reader::new(layer::of_client(224).unwrap(), &told);
        let definition = reader.definition().unwrap();
        let read = reader.fields(definition).unwrap();
        assert!(reader.is_at_end());
        let back = Writer { layer: layer::ours() }.object(&read, Some("Message"));
        assert_eq!(back.unwrap(), ours);
    }
}

#[test]
fn a_query_of_an_older_layer_is_the_same_query() {
    let peer = enums::InputPeer::PeerSelf;
    let ours = functions::messages::SendMessage {
        silent: true,
        reply_markup: Some(types::ReplyKeyboardHide { selective: false }.into()),
        ..functions::messages::SendMessage::new(peer, "hi".into(), 42)
    };
    let bytes = ours.to_bytes();
    let flags: [u8; 4] = (1_u32 << 5 | 1 << 2).to_le_bytes();
    assert_eq!(bytes[4..8], flags);
    let older = [&id(224, "messages.sendMessage")[..], &bytes[4..]].concat();
    assert_ne!(older, bytes);
    assert_eq!(query(Some(224), &older).unwrap(), bytes);
    assert_eq!(query(Some(230), &bytes), None);
    assert_eq!(query(None, &bytes), None);
}

#[test]
fn buttons_that_an_older_client_sends_are_read_as_ours() {
    let no_flags = [0; 4];
    let vector = |count: u32| [0x1cb5_c415_u32.to_le_bytes(), count.to_le_bytes()].concat();
    let press =
        [&id(227, "keyboardButtonCallback")[..], &no_flags, &string("press"), &[1, 1, 0, 0]];
    let row = [&id(227, "keyboardButtonRow")[..], &vector(1), &press.concat()].concat();
    let markup = [&id(227, "replyInlineMarkup")[..], &vector(1), &row].concat();
    let flags = (1_u32 << 2).to_le_bytes();
    let asked = [
        &id(227, "messages.sendMessage")[..],
        &flags,
        &enums::InputPeer::PeerSelf.to_bytes(),
        &string("hi"),
        &42_i64.to_le_bytes(),
        &markup,
    ];
    let asked = query(Some(227), &asked.concat()).unwrap();
    let id = functions::messages::SendMessage::CONSTRUCTOR_ID.to_le_bytes();
    let read = functions::messages::SendMessage::from_bytes(asked.strip_prefix(&id).unwrap());
    let Some(enums::ReplyMarkup::ReplyInlineMarkup(markup)) = read.unwrap().reply_markup else {
        panic!("no inline keyboard");
    };
    let enums::KeyboardInlineButtonRow::Row(row) = &markup.rows[0];
    let enums::KeyboardInlineButton::Button(button) = &row.buttons[0];
    let pressed = types::InlineButtonTypeCallback { requires_password: false, data: vec![1] };
    assert_eq!((&*button.text, &button.r#type), ("press", &pressed.into()));
}

#[test]
fn who_joins_by_an_older_layer_is_answered_with_updates() {
    let updates = enums::Updates::TooLong;
    let joined = types::messages::ChatInviteJoinResultOk { updates: updates.clone() };
    let joined = enums::messages::ChatInviteJoinResult::from(joined).to_bytes();
    let channel = enums::InputChannel::Empty.to_bytes();
    let asked = [&id(224, "channels.joinChannel")[..], &channel].concat();
    assert_eq!(answer(Some(224), &asked, &joined).unwrap(), updates.to_bytes());
    let asked = query(Some(224), &asked).unwrap();
    let ours = functions::channels::JoinChannel { channel: enums::InputChannel::Empty };
    assert_eq!(asked, ours.to_bytes());
}

#[test]
fn what_a_layer_has_no_word_for_is_left_out() {
    let updates = |list: Vec<enums::Update>| {
        let (users, chats) = (vec![], vec![]);
        enums::Updates::from(types::Updates { updates: list, users, chats, date: 5, seq: 0 })
    };
    let known = enums::Update::from(types::UpdateChannelTooLong { channel_id: 9, pts: None });
    let new =
        enums::Update::from(types::UpdateWalletTonConnectPendingDisconnect { session_ids: vec![] });
    let both = updates(vec![new.clone(), known.clone()]);
    assert_eq!(push(Some(229), both.to_bytes()).unwrap(), updates(vec![known]).to_bytes());
    let alone = enums::Updates::from(types::UpdateShort { update: new, date: 5 });
    assert_eq!(push(Some(229), alone.to_bytes()), None);
    // An entity of a text, and what was done in a message.
    let text = types::TextWithEntities {
        text: "UQ".into(),
        entities: vec![types::MessageEntityTonAddress { offset: 0, length: 2 }.into()],
    };
    let plain = types::TextWithEntities { entities: vec![], ..text.clone() };
    let (text, plain) = (enums::TextWithEntities::from(text), enums::TextWithEntities::from(plain));
    assert_eq!(push(Some(229), text.to_bytes()).unwrap(), plain.to_bytes());
    let action = enums::MessageAction::from(types::MessageActionGramTransfer::new(
        1,
        "UQ".into(),
        "1".into(),
    ));
    let none = enums::MessageAction::Empty.to_bytes();
    assert_eq!(push(Some(229), action.to_bytes()).unwrap(), none);
}

#[test]
fn a_formatted_text_is_plain_where_it_was() {
    let text = types::TextWithEntities { text: "checked".into(), entities: vec![] };
    let ours = types::BotVerification { bot_id: 1, icon: 2, description: text.into() };
    let ours = enums::BotVerification::from(ours).to_bytes();
    let told = push(Some(229), ours).unwrap();
    let (bot, icon) = (1_i64.to_le_bytes(), 2_i64.to_le_bytes());
    let expected = [&id(229, "botVerification")[..], &bot, &icon, &string("checked")].concat();
    assert_eq!(told, expected);
}

#[test]
fn what_is_in_no_schema_stays_as_it_is() {
    assert_eq!(push(Some(224), vec![1, 2, 3, 4]), Some(vec![1, 2, 3, 4]));
    assert_eq!(query(Some(224), &[1, 2, 3, 4]), None);
    assert_eq!(query(Some(224), &[]), None);
    assert_eq!(answer(Some(224), &[1, 2, 3, 4], &[5; 4]), None);
}

#[test]
fn broken_and_endless_queries_are_not_walked_through() {
    let asked = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf; 3] }.to_bytes();
    for len in 0..asked.len() {
        assert_eq!(query(Some(227), &asked[..len]), None);
    }
    // A list of a great many that are not there.
    let mut claims = asked;
    claims[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(query(Some(227), &claims), None);
}

#[test]
fn a_peer_may_stand_where_a_user_or_a_channel_is_wanted() {
    let user = types::InputPeerUser { user_id: 7, access_hash: 5 };
    let user = enums::InputPeer::from(user).to_bytes();
    let channel = types::InputPeerChannel { channel_id: 8, access_hash: 6 };
    let channel = enums::InputPeer::from(channel).to_bytes();
    let head = [&id(229, "users.getUsers"), &0x1cb5_c415_u32.to_le_bytes()[..]].concat();
    let get_users = [&head[..], &1_u32.to_le_bytes()].concat();
    let asked = functions::users::GetUsers {
        id: vec![types::InputUser { user_id: 7, access_hash: 5 }.into()],
    };
    let as_peer = [&get_users[..], &user].concat();
    assert_eq!(query(Some(229), &as_peer).unwrap(), asked.to_bytes());
    let asked = functions::channels::GetFullChannel {
        channel: types::InputChannel { channel_id: 8, access_hash: 6 }.into(),
    };
    let as_peer = [&id(229, "channels.getFullChannel"), &channel[..]].concat();
    assert_eq!(query(Some(229), &as_peer).unwrap(), asked.to_bytes());
    let as_peer =
        [&functions::channels::GetFullChannel::CONSTRUCTOR_ID.to_le_bytes(), &channel[..]];
    assert_eq!(reworded(&as_peer.concat()).unwrap(), asked.to_bytes());
    // A channel is no user.
    assert_eq!(query(Some(229), &[&get_users[..], &channel].concat()), None);
    let as_peer = [&functions::channels::GetFullChannel::CONSTRUCTOR_ID.to_le_bytes(), &user[..]];
    assert_eq!(reworded(&as_peer.concat()), None);
}
