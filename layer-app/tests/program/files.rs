//! Files, sent and fetched: from and to the disk and pipes, and all that can be wrong with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::stage::{Ended, PROGRAM, Stage, start};

const PATIENCE: Duration = Duration::from_secs(60);

/// So many bytes, none like its neighbours.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + at / 251) as u8).collect()
}

impl Stage {
    fn writes(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path(name), bytes).unwrap();
    }

    fn reads(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path(name)).unwrap()
    }

    /// Sends a file to oneself; the message's id.
    async fn sends(&self, arguments: &[&str]) -> String {
        let sent = self.run(&[&["send", "me", "--json"], arguments].concat()).await.json();
        sent[0]["id"].to_string()
    }

    /// What lies in the folder beside the session.
    fn listed(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.contains("session")).collect();
        names.sort();
        names
    }

    /// Runs the program with these bytes piped in and its output as it comes.
    async fn piped(&self, arguments: &[&str], input: &[u8]) -> (Option<i32>, Vec<u8>, String) {
        let mut command = Command::new(PROGRAM);
        let command = command.args(arguments).args(["--sandbox", &self.address]);
        let command = command.current_dir(self.folder.path("")).kill_on_drop(true);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let feed = async {
            // It may have had enough.
            let _ = pipe.write_all(input).await;
            drop(pipe);
        };
        let (ended, ()) = timeout(PATIENCE, async { tokio::join!(child.wait_with_output(), feed) })
            .await
            .expect("the program hangs");
        let ended = ended.unwrap();
        (ended.status.code(), ended.stdout, String::from_utf8(ended.stderr).unwrap())
    }
}

#[tokio::test]
async fn a_file_is_sent_with_its_name_and_fetched_as_it_was() {
    let stage = Stage::with_alice().await;
    let bread = bytes(1_300_001);
    stage.writes("bread.txt", &bread);
    let id = stage.sends(&["Fresh **bread**", "--markdown", "--file", "bread.txt"]).await;
    let history = stage.run(&["history", "me", "--json"]).await.json();
    assert_eq!(history[0]["text"].as_str(), Some("Fresh bread"));
    let file = &history[0]["file"];
    assert_eq!(
        (file["name"].as_str(), file["mime"].as_str()),
        (Some("bread.txt"), Some("text/plain"))
    );
    assert_eq!(file["bytes"].as_u64(), Some(1_300_001));
    let shown = stage.run(&["history", "me"]).await.well();
    assert!(shown.ends_with("[bread.txt] Fresh bread\n"), "{shown}");

    // Under its name it is there already.
    stage.run(&["download", "me", &id]).await.badly(&["bread.txt is there already", "--force"]);
    assert_eq!(stage.run(&["download", "me", &id, "to.txt"]).await.well(), "saved: to.txt\n");
    assert!(stage.reads("to.txt") == bread);
    stage.writes("bread.txt", b"stale");
    let saved = stage.run(&["download", "me", &id, "--force", "--json"]).await.json();
    assert_eq!(saved[0]["path"].as_str(), Some("bread.txt"));
    assert_eq!(saved[0]["bytes"].as_u64(), Some(1_300_001));
    assert!(stage.reads("bread.txt") == bread);
    fs::create_dir(stage.folder.path("folder")).unwrap();
    stage.run(&["download", "me", &id, "folder"]).await.well();
    assert!(stage.reads("folder/bread.txt") == bread);
    assert_eq!(stage.listed(), ["bread.txt", "folder", "to.txt"], "nothing is left beside them");
}

#[tokio::test]
async fn a_file_of_any_length_goes_through_pipes() {
    let stage = Stage::with_alice().await;
    // Shorter than a part, a part, and more than a small file's parts.
    for len in [5, 512 << 10, (10 << 20) + 1] {
        let all = bytes(len);
        let send = ["send", "me", "--file", "-", "--name", "../a:b.bin", "--json"];
        let (code, out, err) = stage.piped(&send, &all).await;
        assert_eq!((code, &*err), (Some(0), ""), "no bar is seen in a pipe");
        let sent: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let id = sent["id"].to_string();
        for json in [&[][..], &["--json"]] {
            let download = [&["download", "me", &id, "-"][..], json].concat();
            let (code, out, err) = stage.piped(&download, b"").await;
            assert_eq!((code, &*err), (Some(0), ""));
            assert!(out == all, "{} of {len} bytes came", out.len());
        }
    }
    let newest = stage.run(&["history", "me", "--limit", "1", "--json"]).await.json();
    let id = newest[0]["id"].to_string();
    assert_eq!(stage.run(&["download", "me", &id]).await.well(), "saved: a_b.bin\n");
    assert_eq!(stage.listed(), ["a_b.bin"], "it leads into no other folder");
}

