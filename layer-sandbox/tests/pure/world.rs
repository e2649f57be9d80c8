//! What a test does with a world: methods of its own, pushes, restarts, stale salts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use layer_sandbox::session::Sessions;
use layer_sandbox::{Reply, RpcError};
use layer_tl_types::{RawObject, Serializable, enums, functions, types};

use crate::link::{GET_CONFIG, Link, config, rpc_error};

#[test]
fn a_tests_own_methods_are_asked_first() {
    let mut link = Link::new(1).greeted();
    let executed = Arc::new(AtomicU32::new(0));
    let count = executed.clone();
    link.world.intercept(move |caller, query| {
        assert!(caller.msg_id > 0);
        (query == [1, 2, 3, 4]).then(|| {
            count.fetch_add(1, Ordering::SeqCst);
            Reply::Now(Err(RpcError::new(420, "FLOOD_WAIT_3")))
        })
    });
    let (_, heard) = link.ask_all(&[vec![1, 2, 3, 4], GET_CONFIG.to_bytes()]);
    assert_eq!(rpc_error(&heard[0]), (420, "FLOOD_WAIT_3".into()));
    config(&heard[1]);
    assert_eq!(executed.load(Ordering::SeqCst), 1);
}

#[test]
fn what_is_pushed_goes_out_when_the_time_is_told() {
    let mut link = Link::new(1).greeted();
    let (key_id, session_id) = (link.key.id(), link.session_id);
    assert!(!link.world.push(key_id, session_id + 1, vec![1; 8]));
    assert!(!link.world.push(key_id, session_id, vec![1; 7]));
    assert!(link.world.push(key_id, session_id, vec![1; 8]));
    assert!(link.connection.deadline(&link.world) <= link.now.monotonic);
    link.timeout().unwrap();
    let heard = link.heard();
    assert_eq!((heard.len(), heard[0].body(), heard[0].msg_id() % 4), (1, &[1; 8][..], 3));
}

#[test]
fn a_restarted_server_has_forgotten_its_sessions_and_not_its_keys() {
    let mut link = Link::new(1).greeted();
    link.world.restart();
    link.reconnect();
    let (_, heard) = link.tell(&functions::Ping { ping_id: 5 });
    assert!(heard[0].is::<enums::NewSession>().is_some());
    assert!(heard[1].is::<enums::Pong>().is_some());
}

#[test]
fn stale_salts_are_refused_and_the_new_one_is_taken() {
    let mut link = Link::new(1).greeted();
    link.world.stale_salts(link.key.id());
    let (_, heard) = link.tell(&functions::Ping { ping_id: 5 });
    let Some(enums::BadMsgNotification::BadServerSalt(bad)) = heard[0].is() else {
        panic!("{heard:?}");
    };
    assert_ne!(bad.new_server_salt, link.salt);
    link.salt = bad.new_server_salt;
    let (msg_id, heard) = link.tell(&functions::Ping { ping_id: 6 });
    assert_eq!(heard[0].is(), Some(enums::Pong::Pong(types::Pong { msg_id, ping_id: 6 })));
}

#[test]
fn a_delayed_answer_comes_in_its_time() {
    let mut link = Link::new(1).greeted();
    link.world.intercept(|_, query| {
        Some(Reply::After(Duration::from_secs(3), Ok([query, query].concat())))
    });
    let msg_id = link.next_msg_id();
    let due = link.now.monotonic + Duration::from_secs(3);
    link.send_as(msg_id, 1, &[1, 2, 3, 4]);
    link.now.monotonic = due;
    assert!(link.connection.deadline(&link.world) <= due);
    link.timeout().unwrap();
    let heard = link.heard();
    let answer = heard.iter().find_map(|heard| heard.result());
    assert_eq!(answer, Some((msg_id, &[1, 2, 3, 4, 1, 2, 3, 4][..])));
}

#[test]
fn the_session_in_which_nothing_was_said_for_longest_makes_room() {
    let mut link = Link::new(1);
    let first = link.session_id;
    let mut speak = |session_id| {
        link.session_id = session_id;
        link.now.monotonic += Duration::from_millis(1);
        link.tell(&functions::Ping { ping_id: 1 });
        let knows = |id| link.world.sessions.get(link.key.id(), id).is_some();
        (knows(first), knows(first + 1), link.world.sessions.len())
    };
    for id in 0..Sessions::MOST as i64 {
        speak(first + id);
    }
    assert_eq!(speak(first), (true, true, Sessions::MOST));
    assert_eq!(speak(first - 1), (true, false, Sessions::MOST));
}

#[test]
fn updates_go_to_sessions_that_have_asked_for_something_with_updates() {
    let mut link = Link::new(1).greeted();
    let user = link.world.add_user("Alice", "+49 151 0000001");
    let ids = (link.key.id(), link.session_id);
    link.world.log_in(ids.0, user);
    assert_eq!(link.world.sessions_of(user), []);
    let query = RawObject(GET_CONFIG.to_bytes());
    link.ask(&functions::InvokeWithoutUpdates { query });
    assert_eq!(link.world.sessions_of(user), []);
    link.ask(&GET_CONFIG);
    assert_eq!(link.world.sessions_of(user), [ids]);
    assert_eq!(link.world.sessions_of(user + 1), []);
}
