//! The task against a server that knows all that it has said, under a paused clock; long because all that
//! can go wrong on the way is tried, each with its own test.

use std::sync::Mutex;
use std::time::Duration;

use layer_tl_types::{Serializable, enums, types};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::*;
use crate::RpcError;
use crate::session::SavedSession;
use crate::updates::event::{Gap, RawUpdate, Update};
use crate::updates::fake::{Fake, updates};

struct Running {
    feed: Arc<Feed>,
    server: Arc<Fake>,
    session: Arc<Mutex<SavedSession>>,
    task: JoinHandle<()>,
}

/// A task with queues of this size. Nobody is logged in.
fn idle(size: usize, server: &Arc<Fake>, session: SavedSession) -> Running {
    let session = Arc::new(Mutex::new(session));
    let kept = Arc::clone(&session);
    let outlet = Outlet::new(size, move |changes| {
        changes.iter().for_each(|change| kept.lock().unwrap().apply(change));
    });
    let feed = Feed::new(outlet);
    let task = tokio::spawn(run(Arc::clone(&feed), Arc::clone(server) as _));
    Running { feed, server: Arc::clone(server), session, task }
}

/// One in which somebody has just logged in.
async fn running(size: usize) -> Running {
    let running = idle(size, &Fake::new(), SavedSession::default());
    running.feed.start(Start::default());
    settle().await;
    running
}

/// All that can be done now, and what the server takes its time for, is done.
async fn settle() {
    sleep(Duration::from_millis(200)).await;
}

impl Running {
    /// The server says so many things, and all of it arrives.
    fn say(&self, line: Option<i64>, count: usize) {
        for _ in 0..count {
            let object = self.server.server().say(line);
            self.feed.pushed(object);
        }
    }

    /// The server says so many things, and nothing of it arrives.
    fn say_unheard(&self, line: Option<i64>, count: usize) {
        (0..count).for_each(|_| drop(self.server.server().say(line)));
    }

    /// What it was asked since it was last looked.
    fn asked(&self) -> Vec<(Option<i64>, Option<i32>)> {
        std::mem::take(&mut self.server.server().asked)
    }
}

/// The next message: its chat, if that is a channel, and its number.
async fn next(stream: &mut UpdateStream) -> (Option<i64>, i32) {
    match timeout(Duration::from_secs(600), stream.next()).await.expect("nothing comes") {
        Some(Update::NewMessage(message)) => match message.peer_id() {
            Some(enums::Peer::Channel(channel)) => (Some(channel.channel_id), message.id()),
            _ => (None, message.id()),
        },
        other => panic!("{other:?}"),
    }
}

async fn expect(stream: &mut UpdateStream, line: Option<i64>, ids: std::ops::RangeInclusive<i32>) {
    for id in ids {
        assert_eq!(next(stream).await, (line, id));
    }
}

async fn expect_nothing(stream: &mut UpdateStream) {
    let come = timeout(Duration::from_secs(5), stream.next()).await;
    assert!(come.is_err(), "{come:?}");
}

/// A press of a button.
fn query(id: i64) -> Vec<u8> {
    let user = super::super::fake::user(2);
    updates(types::UpdateBotCallbackQuery::new(id, 2, user, 1, 9).into())
}

fn query_id(update: Option<Update>) -> Option<i64> {
    match update {
        Some(Update::CallbackQuery(query)) => Some(query.query_id),
        _ => None,
    }
}

fn error(code: i32, name: &str) -> InvocationError {
    RpcError::new(code, name).into()
}

