//! The program, asked for more than an address.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use layer_crypto::rsa::PublicKey;
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use layer_wire::framing::FramingKind;

use crate::socket::{Client, unix_time};

#[test]
fn the_program_has_data_centres_people_and_bots_and_tells_login_codes() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_layer-sandbox"))
        .args(["--data-centres", "1,2", "--user", "Alice:+49 151 0000001"])
        .args(["--bot", "Echo:echo_bot", "--most-connections", "10"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<String> = lines.by_ref().take_while(|line| line != "ready").collect();
    let value = |name: &str| {
        let value = told.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} is not told"))
    };
    assert_eq!(value("dc 2"), value("address"));
    assert_ne!(value("dc 1"), value("address"));
    assert!(value("user").ends_with(" +49 151 0000001 Alice"));
    let token = value("bot").split(' ').nth(1).unwrap();
    let public = PublicKey::from_pem(&std::fs::read_to_string(value("key")).unwrap()).unwrap();

    let mut client = Client::connect(value("address").parse().unwrap(), &FramingKind::Intermediate);
    let mut login = client.agree(&public, unix_time());
    let send = functions::auth::SendCode {
        phone_number: "+49 151 0000001".into(),
        api_id: 1,
        api_hash: "0123456789abcdef".into(),
        settings: types::CodeSettings::default().into(),
    };
    let asked = client.ask(&mut login, &send.to_bytes());
    let answer = client.answer(&login, asked);
    let enums::auth::SentCode::Code(sent) = enums::auth::SentCode::from_bytes(&answer).unwrap()
    else {
        panic!("no code is sent");
    };
    let code = lines.next().unwrap();
    let code = code.strip_prefix("code 491510000001 ").unwrap();
    let sign_in = functions::auth::SignIn {
        phone_code: Some(code.to_owned()),
        ..functions::auth::SignIn::new("+49 151 0000001".into(), sent.phone_code_hash)
    };
    let asked = client.ask(&mut login, &sign_in.to_bytes());
    let answer = client.answer(&login, asked);
    enums::auth::Authorization::from_bytes(&answer).unwrap();

    let mut bot = Client::connect(value("dc 2").parse().unwrap(), &FramingKind::Abridged);
    let mut login = bot.agree(&public, unix_time());
    let api_hash = "0123456789abcdef".to_owned();
    let bot_auth_token = token.to_owned();
    let import =
        functions::auth::ImportBotAuthorization { flags: 0, api_id: 1, api_hash, bot_auth_token };
    let asked = bot.ask(&mut login, &import.to_bytes());
    enums::auth::Authorization::from_bytes(&bot.answer(&login, asked)).unwrap();

    let mut input = program.stdin.take().unwrap();
    writeln!(input, "cut-links").unwrap();
    assert_eq!(lines.next().unwrap(), "ok");
    drop(input);
    assert!(program.wait().unwrap().success());
}
