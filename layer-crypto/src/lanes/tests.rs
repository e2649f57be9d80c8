//! Every level that this processor has against the portable loop and the `sha2` crate.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::hash;

/// Of what is tried one after the other, an interpreter takes every 20th.
const STEP: usize = if cfg!(miri) { 20 } else { 1 };

fn levels() -> impl Iterator<Item = Lanes> {
    Level::ALL.into_iter().filter_map(Lanes::at)
}

/// A stream's key and iv, its data, and where in a buffer it lies.
struct Sample {
    key: [u8; 32],
    iv: [u8; 32],
    buffer: Vec<u8>,
    start: usize,
}

impl Sample {
    fn new(rng: &mut ChaCha20Rng, blocks: usize) -> Self {
        let (mut key, mut iv, start) = ([0; 32], [0; 32], rng.next_u32() as usize % 64);
        let mut buffer = vec![0; start + 16 * blocks + 16];
        rng.fill_bytes(&mut key);
        rng.fill_bytes(&mut iv);
        rng.fill_bytes(&mut buffer);
        Self { key, iv, buffer, start }
    }

    fn run(samples: &[Self], lanes: Lanes, direction: Direction) -> Vec<Vec<u8>> {
        let mut buffers: Vec<_> = samples.iter().map(|sample| sample.buffer.clone()).collect();
        let mut streams: Vec<_> = samples
            .iter()
            .zip(&mut buffers)
            .map(|(sample, buffer)| {
                let end = buffer.len() - 16;
                Stream::new(&sample.key, &sample.iv, &mut buffer[sample.start..end]).unwrap()
            })
            .collect();
        lanes.run(direction, &mut streams);
        buffers
    }
}

fn compare(samples: &[Sample], what: &str) {
    let portable = Lanes::at(Level::Portable).unwrap();
    for direction in [Direction::Encrypt, Direction::Decrypt] {
        let expected = Sample::run(samples, portable, direction);
        for lanes in levels() {
            let got = Sample::run(samples, lanes, direction);
            assert!(got == expected, "{:?}, {direction:?}, {what}", lanes.level());
        }
    }
}

#[test]
fn the_portable_level_is_everywhere_and_the_best_is_one_of_them() {
    assert!(levels().any(|lanes| lanes.level() == Level::Portable));
    assert_eq!(Some(Lanes::best().level()), levels().last().map(Lanes::level));
}

#[test]
fn one_stream_of_every_length_at_odd_addresses_equals_the_portable_one() {
    let seed = 0x1a9e;
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for blocks in (0..=256).step_by(STEP) {
        compare(&[Sample::new(&mut rng, blocks)], &format!("seed {seed}, {blocks} blocks"));
    }
}

#[test]
fn equally_long_streams_of_every_length_equal_the_portable_ones() {
    let seed = 0x5a3e;
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for blocks in (0..=256).step_by(STEP) {
        let streams = 2 + blocks % 17;
        let samples: Vec<_> = (0..streams).map(|_| Sample::new(&mut rng, blocks)).collect();
        compare(&samples, &format!("seed {seed}, {streams} streams, {blocks} blocks"));
    }
}

#[test]
fn streams_of_mixed_lengths_equal_the_portable_ones() {
    for streams in (1..=40).step_by(STEP.div_ceil(3)) {
        for seed in [1, 2] {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let samples: Vec<_> = (0..streams)
                .map(|_| {
                    let most = [1, 8, 257 / STEP][rng.next_u32() as usize % 3];
                    let blocks = rng.next_u32() as usize % most;
                    Sample::new(&mut rng, blocks)
                })
                .collect();
            compare(&samples, &format!("seed {seed}, {streams} streams"));
        }
    }
}

#[test]
fn hashes_of_every_length_in_pairs_of_any_two_equal_those_of_sha2() {
    let seed = 0x54a2;
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut data = vec![0; 4096 + 64];
    rng.fill_bytes(&mut data);
    for lanes in levels() {
        for len in (0..=4096).step_by(7 * STEP - 6) {
            let other = rng.next_u32() as usize % 400;
            let short = [rng.next_u32() as usize % 65, rng.next_u32() as usize % 65];
            let (first, start) = (&data[..short[0]], rng.next_u32() as usize % 64);
            let pieces = [
                (first, &data[start..start + len]),
                (&data[64..64 + short[1]], &data[7..7 + other]),
                (&[], &data[..len / 3]),
            ];
            let mut hashes = pieces.map(|(short, long)| Hash::new(short, long));
            lanes.sha256(hashes.iter_mut());
            for (hash, (short, long)) in hashes.iter().zip(pieces) {
                let what = format!("seed {seed}, {len}, {other}, {short:?}, {:?}", lanes.level());
                assert!(hash.digest() == hash::sha256(&[short, long]), "{what}");
            }
        }
    }
}

/// What `open` or, of one, `open_one` leaves in the buffers, and the digests.
fn open(samples: &[Sample], prefix: &[u8; 32], lanes: Lanes) -> (Vec<Vec<u8>>, Vec<[u8; 32]>) {
    let mut buffers: Vec<_> = samples.iter().map(|sample| sample.buffer.clone()).collect();
    let mut openings: Vec<_> = samples
        .iter()
        .zip(&mut buffers)
        .map(|(sample, buffer)| {
            let end = buffer.len() - 16;
            let data = &mut buffer[sample.start..end];
            Some(Opening::new(Stream::new(&sample.key, &sample.iv, data).unwrap(), prefix))
        })
        .collect();
    let digests = match &mut openings[..] {
        [one] => vec![lanes.open_one(one.take().unwrap())],
        several => {
            lanes.open(several);
            several.iter().flatten().map(|opening| *opening.digest()).collect()
        }
    };
    drop(openings);
    (buffers, digests)
}

fn compare_openings(samples: &[Sample], what: &str) {
    let portable = Lanes::at(Level::Portable).unwrap();
    let prefix = std::array::from_fn(|i| i as u8);
    let expected = Sample::run(samples, portable, Direction::Decrypt);
    for lanes in levels() {
        let (buffers, digests) = open(samples, &prefix, lanes);
        assert!(buffers == expected, "{:?}, {what}", lanes.level());
        for ((sample, buffer), digest) in samples.iter().zip(&buffers).zip(digests) {
            let plain = &buffer[sample.start..buffer.len() - 16];
            assert!(digest == hash::sha256(&[&prefix, plain]), "{:?}, {what}", lanes.level());
        }
    }
}

#[test]
fn decrypts_and_hashes_one_to_four_messages_of_every_length_at_once() {
    let seed = 0x09e2;
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for blocks in (0..=256).step_by(STEP) {
        for messages in 1..=4 {
            let samples: Vec<_> = (0..messages).map(|_| Sample::new(&mut rng, blocks)).collect();
            compare_openings(&samples, &format!("seed {seed}, {messages} of {blocks} blocks"));
        }
    }
}

#[test]
fn decrypts_and_hashes_messages_of_mixed_lengths_at_once() {
    for seed in (0..120).step_by(STEP) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let messages = 2 + rng.next_u32() as usize % 16;
        let most = [40, 300, 1500][rng.next_u32() as usize % 3];
        let mut samples: Vec<_> = (0..messages)
            .map(|_| {
                let blocks = rng.next_u32() as usize % most;
                Sample::new(&mut rng, blocks)
            })
            .collect();
        samples.sort_by_key(|sample| std::cmp::Reverse(sample.buffer.len() - sample.start));
        compare_openings(&samples, &format!("seed {seed}, {messages} messages"));
    }
}
