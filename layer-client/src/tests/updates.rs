//! Updates of whole clients, on the sandbox in memory.

use std::time::Duration;

use layer_sandbox::{Peer, Reply, SendOptions};
use layer_tl_types::{Identifiable, enums, functions, types};
use tokio::time::{sleep, timeout};

use super::{Rig, object};
use crate::session::{PeerKey, PeerKind, SessionBackend};
use crate::update::{RawUpdate, Update, UpdateStream};
use crate::{Client, Config, ShutdownToken};

const PHONE: &str = "+49 30 901820";

type GetDifference = functions::updates::GetDifference;

/// Alice, who has a client, and Bob, who has none.
pub(super) struct Two {
    pub(super) rig: Rig,
    pub(super) alice: i64,
    pub(super) bob: i64,
}

impl Two {
    pub(super) fn new() -> Self {
        let rig = Rig::new();
        let (alice, bob) = {
            let mut world = rig.server.world();
            (world.add_user("Alice", PHONE), world.add_user("Bob", "+49 30 901821"))
        };
        Self { rig, alice, bob }
    }

    /// Alice's client, logged in.
    pub(super) async fn client(&self, config: Config) -> (Client, ShutdownToken) {
        let (client, end) = Client::connect_with(config, self.rig.seams()).await.unwrap();
        if !client.is_authorized().await.unwrap() {
            let token = client.request_login_code(PHONE).await.unwrap();
            let code = self.rig.server.world().code_for(PHONE).unwrap();
            client.sign_in(&token, &code).await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
        (client, end)
    }

    /// Bob says these to Alice.
    pub(super) fn say(&self, numbers: std::ops::RangeInclusive<i32>) {
        self.say_to(Peer::User(self.alice), numbers);
    }

    pub(super) fn say_to(&self, peer: Peer, numbers: std::ops::RangeInclusive<i32>) {
        let now = self.rig.server.now();
        let mut world = self.rig.server.world();
        for number in numbers {
            world
                .send_text(now, self.bob, peer, number.to_string(), SendOptions::default())
                .unwrap();
        }
    }

    /// How often a difference was asked for since it was last looked.
    pub(super) fn differences(&self) -> usize {
        let asked = self.rig.called::<GetDifference>().len();
        self.rig.calls.lock().unwrap().clear();
        asked
    }
}

/// The next message, whatever else comes before it.
pub(super) async fn message(updates: &mut UpdateStream) -> crate::types::Message {
    loop {
        let update = timeout(Duration::from_secs(60), updates.next()).await;
        if let Update::NewMessage(message) = update.expect("nothing comes").expect("it has ended") {
            return message;
        }
    }
}

pub(super) async fn expect(updates: &mut UpdateStream, numbers: std::ops::RangeInclusive<i32>) {
    for number in numbers {
        let text = number.to_string();
        assert_eq!(message(updates).await.text(), Some(text.as_str()));
    }
}

pub(super) async fn expect_no_message(updates: &mut UpdateStream) {
    let come = timeout(Duration::from_secs(5), message(updates)).await;
    assert!(come.is_err(), "{come:?}");
}

pub(super) fn to_bob(client: &Client, bob: i64, text: &str) -> functions::messages::SendMessage {
    let key = PeerKey { kind: PeerKind::User, id: bob };
    let peer = client.inner.peers.input_peer(key).unwrap();
    functions::messages::SendMessage::new(peer, text.to_owned(), client.inner.seams.random_id())
}

#[tokio::test(start_paused = true)]
async fn messages_are_heard_in_order_and_who_wrote_them_is_known() {
    for short_forms in [true, false] {
        let two = Two::new();
        two.rig.server.world().habits.short_forms = short_forms;
        let (client, _token) = two.client(two.rig.config()).await;
        let mut updates = client.stream_updates();
        two.say(1..=1);
        let first = message(&mut updates).await;
        assert_eq!((first.text(), first.outgoing()), (Some("1"), false));
        let bob = types::PeerUser { user_id: two.bob }.into();
        assert_eq!((first.peer_id(), first.sender_id()), (Some(&bob), Some(&bob)));
        assert!(client.inner.peers.knows(PeerKey { kind: PeerKind::User, id: two.bob }));
        two.differences();
        two.say(2..=20);
        expect(&mut updates, 2..=20).await;
        expect_no_message(&mut updates).await;
        assert_eq!(two.differences(), 0, "who is known needs no difference");
    }
}

#[tokio::test(start_paused = true)]
async fn what_we_do_ourselves_is_heard_and_leaves_no_gap() {
    for short_forms in [true, false] {
        let two = Two::new();
        two.rig.server.world().habits.short_forms = short_forms;
        let (client, _token) = two.client(two.rig.config()).await;
        let mut updates = client.stream_updates();
        two.say(1..=1);
        expect(&mut updates, 1..=1).await;
        two.differences();
        client.invoke(&to_bob(&client, two.bob, "2")).await.unwrap();
        let sent = message(&mut updates).await;
        assert_eq!((sent.text(), sent.outgoing()), (Some("2"), true));
        let bob = types::PeerUser { user_id: two.bob }.into();
        assert_eq!(sent.peer_id(), Some(&bob));
        let delete = functions::messages::DeleteMessages::new(vec![sent.id()]);
        client.invoke(&delete).await.unwrap();
        two.say(3..=3);
        expect(&mut updates, 3..=3).await;
        let read = functions::messages::ReadHistory {
            peer: client
                .inner
                .peers
                .input_peer(PeerKey { kind: PeerKind::User, id: two.bob })
                .unwrap(),
            max_id: 0,
        };
        client.invoke(&read).await.unwrap();
        two.say(4..=4);
        expect(&mut updates, 4..=4).await;
        assert_eq!(two.differences(), 0, "pts of answers count");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_waited_for_is_heard_all_the_same() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(1..=1);
    expect(&mut updates, 1..=1).await;
    for polls in 1..6 {
        let request = to_bob(&client, two.bob, &(polls + 1).to_string());
        let mut call = Box::pin(client.invoke(&request));
        for _ in 0..polls {
            tokio::select! {
                biased;
                _ = &mut call => break,
                () = tokio::task::yield_now() => {}
            }
        }
        drop(call);
        sleep(Duration::from_secs(1)).await;
    }
    let history = two.rig.server.world().history(two.alice, Peer::User(two.bob)).len();
    for _ in 1..history {
        assert!(message(&mut updates).await.outgoing());
    }
    expect_no_message(&mut updates).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_answer_to_a_call_that_was_given_up_would_have_said_is_fetched_soon() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(1..=1);
    expect(&mut updates, 1..=1).await;
    two.rig.answer(|_, function, _| {
        let is_sent = function == functions::messages::SendMessage::CONSTRUCTOR_ID;
        is_sent.then(|| Reply::After(Duration::from_secs(60), Ok(Vec::new())))
    });
    let request = to_bob(&client, two.bob, "2");
    two.differences();
    assert!(timeout(Duration::from_secs(1), client.invoke(&request)).await.is_err());
    assert_eq!(two.rig.called::<functions::messages::SendMessage>(), [2]);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(two.differences(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_was_cut_costs_no_message() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(1..=3);
    two.rig.server.refusals.store(3, std::sync::atomic::Ordering::Relaxed);
    two.rig.server.cut();
    two.say(4..=300);
    expect(&mut updates, 1..=300).await;
    two.rig.server.world().restart();
    two.say(301..=310);
    expect(&mut updates, 301..=310).await;
    expect_no_message(&mut updates).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_loses_nothing_and_calls_are_answered_meanwhile() {
    let two = Two::new();
    let config = Config { update_queue: 4, ..two.rig.config() };
    let (client, _token) = two.client(config).await;
    let mut updates = client.stream_updates();
    for hundred in 0..5 {
        two.say(hundred * 100 + 1..=hundred * 100 + 100);
        sleep(Duration::from_secs(5)).await;
        client.get_me().await.unwrap();
    }
    expect(&mut updates, 1..=500).await;
    expect_no_message(&mut updates).await;
    assert_eq!(updates.dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_streams_each_get_everything() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let (mut one, mut other) = (client.stream_updates(), client.stream_updates());
    two.say(1..=10);
    expect(&mut one, 1..=10).await;
    expect(&mut other, 1..=10).await;
}

#[tokio::test(start_paused = true)]
async fn a_constructor_that_nobody_knows_is_handed_out_raw_and_costs_nothing_else() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(1..=1);
    expect(&mut updates, 1..=1).await;
    let strange = [0x78d4_dec1_u32, 0x1234_5678, 5, 6].map(u32::to_le_bytes).concat();
    two.rig.server.push(&strange);
    two.say(2..=2);
    let (mut raw, mut texts) = (Vec::new(), Vec::new());
    while let Ok(Some(update)) = timeout(Duration::from_secs(5), updates.next()).await {
        match update {
            Update::Raw(RawUpdate::Unknown(object)) => raw.push(object),
            Update::NewMessage(message) => texts.push(message.text().unwrap().to_owned()),
            _ => {}
        }
    }
    assert_eq!((raw, texts), (vec![strange], vec!["2".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn streams_and_what_they_gave_keep_no_client_alive() {
    let two = Two::new();
    for cancel in [true, false] {
        let (client, token) = two.client(two.rig.config()).await;
        let mut updates = client.stream_updates();
        two.say(1..=2);
        let kept = message(&mut updates).await;
        assert!(kept.client().is_ok());
        let waits = tokio::spawn(async move {
            while updates.next().await.is_some() {}
            updates.next().await.is_none()
        });
        sleep(Duration::from_secs(1)).await;
        if cancel {
            token.cancel();
        } else {
            drop(client);
        }
        assert!(waits.await.unwrap());
        token.closed().await;
        assert_eq!(two.rig.tasks_left().await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn asking_for_the_state_brings_what_was_missed() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.differences();
    client.sync_update_state().await.unwrap();
    assert_eq!(two.differences(), 0);
    // A server that has taken us for gone.
    let alice = two.alice;
    two.rig.answer(move |caller, function, _| {
        let is_asked = function == functions::updates::GetState::CONSTRUCTOR_ID;
        let (pts, qts, date, seq, unread_count) = (100, 0, 1, 0, 0);
        let state = types::updates::State { pts, qts, date, seq, unread_count };
        let is_asked = is_asked && caller.user == Some(alice);
        if is_asked { object(&enums::updates::State::from(state)) } else { None }
    });
    client.sync_update_state().await.unwrap();
    assert_eq!(two.differences(), 1);
    two.say(1..=1);
    expect(&mut updates, 1..=1).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_be_saved_is_told() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.rig.session.close().await.unwrap();
    two.say(1..=1);
    expect(&mut updates, 1..=1).await;
    let told = loop {
        if let Update::SessionNotSaved(error) = updates.next().await.unwrap() {
            break error;
        }
    };
    assert!(matches!(*told, crate::session::SessionError::Closed), "{told}");
}

#[tokio::test(start_paused = true)]
async fn somebody_else_who_logs_in_begins_anew() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(1..=2);
    expect(&mut updates, 1..=1).await;
    client.sign_out().await.unwrap();
    two.say(3..=3);
    expect_no_message(&mut updates).await;
    let (bot, token) = two.rig.server.world().add_bot("Robot", "robot_bot");
    client.bot_sign_in(&token).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    two.say_to(Peer::User(bot), 4..=4);
    expect(&mut updates, 4..=4).await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_between_the_login_and_its_being_known_here_is_not_lost() {
    let two = Two::new();
    let (client, _token) = Client::connect_with(two.rig.config(), two.rig.seams()).await.unwrap();
    let mut updates = client.stream_updates();
    two.say(1..=1);
    sleep(Duration::from_secs(1)).await;
    let token = client.request_login_code(PHONE).await.unwrap();
    let code = two.rig.server.world().code_for(PHONE).unwrap();
    let request = functions::auth::SignIn {
        phone_number: token.phone.clone(),
        phone_code_hash: token.hash.clone(),
        phone_code: Some(code),
        email_verification: None,
    };
    // Logged in on the server, and nobody here has taken the answer yet.
    client.invoke(&request).await.unwrap();
    two.say(2..=4);
    sleep(Duration::from_secs(1)).await;
    client.get_me().await.unwrap();
    two.say(5..=6);
    expect(&mut updates, 2..=6).await;
    expect_no_message(&mut updates).await;
}
