//! Every check on received messages, in a test in which it alone fails
//! (mtproto/security_guidelines).

use layer_crypto::AuthKey;
use layer_crypto::envelope::{Header, OpenError};
use layer_mtproto::connection::{Event, Fault, Lost};
use layer_mtproto::wire::framing::FrameError;
use layer_mtproto::wire::message::MessageError;

use crate::peer::{Peer, SALT};

/// Something that the server may say by itself.
const PUSH: [u8; 8] = [0x11, 0x22, 0x33, 0x44, 1, 2, 3, 4];

/// Why the client gives up the link when a message with an altered header comes.
fn refused(alter: impl FnOnce(&mut Header, &mut Peer)) -> Fault {
    let mut peer = Peer::greeted();
    let mut header = peer.header(false);
    alter(&mut header, &mut peer);
    peer.say_body(header, &PUSH);
    fault(&mut peer)
}

/// The one event is that the link is given up, and nothing goes over it any more.
fn fault(peer: &mut Peer) -> Fault {
    let events = peer.events();
    let [Event::LinkLost(Lost::Fault(fault))] = &events[..] else { panic!("{events:?}") };
    peer.advance_secs(100);
    assert!(peer.listen().is_empty(), "the peer is told nothing");
    assert!(peer.client.poll_deadline().is_none());
    fault.clone()
}

#[test]
fn takes_what_is_right() {
    let mut peer = Peer::greeted();
    peer.say_content(&PUSH);
    let events = peer.events();
    assert!(matches!(&events[..], [Event::Push(object)] if *object == PUSH), "{events:?}");
}

#[test]
fn refuses_a_packet_of_another_key() {
    let mut peer = Peer::greeted();
    let header = peer.header(false);
    let packet = peer.seal(&AuthKey::from_bytes(&[9; 256]), header, &PUSH);
    peer.say_packet(&packet);
    assert_eq!(fault(&mut peer), Fault::Open(OpenError::OtherKey));
}

#[test]
fn refuses_a_packet_that_was_altered_anywhere_behind_the_key_id() {
    for at in [8, 23, 24, 60, 71] {
        let mut peer = Peer::greeted();
        let (header, key) = (peer.header(false), peer.key.clone());
        let mut packet = peer.seal(&key, header, &PUSH);
        packet[at] ^= 1;
        peer.say_packet(&packet);
        assert_eq!(fault(&mut peer), Fault::Open(OpenError::WrongMsgKey), "byte {at}");
    }
}

#[test]
fn refuses_a_packet_that_was_sealed_by_a_client() {
    let mut peer = Peer::greeted();
    peer.ask(1);
    let mut bytes = Vec::new();
    let mut rng = rand_chacha::rand_core::SeedableRng::seed_from_u64(9);
    let rng: &mut rand_chacha::ChaCha20Rng = &mut rng;
    peer.client.poll_transmit(peer.now, rng, &mut bytes);
    // Abridged: a length, then the packet. It comes back as it went.
    peer.hear(&bytes);
    assert_eq!(fault(&mut peer), Fault::Open(OpenError::WrongMsgKey));
}

#[test]
fn refuses_a_packet_that_is_too_short() {
    let mut peer = Peer::greeted();
    let packet = [&peer.key.id().to_le_bytes()[..], &[0; 48]].concat();
    peer.say_packet(&packet);
    assert_eq!(fault(&mut peer), Fault::Open(OpenError::TooShort { len: 56 }));
}

#[test]
fn refuses_a_frame_that_is_too_long() {
    let mut peer = Peer::greeted();
    peer.hear(&[0x7f, 0xff, 0xff, 0xff]);
    assert!(matches!(fault(&mut peer), Fault::Frame(FrameError::TooLong { .. })));
}

#[test]
fn refuses_another_session() {
    let fault = refused(|header, _| header.session_id ^= 1);
    assert_eq!(fault, Fault::OtherSession);
}

#[test]
fn refuses_an_even_identifier() {
    for low in [0, 2] {
        let mut msg_id = 0;
        let fault = refused(|header, _| {
            header.msg_id = header.msg_id & !3 | low;
            msg_id = header.msg_id;
        });
        assert_eq!(fault, Fault::EvenMsgId { msg_id });
    }
}

#[test]
fn refuses_a_message_of_too_long_ago_or_from_the_future() {
    for (by, refusal) in [(-301, true), (-300, false), (30, false), (31, true)] {
        let mut peer = Peer::greeted();
        let mut header = peer.header(false);
        header.msg_id = (peer.server_time() + by) << 32 | 1;
        peer.say_body(header, &PUSH);
        if refusal {
            let (msg_id, seconds) = (header.msg_id, by);
            assert_eq!(fault(&mut peer), Fault::MsgIdTime { msg_id, seconds });
        } else {
            assert!(matches!(peer.event(), Some(Event::Push(_))), "{by}");
        }
    }
}

