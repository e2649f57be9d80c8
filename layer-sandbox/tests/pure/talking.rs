//! Messages over a link: what is pushed beside answers, and what waits for somebody else.

use std::time::Duration;

use layer_sandbox::{Caller, Peer, SendOptions};
use layer_tl_types::{Deserializable, Identifiable, Serializable, enums, functions, types};

use crate::link::{Heard, Link, rpc_error};

/// Alice is logged in on a link; Bob and a bot are there.
struct Talk {
    link: Link,
    alice: i64,
    bob: i64,
    bot: i64,
}

impl Talk {
    fn new() -> Self {
        let mut link = Link::new(1).greeted();
        let alice = link.world.add_user("Alice", "+49 151 0000001");
        let bob = link.world.add_user("Bob", "+49 151 0000002");
        let (bot, _) = link.world.add_bot("Robot", "robot_bot");
        let key = link.key.id();
        link.world.log_in(key, alice);
        // It hears of updates once it has asked something.
        let (_, heard) = link.ask(&functions::updates::GetState {});
        link.ack(&heard);
        Self { link, alice, bob, bot }
    }

    fn bob_says(&mut self, text: &str) {
        let (now, to) = (self.link.now, Peer::User(self.alice));
        self.link.world.send_text(now, self.bob, to, text, SendOptions::default()).unwrap();
    }
}

fn updates(heard: &[Heard]) -> Vec<enums::Updates> {
    heard.iter().filter_map(Heard::is::<enums::Updates>).collect()
}

#[test]
fn what_others_do_is_pushed_and_what_one_does_oneself_is_answered_once() {
    let mut talk = Talk::new();
    talk.bob_says("hello");
    talk.link.timeout().unwrap();
    let heard = talk.link.heard();
    let pushed = updates(&heard);
    assert!(matches!(pushed.as_slice(), [enums::Updates::UpdateShortMessage(_)]), "{pushed:?}");
    let query = functions::messages::SendMessage::new(enums::InputPeer::PeerSelf, "note".into(), 7);
    let (msg_id, heard) = talk.link.ask(&query);
    let [answer] = heard.as_slice() else { panic!("{heard:?}") };
    let (asked, answer) = answer.result().unwrap();
    assert_eq!(asked, msg_id);
    let answer = enums::Updates::from_bytes(answer).unwrap();
    assert!(matches!(answer, enums::Updates::UpdateShortSentMessage(_)));
    talk.link.timeout().unwrap();
    assert_eq!(updates(&talk.link.heard()), []);
}

#[test]
fn a_link_is_cut_when_a_text_was_sent_and_the_answer_comes_over_the_next() {
    let mut talk = Talk::new();
    talk.link.world.faults.cut_when_sent = 1;
    let query = functions::messages::SendMessage::new(enums::InputPeer::PeerSelf, "note".into(), 7);
    let (_, heard) = talk.link.ask(&query);
    assert_eq!(heard.len(), 0);
    assert!(talk.link.connection.is_closed());
    assert_eq!(talk.link.world.history(talk.alice, Peer::User(talk.alice)).len(), 1);
    talk.link.reconnect();
    let (_, heard) = talk.link.ask(&functions::updates::GetState {});
    assert_eq!(heard.iter().filter_map(Heard::result).count(), 2);
}

#[test]
fn a_session_without_updates_hears_none() {
    let mut link = Link::new(1).greeted();
    let alice = link.world.add_user("Alice", "+49 151 0000001");
    let key = link.key.id();
    link.world.log_in(key, alice);
    let query = functions::InvokeWithoutUpdates { query: functions::updates::GetState {} };
    link.ask(&query);
    let (now, options) = (link.now, SendOptions::default());
    link.world.send_text(now, alice, Peer::User(alice), "note", options).unwrap();
    link.timeout().unwrap();
    assert_eq!(updates(&link.heard()), []);
}

