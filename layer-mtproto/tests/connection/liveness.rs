//! Pings (mtproto/service_messages, "Deferred Connection Closure"), and how soon it is noticed that
//! the other end is gone.

use std::time::Duration;

use layer_mtproto::connection::{Event, Lost};
use layer_tl_types::{enums, functions, types};

use crate::course::states_asked;
use crate::peer::{Peer, config};

/// When pings were sent, in seconds from now, while `seconds` pass and `each_second` happens.
fn pings(peer: &mut Peer, seconds: u64, mut each_second: impl FnMut(&mut Peer, u64)) -> Vec<u64> {
    let mut pings = Vec::new();
    for second in 0..seconds {
        each_second(peer, second);
        for said in peer.listen() {
            if let Some(ping) = said.read::<functions::PingDelayDisconnect>() {
                assert_eq!(ping.disconnect_delay, 75);
                pings.push(second);
            }
            if said.number().is_some() {
                peer.answer(said.msg_id, b"done");
            }
            peer.answer_service(&said);
        }
        peer.events();
        peer.advance_secs(1);
    }
    pings
}

/// How many seconds pass until the client gives up the link.
fn seconds_until_lost(peer: &mut Peer) -> u64 {
    let start = peer.now.monotonic;
    loop {
        peer.listen();
        peer.pass_until(start + Duration::from_secs(1000));
        for event in peer.events() {
            if let Event::LinkLost(lost) = event {
                assert_eq!(lost, Lost::Silent);
                assert!(peer.client.poll_deadline().is_none());
                return (peer.now.monotonic - start).as_secs();
            }
        }
    }
}

#[test]
fn pings_keep_ahead_of_the_delay_they_ask_for_on_a_quiet_and_on_a_busy_link() {
    let mut peer = Peer::new();
    let quiet = pings(&mut peer, 400, |_, _| {});
    assert_eq!(quiet, [0, 60, 120, 180, 240, 300, 360]);
    let mut peer = Peer::new();
    let busy = pings(&mut peer, 400, |peer, second| {
        peer.ask(second as u32);
        if second > 0 {
            peer.say_content(&[9; 8]);
        }
    });
    assert_eq!(busy, quiet);
}

#[test]
fn pings_are_as_configured() {
    let mut config = config();
    (config.ping_every, config.silence) = (Duration::from_secs(7), Duration::from_secs(3));
    config.disconnect_delay = Duration::from_secs(9);
    let mut peer = Peer::with(config, 0);
    let said = peer.listen();
    let ping = said.iter().find_map(|said| said.read::<functions::PingDelayDisconnect>()).unwrap();
    assert_eq!(ping.disconnect_delay, 9);
    said.iter().for_each(|said| peer.answer_service(said));
    peer.live(30);
    assert!(seconds_until_lost(&mut peer) <= 10);
}

#[test]
fn each_ping_has_a_number_of_its_own() {
    let mut peer = Peer::new();
    let mut numbers = Vec::new();
    for _ in 0..5 {
        for said in peer.listen() {
            let ping = said.read::<functions::PingDelayDisconnect>();
            numbers.extend(ping.map(|ping| ping.ping_id));
            peer.answer_service(&said);
        }
        peer.advance_secs(60);
    }
    numbers.dedup();
    assert_eq!(numbers.len(), 5);
}

#[test]
fn an_idle_link_whose_other_end_is_gone_is_given_up_within_75_seconds() {
    let mut peer = Peer::greeted();
    // Greeted 30 s ago: the next ping is due in 30.
    assert_eq!(seconds_until_lost(&mut peer), 45);
    let mut peer = Peer::new();
    assert_eq!(seconds_until_lost(&mut peer), 15, "the first ping");
}

#[test]
fn a_link_with_calls_whose_other_end_is_gone_is_given_up_within_35_seconds() {
    for age in 0..60 {
        let mut peer = Peer::greeted();
        peer.live(age);
        peer.ask(1);
        let seconds = seconds_until_lost(&mut peer);
        assert!((15..=35).contains(&seconds), "{age}: {seconds}");
    }
}

#[test]
fn a_link_without_calls_wakes_nobody_before_its_next_ping() {
    let mut peer = Peer::greeted();
    let idle = peer.client.poll_deadline().unwrap();
    assert!(idle > peer.now.monotonic + Duration::from_secs(10), "{idle:?}");
    // A call that waits to be sent wakes nobody either; one that is under way is looked after.
    peer.ask(1);
    assert_eq!(peer.client.poll_deadline(), Some(idle));
    peer.listen();
    assert!(peer.client.poll_deadline().unwrap() <= peer.now.monotonic + Duration::from_secs(10));
}

