//! Nothing that comes or waits is without a bound.

use layer_mtproto::connection::{
    Call, CallError, Event, Failure, Fault, Footprint, Lost, MOST_CALL,
};
use layer_mtproto::wire::gzip::{self, GzipError};
use layer_tl_types::{Serializable, enums, types};

use crate::peer::{Peer, config, question};

/// `gzip_packed` around so many zeros.
fn packed(len: usize) -> Vec<u8> {
    gzip::pack(&vec![0; len]).unwrap()
}

#[test]
fn calls_are_limited_in_number_and_bytes() {
    let mut config = config();
    (config.most_calls, config.most_call_bytes) = (3, 40);
    let mut peer = Peer::with(config, 0);
    let first = peer.ask(1);
    peer.call(Call::new(vec![1; 32]));
    let refused = peer.client.call(Call::new(vec![1; 4]), peer.now);
    assert_eq!(refused, Err(CallError::Full { calls: 2, bytes: 40 }));
    assert!(peer.client.cancel(first, peer.now));
    (0..2).for_each(|_| _ = peer.call(Call::new(vec![1; 4])));
    let refused = peer.client.call(Call::new(vec![1; 4]), peer.now);
    assert_eq!(refused, Err(CallError::Full { calls: 3, bytes: 40 }));
    assert_eq!(peer.client.footprint().calls, 3);
}

#[test]
fn a_call_is_whole_words_and_no_longer_than_a_server_takes() {
    let mut peer = Peer::greeted();
    for len in [0, 2, 5, 7] {
        let refused = peer.client.call(Call::new(vec![1; len]), peer.now);
        assert_eq!(refused, Err(CallError::NotAFunction { len }));
    }
    // What can't be packed: parts of files, which are packed already.
    let part = |len: usize| [&0xb304_a621_u32.to_le_bytes()[..], &vec![1; len - 4]].concat();
    let refused = peer.client.call(Call::new(part(MOST_CALL + 4)), peer.now);
    assert_eq!(refused, Err(CallError::TooLong { len: MOST_CALL + 4, most: MOST_CALL }));
    peer.call(Call::new(part(MOST_CALL)));
    // Packed it is short.
    peer.call(Call::new(vec![1; 2 * MOST_CALL]));
    let said = peer.serve();
    assert_eq!(
        said.iter().map(|said| said.body.len()).collect::<Vec<_>>(),
        [MOST_CALL, 2 * MOST_CALL]
    );
}

#[test]
fn a_server_gets_no_more_answers_than_are_good() {
    let mut peer = Peer::greeted();
    for _ in 0..1000 {
        let request = types::MsgsStateReq { msg_ids: vec![1, 5] };
        peer.say(&enums::MsgsStateReq::Req(request));
    }
    assert_eq!(peer.client.footprint().requests, 64);
    assert_eq!(peer.serve().len(), 64);
    assert_eq!(peer.client.footprint().requests, 0);
}

#[test]
fn a_question_for_too_many_states_is_answered_in_part() {
    let mut peer = Peer::greeted();
    let request = types::MsgsStateReq { msg_ids: vec![1; 20_000] };
    let req_msg_id = peer.say(&enums::MsgsStateReq::Req(request));
    let info = peer.serve()[0].read::<types::MsgsStateInfo>().unwrap();
    assert_eq!((info.req_msg_id, info.info.len()), (req_msg_id, 8192));
}

#[test]
fn lists_are_looked_at_as_far_as_they_may_go() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let mut msg_ids = vec![1; 8192];
    msg_ids.push(sent.msg_id);
    let resend = types::MsgResendReq { msg_ids: msg_ids.clone() };
    peer.say(&enums::MsgResendReq::Req(resend));
    assert!(peer.questions().is_empty());
    peer.say(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids: msg_ids.clone() }));
    let info = vec![4; msg_ids.len()];
    peer.say(&enums::MsgsAllInfo::Info(types::MsgsAllInfo { msg_ids, info }));
    // Nothing of that has arrived: it goes out again.
    peer.reconnect();
    assert_eq!(peer.question().msg_id, sent.msg_id);
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn no_more_is_asked_for_again_than_one_message_lists() {
    let mut peer = Peer::greeted();
    for n in 0..9000 {
        let info = types::MsgNewDetailedInfo { answer_msg_id: n * 4 + 1, bytes: 100, status: 0 };
        peer.say(&enums::MsgDetailedInfo::MsgNewDetailedInfo(info));
    }
    assert_eq!(peer.client.footprint().requests, 8192);
    let said = peer.serve();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].read::<types::MsgResendReq>().unwrap().msg_ids.len(), 8192);
    assert_eq!(peer.client.footprint().requests, 0);
}

#[test]
fn cancellations_that_nobody_answers_are_forgotten() {
    let mut peer = Peer::greeted();
    for number in 0..3000 {
        let call = peer.ask(number);
        peer.listen();
        assert!(peer.client.cancel(call, peer.now));
        peer.listen();
        assert!(peer.client.footprint().requests <= 1024);
        assert!(peer.client.footprint().packets <= 1024);
    }
    let Footprint { requests, packets, .. } = peer.client.footprint();
    assert_eq!((requests, packets), (1024, 1024));
    peer.assert_nothing_is_left();
    peer.reconnect();
    peer.serve();
    assert!(peer.client.footprint().requests <= 2);
}

#[test]
fn cancellations_that_are_not_sent_are_bounded() {
    let mut peer = Peer::greeted();
    let calls: Vec<_> = (0..3000).map(|number| peer.ask(number)).collect();
    while !peer.listen().is_empty() {}
    for call in calls {
        peer.client.cancel(call, peer.now);
    }
    assert_eq!(peer.client.footprint().requests, 1024);
    peer.assert_nothing_is_left();
}

