//! A clock that is wrong, by an hour or by days: it is set by the server's identifiers
//! (mtproto/description, "Message Identifier").

use std::time::Duration;

use layer_mtproto::connection::{Call, Event, Failure, Fault, Lost};
use layer_tl_types::{enums, types};

use crate::peer::{Peer, config, question};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A client whose server's clock shows so much more; on a link, before anything is heard.
fn wrong_by(ahead: i64) -> Peer {
    let mut peer = Peer::new();
    peer.ahead = ahead;
    peer
}

/// As a server does that looks at identifiers only, and refuses those out of its window.
fn refuses(peer: &Peer, msg_id: i64) -> Option<i32> {
    match (msg_id >> 32) - peer.server_time() {
        ..-300 => Some(16),
        31.. => Some(17),
        _ => None,
    }
}

/// Serves until a call gets through to such a server. Returns how many rounds it took.
fn rounds_until_heard(peer: &mut Peer, number: u32) -> usize {
    for round in 0..10 {
        for packet in peer.listen_to_packets() {
            let outer = packet[0].outer;
            if let Some(code) = refuses(peer, outer) {
                peer.say_bad_message(outer, code);
                continue;
            }
            for said in packet {
                peer.answer_service(&said);
                if said.number() == Some(number) {
                    peer.answer(said.msg_id, b"done");
                    return round;
                }
            }
        }
    }
    panic!("never heard")
}

#[test]
fn a_clock_that_is_wrong_costs_one_round_trip() {
    for ahead in [HOUR, -HOUR, 30 * DAY, -30 * DAY, 301, -31] {
        let mut peer = wrong_by(ahead);
        let call = peer.call(Call::new(question(1)).once());
        assert_eq!(rounds_until_heard(&mut peer, 1), 1, "{ahead}");
        let events = peer.events();
        let answered = events.iter().find_map(|event| match event {
            Event::Answer { call, maybe_repeated, .. } => Some((*call, *maybe_repeated)),
            _ => None,
        });
        assert_eq!(answered, Some((call, false)), "{ahead}: {events:?}");
        peer.assert_nothing_is_left();
        assert_eq!(peer.asked(2).1.msg_id >> 32, peer.server_time(), "{ahead}");
        assert_eq!(peer.client.saved(peer.now).unwrap().time_offset, ahead);
    }
}

#[test]
fn a_clock_that_is_a_little_wrong_costs_nothing() {
    for ahead in [300, 100, -30, -5] {
        let mut peer = wrong_by(ahead);
        peer.ask(1);
        assert_eq!(rounds_until_heard(&mut peer, 1), 0, "{ahead}");
        assert_eq!(peer.lost(), None);
    }
}

#[test]
fn a_wrong_clock_is_known_the_next_time() {
    for ahead in [HOUR, -HOUR] {
        let mut peer = Peer::with(config(), ahead);
        peer.ahead = ahead;
        peer.ask(1);
        assert_eq!(rounds_until_heard(&mut peer, 1), 0);
        assert_eq!(peer.learnt(), 1, "the salts");
    }
    for ahead in [HOUR, -HOUR] {
        let mut peer = wrong_by(ahead);
        let outer = peer.listen()[0].outer;
        peer.say_bad_message(outer, refuses(&peer, outer).unwrap());
        assert_eq!(peer.learnt(), 1, "it is to be saved at once");
        let saved = peer.client.saved(peer.now).unwrap();
        assert!(saved.time_offset.abs_diff(ahead) <= 1);
    }
}

#[test]
fn a_stale_salt_tells_the_time_too() {
    for ahead in [HOUR, -HOUR] {
        let mut peer = wrong_by(ahead);
        let call = peer.ask(1);
        let sent = peer.listen();
        peer.say_bad_salt(sent[0].outer, 99);
        let again = peer.question();
        assert_eq!(again.salt, 99);
        if ahead > 0 {
            assert_eq!(again.msg_id >> 32, peer.server_time());
        } else {
            // In one session identifiers don't go back.
            assert!(again.msg_id > sent[0].outer);
        }
        peer.events();
        peer.answer(again.msg_id, b"done");
        peer.assert_answered(call, false);
    }
}

#[test]
fn identifiers_never_go_back_in_a_session_whatever_the_clocks_do() {
    let mut peer = Peer::greeted();
    let mut last = 0;
    for (number, wall) in
        [0, 1_000_000_000, i64::from(i32::MAX), 5, 2 * HOUR].into_iter().enumerate()
    {
        peer.now.wall = Duration::from_secs(wall as u64);
        for _ in 0..3 {
            let (_, sent) = peer.asked(number as u32);
            assert!(sent.msg_id > last);
            assert!(refuses(&peer, sent.msg_id).is_none(), "the monotonic clock goes on");
            last = sent.msg_id;
        }
    }
}

