//! Streams by hand: who gets what, what is stored when, and how much lies in memory.

use super::*;
use crate::updates::fake::{message, user};

const STATE: UpdatesState = UpdatesState { pts: 10, qts: 5, date: 1000, seq: 3 };

/// An outlet, and what it has had stored.
fn outlet(size: usize) -> (Arc<Outlet>, Arc<Mutex<Vec<Change>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&kept);
    let outlet = Outlet::new(size, move |changes| to.lock().unwrap().extend(changes));
    outlet.begin(Some(STATE), &[]);
    (outlet, kept)
}

fn told(id: i32) -> Told {
    let message = message(user(2), id).into();
    let update = layer_tl_types::types::UpdateNewMessage { message, pts: id, pts_count: 1 };
    Told::Update(Box::new(update.into()))
}

/// Delivers a message that brings the account's line to its id.
fn send(outlet: &Outlet, id: i32) {
    assert!(outlet.has_room());
    outlet.deliver(told(id), true);
    outlet.reached(LineId::Common, id);
}

fn typing(outlet: &Outlet) {
    outlet.deliver(Told::Update(Box::new(enums::Update::Config)), false);
}

fn id(update: Option<Update>) -> i32 {
    match update {
        Some(Update::NewMessage(message)) => message.id(),
        other => panic!("{other:?}"),
    }
}

fn pts(kept: &Mutex<Vec<Change>>) -> Vec<i32> {
    let kept = kept.lock().unwrap();
    let pts = kept.iter().filter_map(|change| match change {
        Change::Updates(state) => Some(state.unwrap().pts),
        _ => None,
    });
    pts.collect()
}

/// Whether nothing is to be had just now.
async fn is_empty(stream: &mut UpdateStream) -> bool {
    tokio::select! {
        biased;
        _ = stream.entry() => false,
        () = std::future::ready(()) => true,
    }
}

#[tokio::test]
async fn asking_for_the_next_acknowledges_the_one_before_and_no_more() {
    let (outlet, kept) = outlet(10);
    let mut stream = outlet.subscribe(None);
    (11..=13).for_each(|id| send(&outlet, id));
    assert_eq!(id(stream.next().await), 11);
    assert_eq!(pts(&kept), [0; 0]);
    assert_eq!(id(stream.next().await), 12);
    assert_eq!(pts(&kept), [11]);
    let stored = UpdatesState { pts: 11, ..STATE };
    assert_eq!(*kept.lock().unwrap(), [Change::Updates(Some(stored))]);
    drop(stream);
    assert_eq!(pts(&kept), [11], "what was handed out last comes again after a restart");
}

#[tokio::test]
async fn acknowledgements_by_hand_count_when_there_is_no_hole() {
    let (outlet, kept) = outlet(10);
    let mut stream = outlet.subscribe(None);
    (11..=14).for_each(|id| send(&outlet, id));
    let mut acks = Vec::new();
    for _ in 0..4 {
        acks.push(stream.next_delivery().await.unwrap().ack);
    }
    let [first, second, third, fourth] = <[Ack; 4]>::try_from(acks).unwrap();
    second.ack();
    assert_eq!(pts(&kept), [0; 0]);
    first.ack();
    assert_eq!(pts(&kept), [12]);
    drop(third);
    fourth.ack();
    assert_eq!(pts(&kept), [12], "the third was never acknowledged");
    send(&outlet, 15);
    stream.next_delivery().await.unwrap().ack.ack();
    assert_eq!(pts(&kept), [12]);
}

#[tokio::test]
async fn each_stream_gets_everything_and_all_must_acknowledge() {
    let (outlet, kept) = outlet(10);
    let mut one = outlet.subscribe(None);
    send(&outlet, 11);
    let mut other = outlet.subscribe(None);
    send(&outlet, 12);
    assert_eq!((id(one.next().await), id(one.next().await)), (11, 12));
    assert_eq!(pts(&kept), [11]);
    assert_eq!(id(other.next().await), 12);
    assert!(is_empty(&mut one).await);
    assert_eq!(pts(&kept), [11], "the other has it, and has not acknowledged it");
    assert!(is_empty(&mut other).await);
    assert_eq!(pts(&kept), [11, 12]);
    send(&outlet, 13);
    assert_eq!(id(one.next().await), 13);
    assert!(is_empty(&mut one).await);
    drop(other);
    assert_eq!(pts(&kept), [11, 12, 13], "who is gone asks for nothing");
}

