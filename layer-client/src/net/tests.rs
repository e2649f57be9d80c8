//! Links against a sandbox in memory, under a paused clock.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_mtproto::connection::{Call, Config, Connection, Init, Saved};
use layer_mtproto::exchange;
use layer_sandbox::Reply;
use layer_sandbox::router::RpcError;
use layer_tl_types::{Deserializable, Serializable, enums, functions};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::clock::Backoff;
use super::dial::{BoxFuture, Target};
use super::driver::{Parts, open};
use super::hub::Hub;
use super::link::Link;
use super::memory::Memory;
use crate::session::SessionError;
use crate::updates::Asked;
use crate::{InvocationError, random};

/// A function of the tests' own; the server answers with what follows the constructor.
const ECHO: u32 = 0x6563_686f;
/// The same, after a minute.
const SLOW: u32 = 0x736c_6f77;

fn query(id: u32, number: u32) -> Vec<u8> {
    [id.to_le_bytes(), number.to_le_bytes()].concat()
}

#[derive(Default)]
struct Told {
    keys: Mutex<Vec<Saved>>,
    pushed: Mutex<Vec<Vec<u8>>>,
    missed: Mutex<usize>,
    answered: Mutex<Vec<(Asked, usize)>>,
}

impl Hub for Told {
    fn target(&self) -> Target {
        Target(vec!["memory".to_owned()])
    }

    fn key_agreed(&self, saved: Saved) -> BoxFuture<'_, Result<(), SessionError>> {
        self.keys.lock().unwrap().push(saved);
        Box::pin(std::future::ready(Ok(())))
    }

    fn answered(&self, asked: &Asked, object: &[u8]) {
        self.answered.lock().unwrap().push((asked.clone(), object.len()));
    }

    fn learnt(&self, _: Saved) {}

    fn key_dead(&self) {}

    fn pushed(&self, object: Vec<u8>) {
        self.pushed.lock().unwrap().push(object);
    }

    fn updates_missed(&self) {
        *self.missed.lock().unwrap() += 1;
    }
}

struct Running {
    link: Link,
    server: Arc<Memory>,
    told: Arc<Told>,
    task: JoinHandle<()>,
}

/// A link to a server that answers the tests' functions and has run none yet.
fn run() -> Running {
    let server = Memory::new();
    server.world().intercept(|_, query| {
        let id = u32::from_le_bytes(*query.first_chunk()?);
        let answer = query.get(4..)?.to_vec();
        match id {
            ECHO => Some(Reply::Now(Ok([&ECHO.to_le_bytes()[..], &answer].concat()))),
            SLOW => Some(Reply::After(Duration::from_secs(60), Ok(answer))),
            _ => None,
        }
    });
    let key = layer_sandbox::keys::well_known_key().public().clone();
    let exchange = exchange::Config::new(vec![key], 2);
    let mut rng = random::seeded([7; 32]);
    let now = server.clock.now();
    let config = Config::new(exchange, Init::new(1));
    let told = Arc::new(Told::default());
    let parts = Parts {
        connection: Connection::new(config, None, now, &mut rng),
        dial: Arc::clone(&server) as _,
        hub: Arc::clone(&told) as _,
        key: Arc::default(),
        clock: server.clock.clone(),
        rng: Box::new(rng),
        blocking: Arc::new(|work| drop(tokio::task::spawn_blocking(work))),
        backoff: Backoff { first: Duration::from_millis(500), last: Duration::from_secs(30) },
        call_timeout: Duration::from_secs(30),
    };
    let (link, driver) = open(parts);
    Running { link, server, told, task: tokio::spawn(driver) }
}

async fn echo(link: &Link, number: u32) -> Result<Vec<u8>, InvocationError> {
    Ok(link.call(Asked::Nothing, Call::new(query(ECHO, number))).await?.object)
}

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_over_a_link_that_agrees_its_key_by_itself() {
    let Running { link, told, .. } = run();
    link.ready().await.unwrap();
    assert_eq!(told.keys.lock().unwrap().len(), 1);
    let call = Call::new(functions::help::GetNearestDc {}.to_bytes());
    let answer = link.call(Asked::Updates, call).await.unwrap().object;
    let enums::NearestDc::Dc(nearest) = enums::NearestDc::from_bytes(&answer).unwrap();
    assert_eq!(nearest.this_dc, 2);
    assert_eq!(
        *told.answered.lock().unwrap(),
        [(Asked::Updates, answer.len())],
        "before its waiter"
    );
}

