//! The framings from outside: both ends, every split, what must be refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use hex_literal::hex;
use layer_wire::framing::{
    Accepted, Decoder, Detection, EncodeError, Frame, FrameError, FramingKind, MAX_PACKET, Tag,
    TransportError, detect,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const SECRET: [u8; 16] = *b"sixteen are here";

/// A frame that outlives its decoder.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Packet(Vec<u8>, bool),
    QuickAck(u32),
    Error(i32),
    Nop,
    Broken(FrameError),
}

fn rng(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

fn kinds() -> Vec<FramingKind> {
    let mut kinds = vec![
        FramingKind::Abridged,
        FramingKind::Intermediate,
        FramingKind::Padded,
        FramingKind::Full,
    ];
    for inner in [Tag::Abridged, Tag::Intermediate, Tag::Padded] {
        for secret in [None, Some(SECRET.into())] {
            kinds.push(FramingKind::Obfuscated { inner, secret, dc: -10002 });
        }
    }
    kinds
}

fn clear_kinds() -> [FramingKind; 4] {
    use FramingKind::{Abridged, Full, Intermediate, Padded};
    [Abridged, Intermediate, Padded, Full]
}

/// A packet of the shape of a sealed one.
fn sealed(blocks: usize, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut packet = vec![0; 24 + 16 * blocks];
    rng.fill_bytes(&mut packet);
    packet[0] |= 1;
    packet
}

fn plain(len: usize) -> Vec<u8> {
    let mut packet = vec![0; 8];
    packet.extend([1, 2, 3, 4, 5, 6, 7, 8]);
    packet.extend((len as u32).to_le_bytes());
    packet.resize(20 + len, 0xab);
    packet
}

fn drain(decoder: &mut Decoder) -> Vec<Seen> {
    decoder
        .frames()
        .map(|frame| match frame {
            Ok(Frame::Packet { bytes, quick_ack }) => Seen::Packet(bytes.to_vec(), quick_ack),
            Ok(Frame::QuickAck(token)) => Seen::QuickAck(token),
            Ok(Frame::Error(error)) => Seen::Error(error.0),
            Ok(Frame::Nop) => Seen::Nop,
            Ok(other) => panic!("{other:?}"),
            Err(error) => Seen::Broken(error),
        })
        .collect()
}

/// Gives a client's stream to a server in the given pieces.
fn serve<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Box<Accepted>, Vec<Seen>) {
    let mut accepted: Option<Box<Accepted>> = None;
    let (mut first, mut seen) = (Vec::new(), Vec::new());
    for piece in pieces {
        match &mut accepted {
            Some(accepted) => accepted.decoder.feed(piece),
            None => {
                first.extend_from_slice(piece);
                match detect(&first, &[[0; 16].into(), SECRET.into()]).unwrap() {
                    Detection::Found(found) => accepted = Some(found),
                    Detection::NeedMore(more) => assert!(more > 0),
                }
            }
        }
        if let Some(accepted) = &mut accepted {
            seen.extend(drain(&mut accepted.decoder));
        }
    }
    (accepted.expect("recognised"), seen)
}

fn found(first: &[u8]) -> Accepted {
    match detect(first, &[SECRET.into()]).unwrap() {
        Detection::Found(found) => *found,
        Detection::NeedMore(more) => panic!("{more} more bytes wanted"),
    }
}

/// Both ends, after the client has sent one packet.
fn connected(
    kind: &FramingKind,
    rng: &mut ChaCha20Rng,
) -> (layer_wire::framing::Encoder, Decoder, Accepted) {
    let (mut encoder, decoder) = kind.client(rng);
    let mut out = Vec::new();
    encoder.encode(&plain(20), false, rng, &mut out).unwrap();
    let mut server = found(&out);
    assert_eq!(drain(&mut server.decoder), [Seen::Packet(plain(20), false)]);
    (encoder, decoder, server)
}

fn client_decoder(kind: &FramingKind) -> Decoder {
    kind.client(&mut rng(0)).1
}

#[test]
fn frames_of_a_client_are_the_same_however_they_are_split() {
    let mut rng = rng(1);
    for kind in kinds() {
        let (mut encoder, _) = kind.client(&mut rng);
        let (mut stream, mut sent) = (Vec::new(), Vec::new());
        let packets = [plain(20), sealed(3, &mut rng), plain(484), sealed(31, &mut rng), plain(0)];
        for (n, packet) in packets.into_iter().enumerate() {
            let quick_ack = n % 2 == 1 && kind.has_quick_acks();
            encoder.encode(&packet, quick_ack, &mut rng, &mut stream).unwrap();
            sent.push(Seen::Packet(packet, quick_ack));
        }
        for at in 0..=stream.len() {
            let (server, seen) = serve(<[_; 2]>::from(stream.split_at(at)));
            assert_eq!((&server.kind, &seen), (&kind, &sent), "split at {at}");
            assert_eq!(server.decoder.held(), 0);
        }
        assert_eq!(serve(stream.chunks(1)).1, sent);
        assert_eq!(serve(stream.chunks(7)).1, sent);
    }
}

