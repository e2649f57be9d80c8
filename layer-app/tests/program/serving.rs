//! `layer sandbox`, help, and pipes that are closed.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::stage::{Folder, PHONE, PROGRAM, Running, Stage, run, start};

async fn sandbox(folder: &Folder, arguments: &[&str]) -> (Running, Value) {
    let arguments: Vec<&str> = ["sandbox", "--json"].iter().chain(arguments).copied().collect();
    let mut sandbox = start(PROGRAM, &folder.path(""), &arguments);
    let told = sandbox.says("\"address\"").await;
    (sandbox, serde_json::from_str(&told).unwrap())
}

#[tokio::test]
async fn a_sandbox_tells_where_it_is_its_key_and_the_codes_and_keeps_its_people() {
    let folder = Folder::new();
    let user = format!("Alice:{PHONE}:correct horse");
    let arguments = ["--folder", "telegram", "--user", &user, "--bot", "Echo:echo_bot"];
    let (mut server, told) = sandbox(&folder, &arguments).await;
    assert_eq!(told["data_centres"]["2"], told["address"]);
    fs::write(folder.path("key.pem"), told["key"].as_str().unwrap()).unwrap();
    let bot: Value = serde_json::from_str(&server.says("\"bot\"").await).unwrap();
    server.notes("Ctrl-C").await;

    let address = told["address"].as_str().unwrap();
    let to = ["--sandbox", address, "--key", "key.pem", "--session"];
    let with = |words: &[&'static str], session| -> Vec<String> {
        let words = words.iter().chain(&to).chain([&session]);
        words.map(|word| (*word).to_owned()).collect()
    };
    let login = with(&["login", "--phone", PHONE], "alice.session");
    let login: Vec<&str> = login.iter().map(String::as_str).collect();
    let mut login = start(PROGRAM, &folder.path(""), &login);
    let code: Value = serde_json::from_str(&server.says("\"code\"").await).unwrap();
    login.types(code["code"]["code"].as_str().unwrap()).await;
    login.types("correct horse").await;
    assert!(login.ends().await.well().starts_with("Alice"));
    let token = bot["bot"]["token"].as_str().unwrap();
    let arguments = ["login", "--bot-token", token, "--sandbox", address];
    assert!(run(&folder, &arguments).await.well().starts_with("Echo @echo_bot"));
    server.interrupt().await;
    server.ends().await.well();

    // Its people, their logins and its keys are there again.
    let port = address.rsplit(':').next().unwrap();
    let (server, _) = sandbox(&folder, &["--folder", "telegram", "--port", port]).await;
    assert!(run(&folder, &["whoami", "--sandbox", address]).await.well().starts_with("Echo"));
    server.interrupt().await;
    server.ends().await.well();
}

#[tokio::test]
async fn a_sandbox_that_can_not_begin_says_why() {
    let stage = Stage::new().await;
    let port = stage.address.rsplit(':').next().unwrap();
    let ended = run(&stage.folder, &["sandbox", "--port", port]).await;
    ended.badly(&["in use", "--port"]);
    for wrong in [["--user", "Alice"], ["--bot", "Echo"]] {
        let ended = run(&stage.folder, &["sandbox", wrong[0], wrong[1]]).await;
        assert_eq!((ended.code, &*ended.out), (Some(1), ""));
        assert!(ended.err.contains("colon"), "{ended:#?}");
    }
}

#[tokio::test]
async fn help_is_to_be_had_for_every_command() {
    let folder = Folder::new();
    let help = run(&folder, &["--help"]).await.well();
    for command in [
        "tour", "sandbox", "login", "logout", "whoami", "send", "download", "history", "chats",
        "listen",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let help = run(&folder, &["help", command]).await.well();
        assert!(help.contains("Examples:"), "{help}");
    }
    let typo = run(&folder, &["whoiam"]).await;
    assert_eq!(typo.code, Some(2));
    assert!(typo.err.contains("whoami"), "{typo:#?}");
}

/// The reader is gone before anything is written.
async fn unread(stage: &Stage, arguments: &[&str]) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(PROGRAM);
    let command = command.args(arguments).current_dir(stage.folder.path("")).kill_on_drop(true);
    let command = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let ended = command.spawn().unwrap().wait_with_output().await.unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    let is_quiet = err.lines().all(|line| !line.contains("panicked") && !line.contains("layer: "));
    assert!(is_quiet && ended.status.code() == Some(141), "{arguments:?}: {err} {}", ended.status);
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_ends_the_program_quietly() {
    let stage = Stage::with_alice().await;
    stage.run(&["send", "me", "Hello"]).await.well();
    unread(&stage, &["tour"]).await;
    unread(&stage, &["sandbox"]).await;
    for command in [&["whoami"][..], &["chats"], &["history", "me"]] {
        unread(&stage, &[command, &["--sandbox", &stage.address]].concat()).await;
    }
    stage.alice_is_logged_in().await;
}