#[tokio::test(start_paused = true)]
async fn many_calls_at_once_each_get_their_own_answer() {
    let Running { link, .. } = run();
    let calls = (0..1000).map(|number| {
        let link = link.clone();
        tokio::spawn(async move { (number, echo(&link, number).await.unwrap()) })
    });
    for call in calls.collect::<Vec<_>>() {
        let (number, answer) = call.await.unwrap();
        assert_eq!(answer, query(ECHO, number));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_its_name() {
    let Running { link, server, .. } = run();
    server.world().intercept(|_, _| Some(Reply::Now(Err(RpcError::new(420, "FLOOD_WAIT_3")))));
    let error = echo(&link, 1).await.unwrap_err();
    assert!(error.is("FLOOD_WAIT"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_cut_heals_and_the_call_is_answered_once() {
    let Running { link, server, .. } = run();
    echo(&link, 1).await.unwrap();
    let slow = {
        let link = link.clone();
        tokio::spawn(async move {
            link.call(Asked::Nothing, Call::new(query(SLOW, 9))).await.unwrap().object
        })
    };
    sleep(Duration::from_secs(1)).await;
    server.cut();
    assert_eq!(slow.await.unwrap(), 9_u32.to_le_bytes());
    assert_eq!(server.dialled.load(Ordering::Relaxed), 2);
    assert_eq!(server.world().tally.queries, 2, "nothing was run twice");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_is_given_up_and_the_server_is_told() {
    let Running { link, server, .. } = run();
    link.ready().await.unwrap();
    let call = link.call(Asked::Nothing, Call::new(query(SLOW, 9)));
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    sleep(Duration::from_secs(1)).await;
    echo(&link, 1).await.unwrap();
    assert_eq!(server.world().tally.drops, 1);
}

#[tokio::test(start_paused = true)]
async fn dialling_is_tried_again_later_and_later_until_it_succeeds() {
    let Running { link, server, .. } = run();
    server.refusals.store(5, Ordering::Relaxed);
    let started = Instant::now();
    let error = link.ready().await.unwrap_err();
    assert!(matches!(error, InvocationError::Io(_)), "the first refusal is told: {error}");
    echo(&link, 1).await.unwrap();
    // 0.5 + 1 + 2 + 4 + 8 s, each a fifth more or less.
    let took = started.elapsed().as_secs_f64();
    assert!((12.4..18.7).contains(&took), "{took}");
    assert_eq!(server.dialled.load(Ordering::Relaxed), 6);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_the_next_dialling_can_be_ended() {
    let Running { link, server, .. } = run();
    server.refusals.store(1, Ordering::Relaxed);
    assert!(link.ready().await.is_err());
    let started = Instant::now();
    link.redial();
    echo(&link, 1).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn a_call_of_which_nothing_is_heard_times_out_and_one_that_is_worked_on_does_not() {
    let Running { link, server, .. } = run();
    link.ready().await.unwrap();
    let slow = link.call(Asked::Nothing, Call::new(query(SLOW, 9))).await.unwrap();
    assert_eq!(
        slow.object,
        9_u32.to_le_bytes(),
        "a minute, and the server was known to work on it"
    );
    server.refusals.store(usize::MAX, Ordering::Relaxed);
    server.cut();
    let started = Instant::now();
    let error = echo(&link, 1).await.unwrap_err();
    assert!(matches!(error, InvocationError::Timeout(_)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(35));
}

#[tokio::test(start_paused = true)]
async fn what_the_server_says_by_itself_is_told() {
    let Running { link, server, told, .. } = run();
    echo(&link, 1).await.unwrap();
    server.push(&query(ECHO, 5));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*told.pushed.lock().unwrap(), [query(ECHO, 5)]);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_when_nobody_holds_the_link() {
    for connected in [true, false] {
        let Running { link, task, server, .. } = run();
        if connected {
            link.ready().await.unwrap();
        } else {
            server.refusals.store(usize::MAX, Ordering::Relaxed);
        }
        drop(link);
        task.await.unwrap();
    }
}
