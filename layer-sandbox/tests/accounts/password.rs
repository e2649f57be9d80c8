//! Passwords of two-step verification.

use layer_crypto::dh::KnownPrimes;
use layer_crypto::srp::{self, Algo};
use layer_tl_types::{enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::room::{ALICE, ALICES, BOBS, NOBODYS, Room, logged_in};

type Kdf = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow;

const WORD: &str = "open, sesame";
const MAIL: &str = "alice@example.org";

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(3)
}

fn algo(kdf: &Kdf) -> Algo<'_> {
    Algo { salt1: &kdf.salt1, salt2: &kdf.salt2, g: kdf.g, p: &kdf.p }
}

fn kdf(algo: enums::PasswordKdfAlgo) -> Kdf {
    match algo {
        enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(kdf) => kdf,
        enums::PasswordKdfAlgo::Unknown => panic!(),
    }
}

/// A room in which Alice has a password.
fn with_password() -> Room {
    let mut room = Room::new();
    assert!(room.world.set_password(room.alice, WORD, "what Ali Baba said"));
    room
}

fn get_password(room: &mut Room, key: i64) -> types::account::Password {
    let enums::account::Password::Password(password) =
        room.ask(key, &functions::account::GetPassword {}).unwrap();
    *password
}

/// The proof that a client makes of a password.
fn proof(password: &types::account::Password, word: &str) -> enums::InputCheckPasswordSrp {
    let kdf = kdf(password.current_algo.clone().unwrap());
    let b = password.srp_b.as_ref().unwrap();
    let answer =
        srp::answer(word.as_bytes(), &algo(&kdf), b, &mut KnownPrimes::new(), &mut rng()).unwrap();
    let (a, m1) = (answer.a.to_vec(), answer.m1.to_vec());
    types::InputCheckPasswordSrp { srp_id: password.srp_id.unwrap(), a, m1 }.into()
}

fn prove(room: &mut Room, key: i64, word: &str) -> enums::InputCheckPasswordSrp {
    proof(&get_password(room, key), word)
}

/// Settings for a new password, as a client makes them.
fn settings(room: &mut Room, key: i64, word: &str) -> types::account::PasswordInputSettings {
    let mut kdf = kdf(get_password(room, key).new_algo);
    kdf.salt1.extend([7; 32]);
    let hash =
        srp::new_password_hash(word.as_bytes(), &algo(&kdf), &mut KnownPrimes::new(), &mut rng());
    types::account::PasswordInputSettings {
        new_algo: Some(kdf.into()),
        new_password_hash: Some(hash.unwrap().to_vec()),
        hint: Some("new".into()),
        ..Default::default()
    }
}

fn update(
    password: enums::InputCheckPasswordSrp,
    new_settings: types::account::PasswordInputSettings,
) -> functions::account::UpdatePasswordSettings {
    functions::account::UpdatePasswordSettings { password, new_settings: new_settings.into() }
}

const NONE: enums::InputCheckPasswordSrp = enums::InputCheckPasswordSrp::InputCheckPasswordEmpty;

#[test]
fn a_login_with_a_password_is_not_one_before_it_is_given() {
    let mut room = with_password();
    let error = room.log_in_by_code(NOBODYS, ALICE).unwrap_err();
    assert_eq!(error.to_string(), "401 SESSION_PASSWORD_NEEDED");
    assert_eq!(room.whoami(NOBODYS), Err("401 SESSION_PASSWORD_NEEDED".into()));
    let described = get_password(&mut room, NOBODYS);
    assert!(described.has_password && !described.has_recovery);
    assert_eq!(described.hint.as_deref(), Some("what Ali Baba said"));
    let password = proof(&described, "open, barley");
    let wrong = room.refused(NOBODYS, &functions::auth::CheckPassword { password });
    assert_eq!(wrong, "400 PASSWORD_HASH_INVALID");
    let password = prove(&mut room, NOBODYS, WORD);
    let answer = room.ask(NOBODYS, &functions::auth::CheckPassword { password }).unwrap();
    assert_eq!(logged_in(answer), room.alice);
    assert_eq!(room.whoami(NOBODYS), Ok(room.alice));
}

