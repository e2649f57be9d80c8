//! What is not a frame is refused, and so is what can't be sent.

use hex_literal::hex;
use layer_wire::framing::{EncodeError, FrameError, FramingKind, MAX_PACKET, TransportError};

use super::{Seen, clear_kinds, client_decoder, connected, drain, kinds, plain, rng};

#[test]
fn a_length_over_the_limit_is_refused_before_anything_is_kept_for_it() {
    for (kind, head, len) in [
        (FramingKind::Abridged, &hex!("7f 010040")[..], MAX_PACKET + 4),
        (FramingKind::Intermediate, &hex!("04000001"), MAX_PACKET + 4),
        (FramingKind::Padded, &hex!("10000001"), MAX_PACKET + 16),
        (FramingKind::Full, &hex!("10000001"), MAX_PACKET + 4),
        (FramingKind::Full, &hex!("fcffff7f"), 0x7fff_fff0),
    ] {
        let mut decoder = client_decoder(&kind);
        decoder.feed(head);
        let [Seen::Broken(FrameError::TooLong { len: told, .. })] = drain(&mut decoder)[..] else {
            panic!("{kind:?} took a length over the limit");
        };
        assert_eq!(told, len);
        assert!(decoder.receive_buffer().capacity() < 64);
    }
    // One word less is waited for.
    for (kind, head) in [
        (FramingKind::Abridged, hex!("7f 000040")),
        (FramingKind::Intermediate, hex!("00000001")),
        (FramingKind::Padded, hex!("0f000001")),
        (FramingKind::Full, hex!("0c000001")),
    ] {
        let mut decoder = client_decoder(&kind);
        decoder.feed(&head);
        assert_eq!(drain(&mut decoder), []);
        assert!(decoder.receive_buffer().capacity() < 64);
    }
}

#[test]
fn limits_can_be_set() {
    let mut rng = rng(10);
    for kind in kinds() {
        let (mut encoder, mut decoder, mut server) = connected(&kind, &mut rng);
        encoder.set_limit(96);
        server.decoder.set_limit(96);
        decoder.set_limit(96);
        let mut out = Vec::new();
        encoder.encode(&plain(76), false, &mut rng, &mut out).unwrap();
        let too_long = encoder.encode(&plain(80), false, &mut rng, &mut out).unwrap_err();
        assert_eq!(too_long, EncodeError::TooLong { len: 100, limit: 96 });
        server.decoder.feed(&out);
        assert_eq!(drain(&mut server.decoder), [Seen::Packet(plain(76), false)]);

        out.clear();
        server.encoder.encode(&plain(96), false, &mut rng, &mut out).unwrap();
        decoder.feed(&out);
        let seen = drain(&mut decoder);
        assert!(matches!(seen[..], [Seen::Broken(FrameError::TooLong { .. })]), "{seen:?}");
    }
}

#[test]
fn no_limit_goes_beyond_what_a_length_can_say() {
    let mut rng = rng(24);
    for (kind, most) in
        clear_kinds().into_iter().zip([0x03ff_fffc, 0x7fff_fffc, 0x7fff_fff0, 0x7fff_fff0_usize])
    {
        let (mut encoder, _) = kind.client(&mut rng);
        encoder.set_limit(usize::MAX);
        let mut out = Vec::new();
        let refused = encoder.begin(most + 4, false, &mut rng, &mut out).unwrap_err();
        let EncodeError::TooLong { len, limit } = refused else { panic!("{refused}") };
        assert!(len == most + 4 && (most..most + 4).contains(&limit), "{kind:?}: {limit:#x}");
        assert_eq!(out, []);
    }
}

#[test]
fn lengths_that_are_not_whole_words_are_refused() {
    let mut decoder = client_decoder(&FramingKind::Intermediate);
    decoder.feed(&hex!("16000000"));
    assert_eq!(drain(&mut decoder), [Seen::Broken(FrameError::Misaligned { len: 22 })]);
    let mut decoder = client_decoder(&FramingKind::Full);
    decoder.feed(&hex!("0e000000"));
    assert_eq!(drain(&mut decoder), [Seen::Broken(FrameError::Misaligned { len: 2 })]);
    let mut decoder = client_decoder(&FramingKind::Full);
    decoder.feed(&hex!("08000000"));
    assert_eq!(drain(&mut decoder), [Seen::Broken(FrameError::TooShort { len: 8 })]);

    let mut rng = rng(11);
    for kind in clear_kinds() {
        let (mut encoder, _) = kind.client(&mut rng);
        let mut out = Vec::new();
        let result = encoder.encode(&[1; 30], false, &mut rng, &mut out);
        if kind == FramingKind::Padded {
            result.unwrap();
        } else {
            assert_eq!(result.unwrap_err(), EncodeError::Misaligned { len: 30 });
            assert_eq!(out, []);
        }
    }
}

#[test]
fn a_full_frame_with_any_bit_changed_is_refused_or_waited_for() {
    let mut rng = rng(12);
    let (mut encoder, _) = FramingKind::Full.client(&mut rng);
    let mut frame = Vec::new();
    encoder.encode(&plain(20), false, &mut rng, &mut frame).unwrap();
    for bit in 0..frame.len() * 8 {
        let mut damaged = frame.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let mut decoder = client_decoder(&FramingKind::Full);
        decoder.feed(&damaged);
        match &drain(&mut decoder)[..] {
            [] => assert!(bit < 32, "bit {bit}"),
            [Seen::Broken(_)] => {}
            // A negative length is a bare error code.
            [Seen::Error(_), ..] => assert_eq!(bit, 31),
            other => panic!("bit {bit}: {other:?}"),
        }
    }
}

