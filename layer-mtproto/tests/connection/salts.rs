//! Server salts (mtproto/description, "Server Salt"; mtproto/service_messages): a stale one costs a
//! round trip, and the next are asked for before they are needed.

use std::time::Duration;

use hex_literal::hex;
use layer_mtproto::connection::{Event, Lost};
use layer_tl_types::{enums, functions, types};

use crate::peer::{Peer, SALT, Said};

const LONG_SALT: i64 = 0x1122_3344_5566_7788;

/// What the client says first, as bytes, and its identifiers.
fn first_words() -> (Peer, Vec<Said>) {
    let mut peer = Peer::new();
    let said = peer.listen();
    assert_eq!(said[0].body, hex!("04bd21b9 20000000"), "get_future_salts 32");
    assert_eq!(said[1].body, hex!("8c7b42f3 0100000000000000 4b000000"), "ping_delay_disconnect");
    let ids = [said[0].msg_id, said[1].msg_id, said[0].outer];
    assert_eq!(ids, [0x6553_f100_0000_0004, 0x6553_f100_0000_0008, 0x6553_f100_0000_000c]);
    (peer, said)
}

fn say(peer: &mut Peer, body: &[u8]) {
    let header = peer.header(false);
    peer.say_body(header, body);
}

fn asks(said: &[Said]) -> usize {
    said.iter().filter(|said| said.read::<functions::GetFutureSalts>().is_some()).count()
}

#[test]
fn a_stale_salt_as_bytes() {
    let (mut peer, said) = first_words();
    // Code 48, for the container.
    let bad = hex!("7b44abed 0c000000 00f15365 00000000 30000000 8877665544332211");
    say(&mut peer, &bad);
    let again = peer.listen();
    assert_eq!(again.iter().map(|said| &said.body).collect::<Vec<_>>().len(), said.len());
    assert!(again.iter().all(|said| said.salt == LONG_SALT));
    assert_eq!(asks(&again), 1);
}

#[test]
fn future_salts_as_bytes() {
    let (mut peer, _) = first_words();
    // Now, and two salts without constructors in a vector without one.
    let salts = hex!(
        "950850ae 0400000000f15365 00f15365 02000000"
        "00f15365 10ff5365 8877665544332211"
        "08f85365 18065465 2100000000000000"
    );
    say(&mut peer, &salts);
    assert_eq!(peer.asked(1).1.salt, LONG_SALT);
    peer.now.monotonic += Duration::from_secs(1859);
    assert_eq!(peer.asked(2).1.salt, LONG_SALT, "a minute to settle");
    peer.now.monotonic += Duration::from_secs(1);
    assert_eq!(peer.asked(3).1.salt, 0x21);
}

#[test]
fn salts_that_nobody_asked_for_are_not_taken() {
    let (mut peer, said) = first_words();
    for req_msg_id in [said[0].msg_id ^ 4, said[0].outer, 0] {
        let since = peer.server_time() as i32 - 600;
        let salt = types::FutureSalt { valid_since: since, valid_until: since + 3600, salt: 99 };
        let answer = types::FutureSalts { req_msg_id, now: since, salts: vec![salt] };
        peer.say(&enums::FutureSalts::Salts(answer));
    }
    assert_eq!(peer.learnt(), 0);
    assert_eq!(peer.asked(1).1.salt, SALT);
}

#[test]
fn that_there_is_something_to_be_saved_is_told() {
    let (mut peer, said) = first_words();
    said.iter().for_each(|said| peer.answer_service(said));
    assert_eq!(peer.learnt(), 1);
    // A pong, and answers.
    peer.listen().iter().for_each(|said| peer.answer_service(said));
    let (_, sent) = peer.asked(1);
    peer.answer(sent.msg_id, b"done");
    assert_eq!(peer.learnt(), 0);
}

#[test]
fn a_stale_salt_costs_one_round_trip_and_nothing_else() {
    let mut peer = Peer::greeted();
    let calls = [peer.ask(1), peer.ask(2), peer.ask(3)];
    // Somebody is answered meanwhile, so that the session is known to be initialised.
    let said = peer.questions();
    peer.answer(said[0].msg_id, b"done");
    peer.assert_answered(calls[0], false);
    let others = [peer.ask(4), peer.ask(5)];
    let said = peer.questions();
    peer.say_bad_salt(said[0].outer, 99);
    let again = peer.listen();
    let numbers: Vec<_> = again.iter().filter_map(Said::number).collect();
    assert_eq!(numbers, [4, 5]);
    assert_eq!(asks(&again), 1, "those to come are worth nothing either");
    for again in &again {
        assert_eq!((again.salt, again.session_id), (99, said[0].session_id));
        assert!(!again.initialises && again.msg_id > said[0].outer);
        peer.answer_service(again);
    }
    assert!(peer.events().is_empty() && peer.plain.is_empty());
    for (call, said) in others.into_iter().zip(again.iter().filter(|s| s.number().is_some())) {
        peer.answer(said.msg_id, b"done");
        peer.assert_answered(call, false);
    }
    assert!(peer.serve().is_empty());
}

