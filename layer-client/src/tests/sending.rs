//! Sending, as the server sees it: numbers, data centres, actions that go on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_tl_types::enums::SendMessageAction;
use layer_tl_types::functions::messages;
use layer_tl_types::{Deserializable, Identifiable, enums, types};
use tokio::time::{Instant, sleep};

use super::talk::Two;
use super::{object, refusal};
use crate::types::{Button, InlineKeyboard, InputMessage};

type Log<T> = Arc<Mutex<Vec<T>>>;

/// Answers a sending in the short form, the first of all with a wait.
fn short_answers(two: &Two) -> Log<messages::SendMessage> {
    let asked: Log<messages::SendMessage> = Log::default();
    let log = Arc::clone(&asked);
    two.rig.answer(move |_, function, query| {
        if function != messages::SendMessage::CONSTRUCTOR_ID {
            return None;
        }
        let asked = messages::SendMessage::from_bytes(&query[4..]).unwrap();
        let mut log = log.lock().unwrap();
        log.push(asked);
        if log.len() == 1 {
            return refusal(420, "FLOOD_WAIT_3");
        }
        let id = i32::try_from(log.len()).unwrap();
        let mut short = types::UpdateShortSentMessage::new(id, id, 1, 1_700_000_000);
        short.out = true;
        object(&enums::Updates::from(short))
    });
    asked
}

#[tokio::test(start_paused = true)]
async fn a_message_keeps_its_number_when_it_is_sent_again_and_each_has_its_own() {
    let two = Two::new().await;
    let asked = short_answers(&two);
    let send = two.alice.send_message("me", "first");
    let sent = send.clone().await.unwrap();
    assert_eq!((sent.id(), sent.text(), sent.outgoing()), (2, Some("first"), true));
    two.alice.send_to_self("second").await.unwrap();
    // A clone is the same message, and another is not.
    send.await.unwrap();
    let numbers: Vec<_> = asked.lock().unwrap().iter().map(|asked| asked.random_id).collect();
    let [first, again, second, clone] = numbers[..] else { panic!("{numbers:?}") };
    assert_eq!((first, first), (again, clone));
    assert_ne!(first, second);
    assert!(first != 0 && second != 0);
}

#[tokio::test(start_paused = true)]
async fn all_that_a_message_was_told_goes_out_with_it_and_comes_back() {
    let two = Two::new().await;
    let asked = short_answers(&two);
    let keyboard = InlineKeyboard::new().row([Button::callback("a", "b")]);
    let message = InputMessage::text("text").reply_to(5).topic(4).keyboard(keyboard);
    let sent = two.alice.send_message("me", message).silent().background().no_webpage();
    let sent = sent.clear_draft().schedule_date(7).noforwards().invert_media().await.unwrap();
    assert_eq!(sent.reply_to_message_id(), Some(5));
    assert!(sent.silent() && sent.reply_markup().is_some());
    let asked = asked.lock().unwrap();
    let asked = asked.last().unwrap();
    assert!(asked.silent && asked.background && asked.no_webpage && asked.clear_draft);
    assert!(asked.noforwards && asked.invert_media && asked.reply_markup.is_some());
    assert_eq!(asked.schedule_date, Some(7));
    let Some(enums::InputReplyTo::Message(reply)) = &asked.reply_to else { panic!() };
    assert_eq!((reply.reply_to_msg_id, reply.top_msg_id), (5, Some(4)));
}

