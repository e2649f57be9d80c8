//! People who write to each other on the sandbox.

use layer_tl_types::functions::contacts::ResolveUsername;
use layer_tl_types::{Deserializable, Identifiable, enums, types};

use super::{Rig, object, refusal};
use crate::types::InputMessage;
use crate::{Client, InvocationError, ShutdownToken, UnknownPeer};

const ALICE: &str = "+4930901820";
const BOB: &str = "+4930901821";

/// A client for each of two people on one server.
pub(super) struct Two {
    pub(super) rig: Rig,
    pub(super) alice: Client,
    pub(super) bob: Client,
    pub(super) ids: (i64, i64),
    _tokens: [ShutdownToken; 2],
}

impl Two {
    pub(super) async fn new() -> Self {
        Self::on(Rig::new()).await
    }

    pub(super) async fn on(rig: Rig) -> Self {
        let ids = {
            let mut world = rig.server.world();
            let (alice, bob) = (world.add_user("Alice", ALICE), world.add_user("Bob", BOB));
            for (id, name) in [(alice, "alice"), (bob, "bob_b")] {
                let user = world.accounts.get_mut(id).unwrap();
                (user.dc, user.usernames) = (2, vec![name.to_owned()]);
            }
            (alice, bob)
        };
        let (alice, alices) = rig.connect().await.unwrap();
        let (bob, bobs) = rig.another().connect().await.unwrap();
        for (client, phone) in [(&alice, ALICE), (&bob, BOB)] {
            let token = client.request_login_code(phone).await.unwrap();
            let code = rig.server.world().code_for(phone).unwrap();
            client.sign_in(&token, &code).await.unwrap();
        }
        Self { rig, alice, bob, ids, _tokens: [alices, bobs] }
    }

    /// Usernames are told by the test itself.
    pub(super) fn answer_usernames(&self) {
        let bob = self.rig.server.world().user(self.ids.0, self.ids.1);
        let peer = types::PeerUser { user_id: self.ids.1 }.into();
        let (chats, users) = (Vec::new(), vec![bob]);
        let found = types::contacts::ResolvedPeer { peer, chats, users };
        let found = enums::contacts::ResolvedPeer::from(found);
        self.rig.answer(move |_, function, query| {
            if function != ResolveUsername::CONSTRUCTOR_ID {
                return None;
            }
            let asked = ResolveUsername::from_bytes(&query[4..]).unwrap();
            match asked.username.eq_ignore_ascii_case("bob_b") {
                true => object(&found),
                false => refusal(400, "USERNAME_NOT_OCCUPIED"),
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_to_oneself_comes_back_as_it_was_sent() {
    let two = Two::new().await;
    let sent = two.alice.send_message("me", "Hello from layer!").await.unwrap();
    assert_eq!(sent.text(), Some("Hello from layer!"));
    assert!(sent.id() > 0 && sent.date() > 0);
    let me: enums::Peer = types::PeerUser { user_id: two.ids.0 }.into();
    assert_eq!(sent.peer_id(), Some(&me));
    let found = two.alice.get_messages_by_id("me", &[sent.id()]).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().text(), Some("Hello from layer!"));
}

#[tokio::test(start_paused = true)]
async fn who_was_never_met_is_an_error_and_a_username_helps() {
    let two = Two::new().await;
    let error = two.alice.send_message(two.ids.1, "hi").await.unwrap_err();
    assert!(matches!(error, InvocationError::UnknownPeer(UnknownPeer::NoAccessHash(_))), "{error}");
    two.answer_usernames();
    let error = two.alice.send_message("@nobody_at_all", "hi").await.unwrap_err();
    let nobody = UnknownPeer::NoSuchUsername("nobody_at_all".to_owned());
    assert!(matches!(&error, InvocationError::UnknownPeer(e) if *e == nobody), "{error}");
    let message = InputMessage::markdown("*hi* [you](tg://user?id=5)");
    let sent = two.alice.send_message("@Bob_B", message).await.unwrap();
    assert_eq!(sent.text(), Some("hi you"));
    // Who is not known can't be mentioned.
    assert_eq!(sent.entities(), [types::MessageEntityBold { offset: 0, length: 2 }.into()]);
    let mention = format!("[you](tg://user?id={})", two.ids.1);
    let sent = two.alice.send_message("@bob_b", InputMessage::markdown(mention)).await.unwrap();
    let mention = types::MessageEntityMentionName { offset: 0, length: 3, user_id: two.ids.1 };
    assert_eq!(sent.entities(), [mention.into()]);
    // Now he is known by his id too, and by his name without another question.
    let asked = two.rig.called::<ResolveUsername>().len();
    two.alice.send_message(two.ids.1, "again").await.unwrap();
    two.alice.send_message("t.me/bob_b", "and again").await.unwrap();
    assert_eq!(two.rig.called::<ResolveUsername>().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn what_one_writes_the_other_finds_in_dialogs_and_history_and_answers() {
    let two = Two::new().await;
    two.answer_usernames();
    for number in 1..=3 {
        two.alice.send_message("@bob_b", format!("number {number}")).silent().await.unwrap();
    }
    let dialogs = two.bob.get_dialogs(10).await.unwrap();
    assert_eq!(dialogs.len(), 1);
    let dialog = &dialogs[0];
    assert_eq!((dialog.name().as_str(), dialog.unread_count()), ("Alice", 3));
    assert_eq!(dialog.last_message().and_then(|message| message.text()), Some("number 3"));
    // Met in the list, she can be named by her id.
    let mut history = two.bob.iter_messages(dialog.peer()).limit(2);
    let newest = history.next().await.unwrap().unwrap();
    assert_eq!(newest.text(), Some("number 3"));
    assert_eq!(history.next().await.unwrap().unwrap().text(), Some("number 2"));
    assert!(history.next().await.unwrap().is_none());
    let answer = two.bob.send_message(&newest, "three?").reply_to(newest.id()).await.unwrap();
    assert_eq!(answer.reply_to_message_id(), Some(newest.id()));
    two.bob.edit_message(&newest, answer.id(), "three!").await.unwrap();
    let found = two.bob.get_messages_by_id(&newest, &[answer.id(), 9999]).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().text(), Some("three!"));
    assert!(found[1].is_none());
    assert_eq!(two.bob.delete_messages(&newest, &[answer.id()], true).await.unwrap(), 1);
    let found = two.bob.get_messages_by_id(&newest, &[answer.id()]).await.unwrap();
    assert!(found[0].is_none());
    two.bob.mark_as_read(&newest).await.unwrap();
    assert_eq!(two.bob.get_dialogs(1).await.unwrap()[0].unread_count(), 0);
}
