//! Acknowledgements (mtproto/service_messages_about_messages, "Acknowledgment of Receipt"): they go
//! out by themselves, along with something, by count or by time.

use layer_mtproto::connection::Event;
use layer_mtproto::wire::message::write_rpc_result;
use layer_tl_types::{Serializable, enums, types};

use crate::course::acknowledged;
use crate::peer::{Peer, config};

const PUSH: [u8; 8] = [9; 8];

#[test]
fn they_go_out_by_themselves_when_half_a_minute_has_passed() {
    let mut peer = Peer::greeted();
    let first = peer.say_content(&PUSH);
    peer.advance_secs(7);
    let second = peer.say_content(&PUSH);
    assert!(peer.live(22).is_empty());
    assert_eq!(acknowledged(&peer.live(1)), [first, second], "30 s after the first");
    assert!(peer.live(100).is_empty(), "once");
}

#[test]
fn the_delay_is_as_configured() {
    let mut config = config();
    config.ack_delay = std::time::Duration::from_secs(3);
    let mut peer = Peer::with(config, 0);
    peer.greet();
    let msg_id = peer.say_content(&PUSH);
    assert!(peer.live(2).is_empty());
    assert_eq!(acknowledged(&peer.live(1)), [msg_id]);
}

#[test]
fn sixteen_go_out_at_once() {
    let mut peer = Peer::greeted();
    let msg_ids: Vec<_> = (0..16).map(|_| peer.say_content(&PUSH)).collect();
    assert_eq!(peer.client.poll_deadline(), Some(peer.now.monotonic));
    let said = peer.serve();
    assert_eq!(acknowledged(&said), msg_ids);
    assert_eq!((said.len(), said[0].seq_no % 2, peer.client.footprint().acks), (1, 0, 0));

    (0..15).for_each(|_| _ = peer.say_content(&PUSH));
    assert!(peer.serve().is_empty());
}

#[test]
fn those_of_large_messages_go_along_with_whatever_is_sent() {
    let mut peer = Peer::greeted();
    let small = peer.say_content(&PUSH);
    peer.ask(1);
    let said = peer.serve();
    assert_eq!((said.len(), said[0].outer), (1, said[0].msg_id), "a call goes alone");
    let large = peer.say_content(&[9; 4 << 10]);
    assert!(peer.serve().is_empty(), "nothing is sent for them alone");
    peer.ask(2);
    let said = peer.serve();
    assert_eq!(said.len(), 2);
    assert_eq!(said[0].outer, said[1].outer);
    assert_eq!(acknowledged(&said), [small, large]);
}

#[test]
fn what_the_server_has_said_again_is_acknowledged_along_with_whatever_is_sent() {
    let mut peer = Peer::greeted();
    let header = peer.header(true);
    peer.say_body(header, &PUSH);
    peer.say_body(header, &PUSH);
    peer.ask(1);
    assert_eq!(acknowledged(&peer.serve()), [header.msg_id, header.msg_id]);
}

#[test]
fn one_message_lists_no_more_than_8192() {
    let mut peer = Peer::greeted();
    let mut msg_ids = Vec::new();
    for _ in 0..20 {
        let messages: Vec<_> =
            (0..1000).map(|_| (peer.next_msg_id(false), 1, PUSH.to_vec())).collect();
        msg_ids.extend(messages.iter().map(|message| message.0));
        peer.say_container(&messages);
    }
    let said = peer.listen();
    let lens = said.iter().filter_map(|said| Some(said.read::<types::MsgsAck>()?.msg_ids.len()));
    assert_eq!(lens.collect::<Vec<_>>(), [8192, 8192, 20_000 - 2 * 8192]);
    assert_eq!(acknowledged(&said), msg_ids);
}

#[test]
fn what_has_an_odd_number_is_acknowledged_and_nothing_else() {
    let mut peer = Peer::new();
    let said = peer.listen();
    let new_session = peer.say_new_session(said[0].msg_id, 1);
    said.iter().for_each(|said| peer.answer_service(said));
    let (_, sent) = peer.asked(1);
    let answer = peer.answer(sent.msg_id, b"done");
    let acks = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![4] });
    peer.say(&acks);
    let inner = peer.next_msg_id(false);
    let other = peer.next_msg_id(false);
    peer.say_container(&[(inner, 7, PUSH.to_vec()), (other, 8, PUSH.to_vec())]);
    assert_eq!(acknowledged(&peer.live(40)), [new_session, answer, inner]);
}

#[test]
fn a_new_session_is_acknowledged() {
    let mut peer = Peer::new();
    let said = peer.serve();
    let msg_id = peer.say_new_session(said.first().map_or(0, |said| said.msg_id), 1);
    assert_eq!(acknowledged(&peer.live(30)), [msg_id]);
}

#[test]
fn they_are_kept_over_a_lost_link_and_made_again_for_what_comes_again() {
    let mut peer = Peer::greeted();
    let header = peer.header(true);
    peer.say_body(header, &PUSH);
    peer.disconnect();
    assert!(peer.client.poll_deadline().is_none());
    peer.connect();
    assert_eq!(acknowledged(&peer.serve()), [header.msg_id]);
    // Lost on the way: the server says it once more.
    peer.say_body(header, &PUSH);
    assert_eq!(acknowledged(&peer.live(30)), [header.msg_id]);
}

#[test]
fn an_answer_to_a_call_that_is_done_is_acknowledged_each_time() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let first = peer.answer(sent.msg_id, b"done");
    let second = peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
    assert_eq!(acknowledged(&peer.live(30)), [first, second]);
}

#[test]
fn what_is_too_old_to_be_known_is_acknowledged_and_only_an_answer_is_taken() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    // Two that are under way for long.
    let (push, answer) = (peer.header(true), peer.header(true));
    for _ in 0..3 {
        let nothing = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: Vec::new() }).to_bytes();
        let messages: Vec<_> =
            (0..1000).map(|_| (peer.next_msg_id(false), 0, nothing.clone())).collect();
        peer.say_container(&messages);
    }
    peer.events();
    peer.say_body(push, &PUSH);
    assert!(
        matches!(peer.events()[..], [Event::UpdatesMissed]),
        "nobody can tell whether it is new"
    );
    peer.say_body(push, &PUSH);
    let mut result = Vec::new();
    write_rpc_result(sent.msg_id, b"done", &mut result);
    peer.say_body(answer, &result);
    let events = peer.events();
    let [Event::UpdatesMissed, Event::Answer { call: answered, result: Ok(_), .. }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(*answered, call);
    let acknowledged = acknowledged(&peer.live(31));
    assert!([push.msg_id, answer.msg_id].iter().all(|msg_id| acknowledged.contains(msg_id)));
}
