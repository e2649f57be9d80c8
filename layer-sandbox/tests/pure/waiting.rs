//! `invokeAfterMsg` and `invokeAfterMsgs`: queries that wait for others.

use std::sync::atomic::Ordering;

use layer_tl_types::{RawObject, Serializable, enums, functions};

use crate::link::{Heard, Link, failing, intercept, own, rpc_error};

fn after(msg_id: i64, query: Vec<u8>) -> Vec<u8> {
    functions::InvokeAfterMsg { msg_id, query: RawObject(query) }.to_bytes()
}

fn after_all(msg_ids: Vec<i64>, query: Vec<u8>) -> Vec<u8> {
    functions::InvokeAfterMsgs { msg_ids, query: RawObject(query) }.to_bytes()
}

fn results(heard: &[Heard]) -> Vec<i64> {
    heard.iter().filter_map(|heard| Some(heard.result()?.0)).collect()
}

#[test]
fn a_query_waits_for_the_one_before() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (first, _) = link.ask_bytes(&own(400, 0));
    let (second, heard) = link.ask_bytes(&after(first, own(0, 4)));
    assert_eq!((heard.len(), executed.load(Ordering::SeqCst)), (0, 1));
    let (third, _) = link.ask_bytes(&after_all(vec![first, second], own(0, 8)));
    assert_eq!(results(&link.later(399)), []);
    let heard = link.later(1);
    assert_eq!(results(&heard), [first, second, third]);
    assert_eq!(heard[2].result().unwrap().1, own(0, 8));
    assert_eq!(executed.load(Ordering::SeqCst), 3);
    // What is done needs no waiting for, whether the answer is acknowledged or not.
    link.ack(&heard[..1]);
    let (fourth, heard) = link.ask_bytes(&after_all(vec![first, second], own(0, 0)));
    assert_eq!(results(&heard), [fourth]);
}

#[test]
fn in_a_container_the_order_is_kept() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let first = link.next_msg_id() + 4;
    let bodies = [own(0, 0), after(first, own(0, 0)), after(first + 4, own(0, 0))];
    let (ids, heard) = link.ask_all(&bodies);
    assert_eq!((ids[0], results(&heard)), (first, ids));
}

#[test]
fn what_is_not_known_in_half_a_second_is_waited_for_no_longer() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (msg_id, heard) = link.ask_bytes(&after(4, own(0, 0)));
    assert_eq!(heard, []);
    assert_eq!(results(&link.later(499)), []);
    let heard = link.later(1);
    assert_eq!(results(&heard), [msg_id]);
    assert_eq!(rpc_error(&heard[0]), (400, "MSG_WAIT_TIMEOUT".into()));
    // Nor is one that waits for itself, or for what runs longer.
    let own_id = link.next_msg_id() + 4;
    let (first, _) = link.ask_bytes(&after(own_id, own(0, 0)));
    assert_eq!(first, own_id);
    let (slow, _) = link.ask_bytes(&own(5000, 0));
    let (late, _) = link.ask_bytes(&after(slow, own(0, 0)));
    let heard = link.later(500);
    assert_eq!(results(&heard), [first, late]);
    assert_eq!(rpc_error(&heard[1]), (400, "MSG_WAIT_TIMEOUT".into()));
    assert_eq!(executed.load(Ordering::SeqCst), 1, "only the slow one");
}

#[test]
fn what_comes_in_time_is_waited_for() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    // The two change places on their way.
    let (first, second) = (link.next_msg_id(), link.next_msg_id());
    link.send_as(second, 3, &after(first, own(0, 0)));
    assert_eq!(results(&link.later(300)), []);
    let heard = link.send_as(first, 1, &own(0, 0));
    assert_eq!(results(&heard), [first, second]);
    assert!(heard[1].result().unwrap().1 == own(0, 0));
}

#[test]
fn what_follows_a_failure_fails() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (first, _) = link.ask_bytes(&failing(100));
    let (good, _) = link.ask_bytes(&own(50, 0));
    let (second, _) = link.ask_bytes(&after(first, own(0, 0)));
    let (third, _) = link.ask_bytes(&after_all(vec![good, second], own(0, 0)));
    link.later(50);
    let heard = link.later(50);
    assert_eq!(results(&heard), [first, second, third]);
    for heard in &heard[1..] {
        assert_eq!(rpc_error(heard), (400, "MSG_WAIT_FAILED".into()));
    }
    assert_eq!(executed.load(Ordering::SeqCst), 2);
}

#[test]
fn a_waiting_query_that_comes_again_waits_once_and_can_be_dropped() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (first, _) = link.ask_bytes(&own(400, 0));
    let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(true));
    let query = after(first, own(0, 0));
    link.send_as(msg_id, seq_no, &query);
    link.send_as(msg_id, seq_no, &query);
    let (dropping, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: msg_id });
    assert_eq!(results(&heard), [msg_id, dropping]);
    let heard = link.later(400);
    assert_eq!(results(&heard), [first]);
    assert_eq!(executed.load(Ordering::SeqCst), 1);
}

#[test]
fn what_waits_is_bounded() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (ids, heard) = link.ask_all(&vec![after(4, own(0, 0)); 300]);
    assert_eq!(results(&heard), ids[256..]);
    let refused = heard.iter().find(|heard| heard.result().is_some()).unwrap();
    assert_eq!(rpc_error(refused), (420, "FLOOD_WAIT_1".into()));
    assert_eq!(results(&link.later(500)), ids[..256]);
    let (_, heard) = link.ask_bytes(&after_all(vec![4; 257], own(0, 0)));
    assert_eq!(rpc_error(&heard[0]), (400, "INPUT_REQUEST_TOO_LONG".into()));
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    assert!(heard.iter().any(|heard| heard.is::<enums::Pong>().is_some()));
}
