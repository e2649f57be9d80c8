//! Updates of channels and bots, and what is left of them after a restart, on the sandbox in memory.

use std::time::Duration;

use layer_sandbox::Peer;
use layer_tl_types::{Identifiable, Serializable, enums, functions, types};
use tokio::time::{sleep, timeout};

use super::refusal;
use super::updates::{Two, expect, expect_no_message, message, to_bob};
use crate::session::{PeerKey, PeerKind};
use crate::update::{Update, UpdateStream};
use crate::{Client, Config, InvocationError};

impl Two {
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

    /// A supergroup, after Bob has made himself known.
    async fn supergroup_after_a_word(&self, client: &Client, updates: &mut UpdateStream) -> i64 {
        self.say(1..=1);
        expect(updates, 1..=1).await;
        self.supergroup(client, updates).await.channel_id
    }
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
    while let Ok(message) = timeout(Duration::from_secs(30), message(&mut updates)).await {
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

#[tokio::test(start_paused = true)]
async fn a_supergroup_in_which_nothing_was_heard_before_is_caught_up_with_too() {
    let two = Two::new();
    let catch_up = || Config { catch_up: true, ..two.rig.config() };
    let (client, token) = two.client(catch_up()).await;
    let mut updates = client.stream_updates();
    let channel = two.supergroup_after_a_word(&client, &mut updates).await;
    two.say_to(Peer::Channel(channel), 2..=3);
    expect(&mut updates, 2..=3).await;
    client.sign_out().await.unwrap();
    drop((client, updates));
    token.closed().await;
    sleep(Duration::from_secs(10)).await;
    // Logged in anew, nothing is known of the group's place.
    let (client, token) = two.client(catch_up()).await;
    drop(client);
    token.closed().await;
    assert!(two.rig.session.session().channels.is_empty());
    two.say_to(Peer::Channel(channel), 4..=6);
    let (client, _token) = two.client(catch_up()).await;
    let mut updates = client.stream_updates();
    expect(&mut updates, 4..=6).await;
    two.say_to(Peer::Channel(channel), 7..=7);
    expect(&mut updates, 7..=7).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_new_bot_is_told_before_it_reads_is_not_lost() {
    let two = Two::new();
    let (bot, token) = two.rig.server.world().add_bot("Robot", "robot_bot");
    let (client, _token) = Client::connect_with(two.rig.config(), two.rig.seams()).await.unwrap();
    client.bot_sign_in(&token).await.unwrap();
    two.say_to(Peer::User(bot), 1..=2);
    sleep(Duration::from_secs(10)).await;
    two.say_to(Peer::User(bot), 3..=3);
    sleep(Duration::from_secs(10)).await;
    let mut updates = client.stream_updates();
    expect(&mut updates, 1..=3).await;
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
async fn a_channel_that_was_left_or_lost_is_forgotten_and_nothing_is_asked_there() {
    for leaves in [true, false] {
        let two = Two::new();
        let (client, _token) = two.client(two.rig.config()).await;
        let mut updates = client.stream_updates();
        let now = two.rig.server.now();
        let peer = {
            let mut world = two.rig.server.world();
            let peer = world.make_channel(now, two.bob, "Group", false).unwrap();
            world.add_member(now, two.bob, peer, two.alice).unwrap();
            peer
        };
        let Peer::Channel(id) = peer else { panic!("{peer:?}") };
        two.say_to(peer, 1..=3);
        said(&mut updates, 1..=3).await;
        two.say(4..=4);
        said(&mut updates, 4..=4).await;
        client.save_session().await.unwrap();
        assert!(two.rig.session.session().channels.contains_key(&id));
        if leaves {
            let peer = enums::Peer::from(types::PeerChannel { channel_id: id });
            client.delete_dialog(peer).await.unwrap();
        } else {
            two.rig.server.world().remove_member(now, two.bob, peer, two.alice).unwrap();
        }
        two.say_to(peer, 5..=6);
        two.say(7..=8);
        said(&mut updates, 7..=8).await;
        client.save_session().await.unwrap();
        assert!(!two.rig.session.session().channels.contains_key(&id), "leaves: {leaves}");
        two.rig.calls.lock().unwrap().clear();
        sleep(Duration::from_secs(600)).await;
        assert_eq!(two.rig.called::<functions::updates::GetChannelDifference>(), []);
        two.say(9..=9);
        said(&mut updates, 9..=9).await;
    }
}

/// The next messages that somebody wrote, whoever joins or leaves between them.
async fn said(updates: &mut UpdateStream, numbers: std::ops::RangeInclusive<i32>) {
    for number in numbers {
        let text = loop {
            if let Some(text) = message(updates).await.text() {
                break text.to_owned();
            }
        };
        assert_eq!(text, number.to_string());
    }
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