#[test]
fn a_repeated_full_frame_is_refused() {
    let mut rng = rng(13);
    let (mut encoder, _) = FramingKind::Full.client(&mut rng);
    let mut frame = Vec::new();
    encoder.encode(&plain(20), false, &mut rng, &mut frame).unwrap();
    let mut decoder = client_decoder(&FramingKind::Full);
    decoder.feed(&frame.repeat(2));
    let repeated = FrameError::Sequence { expected: 1, got: 0 };
    assert_eq!(drain(&mut decoder), [Seen::Packet(plain(20), false), Seen::Broken(repeated)]);
}

#[test]
fn an_error_stays() {
    let mut rng = rng(23);
    let (_, _, mut server) = connected(&FramingKind::Full, &mut rng);
    let (mut says_nothing, mut second) = (Vec::new(), Vec::new());
    server.encoder.encode(&hex!("01000000"), false, &mut rng, &mut says_nothing).unwrap();
    server.encoder.encode(&plain(0), false, &mut rng, &mut second).unwrap();
    let mut damaged = says_nothing.clone();
    damaged[9] ^= 1;
    for (kind, bytes) in [
        (FramingKind::Intermediate, &hex!("16000000")[..]),
        (FramingKind::Abridged, &hex!("01 01000000")),
        (FramingKind::Padded, &hex!("03000000 ffffff")),
        (FramingKind::Full, &hex!("08000000")),
        (FramingKind::Full, &says_nothing),
        (FramingKind::Full, &second),
        (FramingKind::Full, &damaged),
    ] {
        let mut decoder = client_decoder(&kind);
        decoder.feed(bytes);
        let broken = drain(&mut decoder);
        assert!(matches!(broken[..], [Seen::Broken(_)]), "{kind:?}: {broken:?}");
        for more in [&[][..], &hex!("04000000 00000000"), &second] {
            decoder.feed(more);
            assert_eq!(drain(&mut decoder), broken, "{kind:?}");
        }
    }
}

#[test]
fn quick_acknowledgements_go_one_way_only() {
    let mut rng = rng(14);
    for kind in kinds() {
        let (mut client, _, mut server) = connected(&kind, &mut rng);
        let mut out = Vec::new();
        let expected =
            if kind.has_quick_acks() { EncodeError::WrongEnd } else { EncodeError::NoQuickAcks };
        assert_eq!(client.quick_ack(1, &mut rng, &mut out).unwrap_err(), expected);
        let asked = server.encoder.encode(&plain(0), true, &mut rng, &mut out);
        assert_eq!(asked.unwrap_err(), expected);
        let error = client.transport_error(TransportError::FLOOD, &mut out).unwrap_err();
        assert_eq!(error, EncodeError::WrongEnd);
        if !kind.has_quick_acks() {
            let asked = client.encode(&plain(0), true, &mut rng, &mut out);
            assert_eq!(asked.unwrap_err(), EncodeError::NoQuickAcks);
        }
        assert_eq!(out, []);
    }
}

#[test]
fn a_frame_with_too_few_or_too_many_bytes_is_taken_back() {
    let mut rng = rng(15);
    for kind in kinds() {
        let (mut client, _, mut server) = connected(&kind, &mut rng);
        let mut out = Vec::new();
        for written in [0, 16, 24] {
            let opened = client.begin(20, false, &mut rng, &mut out).unwrap();
            out.resize(out.len() + written, 1);
            let error = client.end(opened, &mut out).unwrap_err();
            assert_eq!(error, EncodeError::Length { announced: 20, written });
            assert_eq!(out, []);
        }
        client.encode(&plain(0), false, &mut rng, &mut out).unwrap();
        server.decoder.feed(&out);
        assert_eq!(drain(&mut server.decoder), [Seen::Packet(plain(0), false)], "{kind:?}");
    }
}

#[test]
fn a_client_refuses_short_packets_that_say_nothing() {
    for (kind, frame, len) in [
        (FramingKind::Intermediate, &hex!("04000000 94010000")[..], 4),
        (FramingKind::Intermediate, &hex!("00000000"), 0),
        (FramingKind::Abridged, &hex!("00"), 0),
        (FramingKind::Padded, &hex!("03000000 ffffff"), 3),
        (FramingKind::Padded, &hex!("13000000 01000000 000000000000000000000000000000"), 19),
    ] {
        let mut decoder = client_decoder(&kind);
        decoder.feed(frame);
        assert_eq!(drain(&mut decoder), [Seen::Broken(FrameError::NoMessage { len })]);
    }
}

#[test]
fn a_client_sends_no_bare_errors() {
    let mut rng = rng(22);
    let (_, _, mut server) = connected(&FramingKind::Full, &mut rng);
    server.decoder.feed(&hex!("53feffff"));
    let seen = drain(&mut server.decoder);
    assert!(matches!(seen[..], [Seen::Broken(FrameError::TooLong { .. })]), "{seen:?}");
}
