//! The framings: any bytes at either end, cut anywhere, and whole conversations.
//!
//! However a stream is cut, the frames are the same; after an error there is nothing but that error.
//! Obfuscated streams are enciphered here, so that the input reaches what lies inside.

use layer_crypto::AesCtr256;
use layer_crypto::hash::sha256;
use layer_wire::framing::{
    Accepted, Decoder, DetectError, Detection, Encoder, Frame, FrameError, FramingKind, MAX_PACKET,
    ProxySecret, Tag, TransportError, detect,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{Input, Seeds, memory, show, show_error};

const SECRETS: [[u8; 16]; 2] = [[0x11; 16], *b"sixteen bytes..."];

/// Bytes that open an obfuscated stream.
const INIT: usize = 64;

/// One of three things is done with the input, in one of the framings.
pub fn run(input: &[u8]) {
    // What was seen is kept for comparison, up to a few hundred bytes for each byte of the input; a
    // length that was believed would take 16 MiB.
    memory::within((1 << 20) + 512 * input.len(), || {
        let mut input = Input::new(input);
        let kind = kind(&mut input);
        match input.below(3) {
            0 => to_client(&kind, &mut input),
            1 => to_server(&kind, &mut input),
            _ => conversation(&kind, &mut input),
        }
    });
}

/// One of eleven framings.
fn kind(input: &mut Input<'_>) -> FramingKind {
    let choice = input.below(13);
    let inner = [Tag::Abridged, Tag::Intermediate, Tag::Padded][choice % 3];
    match choice {
        0 => FramingKind::Abridged,
        1 => FramingKind::Intermediate,
        2 => FramingKind::Padded,
        3 => FramingKind::Full,
        _ => {
            let secret = SECRETS.get((choice - 4) / 3).copied().map(ProxySecret::from);
            FramingKind::Obfuscated { inner, secret, dc: 2 }
        }
    }
}

fn secrets() -> Vec<ProxySecret> {
    SECRETS.map(ProxySecret::from).to_vec()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

/// What came out of a decoder.
#[derive(Debug, PartialEq)]
enum Seen {
    Packet(Vec<u8>, bool),
    QuickAck(u32),
    Error(TransportError),
    Nop,
    Wrong(FrameError),
}

/// Takes out all frames. Returns whether more may come.
fn look(decoder: &mut Decoder, seen: &mut Vec<Seen>) -> bool {
    for frame in decoder.frames() {
        seen.push(match frame {
            Ok(Frame::Packet { bytes, quick_ack }) => Seen::Packet(bytes.to_vec(), quick_ack),
            Ok(Frame::QuickAck(token)) => Seen::QuickAck(token),
            Ok(Frame::Error(error)) => Seen::Error(error),
            Ok(Frame::Nop) => Seen::Nop,
            Ok(other) => panic!("a frame of a new kind: {other:?}"),
            Err(error) => Seen::Wrong(error),
        });
    }
    !matches!(seen.last(), Some(Seen::Wrong(_)))
}

fn look_all(decoder: &mut Decoder, stream: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    decoder.feed(stream);
    look(decoder, &mut seen);
    seen
}

/// The same in pieces, whose lengths the input says.
fn look_in_pieces(decoder: &mut Decoder, stream: &[u8], cuts: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut rest = Input::new(stream);
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let len = cuts.next().map_or(1, |cut| usize::from(*cut).max(1));
        decoder.feed(rest.take(len));
        if !look(decoder, &mut seen) {
            let error = seen.last().map(|error| format!("{error:?}"));
            assert!(!look(decoder, &mut seen), "an error stays");
            assert_eq!(seen.pop().map(|error| format!("{error:?}")), error);
            break;
        }
        decoder.release();
    }
    show(decoder);
    seen
}

/// A server's bytes.
fn to_client(kind: &FramingKind, input: &mut Input<'_>) {
    let cuts = input.piece();
    let limit = if input.flag() { input.word() } else { MAX_PACKET };
    let mut stream = input.rest().to_vec();
    if let Some(mut cipher) = cipher(kind, &opening(kind), true) {
        cipher.apply(&mut stream);
    }
    let decoder = || {
        let (_, mut decoder) = kind.client(&mut rng());
        decoder.set_limit(limit);
        decoder
    };
    let seen = look_all(&mut decoder(), &stream);
    assert_eq!(look_in_pieces(&mut decoder(), &stream, cuts), seen);
    for packet in &seen {
        if let Seen::Packet(bytes, quick_ack) = packet {
            assert!(bytes.len() <= limit.saturating_add(15) && !quick_ack);
        }
    }
}

/// A client's bytes, behind an opening that fits or without any.
fn to_server(kind: &FramingKind, input: &mut Input<'_>) {
    let cuts = input.piece();
    let mut stream = Vec::new();
    let mut cipher_from_here = None;
    if input.flag() {
        stream = opening(kind);
        cipher_from_here = cipher(kind, &stream, false);
    }
    let mut more = input.rest().to_vec();
    if let Some(cipher) = &mut cipher_from_here {
        cipher.apply(&mut [0; INIT]);
        cipher.apply(&mut more);
    }
    stream.extend(more);

    let secrets = secrets();
    let whole = detect(&stream, &secrets);
    let mut known = 0;
    let mut cuts_left = cuts.iter().cycle();
    loop {
        known =
            stream.len().min(known + cuts_left.next().map_or(1, |cut| usize::from(*cut).max(1)));
        match (detect(&stream[..known], &secrets), &whole) {
            (Ok(Detection::NeedMore(more)), whole) => {
                assert!(known + more <= INIT && more > 0);
                if known < stream.len() {
                    continue;
                }
                assert!(matches!(whole, Ok(Detection::NeedMore(_))));
            }
            (Ok(Detection::Found(mut found)), Ok(Detection::Found(_))) => {
                let Ok(Detection::Found(mut at_once)) = detect(&stream, &secrets) else {
                    panic!("detected and not again")
                };
                assert_eq!(found.kind, at_once.kind);
                let held = at_once.decoder.held();
                assert!(held <= stream.len());
                let seen = look_all(&mut at_once.decoder, &[]);
                let mut in_pieces = Vec::new();
                if look(&mut found.decoder, &mut in_pieces) {
                    in_pieces.extend(look_in_pieces(&mut found.decoder, &stream[known..], cuts));
                }
                assert_eq!(in_pieces, seen);
                answer(&mut at_once);
            }
            (Err(error), Err(same)) => {
                assert_eq!(error, *same);
                check_error(&error);
            }
            (part, whole) => panic!("{part:?} of {known} bytes, {whole:?} of {}", stream.len()),
        }
        return;
    }
}

fn check_error(error: &DetectError) {
    show_error(error);
}

/// A server can answer whatever opening it took.
fn answer(accepted: &mut Accepted) {
    let mut out = Vec::new();
    let sent = accepted.encoder.transport_error(TransportError::UNKNOWN_KEY, &mut out);
    assert_eq!(sent, Ok(()));
}

/// Packets of both ends come through as they were sent.
fn conversation(kind: &FramingKind, input: &mut Input<'_>) {
    let cuts = input.piece();
    let mut rng = rng();
    let (mut encoder, mut decoder) = kind.client(&mut rng);
    let (mut stream, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..1 + input.below(8) {
        let (packet, wish) = (packet(input), input.flag());
        match encoder.encode(&packet, wish, &mut rng, &mut stream) {
            Ok(()) => sent.push(Seen::Packet(packet, wish)),
            Err(error) => {
                assert!(wish && !kind.has_quick_acks(), "{error}");
                show_error(&error);
            }
        }
    }
    let Ok(Detection::Found(mut server)) = detect(&stream, &secrets()) else {
        assert!(sent.is_empty(), "a framing was not recognised");
        return;
    };
    assert_eq!(server.kind, *kind);
    assert_eq!(look_in_pieces(&mut server.decoder, &[], cuts), []);
    let mut seen = Vec::new();
    look(&mut server.decoder, &mut seen);
    assert_eq!(seen, sent);

    let (stream, said) = say(&mut server.encoder, kind.has_quick_acks(), input);
    assert_eq!(look_in_pieces(&mut decoder, &stream, cuts), said);
}

/// What a server says.
fn say(encoder: &mut Encoder, quick_acks: bool, input: &mut Input<'_>) -> (Vec<u8>, Vec<Seen>) {
    let (mut stream, mut said) = (Vec::new(), Vec::new());
    let mut rng = rng();
    while !input.is_empty() {
        let done = match input.below(3) {
            0 => {
                let token = input.int() as u32 | 1 << 31;
                let done = encoder.quick_ack(token, &mut rng, &mut stream);
                said.extend(quick_acks.then_some(Seen::QuickAck(token)));
                assert_eq!(done.is_ok(), quick_acks);
                continue;
            }
            1 => {
                // Errors are negative.
                let error = TransportError(input.int() | i32::MIN);
                said.push(Seen::Error(error));
                encoder.transport_error(error, &mut stream)
            }
            _ => {
                let packet = packet(input);
                said.push(Seen::Packet(packet.clone(), false));
                encoder.encode(&packet, false, &mut rng, &mut stream)
            }
        };
        assert_eq!(done, Ok(()));
    }
    (stream, said)
}

/// A packet of the shape of a sealed one: its length is known without the frame's.
fn packet(input: &mut Input<'_>) -> Vec<u8> {
    let mut packet = input.take(24 + 16 * 3 + 16 * input.clone().below(64)).to_vec();
    let len = packet.len().max(24 + 48);
    packet.resize((len - 24).next_multiple_of(16) + 24, 0xaa);
    // A key's id.
    packet[0] |= 1;
    packet
}

/// The bytes that a client sends before its first frame.
fn opening(kind: &FramingKind) -> Vec<u8> {
    let mut rng = rng();
    let (mut encoder, _) = kind.client(&mut rng);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    encoder.encode(&[1; 72], false, &mut rng, &mut with).expect("a packet");
    encoder.encode(&[1; 72], false, &mut rng, &mut without).expect("a packet");
    let len = match kind {
        FramingKind::Abridged => 1,
        FramingKind::Intermediate | FramingKind::Padded => 4,
        FramingKind::Full => 0,
        _ => INIT,
    };
    with.truncate(len);
    with
}

/// The cipher of one direction after an opening, if there is one.
fn cipher(kind: &FramingKind, opening: &[u8], from_server: bool) -> Option<AesCtr256> {
    let FramingKind::Obfuscated { secret, .. } = kind else { return None };
    let mut bytes: Vec<u8> = opening.to_vec();
    if from_server {
        bytes.reverse();
    }
    let key: [u8; 32] = bytes[8..40].try_into().expect("32 bytes");
    let iv: [u8; 16] = bytes[40..56].try_into().expect("16 bytes");
    let raw = SECRETS.iter().find(|raw| secret.as_ref() == Some(&ProxySecret::from(**raw)));
    let key = raw.map_or(key, |raw| sha256(&[&key, raw]));
    Some(AesCtr256::new(&key, &iv))
}

/// A conversation, and what each end would hear of one, in each framing.
pub fn seeds() -> Seeds {
    let mut seeds = Vec::new();
    for choice in 0..13 {
        let kind = kind(&mut Input::new(&[choice]));
        seeds.push([&[choice, 2, 1, 0, 7, 2][..], &[0x5a; 300]].concat());
        let mut rng = rng();
        let (mut encoder, _) = kind.client(&mut rng);
        let mut stream = Vec::new();
        for len in [72, 600] {
            encoder
                .encode(&vec![7; len], len == 72 && kind.has_quick_acks(), &mut rng, &mut stream)
                .expect("a packet");
        }
        // With its own opening, then the clear frames behind a given one.
        seeds.push([&[choice, 1, 1, 0, 9, 0][..], &stream].concat());
        let Ok(Detection::Found(mut server)) = detect(&stream, &secrets()) else { continue };
        let mut clear = Vec::new();
        clear_frames(&kind, false, &mut clear);
        seeds.push([&[choice, 1, 1, 0, 9, 1][..], &clear].concat());
        clear.clear();
        clear_frames(&kind, true, &mut clear);
        seeds.push([&[choice, 0, 1, 0, 5, 0][..], &clear].concat());
        answer(&mut server);
    }
    for first in [&b"GET / HTTP/1.1"[..], b"POST ", b"HEAD ", b"OPTI", &[0x16, 3, 1, 2, 0, 1]] {
        seeds.push([&[0, 1, 1, 0, 1, 0][..], first, &[0; 60]].concat());
    }
    seeds
}

/// Frames as they lie in the clear stream.
fn clear_frames(kind: &FramingKind, server: bool, out: &mut Vec<u8>) {
    let plain = match kind {
        FramingKind::Obfuscated { inner: Tag::Abridged, .. } => FramingKind::Abridged,
        FramingKind::Obfuscated { inner: Tag::Intermediate, .. } => FramingKind::Intermediate,
        FramingKind::Obfuscated { .. } => FramingKind::Padded,
        clear => clear.clone(),
    };
    let mut rng = rng();
    let (mut client, _) = plain.client(&mut rng);
    let mut stream = Vec::new();
    client.encode(&[7; 72], plain.has_quick_acks(), &mut rng, &mut stream).expect("a packet");
    if !server {
        return out.extend_from_slice(&stream[opening(&plain).len()..]);
    }
    if let Ok(Detection::Found(mut server)) = detect(&stream, &[]) {
        let _ = server.encoder.quick_ack(7, &mut rng, out);
        let _ = server.encoder.encode(&[9; 72], false, &mut rng, out);
        let _ = server.encoder.transport_error(TransportError::FLOOD, out);
        let _ = server.encoder.encode(&[9; 1000], false, &mut rng, out);
    }
}
