//! People and bots who speak in a test.

use std::time::Duration;

use layer_crypto::AuthKey;
use layer_sandbox::actors::ActorError;
use layer_sandbox::{Peer, Sandbox};
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use layer_wire::framing::FramingKind;

use crate::sandbox::block_on;
use crate::socket::{Client, Login, unix_time};

fn start() -> Sandbox {
    block_on(Sandbox::builder().data_centres([2]).start()).unwrap()
}

const SOON: Duration = Duration::from_millis(20);

#[test]
fn people_talk_and_each_reply_is_given_out_once() {
    let sandbox = start();
    block_on(async {
        let (alice, bob) = (sandbox.user("Alice").await, sandbox.user("Bob").await);
        alice.send(&bob, "one").await.unwrap();
        let id = alice.send(&bob, "two").await.unwrap();
        let is_two = |message: &layer_sandbox::actors::Message| message.text == "two";
        let two = bob.expect_message(is_two).await.unwrap();
        assert_eq!((two.from, two.peer, two.out), (alice.peer(), alice.peer(), false));
        bob.reply(&two, "three").await.unwrap();
        let three = alice.expect_reply().await.unwrap();
        assert_eq!((&*three.text, three.from), ("three", bob.peer()));
        // What was not expected before still is.
        let heard = bob.heard().await;
        assert_eq!(heard.iter().map(|message| &*message.text).collect::<Vec<_>>(), ["one"]);
        let texts =
            alice.history(&bob).await.into_iter().map(|message| (message.out, message.text));
        let all = [(true, "one"), (true, "two"), (false, "three")];
        assert!(texts.eq(all.map(|(out, text)| (out, text.to_owned()))));
        alice.edit(&bob, id, "zwei").await.unwrap();
        assert_eq!(bob.expect_edit().await.unwrap().text, "zwei");
        alice.delete(&bob, &[id]).await.unwrap();
        let deleted = |update: &enums::Update| match update {
            enums::Update::DeleteMessages(deleted) => Some(deleted.messages.clone()),
            _ => None,
        };
        assert_eq!(bob.expect_update(deleted).await.unwrap(), [two.id]);
    });
}

#[test]
fn who_expects_in_vain_is_told_what_came() {
    let sandbox = start();
    block_on(async {
        let (alice, bob) = (sandbox.user("Alice").await, sandbox.user("Bob").await);
        let carol = sandbox.user("Carol").await.patient(SOON);
        let error = carol.expect_reply().await.unwrap_err();
        assert!(matches!(error, ActorError::NobodyAsked(_)), "{error}");
        carol.send(&bob, "hello").await.unwrap();
        alice.send(&carol, "psst").await.unwrap();
        let error = carol.expect_reply().await.unwrap_err().to_string();
        let from = format!("message from {:?}: psst", alice.peer());
        assert!(error.contains("Carol waited 20ms") && error.contains(&from), "{error}");
    });
}

