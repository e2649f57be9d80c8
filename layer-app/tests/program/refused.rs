//! Everything that can be wrong: each is said, with what to do next, ends with 1, and costs no login.

use std::fs;

use layer_crypto::rsa::TELEGRAM_TEST;
use layer_sandbox::Sandbox;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::stage::{Folder, PHONE, PROGRAM, Stage, run, start};

/// Does to everybody who dials what is to be done, and gives its address.
async fn stranger(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.write_all(answer).await;
                // Until the other one has had enough.
                let _ = stream.read_to_end(&mut Vec::new()).await;
            });
        }
    });
    address
}

/// A port at which nobody is.
async fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_wrong_code_can_be_typed_again_and_costs_nothing() {
    let stage = Stage::new().await;
    stage.sandbox.user_with_phone("Alice", PHONE).await;
    stage.run(&["login", "--phone", PHONE, "--code", "1"]).await.badly(&["code is not", "again"]);
    let mut login = stage.start(&["login", "--phone", PHONE]);
    login.types("1").await;
    login.ends().await.badly(&["code is not", "again"]);
    let known = stage.codes();
    let mut login = stage.start(&["login", "--phone", PHONE]);
    login.types("1").await;
    login.types(&stage.new_code(&known).await).await;
    assert!(login.ends().await.well().starts_with("Alice"));
}

#[tokio::test]
async fn a_wrong_password_is_no_login_and_the_right_one_still_is() {
    let stage = Stage::new().await;
    stage.sandbox.user_with_phone("Alice", PHONE).await.set_password("right").await;
    stage.log_in(&[], &["wrong"]).await.badly(&["the password is wrong", "two-step"]);
    stage.log_in(&[], &["a", "b", "c", "right"]).await.badly(&["the password is wrong"]);
    stage.run(&["whoami"]).await.badly(&["nobody is logged in"]);
    stage.log_in(&[], &["right"]).await.well();
    stage.alice_is_logged_in().await;
}

#[tokio::test]
async fn who_answers_no_question_is_told_so() {
    let stage = Stage::new().await;
    stage.run(&["login"]).await.badly(&["nobody answers", "pipe"]);
    stage.run(&["login", "--phone", "12"]).await.badly(&["PHONE_NUMBER_INVALID", "country"]);
}

#[tokio::test]
async fn a_server_with_another_key_is_not_trusted() {
    let stage = Stage::with_alice().await;
    let before = stage.session();
    let key = stage.folder.path("key.pem");
    fs::write(&key, TELEGRAM_TEST.to_pem()).unwrap();
    let arguments = ["whoami", "--key", "key.pem", "--session", "other.session"];
    stage.run(&arguments).await.badly(&["key", "--key FILE"]);
    fs::write(&key, stage.sandbox.public_key_pem()).unwrap();
    stage.run(&arguments).await.badly(&["nobody is logged in"]);
    fs::write(&key, "a key").unwrap();
    stage.run(&arguments).await.badly(&["server key", "in PEM"]);
    let missing = ["whoami", "--key", "missing.pem"];
    stage.run(&missing).await.badly(&["missing.pem", "public key"]);
    assert_eq!(stage.session(), before);
}