#[tokio::test]
async fn a_full_queue_holds_up_what_has_a_place_and_leaves_room_for_the_rest() {
    let (outlet, _) = outlet(4);
    let mut stream = outlet.subscribe(None);
    (11..15).for_each(|id| send(&outlet, id));
    assert!(!outlet.has_room());
    (0..16).for_each(|_| typing(&outlet));
    assert_eq!(stream.dropped(), 0);
    (0..5).for_each(|_| typing(&outlet));
    assert_eq!(stream.dropped(), 5);
    assert_eq!(id(stream.next().await), 11);
    assert!(outlet.has_room());
    assert_eq!(id(stream.next().await), 12);
    for _ in 0..17 {
        stream.next().await.unwrap();
    }
    assert!(matches!(stream.next().await, Some(Update::Raw(_))), "those that had room");
    assert!(is_empty(&mut stream).await);
}

#[tokio::test]
async fn room_is_told_when_half_of_the_queue_is_free() {
    let (outlet, _) = outlet(4);
    let mut stream = outlet.subscribe(None);
    outlet.room.notified().await;
    (11..15).for_each(|id| send(&outlet, id));
    assert!(!outlet.has_room());
    stream.next().await.unwrap();
    let told = |outlet: &Arc<Outlet>| {
        let outlet = Arc::clone(outlet);
        async move {
            tokio::select! {
                biased;
                () = outlet.room.notified() => true,
                () = std::future::ready(()) => false,
            }
        }
    };
    assert!(!told(&outlet).await);
    stream.next().await.unwrap();
    assert!(told(&outlet).await);
}

#[tokio::test]
async fn what_the_last_stream_left_unread_goes_to_the_next() {
    let (outlet, kept) = outlet(10);
    assert!(!outlet.has_room(), "nobody reads");
    let mut stream = outlet.subscribe(None);
    (11..14).for_each(|id| send(&outlet, id));
    assert_eq!(id(stream.next().await), 11);
    drop(stream);
    assert_eq!(pts(&kept), [0; 0]);
    let mut stream = outlet.subscribe(None);
    assert_eq!(id(stream.next().await), 12);
    assert_eq!(id(stream.next().await), 13);
    assert_eq!(pts(&kept), [11, 12]);
}

#[tokio::test]
async fn a_stream_that_waits_is_woken_and_loses_nothing_when_it_is_dropped_midway() {
    let (outlet, _) = outlet(10);
    let mut stream = outlet.subscribe(None);
    for id_ in 11..20 {
        assert!(is_empty(&mut stream).await);
        let (got, ()) = tokio::join!(stream.next(), async { send(&outlet, id_) });
        assert_eq!(id(got), id_);
    }
}

#[tokio::test]
async fn streams_end_when_they_are_closed() {
    let (outlet, _) = outlet(10);
    let mut stream = outlet.subscribe(None);
    let (ended, ()) = tokio::join!(stream.next(), async { outlet.close() });
    assert!(ended.is_none());
    assert!(stream.next().await.is_none());
    assert!(outlet.subscribe(None).next().await.is_none());
}

#[tokio::test]
async fn what_waits_to_be_stored_is_bounded_even_if_nobody_ever_acknowledges() {
    let (outlet, kept) = outlet(10);
    let mut stream = outlet.subscribe(None);
    send(&outlet, 11);
    let first = stream.next_delivery().await.unwrap().ack;
    for n in 0..20_000 {
        outlet.deliver(told(12 + n), true);
        outlet.reached(LineId::Channel(i64::from(n) % 7), n);
        stream.next_delivery().await.unwrap().ack.ack();
    }
    assert!(outlet.state().progress.waiting() <= 1100);
    first.ack();
    let kept = kept.lock().unwrap();
    let last =
        |channel| Change::ChannelPts { channel, pts: 19_999 - (19_999 - channel as i32) % 7 };
    (0..7).for_each(|channel| assert!(kept.contains(&last(channel)), "{channel}: {kept:?}"));
    assert_eq!(kept.len(), 8);
}

#[tokio::test]
async fn nothing_of_an_account_is_left_when_it_has_logged_out() {
    let (outlet, kept) = outlet(10);
    let mut stream = outlet.subscribe(None);
    send(&outlet, 11);
    outlet.clear();
    assert!(is_empty(&mut stream).await);
    send(&outlet, 12);
    assert_eq!(id(stream.next().await), 12);
    assert!(is_empty(&mut stream).await);
    assert_eq!(pts(&kept), [12]);
}
