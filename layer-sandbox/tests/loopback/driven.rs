//! A server whose time stands still and is driven: what falls due then, and what one connection,
//! or a test, has another one say.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use layer_crypto::rsa::PublicKey;
use layer_sandbox::listen::{Clock, CommandError};
use layer_sandbox::{Listener, Peer, Reply, Settings};
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use layer_wire::framing::FramingKind;

use crate::socket::{Client, Login, SESSION, unix_time};

/// The unix time at which the servers of these tests begin.
const BEGIN: i64 = 1_800_000_000;

/// A server whose time stands still, and its public key.
fn server() -> (Listener, PublicKey) {
    let settings = Settings::default();
    let public = settings.terms.key.public().clone();
    let clock = Clock::standing(Duration::from_secs(BEGIN as u64));
    (Listener::bind_at("127.0.0.1:0", settings, clock).unwrap(), public)
}

fn connect(server: &Listener) -> Client {
    Client::connect(server.address(), &FramingKind::Intermediate)
}

/// A client in whose session something has been said already.
fn client(server: &Listener, public: &PublicKey) -> (Client, Login) {
    let mut client = connect(server);
    let mut login = client.agree(public, BEGIN);
    date(&mut client, &mut login);
    (client, login)
}

/// The server's time, as it tells it with the config.
fn date(client: &mut Client, login: &mut Login) -> i64 {
    let enums::Config::Config(config) = client.config(login);
    config.date.into()
}

fn find<T: Deserializable>(messages: &[Vec<u8>]) -> Option<T> {
    messages.iter().find_map(|message| T::from_bytes(message).ok())
}

#[test]
fn time_stands_until_it_is_advanced() {
    let (server, public) = server();
    let (mut client, mut login) = client(&server, &public);
    assert_eq!(date(&mut client, &mut login), BEGIN);
    server.advance(Duration::from_secs(290));
    assert_eq!(date(&mut client, &mut login), BEGIN + 290);
    server.shift(-300);
    assert_eq!(date(&mut client, &mut login), BEGIN - 10);
    assert_eq!(server.now().monotonic, Duration::from_secs(290));
}

#[test]
fn an_hour_in_one_leap_closes_silent_connections_and_ends_a_salt() {
    let (server, public) = server();
    let (mut client, mut login) = client(&server, &public);
    server.advance(Duration::from_secs(3600));
    assert!(client.is_closed());

    login.time += 3600;
    let mut client = connect(&server);
    let asked = client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
    let enums::BadMsgNotification::BadServerSalt(bad) = find(&client.messages(&login)).unwrap()
    else {
        panic!("the salt has expired");
    };
    assert_eq!((bad.bad_msg_id, bad.error_code), (asked, 48));
    login.salt = bad.new_server_salt;
    assert_eq!(date(&mut client, &mut login), BEGIN + 3600);
}

#[test]
fn after_a_restart_keys_are_known_and_sessions_are_not() {
    let (server, public) = server();
    let (mut client, mut login) = client(&server, &public);
    server.restart();
    assert!(client.is_closed());
    assert!(server.world().sessions.is_empty());

    let mut client = connect(&server);
    let asked = client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
    let messages = client.messages(&login);
    let enums::NewSession::Created(created) = find(&messages).unwrap();
    assert_eq!((created.first_msg_id, created.server_salt), (asked, login.salt));
}

#[test]
fn a_stale_salt_is_told_once() {
    let (server, public) = server();
    let (mut client, mut login) = client(&server, &public);
    server.stale_salts();
    client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
    let enums::BadMsgNotification::BadServerSalt(bad) = find(&client.messages(&login)).unwrap()
    else {
        panic!("the salt is stale");
    };
    login.salt = bad.new_server_salt;
    assert_eq!(date(&mut client, &mut login), BEGIN);
}

/// Time stands still, so that no timer can bring it.
#[test]
fn what_is_pushed_goes_out_by_itself() {
    let (server, public) = server();
    let (mut client, login) = client(&server, &public);
    let update = enums::Updates::TooLong.to_bytes();
    assert!(server.world().push(login.key.id(), SESSION, update.clone()));
    let messages = client.messages(&login);
    assert!(messages.contains(&update), "{messages:?}");
}

