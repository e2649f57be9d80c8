//! Several processes at one session file. The others are this program again, told by an environment
//! variable which test it is to play the other side of.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use layer_client::session::{BinaryFileBackend, Change, SessionBackend, SessionError};

use crate::samples::full;
use crate::temp::TempFolder;

const PATH: &str = "LAYER_TEST_SESSION";

fn other(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn keeps_a_second_process_away() {
    if let Some(path) = std::env::var_os(PATH) {
        let backend = BinaryFileBackend::new(path);
        let error = backend.load().await.unwrap_err();
        assert!(matches!(error, SessionError::Locked { .. }), "{error}");
        return;
    }
    let folder = TempFolder::new();
    let backend = BinaryFileBackend::new(folder.file());
    backend.save(&full(1).to_changes()).await.unwrap();
    let outcome = other("processes::keeps_a_second_process_away", &folder.file()).wait().unwrap();
    assert!(outcome.success());
    assert_eq!(backend.load().await.unwrap(), full(1));
}

/// Login survives without an explicit save, and a lock does not survive its process.
#[tokio::test]
async fn has_what_a_killed_process_had_saved() {
    if let Some(path) = std::env::var_os(PATH) {
        let backend = BinaryFileBackend::new(path).rewrite_above(3000);
        for pts in 0.. {
            let change = Change::ChannelPts { channel: i64::from(pts) % 20, pts };
            backend.save(&[change, Change::HomeDc(pts)]).await.unwrap();
            // Nobody may be there to read it: then this ends too.
            writeln!(std::io::stdout(), "\nsaved {pts}").unwrap();
        }
    }
    let folder = TempFolder::new();
    for round in 1..6 {
        let mut child = other("processes::has_what_a_killed_process_had_saved", &folder.file());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut saved = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("saved ").map(|pts| pts.parse::<i32>().unwrap()));
        saved.find(|&pts| pts == round * 7).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let last = saved.last().unwrap_or(round * 7);
        let session = BinaryFileBackend::new(folder.file()).load().await.unwrap();
        let pts = session.home_dc.unwrap();
        assert!(pts == last || pts == last + 1, "{pts} after {last}");
        assert_eq!(session.channels[&(i64::from(pts) % 20)], pts);
    }
}