#[test]
fn who_missed_something_for_want_of_room_is_told_when_there_is_some() {
    let mut talk = Talk::new();
    for number in 0..1100 {
        talk.bob_says(&number.to_string());
    }
    talk.link.timeout().unwrap();
    let heard = talk.link.heard();
    assert_eq!(updates(&heard).len(), 1024);
    assert!(!updates(&heard).contains(&enums::Updates::TooLong));
    talk.bob_says("and another one");
    let msg_ids = heard.iter().map(Heard::msg_id).collect();
    let (_, heard) = talk.link.tell(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids }));
    assert_eq!(updates(&heard), [enums::Updates::TooLong]);
    talk.bob_says("and one more");
    talk.link.timeout().unwrap();
    let heard = updates(&talk.link.heard());
    assert!(matches!(heard.as_slice(), [enums::Updates::UpdateShortMessage(_)]), "{heard:?}");
}

fn with_button(talk: &mut Talk) -> functions::messages::GetBotCallbackAnswer {
    let (alice, bot, now) = (talk.alice, talk.bot, talk.link.now);
    let callback =
        types::InlineButtonTypeCallback { requires_password: false, data: b"yes".to_vec() };
    let button = types::KeyboardInlineButton::new("Press".into(), callback.into());
    let row = types::KeyboardInlineButtonRow { buttons: vec![button.into()] };
    let mut options = SendOptions::default();
    options.markup = Some(types::ReplyInlineMarkup::new(vec![row.into()]).into());
    talk.link.world.open_session(bot, 1);
    talk.link.world.log_in(bot, bot);
    talk.link.world.send_text(now, bot, Peer::User(alice), "choose", options).unwrap();
    talk.link.timeout().unwrap();
    talk.link.heard();
    let access_hash = talk.link.world.accounts.access_hash(alice, bot);
    let peer = types::InputPeerUser { user_id: bot, access_hash };
    functions::messages::GetBotCallbackAnswer {
        data: Some(b"yes".to_vec()),
        ..functions::messages::GetBotCallbackAnswer::new(peer.into(), 1)
    }
}

#[test]
fn who_presses_a_button_waits_until_the_bot_has_answered() {
    let mut talk = Talk::new();
    let query = with_button(&mut talk);
    let bot = talk.bot;
    let (msg_id, heard) = talk.link.ask(&query);
    assert!(heard.iter().all(|heard| heard.result().is_none()), "{heard:?}");
    let pushes = talk.link.world.take_pushes(bot, 1);
    let asked = enums::Updates::from_bytes(pushes.last().unwrap()).unwrap();
    let enums::Updates::Updates(asked) = asked else { panic!("{asked:?}") };
    let enums::Update::BotCallbackQuery(asked) = &asked.updates[0] else { panic!("{asked:?}") };
    talk.link.later(3000);
    let answer = types::messages::BotCallbackAnswer {
        message: Some("Done!".into()),
        ..types::messages::BotCallbackAnswer::new(0)
    };
    let now = talk.link.now;
    talk.link.world.answer_callback(now, bot, asked.query_id, answer.clone()).unwrap();
    assert!(talk.link.connection.deadline(&talk.link.world) <= now.monotonic);
    talk.link.timeout().unwrap();
    let heard = talk.link.heard();
    let answer: enums::messages::BotCallbackAnswer = answer.into();
    let results: Vec<_> = heard.iter().filter_map(Heard::result).collect();
    assert_eq!(results, [(msg_id, answer.to_bytes().as_slice())]);
    assert!(
        talk.link
            .world
            .answer_callback(now, bot, asked.query_id, types::messages::BotCallbackAnswer::new(0))
            .is_err()
    );
}

#[test]
fn a_button_that_nobody_answers_times_out() {
    let mut talk = Talk::new();
    let query = with_button(&mut talk);
    talk.link.world.habits.callback_patience = Duration::from_secs(5);
    let (msg_id, _) = talk.link.ask(&query);
    let results = |heard: Vec<Heard>| -> Vec<Heard> {
        heard.into_iter().filter(|heard| heard.result().is_some()).collect()
    };
    assert_eq!(results(talk.link.later(4999)), []);
    let heard = results(talk.link.later(1));
    assert_eq!(heard[0].result().unwrap().0, msg_id);
    assert_eq!(rpc_error(&heard[0]), (400, "BOT_RESPONSE_TIMEOUT".into()));
}

#[test]
fn nothing_that_was_said_is_shown_in_debug_output() {
    let mut talk = Talk::new();
    talk.bob_says("SECRET");
    let (now, alice, bob) = (talk.link.now, talk.alice, talk.bob);
    let world = &mut talk.link.world;
    world.make_group(now, alice, "SECRET group", &[bob]).unwrap();
    world.make_channel(now, alice, "SECRET channel", false).unwrap();
    let text = format!("{world:?}");
    assert!(!text.contains("SECRET") && text.contains("AccountBox"), "{text}");
}