#[test]
fn frames_of_a_server_are_the_same_however_they_are_split() {
    let mut rng = rng(2);
    for kind in kinds() {
        let (mut encoder, _) = kind.client(&mut rng);
        let mut opening = Vec::new();
        encoder.encode(&plain(0), false, &mut rng, &mut opening).unwrap();

        // The same seed makes the same client, each time with a fresh decoder.
        let seed = rng.next_u64();
        let fresh = || {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let (mut encoder, decoder) = kind.client(&mut rng);
            let mut opening = Vec::new();
            encoder.encode(&plain(0), false, &mut rng, &mut opening).unwrap();
            (found(&opening).encoder, decoder)
        };
        let mut server = fresh().0;
        let (mut stream, mut sent) = (Vec::new(), Vec::new());
        for packet in [plain(64), sealed(3, &mut rng), plain(484), sealed(31, &mut rng)] {
            server.encode(&packet, false, &mut rng, &mut stream).unwrap();
            sent.push(Seen::Packet(packet, false));
            if kind.has_quick_acks() {
                let token = rng.next_u32();
                server.quick_ack(token, &mut rng, &mut stream).unwrap();
                sent.push(Seen::QuickAck(token | 1 << 31));
            }
        }
        for code in [-404, -429, -444, -403] {
            server.transport_error(TransportError(code), &mut stream).unwrap();
            sent.push(Seen::Error(code));
        }
        for at in 0..=stream.len() {
            let (first, second) = stream.split_at(at);
            let mut decoder = fresh().1;
            decoder.feed(first);
            let mut seen = drain(&mut decoder);
            decoder.feed(second);
            seen.extend(drain(&mut decoder));
            assert_eq!(seen, sent, "{kind:?} split at {at}");
        }
        let mut decoder = fresh().1;
        let mut seen = Vec::new();
        for byte in &stream {
            decoder.receive_buffer().push(*byte);
            seen.extend(drain(&mut decoder));
        }
        assert_eq!(seen, sent);
    }
}

#[test]
fn packets_of_a_batch_may_be_written_and_changed_in_place() {
    for kind in kinds() {
        let seed = 3;
        let (mut rng_a, mut rng_b) = (rng(seed), rng(seed));
        let (mut one, _) = kind.client(&mut rng_a);
        let (mut other, _) = kind.client(&mut rng_b);
        let packets = [plain(20), plain(600), plain(0)];
        let (mut batch, mut single) = (b"before".to_vec(), b"before".to_vec());

        let mut places = Vec::new();
        for packet in &packets {
            let opened = one.begin(packet.len(), false, &mut rng_a, &mut batch).unwrap();
            batch.resize(batch.len() + packet.len(), 0);
            places.push(one.end(opened, &mut batch).unwrap());
        }
        for (place, packet) in places.into_iter().zip(&packets) {
            batch[place].copy_from_slice(packet);
        }
        one.finish(&mut batch);
        for packet in &packets {
            other.encode(packet, false, &mut rng_b, &mut single).unwrap();
        }
        assert_eq!(batch, single, "{kind:?}");
        let seen = serve([&batch[6..]]).1;
        assert_eq!(seen, packets.map(|packet| Seen::Packet(packet, false)));
    }
}

#[test]
fn many_packets_can_be_held_and_changed_at_once() {
    let mut rng = rng(4);
    let (mut encoder, _) = FramingKind::Intermediate.client(&mut rng);
    let mut stream = Vec::new();
    for _ in 0..3 {
        encoder.encode(&plain(4), false, &mut rng, &mut stream).unwrap();
    }
    let mut server = found(&stream);
    let mut packets = Vec::new();
    for frame in server.decoder.frames() {
        match frame.unwrap() {
            Frame::Packet { bytes, .. } => packets.push(bytes),
            other => panic!("{other:?}"),
        }
    }
    packets[0].fill(1);
    packets[2].fill(3);
    assert_eq!((packets[0][0], packets[1][0], packets[2][0]), (1, 0, 3));
}

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

    let mut decoder = client_decoder(&FramingKind::Abridged);
    decoder.feed(&hex!("01 00000000  cd571d02"));
    assert_eq!(drain(&mut decoder), [Seen::Nop, Seen::QuickAck(0xcd57_1d02)]);

    let mut decoder = client_decoder(&FramingKind::Full);
    // As observed: the code where the length would be.
    decoder.feed(&hex!("53feffff"));
    assert_eq!(drain(&mut decoder), [Seen::Error(-429)]);
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
    let mut decoder = client_decoder(&FramingKind::Intermediate);
    decoder.feed(&hex!("16000000"));
    let broken = [Seen::Broken(FrameError::Misaligned { len: 22 })];
    assert_eq!(drain(&mut decoder), broken);
    decoder.feed(&hex!("04000000 00000000"));
    assert_eq!(drain(&mut decoder), broken);
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
fn the_largest_packet_in_small_pieces_takes_linear_time_and_memory() {
    let mut rng = rng(16);
    for kind in [FramingKind::Abridged, FramingKind::Full] {
        let (mut encoder, _, mut server) = connected(&kind, &mut rng);
        let packet = vec![0x77; MAX_PACKET];
        let mut out = Vec::new();
        encoder.encode(&packet, false, &mut rng, &mut out).unwrap();
        // Quadratic work would be terabytes here.
        let mut seen = Vec::new();
        for piece in out.chunks(64) {
            server.decoder.feed(piece);
            seen.extend(drain(&mut server.decoder));
        }
        assert!(seen == [Seen::Packet(packet, false)]);
        assert!(server.decoder.receive_buffer().capacity() <= 2 * out.len());
        server.decoder.release();
        assert_eq!(server.decoder.receive_buffer().capacity(), 0);
    }
}

