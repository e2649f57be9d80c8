//! Bytes as they come: cut anywhere, with time passing in between, in every framing.

use std::time::Duration;

use layer_mtproto::connection::Event;
use layer_mtproto::wire::framing::FramingKind;

use crate::peer::{Peer, config, question};

const FRAMINGS: [FramingKind; 4] =
    [FramingKind::Abridged, FramingKind::Intermediate, FramingKind::Padded, FramingKind::Full];

fn framed(framing: &FramingKind) -> Peer {
    let mut config = config();
    config.framing = framing.clone();
    let mut peer = Peer::with(config, 0);
    peer.greet();
    peer
}

/// A push and an answer, as bytes on the wire.
fn bytes(peer: &mut Peer) -> Vec<u8> {
    peer.ask(1);
    let sent = peer.question();
    let mut bytes = Vec::new();
    for (msg_id, body) in [(0, vec![9; 8]), (sent.msg_id, b"done".to_vec())] {
        let mut object = body;
        if msg_id != 0 {
            let answer = std::mem::take(&mut object);
            layer_mtproto::wire::message::write_rpc_result(msg_id, &answer, &mut object);
        }
        let (header, key) = (peer.header(true), peer.key.clone());
        let packet = peer.seal(&key, header, &object);
        let link = peer.link.as_mut().unwrap();
        link.encoder.encode(&packet, false, &mut peer.rng, &mut bytes).unwrap();
    }
    bytes
}

fn assert_both_came(events: &[Event]) {
    let [Event::Push(push), Event::Answer { result: Ok(answer), .. }] = events else {
        panic!("{events:?}")
    };
    assert_eq!((&push[..], &answer[..]), (&[9; 8][..], &b"done"[..]));
}

#[test]
fn a_frame_cut_at_any_byte_survives_a_timer() {
    for framing in &FRAMINGS {
        let len = bytes(&mut framed(framing)).len();
        for at in 0..len {
            let mut peer = framed(framing);
            let bytes = bytes(&mut peer);
            let (before, behind) = bytes.split_at(at);
            peer.hear(before);
            let mut events = peer.events();
            peer.advance(Duration::from_secs(1));
            assert!(peer.serve().is_empty());
            let held = peer.client.footprint().received;
            assert!(held <= at, "{held}");
            peer.hear(behind);
            events.extend(peer.events());
            assert_both_came(&events);
            assert_eq!(peer.client.footprint().received, 0);
        }
    }
}

#[test]
fn bytes_may_come_one_by_one() {
    for framing in &FRAMINGS {
        let mut peer = framed(framing);
        let mut events = Vec::new();
        for byte in bytes(&mut peer) {
            peer.hear(&[byte]);
            peer.advance(Duration::from_millis(10));
            peer.serve();
            events.extend(peer.events());
        }
        assert_both_came(&events);
    }
}

#[test]
fn half_a_frame_ends_with_its_link() {
    for framing in &FRAMINGS {
        let mut peer = framed(framing);
        let (call, sent) = peer.asked(7);
        let bytes = bytes(&mut peer);
        peer.hear(&bytes[..bytes.len() - 4]);
        peer.events();
        assert!(peer.client.footprint().received > 0);
        peer.reconnect();
        assert_eq!(peer.client.footprint().received, 0);
        peer.questions();
        peer.events();
        peer.answer(sent.msg_id, b"done");
        peer.assert_answered(call, false);
    }
}

#[test]
fn bytes_without_a_link_are_nobodys() {
    let mut peer = framed(&FramingKind::Abridged);
    let bytes = bytes(&mut peer);
    peer.disconnect();
    peer.hear(&bytes);
    assert!(peer.events().is_empty());
    assert_eq!(peer.client.footprint().received, 0);
}

#[test]
fn a_large_answer_leaves_no_large_buffer() {
    let mut peer = framed(&FramingKind::Abridged);
    let (call, sent) = peer.asked(1);
    peer.answer(sent.msg_id, &vec![7; 4 << 20]);
    let events = peer.events();
    let [Event::Answer { call: answered, result: Ok(answer), .. }] = &events[..] else { panic!() };
    assert_eq!((*answered, answer.len()), (call, 4 << 20));
    assert_eq!(peer.client.footprint().received, 0);
    // It goes on.
    let call = peer.call(layer_mtproto::connection::Call::new(question(2)));
    let sent = peer.question();
    peer.answer(sent.msg_id, b"done");
    peer.assert_answered(call, false);
}
