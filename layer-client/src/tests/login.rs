//! Logging in by code, as a bot, by QR code, and out.

use std::time::Duration;

use layer_sandbox::world::CodeKind as Sent;
use layer_tl_types::{Identifiable, enums, functions, types};
use tokio::time::Instant;

use super::{Rig, object, refusal};
use crate::session::{SavedSession, SavedUser};
use crate::{Client, CodeKind, InvocationError, LoginToken, NextCode, QrState, SignInError};

const PHONE: &str = "+49 30 901820";

impl Rig {
    /// A server that has a user at a data centre.
    fn with_user(dc: i32) -> (Self, i64) {
        let rig = Self::new();
        let user = {
            let mut world = rig.server.world();
            let user = world.add_user("Alice Liddell", PHONE);
            world.accounts.get_mut(user).unwrap().dc = dc;
            user
        };
        (rig, user)
    }

    fn code(&self) -> String {
        self.server.world().code_for(PHONE).unwrap()
    }

    async fn sign_in(&self, client: &Client) {
        let token = client.request_login_code(PHONE).await.unwrap();
        client.sign_in(&token, &self.code()).await.unwrap();
    }

    async fn saved(&self, client: &Client) -> SavedSession {
        client.save_session().await.unwrap();
        self.session.session()
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_code_is_refused_and_the_right_one_still_works() {
    let (rig, user) = Rig::with_user(2);
    let (client, token) = rig.connect().await.unwrap();
    assert!(!client.is_authorized().await.unwrap());
    let sent = client.request_login_code(PHONE).await.unwrap();
    let error = client.sign_in(&sent, "00").await.unwrap_err();
    assert!(matches!(error, SignInError::InvalidCode), "{error}");
    assert_eq!(rig.saved(&client).await.user, None);
    let name = client.sign_in(&sent, &format!(" {}\n", rig.code())).await.unwrap();
    assert_eq!(name, "Alice Liddell");
    assert!(client.is_authorized().await.unwrap());
    assert_eq!(client.get_me().await.unwrap().id, user);
    // Nobody has said that it is to be saved.
    let saved = rig.session.session();
    assert_eq!(saved.user, Some(SavedUser { id: user, is_bot: false }));
    assert!(saved.dc(2).unwrap().is_authorized);
    token.cancel();
    token.closed().await;
    let (client, _token) = rig.connect().await.unwrap();
    assert!(client.is_authorized().await.unwrap(), "the next process is logged in");
}

#[tokio::test(start_paused = true)]
async fn a_code_expires() {
    let (rig, _) = Rig::with_user(2);
    let (client, _token) = rig.connect().await.unwrap();
    let sent = client.request_login_code(PHONE).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let error = client.sign_in(&sent, &rig.code()).await.unwrap_err();
    assert!(matches!(error, SignInError::ExpiredCode), "{error}");
    let sent = client.request_login_code(PHONE).await.unwrap();
    let code = rig.code();
    client.cancel_code(sent.clone()).await.unwrap();
    assert!(client.sign_in(&sent, &code).await.is_err(), "cancelled");
    let error = client.request_login_code("12").await.unwrap_err();
    assert!(error.is("PHONE_NUMBER_INVALID"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_lives_elsewhere_is_logged_in_there() {
    let (rig, user) = Rig::with_user(4);
    let (client, token) = rig.connect().await.unwrap();
    rig.sign_in(&client).await;
    let saved = rig.saved(&client).await;
    assert_eq!((saved.home_dc, saved.user.map(|user| user.id)), (Some(4), Some(user)));
    assert!(saved.dc(4).unwrap().is_authorized && !saved.dc(2).unwrap().is_authorized);
    token.cancel();
    token.closed().await;
    let (client, _token) = rig.connect().await.unwrap();
    assert!(client.is_authorized().await.unwrap());
    // And carried from there to where the account does not live.
    let config = client.invoke_on_dc(2, &functions::help::GetConfig {}).await.unwrap();
    let enums::Config::Config(config) = config;
    assert_eq!(config.this_dc, 2);
    assert!(rig.saved(&client).await.dc(2).unwrap().is_authorized);
}

#[tokio::test(start_paused = true)]
async fn every_way_in_which_a_code_is_sent_is_told_and_logs_in() {
    let ways = [
        (Sent::App, CodeKind::App { length: 5 }),
        (Sent::Sms, CodeKind::Sms { length: 5 }),
        (Sent::Call, CodeKind::Call { length: 5 }),
        (Sent::FlashCall, CodeKind::FlashCall { pattern: "4930*".to_owned() }),
        (Sent::MissedCall, CodeKind::MissedCall { prefix: "4930".to_owned(), length: 5 }),
        (
            Sent::FragmentSms,
            CodeKind::Fragment { url: "https://fragment.com/login".to_owned(), length: 5 },
        ),
    ];
    let (rig, _) = Rig::with_user(2);
    let (client, _token) = rig.connect().await.unwrap();
    let login = async |way| {
        rig.server.world().send_codes_by(PHONE, [way, Sent::Sms]);
        let sent = client.request_login_code(PHONE).await.unwrap();
        assert_eq!(sent.next(), Some(NextCode::Sms));
        client.sign_in(&sent, &rig.code()).await.unwrap();
        client.sign_out().await.unwrap();
        // So that the next login wants a code again.
        client.inner.former_logins.clear();
        sent.kind().clone()
    };
    for (way, kind) in ways {
        assert_eq!(login(way).await, kind);
    }
    assert!(matches!(login(Sent::SmsWord).await, CodeKind::SmsWord { .. }));
    assert!(matches!(login(Sent::SmsPhrase).await, CodeKind::SmsPhrase { beginning: Some(_) }));
    let mailed = login(Sent::Email("alice@example.org".to_owned())).await;
    assert!(matches!(mailed, CodeKind::Email { length: 6, .. }), "{mailed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_code_is_sent_in_the_next_way_when_asked_for() {
    let (rig, _) = Rig::with_user(2);
    let (client, _token) = rig.connect().await.unwrap();
    rig.server.world().send_codes_by(PHONE, [Sent::Sms, Sent::Call]);
    let sent = client.request_login_code(PHONE).await.unwrap();
    assert_eq!(
        (sent.next(), sent.timeout()),
        (Some(NextCode::Call), Some(Duration::from_secs(60)))
    );
    let sent = client.resend_code(&sent).await.unwrap();
    assert_eq!((sent.kind(), sent.next()), (&CodeKind::Call { length: 5 }, None));
    client.sign_in(&sent, &rig.code()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_way_for_telegrams_apps_alone_is_passed_over_and_a_login_to_be_paid_for_is_told() {
    let (rig, _) = Rig::with_user(2);
    rig.answer(|_, function, _| {
        let sms = types::auth::SentCodeTypeFirebaseSms::new(5);
        let mut sent = types::auth::SentCode::new(sms.into(), "hash".to_owned());
        sent.next_type = Some(enums::auth::CodeType::Sms);
        if function == functions::auth::ResendCode::CONSTRUCTOR_ID {
            sent.r#type = types::auth::SentCodeTypeSms { length: 5 }.into();
        }
        let is_ours = [
            functions::auth::SendCode::CONSTRUCTOR_ID,
            functions::auth::ResendCode::CONSTRUCTOR_ID,
        ]
        .contains(&function);
        is_ours.then(|| object(&enums::auth::SentCode::from(sent)))?
    });
    let (client, _token) = rig.connect().await.unwrap();
    let sent = client.request_login_code(PHONE).await.unwrap();
    assert_eq!(sent.kind(), &CodeKind::Sms { length: 5 });

    let mut restarts = 1;
    rig.answer(move |_, function, _| {
        let payment = types::auth::SentCodePaymentRequired {
            store_product: String::new(),
            phone_code_hash: "hash".to_owned(),
            support_email_address: String::new(),
            support_email_subject: String::new(),
            premium_days: 7,
            currency: "EUR".to_owned(),
            amount: 99,
        };
        if function != functions::auth::SendCode::CONSTRUCTOR_ID {
            return None;
        }
        if restarts > 0 {
            restarts -= 1;
            return refusal(500, "AUTH_RESTART");
        }
        object(&enums::auth::SentCode::from(payment))
    });
    let sent = client.request_login_code(PHONE).await.unwrap();
    let kind = CodeKind::Payment { currency: "EUR".to_owned(), amount: 99 };
    assert_eq!(sent.kind(), &kind);
    let error = client.sign_in(&sent, "1").await.unwrap_err();
    assert!(matches!(error, SignInError::PaymentRequired), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_login_address_is_set_where_the_server_wants_one() {
    let (rig, _) = Rig::with_user(2);
    let (client, _token) = rig.connect().await.unwrap();
    rig.server.world().send_codes_by(PHONE, [Sent::SetUpEmail]);
    let sent = client.request_login_code(PHONE).await.unwrap();
    assert_eq!(sent.kind(), &CodeKind::EmailRequired);
    let (pattern, length) = client.set_login_email(&sent, "alice@example.org").await.unwrap();
    assert!(pattern.contains('*') && length == 6, "{pattern}");
    let error = client.verify_login_email(&sent, "1").await.unwrap_err();
    assert!(matches!(error, SignInError::InvalidCode | SignInError::ExpiredCode), "{error}");
    let mailed = rig.server.world().mailed_code("alice@example.org").unwrap();
    let sent = client.verify_login_email(&sent, &mailed).await.unwrap();
    assert!(matches!(sent.kind(), CodeKind::Email { .. }), "{sent:?}");
    client.sign_in(&sent, &rig.code()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_number_without_an_account_signs_up() {
    let rig = Rig::new();
    let (client, _token) = rig.connect().await.unwrap();
    let sent = client.request_login_code(PHONE).await.unwrap();
    let error = client.sign_in(&sent, &rig.code()).await.unwrap_err();
    assert!(matches!(error, SignInError::SignUpRequired), "{error}");
    assert_eq!(client.sign_up(&sent, "Bob", "").await.unwrap(), "Bob");
    assert!(client.is_authorized().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_bot_logs_in_where_it_lives_and_again_without_asking() {
    let rig = Rig::new();
    let (bot, token) = rig.server.world().add_bot("Echo", "echo_bot");
    rig.server.world().accounts.get_mut(bot).unwrap().dc = 3;
    let (client, _token) = rig.connect().await.unwrap();
    let error = client.bot_sign_in("1:nonsense").await.unwrap_err();
    assert!(error.is("ACCESS_TOKEN_INVALID"), "{error}");
    assert_eq!(client.bot_sign_in(&token).await.unwrap(), "Echo");
    let saved = rig.saved(&client).await;
    assert_eq!((saved.home_dc, saved.user), (Some(3), Some(SavedUser { id: bot, is_bot: true })));
    assert_eq!(client.bot_sign_in(&token).await.unwrap(), "Echo");
    let imports = rig.called::<functions::auth::ImportBotAuthorization>();
    assert_eq!(imports, [2, 2, 3], "the wrong one, the one sent on, the one that was taken");
}

#[tokio::test(start_paused = true)]
async fn signing_out_forgets_the_account_and_the_next_login_needs_no_code() {
    let (rig, _) = Rig::with_user(2);
    let (client, _token) = rig.connect().await.unwrap();
    rig.sign_in(&client).await;
    assert!(!rig.saved(&client).await.peers.is_empty());
    assert!(client.sign_out().await.unwrap());
    let saved = rig.saved(&client).await;
    assert!(saved.user.is_none() && saved.peers.is_empty());
    assert!(saved.dcs.iter().all(|dc| !dc.is_authorized));
    assert!(!client.is_authorized().await.unwrap());
    assert!(!client.sign_out().await.unwrap(), "nobody was there any more");
    let sent = client.request_login_code(PHONE).await.unwrap();
    assert!(matches!(sent.kind(), CodeKind::SignedIn { name } if name == "Alice Liddell"));
    assert_eq!(client.sign_in(&sent, "").await.unwrap(), "Alice Liddell");
    assert!(client.is_authorized().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn signing_out_destroys_the_keys_everywhere_and_waits_for_nobody_who_is_gone() {
    for is_gone in [false, true] {
        let (rig, _) = Rig::with_user(2);
        let (client, _token) = rig.connect().await.unwrap();
        rig.sign_in(&client).await;
        for dc in [3, 4] {
            client.invoke_on_dc(dc, &functions::help::GetNearestDc {}).await.unwrap();
        }
        let before = rig.saved(&client).await;
        let keys: Vec<_> = before.dcs.iter().filter_map(|dc| dc.auth_key.clone()).collect();
        assert_eq!(keys.len(), 3);
        if is_gone {
            rig.server.dialling_takes(4, None);
            rig.server.cut_dc(4);
        }
        let started = Instant::now();
        assert!(client.sign_out().await.unwrap());
        assert_eq!(started.elapsed().as_secs(), if is_gone { 10 } else { 0 });
        let saved = rig.session.session();
        assert!(saved.dcs.iter().all(|dc| dc.auth_key.is_none() && dc.set_aside.is_empty()));
        let now = rig.server.now().wall.as_secs() as i64;
        let left = keys.iter().filter(|key| rig.server.world().keys.get(key.id(), now).is_some());
        assert_eq!(left.count(), usize::from(is_gone));
        rig.server.dialling_takes(4, Some(Duration::ZERO));
        // And on it goes, under others.
        assert!(!client.is_authorized().await.unwrap());
        client.invoke_on_dc(4, &functions::help::GetNearestDc {}).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_another_device_has_ended_is_over() {
    let (rig, user) = Rig::with_user(2);
    let (client, _token) = rig.connect().await.unwrap();
    rig.sign_in(&client).await;
    rig.server.world().revoke(user, |_, _| true);
    assert!(!client.is_authorized().await.unwrap());
    assert_eq!(rig.saved(&client).await.user, None);
    rig.sign_in(&client).await;
    assert!(client.is_authorized().await.unwrap());
}

/// Two clients of one server, the first logged in.
async fn two_clients(dc: i32) -> (Rig, Client, Rig, Client) {
    let (rig, _) = Rig::with_user(dc);
    let (phone, _) = rig.connect().await.unwrap();
    rig.sign_in(&phone).await;
    let other = rig.another();
    let (desktop, _) = other.connect().await.unwrap();
    (rig, phone, other, desktop)
}

#[tokio::test(start_paused = true)]
async fn a_code_that_another_device_accepts_logs_in_where_the_account_lives() {
    for dc in [2, 4] {
        let (_rig, phone, other, desktop) = two_clients(dc).await;
        let mut login = desktop.qr_login().await.unwrap();
        assert!(login.expires_in() > Duration::from_secs(10));
        let url = login.url();
        assert!(url.starts_with("tg://login?token="), "{url}");
        let waiting = tokio::spawn(async move { login.wait().await });
        tokio::time::sleep(Duration::from_secs(5)).await;
        phone.accept_qr_login(&url).await.unwrap();
        let started = tokio::time::Instant::now();
        let state = waiting.await.unwrap().unwrap();
        assert_eq!(state, QrState::SignedIn("Alice Liddell".to_owned()));
        assert!(started.elapsed() < Duration::from_secs(2), "told, not found out");
        assert!(desktop.is_authorized().await.unwrap());
        assert_eq!(other.saved(&desktop).await.home_dc, Some(dc));
        let error = phone.accept_qr_login(&url).await.unwrap_err();
        assert!(error.is("AUTH_TOKEN_*"), "{error}");
        let error = phone.accept_qr_login("https://example.org").await.unwrap_err();
        assert!(matches!(error, InvocationError::NotALoginUrl), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_that_nobody_scans_is_renewed_and_waiting_can_be_given_up() {
    let (_rig, phone, _other, desktop) = two_clients(2).await;
    let mut login = desktop.qr_login().await.unwrap();
    let first = login.url();
    assert!(tokio::time::timeout(Duration::from_secs(1), login.wait()).await.is_err());
    assert_eq!(login.wait().await.unwrap(), QrState::Renewed);
    assert_ne!(login.url(), first);
    phone.accept_qr_login(&login.url()).await.unwrap();
    assert!(matches!(login.wait().await.unwrap(), QrState::SignedIn(_)));
    assert!(!format!("{login:?}").contains(&login.url()[17..]));
}

#[tokio::test(start_paused = true)]
async fn a_code_for_an_account_with_a_password_asks_for_that_too() {
    let (rig, phone, _other, desktop) = two_clients(4).await;
    let user = phone.get_me().await.unwrap().id;
    rig.server.world().set_password(user, "secret", "a hint");
    let mut login = desktop.qr_login().await.unwrap();
    phone.accept_qr_login(&login.url()).await.unwrap();
    let error = login.wait().await.unwrap_err();
    let SignInError::PasswordRequired(token) = error else { panic!("{error}") };
    assert_eq!(token.hint(), Some("a hint"));
    assert_eq!(desktop.check_password(*token, "secret").await.unwrap(), "Alice Liddell");
    assert!(desktop.is_authorized().await.unwrap());
}

#[test]
fn debug_shows_neither_number_nor_hash_nor_name() {
    let sent = types::auth::SentCode::new(
        types::auth::SentCodeTypeFlashCall { pattern: "4930*".to_owned() }.into(),
        "thehash".to_owned(),
    );
    let name = CodeKind::SignedIn { name: "Alice".to_owned() };
    let tokens =
        [LoginToken::sent(PHONE, sent), LoginToken::without_code(PHONE, "h".to_owned(), name)];
    for token in tokens {
        let text = format!("{token:?}");
        let secrets = ["901820", "thehash", "4930", "Alice"];
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }
}

#[test]
fn whatever_a_client_is_asked_can_be_asked_from_any_task() {
    fn can_be_sent<T: Send>(_: impl FnOnce(&'static Client, &'static LoginToken) -> T) {}

    fn shared<T: Send + Sync + Clone>() {}
    shared::<Client>();
    can_be_sent(|client, _| client.is_authorized());
    can_be_sent(|client, _| client.request_login_code(PHONE));
    can_be_sent(|client, token| client.sign_in(token, "1"));
    can_be_sent(|client, _| client.bot_sign_in("1:2"));
    can_be_sent(|client, _| client.qr_login());
    can_be_sent(|client, _| client.sign_out());
    can_be_sent(|client, _| client.set_password("x", "y", None));
    can_be_sent(|client, _| client.save_session());
    can_be_sent(|_, _| Client::connect(crate::Config::default()));
}

#[tokio::test(start_paused = true)]
async fn another_account_inherits_nothing() {
    let (rig, alice) = Rig::with_user(2);
    let (bot, token) = rig.server.world().add_bot("Echo", "echo_bot");
    let (client, _token) = rig.connect().await.unwrap();
    rig.sign_in(&client).await;
    let known = |id| {
        let kind = crate::session::PeerKind::User;
        rig.session.session().peer(kind, id).is_some()
    };
    assert!(known(alice));
    // As some servers have it, without signing out before.
    let bot_user = rig.server.world().user(bot, bot);
    client.inner.logged_in_as(&bot_user).await;
    assert!(known(bot) && !known(alice));
    rig.server.world().revoke(alice, |_, _| true);
    assert!(!client.is_authorized().await.unwrap());
    client.save_session().await.unwrap();
    assert!(!known(bot), "whoever comes next begins with nobody");
    client.bot_sign_in(&token).await.unwrap();
    assert!(known(bot));
}
