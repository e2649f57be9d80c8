//! `bot`: a bot that answers: messages, buttons, inline queries.

use layer_client::tl::{enums, functions, types};
use layer_client::types::{Button, CallbackQuery, InlineKeyboard, InputMessage};
use layer_client::update::Update;

use crate::cast::{Player, Stage, user_peer};
use crate::group::input_user;
use crate::{Trouble, ensure, same};

pub(crate) async fn bot(stage: &Stage) -> Result<String, Trouble> {
    let mut anna = stage.user("Anna", "+10000000001").await?;
    let token = stage.bot("Judge", "judge_bot").await?;
    let mut bot = stage.connect().await?;
    let refused = bot.client.bot_sign_in("1:nonsense").await.err();
    ensure(refused.as_ref().is_some_and(|error| error.is("ACCESS_TOKEN_INVALID")), || {
        format!("a wrong token: {refused:?}")
    })?;
    same("the bot's name", bot.client.bot_sign_in(&token).await?.as_str(), "Judge")?;
    let me = bot.client.get_me().await?;
    same("who it is", (me.bot, me.username.as_deref()), (true, Some("judge_bot")))?;
    bot.id = me.id;

    commands(&anna, &bot).await?;
    starts(&mut anna, &mut bot).await?;
    presses(&mut anna, &mut bot).await?;
    let sent = asks_inline(&anna, &mut bot).await?;
    edits_inline(&mut anna, &mut bot, sent).await?;
    anna.leave().await;
    bot.leave().await;
    Ok("commands, /start, callback answered, inline query, result sent, inline edit".to_owned())
}

async fn starts(anna: &mut Player, bot: &mut Player) -> Result<(), Trouble> {
    anna.client.send_message("@judge_bot", "/start").await?;
    let heard = bot.hears_text("/start").await?;
    same("who starts", heard.peer_id(), Some(&user_peer(anna.id)))?;
    let keyboard = InlineKeyboard::new()
        .row([Button::callback("Press", "pressed"), Button::callback("Me too", "second")]);
    heard.respond(InputMessage::html("<b>Well?</b>").keyboard(keyboard)).await?;
    Ok(())
}

/// A button is pressed, and waits for its answer; the message is edited too.
async fn presses(anna: &mut Player, bot: &mut Player) -> Result<(), Trouble> {
    let message = anna.hears_text("Well?").await?;
    same("the buttons", labels(message.reply_markup()), vec![vec!["Press", "Me too"]])?;
    let press = anna.client.press_button("@judge_bot", message.id(), "second");
    let answer = async {
        let query = bot.hears("the press", pressed).await?;
        same("the button's data", query.data(), Some("second"))?;
        same("who pressed", query.user_id, anna.id)?;
        same("where", query.peer.as_ref(), Some(&user_peer(anna.id)))?;
        query.answer().text("Done!").alert().await?;
        let of = query.message_id.ok_or("no message was named")?;
        bot.client.edit_message(anna.id, of, "Done").await?;
        Ok::<_, Trouble>(())
    };
    let (pressed, answered) = tokio::join!(press, answer);
    answered?;
    let pressed = pressed?;
    same("the answer", (pressed.message.as_deref(), pressed.alert), (Some("Done!"), true))?;
    let edited = anna.hears_edit("Done").await?;
    same("what was edited", edited.id(), message.id())
}

/// An inline query is answered and its second result sent. Gives the message's id.
async fn asks_inline(anna: &Player, bot: &mut Player) -> Result<i32, Trouble> {
    let ask = functions::messages::GetInlineBotResults::new(
        input_user(anna, &"@judge_bot".into()).await?,
        enums::InputPeer::PeerSelf,
        "verdict".to_owned(),
        String::new(),
    );
    let answer = async {
        let asked = |update| match update {
            Update::InlineQuery(query) => Some(query),
            _ => None,
        };
        let query = bot.hears("the inline query", asked).await?;
        same("what is asked", (query.query(), query.user_id), ("verdict", anna.id))?;
        let results = vec![article("1", "Guilty"), article("2", "Not guilty")];
        bot.client.answer_inline_query(query.query_id, results, 0, true, Some("more")).await?;
        Ok::<_, Trouble>(())
    };
    let (results, answered) = tokio::join!(anna.client.invoke(&ask), answer);
    answered?;
    let enums::messages::BotResults::Results(results) = results?;
    let ids: Vec<_> = results.results.iter().map(result_id).collect();
    same("the results", ids, vec!["1", "2"])?;
    same("where more begin", results.next_offset.as_deref(), Some("more"))?;

    let (query_id, id) = (results.query_id, "2".to_owned());
    let peer = enums::InputPeer::PeerSelf;
    let send = functions::messages::SendInlineBotResult::new(peer, 0x5eed, query_id, id);
    anna.client.invoke(&send).await?;
    let saved = anna.client.search("me", "Not guilty").collect().await?;
    let saved = saved.first().ok_or("the result was not sent")?;
    same("by which bot", saved.via_bot_id(), Some(bot.id))?;
    Ok(saved.id())
}

