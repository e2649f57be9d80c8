//! What an account can do, in text and in JSON.

use crate::stage::{PHONE, Stage};

#[tokio::test]
async fn a_user_logs_in_by_code_and_password_talks_and_logs_out() {
    let stage = Stage::new().await;
    let alice = stage.sandbox.user_with_phone("Alice", PHONE).await;
    let bob = stage.sandbox.user_with_phone("Bob", "+10000000002").await;
    alice.set_password("correct horse").await;
    let login = stage.log_in(&[], &["wrong horse", "correct horse"]).await;
    assert!(login.err.contains("the password is wrong"), "{login:#?}");
    let me = format!("Alice, user {}\n", alice.id());
    assert_eq!(login.well(), me);
    assert_eq!(stage.run(&["whoami"]).await.well(), me);
    assert!(stage.run(&["login"]).await.err.contains("already logged in"));

    assert!(stage.run(&["send", "+10000000002", "Hello"]).await.well().starts_with("sent: "));
    bob.expect_message(|message| message.text == "Hello").await.unwrap();
    bob.send(&alice, "Good\nmorning").await.unwrap();
    let history = stage.run(&["history", "+10000000002"]).await.well();
    let lines: Vec<&str> = history.lines().collect();
    assert!(lines[0].contains(" < ") && lines[0].ends_with("Good\\nmorning"), "{history}");
    assert!(lines[1].contains(" > ") && lines[1].ends_with("Hello"), "{history}");
    let newest = stage.run(&["history", "+10000000002", "--limit", "1"]).await.well();
    assert_eq!(newest.lines().collect::<Vec<_>>(), lines[..1]);
    let chats = stage.run(&["chats"]).await.well();
    assert!(chats.contains("Bob") && chats.contains("Good\\nmorning"), "{chats}");

    assert_eq!(stage.run(&["logout"]).await.well(), "logged out\n");
    stage.run(&["whoami"]).await.badly(&["nobody is logged in", "layer login"]);
}

#[tokio::test]
async fn with_json_each_line_is_an_object() {
    let stage = Stage::new().await;
    let alice = stage.sandbox.user_with_phone("Alice", PHONE).await;
    let me = stage.log_in(&["--json"], &[]).await.json();
    assert_eq!((me[0]["id"].as_i64(), me[0]["bot"].as_bool()), (Some(alice.id()), Some(false)));
    assert_eq!(stage.run(&["whoami", "--json"]).await.json(), me);
    let sent = stage.run(&["send", "me", "**Hello**", "--markdown", "--json"]).await.json();
    let history = stage.run(&["--json", "history", "me"]).await.json();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["id"], sent[0]["id"]);
    assert_eq!(history[0]["text"].as_str(), Some("Hello"));
    let chats = stage.run(&["chats", "--json"]).await.json();
    assert_eq!(chats[0]["last"].as_str(), Some("Hello"));
    let out = stage.run(&["logout", "--json"]).await.json();
    assert_eq!(out[0]["logged_out"].as_bool(), Some(true));
}

#[tokio::test]
async fn a_number_without_an_account_signs_up_with_a_name() {
    let stage = Stage::new().await;
    let refused = stage.log_in(&[], &[]).await;
    refused.badly(&["no account", "--name"]);
    let login = stage.log_in(&["--name", "Carol von Stein", "--json"], &[]).await.json();
    assert_eq!(login[0]["name"].as_str(), Some("Carol von Stein"));
}

#[tokio::test]
async fn a_bot_logs_in_with_its_token() {
    let stage = Stage::new().await;
    let bot = stage.sandbox.bot("Echo", "echo_bot").await;
    let login = stage.run(&["login", "--bot-token", bot.token()]).await.well();
    assert_eq!(login, format!("Echo @echo_bot, bot {}\n", bot.id()));
    assert_eq!(stage.run(&["whoami"]).await.well(), login);
    let wrong = ["login", "--bot-token", "1:wrong", "--session", "other.session"];
    stage.run(&wrong).await.badly(&["ACCESS_TOKEN_INVALID", "@BotFather"]);
}

#[tokio::test]
async fn listening_tells_what_happens_and_ends_when_it_is_to() {
    let stage = Stage::with_alice().await;
    let bob = stage.sandbox.user_with_phone("Bob", "+10000000002").await;
    let alice = stage.sandbox.user_with_phone("Alice", PHONE).await;
    for (arguments, expected) in [
        (&["listen", "--count", "1"][..], "message "),
        (&["listen", "--count", "1", "--json"], "{\"message\":"),
    ] {
        let mut listening = stage.start(arguments);
        listening.notes("listening").await;
        bob.send(&alice, "Are you there?").await.unwrap();
        let said = listening.ends().await.well();
        assert!(said.starts_with(expected) && said.contains("Are you there?"), "{said}");
    }
    let missed = bob.send(&alice, "Where were you?").await.unwrap();
    let mut caught = stage.start(&["listen", "--catch-up", "--json"]);
    caught.says(&format!("\"id\":{missed}")).await;
    caught.interrupt().await;
    caught.ends().await.well();
    stage.alice_is_logged_in().await;
}

#[tokio::test]
async fn a_text_can_be_piped_in() {
    let stage = Stage::with_alice().await;
    let mut send = stage.start(&["send", "me", "-", "--html"]);
    send.types("<b>two</b>").await;
    send.types("lines").await;
    send.ends().await.well();
    let history = stage.run(&["history", "me", "--json"]).await.json();
    assert_eq!(history[0]["text"].as_str().map(str::trim_end), Some("two\nlines"));
    stage.run(&["send", "me", " "]).await.code.filter(|code| *code == 1).expect("nothing is sent");
}