#[tokio::test(start_paused = true)]
async fn what_comes_is_delivered_in_order_and_once_without_asking() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say(None, 20);
    it.say(Some(7), 20);
    let again = it.server.server().say(None);
    it.feed.pushed(again.clone());
    it.feed.pushed(again);
    expect(&mut stream, None, 1..=20).await;
    expect(&mut stream, Some(7), 1..=20).await;
    expect(&mut stream, None, 21..=21).await;
    expect_nothing(&mut stream).await;
    assert_eq!(it.asked(), [(None, None)], "the state, at the start");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_heard_before_somebody_is_logged_in_or_after() {
    let it = idle(100, &Fake::new(), SavedSession::default());
    let mut stream = it.feed.stream(None);
    it.say(None, 3);
    expect_nothing(&mut stream).await;
    assert_eq!(it.asked(), []);
    it.feed.start(Start::default());
    settle().await;
    it.say(None, 1);
    expect(&mut stream, None, 4..=4).await;
    it.feed.stop();
    it.say(None, 1);
    expect_nothing(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_healed_by_the_clock() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say_unheard(None, 2);
    it.say(None, 1);
    it.say_unheard(Some(7), 1);
    let before = Instant::now();
    expect(&mut stream, None, 1..=3).await;
    assert!(before.elapsed() < Duration::from_millis(700), "{:?}", before.elapsed());
    assert_eq!(it.asked(), [(None, None), (None, Some(0))]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_loses_nothing_and_little_lies_in_memory() {
    let it = running(4).await;
    it.server.server().tells_of_channels = true;
    let mut stream = it.feed.stream(None);
    it.say(Some(7), 1);
    it.say(None, 8000);
    it.say(Some(7), 499);
    settle().await;
    it.say(None, 100);
    settle().await;
    let mut last = [(None, 0), (Some(7), 0)];
    for _ in 0..8600 {
        let (line, id) = next(&mut stream).await;
        let place = last.iter_mut().find(|(of, _)| *of == line).unwrap();
        assert_eq!(id, place.1 + 1, "{line:?}");
        place.1 = id;
    }
    expect_nothing(&mut stream).await;
    assert_eq!(stream.dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_there_is_no_room_waits_in_order_and_nothing_is_fetched() {
    let it = running(4).await;
    let mut stream = it.feed.stream(None);
    it.say(None, 1000);
    settle().await;
    it.feed.pushed(query(5));
    it.say(None, 1000);
    settle().await;
    expect(&mut stream, None, 1..=1000).await;
    assert_eq!(query_id(stream.next().await), Some(5));
    expect(&mut stream, None, 1001..=2000).await;
    assert_eq!(it.asked(), [(None, None)], "the state, at the start");
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_does_not_wait_for_room() {
    let it = running(4).await;
    let mut stream = it.feed.stream(None);
    it.say(None, 100);
    settle().await;
    let sync = it.feed.sync(State { pts: 100, qts: 0, date: 1, seq: 0 });
    timeout(Duration::from_secs(1), sync).await.unwrap();
    expect(&mut stream, None, 1..=100).await;
    it.say(None, 100);
    settle().await;
    it.feed.stop();
    expect_nothing(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_nobody() {
    let it = running(4).await;
    let stream = it.feed.stream(None);
    it.say(None, 100);
    settle().await;
    drop(stream);
    it.say(None, 100);
    settle().await;
    assert!(it.feed.inbox.take().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_has_no_place_comes_through_beside_a_full_queue_and_is_counted_when_it_does_not() {
    let it = running(4).await;
    let mut stream = it.feed.stream(None);
    it.say(None, 10);
    settle().await;
    it.feed.pushed(query(5));
    it.say(None, 6000);
    settle().await;
    expect(&mut stream, None, 1..=4).await;
    assert_eq!(query_id(stream.next().await), Some(5));
    expect(&mut stream, None, 5..=6010).await;
    for _ in 0..100 {
        it.feed.pushed(updates(
            types::UpdateUserStatus { user_id: 2, status: enums::UserStatus::Empty }.into(),
        ));
    }
    settle().await;
    assert_eq!(stream.dropped(), 80, "4 places, and 16 besides");
}

#[tokio::test(start_paused = true)]
async fn what_comes_before_anybody_reads_is_not_lost() {
    let it = running(100).await;
    it.say(None, 3);
    it.say(Some(7), 3);
    settle().await;
    assert_eq!(it.asked(), [(None, None)], "nothing is fetched for nobody");
    let mut stream = it.feed.stream(None);
    expect(&mut stream, None, 1..=3).await;
    expect(&mut stream, Some(7), 1..=3).await;
    drop(stream);
    it.say(None, 2);
    settle().await;
    let mut stream = it.feed.stream(None);
    it.say(None, 2);
    expect(&mut stream, None, 4..=7).await;
    expect_nothing(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_the_state_is_asked_for_is_not_taken_for_old() {
    for early_reader in [true, false] {
        let it = idle(100, &Fake::new(), SavedSession::default());
        it.say_unheard(None, 3);
        let early = early_reader.then(|| it.feed.stream(None));
        it.feed.start(Start::default());
        // The server answers with what it is by the end.
        it.say(None, 2);
        it.server.server().delay = Duration::from_millis(100);
        settle().await;
        let mut stream = early.unwrap_or_else(|| it.feed.stream(None));
        expect(&mut stream, None, 4..=5).await;
        expect_nothing(&mut stream).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_arrives_together_with_the_state_is_not_taken_for_old() {
    let it = idle(100, &Fake::new(), SavedSession::default());
    let mut stream = it.feed.stream(None);
    it.say_unheard(None, 3);
    let late = it.server.server().say(None);
    let feed = Arc::clone(&it.feed);
    it.server.server().before_answer = Some(Box::new(move || feed.pushed(late)));
    it.feed.start(Start::default());
    expect(&mut stream, None, 4..=4).await;
    expect_nothing(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_who_has_logged_out_since_is_nobody_s() {
    let it = idle(100, &Fake::new(), SavedSession::default());
    let mut stream = it.feed.stream(None);
    let feed = Arc::clone(&it.feed);
    let again = move || {
        feed.stop();
        feed.start(Start::default());
    };
    it.server.server().before_answer = Some(Box::new(again));
    it.feed.start(Start::default());
    settle().await;
    it.say(None, 1);
    expect(&mut stream, None, 1..=1).await;
    assert_eq!(it.asked(), [(None, None), (None, None)], "the state, for each login");
}

#[tokio::test(start_paused = true)]
async fn two_streams_each_get_everything() {
    let it = running(100).await;
    let (mut one, mut other) = (it.feed.stream(None), it.feed.stream(None));
    it.say(None, 10);
    expect(&mut one, None, 1..=10).await;
    expect(&mut other, None, 1..=10).await;
    drop(one);
    it.say(None, 10);
    expect(&mut other, None, 11..=20).await;
}

#[tokio::test(start_paused = true)]
async fn more_than_the_queue_before_the_task_holds_is_fetched() {
    let it = running(20_000).await;
    let mut stream = it.feed.stream(None);
    it.say(None, 12_000);
    expect(&mut stream, None, 1..=12_000).await;
    assert!(it.asked().len() > 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_comes_what_was_not_acknowledged() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say(None, 5);
    it.say(Some(7), 5);
    expect(&mut stream, None, 1..=3).await;
    drop(stream);
    it.task.abort();
    let session = it.session.lock().unwrap().clone();
    it.say_unheard(None, 2);

    let start = Start::of(&session, true);
    let again = idle(100, &it.server, session.clone());
    let mut stream = again.feed.stream(None);
    again.feed.start(start);
    expect(&mut stream, None, 3..=7).await;
    // Nothing was ever acknowledged of the channel, nor its place known.
    again.say(Some(7), 1);
    expect(&mut stream, Some(7), 6..=6).await;
    again.task.abort();

    let fresh = idle(100, &it.server, session.clone());
    let mut stream = fresh.feed.stream(None);
    fresh.feed.start(Start::of(&session, false));
    settle().await;
    fresh.say(None, 1);
    expect(&mut stream, None, 8..=8).await;
    assert_eq!(fresh.session.lock().unwrap().updates.unwrap().pts, 7);
}

#[tokio::test(start_paused = true)]
async fn a_channel_goes_on_where_it_was_acknowledged() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say(Some(7), 5);
    expect(&mut stream, Some(7), 1..=3).await;
    it.task.abort();
    let session = it.session.lock().unwrap().clone();
    assert_eq!(session.channels.get(&7), Some(&2));
    let again = idle(100, &it.server, session.clone());
    let mut stream = again.feed.stream(None);
    again.feed.start(Start::of(&session, true));
    settle().await;
    again.say(Some(7), 1);
    expect(&mut stream, Some(7), 3..=6).await;
}

#[tokio::test(start_paused = true)]
async fn long_differences_come_in_slices() {
    let it = running(1000).await;
    let mut stream = it.feed.stream(None);
    it.server.server().slice = 3;
    it.say_unheard(None, 10);
    it.feed.missed();
    expect(&mut stream, None, 1..=10).await;
    let asked: Vec<_> = it.asked().into_iter().map(|(_, at)| at).collect();
    assert_eq!(asked, [None, Some(0), Some(3), Some(6), Some(9)]);
    it.say_unheard(Some(7), 1);
    it.say(Some(7), 8);
    expect(&mut stream, Some(7), 2..=9).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_ago_is_named_as_a_gap() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say(Some(7), 1);
    expect(&mut stream, Some(7), 1..=1).await;
    it.server.server().too_long.extend([None, Some(7)]);
    it.say_unheard(None, 10);
    it.feed.missed();
    let gap = stream.next().await;
    assert!(matches!(gap, Some(Update::Gap(Gap { channel_id: None }))), "{gap:?}");
    it.say_unheard(Some(7), 10);
    it.feed.pushed(updates(types::UpdateChannelTooLong { channel_id: 7, pts: Some(11) }.into()));
    let gap = stream.next().await;
    assert!(matches!(gap, Some(Update::Gap(Gap { channel_id: Some(7) }))), "{gap:?}");
    it.say(None, 1);
    it.say(Some(7), 1);
    expect(&mut stream, None, 11..=11).await;
    expect(&mut stream, Some(7), 12..=12).await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_after_a_second_and_then_later_and_later() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    let errors = [0, 1, 2].map(|_| error(500, "INTERNAL"));
    it.server.server().errors.insert(None, errors.into());
    it.say_unheard(None, 1);
    it.feed.missed();
    let before = Instant::now();
    expect(&mut stream, None, 1..=1).await;
    let took = before.elapsed().as_secs_f64();
    assert!((7.0..8.0).contains(&took), "{took}: 1 + 2 + 4 s");
}

#[tokio::test(start_paused = true)]
async fn a_private_channel_is_dropped_and_not_asked_for_again() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say(Some(7), 1);
    it.say_unheard(Some(7), 1);
    it.server.server().errors.insert(Some(7), [error(400, "CHANNEL_PRIVATE")].into());
    it.say(Some(7), 1);
    expect(&mut stream, Some(7), 1..=1).await;
    expect_nothing(&mut stream).await;
    assert_eq!(it.asked(), [(None, None), (Some(7), Some(1))]);
    assert!(it.session.lock().unwrap().channels.is_empty());
    sleep(Duration::from_secs(100)).await;
    assert_eq!(it.asked(), []);
    it.say(None, 1);
    expect(&mut stream, None, 1..=1).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_messages_of_a_new_channel_are_missed_as_any_others() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    let met = || updates(types::UpdateChannel { channel_id: 7 }.into());
    it.feed.pushed(met());
    settle().await;
    it.feed.pushed(met());
    it.say_unheard(Some(7), 2);
    it.say(Some(7), 1);
    assert!(matches!(stream.next().await, Some(Update::Raw(_))));
    assert!(matches!(stream.next().await, Some(Update::Raw(_))));
    expect(&mut stream, Some(7), 1..=3).await;
    expect_nothing(&mut stream).await;
    assert_eq!(it.asked(), [(None, None), (Some(7), None), (Some(7), Some(0))]);
}

#[tokio::test(start_paused = true)]
async fn what_a_new_channel_said_while_nobody_listened_comes_before_what_it_says_now() {
    let server = Fake::new();
    server.server().tells_of_channels = true;
    server.server().remembers_channels = true;
    (0..3).for_each(|_| drop(server.server().say(Some(7))));
    let it = idle(100, &server, SavedSession::default());
    let mut stream = it.feed.stream(None);
    let state = Some(State { pts: 0, qts: 0, date: 1000, seq: 0 });
    it.feed.start(Start { state, ..Start::default() });
    sleep(Duration::from_millis(10)).await;
    it.say(Some(7), 1);
    expect(&mut stream, Some(7), 1..=4).await;
    expect_nothing(&mut stream).await;
    assert_eq!(it.asked(), [(None, Some(0)), (Some(7), None)]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_shows_itself_by_a_message_is_not_asked_for() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say(Some(7), 1);
    it.feed.pushed(updates(types::UpdateChannel { channel_id: 7 }.into()));
    expect(&mut stream, Some(7), 1..=1).await;
    assert_eq!(it.asked(), [(None, None)]);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_place_is_asked_for_anew() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    let invalid = error(400, "PERSISTENT_TIMESTAMP_INVALID");
    it.server.server().errors.insert(None, [invalid].into());
    it.say_unheard(None, 3);
    it.feed.missed();
    assert!(matches!(stream.next().await, Some(Update::Gap(Gap { channel_id: None }))));
    settle().await;
    it.say(None, 1);
    expect(&mut stream, None, 4..=4).await;
}

#[tokio::test(start_paused = true)]
async fn a_difference_that_can_never_be_read_is_given_up_and_named_as_a_gap() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    let unreadable = || {
        use layer_tl_types::Deserializable;
        enums::updates::Difference::from_bytes(&[1, 2, 3, 4]).unwrap_err().into()
    };
    it.server.server().errors.insert(None, (0..3).map(|_| unreadable()).collect());
    it.say_unheard(None, 3);
    it.feed.missed();
    assert!(matches!(stream.next().await, Some(Update::Gap(Gap { channel_id: None }))));
    settle().await;
    it.say(None, 1);
    expect(&mut stream, None, 4..=4).await;
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_is_handed_out_raw_and_costs_no_other_update() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    let mut object = it.server.server().say(None);
    // The constructor of the update within.
    object[12..16].copy_from_slice(&[1, 2, 3, 4]);
    it.feed.pushed(object.clone());
    match stream.next().await {
        Some(Update::Raw(RawUpdate::Unknown(raw))) => assert_eq!(raw, object),
        other => panic!("{other:?}"),
    }
    expect(&mut stream, None, 1..=1).await;
}

#[tokio::test(start_paused = true)]
async fn silence_for_a_quarter_of_an_hour_is_asked_about() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say_unheard(None, 1);
    let before = Instant::now();
    let update = timeout(Duration::from_secs(1000), stream.next()).await.unwrap();
    assert!(matches!(update, Some(Update::NewMessage(_))));
    assert!((895..905).contains(&before.elapsed().as_secs()), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn asking_for_the_state_fetches_what_lies_between_and_skips_nothing() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say_unheard(None, 3);
    let state = State { pts: 3, qts: 0, date: 1000, seq: 0 };
    it.feed.sync(state).await;
    assert_eq!(it.asked(), [(None, None), (None, Some(0))]);
    it.feed.sync(state).await;
    assert_eq!(it.asked(), [], "nothing lies between");
    expect(&mut stream, None, 1..=3).await;
}

#[tokio::test(start_paused = true)]
async fn places_that_our_own_calls_took_leave_no_gap() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.say(None, 1);
    // A deletion of ours takes the second place.
    let (pts, pts_count) = (2, 1);
    it.say_unheard(None, 1);
    let affected: enums::messages::AffectedMessages =
        types::messages::AffectedMessages { pts, pts_count }.into();
    it.feed.answered(&Asked::Affects(LineId::Common), &affected.to_bytes());
    // And a message of ours comes as an answer.
    let sent = it.server.server().say(None);
    it.feed.answered(&Asked::Updates, &sent);
    expect(&mut stream, None, 1..=1).await;
    expect(&mut stream, None, 3..=3).await;
    expect_nothing(&mut stream).await;
    assert_eq!(it.asked(), [(None, None)]);
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_the_task() {
    let it = running(100).await;
    let mut stream = it.feed.stream(None);
    it.task.abort();
    assert!(stream.next().await.is_none());
    it.feed.sync(State::default()).await;
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_a_task_that_was_never_begun() {
    let feed = Feed::new(Outlet::new(10, |_| {}));
    let mut stream = feed.stream(None);
    drop(run(Arc::clone(&feed), Fake::new()));
    assert!(stream.next().await.is_none());
    feed.sync(State::default()).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_lost_and_however_slow_the_reader_each_message_comes_once_and_in_order() {
    for seed in 0..40 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let it = running(3).await;
        it.server.server().tells_of_channels = true;
        it.server.server().slice = 4;
        let mut stream = it.feed.stream(None);
        let lines = [None, Some(5), Some(6), Some(7)];
        let mut come = std::collections::BTreeMap::<_, Vec<i32>>::new();
        lines.iter().for_each(|line| it.say(*line, 1));
        for _ in 0..200 {
            let object = it.server.server().say(lines[rng.next_u32() as usize % 4]);
            match rng.next_u32() % 8 {
                0 => {}
                1 => (0..2).for_each(|_| it.feed.pushed(object.clone())),
                _ => it.feed.pushed(object),
            }
            if rng.next_u32().is_multiple_of(16) {
                it.feed.missed();
            }
            if rng.next_u32().is_multiple_of(3) {
                sleep(Duration::from_millis(u64::from(rng.next_u32() % 600))).await;
            }
            while rng.next_u32().is_multiple_of(2) {
                let waits = Duration::from_millis(u64::from(rng.next_u32() % 100));
                let Ok(update) = timeout(waits, next(&mut stream)).await else { break };
                come.entry(update.0).or_default().push(update.1);
            }
        }
        // The last of each line arrives, or nobody could know of it.
        lines.iter().for_each(|line| it.say(*line, 1));
        let all: i32 = lines.iter().map(|line| it.server.server().at(*line)).sum();
        let mut so_far: usize = come.values().map(Vec::len).sum();
        while so_far < all as usize {
            // What came last may have been dropped for want of room: the next tells of it.
            let Ok(update) = timeout(Duration::from_secs(2), next(&mut stream)).await else {
                it.feed.missed();
                continue;
            };
            come.entry(update.0).or_default().push(update.1);
            so_far += 1;
        }
        for line in lines {
            let said: Vec<i32> = (1..=it.server.server().at(line)).collect();
            assert_eq!(come[&line], said, "seed {seed}, {line:?}");
        }
        expect_nothing(&mut stream).await;
    }
}
