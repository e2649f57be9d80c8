//! Frames as they are published, and what servers and clients say in them.

use hex_literal::hex;
use layer_wire::framing::{FramingKind, TransportError};

use super::{Seen, clear_kinds, client_decoder, connected, drain, found, plain, rng, sealed};

#[test]
fn opening_bytes_go_out_once_and_before_the_first_frame() {
    for (kind, opening) in
        clear_kinds().into_iter().zip([&hex!("ef")[..], &hex!("eeeeeeee"), &hex!("dddddddd"), &[]])
    {
        let mut rng = rng(5);
        let (mut encoder, _) = kind.client(&mut rng);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        encoder.encode(&plain(0), false, &mut rng, &mut first).unwrap();
        encoder.encode(&plain(0), false, &mut rng, &mut second).unwrap();
        assert!(first.starts_with(opening));
        if kind != FramingKind::Padded {
            assert_eq!(first.len(), opening.len() + second.len());
        }
    }
}

#[test]
fn full_frames_are_as_published() {
    let mut rng = rng(6);
    let (mut encoder, _) = FramingKind::Full.client(&mut rng);
    let mut empty = Vec::new();
    encoder.encode(&[], false, &mut rng, &mut empty).unwrap();
    assert_eq!(empty, hex!("0c0000000000000026ca8d32"));

    let (mut encoder, _) = FramingKind::Full.client(&mut rng);
    let payload: Vec<u8> = (0..0x80).collect();
    let mut frames = Vec::new();
    encoder.encode(&payload, false, &mut rng, &mut frames).unwrap();
    encoder.encode(&payload, false, &mut rng, &mut frames).unwrap();
    let (first, second) = frames.split_at(0x8c);
    assert_eq!(first[..8], hex!("8c00000000000000"));
    assert_eq!(first[0x88..], hex!("86739537"));
    assert_eq!(second[..8], hex!("8c00000001000000"));
    assert_eq!(second[0x88..], hex!("9609f04a"));

    assert_eq!(drain(&mut found(&empty).decoder), [Seen::Packet(vec![], false)]);
    let packet = Seen::Packet(payload, false);
    assert_eq!(drain(&mut found(&frames).decoder), [packet.clone(), packet]);
}

#[test]
fn error_codes_are_as_published() {
    for (code, bytes) in
        [(-404, hex!("6cfeffff")), (-429, hex!("53feffff")), (-444, hex!("44feffff"))]
    {
        for (kind, head) in clear_kinds().into_iter().zip([&[1][..], &[4, 0, 0, 0], &[4, 0, 0, 0]])
        {
            let framed = [head, &bytes].concat();
            let mut rng = rng(7);
            let (_, mut client, mut server) = connected(&kind, &mut rng);
            let mut out = Vec::new();
            server.encoder.transport_error(TransportError(code), &mut out).unwrap();
            assert_eq!(out, framed);
            client.feed(&framed);
            assert_eq!(drain(&mut client), [Seen::Error(code)]);
        }
    }
}

#[test]
fn a_client_takes_what_servers_say_in_less_than_a_message() {
    let mut decoder = client_decoder(&FramingKind::Intermediate);
    decoder.feed(&hex!("04000000 00000000"));
    decoder.feed(&hex!("021d57cd"));
    decoder.feed(&hex!("08000000 6cfeffff 01020304"));
    assert_eq!(drain(&mut decoder), [Seen::Nop, Seen::QuickAck(0xcd57_1d02), Seen::Error(-404)]);
    // Only the padded framing has tokens in a frame.
    decoder.feed(&hex!("08000000 ffffffff 021d57cd"));
    assert_eq!(drain(&mut decoder), [Seen::Error(-1)]);

    let mut decoder = client_decoder(&FramingKind::Abridged);
    decoder.feed(&hex!("01 00000000  cd571d02"));
    assert_eq!(drain(&mut decoder), [Seen::Nop, Seen::QuickAck(0xcd57_1d02)]);

    let mut decoder = client_decoder(&FramingKind::Full);
    // As observed: the code where the length would be.
    decoder.feed(&hex!("53feffff"));
    assert_eq!(drain(&mut decoder), [Seen::Error(-429)]);
}

#[test]
fn a_server_hands_short_packets_on() {
    let mut server = found(&hex!("eeeeeeee 04000000 6cfeffff 00000000"));
    let seen = [Seen::Packet(hex!("6cfeffff").to_vec(), false), Seen::Packet(vec![], false)];
    assert_eq!(drain(&mut server.decoder), seen);
}

#[test]
fn padding_of_any_length_is_taken_off() {
    let mut rng = rng(8);
    for tail in 0..=15 {
        let mut decoder = client_decoder(&FramingKind::Padded);
        let mut sent = Vec::new();
        for packet in [sealed(3, &mut rng), plain(40)] {
            decoder.feed(&((packet.len() + tail) as u32).to_le_bytes());
            decoder.feed(&packet);
            decoder.feed(&vec![0x5a; tail]);
            sent.push(Seen::Packet(packet, false));
        }
        decoder.feed(&(4 + tail as u32).to_le_bytes());
        decoder.feed(&hex!("53feffff"));
        decoder.feed(&vec![0x5a; tail]);
        sent.push(Seen::Error(-429));
        if tail <= 8 {
            decoder.feed(&(8 + tail as u32).to_le_bytes());
            decoder.feed(&hex!("ffffffff 021d57cd"));
            decoder.feed(&vec![0x5a; tail]);
            sent.push(Seen::QuickAck(0xcd57_1d02));
        }
        assert_eq!(drain(&mut decoder), sent, "tail of {tail}");
    }
}

#[test]
fn padding_goes_out_in_each_length_that_the_end_may_send() {
    let mut rng = rng(9);
    let (mut client, _, mut server) = connected(&FramingKind::Padded, &mut rng);
    for (encoder, most) in [(&mut client, 15), (&mut server.encoder, 3)] {
        let mut lengths = [0; 16];
        for _ in 0..1000 {
            let mut out = Vec::new();
            encoder.encode(&plain(20), false, &mut rng, &mut out).unwrap();
            assert_eq!(u32::from_le_bytes(out[..4].try_into().unwrap()) as usize, out.len() - 4);
            lengths[out.len() - 44] += 1;
        }
        let used = lengths.iter().filter(|&&count| count > 0).count();
        assert_eq!(used, most + 1);
        assert!(lengths[..=most].iter().all(|&count| count > 0));
    }
}