#[tokio::test]
async fn a_photo_is_sent_as_one_and_fetched() {
    let stage = Stage::with_alice().await;
    stage.writes("sea.jpg", &bytes(70_000));
    let id = stage.sends(&["--file", "sea.jpg", "--photo"]).await;
    let history = stage.run(&["history", "me", "--json"]).await.json();
    assert_eq!(history[0]["file"]["mime"].as_str(), Some("image/jpeg"));
    assert!(history[0]["file"]["name"].as_str().unwrap().starts_with("photo_"), "{history:?}");
    stage.run(&["download", "me", &id, "there.jpg"]).await.well();
    assert!(!stage.reads("there.jpg").is_empty());
}

#[tokio::test]
async fn a_download_that_is_killed_goes_on_where_it_was_and_is_never_half() {
    let stage = Stage::with_alice().await;
    let all = bytes(12 << 20);
    stage.writes("all.bin", &all);
    let id = stage.sends(&["--file", "all.bin"]).await;
    let part = || {
        let names = stage.listed();
        names.into_iter().find(|name| name.ends_with(".part")).map(|name| stage.folder.path(&name))
    };
    let len = |path: &Path| path.metadata().map_or(0, |about| about.len());
    // It writes into a file that grows until it is killed.
    let mut download = stage.start(&["download", "me", &id, "it.bin"]);
    let beside: PathBuf = timeout(PATIENCE, async {
        loop {
            match part() {
                Some(path) if len(&path) > 0 => break path,
                _ => tokio::task::yield_now().await,
            }
        }
    })
    .await
    .expect("nothing is written");
    download.child.kill().await.unwrap();
    let there = len(&beside);
    assert!(!stage.folder.path("it.bin").exists() || there == 0, "it is called whole");
    stage.run(&["download", "me", &id, "it.bin", "--force"]).await.well();
    assert!(stage.reads("it.bin") == all);
    assert_eq!(stage.listed(), ["all.bin", "it.bin"]);
}

#[tokio::test]
async fn what_can_not_be_sent_is_said_before_anything_is() {
    let stage = Stage::with_alice().await;
    stage.writes("empty", b"");
    stage.writes("bread.txt", b"bread");
    let send = |file: &'static str| ["send", "me", "--file", file];
    stage.run(&send("missing.txt")).await.badly(&["missing.txt", "path of a file"]);
    stage.run(&send(".")).await.badly(&["can't read", "directory", "path of a file"]);
    stage.run(&send("empty")).await.badly(&["empty", "right file"]);
    stage.run(&send("-")).await.badly(&["empty"]);
    let both = stage.run(&["send", "me", "-", "--file", "-"]).await;
    assert_eq!(both.code, Some(1));
    assert!(both.err.contains("not both"), "{both:#?}");
    for peer in ["@nobody_here", "123456789"] {
        let send = ["send", peer, "--file", "bread.txt"];
        stage.run(&send).await.badly(&["layer chats"]);
    }
    let long = "a".repeat(1025);
    let send = ["send", "me", &long, "--file", "bread.txt"];
    stage.run(&send).await.badly(&["MEDIA_CAPTION_TOO_LONG", "1024"]);
    assert_eq!(stage.run(&["history", "me"]).await.well(), "");
}

