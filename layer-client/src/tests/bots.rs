//! A bot and a user who presses its buttons.

use super::talk::Two;
use crate::types::{Button, InlineKeyboard, InputMessage};
use crate::update::Update;

#[tokio::test(start_paused = true)]
async fn a_bot_writes_to_whom_it_knows_by_id_alone_and_answers_a_button() {
    let two = Two::new().await;
    let (bot_id, token) = two.rig.server.world().add_bot("Echo", "echo_bot");
    let (bot, _token) = two.rig.another().connect().await.unwrap();
    bot.bot_sign_in(&token).await.unwrap();
    let mut updates = bot.stream_updates();

    let met = two.rig.server.world().user(two.ids.0, bot_id);
    two.alice.met(&[met], &[], &[]);
    two.alice.send_message(bot_id, "/start").await.unwrap();
    // A new client of the same bot, which has met nobody: an id is enough for bots.
    let (fresh, _token) = two.rig.another().connect().await.unwrap();
    fresh.bot_sign_in(&token).await.unwrap();
    let keyboard = InlineKeyboard::new().row([Button::callback("Press", "pressed")]);
    let message = InputMessage::html("<b>Well?</b>").keyboard(keyboard);
    fresh.send_message(two.ids.0, message).await.unwrap();

    let mut history = two.alice.iter_messages(bot_id);
    let asked = history.next().await.unwrap().unwrap();
    assert_eq!(asked.text(), Some("Well?"));
    assert!(asked.reply_markup().is_some());
    let pressed = two.alice.press_button(bot_id, asked.id(), "pressed");
    let answered = async {
        while let Some(update) = updates.next().await {
            if let Update::CallbackQuery(query) = update {
                assert_eq!(query.data(), Some("pressed"));
                bot.answer_callback_query(query.query_id, Some("Done!"), true).await.unwrap();
                return;
            }
        }
    };
    let (answer, ()) = tokio::join!(pressed, answered);
    let answer = answer.unwrap();
    assert_eq!((answer.message.as_deref(), answer.alert), (Some("Done!"), true));
}
