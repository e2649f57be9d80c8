//! The account's password.

use layer_sandbox::Reply;
use layer_tl_types::{Identifiable, Serializable, enums, functions};

use super::{Rig, refusal};
use crate::{Client, InvocationError, PasswordError, PasswordToken, SignInError};

const PHONE: &str = "+4930901821";
const CHECK: u32 = functions::auth::CheckPassword::CONSTRUCTOR_ID;

/// Somebody who has given the right code, and has a password.
async fn asked() -> (Rig, Client, PasswordToken) {
    let rig = Rig::new();
    let user = rig.server.world().add_user("Alice", PHONE);
    rig.server.world().set_password(user, "secret", "a hint");
    let (client, _) = rig.connect().await.unwrap();
    let sent = client.request_login_code(PHONE).await.unwrap();
    let code = rig.server.world().code_for(PHONE).unwrap();
    let error = client.sign_in(&sent, &code).await.unwrap_err();
    let SignInError::PasswordRequired(token) = error else { panic!("{error}") };
    (rig, client, *token)
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_told_and_the_right_one_still_works() {
    let (rig, client, token) = asked().await;
    assert_eq!(token.hint(), Some("a hint"));
    assert!(!format!("{token:?}").contains("a hint"));
    assert!(!client.is_authorized().await.unwrap());
    let error = client.check_password(token, "Secret").await.unwrap_err();
    let SignInError::WrongPassword(token) = error else { panic!("{error}") };
    assert_eq!(rig.session.session().user, None);
    assert_eq!(client.check_password(*token, "secret").await.unwrap(), "Alice");
    assert!(client.is_authorized().await.unwrap());
    assert!(rig.session.session().user.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_the_server_has_forgotten_is_made_anew_a_few_times() {
    let (rig, client, token) = asked().await;
    let mut left = 1;
    rig.answer(move |_, function, _| {
        if function != CHECK || left == 0 {
            return None;
        }
        left -= 1;
        refusal(400, "SRP_ID_INVALID")
    });
    assert_eq!(client.check_password(token, "secret").await.unwrap(), "Alice");
    let (rig, client, token) = asked().await;
    rig.answer(|_, function, _| {
        (function == CHECK).then(|| refusal(400, "SRP_PASSWORD_CHANGED"))?
    });
    let error = client.check_password(token, "secret").await.unwrap_err();
    assert!(matches!(&error, SignInError::Other(e) if e.is("SRP_PASSWORD_CHANGED")), "{error}");
    assert_eq!(rig.called::<functions::auth::CheckPassword>().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn terms_that_would_give_the_password_away_are_refused() {
    let (_rig, client, token) = asked().await;
    for spoil in [
        |token: &mut PasswordToken| token.password.srp_b = Some(vec![0; 256]),
        |token: &mut PasswordToken| token.password.srp_b = None,
        |token: &mut PasswordToken| {
            let Some(enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(
                kdf,
            )) = &mut token.password.current_algo
            else {
                panic!()
            };
            kdf.p[255] ^= 2;
        },
    ] {
        let mut token = token.clone();
        spoil(&mut token);
        let error = client.check_password(token, "secret").await.unwrap_err();
        assert!(matches!(error, SignInError::Other(InvocationError::Srp(_))), "{error}");
    }
    let mut unknown = token;
    unknown.password.current_algo = Some(enums::PasswordKdfAlgo::Unknown);
    let error = client.check_password(unknown, "secret").await.unwrap_err();
    let expected = InvocationError::UnknownPasswordAlgorithm.to_string();
    assert_eq!(error.to_string(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_password_is_set_changed_and_taken_away() {
    let (_rig, client, token) = asked().await;
    client.check_password(token, "secret").await.unwrap();
    let error = client.set_password("other", "", None).await.unwrap_err();
    assert!(matches!(error, PasswordError::Missing), "{error}");
    let error = client.change_password("wrong", "other", "").await.unwrap_err();
    assert!(matches!(error, PasswordError::Wrong), "{error}");
    client.change_password("secret", "other", "new hint").await.unwrap();
    let error = client.remove_password("secret").await.unwrap_err();
    assert!(matches!(error, PasswordError::Wrong), "{error}");
    client.remove_password("other").await.unwrap();
    let error = client.remove_password("other").await.unwrap_err();
    assert!(matches!(error, PasswordError::NoPassword), "{error}");
    client.set_password("third", "", None).await.unwrap();
    client.remove_password("third").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_address_for_recovery_must_be_confirmed() {
    let (rig, client, token) = asked().await;
    client.check_password(token, "secret").await.unwrap();
    client.remove_password("secret").await.unwrap();
    let set = client.set_password("secret", "", Some("alice@example.org")).await;
    let error = set.unwrap_err();
    assert!(matches!(error, PasswordError::EmailUnconfirmed { code_length: Some(6) }), "{error}");
    let code = rig.server.world().mailed_code("alice@example.org").unwrap();
    client.confirm_password_email(&code).await.unwrap();
    let error = client.set_password("x", "", None).await.unwrap_err();
    assert!(matches!(error, PasswordError::Missing), "{error}");
}

#[tokio::test(start_paused = true)]
async fn documents_that_a_password_seals_are_not_lost_with_it() {
    let (rig, client, token) = asked().await;
    let mut told = token.password.clone();
    client.check_password(token, "secret").await.unwrap();
    told.has_secure_values = true;
    let told = enums::account::Password::Password(told).to_bytes();
    rig.answer(move |_, function, _| {
        let is_ours = function == functions::account::GetPassword::CONSTRUCTOR_ID;
        is_ours.then(|| Reply::Now(Ok(told.clone())))
    });
    let error = client.change_password("secret", "other", "").await.unwrap_err();
    assert!(matches!(error, PasswordError::HasPassport), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_password_is_recovered_by_mail() {
    let (rig, client, token) = asked().await;
    assert!(!token.has_recovery());
    let error = client.request_password_recovery().await.unwrap_err();
    assert!(error.is("PASSWORD_RECOVERY_NA"), "{error}");
    client.check_password(token, "secret").await.unwrap();
    client.remove_password("secret").await.unwrap();
    let address = "alice@example.org";
    assert!(client.set_password("forgotten", "", Some(address)).await.is_err(), "to be confirmed");
    let code = rig.server.world().mailed_code(address).unwrap();
    client.confirm_password_email(&code).await.unwrap();

    let other = rig.another();
    let (client, _) = other.connect().await.unwrap();
    let sent = client.request_login_code(PHONE).await.unwrap();
    let code = rig.server.world().code_for(PHONE).unwrap();
    let error = client.sign_in(&sent, &code).await.unwrap_err();
    let SignInError::PasswordRequired(token) = error else { panic!("{error}") };
    assert!(token.has_recovery());
    assert!(client.request_password_recovery().await.unwrap().contains('*'));
    let error = client.recover_password("1").await.unwrap_err();
    assert!(matches!(error, SignInError::InvalidCode), "{error}");
    let code = rig.server.world().mailed_code(address).unwrap();
    assert_eq!(client.recover_password(&code).await.unwrap(), "Alice");
    assert!(client.is_authorized().await.unwrap());
}