#[test]
fn a_clock_that_jumps_while_the_machine_sleeps_is_set_right() {
    // The monotonic clock stands still or goes on; both ends know nothing of it.
    for (slept, monotonic) in [(HOUR, false), (HOUR, true), (DAY, false), (100, false), (20, false)]
    {
        let mut peer = Peer::greeted();
        peer.disconnect();
        peer.now.wall += Duration::from_secs(slept as u64);
        if monotonic {
            peer.now.monotonic += Duration::from_secs(slept as u64);
        } else {
            peer.ahead += slept;
        }
        peer.connect();
        let call = peer.ask(1);
        assert!(rounds_until_heard(&mut peer, 1) <= 1, "{slept} {monotonic}");
        let answered = |event: &Event| matches!(event, Event::Answer { call: c, .. } if *c == call);
        assert!(peer.events().iter().any(answered));
    }
}

#[test]
fn a_clock_that_has_gone_wrong_unnoticed_costs_one_link() {
    // Both clocks of the client stood still for so long, and it doesn't know.
    for ahead in [20, 31, 100, 299, 400, DAY] {
        let mut peer = Peer::greeted();
        peer.jump(ahead);
        let call = peer.ask(1);
        let mut links = 1;
        let answered = loop {
            for packet in peer.listen_to_packets() {
                let outer = packet[0].outer;
                match refuses(&peer, outer) {
                    Some(code) => peer.say_bad_message(outer, code),
                    None => packet.iter().for_each(|said| match said.number() {
                        Some(_) => _ = peer.answer(said.msg_id, b"done"),
                        None => peer.answer_service(said),
                    }),
                }
            }
            let events = peer.events();
            if events
                .iter()
                .any(|event| matches!(event, Event::Answer { call: c, .. } if *c == call))
            {
                break events;
            }
            if let Some(Event::LinkLost(lost)) = events.last() {
                assert!(matches!(lost, Lost::Fault(Fault::MsgIdTime { .. })), "{lost:?}");
                links += 1;
                assert!(links <= 2, "{ahead}");
                peer.connect();
            }
        };
        assert!(answered.iter().all(|event| !matches!(event, Event::Failed { .. })));
        peer.live(10);
        assert_eq!(peer.lost(), None, "{ahead}");
    }
}

#[test]
fn a_clock_that_is_ahead_is_noticed_by_an_answer_that_seems_to_come_before_its_question() {
    for (behind, is_set) in [(15, false), (16, true), (29, true)] {
        let mut peer = Peer::greeted();
        let before = peer.asked(1).1;
        peer.jump(-behind);
        peer.answer(before.msg_id, b"done");
        let time = peer.server_time();
        // Identifiers themselves don't go back.
        peer.advance_secs(60);
        let after = peer.asked(2).1;
        assert_eq!((after.msg_id >> 32) == time + 60, is_set, "{behind}");
    }
}

#[test]
fn a_refusal_as_too_high_begins_a_session_that_may_begin_lower() {
    let mut peer = Peer::greeted();
    let (_, first) = peer.asked(1);
    // The server's clock was set back, and is right now.
    peer.jump(-10_000);
    let once = peer.call(Call::new(question(2)).once());
    let sent = peer.question();
    peer.say_bad_message(sent.msg_id, 17);
    let again = peer.questions();
    assert_eq!(again.len(), 2);
    for again in &again {
        assert!(again.msg_id < first.msg_id);
        assert_eq!(again.msg_id >> 32, peer.server_time());
        assert_ne!(again.session_id, sent.session_id);
    }
    let events = peer.events();
    assert!(matches!(events[..], [Event::UpdatesMissed]), "{events:?}");
    peer.answer(again[1].msg_id, b"done");
    peer.assert_answered(once, false);
}

#[test]
fn a_refusal_as_too_high_takes_back_what_is_as_high_and_nothing_else() {
    for (behind, may_have_run) in [(90, true), (91, false)] {
        let mut peer = Peer::greeted();
        // The server has taken these two, when clocks agreed, and has answered neither.
        let low_once = peer.call(Call::new(question(1)).once());
        peer.question();
        let (low, _) = peer.asked(2);
        peer.advance_secs(100);
        peer.jump(-behind);
        let high = peer.ask(3);
        peer.questions();
        let named = peer.call(Call::new(question(4)).once());
        let sent = peer.question();
        peer.say_bad_message(sent.msg_id, 17);
        let events = peer.events();
        let [Event::Failed { call, reason: Failure::Unknown }, Event::UpdatesMissed] = events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!(call, low_once);
        let again = peer.questions();
        let numbers: Vec<_> = again.iter().map(|said| said.number().unwrap()).collect();
        assert_eq!(numbers, [2, 3, 4]);
        let calls = [(low, true), (high, may_have_run), (named, false)];
        for (said, (call, repeated)) in again.iter().zip(calls) {
            peer.answer(said.msg_id, b"done");
            peer.assert_answered(call, repeated);
        }
    }
}

#[test]
fn the_time_is_taken_from_refusals_of_our_own_messages_only() {
    let mut peer = Peer::greeted();
    peer.jump(DAY);
    for code in [16, 17, 48] {
        let bad = types::BadMsgNotification { bad_msg_id: 4, bad_msg_seqno: 0, error_code: code };
        peer.say(&enums::BadMsgNotification::Notification(bad));
        peer.say_bad_salt(8, 99);
    }
    peer.jump(-DAY);
    let (_, sent) = peer.asked(1);
    assert_eq!(sent.msg_id >> 32, peer.server_time());
    assert_eq!(sent.salt, crate::peer::SALT);
}
