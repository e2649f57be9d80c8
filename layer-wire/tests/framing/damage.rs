//! Whatever comes in is frames or an error.

use layer_wire::framing::{Detection, MAX_PACKET, detect};
use rand_core::Rng;

use super::{SECRET, clear_kinds, client_decoder, kinds, rng, sealed};

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
            let mut decoder = client_decoder(&kind);
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
