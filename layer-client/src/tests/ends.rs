//! How a client ends: nothing is left, and nobody waits in vain.

use std::sync::atomic::Ordering;
use std::time::Duration;

use layer_sandbox::Reply;
use layer_tl_types::{Identifiable, functions};
use tokio::time::Instant;

use super::{Rig, refusal};
use crate::net::dcs::Purpose;
use crate::session::{SessionBackend, SessionError};
use crate::{Client, InvocationError};

const NEAREST: functions::help::GetNearestDc = functions::help::GetNearestDc {};

/// A server that takes a minute for everything but its config.
fn slow() -> Rig {
    let rig = Rig::new();
    rig.answer(|_, function, _| {
        let is_config = function == functions::help::GetConfig::CONSTRUCTOR_ID;
        (!is_config).then(|| Reply::After(Duration::from_secs(60), Ok(vec![0; 4])))
    });
    rig
}

#[tokio::test(start_paused = true)]
async fn no_task_is_left_when_the_last_handle_is_dropped() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    client.invoke_on_dc(4, &NEAREST).await.unwrap();
    let other = client.clone();
    drop(client);
    other.invoke(&NEAREST).await.unwrap();
    assert!(rig.tasks_left().await > 0);
    drop(other);
    token.closed().await;
    assert_eq!(rig.tasks_left().await, 0);
    assert!(matches!(rig.session.save(&[]).await, Err(SessionError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_dropped_when_the_client_is_cancelled() {
    let rig = slow();
    let (client, token) = rig.connect().await.unwrap();
    let calls: Vec<_> = (1..=3)
        .map(|dc| {
            let client = client.clone();
            tokio::spawn(async move { client.invoke_on_dc(dc, &NEAREST).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    token.cancel();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, InvocationError::Dropped), "{error}");
    }
    assert!(matches!(client.invoke(&NEAREST).await, Err(InvocationError::Dropped)));
    assert!(matches!(client.save_session().await, Err(InvocationError::Session(_))));
    token.closed().await;
    assert_eq!(rig.tasks_left().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_server_asked_for_ends_with_the_client() {
    let rig = Rig::new();
    rig.answer(|_, function, _| {
        let is_it = function == functions::help::GetNearestDc::CONSTRUCTOR_ID;
        is_it.then(|| refusal(420, "FLOOD_WAIT_50")).flatten()
    });
    let (client, token) = rig.connect().await.unwrap();
    let call = tokio::spawn(async move { client.invoke(&NEAREST).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    token.cancel();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, InvocationError::Dropped), "{error}");
    token.closed().await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(rig.tasks_left().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_ends_while_its_server_is_gone() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    rig.server.refusals.store(usize::MAX, Ordering::Relaxed);
    rig.server.cut();
    tokio::time::sleep(Duration::from_secs(100)).await;
    client.disconnect();
    token.closed().await;
    assert_eq!(rig.tasks_left().await, 0);
}

/// Polls connecting so often, then drops it. Returns whether it was done by then.
async fn connects_within(rig: &Rig, polls: usize) -> bool {
    let mut connecting = Box::pin(rig.connect());
    for _ in 0..polls {
        tokio::select! {
            biased;
            _ = &mut connecting => return true,
            () = tokio::task::yield_now() => {}
        }
    }
    false
}

#[tokio::test(start_paused = true)]
async fn connecting_that_is_given_up_at_any_moment_leaves_nothing() {
    let rig = slow();
    // Key agreement is dear, so not at every moment of it.
    for polls in (0..200).step_by(20) {
        connects_within(&rig, polls).await;
        assert_eq!(rig.tasks_left().await, 0, "after {polls} polls");
    }
    drop(rig.connect().await.unwrap());
    for polls in 0.. {
        let done = connects_within(&rig, polls).await;
        assert_eq!(rig.tasks_left().await, 0, "after {polls} polls");
        if done {
            return;
        }
        assert!(polls < 1000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_at_any_moment_leaves_nothing() {
    let rig = slow();
    let (client, _token) = rig.connect().await.unwrap();
    for polls in 1..40 {
        let mut call = Box::pin(client.invoke_on_dc(3, &NEAREST));
        for _ in 0..polls {
            tokio::select! {
                biased;
                _ = &mut call => unreachable!("it takes a minute"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(call);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.tasks_left().await, 4, "the session's, the updates' and two links'");
    let link = client.inner.link(3, Purpose::Main).await.unwrap();
    assert_eq!(link.waiting().await, 0, "no call waits in any table");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_before_its_link_has_taken_it_is_not_made() {
    let rig = slow();
    let (client, _token) = rig.connect().await.unwrap();
    for _ in 0..10 {
        let mut call = Box::pin(client.invoke(&NEAREST));
        tokio::select! {
            biased;
            _ = &mut call => unreachable!("it takes a minute"),
            () = std::future::ready(()) => {}
        }
        // Nobody else has run since it began.
        drop(call);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.called::<functions::help::GetNearestDc>(), []);
    let link = client.inner.link(2, Purpose::Main).await.unwrap();
    assert_eq!(link.waiting().await, 0, "no call waits in any table");
}

/// Runs what `make` makes, polled ever more often before it is dropped, until it is done; after each
/// time the client is asked whether it still works.
async fn at_every_await<F: Future>(client: &Client, mut make: impl FnMut() -> F) {
    for polls in 1.. {
        let mut future = Box::pin(make());
        for _ in 0..polls {
            tokio::select! {
                biased;
                _ = &mut future => return,
                () = tokio::task::yield_now() => {}
            }
        }
        drop(future);
        client.invoke(&NEAREST).await.unwrap();
        assert!(polls < 1000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_given_up_at_any_moment_can_be_begun_again() {
    let rig = Rig::new();
    let (bot, token) = rig.server.world().add_bot("Echo", "echo_bot");
    rig.server.world().accounts.get_mut(bot).unwrap().dc = 3;
    let (client, shutdown) = rig.connect().await.unwrap();
    // It moves home, agrees a key there, logs in and saves.
    at_every_await(&client, || client.bot_sign_in(&token)).await;
    assert!(client.is_authorized().await.unwrap());
    // It carries the login over.
    at_every_await(&client, || client.invoke_on_dc(4, &functions::help::GetConfig {})).await;
    at_every_await(&client, || client.save_session()).await;
    for dc in [3, 4] {
        let link = client.inner.link(dc, Purpose::Main).await.unwrap();
        assert_eq!(link.waiting().await, 0, "no call waits in any table");
    }
    at_every_await(&client, || client.sign_out()).await;
    shutdown.cancel();
    shutdown.closed().await;
    assert_eq!(rig.tasks_left().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_network_ends_when_it_is_said_to_be_back() {
    let rig = Rig::new();
    let (client, _token) = rig.connect().await.unwrap();
    rig.server.refusals.store(1000, Ordering::Relaxed);
    rig.server.cut();
    tokio::time::sleep(Duration::from_secs(300)).await;
    rig.server.refusals.store(0, Ordering::Relaxed);
    let started = Instant::now();
    client.signal_network_restored();
    client.invoke(&NEAREST).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_kept_lightly_is_not_kept_alive() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    let light = client.downgrade();
    light.upgrade().unwrap().invoke(&NEAREST).await.unwrap();
    drop(client);
    assert!(light.upgrade().is_none());
    token.closed().await;
    assert_eq!(rig.tasks_left().await, 0);
}