#[test]
fn packets_are_forgotten_when_a_pong_tells_that_they_were_taken() {
    let mut peer = Peer::greeted();
    for number in 0..100 {
        let (_, sent) = peer.asked(number);
        peer.answer(sent.msg_id, b"done");
    }
    assert!(peer.client.footprint().packets >= 100);
    peer.live(60);
    assert!(peer.client.footprint().packets <= 3);
}

#[test]
fn what_unpacks_to_too_much_is_refused_and_costs_no_link() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let long = packed(gzip::MAX_UNPACKED + 4);
    peer.say_content(&long);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
    peer.answer(sent.msg_id, &long);
    let events = peer.events();
    let [Event::Failed { call: failed, reason: Failure::Answer(error) }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*failed, call);
    assert!(matches!(error, GzipError::TooLarge { .. }), "{error:?}");
    peer.assert_nothing_is_left();
    let (call, sent) = peer.asked(2);
    peer.answer(sent.msg_id, &packed(gzip::MAX_UNPACKED));
    peer.assert_answered(call, false);
}

#[test]
fn all_that_comes_at_once_unpacks_to_no_more_than_four_of_the_longest() {
    let mut peer = Peer::greeted();
    let object = packed(gzip::MAX_UNPACKED);
    for count in [4, 5] {
        let messages: Vec<_> =
            (0..count).map(|_| (peer.next_msg_id(false), 1, object.clone())).collect();
        peer.say_container(&messages);
        let events = peer.events();
        let pushed = events.iter().filter(|event| matches!(event, Event::Push(_))).count();
        assert_eq!((pushed, events.len()), (4, count));
    }
    // Answers count, too.
    let calls: Vec<_> = (0..6).map(|number| peer.ask(number)).collect();
    let said = peer.questions();
    let answers: Vec<_> = said
        .iter()
        .map(|said| {
            let mut body = Vec::new();
            layer_mtproto::wire::message::write_rpc_result(said.msg_id, &object, &mut body);
            (peer.next_msg_id(true), 1, body)
        })
        .collect();
    peer.say_container(&answers);
    let events = peer.events();
    let failed = events.iter().filter(|event| matches!(event, Event::Failed { .. })).count();
    assert_eq!((failed, events.len()), (calls.len() - 4, 6));
}

#[test]
fn nothing_is_packed_twice() {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    let twice = gzip::pack(&[packed(4000), vec![0; 4000]].concat()).unwrap();
    peer.answer(sent.msg_id, &twice);
    assert!(matches!(peer.events()[..], [Event::Failed { reason: Failure::Answer(_), .. }]));
    peer.say_content(&twice);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
}

#[test]
fn vectors_that_claim_more_than_there_is_are_refused() {
    for id in [0x62d6_b459_u32, 0xda69_fb52, 0x7d86_1a08, 0x8cc0_d131] {
        for count in [u32::MAX, 0x7fff_ffff, 1 << 20] {
            let mut peer = Peer::greeted();
            let vector = 0x1cb5_c415_u32;
            peer.say_content(&[id.to_bytes(), vector.to_bytes(), count.to_bytes()].concat());
            assert!(matches!(peer.lost(), Some(Lost::Fault(Fault::Malformed(_)))), "{id:x}");
        }
    }
}

#[test]
fn a_container_of_more_messages_than_anybody_sends_is_refused() {
    let container = |count: u32| {
        let empty = [&[0; 12][..], &4_u32.to_le_bytes(), &[9; 4]].concat();
        [&0x73f1_f8dc_u32.to_le_bytes()[..], &count.to_le_bytes(), &empty.repeat(count as usize)]
            .concat()
    };
    let mut peer = Peer::greeted();
    let header = peer.header(false);
    peer.say_body(header, &container(2049));
    assert!(matches!(peer.lost(), Some(Lost::Fault(Fault::Message(_)))));
}

#[test]
fn sessions_that_are_over_are_let_pass_as_far_as_they_are_remembered() {
    let mut peer = Peer::greeted();
    let mut sessions = Vec::new();
    for number in 0..9 {
        let (call, sent) = peer.asked(number);
        sessions.push(sent.session_id);
        peer.say_bad_message(sent.msg_id, 34);
        peer.client.cancel(call, peer.now);
        let (call, sent) = peer.asked(100);
        peer.answer(sent.msg_id, b"done");
        peer.client.cancel(call, peer.now);
    }
    peer.events();
    for (at, session_id) in sessions.into_iter().enumerate().rev() {
        let mut header = peer.header(true);
        header.session_id = session_id;
        peer.say_body(header, &[9; 8]);
        match at {
            1.. => assert!(peer.events().is_empty(), "{at}"),
            0 => assert_eq!(peer.lost(), Some(Lost::Fault(Fault::OtherSession))),
        }
    }
}

#[test]
fn a_link_that_is_lost_leaves_nothing_that_was_of_it() {
    let mut peer = Peer::greeted();
    (0..50).for_each(|number| {
        peer.ask(number);
        peer.listen();
    });
    let request = types::MsgsStateReq { msg_ids: vec![1] };
    peer.say(&enums::MsgsStateReq::Req(request));
    let info = types::MsgNewDetailedInfo { answer_msg_id: 5, bytes: 100, status: 0 };
    peer.say(&enums::MsgDetailedInfo::MsgNewDetailedInfo(info));
    peer.disconnect();
    let Footprint { calls, requests, packets, received, .. } = peer.client.footprint();
    assert_eq!([calls, requests, packets, received], [50, 0, 0, 0]);
    assert!(peer.client.call(Call::new(question(1)), peer.now).is_ok());
}