#[test]
fn a_call_that_the_server_has_does_not_make_the_link_nervous() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    assert!(!peer.client.has_arrived(call));
    peer.say(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![sent.msg_id] }));
    assert!(peer.client.has_arrived(call));
    assert_eq!(pings(&mut peer, 100, |_, _| {}), [30, 90]);
}

/// Whoever waits half a minute for a sign of the server is to have it.
#[test]
fn a_call_without_a_sign_is_asked_about_within_25_seconds_whenever_it_was_made() {
    for millis in [0, 1, 4_000, 5_000, 5_001, 9_999] {
        let mut peer = Peer::greeted();
        peer.advance(Duration::from_millis(millis));
        let (_, sent) = peer.asked(1);
        assert_eq!(states_asked(&peer.live(14)), [], "{millis}");
        let asked = states_asked(&peer.live(11));
        let [(_, msg_ids)] = &asked[..] else { panic!("{millis}: {asked:?}") };
        assert_eq!(msg_ids[0], sent.msg_id, "{millis}");
    }
}

#[test]
fn a_link_on_which_much_is_heard_is_not_pinged_for_a_call_that_waits() {
    let mut peer = Peer::greeted();
    peer.call(layer_mtproto::connection::Call::new(vec![1; 4]));
    let pings = pings(&mut peer, 19, |peer, _| _ = peer.say_content(&[9; 8]));
    assert_eq!(pings, []);
    // Half a second too little, and enough.
    for (silence, is_pinged) in [(9, false), (10, true)] {
        let mut peer = Peer::greeted();
        peer.asked(1);
        peer.advance_secs(20 - silence);
        peer.say_content(&[9; 8]);
        peer.listen();
        peer.advance_secs(silence);
        let said = peer.listen();
        let ping = |said: &crate::peer::Said| said.read::<functions::PingDelayDisconnect>();
        assert_eq!(said.iter().any(|said| ping(said).is_some()), is_pinged, "{silence}");
    }
}

#[test]
fn whatever_is_heard_shows_that_the_other_end_lives() {
    let mut peer = Peer::new();
    peer.listen();
    peer.advance_secs(14);
    peer.say_content(&[9; 8]);
    peer.advance_secs(14);
    // Half a frame.
    peer.hear(&[0x7f]);
    peer.advance_secs(14);
    assert_eq!(peer.lost(), None);
    peer.advance_secs(1);
    assert_eq!(peer.lost(), Some(Lost::Silent));
}

#[test]
fn a_packet_that_never_ends_shows_no_life_for_longer_than_ten_minutes() {
    let mut peer = Peer::new();
    peer.listen();
    // A length of sixteen megabytes.
    peer.hear(&[0x7f, 0xff, 0xff, 0x3f]);
    for _ in 0..59 {
        peer.advance_secs(10);
        assert_eq!(peer.lost(), None);
        peer.hear(&[7; 64]);
    }
    peer.advance_secs(9);
    assert_eq!(peer.lost(), None);
    peer.advance_secs(1);
    assert_eq!(peer.lost(), Some(Lost::Silent));
}

#[test]
fn nothing_that_was_heard_is_not_a_sign_of_life() {
    let mut peer = Peer::new();
    peer.listen();
    peer.advance_secs(14);
    peer.hear(&[]);
    peer.advance_secs(1);
    assert_eq!(peer.lost(), Some(Lost::Silent));
}

#[test]
fn a_pong_for_another_ping_answers_nothing() {
    let mut peer = Peer::new();
    let said = peer.listen();
    for said in &said {
        let pong = types::Pong { msg_id: said.msg_id ^ 1 << 20, ping_id: 1 };
        peer.say(&enums::Pong::Pong(pong));
    }
    assert_eq!(seconds_until_lost(&mut peer), 15);
}

#[test]
fn a_pong_in_an_answer_to_a_call_is_no_pong() {
    // `ping` made as a call is answered as one.
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    let pong = types::Pong { msg_id: sent.msg_id, ping_id: 5 };
    peer.say(&enums::Pong::Pong(pong));
    assert!(peer.events().is_empty());
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}

#[test]
fn time_may_pass_without_a_link() {
    let mut peer = Peer::greeted();
    peer.ask(1);
    peer.disconnect();
    peer.disconnect();
    peer.advance_secs(100_000);
    assert!(peer.client.poll_deadline().is_none());
    assert!(peer.events().is_empty());
    peer.connect();
    assert!(peer.serve().iter().any(|said| said.number() == Some(1)));
    assert_eq!(peer.lost(), None);
}

#[test]
fn a_second_link_takes_the_place_of_the_first() {
    let mut peer = Peer::greeted();
    let (call, sent) = peer.asked(1);
    peer.connect();
    let again = peer.question();
    assert_eq!(again.msg_id, sent.msg_id);
    peer.events();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}
