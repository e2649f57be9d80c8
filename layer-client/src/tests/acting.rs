//! What is done with messages at hand, on the sandbox in memory.

use std::time::Duration;

use layer_sandbox::Peer;
use layer_tl_types::{enums, types};
use tokio::time::timeout;

use super::updates::{Two, expect, message};
use crate::InvocationError;
use crate::types::Message;
use crate::update::Update;

/// The texts of a chat as somebody sees them.
fn texts(two: &Two, user: i64, peer: Peer) -> Vec<String> {
    let history = two.rig.server.world().history(user, peer);
    let texts = history.into_iter().filter_map(|message| match message {
        enums::Message::Message(message) => Some(message.message),
        _ => None,
    });
    texts.collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_that_came_is_answered_edited_pinned_forwarded_and_deleted() {
    let two = Two::new();
    let (client, _token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(1..=1);
    let first = message(&mut updates).await;
    let bob = types::PeerUser { user_id: two.bob }.into();

    let reply = first.reply("two").await.unwrap();
    assert_eq!((reply.reply_to_message_id(), reply.peer_id()), (Some(first.id()), Some(&bob)));
    let heard = message(&mut updates).await;
    assert_eq!((heard.id(), heard.text()), (reply.id(), Some("two")));
    reply.edit("three").await.unwrap();
    let update = timeout(Duration::from_secs(5), updates.next()).await.unwrap();
    let Some(Update::MessageEdited(edited)) = update else { panic!("{update:?}") };
    assert_eq!((edited.id(), edited.text()), (reply.id(), Some("three")));
    assert!(edited.edit_date().is_some());

    let said = first.respond("four").await.unwrap();
    assert_eq!(said.reply_to_message_id(), None);
    first.react("👍").await.unwrap();
    first.pin().await.unwrap();
    first.unpin().await.unwrap();
    let forwarded = first.forward_to("me").await.unwrap().unwrap();
    assert_eq!(forwarded.text(), Some("1"));
    assert!(forwarded.forward_header().is_some());
    assert_eq!(texts(&two, two.bob, Peer::User(two.alice)), ["1", "three", "four"]);

    heard.delete().await.unwrap();
    assert_eq!(texts(&two, two.bob, Peer::User(two.alice)), ["1", "four"]);
    two.say(2..=2);
    loop {
        let heard = message(&mut updates).await;
        if !heard.outgoing() && heard.peer_id() == Some(&bob) {
            break assert_eq!(heard.text(), Some("2"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_not_acted_upon_without_its_client() {
    let two = Two::new();
    let (client, token) = two.client(two.rig.config()).await;
    let mut updates = client.stream_updates();
    two.say(1..=2);
    expect(&mut updates, 1..=1).await;
    let kept = message(&mut updates).await;
    drop(client);
    token.closed().await;
    let error = kept.reply("late").await.unwrap_err();
    assert!(matches!(error, InvocationError::Dropped), "{error}");
    let alone = Message::from(kept.into_raw());
    let error = alone.delete().await.unwrap_err();
    assert!(matches!(error, InvocationError::Dropped), "{error}");
}