/// The bot is told what was chosen, and edits it; of its button it is told too.
async fn edits_inline(anna: &mut Player, bot: &mut Player, sent: i32) -> Result<(), Trouble> {
    let chosen = |update| match update {
        Update::InlineSend(chosen) => Some(chosen),
        _ => None,
    };
    let chosen = bot.hears("what was chosen", chosen).await?;
    let told = (chosen.id.as_str(), chosen.query(), chosen.user_id);
    same("what was chosen", told, ("2", "verdict", anna.id))?;
    let id = chosen.message_id.ok_or("no inline message was named")?;
    let keyboard = InlineKeyboard::new().row([Button::callback("Appeal", "again")]);
    bot.client.edit_inline_message(id, "Guilty", Some(keyboard.into())).await?;
    same("what was edited", anna.hears_edit("Guilty").await?.id(), sent)?;

    let press = anna.client.press_button("me", sent, "again");
    let edit = async {
        let query = bot.hears("the press", pressed).await?;
        same("the button's data", query.data(), Some("again"))?;
        let id = query.inline_message_id.clone().ok_or("no inline message was named")?;
        query.answer().text("Heard").await?;
        bot.client.edit_inline_message(id, "Guilty after all", None).await?;
        Ok::<_, Trouble>(())
    };
    let (answer, edited) = tokio::join!(press, edit);
    edited?;
    same("the answer", answer?.message.as_deref(), Some("Heard"))?;
    let edited = anna.hears_edit("Guilty after all").await?;
    same("what was edited", edited.id(), sent)?;
    ensure(edited.reply_markup().is_none(), || "the button is still there".to_owned())
}

/// What the bot says that it can do, as itself and others read it.
async fn commands(anna: &Player, bot: &Player) -> Result<(), Trouble> {
    let command = |name: &str, what: &str| {
        let (command, description) = (name.to_owned(), what.to_owned());
        enums::BotCommand::from(types::BotCommand::new(command, description))
    };
    let all = vec![command("start", "begins"), command("verdict", "says it")];
    let scope = || enums::BotCommandScope::Default;
    let set = functions::bots::SetBotCommands {
        scope: scope(),
        lang_code: String::new(),
        commands: all.clone(),
    };
    ensure(bot.client.invoke(&set).await?, || "the commands were not set".to_owned())?;
    let get = functions::bots::GetBotCommands { scope: scope(), lang_code: String::new() };
    same("the commands", bot.client.invoke(&get).await?, all.clone())?;

    let id = input_user(anna, &"@judge_bot".into()).await?;
    let full = functions::users::GetFullUser { id };
    let enums::users::UserFull::Full(full) = anna.client.invoke(&full).await?;
    let enums::UserFull::Full(full) = full.full_user;
    let seen = full.bot_info.and_then(|enums::BotInfo::Info(info)| info.commands);
    same("the commands as others see them", seen, Some(all))
}

fn pressed(update: Update) -> Option<CallbackQuery> {
    match update {
        Update::CallbackQuery(query) => Some(query),
        _ => None,
    }
}

fn article(id: &str, text: &str) -> enums::InputBotInlineResult {
    let keyboard = InlineKeyboard::new().row([Button::callback("Appeal", "appeal")]);
    let mut message = types::InputBotInlineMessageText::new(text.to_owned());
    message.reply_markup = Some(keyboard.into());
    let kind = "article".to_owned();
    let mut result = types::InputBotInlineResult::new(id.to_owned(), kind, message.into());
    result.title = Some(text.to_owned());
    result.into()
}

fn result_id(result: &enums::BotInlineResult) -> &str {
    match result {
        enums::BotInlineResult::Result(result) => &result.id,
        enums::BotInlineResult::BotInlineMediaResult(result) => &result.id,
    }
}

/// What stands on the buttons.
pub(crate) fn labels(markup: Option<&enums::ReplyMarkup>) -> Vec<Vec<&str>> {
    let Some(enums::ReplyMarkup::ReplyInlineMarkup(markup)) = markup else { return Vec::new() };
    let rows = markup.rows.iter();
    rows.map(|enums::KeyboardInlineButtonRow::Row(row)| row.buttons.iter().map(label).collect())
        .collect()
}

fn label(button: &enums::KeyboardInlineButton) -> &str {
    let enums::KeyboardInlineButton::Button(button) = button;
    &button.text
}
