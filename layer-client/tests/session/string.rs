//! Session strings.

use layer_client::session::{SavedSession, SessionError, StringServer, StringSession};

use crate::samples::full;

fn what(text: &str) -> String {
    match StringSession::decode(text) {
        Err(SessionError::BadString { what }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn carries_credentials_and_a_configured_server() {
    let mut string = StringSession::new(SavedSession::default(), 12345, "abc123");
    let mut server = StringServer::default();
    server.dc_id = 4;
    server.address = Some("127.0.0.1:4430".to_owned());
    server.public_keys = vec![layer_crypto::rsa::TELEGRAM_TEST.to_pem()];
    server.is_test = true;
    string.server = Some(server);
    assert_eq!(StringSession::decode(&string.encode()).unwrap(), string);
}

/// The server's address is in it only if it was configured.
#[test]
fn carries_no_address_of_a_data_centre() {
    let session = full(1);
    assert!(session.dcs.iter().any(|dc| !dc.addresses.is_empty()));
    let text = StringSession::new(session.clone(), 1, "").encode();
    let carried = StringSession::decode(&text).unwrap();
    assert_eq!(carried.server, None);
    for (carried, dc) in carried.session.dcs.iter().zip(&session.dcs) {
        assert!(carried.addresses.is_empty() && carried.set_aside.is_empty());
        assert_eq!((carried.id, &carried.auth_key), (dc.id, &dc.auth_key));
    }
    assert_eq!(carried.session.peers, session.peers);
    assert_eq!(carried.session.user, session.user);
}

#[test]
fn needs_no_quotes_and_survives_wrapping() {
    let string = StringSession::new(full(1), 1, "abc123");
    let text = string.encode();
    assert!(text.starts_with("layr"));
    assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{text}");
    let lines: Vec<_> = text.as_bytes().chunks(76).map(|l| str::from_utf8(l).unwrap()).collect();
    let wrapped = format!(" {}\r\n", lines.join("\n  "));
    assert_eq!(StringSession::decode(&wrapped).unwrap(), StringSession::decode(&text).unwrap());
}

#[test]
fn is_whole_or_an_error() {
    let text = StringSession::new(full(1), 1, "abc123").encode();
    for len in 0..text.len() {
        what(&text[..len]);
    }
    for at in 0..text.len() {
        let mut mistyped = text.clone().into_bytes();
        mistyped[at] = if mistyped[at] == b'A' { b'B' } else { b'A' };
        what(str::from_utf8(&mistyped).unwrap());
    }
}

#[test]
fn says_what_is_wrong() {
    assert!(what("1BVtsOK0Bu7hQbGE").contains("begin with \"layr\""));
    assert!(what("").contains("begin"));
    assert!(what("layr!").contains("base64"));
    assert!(what("layrAAAA").contains("missing"));
    // Version 2, with the right checksum.
    let crc = crc32fast::hash(&[2]).to_le_bytes();
    let text = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        [&[2][..], &crc].concat(),
    );
    assert!(what(&format!("layr{text}")).contains("format 2"));
}