#[test]
fn the_buffer_does_not_grow_with_the_stream() {
    let mut rng = rng(17);
    let (mut encoder, _, mut server) = connected(&FramingKind::Intermediate, &mut rng);
    let mut out = Vec::new();
    for _ in 0..2000 {
        encoder.encode(&plain(1000), false, &mut rng, &mut out).unwrap();
    }
    let mut count = 0;
    for piece in out.chunks(1500) {
        server.decoder.feed(piece);
        count += server.decoder.frames().count();
    }
    assert_eq!(count, 2000);
    assert!(server.decoder.receive_buffer().capacity() <= 8192);
}

#[test]
fn frames_that_are_left_in_the_decoder_come_out_later() {
    let mut rng = rng(18);
    for kind in kinds() {
        let (mut encoder, _, mut server) = connected(&kind, &mut rng);
        let (mut sent, mut seen) = (Vec::new(), Vec::new());
        for n in 0..200 {
            let mut out = Vec::new();
            let packet = plain(4 * (n % 50));
            encoder.encode(&packet, false, &mut rng, &mut out).unwrap();
            sent.push(packet);
            server.decoder.feed(&out);
            if n % 3 > 0
                && let Some(Ok(Frame::Packet { bytes, .. })) = server.decoder.frames().next()
            {
                seen.push(bytes.to_vec());
            }
        }
        for frame in server.decoder.frames() {
            let Frame::Packet { bytes, .. } = frame.unwrap() else { panic!("a packet") };
            seen.push(bytes.to_vec());
        }
        assert_eq!(seen, sent, "{kind:?}");
    }
}

#[test]
fn garbage_is_an_error_and_never_a_panic() {
    let seed = 19;
    let mut rng = rng(seed);
    for round in 0..20_000 {
        let mut bytes = vec![0; (rng.next_u32() % 300) as usize];
        rng.fill_bytes(&mut bytes);
        // Small numbers reach further than random ones.
        for byte in &mut bytes {
            if rng.next_u32().is_multiple_of(3) {
                *byte &= 7;
            }
        }
        let pieces = 1 + rng.next_u32() as usize % 40;
        for kind in clear_kinds() {
            let mut decoder = client_decoder_quiet(&kind);
            decoder.set_limit(if round % 2 == 0 { 64 } else { MAX_PACKET });
            for piece in bytes.chunks(pieces) {
                decoder.feed(piece);
                decoder.frames().for_each(drop);
            }
        }
        if let Ok(Detection::Found(mut server)) = detect(&bytes, &[SECRET.into()]) {
            for piece in bytes.chunks(pieces) {
                server.decoder.feed(piece);
                server.decoder.frames().for_each(drop);
            }
        }
    }
}

#[test]
fn a_damaged_stream_is_an_error_and_never_a_panic() {
    let mut rng = rng(20);
    for kind in kinds() {
        let (mut encoder, _) = kind.client(&mut rng);
        let mut stream = Vec::new();
        for blocks in [3, 4, 40] {
            let packet = sealed(blocks, &mut rng);
            encoder.encode(&packet, false, &mut rng, &mut stream).unwrap();
        }
        for _ in 0..2000 {
            let mut damaged = stream.clone();
            for _ in 0..=rng.next_u32() % 3 {
                let at = rng.next_u32() as usize % damaged.len();
                damaged[at] ^= 1 << (rng.next_u32() % 8);
            }
            damaged.truncate(rng.next_u32() as usize % damaged.len() + 1);
            if let Ok(Detection::Found(mut server)) = detect(&damaged, &[SECRET.into()]) {
                server.decoder.frames().for_each(drop);
            }
        }
    }
}

fn client_decoder_quiet(kind: &FramingKind) -> Decoder {
    kind.client(&mut ChaCha20Rng::seed_from_u64(0)).1
}
