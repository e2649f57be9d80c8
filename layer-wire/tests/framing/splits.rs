//! However a stream is cut and however its packets are made, the frames are the same.

use layer_wire::framing::{
    Accepted, Detection, Frame, FramingKind, MAX_PACKET, TransportError, detect,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::{SECRET, Seen, connected, drain, found, kinds, plain, rng, sealed};

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
        for packet in [plain(0), plain(64), sealed(3, &mut rng), plain(484), sealed(31, &mut rng)] {
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
        // What waits for its rest is not given away.
        let (first, second) = out.split_at(100);
        let mut again = connected(&kind, &mut self::rng(16)).2.decoder;
        again.feed(first);
        assert_eq!(drain(&mut again), []);
        again.release();
        again.feed(second);
        assert_eq!(drain(&mut again).len(), 1);
    }
}

#[test]
fn what_is_left_in_the_buffer_is_not_moved_each_time() {
    let mut rng = rng(25);
    let (mut encoder, _, mut server) = connected(&FramingKind::Intermediate, &mut rng);
    let mut out = Vec::new();
    for _ in 0..4096 {
        encoder.encode(&plain(4), false, &mut rng, &mut out).unwrap();
    }
    server.decoder.feed(&out);
    let (mut before, mut moves) = (0, 0);
    for _ in 0..4096 {
        server.decoder.feed(&[]);
        let Some(Ok(Frame::Packet { bytes, .. })) = server.decoder.frames().next() else {
            panic!("a packet");
        };
        let at = bytes.as_ptr().addr();
        moves += usize::from(at <= before);
        before = at;
    }
    assert!(moves <= 12, "{moves} moves, expected one for each halving");
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