#[test]
fn one_connection_has_another_one_say_something() {
    let (server, public) = server();
    let (mut listening, login) = client(&server, &public);
    let mut asking = connect(&server);
    let mut other = asking.agree(&public, BEGIN);
    other.time += 1;
    assert_ne!(other.key.id(), login.key.id());

    // What a query does is up to the test; here its answer comes late, on its own connection, and
    // meanwhile the other one is served.
    server.world().intercept(|_, query| {
        let late = query.starts_with(&functions::help::GetNearestDc {}.to_bytes());
        late.then(|| Reply::After(Duration::from_secs(10), Ok(true.to_bytes())))
    });
    let asked = asking.ask(&mut other, &functions::help::GetNearestDc {}.to_bytes());
    assert_eq!(date(&mut asking, &mut other), BEGIN);
    let update = enums::Updates::TooLong.to_bytes();
    assert!(server.world().push(login.key.id(), SESSION, update));
    assert!(!listening.messages(&login).is_empty());
    server.advance(Duration::from_secs(10));
    assert_eq!(asking.answer(&other, asked), true.to_bytes());
}

/// Threads carry the port in their names.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_left_of_a_dropped_server() {
    let count = |port: u16| {
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let names = threads
            .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
        names.filter(|name| name.trim_end().ends_with(&format!(" {port}"))).count()
    };
    let (server, public) = server();
    let port = server.address().port();
    let _clients = [client(&server, &public), client(&server, &public)];
    assert_eq!(count(port), 5);
    drop(server);
    // The system shows a thread a moment longer than it runs.
    let gone = |_| {
        std::thread::yield_now();
        count(port) == 0
    };
    assert!((0..20_000).any(gone), "{} threads are left", count(port));
}

/// Neither the thread that writes nor the one that waits for it may keep the server from stopping.
#[test]
fn a_server_stops_though_a_client_takes_nothing() {
    let (server, public) = server();
    let (mut client, mut login) = client(&server, &public);
    server.world().intercept(|_, _| Some(Reply::Now(Ok(vec![0; 1 << 20]))));
    for _ in 0..32 {
        client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
    }
    drop(server);
}

