//! Updates of whole clients, on the sandbox in memory.

use std::time::Duration;

use layer_sandbox::{Peer, SendOptions};
use layer_tl_types::{Identifiable, Serializable, enums, functions, types};
use tokio::time::{sleep, timeout};

use super::{Rig, object, refusal};
use crate::session::{PeerKey, PeerKind, SessionBackend};
use crate::update::{RawUpdate, Update, UpdateStream};
use crate::{Client, Config, InvocationError, ShutdownToken};

const PHONE: &str = "+49 30 901820";

type GetDifference = functions::updates::GetDifference;

/// Alice, who has a client, and Bob, who has none.
struct Two {
    rig: Rig,
    alice: i64,
    bob: i64,
}

impl Two {
    fn new() -> Self {
        let rig = Rig::new();
        let (alice, bob) = {
            let mut world = rig.server.world();
            (world.add_user("Alice", PHONE), world.add_user("Bob", "+49 30 901821"))
        };
        Self { rig, alice, bob }
    }

    /// Alice's client, logged in.
    async fn client(&self, config: Config) -> (Client, ShutdownToken) {
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
    fn say(&self, numbers: std::ops::RangeInclusive<i32>) {
        self.say_to(Peer::User(self.alice), numbers);
    }

    fn say_to(&self, peer: Peer, numbers: std::ops::RangeInclusive<i32>) {
        let now = self.rig.server.now();
        let mut world = self.rig.server.world();
        for number in numbers {
            world
                .send_text(now, self.bob, peer, number.to_string(), SendOptions::default())
                .unwrap();
        }
    }

    /// How often a difference was asked for since it was last looked.
    fn differences(&self) -> usize {
        let asked = self.rig.called::<GetDifference>().len();
        self.rig.calls.lock().unwrap().clear();
        asked
    }

    /// A supergroup of Alice's with Bob in it.
    async fn supergroup(&self, client: &Client, updates: &mut UpdateStream) -> types::InputChannel {
        let create = functions::channels::CreateChannel {
            megagroup: true,
            ..functions::channels::CreateChannel::new("Group".to_owned(), "About".to_owned())
        };
        client.invoke(&create).await.unwrap();
        let id = loop {
            if let Some(enums::Peer::Channel(peer)) = message(updates).await.peer_id() {
                break peer.channel_id;
            }
        };
        let key = PeerKey { kind: PeerKind::Channel, id };
        let channel = client.inner.peers.input_channel(key).unwrap();
        let bob = PeerKey { kind: PeerKind::User, id: self.bob };
        let users = vec![client.inner.peers.input_user(bob).unwrap()];
        let invite = functions::channels::InviteToChannel { channel: channel.clone(), users };
        client.invoke(&invite).await.unwrap();
        let joined = message(updates).await;
        assert!(joined.action().is_some(), "updates within an answer are heard: {joined:?}");
        match channel {
            enums::InputChannel::Channel(channel) => channel,
            other => panic!("{other:?}"),
        }
    }
}

/// The next message, whatever else comes before it.
async fn message(updates: &mut UpdateStream) -> crate::types::Message {
    loop {
        let update = timeout(Duration::from_secs(60), updates.next()).await;
        if let Update::NewMessage(message) = update.expect("nothing comes").expect("it has ended") {
            return message;
        }
    }
}

async fn expect(updates: &mut UpdateStream, numbers: std::ops::RangeInclusive<i32>) {
    for number in numbers {
        let text = number.to_string();
        assert_eq!(message(updates).await.text(), Some(text.as_str()));
    }
}

async fn expect_no_message(updates: &mut UpdateStream) {
    let come = timeout(Duration::from_secs(5), message(updates)).await;
    assert!(come.is_err(), "{come:?}");
}

fn to_bob(client: &Client, bob: i64, text: &str) -> functions::messages::SendMessage {
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
async fn a_process_that_catches_up_gets_what_was_never_acknowledged_and_one_that_does_not_begins_now()
 {
    let two = Two::new();
    let catch_up = || Config { catch_up: true, ..two.rig.config() };
    let (client, token) = two.client(catch_up()).await;
    let mut updates = client.stream_updates();
    let channel = two.supergroup_after_a_word(&client, &mut updates).await;
    two.say(2..=6);
    expect(&mut updates, 2..=4).await;
    two.say_to(Peer::Channel(channel), 11..=13);
    expect(&mut updates, 5..=6).await;
    expect(&mut updates, 11..=12).await;
    drop((client, updates));
    token.closed().await;
    two.say(7..=7);
    two.say_to(Peer::Channel(channel), 14..=14);

    let (client, token) = two.client(catch_up()).await;
    let mut updates = client.stream_updates();
    let mut come = Vec::new();
    while let Ok(message) = timeout(Duration::from_secs(60), message(&mut updates)).await {
        come.push(message.text().unwrap().parse::<i32>().unwrap());
    }
    let of = |range: fn(&i32) -> bool| come.iter().copied().filter(range).collect::<Vec<_>>();
    assert_eq!(of(|number| *number < 10), [7]);
    assert_eq!(of(|number| *number > 10), [12, 13, 14], "12 was not acknowledged");
    drop((client, updates));
    token.closed().await;
    two.say(8..=8);

    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(9..=9);
    expect(&mut updates, 9..=9).await;
}

impl Two {
    /// A supergroup, after Bob has made himself known.
    async fn supergroup_after_a_word(&self, client: &Client, updates: &mut UpdateStream) -> i64 {
        self.say(1..=1);
        expect(updates, 1..=1).await;
        self.supergroup(client, updates).await.channel_id
    }
}

#[tokio::test(start_paused = true)]
async fn a_supergroup_has_a_line_of_its_own() {
    for min_users in [false, true] {
        let two = Two::new();
        two.rig.server.world().habits.min_users = min_users;
        let (client, _token) = two.client(two.rig.config()).await;
        let mut updates = client.stream_updates();
        let channel = two.supergroup_after_a_word(&client, &mut updates).await;
        let group = Peer::Channel(channel);
        two.differences();
        two.say_to(group, 1..=10);
        expect(&mut updates, 1..=10).await;
        assert_eq!(two.rig.called::<functions::updates::GetChannelDifference>(), [0; 0]);
        // Our own deletion there takes a place in its line.
        let key = PeerKey { kind: PeerKind::Channel, id: channel };
        let input = client.inner.peers.input_channel(key).unwrap();
        let delete = functions::channels::DeleteMessages { channel: input, id: vec![3] };
        client.invoke(&delete).await.unwrap();
        two.say_to(group, 11..=11);
        expect(&mut updates, 11..=11).await;
        assert_eq!(two.rig.called::<functions::updates::GetChannelDifference>(), [0; 0]);
        two.rig.server.cut();
        two.say_to(group, 12..=250);
        expect(&mut updates, 12..=250).await;
        expect_no_message(&mut updates).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_has_become_private_is_let_go() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    let channel_id = two.supergroup_after_a_word(&client, &mut updates).await;
    client.save_session().await.unwrap();
    two.rig.answer(|_, function, _| {
        let is_asked = function == functions::updates::GetChannelDifference::CONSTRUCTOR_ID;
        if is_asked { refusal(400, "CHANNEL_PRIVATE") } else { None }
    });
    let long = types::UpdateChannelTooLong { channel_id, pts: None };
    let push = types::UpdateShort { update: long.into(), date: 1 };
    two.rig.server.push(&enums::Updates::from(push).to_bytes());
    sleep(Duration::from_secs(600)).await;
    assert_eq!(two.rig.called::<functions::updates::GetChannelDifference>().len(), 1);
    client.save_session().await.unwrap();
    assert!(!two.rig.session.session().channels.contains_key(&channel_id));
    two.say(2..=2);
    expect(&mut updates, 2..=2).await;
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
async fn a_bot_hears_a_button_and_answers_it() {
    let two = Two::new();
    let (bot, token) = two.rig.server.world().add_bot("Robot", "robot_bot");
    let (client, _token) = Client::connect_with(two.rig.config(), two.rig.seams()).await.unwrap();
    client.bot_sign_in(&token).await.unwrap();
    let mut updates = client.stream_updates();
    two.say_to(Peer::User(bot), 1..=1);
    expect(&mut updates, 1..=1).await;
    let yes = types::InlineButtonTypeCallback::new(b"yes".to_vec()).into();
    let button = types::KeyboardInlineButton::new("Press".to_owned(), yes).into();
    let row = types::KeyboardInlineButtonRow { buttons: vec![button] };
    let markup = types::ReplyInlineMarkup::new(vec![row.into()]);
    let request = functions::messages::SendMessage {
        reply_markup: Some(markup.into()),
        ..to_bob(&client, two.bob, "Well?")
    };
    client.invoke(&request).await.unwrap();
    let sent = message(&mut updates).await;
    let query_id = {
        let now = two.rig.server.now();
        let mut world = two.rig.server.world();
        let shown = world.history(two.bob, Peer::User(bot));
        let Some(enums::Message::Message(shown)) = shown.last() else { panic!() };
        world.press(now, two.bob, Peer::User(bot), shown.id, b"yes").unwrap()
    };
    let query = loop {
        if let Update::CallbackQuery(query) = updates.next().await.unwrap() {
            break query;
        }
    };
    assert_eq!((query.query_id, query.user_id, query.data()), (query_id, two.bob, Some("yes")));
    assert_eq!(query.message_id, Some(sent.id()));
    query.answer().text("Done!").alert().await.unwrap();
    let answer = two.rig.server.world().take_callback_answer(query_id).unwrap();
    assert_eq!((answer.message.as_deref(), answer.alert), (Some("Done!"), true));
    drop(client);
    let error = query.answer().await.unwrap_err();
    assert!(matches!(error, InvocationError::Dropped), "{error}");
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