#[test]
fn a_challenge_serves_once_and_for_one_user() {
    let mut room = with_password();
    room.log_in_by_code(NOBODYS, ALICE).unwrap_err();
    let password = prove(&mut room, NOBODYS, WORD);
    let query = functions::auth::CheckPassword { password };
    room.ask(NOBODYS, &query).unwrap();
    assert_eq!(room.refused(ALICES, &query), "400 SRP_ID_INVALID");
    assert_eq!(room.refused(BOBS, &query), "400 PASSWORD_EMPTY");
    let query = functions::auth::CheckPassword { password: NONE };
    assert_eq!(room.refused(ALICES, &query), "400 PASSWORD_HASH_INVALID");
    assert_eq!(room.refused(77, &query), "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn a_challenge_is_worth_nothing_when_the_password_has_changed() {
    let mut room = with_password();
    let password = prove(&mut room, ALICES, WORD);
    room.world.set_password(room.alice, WORD, "");
    let query = functions::account::GetPasswordSettings { password };
    assert_eq!(room.refused(ALICES, &query), "400 SRP_PASSWORD_CHANGED");
}

#[test]
fn who_tries_too_many_passwords_has_to_wait() {
    let mut room = with_password();
    for _ in 0..5 {
        let password = prove(&mut room, ALICES, "no");
        let query = functions::account::GetPasswordSettings { password };
        assert_eq!(room.refused(ALICES, &query), "400 PASSWORD_HASH_INVALID");
    }
    let password = prove(&mut room, ALICES, WORD);
    let query = functions::account::GetPasswordSettings { password };
    assert_eq!(room.refused(ALICES, &query), "420 FLOOD_WAIT_60");
    room.pass(60);
    assert_eq!(room.refused(ALICES, &query), "answered");
}

#[test]
fn a_password_is_set_changed_and_removed() {
    let mut room = Room::new();
    assert!(!get_password(&mut room, ALICES).has_password);
    let new = settings(&mut room, ALICES, "first");
    assert_eq!(room.ask(ALICES, &update(NONE, new)), Ok(true));
    assert_eq!(get_password(&mut room, ALICES).hint.as_deref(), Some("new"));

    let new = settings(&mut room, ALICES, "second");
    assert_eq!(room.refused(ALICES, &update(NONE, new.clone())), "400 PASSWORD_HASH_INVALID");
    let password = prove(&mut room, ALICES, "first");
    assert_eq!(room.ask(ALICES, &update(password, new)), Ok(true));
    let password = prove(&mut room, ALICES, "first");
    let query = functions::account::GetPasswordSettings { password };
    assert_eq!(room.refused(ALICES, &query), "400 PASSWORD_HASH_INVALID");

    let password = prove(&mut room, ALICES, "second");
    let none = types::account::PasswordInputSettings {
        new_algo: Some(enums::PasswordKdfAlgo::Unknown),
        new_password_hash: Some(Vec::new()),
        hint: Some(String::new()),
        ..Default::default()
    };
    assert_eq!(room.ask(ALICES, &update(password, none)), Ok(true));
    assert!(!get_password(&mut room, ALICES).has_password);
    assert_eq!(room.log_in_by_code(NOBODYS, ALICE), Ok(room.alice));
}

#[test]
fn a_new_password_has_the_servers_salts_and_group_and_salt_of_its_own() {
    let mut room = Room::new();
    let good = settings(&mut room, ALICES, "first");
    let with = |change: fn(&mut Kdf)| {
        let mut kdf = kdf(good.new_algo.clone().unwrap());
        change(&mut kdf);
        types::account::PasswordInputSettings { new_algo: Some(kdf.into()), ..good.clone() }
    };
    for (wrong, error) in [
        (with(|kdf| kdf.salt1.truncate(8)), "400 NEW_SALT_INVALID"),
        (with(|kdf| kdf.salt1[0] ^= 1), "400 NEW_SALT_INVALID"),
        (with(|kdf| kdf.salt2[0] ^= 1), "400 NEW_SETTINGS_INVALID"),
        (with(|kdf| kdf.g = 5), "400 NEW_SETTINGS_INVALID"),
        (with(|kdf| kdf.p[9] ^= 1), "400 NEW_SETTINGS_INVALID"),
        (types::account::PasswordInputSettings::default(), "400 NEW_SETTINGS_EMPTY"),
        (
            types::account::PasswordInputSettings {
                new_password_hash: Some(vec![1]),
                ..good.clone()
            },
            "400 NEW_SETTINGS_INVALID",
        ),
    ] {
        assert_eq!(room.refused(ALICES, &update(NONE, wrong)), error);
    }
    assert!(!get_password(&mut room, ALICES).has_password);
    assert_eq!(room.refused(ALICES, &update(NONE, good)), "answered");
}

/// Alice with a password, and an address to recover it.
fn with_mail() -> Room {
    let mut room = Room::new();
    let mut new = settings(&mut room, ALICES, WORD);
    new.email = Some(MAIL.into());
    assert_eq!(room.refused(ALICES, &update(NONE, new)), "400 EMAIL_UNCONFIRMED_6");
    let waiting = get_password(&mut room, ALICES);
    assert!(!waiting.has_password);
    assert_eq!(waiting.email_unconfirmed_pattern.as_deref(), Some("a***@example.org"));
    let query = |code: &str| functions::account::ConfirmPasswordEmail { code: code.into() };
    assert_eq!(room.refused(ALICES, &query("0")), "400 CODE_INVALID");
    let code = room.world.mailed_code(MAIL).unwrap();
    assert_eq!(room.ask(ALICES, &query(&code)), Ok(true));
    assert!(get_password(&mut room, ALICES).has_recovery);
    room
}

#[test]
fn an_address_is_confirmed_before_it_serves() {
    let mut room = with_mail();
    let password = prove(&mut room, ALICES, WORD);
    let query = functions::account::GetPasswordSettings { password };
    let enums::account::PasswordSettings::Settings(settings) = room.ask(ALICES, &query).unwrap();
    assert_eq!(settings.email.as_deref(), Some(MAIL));
    // It can be changed alone, and given up before it is confirmed.
    let password = prove(&mut room, ALICES, WORD);
    let email = |email: &str| types::account::PasswordInputSettings {
        email: Some(email.into()),
        ..Default::default()
    };
    let query = update(password, email("other@example.org"));
    assert_eq!(room.refused(ALICES, &query), "400 EMAIL_UNCONFIRMED_6");
    let first = room.world.mailed_code("other@example.org");
    assert_eq!(room.ask(ALICES, &functions::account::ResendPasswordEmail {}), Ok(true));
    assert_ne!(room.world.mailed_code("other@example.org"), first);
    assert_eq!(room.ask(ALICES, &functions::account::CancelPasswordEmail {}), Ok(true));
    let cancelled = room.refused(ALICES, &functions::account::CancelPasswordEmail {});
    assert_eq!(cancelled, "400 EMAIL_HASH_EXPIRED");
    assert!(get_password(&mut room, ALICES).has_recovery);
    // And removed, and what is none is refused.
    let password = prove(&mut room, ALICES, WORD);
    assert_eq!(room.refused(ALICES, &update(password, email("nowhere"))), "400 EMAIL_INVALID");
    let password = prove(&mut room, ALICES, WORD);
    assert_eq!(room.ask(ALICES, &update(password, email(""))), Ok(true));
    assert!(!get_password(&mut room, ALICES).has_recovery);
}

#[test]
fn a_forgotten_password_is_recovered_with_a_mailed_code() {
    let mut room = with_mail();
    room.log_in_by_code(NOBODYS, ALICE).unwrap_err();
    let enums::auth::PasswordRecovery::Recovery(recovery) =
        room.ask(NOBODYS, &functions::auth::RequestPasswordRecovery {}).unwrap();
    assert_eq!(recovery.email_pattern, "a***@example.org");
    let code = room.world.mailed_code(MAIL).unwrap();
    let check = |code: &str| functions::auth::CheckRecoveryPassword { code: code.into() };
    assert_eq!(room.refused(NOBODYS, &check("0")), "400 CODE_INVALID");
    assert_eq!(room.ask(NOBODYS, &check(&code)), Ok(true));
    let mut query = functions::auth::RecoverPassword::new(String::new());
    assert_eq!(room.refused(NOBODYS, &query), "400 CODE_EMPTY");
    query.code = code.clone();
    query.new_settings = Some(settings(&mut room, NOBODYS, "another").into());
    assert_eq!(logged_in(room.ask(NOBODYS, &query).unwrap()), room.alice);
    assert_eq!(room.whoami(NOBODYS), Ok(room.alice));
    assert_eq!(room.refused(NOBODYS, &check(&code)), "400 PASSWORD_RECOVERY_NA");
    let password = prove(&mut room, ALICES, "another");
    let query = functions::account::GetPasswordSettings { password };
    assert_eq!(room.refused(ALICES, &query), "answered");
}

#[test]
fn without_an_address_nothing_is_recovered() {
    let mut room = with_password();
    let query = functions::auth::RequestPasswordRecovery {};
    assert_eq!(room.refused(ALICES, &query), "400 PASSWORD_RECOVERY_NA");
    assert_eq!(room.refused(BOBS, &query), "400 PASSWORD_EMPTY");
}

#[test]
fn a_forgotten_password_can_be_given_a_week() {
    let mut room = with_password();
    let query = functions::account::ResetPassword {};
    let ask = |room: &mut Room| room.ask(ALICES, &query).unwrap();
    let first = ask(&mut room);
    assert!(matches!(first, enums::account::ResetPasswordResult::ResetPasswordRequestedWait(_)));
    assert!(get_password(&mut room, ALICES).pending_reset_date.is_some());
    let decline = functions::account::DeclinePasswordReset {};
    assert_eq!(room.ask(ALICES, &decline), Ok(true));
    assert_eq!(room.refused(ALICES, &decline), "400 RESET_REQUEST_MISSING");
    ask(&mut room);
    room.pass(7 * 86_400 - 1);
    assert_ne!(ask(&mut room), enums::account::ResetPasswordResult::ResetPasswordOk);
    room.pass(1);
    assert_eq!(ask(&mut room), enums::account::ResetPasswordResult::ResetPasswordOk);
    assert!(!get_password(&mut room, ALICES).has_password);
}
