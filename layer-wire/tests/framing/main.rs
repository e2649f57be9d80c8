//! The framings from outside, both ends of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod damage;
mod detect;
mod frames;
mod refusals;
mod sealed;
mod splits;

use layer_wire::framing::{
    Accepted, Decoder, Detection, Encoder, Frame, FrameError, FramingKind, Tag, detect,
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

fn found(first: &[u8]) -> Accepted {
    match detect(first, &[SECRET.into()]).unwrap() {
        Detection::Found(found) => *found,
        Detection::NeedMore(more) => panic!("{more} more bytes wanted"),
    }
}

/// Both ends, after the client has sent one packet.
fn connected(kind: &FramingKind, rng: &mut ChaCha20Rng) -> (Encoder, Decoder, Accepted) {
    let (mut encoder, decoder) = kind.client(rng);
    let mut out = Vec::new();
    encoder.encode(&plain(20), false, rng, &mut out).unwrap();
    let mut server = found(&out);
    assert_eq!(drain(&mut server.decoder), [Seen::Packet(plain(20), false)]);
    (encoder, decoder, server)
}

fn client_decoder(kind: &FramingKind) -> Decoder {
    kind.client(&mut ChaCha20Rng::seed_from_u64(0)).1
}