/// Alice's session, and everybody who is not the server.
#[tokio::test]
async fn whoever_is_not_the_server_is_told_by_name_and_changes_no_session() {
    let stage = Stage::with_alice().await;
    let before = stage.session();
    let strangers = [
        (nobody().await, &["refused", "layer sandbox"][..]),
        (stranger(b"").await, &["nothing was heard", "running"]),
        (stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n").await, &["HTTP", "right one"]),
    ];
    for session in ["sandbox.session", "new.session"] {
        for (address, words) in &strangers {
            let arguments =
                ["whoami", "--sandbox", address, "--timeout", "0.3", "--session", session];
            let ended = start(PROGRAM, &stage.folder.path(""), &arguments).ends().await;
            ended.badly(words);
            assert_eq!(stage.session(), before, "{words:?}");
        }
    }
    stage.alice_is_logged_in().await;
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_from_the_server_and_shows_no_password() {
    let stage = Stage::with_alice().await;
    let before = stage.session();
    let http = stranger(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let socks = stranger(&[5, 0xff]).await;
    for (proxy, words) in [
        (format!("http://me:hunter2@{http}"), &["407", "password in --proxy"][..]),
        (format!("socks5://me:hunter2@{socks}"), &["SOCKS5", "password in --proxy"]),
        (format!("socks5://me:hunter2@{}", nobody().await), &["refused"]),
    ] {
        let ended = stage.run(&["whoami", "--proxy", &proxy]).await;
        ended.badly(words);
        assert!(!ended.err.contains("hunter2"), "{ended:#?}");
    }
    let wrong = stage.run(&["whoami", "--proxy", "socks5://me:hunter2:1080"]).await;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("--proxy") && !wrong.err.contains("hunter2"), "{wrong:#?}");
    assert_eq!(stage.session(), before);
}

#[tokio::test]
async fn an_mtproxy_lets_through_who_knows_its_secret() {
    let secret = [7; 16];
    let sandbox = Sandbox::builder().proxy_secret(secret.into()).start().await.unwrap();
    let address = sandbox.address(sandbox.home());
    let link = format!(
        "tg://proxy?server={}&port={}&secret={}",
        address.ip(),
        address.port(),
        "07".repeat(16)
    );
    let address = address.to_string();
    let arguments = ["whoami", "--sandbox", &*address, "--proxy", &*link];
    run(&Folder::new(), &arguments).await.badly(&["nobody is logged in"]);
}

#[tokio::test]
async fn a_session_file_of_another_program_is_left_as_it_is() {
    let stage = Stage::new().await;
    let foreign = [&b"SQLite format 3\0"[..], &[7; 100]].concat();
    let path = stage.folder.path("sandbox.session");
    fs::write(&path, &foreign).unwrap();
    stage.run(&["whoami"]).await.badly(&["sandbox.session", "SQLite", "--session"]);
    assert_eq!(fs::read(&path).unwrap(), foreign);
}

#[tokio::test]
async fn a_damaged_session_is_named_and_left_as_it_is() {
    let stage = Stage::with_alice().await;
    let mut bytes = stage.session();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(stage.folder.path("sandbox.session"), &bytes).unwrap();
    stage.run(&["whoami"]).await.badly(&["sandbox.session", "damaged", "--session"]);
    assert_eq!(stage.session(), bytes);
}

#[tokio::test]
async fn a_session_that_somebody_uses_is_not_used_by_a_second_one() {
    let stage = Stage::with_alice().await;
    let mut first = stage.start(&["listen"]);
    first.notes("listening").await;
    stage.run(&["whoami"]).await.badly(&["in use", "--session"]);
    first.interrupt().await;
    first.ends().await.well();
    stage.alice_is_logged_in().await;
}

#[tokio::test]
async fn a_session_that_can_not_be_written_is_said_before_anybody_logs_in() {
    let stage = Stage::new().await;
    for path in ["missing/my.session", "key.pem/my.session", "."] {
        fs::write(stage.folder.path("key.pem"), "").unwrap();
        let arguments = ["login", "--phone", PHONE, "--session", path];
        stage.run(&arguments).await.badly(&["session", "folder"]);
    }
    assert!(stage.codes().is_empty());
}

/// Files may not grow at all: what is written finds no room.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_without_room_is_said_and_the_login_of_before_stays() {
    let stage = Stage::with_alice().await;
    let full = |arguments: &[&str]| {
        let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
        let shell = ["-c", script, "sh", PROGRAM].into_iter();
        let shell: Vec<&str> = shell.chain(arguments.iter().copied()).collect();
        start("sh", &stage.folder.path(""), &shell)
    };
    let before = stage.session();
    let new = ["whoami", "--sandbox", &stage.address, "--session", "new.session"];
    full(&new).ends().await.badly(&["new.session", "room on the disk"]);
    // What is learnt of a chat is to be saved, and can't be.
    stage.sandbox.bot("Echo", "echo_bot").await;
    let send = ["send", "@echo_bot", "Hello", "--sandbox", &stage.address];
    full(&send).ends().await.badly(&["sandbox.session", "room on the disk"]);
    let after = stage.session();
    assert!(after.starts_with(&before) || before.starts_with(&after), "other bytes stand there");
    stage.alice_is_logged_in().await;
}

#[tokio::test]
async fn without_an_api_id_the_way_to_one_is_told() {
    let ended = run(&Folder::new(), &["whoami"]).await;
    ended.badly(&["api_id", "my.telegram.org", "layer sandbox"]);
    let ended = run(&Folder::new(), &["whoami", "--api-id", "0", "--api-hash", "a"]).await;
    ended.badly(&["api_id is 0", "my.telegram.org"]);
}

#[tokio::test]
async fn who_is_not_known_is_said_with_how_to_name_him() {
    let stage = Stage::with_alice().await;
    for peer in ["@nobody_here", "+19999999999", "123456789", "what?"] {
        stage.run(&["send", peer, "Hello"]).await.badly(&["layer chats"]);
        stage.run(&["history", peer]).await.badly(&["layer chats"]);
    }
    stage.alice_is_logged_in().await;
}