#[test]
fn takes_any_time_while_it_does_not_know_the_servers() {
    let mut peer = Peer::with(crate::peer::config(), 7200);
    peer.listen();
    peer.say_content(&PUSH);
    assert!(peer.events().iter().any(|event| matches!(event, Event::Push(_))));
    // From now on it is known.
    let mut header = peer.header(false);
    header.msg_id += 7200 << 32;
    peer.say_body(header, &PUSH);
    assert!(matches!(fault(&mut peer), Fault::MsgIdTime { seconds: 7200, .. }));
}

#[test]
fn takes_a_message_once_and_acknowledges_each_repetition() {
    let mut peer = Peer::greeted();
    let header = peer.header(true);
    for _ in 0..3 {
        peer.say_body(header, &PUSH);
    }
    let events = peer.events();
    assert!(matches!(&events[..], [Event::Push(_)]), "{events:?}");
    assert_eq!(peer.client.footprint().acks, 3);
}

#[test]
fn takes_a_message_once_also_out_of_containers_and_copies() {
    let mut peer = Peer::greeted();
    let header = peer.header(true);
    let inner = (header.msg_id, header.seq_no, PUSH.to_vec());
    peer.say_container(&[inner.clone(), inner.clone()]);
    peer.say_container(&[inner]);
    peer.say_body(header, &PUSH);
    let copy = [
        &0xe060_46b2_u32.to_le_bytes()[..],
        &header.msg_id.to_le_bytes(),
        &header.seq_no.to_le_bytes(),
        &(PUSH.len() as i32).to_le_bytes(),
        &PUSH,
    ];
    peer.say_content(&copy.concat());
    let events = peer.events();
    assert!(matches!(&events[..], [Event::Push(_)]), "{events:?}");
}

#[test]
fn refuses_an_even_identifier_and_one_from_the_future_inside_a_container() {
    let mut peer = Peer::greeted();
    let msg_id = peer.next_msg_id(true) & !3;
    peer.say_container(&[(msg_id, 1, PUSH.to_vec())]);
    assert_eq!(fault(&mut peer), Fault::EvenMsgId { msg_id });

    let mut peer = Peer::greeted();
    let msg_id = peer.next_msg_id(true) + (31 << 32);
    peer.say_container(&[(msg_id, 1, PUSH.to_vec())]);
    assert_eq!(fault(&mut peer), Fault::MsgIdTime { msg_id, seconds: 31 });
}

#[test]
fn takes_an_old_message_inside_a_container_as_that_is_how_it_is_sent_again() {
    let mut peer = Peer::greeted();
    let msg_id = peer.next_msg_id(true) - (3600 << 32);
    peer.say_container(&[(msg_id, 1, PUSH.to_vec())]);
    let events = peer.events();
    assert!(matches!(&events[..], [Event::Push(_)]), "{events:?}");
}

#[test]
fn refuses_containers_that_are_not_as_they_must_be() {
    let container = |count: i32, rest: &[u8]| {
        [&0x73f1_f8dc_u32.to_le_bytes()[..], &count.to_le_bytes(), rest].concat()
    };
    for (body, refuses) in [
        (container(-1, &[]), (|error| matches!(error, MessageError::Count { .. })) as fn(_) -> _),
        (container(1, &[]), |error| matches!(error, MessageError::Cut(_))),
        (container(0, &PUSH), |error| matches!(error, MessageError::Trailing { left: 8 })),
    ] {
        let mut peer = Peer::greeted();
        let header = peer.header(false);
        peer.say_body(header, &body);
        let Fault::Message(error) = fault(&mut peer) else { panic!("{body:?}") };
        assert!(refuses(error.clone()), "{error}");
    }
    let mut peer = Peer::greeted();
    let msg_id = peer.next_msg_id(true);
    let nested = container(0, &[]);
    let inner = [
        &msg_id.to_le_bytes()[..],
        &1_i32.to_le_bytes(),
        &(nested.len() as i32).to_le_bytes(),
        &nested,
    ];
    let header = peer.header(false);
    peer.say_body(header, &container(1, &inner.concat()));
    assert_eq!(fault(&mut peer), Fault::Message(MessageError::Nested));
}

#[test]
fn what_can_not_be_unpacked_is_missed_and_costs_no_link() {
    let mut peer = Peer::greeted();
    let packed = [&0x3072_cfa1_u32.to_le_bytes()[..], b"\x05abcde\0\0"].concat();
    peer.say_content(&packed);
    assert!(matches!(peer.events()[..], [Event::UpdatesMissed]));
    peer.say_content(&PUSH);
    assert!(matches!(peer.events()[..], [Event::Push(_)]));
}

#[test]
fn refuses_a_service_message_that_is_cut() {
    let mut peer = Peer::greeted();
    // pong without its fields.
    peer.say_content(&0x3477_73c5_u32.to_le_bytes());
    assert!(matches!(fault(&mut peer), Fault::Malformed(_)));
}

#[test]
fn salts_of_the_server_are_not_looked_at() {
    let mut peer = Peer::greeted();
    let mut header = peer.header(false);
    header.salt = SALT + 99;
    peer.say_body(header, &PUSH);
    assert!(matches!(peer.event(), Some(Event::Push(_))));
}