#[test]
fn a_running_program_takes_commands_on_its_input_and_on_a_port() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_layer-sandbox"))
        .args(["--control", "127.0.0.1:0", "--time-stands-at", &BEGIN.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<String> = lines.by_ref().take_while(|line| line != "ready").collect();
    let value = |name: &str| {
        told.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap()
    };
    let public = PublicKey::from_pem(&std::fs::read_to_string(value("key")).unwrap()).unwrap();
    let address = value("address").parse().unwrap();
    let mut client = Client::connect(address, &FramingKind::Abridged);
    let mut login = client.agree(&public, BEGIN);
    assert_eq!(date(&mut client, &mut login), BEGIN);

    writeln!(input, "advance 60").unwrap();
    assert_eq!(lines.next().unwrap(), "ok");
    assert_eq!(date(&mut client, &mut login), BEGIN + 60);

    let mut control = TcpStream::connect(value("control")).unwrap();
    let mut answers = BufReader::new(control.try_clone().unwrap()).lines().map(Result::unwrap);
    let mut command = |line: &str| {
        writeln!(control, "{line}").unwrap();
        answers.next().unwrap()
    };
    for line in [
        "",
        "advance",
        "advance -1",
        "advance x",
        "restart now",
        "fault",
        "fault x 1",
        "fault announce 1",
        "fault ask-states on",
        "fault refuse x",
        "refuse-call x FLOOD_WAIT_3",
        "refuse-links x",
        "stop",
    ] {
        assert!(command(line).starts_with("error "), "{line}");
    }
    assert_eq!(command("shift 100"), "ok");
    assert_eq!(date(&mut client, &mut login), BEGIN + 160);
    assert_eq!(command("restart"), "ok");
    assert!(client.is_closed());
    drop(input);
    assert!(program.wait().unwrap().success());
}

#[test]
fn commands_set_every_fault() {
    let (server, _) = server();
    let set = |name: &str, value: &str| {
        assert_eq!(server.command(&format!("fault {name} {value}")).unwrap(), "");
        server.world().faults.clone()
    };
    let mut before = server.world().faults.clone();
    for (name, value) in [
        ("gzip-answers", "on"),
        ("no-containers", "on"),
        ("announce", "on"),
        ("strict-acks", "on"),
        ("want-init", "on"),
        ("mute", "on"),
        ("refuse-containers", "1"),
        ("ask-states", "2"),
        ("tell-states", "3"),
        ("ask-resend", "4"),
        ("cut-when-sent", "5"),
        ("refuse", "16"),
    ] {
        let after = set(name, value);
        assert_ne!(after, before, "{name}");
        before = after;
    }
    assert!(!set("announce", "off").announce);
}

#[test]
fn commands_put_in_people_and_tell_their_codes() {
    let (server, public) = server();
    let user = server.command("add-user +491510000001 Anna Maria").unwrap();
    assert_eq!(server.command("add-user 491510000001 Anna").unwrap(), user);
    let bot = server.command("add-bot robot_bot Robot").unwrap();
    let (id, token) = bot.split_once(' ').unwrap();
    assert!(token.starts_with(&format!("{id}:")), "{bot}");
    server.command("add-bot robot_bot").unwrap_err();
    server.command("set-inline nobody_bot Search").unwrap_err();
    server.command("set-inline robot_bot Search here").unwrap();
    let placeholder =
        server.world().accounts.by_username("robot_bot").cloned().and_then(|user| user.bot);
    assert_eq!(placeholder.unwrap().inline_placeholder.as_deref(), Some("Search here"));

    let phone = "491510000001";
    assert_eq!(server.command("code 491510000001"), Err(CommandError::NoCode(phone.to_owned())));
    server.world().set_code(phone, "12345");
    let (mut client, mut login) = client(&server, &public);
    let settings = types::CodeSettings::default().into();
    let (phone_number, api_id, api_hash) = (phone.into(), 1, "0".repeat(32));
    let send = functions::auth::SendCode { phone_number, api_id, api_hash, settings };
    client.ask(&mut login, &send.to_bytes());
    client.messages(&login);
    assert_eq!(server.command("code +491510000001").unwrap(), "12345");
}

#[test]
fn what_clients_do_is_counted() {
    let (server, public) = server();
    let (mut client, mut login) = client(&server, &public);
    client.ask(&mut login, &functions::Ping { ping_id: 5 }.to_bytes());
    client.messages(&login);
    login.salt += 1;
    client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
    client.messages(&login);
    let stats = server.command("stats").unwrap();
    for expected in ["packets=2", "salts=1", "queries=1", "pings=1", "sessions=1", "bad_salts=1"] {
        assert!(stats.split(' ').any(|count| count == expected), "{expected}: {stats}");
    }
    // The new session and the config.
    assert!(stats.ends_with("keys=1 unacknowledged=2"), "{stats}");
}

#[test]
fn a_late_answer_comes_by_itself_where_time_flows() {
    let settings = Settings::default();
    let public = settings.terms.key.public().clone();
    let server = Listener::bind("127.0.0.1:0", settings).unwrap();
    server
        .world()
        .intercept(|_, _| Some(Reply::After(Duration::from_millis(20), Ok(true.to_bytes()))));
    let mut client = connect(&server);
    let mut login = client.agree(&public, unix_time());
    let asked = client.ask(&mut login, &functions::help::GetConfig {}.to_bytes());
    assert_eq!(client.answer(&login, asked), true.to_bytes());
}

#[test]
fn the_systems_time_can_be_advanced_too() {
    let server = Listener::bind("127.0.0.1:0", Settings::default()).unwrap();
    server.advance(Duration::from_secs(86_400));
    let ahead = server.now().unix() - unix_time();
    assert!((86_399..=86_400 + 60).contains(&ahead), "{ahead}");
}

#[test]
fn a_key_is_put_in_and_its_user_is_spoken_to() {
    let (server, _) = server();
    let (anna, bert) = {
        let mut world = server.world();
        (world.add_user("Anna", "+4915100001"), world.add_user("Bert", "+4915100002"))
    };
    let key = "07".repeat(256);
    let id: i64 = server.command(&format!("key 2 {key} {bert}")).unwrap().parse().unwrap();
    assert_eq!(server.world().accounts.login(id).map(|login| login.user_id), Some(bert));
    assert_eq!(server.command(&format!("say {anna} {bert} 3")).unwrap(), "3");
    assert_eq!(server.world().history(bert, Peer::User(anna)).len(), 3);
    server.world().open_session(id, 1);
    assert_eq!(server.command(&format!("say {anna} {bert} 1000")).unwrap(), "512");
    assert_eq!(server.command(&format!("say {anna} {bert} 1000")).unwrap(), "0", "no room");

    let refused = |line: String| server.command(&line).unwrap_err().to_string();
    assert!(refused(format!("say {anna} 1 1")).starts_with("refused: "));
    for key in [&key[1..], &format!("{key}0"), &key.replace('7', "g")] {
        let error = refused(format!("key 2 {key} {bert}"));
        assert!(error.contains("512 hexadecimal digits") && !error.contains(key), "{error}");
    }
}
