//! Recognition of a framing from a connection's first bytes.

use hex_literal::hex;
use layer_wire::framing::{
    DetectError, Detection, FramingKind, MAX_PACKET, ProxySecret, Tag, detect,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

fn secrets() -> [ProxySecret; 3] {
    [[1; 16].into(), [2; 16].into(), [3; 16].into()]
}

fn first_frame(kind: &FramingKind, seed: u64) -> Vec<u8> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut out = Vec::new();
    kind.client(&mut rng).0.encode(&[7; 72], false, &mut rng, &mut out).unwrap();
    out
}

#[test]
fn says_how_many_bytes_are_missing_and_no_more() {
    let mut kinds: Vec<(FramingKind, usize)> = vec![
        (FramingKind::Abridged, 1),
        (FramingKind::Intermediate, 4),
        (FramingKind::Padded, 4),
        (FramingKind::Full, 8),
    ];
    for inner in [Tag::Abridged, Tag::Intermediate, Tag::Padded] {
        for secret in std::iter::once(None).chain(secrets().map(Some)) {
            for dc in [2, -4, 10002, -10002, 0] {
                let secret = secret.clone();
                kinds.push((FramingKind::Obfuscated { inner, secret, dc }, 64));
            }
        }
    }
    for (seed, (kind, needed)) in kinds.into_iter().enumerate() {
        let stream = first_frame(&kind, seed as u64);
        let mut known = 0;
        loop {
            match detect(&stream[..known], &secrets()).unwrap() {
                Detection::NeedMore(more) => {
                    assert!(more > 0 && known + more <= needed, "{kind:?} at {known}");
                    known += more;
                }
                Detection::Found(found) => {
                    assert_eq!((found.kind, known), (kind, needed));
                    break;
                }
            }
        }
        for known in 0..needed {
            let answer = detect(&stream[..known], &secrets()).unwrap();
            assert!(matches!(answer, Detection::NeedMore(_)));
        }
    }
}

#[test]
fn everything_behind_the_opening_is_kept() {
    for (seed, kind) in [
        FramingKind::Abridged,
        FramingKind::Full,
        FramingKind::Obfuscated { inner: Tag::Intermediate, secret: None, dc: 2 },
    ]
    .into_iter()
    .enumerate()
    {
        let stream = first_frame(&kind, seed as u64);
        let Detection::Found(mut found) = detect(&stream, &[]).unwrap() else { panic!("found") };
        assert_eq!(found.decoder.frames().count(), 1);
        assert_eq!(found.decoder.held(), 0);
    }
}

#[test]
fn names_what_it_is_instead() {
    for (first, verb) in [
        (&b"GET / HTTP/1.1"[..], "GET"),
        (b"POST", "POST"),
        (b"HEAD / HTTP", "HEAD"),
        (b"OPTIONS *", "OPTIONS"),
    ] {
        assert_eq!(detect(first, &[]).unwrap_err(), DetectError::Http { verb });
    }
    assert_eq!(detect(&hex!("16030102 00"), &[]).unwrap_err(), DetectError::Tls);
    let mut hello = vec![0x16, 3, 1, 0, 0xfa, 1, 0, 0, 0xf6, 3, 3];
    hello.resize(64, 0x44);
    assert_eq!(detect(&hello, &[]).unwrap_err(), DetectError::Tls);

    let unknown = detect(&[0x61; 64], &secrets()).unwrap_err();
    assert_eq!(unknown, DetectError::Unknown { secrets: 3 });
    assert!(unknown.to_string().contains("one of 3"));
}

#[test]
fn a_stream_under_an_unknown_secret_is_unknown() {
    let secret = Some([9; 16].into());
    let stream = first_frame(&FramingKind::Obfuscated { inner: Tag::Padded, secret, dc: 2 }, 1);
    assert_eq!(detect(&stream, &secrets()).unwrap_err(), DetectError::Unknown { secrets: 3 });
}

#[test]
fn frame_number_zero_of_an_implausible_length_is_not_full() {
    for len in [0_u32, 8, 14, MAX_PACKET as u32 + 16, 0x8000_0010] {
        let mut first = len.to_le_bytes().to_vec();
        first.extend([0; 4]);
        assert!(matches!(detect(&first, &[]).unwrap(), Detection::NeedMore(56)), "{len}");
    }
    for len in [12_u32, 40, MAX_PACKET as u32 + 12] {
        let mut first = len.to_le_bytes().to_vec();
        first.extend([0; 4]);
        let Detection::Found(found) = detect(&first, &[]).unwrap() else { panic!("{len}") };
        assert_eq!(found.kind, FramingKind::Full);
    }
}

#[test]
fn no_obfuscated_opening_is_taken_for_anything_else() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    for _ in 0..3000 {
        let seed = rng.next_u64();
        let kind = FramingKind::Obfuscated { inner: Tag::Abridged, secret: None, dc: 1 };
        let Detection::Found(found) = detect(&first_frame(&kind, seed), &[]).unwrap() else {
            panic!("seed {seed}");
        };
        assert_eq!(found.kind, kind, "seed {seed}");
    }
}