#[tokio::test]
async fn what_can_not_be_fetched_is_said_and_leaves_nothing() {
    let stage = Stage::with_alice().await;
    stage.writes("bread.txt", b"bread");
    let bread = stage.sends(&["--file", "bread.txt"]).await;
    let text = stage.sends(&["only text"]).await;
    let download = async |arguments: &[&str]| -> Ended {
        stage.run(&[&["download"], arguments].concat()).await
    };
    download(&["me", "9999", "to.txt"]).await.badly(&["no message 9999", "layer history"]);
    download(&["me", "0", "-"]).await.badly(&["no message 0", "layer history"]);
    download(&["me", &text, "to.txt"]).await.badly(&["neither a photo nor a file", "history"]);
    download(&["@nobody_here", &bread, "to.txt"]).await.badly(&["layer chats"]);
    download(&["me", &bread, "missing/to.txt"]).await.badly(&["can't be written", "folder"]);
    download(&["me", &bread, "bread.txt"]).await.badly(&["is there already", "--force"]);
    assert_eq!(download(&["me", "seven"]).await.code, Some(2));
    assert_eq!(stage.listed(), ["bread.txt"]);
}

/// Files may grow to a mebibyte and no further.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_leaves_no_half_file_and_the_rest_is_fetched_when_there_is_room() {
    let stage = Stage::with_alice().await;
    let all = bytes(3 << 20);
    stage.writes("all.bin", &all);
    let id = stage.sends(&["--file", "all.bin"]).await;
    let blocks = 2 * 1024;
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let download = ["download", "me", &id, "it.bin", "--sandbox", &stage.address];
    let shell: Vec<&str> = ["-c", &script, "sh", PROGRAM].into_iter().chain(download).collect();
    let full = start("sh", &stage.folder.path(""), &shell).ends().await;
    full.badly(&["can't be written", "make room", "where it ended"]);
    assert!(!stage.folder.path("it.bin").exists());
    assert_eq!(stage.listed().len(), 2, "{:?}", stage.listed());
    stage.run(&["download", "me", &id, "it.bin"]).await.well();
    assert!(stage.reads("it.bin") == all);
    assert_eq!(stage.listed(), ["all.bin", "it.bin"]);

    // A device that is always full.
    let script = "exec \"$@\" > /dev/full";
    let download = ["download", "me", &id, "-", "--sandbox", &stage.address];
    let shell: Vec<&str> = ["-c", script, "sh", PROGRAM].into_iter().chain(download).collect();
    let full = start("sh", &stage.folder.path(""), &shell).ends().await;
    full.badly(&["standard output", "make room"]);
    stage.alice_is_logged_in().await;
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_ends_a_download_quietly() {
    let stage = Stage::with_alice().await;
    stage.writes("all.bin", &bytes(3 << 20));
    let id = stage.sends(&["--file", "all.bin"]).await;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(PROGRAM);
    let command = command.args(["download", "me", &id, "-", "--sandbox", &stage.address]);
    let command = command.current_dir(stage.folder.path("")).kill_on_drop(true);
    let command = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let ended = command.spawn().unwrap().wait_with_output().await.unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), &*err), (Some(141), ""));
}

/// A pipe stays open and says nothing: what fails is not waited for.
#[tokio::test]
async fn a_pipe_that_says_nothing_holds_up_no_end() {
    let stage = Stage::with_alice().await;
    let mut send = stage.start(&["send", "@nobody_here", "--file", "-"]);
    let ended = timeout(PATIENCE, send.child.wait()).await.expect("it waits for the pipe");
    assert_eq!(ended.unwrap().code(), Some(1));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn on_a_terminal_a_bar_is_seen_and_gone_in_the_end() {
    let stage = Stage::with_alice().await;
    stage.writes("all.bin", &bytes(3 << 20));
    // `script` gives it a terminal.
    let typed = |json: &str| {
        let sandbox = &stage.address;
        format!("TERM=xterm {PROGRAM} send me --file all.bin --sandbox {sandbox} {json}")
    };
    let run = async |typed: &str| {
        let arguments = ["-qec", typed, "/dev/null"];
        start("script", &stage.folder.path(""), &arguments).ends().await.well()
    };
    let seen = run(&typed("")).await;
    assert!(seen.contains("3.00 MiB") && seen.contains("sent: "), "{seen:?}");
    let seen = run(&typed("--json")).await;
    assert!(!seen.contains("MiB") && seen.contains("\"id\""), "{seen:?}");
}
