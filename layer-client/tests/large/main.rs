//! A file that is larger than the memory it is moved in, there and back: 64 MiB, or as many as
//! `LAYER_LARGE_MIB` says; `cargo xtask large` takes a GiB. The client is a process of its own, which is
//! this program again, so that what is measured is the client's alone. The file is nowhere as a whole:
//! it is made where it is read, and checked where it is written.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a test"
)]

mod made;

use std::process::{Command, Stdio};
use std::sync::Arc;

use layer_client::session::InMemoryBackend;
use layer_client::{Client, Config};
use layer_sandbox::Sandbox;

use made::{BLOCK, Made, Places, check};

const SESSION: &str = "LAYER_TEST_LARGE_SESSION";
const MIB: &str = "LAYER_LARGE_MIB";
const PHONE: &str = "+4930901820";
/// So many MiB the client may have at most, itself among them.
const MOST: u64 = 64;

#[tokio::test]
async fn a_file_larger_than_the_memory_is_moved_whole() {
    let mib: u64 = std::env::var(MIB).map_or(64, |mib| mib.parse().unwrap());
    if let Ok(session) = std::env::var(SESSION) {
        return there_and_back(&session, mib << 20).await;
    }
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.world().add_user("Alice", PHONE);
    sandbox.world().keep_contents(Places::default());
    let session = login(&sandbox).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "a_file_larger_than_the_memory_is_moved_whole", "--nocapture"]);
    child.env(SESSION, session).env(MIB, mib.to_string()).stdout(Stdio::piped());
    let said = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(said.status.success());
    let said = String::from_utf8(said.stdout).unwrap();
    let line = said.lines().find(|line| line.starts_with("peak ")).unwrap();
    println!("{mib} MiB up and down: {line}");
    let peak: Option<u64> = line.split(' ').nth(1).unwrap().parse().ok();
    // It is known on Linux only.
    assert!(peak.is_none_or(|kib| kib < MOST << 10), "{line}");
}

async fn login(sandbox: &Sandbox) -> String {
    let config = Config {
        api_id: 1,
        api_hash: "hash".to_owned(),
        dc_addr: Some(sandbox.address(2).to_string()),
        server_keys: vec![sandbox.public_key_pem()],
        session_backend: Some(Arc::new(InMemoryBackend::default())),
        ..Config::default()
    };
    let (client, _shutdown) = Client::connect(config).await.unwrap();
    let token = client.request_login_code(PHONE).await.unwrap();
    let code = sandbox.world().code_for(PHONE).unwrap();
    client.sign_in(&token, &code).await.unwrap();
    client.export_session_string().await.unwrap()
}

/// What the client does.
async fn there_and_back(session: &str, len: u64) {
    let (client, _shutdown) = Client::with_string_session(session).await.unwrap();
    let first = peak();
    let upload = client.upload_stream(Made::new(len), "large.bin", "application/octet-stream");
    let uploaded = upload.await.unwrap();
    assert_eq!(uploaded.size(), len);
    let sent = client.send_file("me", uploaded, "").await.unwrap();
    let up = peak();
    let mut download = client.iter_download(&sent.document().unwrap());
    let mut at = 0;
    while let Some(piece) = download.next().await.unwrap() {
        check(&piece, at);
        at += piece.len() as u64;
    }
    assert_eq!((at, at % BLOCK as u64), (len, 0));
    println!("\npeak {} KiB, {up} after the upload, {first} before it", peak());
}

/// The most memory that this process has had, in KiB.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".to_owned(), |line| line.trim().trim_end_matches(" kB").to_owned())
}
