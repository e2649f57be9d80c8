//! The server on a loopback port, and the program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod actors;
#[path = "../pure/client.rs"]
#[allow(dead_code, reason = "the other tests need more of it")]
mod client;
mod contents;
mod driven;
mod folder;
mod program;
mod sandbox;
mod socket;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use layer_crypto::rsa::{PrivateKey, PublicKey};
use layer_sandbox::exchange::Terms;
use layer_sandbox::listen::{ListenError, MOST_CONNECTIONS};
use layer_sandbox::{Listener, Settings};
use layer_tl_types::{Serializable, enums, functions};
use layer_wire::framing::{FramingKind, Tag};
use layer_wire::message::PlainMessage;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use socket::{Client, unix_time};

fn check(config: enums::Config, address: SocketAddr) {
    let enums::Config::Config(config) = config;
    let enums::DcOption::Option(option) = &config.dc_options[1];
    assert_eq!((config.this_dc, option.id), (2, 2));
    assert_eq!(format!("{}:{}", option.ip_address, option.port), address.to_string());
}

#[test]
fn many_clients_are_served_at_once() {
    let secret = [9; 16];
    let settings = Settings { secrets: vec![secret.into()], ..Settings::default() };
    let public = settings.terms.key.public().clone();
    let server = Listener::bind("127.0.0.1:0", settings).unwrap();
    let kinds = [
        FramingKind::Abridged,
        FramingKind::Full,
        FramingKind::Obfuscated { inner: Tag::Padded, secret: Some(secret.into()), dc: 2 },
    ];
    std::thread::scope(|scope| {
        for kind in &kinds {
            scope.spawn(|| {
                let mut client = Client::connect(server.address(), kind);
                let mut login = client.agree(&public, unix_time());
                check(client.config(&mut login), server.address());
            });
        }
    });
    assert_eq!(server.world().keys.len(), 3);
}

#[test]
fn a_server_may_have_a_key_of_its_own() {
    let key = Arc::new(PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(3)));
    let settings = Settings { terms: Terms::new(key.clone()), ..Settings::default() };
    let server = Listener::bind("127.0.0.1:0", settings).unwrap();
    let mut client = Client::connect(server.address(), &FramingKind::Intermediate);
    let mut login = client.agree(key.public(), unix_time());
    check(client.config(&mut login), server.address());
}

#[test]
fn only_loopback_addresses_are_listened_on() {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "[2001:db8::1]:443"] {
        let refused = Listener::bind(address, Settings::default()).unwrap_err();
        assert!(matches!(refused, ListenError::NotLoopback(_)), "{refused}");
    }
}

#[test]
fn a_dropped_server_closes_all_connections_and_its_port() {
    let server = Listener::bind("127.0.0.1:0", Settings::default()).unwrap();
    let address = server.address();
    let mut silent = Client::connect(address, &FramingKind::Abridged);
    let mut busy = Client::connect(address, &FramingKind::Abridged);
    busy.plain(&functions::ReqPq { nonce: [1; 16] }.to_bytes());
    drop(server);
    assert!(silent.is_closed() && busy.is_closed());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_client_at_fault_is_told_and_closed_and_the_others_go_on() {
    let server = Listener::bind("127.0.0.1:0", Settings::default()).unwrap();
    let mut other = Client::connect(server.address(), &FramingKind::Abridged);
    other.plain(&functions::ReqPq { nonce: [1; 16] }.to_bytes());
    let mut client = Client::connect(server.address(), &FramingKind::Intermediate);
    client.send(&[7; 72]);
    let mut all = Vec::new();
    client.stream.read_to_end(&mut all).unwrap();
    assert_eq!(all, [4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff]);
    other.plain(&functions::ReqPq { nonce: [2; 16] }.to_bytes());
}

#[test]
fn connections_are_bounded_and_closed_ones_make_room() {
    let server = Listener::bind("127.0.0.1:0", Settings::default()).unwrap();
    let connect = || Client::connect(server.address(), &FramingKind::Abridged);
    let query = functions::ReqPq { nonce: [1; 16] }.to_bytes();
    let mut clients: Vec<Client> = (0..MOST_CONNECTIONS).map(|_| connect()).collect();
    clients.last_mut().unwrap().plain(&query);
    assert!(connect().is_closed());
    clients.pop();
    // When the server notices is its own affair.
    let served = std::iter::repeat_with(connect).take(10_000).any(|mut client| {
        let mut packet = Vec::new();
        PlainMessage { msg_id: unix_time() << 32, body: &query }.write(&mut packet);
        let mut bytes = Vec::new();
        client.encoder.encode(&packet, false, &mut client.rng, &mut bytes).unwrap();
        let sent = client.stream.write_all(&bytes);
        sent.is_ok() && matches!(client.stream.read(&mut [0; 100]), Ok(1..))
    });
    assert!(served);
}

#[test]
fn the_program_says_where_it_is_and_serves_until_its_input_ends() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_layer-sandbox"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut value = |name: &str| {
        let line = lines.next().unwrap().unwrap();
        let (found, value) = line.split_once(' ').unwrap_or((&line, ""));
        assert_eq!(found, name);
        value.to_owned()
    };
    let address: SocketAddr = value("address").parse().unwrap();
    let path = value("key");
    let fingerprint = value("fingerprint");
    let secret = value("proxy-secret");
    value("ready");

    let public = PublicKey::from_pem(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(fingerprint, format!("{:016x}", public.fingerprint()));
    assert_eq!(secret.len(), 32);
    let secret = u128::from_str_radix(&secret, 16).unwrap().to_be_bytes();
    let kinds = [
        FramingKind::Abridged,
        FramingKind::Obfuscated { inner: Tag::Intermediate, secret: Some(secret.into()), dc: 2 },
    ];
    for kind in &kinds {
        let mut client = Client::connect(address, kind);
        let mut login = client.agree(&public, unix_time());
        check(client.config(&mut login), address);
    }
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    assert!(!std::path::Path::new(&path).exists());
}

#[test]
fn the_program_refuses_what_it_can_not_do() {
    for arguments in [
        ["--listen", "0.0.0.0:0"],
        ["--listen", "nowhere"],
        ["--proxy-secret", "dd00"],
        ["--key-out", "/nonexistent/key.pem"],
        ["--dc", "0"],
        ["--control", "192.0.2.1:80"],
        ["--control", "nowhere"],
        ["--time-stands-at", "-1"],
        ["--data-centres", "1,3"],
        ["--user", "Alice"],
        ["--bot", ":echo_bot"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_layer-sandbox"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}
