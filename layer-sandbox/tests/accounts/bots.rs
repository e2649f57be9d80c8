//! What bots tell about themselves.

use layer_tl_types::{enums, functions, types};

use crate::room::{ALICES, BOTS, Room, seen};

fn commands(named: &[(&str, &str)]) -> functions::bots::SetBotCommands {
    let command =
        |(name, text): &(&str, &str)| types::BotCommand::new((*name).into(), (*text).into()).into();
    functions::bots::SetBotCommands {
        scope: enums::BotCommandScope::Default,
        lang_code: String::new(),
        commands: named.iter().map(command).collect(),
    }
}

#[test]
fn commands_are_set_shown_and_taken_back() {
    let mut room = Room::new();
    assert_eq!(room.ask(BOTS, &commands(&[("start", "Begin"), ("help_2", "Help")])), Ok(true));
    let (scope, lang_code) = (enums::BotCommandScope::Default, String::new());
    let get = functions::bots::GetBotCommands { scope: scope.clone(), lang_code };
    assert_eq!(room.ask(BOTS, &get).unwrap().len(), 2);
    for (name, text, error) in [
        ("Start", "Begin", "400 BOT_COMMAND_INVALID"),
        ("", "Begin", "400 BOT_COMMAND_INVALID"),
        ("start", "", "400 BOT_COMMAND_DESCRIPTION_INVALID"),
    ] {
        assert_eq!(room.refused(BOTS, &commands(&[(name, text)])), error);
    }
    assert_eq!(room.refused(ALICES, &commands(&[])), "400 USER_BOT_REQUIRED");
    let reset = functions::bots::ResetBotCommands { scope, lang_code: String::new() };
    assert_eq!(room.ask(BOTS, &reset), Ok(true));
    assert_eq!(room.ask(BOTS, &get), Ok(vec![]));
}

#[test]
fn a_bot_changes_what_is_given_of_its_own_info() {
    let mut room = Room::new();
    let mut set = functions::bots::SetBotInfo::new(String::new());
    set.about = Some("I answer".into());
    assert_eq!(room.ask(BOTS, &set), Ok(true));
    set.about = None;
    (set.name, set.description) = (Some("Marvin".into()), Some("Ask me".into()));
    assert_eq!(room.ask(BOTS, &set), Ok(true));
    let get = functions::bots::GetBotInfo::new(String::new());
    let (name, about) = ("Marvin".to_owned(), "I answer".to_owned());
    let info = types::bots::BotInfo { name, about, description: "Ask me".into() };
    assert_eq!(room.ask(BOTS, &get), Ok(info.into()));
    let marvin = seen(room.world.user(room.alice, room.bot));
    assert_eq!(marvin.first_name.as_deref(), Some("Marvin"));
    set.bot = Some(room.named(room.bot, room.alice));
    assert_eq!(room.refused(BOTS, &set), "400 BOT_INVALID");
}
