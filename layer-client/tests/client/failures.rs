//! What is wrong is said so that one knows whose fault it is, and the session stays as it was.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use layer_client::session::{BinaryFileBackend, SessionBackend, SessionError};
use layer_client::tl::functions;
use layer_client::{Client, Config, InvocationError, Proxy, Socks5Config};
use layer_sandbox::Sandbox;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::config;
use crate::sim_disk::SimDisk;

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("layer-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("my.session")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Says this to everybody, and closes.
async fn sayer(text: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 512];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(text).await;
        }
    });
    address
}

async fn error_of(config: Config) -> InvocationError {
    Client::connect(config).await.unwrap_err()
}

#[tokio::test]
async fn whatever_answers_in_place_of_the_server_is_told_apart() {
    let sandbox = Sandbox::start().await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let error = error_of(Config { dc_addr: Some(gone.clone()), ..config(&sandbox) }).await;
    assert!(matches!(error, InvocationError::Io(_)), "{error}");
    assert!(error.to_string().contains(&gone), "it says where: {error}");

    let web = Some(sayer(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
    let error = error_of(Config { dc_addr: web, ..config(&sandbox) }).await;
    assert!(matches!(error, InvocationError::NotTelegram(_)), "{error}");

    let nonsense = Some(sayer(&[1; 64]).await);
    let error = error_of(Config { dc_addr: nonsense, ..config(&sandbox) }).await;
    assert!(matches!(error, InvocationError::Link(_)), "{error}");

    let error = error_of(Config { server_keys: Vec::new(), ..config(&sandbox) }).await;
    assert!(matches!(error, InvocationError::Link(_)), "{error}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sayer(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let proxy = Some(Proxy::HttpConnect { address, auth: None });
    let error = error_of(Config { proxy, ..config(&sandbox) }).await;
    assert!(matches!(&error, InvocationError::Proxy(text) if text.contains("407")), "{error}");
    // No way of logging in that it knows is ours.
    let socks5 = Some(Socks5Config::new(sayer(&[5, 0xff]).await));
    let error = error_of(Config { socks5, ..config(&sandbox) }).await;
    assert!(matches!(&error, InvocationError::Proxy(text) if text.contains("SOCKS5")), "{error}");
}

#[tokio::test]
async fn a_session_file_that_is_not_ours_is_named_and_left_as_it_is() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("foreign");
    let path = folder.file();
    let config = Config { session_path: path.clone(), session_backend: None, ..config(&sandbox) };

    std::fs::write(&path, b"SQLite format 3\0 and more").unwrap();
    let error = error_of(config.clone()).await;
    assert!(matches!(error, InvocationError::Session(SessionError::Foreign { .. })), "{error}");
    assert!(error.to_string().contains("my.session"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"SQLite format 3\0 and more");

    // One of ours, damaged in the middle.
    std::fs::remove_file(&path).unwrap();
    let (client, shutdown) = Client::connect(config.clone()).await.unwrap();
    drop(client);
    shutdown.closed().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = error_of(config.clone()).await;
    assert!(matches!(error, InvocationError::Session(SessionError::Damaged { .. })), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(sandbox.world().keys.len(), 1, "nothing was asked of the server");
}

#[tokio::test]
async fn a_second_client_of_a_session_file_is_told_so_and_the_first_goes_on() {
    let sandbox = Sandbox::start().await.unwrap();
    let folder = Folder::new("second");
    let config = Config { session_path: folder.file(), session_backend: None, ..config(&sandbox) };
    let (client, shutdown) = Client::connect(config.clone()).await.unwrap();
    let error = error_of(config.clone()).await;
    assert!(matches!(error, InvocationError::Session(SessionError::Locked { .. })), "{error}");
    client.invoke(&functions::help::GetNearestDc {}).await.unwrap();
    client.disconnect();
    shutdown.closed().await;
    Client::connect(config).await.unwrap();
}

#[tokio::test]
async fn a_login_survives_a_disk_that_is_full_for_a_while() {
    let sandbox = Sandbox::start().await.unwrap();
    let (bot, token) = sandbox.world().add_bot("Echo", "echo_bot");
    let disk = Arc::new(SimDisk::default());
    let backend = || -> Arc<dyn SessionBackend> {
        Arc::new(BinaryFileBackend::with_disk("/my.session", disk.clone()))
    };
    let with = |backend| Config { session_backend: Some(backend), ..config(&sandbox) };
    let (client, shutdown) = Client::connect(with(backend())).await.unwrap();
    let before = client.export_session_string().await.unwrap();
    disk.state().trouble.room = Some(0);
    // Logging in goes on, and whoever asks is told that it is not saved.
    client.bot_sign_in(&token).await.unwrap();
    let error = client.save_session().await.unwrap_err();
    assert!(matches!(&error, InvocationError::Session(e) if e.is_disk_full()), "{error}");
    assert_eq!(client.get_me().await.unwrap().id, bot);
    disk.state().trouble.room = None;
    client.save_session().await.unwrap();
    assert_ne!(client.export_session_string().await.unwrap(), before);
    drop(client);
    shutdown.closed().await;
    let (client, _shutdown) = Client::connect(with(backend())).await.unwrap();
    assert!(client.is_authorized().await.unwrap());
}

#[tokio::test]
async fn nothing_is_kept_of_a_client_that_could_not_save_its_key() {
    let sandbox = Sandbox::start().await.unwrap();
    let disk = Arc::new(SimDisk::default());
    disk.state().trouble.room = Some(0);
    let backend = BinaryFileBackend::with_disk("/my.session", disk.clone());
    let config = Config { session_backend: Some(Arc::new(backend)), ..config(&sandbox) };
    let connecting = tokio::time::timeout(Duration::from_secs(20), Client::connect(config.clone()));
    let error = connecting.await.unwrap().unwrap_err();
    assert!(matches!(&error, InvocationError::Session(e) if e.is_disk_full()), "{error}");
    assert_eq!(sandbox.world().tally.queries, 0, "no call went under that key");
    disk.state().trouble.room = None;
    Client::connect(config).await.unwrap();
}
