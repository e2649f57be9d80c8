//! The program as it is called: against its own server, a sandbox, and servers that are none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use layer_crypto::rsa::TELEGRAM_TEST;
use layer_sandbox::{Listener, Reply, RpcError, Settings};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_layer-connect")).args(arguments).output().unwrap()
}

/// What a run that goes well prints.
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {text}{errors}");
    assert_eq!(errors, "");
    text
}

/// The one line of a run that fails.
fn complaint(arguments: &[&str]) -> String {
    let output = run(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("layer-connect: "), "{text}");
    text
}

/// A file with somebody else's key.
fn other_key(test: &str) -> PathBuf {
    key_file(test, &TELEGRAM_TEST.to_pem())
}

fn key_file(test: &str, pem: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.pem"));
    fs::write(&path, pem).unwrap();
    path
}

/// Serves the first connection in a thread; what is returned is its address.
fn serve(server: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || server(listener.accept().unwrap().0));
    address
}

fn complaint_about(test: &str, server: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let (address, key) = (serve(server), other_key(test));
    complaint(&["--addr", &address, "--key", key.to_str().unwrap(), "--timeout", "1"])
}

#[test]
fn agrees_a_key_and_gets_a_config_over_every_transport() {
    for transport in ["abridged", "intermediate", "padded", "full", "obfuscated"] {
        let text = printed(&["--loopback", "--transport", transport]);
        for step in
            ["connect", "req_pq", "factorisation", "DH", "key id", "salt", "time offset", "config"]
        {
            let line = text.lines().find(|line| line.starts_with(step));
            let line = line.unwrap_or_else(|| panic!("{transport}: no {step} in {text}"));
            let timed = !["key id", "salt", "time offset"].contains(&step);
            assert_eq!(line.contains(" ms"), timed, "{line}");
        }
        assert!(text.contains(transport), "{text}");
        assert!(text.contains("this_dc 2, "), "{text}");
        assert!(text.contains("+0 s"), "{text}");
    }
}

#[test]
fn with_a_temporary_key_a_permanent_one_is_agreed_first_and_it_is_bound_to_that() {
    for transport in ["abridged", "obfuscated"] {
        let text = printed(&["--loopback", "--temp", "3600", "--transport", transport]);
        let names = text.lines().map(|line| line.split("  ").next().unwrap());
        let exchange = ["req_pq", "factorisation", "req_DH_params", "DH", "set_client_DH_params"];
        let expected = [
            &["connect"][..],
            &exchange,
            &["key id", "time offset"],
            &exchange,
            &["bindTempAuthKey", "temporary key", "config", "total"],
        ];
        assert_eq!(names.collect::<Vec<_>>(), expected.concat(), "{text}");
        assert!(text.contains("bound, expires in 3600 s"), "{text}");
    }
}

#[test]
fn another_data_centre_can_be_asked_for() {
    let text = printed(&["--loopback", "--dc", "4"]);
    assert!(text.contains("this_dc 4, "), "{text}");
    for dc in ["10002", "-4", "-10002"] {
        printed(&["--loopback", "--dc", dc, "--transport", "obfuscated"]);
    }
}

#[test]
fn a_server_elsewhere_is_reached_with_its_key() {
    let server = Listener::bind("127.0.0.1:0", Settings::default()).unwrap();
    let pem = server.world().settings.terms.key.public().to_pem();
    let key = key_file("elsewhere", &pem);
    let address = server.address().to_string();
    printed(&["--addr", &address, "--key", key.to_str().unwrap()]);
}

#[test]
fn a_key_that_is_not_the_servers_is_a_clear_error() {
    let key = other_key("not_the_servers");
    let text = complaint(&["--loopback", "--key", key.to_str().unwrap()]);
    assert!(text.contains("no key was agreed"), "{text}");
    assert!(text.contains("ea018a79096c46e2, none of which we have"), "{text}");
    assert!(text.contains("give --key this server's own public key"), "{text}");
}

#[test]
fn a_data_centre_that_the_server_is_not_is_a_clear_error() {
    let mut settings = Settings::default();
    settings.terms.dc = Some(3);
    let key = key_file("wrong_dc", &settings.terms.key.public().to_pem());
    let server = Listener::bind("127.0.0.1:0", settings).unwrap();
    let address = server.address().to_string();
    let text = complaint(&["--addr", &address, "--key", key.to_str().unwrap(), "--dc", "2"]);
    assert!(text.contains("transport error -444"), "{text}");
    assert!(text.contains("check --dc"), "{text}");
}

