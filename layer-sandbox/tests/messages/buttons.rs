//! Buttons: pressed by one, answered by another.

use std::time::Duration;

use layer_sandbox::{Peer, SendOptions};
use layer_tl_types::{enums, functions, types};

use crate::room::Room;

fn markup(data: &[u8]) -> enums::ReplyMarkup {
    let callback = types::InlineButtonTypeCallback { requires_password: false, data: data.into() };
    let button = types::KeyboardInlineButton::new("Press".into(), callback.into());
    let row = types::KeyboardInlineButtonRow { buttons: vec![button.into()] };
    types::ReplyInlineMarkup::new(vec![row.into()]).into()
}

/// The bot has sent Alice a button; her identifier of it, and the bot's.
fn with_button(room: &mut Room) -> (i32, i32) {
    let (alice, bot) = (room.alice, room.bot);
    room.send(alice, Peer::User(room.bob), "so that identifiers differ");
    room.send(alice, Peer::User(bot), "/start");
    let mut query = room.text(bot, Peer::User(alice), "choose");
    query.reply_markup = Some(markup(b"yes"));
    room.ask(bot, &query).unwrap();
    room.told(bot);
    (3, 2)
}

#[test]
fn a_pressed_button_is_told_to_the_bot_and_its_answer_to_who_pressed() {
    let mut room = Room::new();
    let (alice, bob, bot, now) = (room.alice, room.bob, room.bot, room.now);
    let (hers, its) = with_button(&mut room);
    let refused = room.world.press(now, alice, Peer::User(bot), hers, b"no").unwrap_err();
    assert_eq!(refused.to_string(), "400 DATA_INVALID");
    let refused = room.world.press(now, alice, Peer::User(bot), 99, b"yes").unwrap_err();
    assert_eq!(refused.to_string(), "400 MESSAGE_ID_INVALID");
    let query_id = room.world.press(now, alice, Peer::User(bot), hers, b"yes").unwrap();
    let told = room.told(bot);
    let [enums::Update::BotCallbackQuery(asked)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((asked.query_id, asked.user_id, asked.msg_id), (query_id, alice, its));
    assert_eq!(asked.data.as_deref(), Some(&b"yes"[..]));
    assert_eq!(room.world.take_callback_answer(query_id), None);
    let answer = functions::messages::SetBotCallbackAnswer {
        alert: true,
        message: Some("Done!".into()),
        ..functions::messages::SetBotCallbackAnswer::new(query_id, 0)
    };
    assert_eq!(room.refused(bob, &answer), "400 USER_BOT_REQUIRED");
    room.ask(bot, &answer).unwrap();
    assert_eq!(room.refused(bot, &answer), "400 QUERY_ID_INVALID", "once");
    let heard = room.world.take_callback_answer(query_id).unwrap();
    assert_eq!((heard.alert, heard.message.as_deref()), (true, Some("Done!")));
    assert_eq!(room.world.take_callback_answer(query_id), None);
}

#[test]
fn a_bot_that_says_nothing_in_time_says_nothing() {
    let mut room = Room::new();
    let (alice, bot) = (room.alice, room.bot);
    let (hers, _) = with_button(&mut room);
    let query_id = room.world.press(room.now, alice, Peer::User(bot), hers, b"yes").unwrap();
    room.now.monotonic += room.world.habits.callback_patience + Duration::from_millis(1);
    let answer = functions::messages::SetBotCallbackAnswer::new(query_id, 0);
    assert_eq!(room.refused(bot, &answer), "400 QUERY_ID_INVALID");
    let query = functions::messages::GetBotCallbackAnswer {
        data: Some(b"yes".to_vec()),
        ..functions::messages::GetBotCallbackAnswer::new(room.named(alice, Peer::User(bot)), hers)
    };
    assert_eq!(room.refused(alice, &query), "400 BOT_RESPONSE_TIMEOUT");
}

#[test]
fn buttons_are_for_bots_and_within_bounds() {
    let mut room = Room::new();
    let (alice, bob, bot, now) = (room.alice, room.bob, room.bot, room.now);
    let mut query = room.text(alice, Peer::User(bob), "no buttons");
    query.reply_markup = Some(markup(b"x"));
    room.ask(alice, &query).unwrap();
    let enums::Message::Message(message) = &room.world.history(bob, Peer::User(alice))[0] else {
        panic!()
    };
    assert_eq!(message.reply_markup, None);
    let mut send = |markup| {
        let mut options = SendOptions::default();
        options.markup = Some(markup);
        let sent = room.world.send_text(now, bot, Peer::User(alice), "x", options);
        sent.map_or_else(|error| error.to_string(), |_| "sent".into())
    };
    assert_eq!(send(markup(&[0; 64])), "sent");
    assert_eq!(send(markup(&[0; 65])), "400 BUTTON_DATA_INVALID");
    assert_eq!(send(markup(b"")), "400 BUTTON_DATA_INVALID");
    assert_eq!(send(types::ReplyInlineMarkup::new(vec![]).into()), "400 REPLY_MARKUP_INVALID");
}