#[test]
fn a_pressed_button_reaches_its_bot_and_the_answer_comes_back() {
    let sandbox = start();
    block_on(async {
        let (alice, bot) = (sandbox.user("Alice").await, sandbox.bot("Echo", "echo_bot").await);
        alice.send(&bot, "/start").await.unwrap();
        bot.send_buttons(&alice, "Ready?", &[&[("Yes", "y")], &[("No", "n")]]).await.unwrap();
        let asked = alice.expect_reply().await.unwrap();
        assert_eq!(asked.buttons(), ["Yes", "No"]);
        let error = alice.press(&asked, "Perhaps").await.unwrap_err();
        assert_eq!(error.to_string(), r#"no button is called "Perhaps"; there are ["Yes", "No"]"#);
        let press = async {
            let press = bot.expect_press().await.unwrap();
            assert_eq!(
                (&*press.data, press.user, press.peer),
                (&b"n"[..], alice.peer(), alice.peer())
            );
            bot.answer(&press, "A pity").await.unwrap();
            bot.answer(&press, "Again").await.unwrap_err()
        };
        let pressed = std::thread::scope(|scope| {
            let pressing = scope.spawn(|| block_on(alice.press(&asked, "No")).unwrap());
            let error = block_on(press);
            assert!(error.to_string().contains("QUERY_ID_INVALID"), "{error}");
            pressing.join().unwrap()
        });
        assert_eq!(pressed.message.as_deref(), Some("A pity"));
    });
}

#[test]
fn people_meet_in_groups_and_supergroups() {
    let sandbox = start();
    block_on(async {
        let (alice, bob) = (sandbox.user("Alice").await, sandbox.user("Bob").await);
        let carol = sandbox.user("Carol").await;
        let group = alice.create_group("Friends", [&bob]).await.unwrap();
        assert!(matches!(group, Peer::Chat(_)));
        alice.invite(group, &carol).await.unwrap();
        carol.send(group, "hello").await.unwrap();
        let in_group = move |message: &layer_sandbox::actors::Message| {
            message.peer == group && !message.text.is_empty()
        };
        for other in [&alice, &bob] {
            let heard = other.expect_message(in_group).await.unwrap();
            assert_eq!((&*heard.text, heard.from), ("hello", carol.peer()));
        }
        alice.kick(group, &carol).await.unwrap();
        carol.send(group, "again").await.unwrap_err();

        let supergroup = alice.create_supergroup("Village").await.unwrap();
        assert!(matches!(supergroup, Peer::Channel(_)));
        alice.invite(supergroup, &bob).await.unwrap();
        bob.send(supergroup, "hello").await.unwrap();
        let heard = alice.expect_message(|message| message.text == "hello").await.unwrap();
        assert_eq!((heard.peer, heard.from), (supergroup, bob.peer()));
        alice.send(supergroup, "and you").await.unwrap();
        let texts = bob.history(supergroup).await;
        let texts = texts.iter().filter(|message| !message.text.is_empty());
        assert_eq!(texts.map(|message| &*message.text).collect::<Vec<_>>(), ["hello", "and you"]);
        bob.typing(supergroup).await.unwrap();
        let typed = |update: &enums::Update| {
            matches!(update, enums::Update::ChannelUserTyping(_)).then_some(())
        };
        alice.expect_update(typed).await.unwrap();
        let enums::InputPeer::Channel(named) = alice.named(supergroup) else { panic!() };
        let types::InputPeerChannel { channel_id, access_hash } = named;
        let channel = types::InputChannel { channel_id, access_hash }.into();
        let username = "our_village".to_owned();
        let open = functions::channels::UpdateUsername { channel, username };
        alice.invoke(&open).await.unwrap();
        bob.leave(supergroup).await.unwrap();
        bob.join(supergroup).await.unwrap();
        alice.kick(supergroup, &bob).await.unwrap();
        bob.send(supergroup, "still here").await.unwrap_err();
        bob.leave(group).await.unwrap();
        let channel = alice.create_channel("News").await.unwrap();
        alice.send(channel, "first").await.unwrap();
        bob.read(&alice).await;
    });
}

#[test]
fn what_the_server_refuses_is_told() {
    let sandbox = start();
    block_on(async {
        let alice = sandbox.user("Alice").await;
        let error = alice.send(Peer::User(1), "hello").await.unwrap_err();
        assert!(error.to_string().starts_with("Alice is refused: 400 "), "{error}");
    });
}

#[test]
fn actors_need_no_login_and_are_no_device_of_their_accounts() {
    let sandbox = start();
    block_on(async {
        let alice = sandbox.user("Alice").await;
        let devices = alice.invoke(&functions::account::GetAuthorizations {}).await.unwrap();
        let enums::account::Authorizations::Authorizations(devices) = devices;
        assert_eq!(devices.authorizations.len(), 0);
        sandbox.restart();
        let bob = sandbox.user("Bob").await;
        bob.send(&alice, "still here?").await.unwrap();
        assert_eq!(alice.expect_message(|_| true).await.unwrap().text, "still here?");
        assert_ne!(alice.phone(), bob.phone());
    });
}

/// A client that is logged in under a key that was put in.
fn client(sandbox: &Sandbox, key: [u8; 256], salt: i64) -> (Client, Login) {
    let client = Client::connect(sandbox.address(2), &FramingKind::Abridged);
    (client, Login::new(AuthKey::from_bytes(&key), salt, unix_time()))
}

#[test]
fn a_client_with_a_key_that_was_put_in_is_known() {
    let sandbox = start();
    let alice = block_on(sandbox.user("Alice"));
    let key_id = sandbox.insert_key(2, [7; 256], Some(alice.id())).unwrap();
    assert_eq!(sandbox.keys_of(alice.id()), [key_id]);
    let (mut client, mut login) = client(&sandbox, [7; 256], 0);
    let me = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
    client.ask(&mut login, &me.to_bytes());
    // It knows no salt yet.
    let messages = client.messages(&login);
    let bad = messages.iter().find_map(|body| enums::BadMsgNotification::from_bytes(body).ok());
    let Some(enums::BadMsgNotification::BadServerSalt(bad)) = bad else { panic!("{messages:?}") };
    login.salt = bad.new_server_salt;
    let asked = client.ask(&mut login, &me.to_bytes());
    let users = Vec::<enums::User>::from_bytes(&client.answer(&login, asked)).unwrap();
    assert!(matches!(&users[..], [enums::User::User(me)] if me.id == alice.id()));

    // An actor's message reaches the client, and its own other device.
    let bob = block_on(sandbox.user("Bob"));
    block_on(bob.send(&alice, "hello")).unwrap();
    let pushed = client.messages(&login);
    let short = enums::Updates::from_bytes(&pushed[0]).unwrap();
    assert!(
        matches!(&short, enums::Updates::UpdateShortMessage(short) if short.message == "hello")
    );
    assert_eq!(block_on(alice.expect_message(|_| true)).unwrap().text, "hello");

    let taken = sandbox.take_key(key_id).unwrap();
    assert_eq!((*taken.key, taken.dc, taken.user), ([7; 256], Some(2), Some(alice.id())));
    assert!(!format!("{taken:?}").contains("7, 7"));
    assert!(sandbox.keys_of(alice.id()).is_empty() && sandbox.take_key(key_id).is_none());
    client.ask(&mut login, &me.to_bytes());
    assert!(client.is_told_that_its_key_is_unknown());
}

#[test]
fn a_login_code_is_waited_for() {
    let sandbox = start();
    let alice = block_on(sandbox.user("Alice"));
    let public = layer_crypto::rsa::PublicKey::from_pem(&sandbox.public_key_pem()).unwrap();
    let mut client = Client::connect(sandbox.address(2), &FramingKind::Abridged);
    let mut login = client.agree(&public, unix_time());
    let settings = layer_tl_types::types::CodeSettings::default().into();
    let (phone, api_hash) = (alice.phone().to_owned(), String::from("0123456789abcdef"));
    let send = functions::auth::SendCode { phone_number: phone, api_id: 1, api_hash, settings };
    let code = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| block_on(alice.login_code()).unwrap());
        let asked = client.ask(&mut login, &send.to_bytes());
        let sent = client.answer(&login, asked);
        let enums::auth::SentCode::Code(_) = enums::auth::SentCode::from_bytes(&sent).unwrap()
        else {
            panic!("{sent:?}");
        };
        waiting.join().unwrap()
    });
    assert_eq!(block_on(sandbox.login_code(alice.phone())).unwrap(), code);
    assert_eq!(code.len(), 5);
}
