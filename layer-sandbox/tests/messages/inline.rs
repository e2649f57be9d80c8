//! Inline bots: asked, answered, and edited; and bots that are started.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, plain, text_of, written_out};

fn result(id: &str, text: &str) -> enums::InputBotInlineResult {
    let callback =
        types::InlineButtonTypeCallback { requires_password: false, data: b"x".to_vec() };
    let button = types::KeyboardInlineButton::new("Press".into(), callback.into());
    let row = types::KeyboardInlineButtonRow { buttons: vec![button.into()] };
    let message = types::InputBotInlineMessageText {
        reply_markup: Some(types::ReplyInlineMarkup::new(vec![row.into()]).into()),
        ..types::InputBotInlineMessageText::new(text.into())
    };
    types::InputBotInlineResult::new(id.into(), "article".into(), message.into()).into()
}

/// Alice has asked the bot; the number of her query.
fn asked(room: &mut Room) -> i64 {
    let (alice, bot) = (room.alice, room.bot);
    let query = functions::messages::GetInlineBotResults::new(
        room.user(alice, bot),
        enums::InputPeer::Empty,
        "cats".into(),
        "next".into(),
    );
    assert_eq!(room.refused(alice, &query), "400 BOT_INLINE_DISABLED");
    let own = room.world.accounts.get_mut(bot).unwrap().bot.as_mut().unwrap();
    own.inline_placeholder = Some("Search".into());
    // Nobody answers while a query without a connection is run.
    assert_eq!(room.refused(alice, &query), "400 BOT_RESPONSE_TIMEOUT");
    let told = room.told(bot);
    let [enums::Update::BotInlineQuery(asked)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        (asked.query.as_str(), asked.offset.as_str(), asked.user_id),
        ("cats", "next", alice)
    );
    asked.query_id
}

#[test]
fn a_result_is_sent_by_way_of_its_bot_and_edited_by_it() {
    let mut room = Room::new();
    let (alice, bob, bot) = (room.alice, room.bob, room.bot);
    let query_id = asked(&mut room);
    let results = vec![result("1", "a cat"), result("2", "two cats")];
    let answer = functions::messages::SetInlineBotResults::new(query_id, results, 0);
    room.ask(bot, &answer).unwrap();
    assert_eq!(room.refused(bot, &answer), "400 QUERY_ID_INVALID");
    let peer = room.named(alice, Peer::User(bob));
    let send = functions::messages::SendInlineBotResult::new(peer, 71, query_id, "2".into());
    let wrong =
        functions::messages::SendInlineBotResult { id: "3".into(), random_id: 72, ..send.clone() };
    assert_eq!(room.refused(alice, &wrong), "400 RESULT_ID_INVALID");
    let sent = room.ask(alice, &send).unwrap();
    assert_eq!(written_out(alice, sent).len(), 2);
    let told = room.told(bob);
    let [enums::Update::NewMessage(new)] = told.as_slice() else { panic!("{told:?}") };
    let message = plain(&new.message);
    assert_eq!((message.message.as_str(), message.via_bot_id), ("two cats", Some(bot)));
    let told = room.told(bot);
    let [enums::Update::BotInlineSend(sent)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((sent.id.as_str(), sent.query.as_str()), ("2", "cats"));
    let id = sent.msg_id.clone().unwrap();

    let now = room.now;
    room.world.press(now, bob, Peer::User(alice), message.id, b"x").unwrap();
    let told = room.told(bot);
    let [enums::Update::InlineBotCallbackQuery(pressed)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((&pressed.msg_id, pressed.user_id), (&id, bob));

    let edit = functions::messages::EditInlineBotMessage {
        message: Some("no cats".into()),
        ..functions::messages::EditInlineBotMessage::new(id)
    };
    room.ask(bot, &edit).unwrap();
    assert_eq!(room.refused(bot, &edit), "400 MESSAGE_NOT_MODIFIED");
    assert_eq!(room.texts(bob, Peer::User(alice)), ["no cats"]);
    let (other, _) = room.world.add_bot("Other", "other_bot");
    room.world.log_in(other, other);
    assert_eq!(room.refused(other, &edit), "400 MESSAGE_ID_INVALID");
}

#[test]
fn results_are_checked() {
    let mut room = Room::new();
    let bot = room.bot;
    let query_id = asked(&mut room);
    let mut answer = |results: Vec<enums::InputBotInlineResult>| {
        room.refused(bot, &functions::messages::SetInlineBotResults::new(query_id, results, 0))
    };
    assert_eq!(answer(vec![result("1", "a"), result("1", "b")]), "400 RESULT_ID_DUPLICATE");
    assert_eq!(answer(vec![result("", "a")]), "400 RESULT_ID_INVALID");
    assert_eq!(answer(vec![result("1", " ")]), "400 MESSAGE_EMPTY");
    assert_eq!(
        answer((0..51).map(|id| result(&id.to_string(), "a")).collect()),
        "400 RESULTS_TOO_MUCH"
    );
    assert_eq!(answer(vec![]), "answered");
}

#[test]
fn a_bot_is_started_with_a_parameter_once() {
    let mut room = Room::new();
    let (alice, bob, bot) = (room.alice, room.bob, room.bot);
    let start = |room: &Room, who| functions::messages::StartBot {
        bot: room.user(alice, who),
        peer: room.named(alice, Peer::User(who)),
        random_id: 5,
        start_param: "deep".into(),
    };
    let query = start(&room, bob);
    assert_eq!(room.refused(alice, &query), "400 BOT_INVALID");
    let query = start(&room, bot);
    room.ask(alice, &query).unwrap();
    room.ask(alice, &query).unwrap();
    let heard = room.world.history(bot, Peer::User(alice));
    assert_eq!(heard.iter().map(text_of).collect::<Vec<_>>(), ["/start deep"]);
}

#[test]
fn a_search_everywhere_goes_on_where_it_ended() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let group = room.world.make_group(room.now, alice, "Friends", &[bob]).unwrap();
    let channel = room.world.make_channel(room.now, alice, "News", true).unwrap();
    for number in 0..3 {
        for peer in [Peer::User(bob), Peer::User(carol), group, channel] {
            room.send(alice, peer, &format!("apple {number}"));
        }
        room.later(1);
    }
    let search = |room: &mut Room, offset: (i32, enums::InputPeer, i32), limit, users_only| {
        let query = functions::messages::SearchGlobal {
            users_only,
            ..functions::messages::SearchGlobal::new(
                "APPLE".into(),
                enums::MessagesFilter::InputMessagesFilterEmpty,
                0,
                0,
                offset.0,
                offset.1,
                offset.2,
                limit,
            )
        };
        match room.ask(alice, &query).unwrap() {
            enums::messages::Messages::Slice(slice) => *slice,
            other => panic!("{other:?}"),
        }
    };
    let mut seen = Vec::new();
    let mut offset = (0, enums::InputPeer::Empty, 0);
    loop {
        let slice = search(&mut room, offset, 5, false);
        let Some(last) = slice.messages.last().map(plain) else { break };
        let peer = room.named(alice, Peer::from(&last.peer_id));
        offset = (slice.next_rate.unwrap(), peer, last.id);
        let keys = slice.messages.iter().map(plain);
        seen.extend(keys.map(|message| (Peer::from(&message.peer_id), message.id)));
    }
    let unique: std::collections::BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!((seen.len(), unique.len()), (12, 12));
    let users = search(&mut room, (0, enums::InputPeer::Empty, 0), 100, true);
    assert_eq!((users.count, users.messages.len()), (6, 6));
}
