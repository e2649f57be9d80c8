//! Queries: executed once, answered at once or later, dropped.

use std::sync::atomic::Ordering;
use std::time::Duration;

use layer_sandbox::Reply;
use layer_sandbox::exchange::Agreed;
use layer_tl_types::Serializable;
use layer_tl_types::{Deserializable, RawObject, enums, functions, types};
use layer_wire::gzip;

use crate::client::NOW;
use crate::link::{GET_CONFIG, Heard, Link, config, failing, intercept, key, own, rpc_error};

fn acked(heard: &Heard) -> Vec<i64> {
    let enums::MsgsAck::Ack(acks) = heard.is().unwrap();
    acks.msg_ids
}

fn dropped(heard: &Heard) -> (i64, enums::RpcDropAnswer) {
    let (query, result) = heard.result().unwrap();
    (query, enums::RpcDropAnswer::from_bytes(result).unwrap())
}

fn state(link: &mut Link, msg_id: i64) -> u8 {
    let asked = types::MsgsStateReq { msg_ids: vec![msg_id] };
    let (_, heard) = link.tell(&enums::MsgsStateReq::Req(asked));
    let Some(enums::MsgsStateInfo::Info(info)) = heard.iter().find_map(Heard::is) else { panic!() };
    info.info[0]
}

#[test]
fn a_query_whose_answer_comes_later_is_acknowledged_soon() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (query, heard) = link.ask_bytes(&own(5000, 0));
    assert_eq!(heard, []);
    let soon = link.now.monotonic + Duration::from_millis(200);
    assert_eq!(link.connection.deadline(&link.world), soon);
    assert_eq!(link.later(199), []);
    let heard = link.later(1);
    assert_eq!((heard.len(), acked(&heard[0])), (1, vec![query]));
    assert_eq!(link.later(4799), []);
    let heard = link.later(1);
    assert_eq!((heard.len(), heard[0].result()), (1, Some((query, &own(5000, 0)[..]))));
}

#[test]
fn acknowledgements_go_with_whatever_goes_and_by_number() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (query, _) = link.ask_bytes(&own(5000, 0));
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    assert_eq!((heard.len(), acked(&heard[1])), (2, vec![query]));
    for sent in 1..=17 {
        let (_, heard) = link.ask_bytes(&own(5000, 0));
        assert_eq!(heard.len(), usize::from(sent == 17));
    }
    assert_eq!(link.later(200), []);
    // An answer acknowledges its query.
    link.ask_bytes(&own(100, 0));
    assert!(link.later(100)[0].result().is_some());
    assert_eq!(link.later(1000), []);
}

#[test]
fn a_running_query_is_not_executed_again() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(true));
    let query = own(5000, 0);
    link.send_as(msg_id, seq_no, &query);
    link.later(1000);
    assert_eq!(state(&mut link, msg_id), 4 + 8 + 32);
    // On another connection, twice.
    link.reconnect();
    link.send_as(msg_id, seq_no, &query);
    link.send_as(msg_id, seq_no, &query);
    assert_eq!(acked(&link.later(200)[0]), [msg_id]);
    let heard = link.later(3800);
    assert_eq!(heard[0].result(), Some((msg_id, &query[..])));
    assert_eq!(state(&mut link, msg_id), 4 + 8 + 32 + 64);
    // The same answer under the same identifier.
    assert_eq!(link.send_as(msg_id, seq_no, &query), heard);
    link.ack(&heard);
    assert_eq!(state(&mut link, msg_id), 4 + 8 + 32 + 64 + 128);
    assert_eq!(link.send_as(msg_id, seq_no, &query), []);
    assert_eq!(executed.load(Ordering::SeqCst), 1);
}

#[test]
fn an_answer_that_fell_due_between_connections_comes_over_the_next() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (query, _) = link.ask_bytes(&own(1000, 0));
    link.reconnect();
    link.now.monotonic += Duration::from_secs(5);
    link.timeout().unwrap();
    assert_eq!(link.heard(), [], "the session does not speak through this one yet");
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    let results: Vec<_> = heard.iter().filter_map(|heard| heard.result()).collect();
    assert_eq!((results.len(), results[0].0), (1, query));
    assert_eq!(executed.load(Ordering::SeqCst), 1);
}

#[test]
fn more_than_can_be_held_back_is_answered_at_once() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (ids, heard) = link.ask_all(&vec![own(5000, 0); 300]);
    let results: Vec<i64> = heard.iter().filter_map(|heard| Some(heard.result()?.0)).collect();
    assert_eq!(results, ids[256..]);
    assert_eq!(link.later(5000).len(), 256);
    assert_eq!(executed.load(Ordering::SeqCst), 300);
}

#[test]
fn a_running_query_can_be_dropped() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (query, _) = link.ask_bytes(&own(5000, 0));
    let (drop, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: query });
    let running = enums::RpcDropAnswer::RpcAnswerDroppedRunning;
    assert_eq!(heard[0].body()[12..], 0xcd78_e586_u32.to_le_bytes());
    assert_eq!(dropped(&heard[0]), (query, running.clone()));
    assert_eq!(dropped(&heard[1]), (drop, running));
    assert_eq!(heard.len(), 2);
    link.ack(&heard);
    assert_eq!(link.later(5000), []);
    // What has been acknowledged is not there to be dropped.
    let (_, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: query });
    assert_eq!(dropped(&heard[0]).1, enums::RpcDropAnswer::RpcAnswerUnknown);
    let (_, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: 4 });
    assert_eq!(dropped(&heard[0]).1, enums::RpcDropAnswer::RpcAnswerUnknown);
}

