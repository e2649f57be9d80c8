//! Logins of bots, by QR codes, on other data centres; and how logins end.

use std::collections::BTreeMap;

use layer_sandbox::{Settings, World};
use layer_tl_types::{enums, functions, types};

use crate::room::{ALICES, BOBS, BOTS, NOBODYS, Room, logged_in};

const OTHER: i64 = 5;

fn bot_login(token: &str) -> functions::auth::ImportBotAuthorization {
    functions::auth::ImportBotAuthorization {
        flags: 0,
        api_id: 12345,
        api_hash: "abc123".into(),
        bot_auth_token: token.into(),
    }
}

fn export_token(except_ids: Vec<i64>) -> functions::auth::ExportLoginToken {
    functions::auth::ExportLoginToken { api_id: 12345, api_hash: "abc123".into(), except_ids }
}

fn token(answer: enums::auth::LoginToken) -> Vec<u8> {
    match answer {
        enums::auth::LoginToken::Token(token) => token.token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bot_logs_in_with_its_token_and_with_no_other() {
    let mut room = Room::new();
    let (bot, token) = room.world.add_bot("Other", "other_bot");
    assert_eq!(logged_in(room.ask(NOBODYS, &bot_login(&token)).unwrap()), bot);
    assert_eq!(room.whoami(NOBODYS), Ok(bot));
    for wrong in ["", "1:a", &token[1..]] {
        assert_eq!(room.refused(OTHER, &bot_login(wrong)), "400 ACCESS_TOKEN_INVALID");
    }
    let query = functions::auth::ImportBotAuthorization { api_id: 0, ..bot_login(&token) };
    assert_eq!(room.refused(OTHER, &query), "400 API_ID_INVALID");
}

#[test]
fn a_bot_that_lives_elsewhere_is_sent_there() {
    let mut room = Room::new();
    let (bot, token) = room.world.add_bot("Other", "other_bot");
    room.world.accounts.get_mut(bot).unwrap().dc = 4;
    let (two, four) = (room.key_of(1, 2), room.key_of(2, 4));
    let error = room.ask_at((two, 2), &bot_login(&token)).unwrap_err();
    assert_eq!(error.to_string(), "303 USER_MIGRATE_4");
    room.ask_at((four, 4), &bot_login(&token)).unwrap();
}

#[test]
fn a_token_that_was_accepted_logs_in() {
    let mut room = Room::new();
    let bytes = token(room.ask(NOBODYS, &export_token(vec![])).unwrap());
    // Until then it is the same.
    assert_eq!(token(room.ask(NOBODYS, &export_token(vec![])).unwrap()), bytes);
    let accept = functions::auth::AcceptLoginToken { token: bytes };
    room.ask(ALICES, &accept).unwrap();
    assert_eq!(room.refused(BOBS, &accept), "400 AUTH_TOKEN_ALREADY_ACCEPTED");
    let answer = room.ask(NOBODYS, &export_token(vec![])).unwrap();
    let enums::auth::LoginToken::Success(success) = answer else { panic!("{answer:?}") };
    assert_eq!(logged_in(success.authorization), room.alice);
    assert_eq!(room.refused(ALICES, &accept), "400 AUTH_TOKEN_INVALID");
}

#[test]
fn a_token_lives_for_half_a_minute() {
    let mut room = Room::new();
    let first = token(room.ask(NOBODYS, &export_token(vec![])).unwrap());
    room.pass(30);
    let accept = functions::auth::AcceptLoginToken { token: first.clone() };
    assert_eq!(room.refused(ALICES, &accept), "400 AUTH_TOKEN_EXPIRED");
    assert_ne!(token(room.ask(NOBODYS, &export_token(vec![])).unwrap()), first);
    assert_eq!(room.refused(BOTS, &accept), "400 BOT_METHOD_INVALID");
    assert_eq!(room.refused(NOBODYS, &accept), "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn who_is_excepted_can_not_accept_a_token() {
    let mut room = Room::new();
    let token = token(room.ask(NOBODYS, &export_token(vec![room.alice])).unwrap());
    let accept = functions::auth::AcceptLoginToken { token };
    assert_eq!(room.refused(ALICES, &accept), "400 AUTH_TOKEN_EXCEPTION");
    assert_eq!(room.refused(BOBS, &accept), "answered");
}

#[test]
fn a_token_does_not_replace_the_password() {
    let mut room = Room::new();
    room.world.set_password(room.alice, "sesame", "");
    let token = token(room.ask(NOBODYS, &export_token(vec![])).unwrap());
    room.ask(ALICES, &functions::auth::AcceptLoginToken { token }).unwrap();
    for _ in 0..2 {
        let refused = room.refused(NOBODYS, &export_token(vec![]));
        assert_eq!(refused, "401 SESSION_PASSWORD_NEEDED");
    }
}

#[test]
fn a_token_is_taken_to_where_the_account_lives() {
    let mut room = Room::new();
    room.world.accounts.get_mut(room.alice).unwrap().dc = 4;
    let (two, four) = (room.key_of(1, 2), room.key_of(2, 4));
    let bytes = token(room.ask_at((two, 2), &export_token(vec![])).unwrap());
    let import = functions::auth::ImportLoginToken { token: bytes.clone() };
    let early = room.ask_at((four, 4), &import).unwrap_err();
    assert_eq!(early.to_string(), "400 AUTH_TOKEN_INVALID");
    room.ask(ALICES, &functions::auth::AcceptLoginToken { token: bytes.clone() }).unwrap();
    let answer = room.ask_at((two, 2), &export_token(vec![])).unwrap();
    let expected = types::auth::LoginTokenMigrateTo { dc_id: 4, token: bytes };
    assert_eq!(answer, expected.into());
    let answer = room.ask_at((four, 4), &import).unwrap();
    assert!(matches!(answer, enums::auth::LoginToken::Success(_)), "{answer:?}");
    assert_eq!(room.whoami(four), Ok(room.alice));
}

/// A world whose data centres stand apart, with Alice at 2.
fn apart() -> Room {
    let address = Settings::default().address;
    let addresses = BTreeMap::from([(1, address), (2, address), (4, address)]);
    let mut room = Room::new();
    room.world = World::new(Settings { addresses, ..Settings::default() });
    room.alice = room.world.add_user("Alice", crate::room::ALICE);
    room.world.log_in(ALICES, room.alice);
    room
}

#[test]
fn a_login_is_carried_to_another_data_centre_once() {
    let mut room = apart();
    for wrong in [2, 3] {
        let export = functions::auth::ExportAuthorization { dc_id: wrong };
        assert_eq!(room.refused(ALICES, &export), "400 DC_ID_INVALID");
    }
    let export = functions::auth::ExportAuthorization { dc_id: 4 };
    assert_eq!(room.refused(NOBODYS, &export), "401 AUTH_KEY_UNREGISTERED");
    let enums::auth::ExportedAuthorization::Authorization(exported) =
        room.ask(ALICES, &export).unwrap();
    let import =
        |id, bytes: &[u8]| functions::auth::ImportAuthorization { id, bytes: bytes.into() };
    let wrong = room.ask_at((OTHER, 4), &import(exported.id, &[1; 8])).unwrap_err();
    assert_eq!(wrong.to_string(), "400 AUTH_BYTES_INVALID");
    let right = import(exported.id, &exported.bytes);
    assert_eq!(logged_in(room.ask_at((OTHER, 4), &right).unwrap()), room.alice);
    let again = room.ask_at((OTHER, 4), &right).unwrap_err();
    assert_eq!(again.to_string(), "400 AUTH_BYTES_INVALID");
    // A guest asks what only the account's home answers.
    let me = functions::users::GetUsers { id: vec![] };
    let error = room.ask_at((OTHER, 4), &me).unwrap_err();
    assert_eq!(error.to_string(), "303 USER_MIGRATE_2");
    // And goes when the login ends from which it came.
    room.ask(ALICES, &functions::auth::LogOut {}).unwrap();
    let error = room.ask_at((OTHER, 4), &me).unwrap_err();
    assert_eq!(error.to_string(), "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn what_was_exported_serves_only_there_and_soon() {
    let mut room = apart();
    let export = functions::auth::ExportAuthorization { dc_id: 4 };
    for (dc, seconds) in [(1, 0), (4, 61)] {
        let enums::auth::ExportedAuthorization::Authorization(exported) =
            room.ask(ALICES, &export).unwrap();
        room.pass(seconds);
        let (id, bytes) = (exported.id, exported.bytes);
        let import = functions::auth::ImportAuthorization { id, bytes };
        let error = room.ask_at((OTHER, dc), &import).unwrap_err();
        assert_eq!(error.to_string(), "400 AUTH_BYTES_INVALID", "{dc} {seconds}");
    }
}

#[test]
fn who_logs_out_is_nobody() {
    let mut room = Room::new();
    room.ask(ALICES, &functions::auth::LogOut {}).unwrap();
    assert_eq!(room.whoami(ALICES), Err("401 AUTH_KEY_UNREGISTERED".into()));
    assert_eq!(room.refused(ALICES, &functions::auth::LogOut {}), "401 AUTH_KEY_UNREGISTERED");
    assert_eq!(room.whoami(BOBS), Ok(room.bob));
}

#[test]
fn a_login_may_end_another_and_that_one_is_told() {
    let mut room = Room::new();
    room.world.log_in(NOBODYS, room.alice);
    room.world.log_in(OTHER, room.alice);
    let all = functions::account::GetAuthorizations {};
    let listed = |room: &mut Room| {
        let enums::account::Authorizations::Authorizations(all) = room.ask(ALICES, &all).unwrap();
        let each = all.authorizations.into_iter();
        each.map(|enums::Authorization::Authorization(one)| *one).collect::<Vec<_>>()
    };
    let before = listed(&mut room);
    let own: Vec<_> = before.iter().filter(|one| one.current).collect();
    assert_eq!((before.len(), own.len(), own[0].hash), (3, 1, 0));
    let hash = before.iter().find(|one| !one.current).unwrap().hash;
    let reset = functions::account::ResetAuthorization { hash };
    assert_eq!(room.refused(BOBS, &reset), "400 HASH_INVALID");
    assert_eq!(room.ask(ALICES, &reset), Ok(true));
    assert_eq!(listed(&mut room).len(), 2);
    assert_eq!(room.ask(ALICES, &functions::auth::ResetAuthorizations {}), Ok(true));
    assert_eq!(listed(&mut room).len(), 1);
    for key in [NOBODYS, OTHER] {
        assert_eq!(room.whoami(key), Err("401 SESSION_REVOKED".into()));
    }
    assert_eq!(room.whoami(BOBS), Ok(room.bob));
    room.world.log_in(OTHER, room.alice);
    assert_eq!(room.whoami(OTHER), Ok(room.alice));
}
