//! How a client ends: nothing is left, and nobody waits in vain.

use std::time::Duration;

use layer_sandbox::Reply;
use layer_tl_types::{Identifiable, functions};

use super::Rig;
use crate::InvocationError;
use crate::session::{SessionBackend, SessionError};

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
async fn a_client_ends_while_its_server_is_gone() {
    let rig = Rig::new();
    let (client, token) = rig.connect().await.unwrap();
    rig.server.refusals.store(usize::MAX, std::sync::atomic::Ordering::Relaxed);
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
    let link = client.inner.link(3, crate::net::dcs::Purpose::Main).await.unwrap();
    assert_eq!(link.waiting().await, 0, "no call waits in any table");
}
