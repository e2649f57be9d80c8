//! How a client begins, and what it keeps.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use layer_tl_types::{enums, functions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

use super::{Rig, refusal};
use crate::net::dial::{BoxFuture as NetFuture, Dial, Stream, Target};
use crate::net::memory::Fate;
use crate::session::{BoxFuture, Change, SavedSession, SessionBackend, SessionError};
use crate::{Client, Config, ConfigError, InvocationError};

const NEAREST: functions::help::GetNearestDc = functions::help::GetNearestDc {};

#[tokio::test(start_paused = true)]
async fn a_client_connects_agrees_a_key_and_calls() {
    let rig = Rig::new();
    let (client, _token) = rig.connect().await.unwrap();
    let enums::NearestDc::Dc(nearest) = client.invoke(&NEAREST).await.unwrap();
    assert_eq!(nearest.this_dc, 2);
    let saved = rig.session.session();
    assert!(saved.dc(2).unwrap().auth_key.is_some());
    assert!(!saved.dc(4).unwrap().addresses.is_empty(), "help.getConfig has told them");
}

#[tokio::test(start_paused = true)]
async fn the_next_client_goes_on_with_the_key_that_was_saved() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    drop(client);
    token.closed().await;
    let (client, _token) = rig.connect().await.unwrap();
    client.invoke(&NEAREST).await.unwrap();
    assert_eq!(rig.server.world().keys.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_string_carries_the_login_the_credentials_and_the_server() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    let text = client.export_session_string().await.unwrap();
    token.cancel();
    let config = Config::from_string_session(&text).unwrap();
    assert_eq!((config.api_id, config.api_hash.as_str()), (1, "hash"));
    let (client, _token) = Client::connect_with(config, rig.seams()).await.unwrap();
    client.invoke(&NEAREST).await.unwrap();
    assert_eq!(rig.server.world().keys.len(), 1, "no key was agreed anew");
    let again = client.export_session_string().await.unwrap();
    assert!(Client::with_string_session(&again[1..]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_server_with_another_key_is_not_spoken_to() {
    let rig = Rig::new();
    let config = Config { server_keys: Vec::new(), ..rig.config() };
    let error = Client::connect_with(config, rig.seams()).await.unwrap_err();
    assert!(matches!(error, InvocationError::Link(_)), "{error}");
    assert_eq!(rig.session.session(), SavedSession::default());
    assert_eq!(rig.tasks_left().await, 0);
    rig.connect().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_port_is_told_at_once_and_the_session_is_as_it_was() {
    let rig = Rig::new();
    rig.server.refusals.store(1, Ordering::Relaxed);
    let started = Instant::now();
    let error = rig.connect().await.unwrap_err();
    assert!(
        matches!(&error, InvocationError::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(rig.session.session(), SavedSession::default());
    assert_eq!(rig.tasks_left().await, 0);
    rig.connect().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_left_in_time_with_a_key_and_without() {
    let rig = Rig::new();
    for with_key in [false, true] {
        rig.server.next_links([Fate::Silent]);
        let before = rig.session.session();
        let started = Instant::now();
        let error = rig.connect().await.unwrap_err();
        assert!(
            matches!(&error, InvocationError::Io(e) if e.kind() == io::ErrorKind::TimedOut),
            "{with_key}: {error}"
        );
        assert!(started.elapsed() < Duration::from_secs(35), "{:?}", started.elapsed());
        assert_eq!(rig.session.session(), before);
        assert_eq!(rig.tasks_left().await, 0);
        drop(rig.connect().await.unwrap());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_server_has_forgotten_is_put_aside_and_another_agreed() {
    let rig = Rig::new();
    let (client, token) = rig.logged_in().await;
    drop(client);
    token.closed().await;
    let old = rig.session.session().dc(2).unwrap().auth_key.clone().unwrap();
    rig.server.world().forget_key(old.id());
    let (client, _token) = rig.connect().await.unwrap();
    client.invoke(&NEAREST).await.unwrap();
    client.save_session().await.unwrap();
    let saved = rig.session.session();
    assert_eq!(saved.user, None, "the login was under that key");
    assert_eq!(saved.dc(2).unwrap().set_aside[0].auth_key, old);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_used_at_two_places_is_put_aside() {
    let rig = Rig::new();
    let (client, _token) = rig.logged_in().await;
    rig.answer(|_, _, _| refusal(406, "AUTH_KEY_DUPLICATED"));
    assert!(client.invoke(&NEAREST).await.unwrap_err().is("AUTH_KEY_DUPLICATED"));
    rig.answer(|_, _, _| None);
    client.invoke(&NEAREST).await.unwrap();
    client.save_session().await.unwrap();
    let saved = rig.session.session();
    assert_eq!((saved.user, saved.dc(2).unwrap().set_aside.len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn forged_codes_end_links_and_cost_no_key() {
    /// Answers whatever comes with the code that says that a key is unknown.
    struct Forger;

    impl Dial for Forger {
        fn dial<'a>(&'a self, _: &'a Target) -> NetFuture<'a, io::Result<Box<dyn Stream>>> {
            Box::pin(async move {
                let (ours, mut theirs) = duplex(1 << 16);
                tokio::spawn(async move {
                    let mut bytes = [0; 64];
                    if theirs.read(&mut bytes).await.is_ok() {
                        let _ = theirs.write_all(&[1, 0x6c, 0xfe, 0xff, 0xff]).await;
                    }
                });
                Ok(Box::new(ours) as Box<dyn Stream>)
            })
        }
    }

    let rig = Rig::new();
    let (client, token) = rig.logged_in().await;
    drop(client);
    token.closed().await;
    let before = rig.session.session();
    let mut seams = rig.seams();
    seams.dial = Arc::new(Forger);
    let error = Client::connect_with(rig.config(), seams).await.unwrap_err();
    assert!(matches!(error, InvocationError::Link(_)), "{error}");
    assert_eq!(rig.session.session(), before);
    let (client, _token) = rig.connect().await.unwrap();
    client.invoke(&NEAREST).await.unwrap();
    assert!(rig.session.session().user.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_number_that_the_server_does_not_know_is_told_when_connecting() {
    let rig = Rig::new();
    rig.answer(|_, _, _| refusal(400, "CONNECTION_API_ID_INVALID"));
    let error = rig.connect().await.unwrap_err();
    assert!(error.is("CONNECTION_API_ID_INVALID"), "{error}");
    let config = Config { api_id: 0, ..rig.config() };
    let error = Client::connect_with(config, rig.seams()).await.unwrap_err();
    assert!(matches!(error, InvocationError::Config(ConfigError::ApiId(0))), "{error}");
}

/// A session on a disk that is full.
struct Full;

impl SessionBackend for Full {
    fn load(&self) -> BoxFuture<'_, Result<SavedSession, SessionError>> {
        Box::pin(async { Ok(SavedSession::default()) })
    }

    fn save<'a>(&'a self, _: &'a [Change]) -> BoxFuture<'a, Result<(), SessionError>> {
        let source = Arc::new(io::ErrorKind::StorageFull.into());
        let error = SessionError::Io { path: "x".into(), action: "write", source };
        Box::pin(std::future::ready(Err(error)))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_under_a_key_that_can_not_be_saved() {
    let rig = Rig::new();
    let config = Config { session_backend: Some(Arc::new(Full)), ..rig.config() };
    let error = Client::connect_with(config, rig.seams()).await.unwrap_err();
    assert!(matches!(&error, InvocationError::Session(e) if e.is_disk_full()), "{error}");
    assert_eq!(rig.server.world().tally.queries, 0);
    assert_eq!(rig.tasks_left().await, 0);
}

#[tokio::test(start_paused = true)]
async fn salts_are_kept_so_that_a_restart_costs_no_round_trip() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    let kept = || rig.session.session().dc(2).unwrap().salts.clone();
    let those_to_come = || {
        let now = rig.server.now().wall.as_secs() as i32;
        kept().iter().filter(|salt| salt.valid_until > now + 3600).count()
    };
    client.invoke(&NEAREST).await.unwrap();
    let first = kept();
    assert!(those_to_come() > 20, "they come with the first answer");
    tokio::time::sleep(Duration::from_secs(40 * 3600)).await;
    client.invoke(&NEAREST).await.unwrap();
    assert_ne!(kept(), first);
    assert!(those_to_come() > 10);
    token.cancel();
    token.closed().await;
    let changes = || rig.server.world().tally.bad_salts;
    let before = changes();
    let (client, _token) = rig.connect().await.unwrap();
    client.invoke(&NEAREST).await.unwrap();
    assert_eq!(changes(), before, "it was right at once");
}

#[tokio::test(start_paused = true)]
async fn a_key_without_salts_costs_a_round_trip_once() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    drop(client);
    token.closed().await;
    let mut entry = rig.session.load().await.unwrap().dc(2).unwrap().clone();
    entry.salts.clear();
    rig.session.save(&[Change::Dc(Box::new(entry))]).await.unwrap();
    let config = Config { await_server: false, ..rig.config() };
    for expected in [1, 0, 0] {
        let before = rig.server.world().tally.bad_salts;
        let (client, token) = Client::connect_with(config.clone(), rig.seams()).await.unwrap();
        client.invoke(&NEAREST).await.unwrap();
        drop(client);
        token.closed().await;
        assert_eq!(rig.server.world().tally.bad_salts - before, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_for_the_server_calls_with_the_first_packet() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    drop(client);
    token.closed().await;
    let packets = || rig.server.world().tally.packets;
    let before = packets();
    let config = Config { await_server: false, ..rig.config() };
    let (client, _token) = Client::connect_with(config, rig.seams()).await.unwrap();
    client.invoke(&NEAREST).await.unwrap();
    assert_eq!(packets(), before + 1, "with help.getConfig in one container");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_for_the_server_is_told_by_the_call_that_there_is_none() {
    let rig = Rig::new();
    let config =
        Config { await_server: false, dc_addr: Some("10.9.9.9:1".to_owned()), ..rig.config() };
    let (client, _token) = Client::connect_with(config, rig.seams()).await.unwrap();
    let error = client.invoke(&NEAREST).await.unwrap_err();
    assert!(matches!(error, InvocationError::Io(_) | InvocationError::Timeout(_)), "{error}");
}