#[test]
fn a_refused_port_is_a_clear_error() {
    // Bound and closed again, so that nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let key = other_key("refused_port");
    let text = complaint(&["--addr", &address, "--key", key.to_str().unwrap()]);
    assert!(text.contains(&format!("can't connect to {address}")), "{text}");
    assert!(text.contains("whether a server listens there"), "{text}");
}

#[test]
fn a_server_that_speaks_http_is_a_clear_error() {
    let text = complaint_about("http", |mut stream| {
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    assert!(text.contains("speaks HTTP, not MTProto"), "{text}");
}

#[test]
fn a_server_that_never_answers_is_a_clear_error() {
    let text = complaint_about("silent", |mut stream| {
        // Until the client gives up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert!(text.contains("sent nothing for 1 s while resPQ was awaited"), "{text}");
    assert!(text.contains("--timeout"), "{text}");
}

#[test]
fn a_server_that_closes_is_a_clear_error() {
    let text = complaint_about("closing", |mut stream| {
        let _ = stream.read(&mut [0; 100]);
    });
    assert!(text.contains("closed the connection while resPQ was awaited"), "{text}");
}

#[test]
fn a_server_that_answers_with_a_code_is_a_clear_error() {
    let text = complaint_about("code", |mut stream| {
        let _ = stream.read(&mut [0; 100]);
        // Abridged: one word, -429.
        let _ = stream.write_all(&[1, 0x53, 0xfe, 0xff, 0xff]);
    });
    assert!(text.contains("transport error -429"), "{text}");
    assert!(text.contains("wait a while"), "{text}");
}

#[test]
fn a_server_that_answers_nonsense_is_a_clear_error() {
    let text = complaint_about("nonsense", |mut stream| {
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.write_all(&[10; 41]);
    });
    assert!(text.contains("in place of a plain reply"), "{text}");
}

/// The complaint about a server that agrees a key, and answers all calls with this.
fn complaint_about_answers(test: &str, reply: Reply) -> String {
    let server = Listener::bind("127.0.0.1:0", Settings::default()).unwrap();
    server.world().intercept(move |_, _| Some(reply.clone()));
    let key = key_file(test, &server.world().settings.terms.key.public().to_pem());
    let address = server.address().to_string();
    complaint(&["--addr", &address, "--key", key.to_str().unwrap(), "--timeout", "1"])
}

#[test]
fn a_server_that_answers_the_call_with_an_error_is_a_clear_error() {
    let error = RpcError::new(400, "API_ID_INVALID");
    let text = complaint_about_answers("rpc_error", Reply::Now(Err(error)));
    assert!(text.contains("help.getConfig was not answered"), "{text}");
    assert!(text.contains("the server answered 400 API_ID_INVALID; check --api-id"), "{text}");
}

#[test]
fn a_server_that_says_everything_but_the_answer_is_a_clear_error() {
    let never = Reply::After(Duration::from_secs(3600), Ok(vec![0; 4]));
    let text = complaint_about_answers("no_answer", never);
    assert!(text.contains("did not send the answer to help.getConfig within 1 s"), "{text}");
    assert!(text.contains("--timeout"), "{text}");
}

#[test]
fn an_answer_of_another_kind_is_a_clear_error() {
    let text = complaint_about_answers("other_answer", Reply::Now(Ok(vec![1, 2, 3, 4])));
    assert!(text.contains("the answer to help.getConfig can't be read"), "{text}");
}

#[test]
fn a_key_file_that_is_none_is_a_clear_error() {
    let text = complaint(&["--loopback", "--key", "/nowhere/at/all.pem"]);
    assert!(text.contains("can't read the key file /nowhere/at/all.pem"), "{text}");
    let key = key_file("no_key", "-----BEGIN NOTHING-----\n");
    let text = complaint(&["--loopback", "--key", key.to_str().unwrap()]);
    assert!(text.contains("holds no RSA public key"), "{text}");
}

#[test]
fn a_name_that_is_none_is_a_clear_error() {
    let key = other_key("no_name");
    let text = complaint(&["--addr", "127.0.0.1", "--key", key.to_str().unwrap()]);
    assert!(text.contains("can't find 127.0.0.1"), "{text}");
    assert!(text.contains("HOST:PORT"), "{text}");
}

#[test]
fn what_is_missing_is_asked_for() {
    for arguments in [&[][..], &["--addr", "127.0.0.1:1"], &["--loopback", "--transport", "http"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}