/// Alice asks the bot inline, in a layer if it is named; then the bot answers with these. Gives the
/// number of her question, that of the query, and what she hears after the bot's answer.
fn ask_inline(
    talk: &mut Talk,
    layer: Option<i32>,
    results: Vec<enums::InputBotInlineResult>,
) -> (i64, i64, Vec<Heard>) {
    let (alice, bot, now) = (talk.alice, talk.bot, talk.link.now);
    let world = &mut talk.link.world;
    let own = world.accounts.get_mut(bot).and_then(|user| user.bot.as_mut()).unwrap();
    own.inline_placeholder = Some("Search".into());
    world.open_session(bot, 1);
    world.log_in(bot, bot);
    let access_hash = world.accounts.access_hash(alice, bot);
    let query = functions::messages::GetInlineBotResults::new(
        types::InputUser { user_id: bot, access_hash }.into(),
        enums::InputPeer::PeerSelf,
        "cats".into(),
        String::new(),
    );
    let (msg_id, heard) = match layer {
        None => talk.link.ask(&query),
        Some(layer) => talk.link.ask(&functions::InvokeWithLayer { layer, query }),
    };
    assert!(heard.iter().all(|heard| heard.result().is_none()), "{heard:?}");
    let world = &mut talk.link.world;
    let pushes = world.take_pushes(bot, 1);
    let asked = enums::Updates::from_bytes(pushes.last().unwrap()).unwrap();
    let enums::Updates::Updates(asked) = asked else { panic!("{asked:?}") };
    let enums::Update::BotInlineQuery(asked) = &asked.updates[0] else { panic!("{asked:?}") };
    assert_eq!(asked.peer_type, Some(enums::InlineQueryPeerType::Pm));
    let results = functions::messages::SetInlineBotResults::new(asked.query_id, results, 30);
    world.invoke(&Caller::new(bot, 2, 2, now), &results).unwrap();
    talk.link.timeout().unwrap();
    (msg_id, asked.query_id, talk.link.heard())
}

#[test]
fn who_asks_a_bot_inline_waits_for_its_results() {
    let mut talk = Talk::new();
    let (msg_id, query_id, heard) = ask_inline(&mut talk, None, vec![]);
    let answer = types::messages::BotResults::new(query_id, vec![], 30, vec![]);
    let answer: enums::messages::BotResults = answer.into();
    let results: Vec<_> = heard.iter().filter_map(Heard::result).collect();
    assert_eq!(results, [(msg_id, answer.to_bytes().as_slice())]);
}

#[test]
fn what_is_answered_late_is_in_the_words_of_the_clients_layer() {
    /// A button as layer 227 has it, and as we have it.
    const CALLBACK_227: [u8; 4] = 0xe62b_c960_u32.to_le_bytes();
    const BUTTON: [u8; 4] = types::KeyboardInlineButton::CONSTRUCTOR_ID.to_le_bytes();
    let kind = types::InlineButtonTypeCallback { requires_password: false, data: b"1".to_vec() };
    let button = types::KeyboardInlineButton::new("Press".into(), kind.into());
    let row = types::KeyboardInlineButtonRow { buttons: vec![button.into()] };
    let markup = types::ReplyInlineMarkup { force_reply: false, rows: vec![row.into()] };
    let mut message = types::InputBotInlineMessageText::new("a cat".into());
    message.reply_markup = Some(markup.into());
    let result = types::InputBotInlineResult::new("1".into(), "article".into(), message.into());
    for (layer, theirs) in [(None, BUTTON), (Some(227), CALLBACK_227)] {
        let mut talk = Talk::new();
        let (_, _, heard) = ask_inline(&mut talk, layer, vec![result.clone().into()]);
        let results: Vec<_> = heard.iter().filter_map(Heard::result).collect();
        let has = |word: [u8; 4]| results.iter().any(|(_, answer)| contains(answer, &word));
        assert_eq!((has(BUTTON), has(CALLBACK_227)), (theirs == BUTTON, theirs == CALLBACK_227));
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