#[test]
fn a_server_that_always_wants_another_salt_is_left() {
    let mut peer = Peer::greeted();
    let call = peer.ask(1);
    let mut rounds = 0;
    let mut failed = 0;
    while peer.client.poll_deadline().is_some() {
        rounds += 1;
        assert!(rounds < 100, "for ever");
        for packet in peer.listen_to_packets() {
            peer.say_bad_salt(packet[0].outer, 1000 + rounds);
        }
        for event in peer.events() {
            match event {
                Event::Failed { call: of, .. } => {
                    assert_eq!(of, call);
                    failed += 1;
                }
                event => assert!(matches!(event, Event::LinkLost(Lost::Refused { code: 48 }))),
            }
        }
    }
    assert_eq!(failed, 1);
    peer.assert_nothing_is_left();
}

#[test]
fn salts_are_asked_for_in_time_and_always_good() {
    let mut peer = Peer::new();
    let (mut asked, mut used) = (0, std::collections::BTreeSet::new());
    // Each is good for an hour together with the next, as Telegram's are; three are given at once.
    let end = peer.now.monotonic + Duration::from_secs(8 * 3600);
    let salt_at = |n: i64| (n + SALT) as i32;
    let begin = peer.server_time();
    while peer.now.monotonic < end {
        let now = peer.server_time() - begin;
        for said in peer.listen() {
            let n = said.salt - SALT;
            let good = n * 1800..n * 1800 + 3600;
            assert!(good.contains(&now), "{n} at {now}");
            used.insert(n);
            if said.read::<functions::GetFutureSalts>().is_some() {
                asked += 1;
                let salt = |n: i64| types::FutureSalt {
                    valid_since: (begin + n * 1800) as i32,
                    valid_until: (begin + n * 1800 + 3600) as i32,
                    salt: i64::from(salt_at(n)),
                };
                let salts = (0..3).map(|k| salt(now / 1800 + k)).collect();
                let answer = types::FutureSalts {
                    req_msg_id: said.msg_id,
                    now: (begin + now) as i32,
                    salts,
                };
                peer.say(&enums::FutureSalts::Salts(answer));
            } else {
                peer.answer_service(&said);
            }
        }
        peer.pass_until(end);
    }
    assert!(used.into_iter().eq(0..=15), "one after the other");
    assert!((4..=8).contains(&asked), "{asked}");
    assert_eq!(peer.lost(), None);
}

#[test]
fn a_server_that_does_not_tell_is_not_asked_all_the_time() {
    let mut peer = Peer::new();
    let end = peer.now.monotonic + Duration::from_secs(600);
    let mut asked = 0;
    while peer.now.monotonic < end {
        for said in peer.listen() {
            match said.read::<functions::GetFutureSalts>() {
                Some(_) => asked += 1,
                None => peer.answer_service(&said),
            }
        }
        peer.pass_until(end);
    }
    assert!((5..=11).contains(&asked), "{asked}");
    assert!(peer.client.footprint().requests <= asked);
}

#[test]
fn the_salt_of_a_new_session_is_taken_if_it_is_not_known() {
    let mut peer = Peer::greeted();
    let new = |unique_id, server_salt| {
        let new = types::NewSessionCreated { first_msg_id: 0, unique_id, server_salt };
        enums::NewSession::Created(new)
    };
    // The next one, which is known and not begun.
    peer.say(&new(1, SALT + 1));
    assert_eq!(peer.asked(1).1.salt, SALT);
    peer.say(&new(2, 4321));
    let said = peer.listen();
    assert_eq!(asks(&said), 1);
    assert_eq!(peer.asked(2).1.salt, 4321);
}

#[test]
fn salts_are_saved_and_used_the_next_time() {
    let mut peer = Peer::greeted();
    let saved = peer.client.saved(peer.now).unwrap();
    assert_eq!(saved.salts.len(), 32);
    assert_eq!(saved.salts[1].salt, SALT + 1);
    let mut later = Peer::new();
    later.now.wall += Duration::from_secs(1900);
    later.client = layer_mtproto::connection::Connection::new(
        crate::peer::config(),
        Some(saved),
        later.now,
        &mut later.rng,
    );
    later.connect();
    assert_eq!(later.asked(1).1.salt, SALT + 1);
    assert!(peer.events().is_empty());
}