#[tokio::test(start_paused = true)]
async fn the_message_is_found_in_an_answer_with_others_by_its_number() {
    let two = Two::new().await;
    let me: enums::Peer = types::PeerUser { user_id: two.ids.0 }.into();
    two.rig.answer(move |_, function, query| {
        if function != messages::SendMessage::CONSTRUCTOR_ID {
            return None;
        }
        let asked = messages::SendMessage::from_bytes(&query[4..]).unwrap();
        let new = |id, text: &str| {
            let message = types::Message::new(id, me.clone(), 0, text.to_owned()).into();
            enums::Update::from(types::UpdateNewMessage { message, pts: 90, pts_count: 1 })
        };
        let id = types::UpdateMessageId { id: 12, random_id: asked.random_id };
        let updates = vec![new(11, "another"), id.into(), new(12, &asked.message)];
        let (users, chats) = (Vec::new(), Vec::new());
        object(&enums::Updates::from(types::Updates { updates, users, chats, date: 0, seq: 0 }))
    });
    let sent = two.alice.send_message("me", "mine").await.unwrap();
    assert_eq!((sent.id(), sent.text()), (12, Some("mine")));
}

#[tokio::test(start_paused = true)]
async fn an_inline_message_is_edited_at_the_data_centre_in_its_id() {
    let two = Two::new().await;
    two.rig.answer(|_, function, _| {
        let is_edit = function == messages::EditInlineBotMessage::CONSTRUCTOR_ID;
        is_edit.then(|| object(&true)).flatten()
    });
    let id = types::InputBotInlineMessageId64 { dc_id: 4, owner_id: 1, id: 2, access_hash: 3 };
    let id = enums::InputBotInlineMessageId::from(id);
    two.alice.edit_inline_message(&id, "new", None).await.unwrap();
    assert_eq!(two.rig.called::<messages::EditInlineBotMessage>(), [4]);
}

/// What actions are said, and when.
fn actions(two: &Two) -> Log<(u64, bool)> {
    let said: Log<(u64, bool)> = Log::default();
    let (log, start) = (Arc::clone(&said), Instant::now());
    two.rig.answer(move |_, function, query| {
        if function != messages::SetTyping::CONSTRUCTOR_ID {
            return None;
        }
        let asked = messages::SetTyping::from_bytes(&query[4..]).unwrap();
        let is_cancel = asked.action == SendMessageAction::SendMessageCancelAction;
        log.lock().unwrap().push((start.elapsed().as_secs(), is_cancel));
        object(&true)
    });
    said
}

#[tokio::test(start_paused = true)]
async fn typing_is_said_every_four_seconds_and_taken_back_when_it_is_dropped() {
    let two = Two::new().await;
    let said = actions(&two);
    let typing = two.alice.typing("me").await.unwrap();
    sleep(Duration::from_secs(9)).await;
    drop(typing);
    sleep(Duration::from_secs(20)).await;
    let expected = [(0, false), (4, false), (8, false), (9, true)];
    assert_eq!(*said.lock().unwrap(), expected);
    // Ended instead of dropped, it waits until the others were told.
    let recording = two.alice.recording_video("me").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    recording.end().await;
    assert_eq!(said.lock().unwrap()[4..], [(29, false), (30, true)]);
}

#[tokio::test(start_paused = true)]
async fn typing_where_it_is_not_allowed_is_no_error_and_not_repeated() {
    let two = Two::new().await;
    two.rig.answer(|_, function, _| {
        let is_typing = function == messages::SetTyping::CONSTRUCTOR_ID;
        is_typing.then(|| refusal(403, "CHAT_WRITE_FORBIDDEN")).flatten()
    });
    let typing = two.alice.typing("me").await.unwrap();
    sleep(Duration::from_secs(30)).await;
    typing.end().await;
    assert_eq!(two.rig.called::<messages::SetTyping>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_inline_query_may_be_answered_with_nothing() {
    let two = Two::new().await;
    two.rig.answer(|_, function, query| {
        if function != messages::SetInlineBotResults::CONSTRUCTOR_ID {
            return None;
        }
        let asked = messages::SetInlineBotResults::from_bytes(&query[4..]).unwrap();
        assert!(asked.results.is_empty() && asked.private && asked.cache_time == 60);
        assert_eq!(asked.next_offset.as_deref(), Some("n"));
        object(&true)
    });
    two.alice.answer_inline_query(5, Vec::new(), 60, true, Some("n")).await.unwrap();
}