#[test]
fn a_dropped_answer_is_not_sent_again() {
    let mut link = Link::new(1).greeted();
    let (query, answer) = link.ask(&GET_CONFIG);
    let Heard::Message { msg_id, seq_no, body } = &answer[0] else { panic!() };
    let (_, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: query });
    let (msg_id, seq_no, bytes) = (*msg_id, *seq_no, body.len() as i32);
    let expected = types::RpcAnswerDropped { msg_id, seq_no, bytes };
    assert_eq!(dropped(&heard[0]).1, expected.into());
    link.ack(&heard);
    link.reconnect();
    assert_eq!(link.tell(&functions::Ping { ping_id: 1 }).1.len(), 1);
    // It was executed, and that is all that is known of it; a repetition does not change that.
    assert_eq!(state(&mut link, query), 4 + 8 + 32 + 64);
    assert_eq!(link.send_as(query, 1, &GET_CONFIG.to_bytes()), []);
    assert_eq!(acked(&link.later(200)[0]), [query]);
}

#[test]
fn what_can_not_be_sent_is_an_error_and_no_panic() {
    let mut link = Link::new(1).greeted();
    for (len, sendable) in [(3, false), ((8 << 20) + 4, false), (8 << 20, true), (4, true)] {
        link.world.intercept(move |_, _| Some(Reply::Now(Ok(vec![1; len]))));
        let (_, heard) = link.ask_bytes(&[1; 4]);
        if sendable {
            assert_eq!(gunzip(heard[0].result().unwrap().1).len(), len);
        } else {
            assert_eq!(rpc_error(&heard[0]), (500, "ANSWER_NOT_SENDABLE".into()));
        }
    }
}

#[test]
fn queries_may_be_packed_inside_their_wrappers() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let query = own(0, 1000);
    let packed = gzip::pack(&query).unwrap();
    let init = |query| {
        let name = String::new;
        let (query, lang) = (RawObject(query), "en".to_owned());
        let init = functions::InitConnection::new(
            1,
            name(),
            name(),
            name(),
            lang.clone(),
            name(),
            lang,
            query,
        );
        functions::InvokeWithLayer { layer: 230, query: init }.to_bytes()
    };
    let twice = gzip::pack(&[init(packed.clone()), vec![0; 500]].concat()).unwrap();
    for body in [init(packed.clone()), twice] {
        let (_, heard) = link.ask_bytes(&body);
        assert_eq!(gunzip(heard[0].result().unwrap().1), query);
    }
    assert_eq!(executed.load(Ordering::SeqCst), 2);
    // All that a packet holds unpacks to no more than a packet may be.
    let mut large = own(0, 0);
    large.resize(1 << 20, 0);
    let packed = init(gzip::pack(&large).unwrap());
    let (ids, heard) = link.ask_all(&[packed.clone(), packed.clone(), packed]);
    let failed: Vec<_> = heard.iter().filter(|heard| heard.body().len() < 100).collect();
    assert_eq!((failed.len(), failed[0].result().unwrap().0), (1, ids[2]));
    assert_eq!(rpc_error(failed[0]), (400, "INPUT_FETCH_ERROR".into()));
}

fn gunzip(object: &[u8]) -> Vec<u8> {
    gzip::unpack_object(object, gzip::MAX_UNPACKED).unwrap().into_owned()
}

#[test]
fn a_test_may_insist_on_init_connection_once_per_key() {
    let init = |query| {
        let name = String::new;
        let (query, lang) = (RawObject(query), "en".to_owned());
        let init = functions::InitConnection::new(
            1,
            name(),
            name(),
            name(),
            lang.clone(),
            name(),
            lang,
            query,
        );
        functions::InvokeWithLayer { layer: 229, query: init }
    };
    let mut link = Link::new(1).greeted();
    config(&link.ask(&GET_CONFIG).1[0]);
    link.world.faults.want_init = true;
    let not_inited = (400, "CONNECTION_NOT_INITED".into());
    assert_eq!(rpc_error(&link.ask(&GET_CONFIG).1[0]), not_inited);
    let only_layer =
        functions::InvokeWithLayer { layer: 229, query: RawObject(GET_CONFIG.to_bytes()) };
    assert_eq!(rpc_error(&link.ask(&only_layer).1[0]), not_inited);
    config(&link.ask(&init(GET_CONFIG.to_bytes())).1[0]);
    config(&link.ask(&GET_CONFIG).1[0]);
    assert_eq!(link.world.keys.get(link.key.id(), NOW).unwrap().layer, Some(229));
    // Another session, and a restart of the server, change nothing.
    link.session_id += 1;
    link.world.restart();
    let heard = link.ask(&GET_CONFIG).1;
    config(&heard[1]);
    link.world.forget_init(link.key.id());
    assert_eq!(rpc_error(&link.ask(&GET_CONFIG).1[0]), not_inited);
    // Another key has its own.
    config(&link.ask(&init(GET_CONFIG.to_bytes())).1[0]);
    link.key = key(8);
    let agreed = Agreed { key: key(8), salt: link.salt, dc: None, expires_at: None };
    link.world.keys.insert(agreed, NOW).unwrap();
    assert_eq!(rpc_error(&link.ask(&GET_CONFIG).1[1]), not_inited);
}

#[test]
fn a_failed_query_is_answered_once_and_from_memory_too() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(true));
    let first = link.send_as(msg_id, seq_no, &failing(0));
    assert_eq!(rpc_error(&first[0]), (400, "FAILED".into()));
    assert_eq!(link.send_as(msg_id, seq_no, &failing(0)), first);
    assert_eq!(executed.load(Ordering::SeqCst), 1);
}
